"""Text as it is heard: no marks, no code, no pictures, and a pause where the eye sees one."""

# ruff: noqa: RUF001 - punctuation of other scripts, and quotes that look alike

import re
from typing import Final

from .dialects import MarkdownStripper

_SPOKEN_AS: Final = str.maketrans({"‼": "!!", "⁉": "!?", "\r": " "})
_PAUSES: Final = frozenset(".,;:!?…–—-。、，；：！？،؛؟۔।॥")
"""Marks at which a voice pauses."""
_BRACKETS: Final = frozenset("()[]{}\"'“”‘’„«»‹›「」『』（）【】")
"""Marks that may stand between the end of a sentence and its full stop."""
_CLOSES_UP: Final = frozenset(".,;:!?")
_SEPARATES: Final = frozenset("|•")
_NUMBERED: Final = re.compile(r"\d{1,3}[.)]")
_LONGEST_NUMBER: Final = len("100.")
_STOPS: Final = frozenset(".!?…。！？؟۔।॥")
_CLAUSES: Final = frozenset(",;:")
_LONG_BEGIN: Final = 100
"""Characters after which the first sentence is ended at the next mark between its clauses."""


class SpokenText:
    """Makes a streamed text fit for a loudspeaker.

    Beyond what `MarkdownStripper` takes out, blanks and empty lines are put together, and
    headings, items and paragraphs end in a full stop: a speech server that streams begins
    to speak at the end of a sentence, and would else read a list in one breath.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._stripper = MarkdownStripper(_SpokenWriter(), for_ears=True)

    def feed(self, text: str) -> str:
        """Return what of a chunk can be said."""
        return self._stripper.feed(text.translate(_SPOKEN_AS))

    def close(self) -> str:
        """Return what was held back."""
        return self._stripper.close()


def as_spoken(text: str) -> str:
    """Return a whole text as it is heard."""
    spoken = SpokenText()
    return (spoken.feed(text) + spoken.close()).strip()


class _SpokenWriter:
    """Puts together what is heard."""

    def __init__(self) -> None:
        self.removed = False
        self._out: list[str] = []
        self._open = ""
        """A parenthesis that may turn out to be empty, with the blank before it."""
        self._last = ""
        """The last character that was said."""
        self._end = ""
        """The same, quotes and brackets left out."""
        self._blank = self._newline = self._pause = False
        """What the next character is parted by."""
        self._cell = self._emoji = False
        self._line = ""
        """How the line begins."""
        self._is_block = False
        self._begins_marked = False
        self._begin: int | None = 0
        """How long the first sentence is so far; None when it is over."""
        self._clause = ""
        """A mark at which that may end early."""

    def say(self, char: str) -> None:
        """Pass on a character that isn't whitespace."""
        if char in _SEPARATES and (self._blank or not self._line):
            self.begin_cell()
            return
        if self._open and char == ")" and self.removed:
            self._open = ""
            return
        gap = self._gap(char)
        if self._begin is not None:
            gap, char = self._end_begin(gap, char)
        if not self._line:
            self._begins_marked = self.removed
        self._blank = self._newline = self._pause = self._cell = self._emoji = self.removed = False
        if len(self._line) < _LONGEST_NUMBER:
            self._line += char
        text = self._open + gap + char
        if char == "(":
            self._open = text
            return
        if self._begin is not None:
            self._begin += len(text)
            if self._begin > _LONG_BEGIN and char in _CLAUSES:
                self._clause, text = text, ""
        self._out.append(text)
        self._open = ""
        self._last = char
        if char not in _BRACKETS:
            self._end = char

    def _end_begin(self, gap: str, char: str) -> tuple[str, str]:
        """Return what parts a character from the first sentence, and it as it begins the next."""
        clause, self._clause = self._clause, ""
        if clause and gap:
            # A speech server takes only a capital for the begin of a sentence.
            self._begin = None
            return f"{clause[:-1]}.{gap}", char.upper() if len(char.upper()) == 1 else char
        if gap and (gap[0] == "." or self._end in _STOPS):
            self._begin = None
        return clause + gap, char

    def _gap(self, char: str) -> str:
        if not self._last:
            return ""
        if self._newline:
            stops = self._pause and self._end not in _PAUSES
            return ".\n" if stops else "\n"
        if self._cell:
            return " " if self._end in _PAUSES else ", "
        if self._blank:
            return "" if self.removed and char in _CLOSES_UP else " "
        parts = self._emoji and self._last.isalnum() and char.isalnum()
        return " " if parts else ""

    def space(self, char: str) -> None:
        """Pass on whitespace."""
        self._blank = True
        if char != "\n":
            return
        if self._newline:
            self._pause = True
        elif self._last:
            self._newline = True
            self._pause = self._ends_block()
        self._line = ""
        self._is_block = self._cell = False

    def _ends_block(self) -> bool:
        is_marked = self._begins_marked and self.removed
        return self._is_block or is_marked or _NUMBERED.match(self._line) is not None

    def begin_block(self) -> None:
        """Note that the line is a heading, an item of a list, or a row of a table."""
        self._is_block = True
        self._pause = self._newline

    def begin_cell(self) -> None:
        """Note that another cell of a row begins."""
        self._cell = self._is_block = self.removed = True

    def skip_emoji(self) -> None:
        """Note that an emoji was taken out."""
        self._emoji = self.removed = True

    def close(self) -> None:
        """Pass on what was held back."""
        self._out.append(self._clause + self._open)

    def take(self) -> str:
        """Return what can be said so far, and forget it."""
        out, self._out = self._out, []
        return "".join(out)
