"""Text without Markdown."""

from collections.abc import Iterator
from enum import Enum, auto
import re

from .emphasis import Emphasis
from .spans import (
    ADDRESS_LETTERS,
    JOINER,
    MAX_HELD,
    SPOKEN_ADDRESS_LETTERS,
    After,
    Open,
    Span,
    end_address,
    is_emoji,
    is_footnote,
    read_address,
    read_entity,
    read_link,
    read_tag,
    read_target,
)
from .writing import PlainWriter, Writer

_MAX_PUNCTUATION = 8
_FENCE = 3
_RULE = 3
_HEADING = 6
_BULLETS = frozenset({"-", "*", "+", "•", "●", "◦", "‣", ">", ">>"})
_BLOCK_MARKS = frozenset("#-+>•●◦‣=|")
_MARKS = frozenset("*_`~\\[]!<")
_SPANS = frozenset("[]!<&\\") | SPOKEN_ADDRESS_LETTERS
_DOMAIN = re.compile(r"[^\W_][\w-]*\.[a-z]{2,10}(:\d+)?$", re.IGNORECASE)
_LONGEST_DOMAIN = 60
_KEYCAP_MARKS = frozenset({"\ufe0f", "\u20e3"})

_BADGE = "[!["
"""An image that is a link."""
_ESCAPED = frozenset("\\`*_{}[]()#+-.!|~>")
_AFTER_ADDRESS = frozenset(".,;:!?)]}>\"'*_")
_ENDS_ADDRESS = frozenset("`[<，。；：！？、）」』》】")  # noqa: RUF001 - of Chinese and Japanese


class _State(Enum):
    TEXT = auto()
    HELD = auto()
    CODE = auto()
    """In a fence: nothing of it is said."""
    DROP = auto()
    """In a link's target, a tag or a comment."""
    PATH = auto()


