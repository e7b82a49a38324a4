"""Parts of a stream that aren't spoken: thinking, other people's turns, headers."""

import re

from .marker_tree import IN_CALL, IN_TEXT, Node
from .markers import OTHER_ROLES, OWN_ROLES, Kind
from .outcome import Mode, Outcome
from .pieces import Thought
from .region import Region
from .shapes import KnowsTool

_LONGEST_HEADER = 120
_LONGEST_ROLE = 12
_RECIPIENT = re.compile(r"\bto=\s*([\w.:/\-]{1,100})")
_TICKS = 3

TAG_ENDS = frozenset({Kind.THINK_END})
CHANNEL_ENDS = frozenset({Kind.TOKEN, Kind.CHANNEL, Kind.ROLE, Kind.CALL_END})
RESULT_ENDS = frozenset({Kind.RESULT_END, Kind.ROLE, Kind.OWN})
FOREIGN_ENDS = frozenset({Kind.ROLE, Kind.OWN})


class Thinking:
    """Passes thinking on, up to one of the markers that end it. Calls in it aren't made."""

    holding = False

    def __init__(self, ends: frozenset[Kind]) -> None:
        """Start behind the marker."""
        self._ends = ends
        self._node: Node | None = None
        self._space: list[str] = []
        self._started = False

    def step(self, char: str) -> Outcome | None:
        """Take the next character."""
        node = self._node
        following = node.next.get(char) if node else IN_TEXT.next.get(char)
        if following is None:
            self._node = None
            if node is None:
                return self._think(char)
            outcome = self._think(node.literal[0])
            outcome.rest = node.literal[1:] + char
            return outcome
        self._node = None if following.kind else following
        if following.kind is None:
            return None
        if following.kind in self._ends:
            own = following.kind in (Kind.THINK_END, Kind.TOKEN, Kind.CALL_END)
            return Outcome(removed=True, rest="" if own else following.literal)
        if following.kind is Kind.TOKEN:
            return None
        outcome = self._think(following.literal[0])
        outcome.pieces.append(Thought(following.literal[1:]))
        return outcome

    def _think(self, char: str) -> Outcome:
        if char.isspace():
            if self._started:
                self._space.append(char)
            return Outcome(then=self)
        self._started = True
        space, self._space = "".join(self._space), []
        return Outcome([Thought(space + char)], then=self)

    def finish(self, *, complete: bool) -> Outcome:
        """The thinking was never closed."""
        return Outcome(removed=True)


class Dropped:
    """Takes what is nobody's answer: made-up results and the user's next turn."""

    holding = False

    def __init__(self, ends: frozenset[Kind], *, fence: bool = False) -> None:
        """Start behind the marker."""
        self._ends = ends
        self._node: Node | None = None
        self._fence = fence
        self._ticks = 0

    def step(self, char: str) -> Outcome | None:
        """Take the next character."""
        self._ticks = self._ticks + 1 if char == "`" else 0
        if self._fence and self._ticks == _TICKS:
            return Outcome(removed=True)
        node = self._node or IN_TEXT
        following = node.next.get(char) or IN_TEXT.next.get(char)
        if following is None or following.kind is None:
            self._node = following
            return None
        self._node = None
        if following.kind not in self._ends:
            return None
        rest = "" if following.kind is Kind.RESULT_END else following.literal
        return Outcome(removed=True, rest=rest)

    def finish(self, *, complete: bool) -> Outcome:
        """It was never closed."""
        return Outcome(removed=True)


class Role:
    """Reads who speaks after a marker such as `<|im_start|>`."""

    holding = True

    def __init__(self) -> None:
        """Start behind the marker."""
        self._name = ""

    def step(self, char: str) -> Outcome | None:
        """Take the next character."""
        if char.isascii() and char.isalpha() and len(self._name) < _LONGEST_ROLE:
            self._name += char
            return None
        return self._known(char)

    def _known(self, char: str) -> Outcome:
        name = self._name.lower()
        if name in OTHER_ROLES:
            return Outcome(removed=True, rest=char, then=Dropped(FOREIGN_ENDS))
        return Outcome(removed=True, rest=char if name in OWN_ROLES else self._name + char)

    def finish(self, *, complete: bool) -> Outcome:
        """Nothing follows."""
        return self._known("")


class Header:
    """Reads a header of gpt-oss: who speaks to whom, in which channel.

    `<|start|>assistant<|channel|>commentary to=functions.turn_on <|constrain|>json<|message|>`
    """

    holding = True

    def __init__(self, knows: KnowsTool) -> None:
        """Start behind the first marker."""
        self._knows = knows
        self._text = ""
        self._node: Node | None = None

    def step(self, char: str) -> Outcome | None:
        """Take the next character."""
        node = self._node or IN_CALL
        following = node.next.get(char)
        if following is None:
            self._text += (self._node.literal if self._node else "") + char
            self._node = None
            if char == "\n" or len(self._text) > _LONGEST_HEADER:
                return Outcome(removed=True, rest=self._text)
            return None
        if following.kind is None:
            self._node = following
            return None
        self._node = None
        match following.kind:
            case Kind.MESSAGE:
                return self._ended()
            case Kind.CHANNEL | Kind.SEPARATOR:
                self._text += " "
                return None
        return Outcome(removed=True, rest=following.literal)

    def _ended(self) -> Outcome:
        words = self._text.lower().split()
        if match := _RECIPIENT.search(self._text):
            return Outcome(removed=True, then=Region(self._knows, f"to={match[1]} "))
        if "analysis" in words:
            return Outcome(removed=True, then=Thinking(CHANNEL_ENDS))
        if "commentary" in words:
            return Outcome(removed=True, then=Region(self._knows))
        if words and words[0] in OTHER_ROLES:
            return Outcome(removed=True, then=Dropped(FOREIGN_ENDS))
        return Outcome(removed=True)

    def finish(self, *, complete: bool) -> Outcome:
        """Nothing follows: a header alone says nothing."""
        return Outcome(removed=True)


def open_marker(kind: Kind, literal: str, knows: KnowsTool) -> Mode | None:
    """Return who reads behind a marker; None where text goes on."""
    match kind:
        case Kind.CALL:
            return Region(knows)
        case Kind.XML_CALL:
            return Region(knows, literal, xml=True)
        case Kind.THINK:
            return Thinking(TAG_ENDS)
        case Kind.CHANNEL:
            return Header(knows)
        case Kind.ROLE:
            return Header(knows) if literal == "<|start|>" else Role()
        case Kind.RESULT:
            return Dropped(RESULT_ENDS)
        case Kind.FOREIGN:
            return Dropped(FOREIGN_ENDS)
    return None
