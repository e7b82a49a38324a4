"""Calls in the form of ReAct, which LangChain's prompts ask for and models remember."""

from .balance import Balance
from .block import read_block
from .fence import FenceProbe
from .lines import LONGEST_NAME
from .outcome import Mode
from .pieces import WrittenCall
from .probes import Found, JsonProbe, Verdict
from .shapes import KnowsTool, clean_name, is_name

REACT_LABEL = "Action:"
_INPUT_LABELS = ("action input:", "action_input:", "input:", "arguments:")
_LONGEST_HEAD = 120
_NOTHING = frozenset({"", "None", "none", "N/A"})


class ReActProbe:
    """Two lines, `Action: turn_on` and `Action Input: {"name": "Kitchen"}`.

    Also what Command R writes, `Action:` and a fence with a list of calls, and a call in JSON
    behind the label.
    """

    def __init__(self, knows: KnowsTool) -> None:
        """Begin at the word Action."""
        self._knows = knows
        self._head = ""
        self._inner: JsonProbe | FenceProbe | None = None
        self._in_input = False
        self._started = False
        self._balance = Balance()

    @property
    def sure(self) -> bool:
        """Whether the second line has begun, or a known tool's name was seen."""
        return self._in_input or (self._inner is not None and self._inner.sure)

    @property
    def is_json(self) -> bool:
        """Whether an answer in JSON stands behind the label."""
        return self._inner is not None and self._inner.is_json

    @property
    def then(self) -> Mode | None:
        """Who reads on in a fence that is a marker."""
        return self._inner.then if isinstance(self._inner, FenceProbe) else None

    def step(self, char: str) -> Verdict:
        """Take the next character."""
        if self._inner is not None:
            return self._inner.step(char)
        if self._in_input:
            return self._step_input(char)
        label_done = len(self._head) >= len(REACT_LABEL)
        if label_done and char in "{[`" and not self._head[len(REACT_LABEL) :].strip():
            self._inner = FenceProbe(self._knows) if char == "`" else JsonProbe(self._knows)
            return self._inner.step(char)
        self._head += char
        if not label_done:
            return Verdict.MAYBE if REACT_LABEL.startswith(self._head) else Verdict.NO
        return self._lines()

    def _lines(self) -> Verdict:
        name, newline, second = self._head[len(REACT_LABEL) :].partition("\n")
        name = name.strip()
        if len(name) > LONGEST_NAME or not all(is_name(char) for char in name):
            return Verdict.NO
        if not newline:
            return Verdict.MAYBE
        second = second.lstrip().lower()
        self._in_input = bool(name) and second in _INPUT_LABELS
        fits = not name or any(label.startswith(second) for label in _INPUT_LABELS)
        if not name and second:
            return Verdict.NO
        return Verdict.MAYBE if fits and len(self._head) < _LONGEST_HEAD else Verdict.NO

    def _step_input(self, char: str) -> Verdict:
        if self._balance.stack or (not self._started and char in "{["):
            self._started = True
            self._balance.step(char)
            return Verdict.MAYBE if self._balance.stack else Verdict.YES
        if char == "\n":
            return Verdict.BEFORE
        self._started |= not char.isspace()
        return Verdict.MAYBE

    def read(self, text: str, *, ended: bool) -> Found:
        """Return the call in the text; behind both labels its tool may be unknown."""
        if self._inner is not None:
            begin = len(self._head)
            found = self._inner.read(text[begin:], ended=ended)
            return Found(found.calls, begin + found.end, found.broken)
        if not self._in_input:
            return Found([])
        head, _, rest = text.partition("\n")
        name = clean_name(head.partition(":")[2])
        rest = rest.partition(":")[2].strip()
        if rest[:1] not in ("{", "["):
            rest = rest.strip("\"'")
            arguments = {} if rest in _NOTHING else {"input": rest}
            return Found([WrittenCall(name, arguments)], len(text))
        calls = read_block(f"{name} {rest}", self._knows, ended=ended).calls
        return Found(calls, len(text), broken=not calls)
