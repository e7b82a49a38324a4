"""The stream behind the marker of a call, up to where the call ends."""

from enum import Enum, auto

from .balance import Balance
from .block import CALL_ID, SEPARATOR, read_block
from .marker_tree import IN_CALL, Node
from .markers import Kind
from .outcome import Outcome
from .shapes import KnowsTool, is_name

MAX_BODY = 20_000
"""Characters of a call. What is longer is no call, and still isn't spoken."""
_LONGEST_WORD = 100
_HARMLESS = frozenset({"<s>", "<bos>", "<pad>"})
"""Tokens that end nothing."""
_TICKS = 3


class _State(Enum):
    START = auto()
    """Nothing of the call has been seen yet."""
    WORD = auto()
    """A name, or prose that only mentions the marker."""
    AFTER_WORD = auto()
    VALUE = auto()
    BETWEEN = auto()
    """A call is complete; another one or the end follows."""
    TAG = auto()
    """Inside of a tag that names the tool."""
    AFTER_TAG = auto()
    RAW = auto()
    """Between tags: brackets and quotes mean nothing."""
    AFTER_ARGUMENT = auto()
    """An argument's tag was closed: another tag follows, or the call has ended."""


_UNCLEAR = frozenset({_State.START, _State.WORD, _State.AFTER_WORD})
_PAST = frozenset({_State.WORD, _State.AFTER_WORD, _State.BETWEEN, _State.AFTER_ARGUMENT})
"""States in which what follows the last call may be prose."""


