"""Asterisks, underscores and tildes: emphasis, arithmetic, or part of a name."""

# ruff: noqa: RUF001 - quotes and dashes that look alike

_BEFORE = frozenset("([{\"'“„‘«-–—/:,.;!?*_~")
_INSIDE = frozenset("([\"'“„‘«*_`$€£~<")


class Emphasis:
    """The marks that are open in a line."""

    def __init__(self) -> None:
        """Begin with none."""
        self._open: list[str] = []

    def takes(self, run: str, before: str, following: str) -> bool:
        """Whether a run of marks between two characters opens or closes emphasis."""
        if run == "~":
            return False
        closes = run in self._open and not before.isspace()
        if closes and not (run[0] == "_" and following.isalnum()):
            while self._open.pop() != run:
                pass
            return True
        if not before.isspace() and before not in _BEFORE:
            return False
        if not following or not (following.isalnum() or following in _INSIDE):
            return False
        self._open.append(run)
        return True
