"""Calls in a fence of Markdown."""

from enum import Enum, auto

from .lines import probes_at
from .marker_tree import IN_TEXT, Node
from .markers import Kind
from .modes import RESULT_ENDS, Dropped, open_marker
from .outcome import Mode
from .pieces import WrittenCall
from .probes import Found, JsonProbe, MarkerProbe, Probe, Verdict
from .region import Region
from .shapes import KnowsTool

CALL_FENCES = frozenset(
    {
        "tool_call", "tool_calls", "tool_code", "tool", "toolcall", "tool_use",
        "function_call", "function_calls", "functioncall",
        "homeassistant",  # home-llm
    }
)  # fmt: skip
"""What follows ``` where a call stands in the fence and nothing else can."""

RESULT_FENCES = frozenset({"tool_output", "tool_outputs", "tool_response", "tool_result"})
"""Gemma's fences for results, which it makes up."""

CODE_FENCES = frozenset(
    {"", "json", "jsonc", "json5", "python", "py", "javascript", "js", "text", "txt", "plaintext",
     "xml", "html", "code", "bash", "sh", "shell", "yaml"}
)  # fmt: skip
"""What follows ``` where a call may stand in the fence as well as anything else."""

_TICKS = 3
_LONGEST_INFO = 20


class _State(Enum):
    TICKS = auto()
    INFO = auto()
    BETWEEN = auto()
    COMMENT = auto()
    CALL = auto()


class FenceProbe:
    """A fence that holds calls and nothing else.

    A fence named for it (```tool_code) is a marker, and `then` reads on. In any other
    (```json, ```python) every call must be of a known tool.
    """

    is_json = False

    def __init__(self, knows: KnowsTool) -> None:
        """Begin at the first backtick."""
        self.then: Mode | None = None
        self.in_fence = False
        """Whether `then` reads a tag that stands in the fence."""
        self._knows = knows
        self._state = _State.TICKS
        self._ticks = 0
        self._info = ""
        self._found: list[WrittenCall] = []
        self._probes: list[Probe] = []
        self._text: list[str] = []

    @property
    def sure(self) -> bool:
        """Whether a known tool's name was seen."""
        return bool(self._found) or any(probe.sure for probe in self._probes)

    @property
    def in_json(self) -> bool:
        """Whether it stands in what may be a call."""
        return any(isinstance(probe, JsonProbe) for probe in self._probes)

    def step(self, char: str) -> Verdict:
        """Take the next character."""
        match self._state:
            case _State.TICKS:
                self._ticks += 1
                if self._ticks == _TICKS:
                    self._state = _State.INFO
                return Verdict.MAYBE if char == "`" else Verdict.NO
            case _State.INFO:
                return self._in_info(char)
            case _State.COMMENT:
                if char == "\n":
                    self._state = _State.BETWEEN
                return Verdict.MAYBE
            case _State.BETWEEN:
                return self._between(char)
        return self._in_call(char)

    def _in_info(self, char: str) -> Verdict:
        if char.isalnum() or char in "_-":
            self._info += char.lower()
            return Verdict.MAYBE if len(self._info) <= _LONGEST_INFO else Verdict.NO
        if char == "`":
            return Verdict.NO
        self._ticks = 0
        if self._info in CALL_FENCES:
            self.then = Region(self._knows, fence=True)
            return Verdict.BEFORE
        if self._info in RESULT_FENCES:
            self.then = Dropped(RESULT_ENDS, fence=True)
            return Verdict.BEFORE
        if self._info not in CODE_FENCES:
            return Verdict.NO
        self._state = _State.BETWEEN
        return self._between(char)

    def _between(self, char: str) -> Verdict:
        if char == "`":
            self._ticks += 1
            if self._ticks < _TICKS:
                return Verdict.MAYBE
            return Verdict.YES if self._found else Verdict.NO
        if self._ticks:
            return Verdict.NO
        if char.isspace() or char in ",;":
            return Verdict.MAYBE
        if char == "#":
            self._state = _State.COMMENT
            return Verdict.MAYBE
        self._probes = probes_at(char, self._knows, line_start=True, in_fence=True)
        if char in IN_TEXT.next and not self._found:
            self._probes.append(MarkerProbe(IN_TEXT))
        self._text = []
        self._state = _State.CALL
        return self._in_call(char)

    def _in_call(self, char: str) -> Verdict:
        self._text.append(char)
        self._ticks = self._ticks + 1 if char == "`" else 0
        for probe in list(self._probes):
            match probe.step(char):
                case Verdict.NO:
                    self._probes.remove(probe)
                case Verdict.YES if isinstance(probe, MarkerProbe):
                    return self._tag(probe.node)
                case Verdict.YES:
                    return self._complete(probe, "".join(self._text))
                case Verdict.BEFORE:
                    verdict = self._complete(probe, "".join(self._text[:-1]))
                    return verdict if verdict is Verdict.NO else self._between(char)
        if self._ticks == _TICKS and self._close_call():
            return Verdict.YES
        return Verdict.MAYBE if self._probes else Verdict.NO

    def _tag(self, node: Node) -> Verdict:
        if node.kind not in (Kind.CALL, Kind.XML_CALL):
            return Verdict.NO
        self.then = open_marker(node.kind, node.literal, self._knows)
        self.in_fence = True
        return Verdict.YES

    def _close_call(self) -> bool:
        """Whether the fence ended in a call whose brackets are missing."""
        text = "".join(self._text[:-_TICKS])
        for probe in self._probes:
            found = probe.read(text, ended=True)
            if found.calls and not text[found.end :].strip():
                self._found += found.calls
                return True
        return False

    def _complete(self, probe: Probe, text: str) -> Verdict:
        found = probe.read(text, ended=False)
        if not found.calls:
            return Verdict.NO
        self._found += found.calls
        self._probes = []
        self._ticks = 0
        self._state = _State.BETWEEN
        return Verdict.MAYBE

    def read(self, text: str, *, ended: bool) -> Found:
        """Return the calls in the fence."""
        if not ended or self._state is not _State.CALL:
            return Found(self._found, len(text))
        body = "".join(self._text)
        for probe in self._probes:
            found = probe.read(body.rstrip("`"), ended=True)
            if found.calls:
                rest = len(body) - found.end if body[found.end :].strip("`\n ") else 0
                return Found([*self._found, *found.calls], len(text) - rest)
        return Found(self._found, len(text), broken=self.sure)
