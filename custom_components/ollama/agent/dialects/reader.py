"""The reader of an answer's text."""

from collections.abc import Callable
import re

from .balance import Balance
from .hold import begin
from .outcome import Mode, Outcome
from .pieces import Piece, Said, Thought, WrittenCall

_MAX_SPACE = 8
"""Characters of whitespace that are held back: what follows may be taken out, and they with it."""
_TICKS = 3
# Words and spaces that begin nothing in the middle of a line; it ends in few spaces, so that
# these can be held back.
_ORDINARY = re.compile(r"[\w .,!?:;'\"%/+\-]*[\w.,!?:;'\"%/+\-] {0,8}").fullmatch
_STRAY = frozenset("}],;")
"""What models write behind a call: one bracket too many, or the comma to the next call."""


class TextReader:
    """Takes calls, thinking and tokens out of a streamed text; the rest is said.

    What comes out doesn't depend on how the stream is cut into chunks. A text without any of
    these passes unchanged. Nothing that is fed raises, and the time is linear in its length.

    A call in a marker (a tag, a fence named for it, a token) counts whatever its tool; any
    other only if `knows_tool` knows its name, and it has the shape of a call.
    Without `calls` marked calls are dropped, and what has no marker is text.

    Calls inside of thinking aren't made. A lone `</think>` is dropped: what was said before
    it has been passed on already.
    """

    def __init__(self, knows_tool: Callable[[str], bool], *, calls: bool = True) -> None:
        """Read for tools that `knows_tool` knows, by a name as written, maybe misspelt."""
        self._knows = knows_tool if calls else _knows_nothing
        self._calls = calls
        self._mode: Mode | None = None
        self._pieces: list[Piece] = []
        self._text: list[str] = []
        """Text of the piece that is growing, spoken or thought."""
        self._thinks = False
        self._space = ""
        self._removed = False
        """Whether something was taken out since the last character that was said."""
        self._said = False
        self._line_start = True
        self._after_call = False
        self._ticks = 0
        self._in_code = False
        self._in_fence = False
        self._ticks_to_drop = 0
        self._answer: Balance | None = None
        """Brackets of an answer in JSON, in which no call is looked for."""
        self._last = ""
        self._is_calm = False
        """Whether words can follow that need no look at what came before."""
        self.unreadable = 0
        """How many calls were announced and could not be read; they aren't spoken."""

    @property
    def holding(self) -> bool:
        """Whether text is held back."""
        if self._mode is not None:
            return self._mode.holding
        return bool(self._space) and not self._removed

    def words(self, text: str) -> str | None:
        """Return at once what a chunk says that is words in the middle of a line.

        Nearly all of them are, and this is much less work than step by step. None for any
        other, which has to be fed.
        """
        if not self._is_calm or _ORDINARY(text) is None:
            return None
        said = text.rstrip(" ")
        if self._space or len(said) < len(text):
            said, self._space = self._space + said, text[len(said) :]
        return said

    def feed(self, text: str) -> list[Piece]:
        """Return what a chunk has made complete."""
        if (said := self.words(text)) is not None:
            return [Said(said)]
        self._run(text)
        pieces = self._take()
        self._is_calm = self._said and not (
            self._mode
            or self._answer
            or self._line_start
            or self._removed
            or self._after_call
            or self._ticks
            or self._ticks_to_drop
            or self._thinks
        )
        return pieces

    def close(self, *, complete: bool = True) -> list[Piece]:
        """Return what is left. With `complete` off, an unfinished call is dropped."""
        while (mode := self._mode) is not None:
            self._mode = None
            outcome = mode.finish(complete=complete)
            self._apply(outcome)
            self._run(outcome.rest, blind=outcome.blind)
        if not self._removed and self._space:
            self._write(self._space)
        self._space = ""
        return self._take()

    def _run(self, text: str, *, blind: bool = False) -> None:
        """Read a text; what is read again comes before what follows it."""
        stack = [(iter(text), blind)]
        while stack:
            chars, blind = stack[-1]
            for char in chars:
                outcome = self._step(char, blind=blind)
                if outcome is None:
                    continue
                self._apply(outcome)
                if outcome.rest:
                    stack.append((iter(outcome.rest), blind or outcome.blind))
                    break
            else:
                stack.pop()

    def _step(self, char: str, *, blind: bool) -> Outcome | None:
        if self._mode is not None:
            return self._mode.step(char)
        self._see(char)
        if char.isspace() or self._is_dropped(char):
            self._take_space(char)
            return None
        hold = begin(
            char,
            self._knows,
            line_start=self._line_start,
            fence=not (blind or self._in_fence or self._in_code or self._ticks) and self._calls,
            unmarked=not (blind or self._in_fence or self._in_code or self._answer) and self._calls,
        )
        if hold is None:
            self._say(char)
            return None
        self._mode = hold
        return hold.step(char)

    def _apply(self, outcome: Outcome) -> None:
        self._mode = outcome.then
        if outcome.answer and self._answer is None:
            self._answer = Balance()
            self._last = ""
        for char in outcome.plain:
            self._say(char)
        for piece in outcome.pieces:
            self._add(piece)
        if outcome.removed:
            self._removed = True
            self._line_start = True
            self._squeeze_space()
        if outcome.in_fence:
            self._ticks_to_drop = _TICKS
        self.unreadable += outcome.unreadable

    def _add(self, piece: Piece) -> None:
        if isinstance(piece, WrittenCall):
            self._after_call = True
            if not self._calls:
                return
        if isinstance(piece, WrittenCall):
            self._flush()
            self._pieces.append(piece)
        else:
            self._write(piece.text, thinks=isinstance(piece, Thought))

    def _see(self, char: str) -> None:
        """Note what a character of the text says about those after it."""
        if char != "`" and self._ticks:
            if self._ticks >= _TICKS:
                self._in_fence = not self._in_fence
                self._in_code = False
            elif not self._in_fence:
                self._in_code = not self._in_code
            self._ticks = 0
        if char == "\n":
            self._in_code = False
            self._line_start = True

    def _is_dropped(self, char: str) -> bool:
        if self._after_call and char in _STRAY:
            return True
        if char == "`" and self._ticks_to_drop:
            self._ticks_to_drop -= 1
            return True
        return False

    def _take_space(self, char: str) -> None:
        self._watch_answer(char)
        if not char.isspace():
            return
        self._space += char
        if self._removed:
            self._squeeze_space()
        elif len(self._space) > _MAX_SPACE:
            self._write(self._space)
            self._said = True
            self._space = ""

    def _squeeze_space(self) -> None:
        """Where something was taken out, one character is left of the whitespace around it."""
        if self._space:
            self._space = "\n" if "\n" in self._space else " "

    def _say(self, char: str) -> None:
        """Pass on a character that isn't whitespace."""
        self._watch_answer(char)
        if self._space and (self._said or not self._removed):
            self._write(self._space)
        self._write(char)
        self._space = ""
        self._removed = False
        self._said = True
        self._line_start = False
        self._after_call = False
        self._ticks_to_drop = 0
        if char == "`":
            self._ticks += 1

    def _watch_answer(self, char: str) -> None:
        if self._answer is None:
            return
        self._answer.step(char)
        blank_line = char == "\n" and self._last == "\n" and not self._answer.in_string
        if not self._answer.stack or blank_line:
            self._answer = None
        self._last = char

    def _write(self, text: str, *, thinks: bool = False) -> None:
        if thinks is not self._thinks:
            self._flush()
            self._thinks = thinks
        self._text.append(text)

    def _flush(self) -> None:
        if self._text:
            text = "".join(self._text)
            self._pieces.append(Thought(text) if self._thinks else Said(text))
            self._text = []

    def _take(self) -> list[Piece]:
        self._flush()
        pieces, self._pieces = self._pieces, []
        return pieces


def _knows_nothing(_name: str) -> bool:
    return False
