"""Text without Markdown, for a loudspeaker."""

from collections.abc import Iterator
from enum import Enum, auto

from .emphasis import Emphasis
from .spans import (
    JOINER,
    MAX_HELD,
    After,
    Open,
    Span,
    end_address,
    is_emoji,
    read_address,
    read_link,
    read_tag,
)

_MAX_SPACE = 8
_MAX_PUNCTUATION = 8
_TICKS = 3
_RULE = 3
_HEADING = 6
_BULLETS = frozenset({"-", "*", "+", "•", ">", ">>"})
_CHARACTERS_WITH_SPANS = "[!<\\hHwW"

_ESCAPED = frozenset("\\`*_{}[]()#+-.!|~>")
_AFTER_ADDRESS = frozenset(".,;:!?)]}>\"'*_")


class _State(Enum):
    TEXT = auto()
    HELD = auto()
    CODE = auto()
    """In a fence: nothing of it is said."""
    TARGET = auto()
    PATH = auto()


class MarkdownStripper:
    """Takes Markdown, links and emoji out of a streamed text.

    What comes out doesn't depend on how the stream is cut into chunks; at most 60 characters
    are held back. Fenced code isn't said; of a link its text is, of an address its host; the
    cells of a table are read one after the other. What only looks like Markdown stays:
    `2 * 3 * 4`, `snake_case_name`, `5*`.
    """

    def __init__(self) -> None:
        """Begin at the start of a line."""
        self._state = _State.TEXT
        self._out: list[str] = []
        self._held = ""
        self._space = ""
        self._removed = False
        """Whether something was taken out since the last character that was said."""
        self._said = False
        self._last = "\n"
        """The character before the next one, marks left out."""
        self._line_start = True
        self._in_table = False
        self._cell = ""
        """What is said before the next cell."""
        self._in_code = False
        self._emphasis = Emphasis()
        self._ticks = 0

    def feed(self, text: str) -> str:
        """Return what of a chunk can be said."""
        self._run(text)
        return self._take()

    def close(self) -> str:
        """Return what was held back."""
        while self._held:
            held, self._held = self._held, ""
            state, self._state = self._state, _State.TEXT
            self._finish(held, state)
        if not self._removed:
            self._out.append(self._space)
        self._space = ""
        return self._take()

    def _finish(self, held: str, state: _State) -> None:
        if state is _State.PATH:
            self._say_all(held)
            return
        if held[0] not in _CHARACTERS_WITH_SPANS:
            self._mark(held, "")
            return
        span = end_address(held, "")
        if isinstance(span, Span):
            self._say_all(span.said + span.rest)
            return
        self._say(held[0])
        self._run(held[1:])

    def _take(self) -> str:
        out, self._out = self._out, []
        return "".join(out)

    def _run(self, text: str) -> None:
        """Read a text; what is read again comes before what follows it."""
        stack: list[Iterator[str]] = [iter(text)]
        while stack:
            for char in stack[-1]:
                if rest := self._step(char):
                    stack.append(iter(rest))
                    break
            else:
                stack.pop()

    def _step(self, char: str) -> str:
        """Take a character; returned is what is to be read again."""
        match self._state:
            case _State.TEXT:
                return self._text(char)
            case _State.HELD:
                return self._hold(char)
            case _State.CODE:
                self._ticks = self._ticks + 1 if char == "`" else 0
                if self._ticks == _TICKS:
                    self._state = _State.TEXT
            case _State.TARGET:
                if char in ")\n":
                    self._state = _State.TEXT
                return char if char == "\n" else ""
            case _State.PATH:
                return self._path(char)
        return ""

    def _text(self, char: str) -> str:
        if char == "\n":
            self._line_start = True
            self._in_table = self._in_code = False
            self._cell = ""
            self._emphasis = Emphasis()
        if char.isspace():
            self._take_space(char)
        elif self._in_code and char != "`":
            self._say(char)
        elif is_emoji(char) or (char == JOINER and self._removed):
            self._removed = True
        elif self._in_table and char == "|":
            self._cell = ", "
            self._last = char
            self._removed = True
        elif self._may_be_more(char):
            self._held = char
            self._state = _State.HELD
        else:
            self._say(char)
        return ""

    def _may_be_more(self, char: str) -> bool:
        if char in "*_`[!<\\~":
            return True
        if self._line_start and char in "#-+>•=|":
            return True
        if self._in_table and char in "-:":
            return self._last in "|\n "
        return char in "hHwW" and not self._last.isalnum()

    def _hold(self, char: str) -> str:
        held = self._held
        first = held[0]
        if first == "\\":
            self._end_hold()
            self._say(char if char in _ESCAPED else first)
            return "" if char in _ESCAPED else char
        if first in _CHARACTERS_WITH_SPANS:
            return self._hold_span(held + char)
        same = char == first or (self._in_table and first in "-:" and char in "-:")
        if same and len(held) < MAX_HELD:
            self._held += char
            return ""
        self._end_hold()
        self._mark(held, char)
        return char

    def _hold_span(self, held: str) -> str:
        if held[0] in "[!":
            span = read_link(held, line_start=self._line_start)
        elif held[0] == "<":
            span = read_tag(held)
        else:
            span = read_address(held)
        if span is Open.WAIT:
            self._held = held
            return ""
        self._end_hold()
        if not isinstance(span, Span):
            self._say(held[0])
            return held[1:]
        match span.after:
            case After.TARGET:
                self._removed = True
                self._say_all(strip_markdown(span.said) if span.said.strip() else "")
                self._state = _State.TARGET
            case After.PATH:
                self._say_all(span.said)
                self._state = _State.PATH
            case After.TEXT:
                self._removed = True
        return span.rest

    def _end_hold(self) -> None:
        self._held = ""
        self._state = _State.TEXT

    def _path(self, char: str) -> str:
        """Drop the path of an address, and keep the full stop behind it."""
        held = self._held
        if char.isspace():
            self._end_hold()
            self._say_all(held)
            return char
        fits = char in _AFTER_ADDRESS and len(held) < _MAX_PUNCTUATION
        self._held = held + char if fits else ""
        return ""

    def _mark(self, run: str, following: str) -> None:
        """Take a run of one character, which may be a mark; `following` comes after it."""
        if run[0] == "`":
            self._backticks(run)
        elif self._is_mark(run, following):
            self._removed = True
        else:
            self._say_all(run)

    def _is_mark(self, run: str, following: str) -> bool:
        first = run[0]
        ends_line = following in ("", "\n")
        if self._in_table and first in "-:":
            return ends_line or following in "| "  # the line below a table's head
        if self._line_start:
            if first == "|":
                self._in_table = True
                self._last = first
                return True
            if following in (" ", "\t") and self._begins_block(run):
                return True
            if first in "-*_=" and len(run) >= _RULE and ends_line:
                return True
        return first in "*_~" and self._emphasis.takes(run, self._last, following)

    def _begins_block(self, run: str) -> bool:
        return run in _BULLETS or (run[0] == "#" and len(run) <= _HEADING)

    def _backticks(self, run: str) -> None:
        self._removed = True
        if len(run) >= _TICKS:
            self._state = _State.CODE
            self._ticks = 0
        else:
            self._in_code = not self._in_code

    def _take_space(self, char: str) -> None:
        self._last = char
        self._space += char
        if self._removed:
            self._space = "\n" if "\n" in self._space else " "
        elif len(self._space) > _MAX_SPACE:
            self._out.append(self._space)
            self._space = ""

    def _say_all(self, text: str) -> None:
        for char in text:
            if char.isspace():
                self._take_space(char)
            else:
                self._say(char)

    def _say(self, char: str) -> None:
        """Pass on a character that isn't whitespace."""
        if self._removed and self._space:
            self._space = "\n" if "\n" in self._space else " "
        if self._cell:
            self._out.append(self._cell if self._said else "")
        elif self._said or not self._removed:
            self._out.append(self._space)
        self._out.append(char)
        self._space = self._cell = ""
        self._removed = False
        self._said = True
        self._last = char
        self._line_start = False


def strip_markdown(text: str) -> str:
    """Return a text as it is spoken."""
    stripper = MarkdownStripper()
    return stripper.feed(text) + stripper.close()