class MarkdownStripper:
    """Takes Markdown, links and emoji out of a streamed text.

    What comes out doesn't depend on how the stream is cut into chunks; at most 60 characters
    are held back. Fenced code isn't said; of a link its text is, of an address its host; the
    cells of a table are read one after the other. What only looks like Markdown stays:
    `2 * 3 * 4`, `snake_case_name`, `5*`.
    """

    def __init__(self, writer: Writer | None = None, *, for_ears: bool = False) -> None:
        """Begin at the start of a line.

        `for_ears` takes out what is plain text to the eye, but is no word: `[1]` after a
        sentence, `&nbsp;`, asterisks without a counterpart.
        """
        self._writer = writer or PlainWriter()
        self._for_ears = for_ears
        self._address_letters = SPOKEN_ADDRESS_LETTERS if for_ears else ADDRESS_LETTERS
        self._word = ""
        """What was said since the last blank, for ears: it may be a domain."""
        self._state = _State.TEXT
        self._held = ""
        self._last = "\n"
        """The character before the next one, marks left out."""
        self._line_start = True
        self._in_table = False
        self._in_code = False
        self._in_long_bracket = False
        self._in_angles = False
        self._emphasis = Emphasis()
        self._fence = ""
        self._ticks = 0
        self._until = ""
        self._dropped = ""
        self._depth = 0

    def feed(self, text: str) -> str:
        """Return what of a chunk can be said."""
        self._run(text)
        return self._writer.take()

    def close(self) -> str:
        """Return what was held back."""
        while self._held:
            held, self._held = self._held, ""
            state, self._state = self._state, _State.TEXT
            self._finish(held, state)
        self._writer.close()
        return self._writer.take()

    def _finish(self, held: str, state: _State) -> None:
        if state is _State.PATH:
            self._say_all(held)
            return
        if held[0] not in _SPANS:
            self._mark(held, "")
            return
        if is_footnote(held, numbers=self._for_ears):
            self._writer.removed = True
            return
        span = end_address(held, "")
        if isinstance(span, Span):
            self._say_all(span.said + span.rest)
            return
        self._say(held[0])
        self._run(held[1:])

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
                return self._code(char)
            case _State.DROP:
                return self._drop(char)
            case _State.PATH:
                return self._path(char)

    def _text(self, char: str) -> str:
        if char == "\n":
            self._line_start = True
            self._in_table = self._in_code = self._in_long_bracket = False
            self._emphasis = Emphasis()
        if char.isspace():
            self._take_space(char)
        elif is_emoji(char) or (char == JOINER and self._writer.removed):
            self._last = char
            self._writer.skip_emoji()
        elif self._in_table and char == "|":
            self._last = char
            self._writer.begin_cell()
        elif char == "/" and _DOMAIN.search(self._word):
            self._writer.removed = True
            self._state = _State.PATH
        elif self._may_be_more(char):
            self._held = char
            self._state = _State.HELD
        else:
            self._say(char)
        return ""

    def _may_be_more(self, char: str) -> bool:
        if char in self._address_letters:
            return not (self._last.isascii() and self._last.isalnum())
        if self._in_code:
            return char == "`"
        if char in _MARKS or (char in "#&" and self._for_ears):
            return True
        if self._line_start and char in _BLOCK_MARKS:
            return True
        return self._in_table and char in "-:" and self._last in "|\n "

    def _hold(self, char: str) -> str:
        held = self._held
        first = held[0]
        if first == "\\":
            self._end_hold()
            self._say(char if char in _ESCAPED else first)
            return "" if char in _ESCAPED else char
        if first in _SPANS:
            return self._hold_span(held + char)
        same = char == first or (self._in_table and first in "-:" and char in "-:")
        if same and len(held) < MAX_HELD:
            self._held += char
            return ""
        self._end_hold()
        self._mark(held, char)
        return char

    def _hold_span(self, held: str) -> str:
        span = self._read_span(held)
        if span is Open.WAIT:
            self._held = held
            return ""
        self._end_hold()
        if isinstance(span, Span):
            return self._take_span(span)
        is_long = held == _BADGE or len(held) >= MAX_HELD
        if self._for_ears and held[0] == "[" and is_long:
            self._in_long_bracket = self._writer.removed = True
        elif held[0] == "]" and self._in_long_bracket:
            self._in_long_bracket = False
            self._writer.removed = True
        else:
            self._say(held[0])
        return held[1:]

    def _read_span(self, held: str) -> Span | Open:
        match held[0]:
            case "[" | "!":
                return read_link(
                    held,
                    line_start=self._line_start,
                    in_word=self._last.isalnum(),
                    numbers=self._for_ears,
                )
            case "]":
                return read_target(held)
            case "<":
                return read_tag(held)
            case "&":
                return read_entity(held)
        return read_address(held, for_ears=self._for_ears)

    def _take_span(self, span: Span) -> str:
        if span.after is After.PATH:
            self._say_all(span.said)
            self._state = _State.PATH
            return span.rest
        self._writer.removed = True
        self._in_angles = span.after is After.ANGLES
        if span.said.strip():
            self._say_all(strip_markdown(span.said))
        if end := span.after.end:
            self._state = _State.DROP
            self._until, self._dropped, self._depth = end, "", 1
        return span.rest

    def _end_hold(self) -> None:
        self._held = ""
        self._state = _State.TEXT

    def _code(self, char: str) -> str:
        """Drop a fence, up to one that is at least as long as the first."""
        if char == self._fence[0]:
            self._ticks += 1
        elif self._ticks >= len(self._fence):
            self._state = _State.TEXT
            return char
        else:
            self._ticks = 0
        return ""

    def _drop(self, char: str) -> str:
        """Drop what ends with `_until`; but for comments, all of it stands in one line."""
        if char == "\n" and self._until != After.COMMENT.end:
            self._state = _State.TEXT
            return char
        self._depth += (char == "(") - (char == ")")
        self._dropped = (self._dropped + char)[-len(self._until) :]
        if self._dropped == self._until and (char != ")" or not self._depth):
            self._state = _State.TEXT
        return ""

    def _path(self, char: str) -> str:
        """Drop the path of an address, and keep the full stop behind it."""
        held = self._held
        ends = char.isspace() or char in _ENDS_ADDRESS or (self._in_table and char == "|")
        if ends or (self._in_angles and char == ">"):
            self._end_hold()
            self._say_all(held)
            return "" if char == ">" else char
        fits = char in _AFTER_ADDRESS and len(held) < _MAX_PUNCTUATION
        self._held = held + char if fits else ""
        return ""

    def _mark(self, run: str, following: str) -> None:
        """Take a run of one character, which may be a mark; `following` comes after it."""
        if run[0] == "`" or (run[0] == "~" and len(run) >= _FENCE and self._line_start):
            self._backticks(run)
        elif self._is_mark(run, following):
            self._writer.removed = True
        else:
            self._say_all(run)

    def _is_mark(self, run: str, following: str) -> bool:
        first = run[0]
        ends_line = following in ("", "\n", "\r")
        if self._in_table and first in "-:":
            return ends_line or following in "| "  # the line below a table's head
        if self._line_start and self._begins_line(run, following, ends_line=ends_line):
            return True
        if first in "#*" and following in _KEYCAP_MARKS:
            return True
        if first not in "*_~":
            return False
        if self._emphasis.takes(run, self._last, following):
            return True
        is_operator = self._last.isalnum() and following.isalnum()
        return self._for_ears and len(run) > 1 and not is_operator

    def _begins_line(self, run: str, following: str, *, ends_line: bool) -> bool:
        first = run[0]
        if first == "|":
            self._in_table = True
            self._last = first
            self._writer.begin_block()
            return True
        if following in (" ", "\t") and self._begins_block(run):
            if first != ">":  # a sentence that is quoted may go on in the next line
                self._writer.begin_block()
            return True
        if first not in "-*_=" or len(run) < _RULE:
            return False
        if first == "-" and following in ("|", " "):
            self._in_table = True  # the line below the head of a table without outer bars
            return True
        return ends_line

    def _begins_block(self, run: str) -> bool:
        return run in _BULLETS or (run[0] == "#" and len(run) <= _HEADING)

    def _backticks(self, run: str) -> None:
        self._writer.removed = True
        if len(run) >= _FENCE:
            self._state = _State.CODE
            self._fence = run
            self._ticks = 0
        else:
            self._in_code = not self._in_code

    def _take_space(self, char: str) -> None:
        self._last = char
        self._word = ""
        self._writer.space(char)

    def _say_all(self, text: str) -> None:
        for char in text:
            if char.isspace():
                self._take_space(char)
            else:
                self._say(char)

    def _say(self, char: str) -> None:
        """Pass on a character that isn't whitespace."""
        self._writer.say(char)
        self._last = char
        self._line_start = False
        if self._for_ears:
            self._word = (self._word + char)[-_LONGEST_DOMAIN:]


def strip_markdown(text: str) -> str:
    """Return a text without Markdown."""
    stripper = MarkdownStripper()
    return stripper.feed(text) + stripper.close()