class Region:
    """Collects the body of a marked call.

    It ends with a closing marker, wherever it stands, with a token that ends the turn, and,
    where that is missing, before what can't belong to a call.
    """

    def __init__(
        self,
        knows: KnowsTool,
        opening: str = "",
        *,
        mention: str = "",
        xml: bool = False,
        fence: bool = False,
    ) -> None:
        """Start behind a marker; `opening` is what of it belongs to the body.

        `mention` is what of it is said where no call follows.
        """
        self._knows = knows
        self._body: list[str] = [opening]
        self._length = len(opening)
        self._end = 0
        """How much of the body what looks like calls takes."""
        self._whole = 0
        """How much of the body is complete, whatever follows."""
        self._state = _State.TAG if xml else _State.START
        self._balance = Balance()
        self._node: Node | None = None
        self._mention = mention
        self._fence = fence
        self._ticks = 0
        self._word = 0
        self._separated = bool(opening)

    @property
    def holding(self) -> bool:
        """Whether it holds text that isn't a call for sure."""
        return True

    def step(self, char: str) -> Outcome | None:
        """Take the next character."""
        if self._node is not None:
            return self._step_marker(self._node, char)
        if char in IN_CALL.next:
            self._node = IN_CALL.next[char]
            return None
        return self._plain(char)

    def finish(self, *, complete: bool) -> Outcome:
        """The stream has ended: what is whole counts, and the rest if the answer is."""
        if self._length > MAX_BODY or (not complete and not self._whole):
            return Outcome(removed=True, unreadable=True)
        if not complete:
            self._end = self._whole
            outcome = self._ended("")
            outcome.rest = ""
            return outcome
        cut = self._node.literal if self._node else ""
        if self._end and self._state in _PAST:
            return self._ended(cut)
        self._keep(cut)
        body = "".join(self._body)
        block = read_block(body, self._knows, ended=True)
        # A word alone is a call if it's a tool's name, any other is a text.
        if self._state in _UNCLEAR and not any(
            call.arguments or self._knows(call.name) for call in block.calls
        ):
            return self._prose("")
        rest = body[block.end :] if block.calls else ""
        if not any(char.isalnum() for char in rest):
            rest = ""
        missing = not block.calls
        return Outcome([*block.calls], rest, blind=True, removed=True, unreadable=missing)

    def _step_marker(self, node: Node, char: str) -> Outcome | None:
        following = node.next.get(char)
        if following is None:
            # No marker: its first character is the call's, the others are looked at again.
            self._node = None
            outcome = self._plain(node.literal[0])
            if outcome is not None:
                outcome.rest += node.literal[1:] + char
                return outcome
            return Outcome(rest=node.literal[1:] + char, then=self)
        if following.kind is None:
            self._node = following
            return None
        self._node = None
        return self._marker(following.literal, following.kind)

    def _marker(self, literal: str, kind: Kind) -> Outcome | None:
        match kind:
            case Kind.SEPARATOR | Kind.MESSAGE:
                self._keep(SEPARATOR)
                self._separated = True
            case Kind.CALL_ID:
                self._keep(CALL_ID)
                self._separated = True
            case Kind.INNER | Kind.INNER_END:
                self._keep(literal)
                self._state = _State.RAW if kind is Kind.INNER else _State.AFTER_ARGUMENT
                self._end = len(self._body)
            case Kind.CALL | Kind.XML_CALL if self._state in _UNCLEAR:
                self._keep(literal if kind is Kind.XML_CALL else SEPARATOR)
                if kind is Kind.XML_CALL:
                    self._state = _State.TAG
            case Kind.CALL_END:
                return self._closed()
            case Kind.TOKEN:
                return self._closed() if literal not in _HARMLESS else None
            case _:
                outcome = self._closed()
                outcome.rest = literal
                return outcome
        return None

    def _keep(self, text: str) -> None:
        self._length += len(text)
        if self._length <= MAX_BODY:
            self._body.append(text)

    def _closed(self) -> Outcome:
        """The call was closed: all of the body is its own."""
        self._end = len(self._body)
        # The closing tag says that the call has ended, whatever brackets are missing.
        return self._ended("")

    def _ended(self, rest: str) -> Outcome:
        if self._length > MAX_BODY:
            return Outcome(rest=rest, removed=True, unreadable=True)
        body = "".join(self._body[: self._end])
        # A fence around the call has no other end to look for any more.
        rest = "".join(self._body[self._end :]).replace("```", "") + rest
        block = read_block(body, self._knows, ended=True)
        unreadable = any(char.isalnum() for char in (body[block.end :] if block.calls else body))
        return Outcome([*block.calls], rest=rest, removed=True, unreadable=unreadable)

    def _plain(self, char: str) -> Outcome | None:
        """Take a character that is part of no marker."""
        if self._length > MAX_BODY:
            return None
        if char == "`":
            return self._tick()
        self._ticks = 0
        return self._in_state(char)

    def _tick(self) -> Outcome | None:
        self._ticks += 1
        if self._ticks < _TICKS:
            self._keep("`")
            return None
        self._ticks = 0
        if self._fence:
            return self._closed()
        self._keep("`")
        return None

    def _in_state(self, char: str) -> Outcome | None:
        match self._state:
            case _State.START:
                return self._start(char)
            case _State.WORD | _State.AFTER_WORD:
                return self._in_word(char)
            case _State.BETWEEN:
                return self._between(char)
            case _State.AFTER_ARGUMENT if not char.isspace() and char != "<":
                return self._ended(char)
            case _State.AFTER_TAG if char == "{":
                self._open(char)
                return None
        self._keep(char)
        self._inside(char)
        return None

    def _inside(self, char: str) -> None:
        """Take a character that can't end anything but what it stands in."""
        match self._state:
            case _State.VALUE:
                self._balance.step(char)
                if not self._balance.stack:
                    self._end = self._whole = len(self._body)
                    self._state = _State.BETWEEN
            case _State.TAG if char == ">":
                self._state = _State.AFTER_TAG
            case _State.AFTER_TAG | _State.AFTER_ARGUMENT if not char.isspace():
                self._state = _State.RAW

    def _start(self, char: str) -> Outcome | None:
        if char.isspace() or char in ">,;":
            self._keep(char)
        elif char in "{[(":
            self._open(char)
        elif char == "<":
            self._keep(char)
            self._state = _State.RAW
        elif char in "\"'“":
            self._keep(char)
            self._state = _State.RAW  # JSON in a string
        elif is_name(char) or self._fence:
            self._keep(char)
            self._word = 1
            self._state = _State.WORD
        else:
            return self._prose(char)
        return None

    def _open(self, char: str) -> None:
        self._keep(char)
        self._balance = Balance()
        self._balance.step(char)
        self._state = _State.VALUE

    def _in_word(self, char: str) -> Outcome | None:
        if char in "{[(":
            self._open(char)
            return None
        self._word += 1
        prose = self._word > _LONGEST_WORD
        if self._state is _State.AFTER_WORD:
            prose |= is_name(char)
            self._separated |= char == "="  # a variable takes the result
        elif not is_name(char):
            self._state = _State.AFTER_WORD
            prose |= not (char.isspace() or char in "=<")
            self._separated |= char == "="
        if prose and not self._separated and not self._fence:
            return self._prose(char)
        self._keep(char)
        return None

    def _prose(self, char: str) -> Outcome:
        """The marker was mentioned only, or nothing came of it: what follows is text."""
        if self._end:
            return self._ended(char)
        text = "".join(self._body).replace(SEPARATOR, "").replace(CALL_ID, "")
        if self._mention:
            return Outcome(plain=self._mention, rest=text + char, blind=True)
        return Outcome(rest=text + char, removed=True)

    def _between(self, char: str) -> Outcome | None:
        if char in "{[":
            self._open(char)
            return None
        if char.isspace() or char in ",;>]})" or (self._fence and not is_name(char)):
            self._keep(char)
            if char in ",;>]})":
                self._end = len(self._body)  # belongs to the call before it
            return None
        if is_name(char):
            self._keep(char)
            self._word = 1
            self._state = _State.WORD
            self._separated = False
            return None
        return self._ended(char)
