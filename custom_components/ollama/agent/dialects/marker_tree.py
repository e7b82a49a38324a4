"""Markers as trees, walked a character at a time."""

from dataclasses import dataclass, field

from .markers import IN_CALL_ONLY, LINE_MARKERS, MARKERS, Kind


@dataclass(slots=True)
class Node:
    """A place in a tree of literals; `kind` is set where one ends."""

    literal: str = ""
    kind: Kind | None = None
    next: dict[str, Node] = field(default_factory=dict)

    def add(self, literal: str, kind: Kind) -> None:
        """Plant a literal."""
        node = self
        for index, char in enumerate(literal):
            node = node.next.setdefault(char, Node(literal[: index + 1]))
        node.kind = kind


def _plant(kinds: list[Kind]) -> Node:
    root = Node()
    for kind in kinds:
        for literal in MARKERS[kind]:
            root.add(literal, kind)
    return root


IN_TEXT = _plant([kind for kind in MARKERS if kind not in IN_CALL_ONLY])
"""The markers that mean something in a text."""

IN_CALL = _plant(list(MARKERS))
"""The markers that mean something in a call."""

AT_LINE_START = Node()
"""The markers that mean something at the beginning of a line only."""
for _literal in LINE_MARKERS:
    AT_LINE_START.add(_literal, Kind.CALL)
