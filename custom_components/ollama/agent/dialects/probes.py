"""What a text may become, a character at a time: a marker, or a call in JSON.

Each probe says as early as possible that it's something else, so that an answer isn't held
back.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from .balance import QUOTES, Balance, Event
from .lenient_json import UnreadableError, ValueReader
from .marker_tree import Node
from .pieces import WrittenCall
from .shapes import (
    ARGUMENT_KEYS,
    CALL_KEYS,
    NAME_KEYS,
    STRONG_KEYS,
    STRONG_VALUES,
    KnowsTool,
    clean_name,
    read_calls,
)


class Verdict(Enum):
    """What is known of a text after a character."""

    MAYBE = auto()
    NO = auto()
    YES = auto()
    """With this character it is complete."""
    BEFORE = auto()
    """It was complete before this character."""


@dataclass(frozen=True, slots=True)
class Found:
    """The calls in a text, and how much of it they take; none where it is a text."""

    calls: list[WrittenCall]
    end: int = 0
    broken: bool = False
    """It would be a call if it could be read."""


class Probe(Protocol):
    """Follows a text that may be a call."""

    @property
    def sure(self) -> bool:
        """Whether a known tool's name was seen: the text may be held longer then."""
        ...

    @property
    def is_json(self) -> bool:
        """Whether it is an answer in JSON if it isn't a call."""
        ...

    def step(self, char: str) -> Verdict:
        """Take the next character."""
        ...

    def read(self, text: str, *, ended: bool) -> Found:
        """Return the calls in the text; `ended` adds the brackets that are missing."""
        ...


class MarkerProbe:
    """A tag or token."""

    sure = False
    is_json = False

    def __init__(self, root: Node) -> None:
        """Begin at its first character."""
        self.node = root

    def step(self, char: str) -> Verdict:
        """Take the next character."""
        following = self.node.next.get(char)
        if following is None:
            return Verdict.NO
        self.node = following
        return Verdict.YES if following.kind else Verdict.MAYBE

    def read(self, text: str, *, ended: bool) -> Found:
        """Return no calls: those come after it."""
        return Found([])


class JsonProbe:
    """`{"name": "turn_on", "arguments": {...}}`, and lists of such."""

    def __init__(self, knows: KnowsTool) -> None:
        """Begin at the bracket."""
        self.sure = False
        self.is_json = False
        self._knows = knows
        self._balance = Balance()
        self._list = False
        self._named = False
        self._first = True
        self._wait_for = ""
        self._key = ""
        self._keys: list[str] = []
        self._doubled = False

    def step(self, char: str) -> Verdict:
        """Take the next character."""
        balance = self._balance
        if not balance.stack:
            self._list = char == "["
        elif char == "{" and self._first and balance.stack == ["{"] and not self._doubled:
            self._doubled = True  # as in the templates that prompts are made of
            return Verdict.MAYBE
        elif not self.sure and not self._fits(char):
            return Verdict.NO
        before = balance.quoted
        event = balance.step(char)
        if balance.too_deep:
            return Verdict.NO
        match event:
            case Event.COLON | Event.EQUALS:
                if not self._take_key(event, quoted=before):
                    return Verdict.NO
            case Event.COMMA | Event.CLOSE:
                self._take_value()
            case Event.OPEN:
                self._key = ""
        return Verdict.YES if not balance.stack else Verdict.MAYBE

    def _fits(self, char: str) -> bool:
        """Whether the text may still be a call, before its key is seen."""
        if char.isspace() or self._balance.in_string:
            return True
        if self._wait_for:
            expected, self._wait_for = self._wait_for, ""
            self.sure = char == expected
            self.is_json = not self.sure
            return self.sure
        depth = len(self._balance.stack)
        if self._list and depth == 1 and self._first:
            return char == "{"
        if not self._first or self._balance.token:
            return True
        return char in QUOTES or char in "}_" or char.isalpha()

    def _take_key(self, event: Event, *, quoted: bool) -> bool:
        balance = self._balance
        if not balance.stack or balance.stack[-1] != "{":
            return True
        if not quoted and event is Event.EQUALS:
            return self.sure
        key = self._key = balance.take_token()
        outer = len(balance.stack) == (2 if self._list else 1)
        if self.sure or not outer:
            return True
        self._first = False
        self.is_json = True
        self._keys.append(key)
        if key in ARGUMENT_KEYS and self._named:
            return False  # the call of a tool that wasn't offered
        if key in STRONG_KEYS:
            self.sure = True
            return True
        if key in CALL_KEYS:
            return True
        if len(self._keys) == 1 and self._knows(clean_name(key)):
            self._wait_for = "{"
            return True
        return False

    def _take_value(self) -> None:
        value = self._balance.take_token()
        key, self._key = self._key, ""
        if value in STRONG_VALUES.get(key, ()):
            self.sure = True
        if not value or key not in NAME_KEYS or self.sure:
            return
        self.sure = self._knows(clean_name(value))
        self._named = True

    def read(self, text: str, *, ended: bool) -> Found:
        """Return the calls in the text."""
        whole = text
        if self._doubled:
            text = text.replace("{{", "{").replace("}}", "}")
        reader = ValueReader(text, ended=ended or self._doubled)
        try:
            value = reader.read()
        except UnreadableError:
            return Found([], broken=True)
        if not ended and text[reader.position :].strip("}] \n"):
            return Found([], broken=True)
        calls = read_calls(value, self._knows, marked=False)
        return Found(calls or [], len(whole) if self._doubled else reader.position)
