"""Brackets and quotes, one character at a time."""

# ruff: noqa: RUF001 - the quotes that look alike are the point

from enum import Enum, auto

DOUBLE_QUOTES = '"“”„'
SINGLE_QUOTES = "'‘’‚"
QUOTES = frozenset(DOUBLE_QUOTES + SINGLE_QUOTES)
AFTER_STRING = frozenset(",:=}])\"'“”‘’;/#<`")
"""What may follow the end of a string. A quote before anything else belongs to the string:
models write apostrophes into single quotes, and quotes into quotes."""

_BEFORE_STRING = frozenset('{[(,:=}])"')
_DEEPEST = 60
_PAIRS = {"}": "{", "]": "[", ")": "("}


def closing_quotes(quote: str) -> str:
    """Return the quotes that may close a string which `quote` opened."""
    if quote in "\"'":
        return quote
    return DOUBLE_QUOTES if quote in DOUBLE_QUOTES else SINGLE_QUOTES


class Event(Enum):
    """What a character means to the structure around it."""

    NOTHING = auto()
    OPEN = auto()
    CLOSE = auto()
    COLON = auto()
    COMMA = auto()
    EQUALS = auto()


class Balance:
    """Tells where a value in brackets ends, without reading it.

    A closing bracket closes also what was left open inside of it.
    """

    __slots__ = (
        "_closers",
        "_escaped",
        "_gap",
        "_previous",
        "_quote",
        "quoted",
        "stack",
        "token",
        "too_deep",
    )

    def __init__(self) -> None:
        """Begin before the first bracket."""
        self.stack: list[str] = []
        self.token: list[str] = []
        """The characters of the word or string since the last structural character."""
        self.quoted = False
        """Whether the token is a string."""
        self.too_deep = False
        """Whether there are more brackets than any call has: they are not counted then."""
        self._quote = ""
        self._closers = ""
        self._escaped = False
        self._gap: list[str] | None = None
        """The quote that may have ended the string, and the whitespace after it."""
        self._previous = ""

    @property
    def in_string(self) -> bool:
        """Whether a string is open."""
        return bool(self._quote) and self._gap is None

    def step(self, char: str) -> Event:
        """Take the next character."""
        if self._quote and not self._leaves_string(char):
            return Event.NOTHING
        if char.isspace():
            if self.token and not self.quoted:
                self.token.append(char)
            return Event.NOTHING
        return self._outside(char)

    def _leaves_string(self, char: str) -> bool:
        if self._gap is not None:
            if char.isspace():
                self._gap.append(char)
                return False
            if char in AFTER_STRING:
                self._quote = ""
                self._gap = None
                self._previous = '"'
                return True
            self.token += self._gap
            self._gap = None
        if self._escaped:
            self._escaped = False
        elif char == "\\":
            self._escaped = True
        elif char in self._closers:
            self._gap = [char]
            return False
        self.token.append(char)
        return False

    def _outside(self, char: str) -> Event:
        previous, self._previous = self._previous, char
        if char in QUOTES and (not previous or previous in _BEFORE_STRING):
            self._quote = char
            self._closers = closing_quotes(char)
            self._restart(quoted=True)
            return Event.NOTHING
        if char in "{[(":
            if len(self.stack) >= _DEEPEST:
                self.too_deep = True
                return Event.NOTHING
            self.stack.append(char)
            self._restart()
            return Event.OPEN
        if char in _PAIRS:
            self._close(_PAIRS[char])
            return Event.CLOSE
        if char == ":":
            return Event.COLON
        if char == "=":
            return Event.EQUALS
        if char == ",":
            return Event.COMMA
        if self.quoted:
            self._restart()
        self.token.append(char)
        return Event.NOTHING

    def _restart(self, *, quoted: bool = False) -> None:
        self.token = []
        self.quoted = quoted

    def take_token(self) -> str:
        """Return the word or string that has just ended, and forget it."""
        token = "".join(self.token).strip()
        self._restart()
        return token

    def _close(self, bracket: str) -> None:
        if bracket not in self.stack:
            return
        while self.stack.pop() != bracket:
            pass
