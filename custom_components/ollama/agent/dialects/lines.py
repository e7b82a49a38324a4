"""What a line may become that begins with a tool's name."""

from enum import Enum, auto

from .balance import Balance
from .block import read_block
from .lenient_json import UnreadableError
from .probes import Found, JsonProbe, Probe, Verdict
from .python_call import read_call, read_list
from .shapes import KnowsTool, clean_name, is_name


class _Callee(Enum):
    NAME = auto()
    ARGUMENTS = auto()
    AFTER = auto()


LONGEST_NAME = 48


class PythonProbe:
    """`turn_on(name="Kitchen")` or a list of such, with nothing else in its line."""

    def __init__(self, knows: KnowsTool, *, in_list: bool, in_fence: bool = False) -> None:
        """Begin at the name, or at the bracket of the list."""
        self.sure = False
        self.is_json = False
        self._knows = knows
        self._in_list = in_list
        self._in_fence = in_fence
        self._name: list[str] = []
        self._state = _Callee.NAME
        self._balance = Balance()
        self._opened = False

    def step(self, char: str) -> Verdict:
        """Take the next character."""
        if self._in_list and not self._opened:
            self._opened = True
            self._balance.step(char)
            return Verdict.MAYBE
        match self._state:
            case _Callee.NAME:
                return self._in_name(char)
            case _Callee.ARGUMENTS:
                self._balance.step(char)
                if self._balance.too_deep:
                    return Verdict.NO
                if not self._balance.stack:
                    self._state = _Callee.AFTER
                return Verdict.MAYBE
        if char in " \t;\r":
            return Verdict.MAYBE
        if char in "\n<" or (self._in_fence and char == "`"):
            return Verdict.BEFORE
        return Verdict.NO

    def _in_name(self, char: str) -> Verdict:
        if char == "(":
            name = clean_name("".join(self._name)).removesuffix(".call")
            if name == "print":
                self._name = []
                self._balance.step(char)
                return Verdict.MAYBE
            if not name or not self._knows(name):
                return Verdict.NO
            self.sure = True
            self._balance.step(char)
            self._state = _Callee.ARGUMENTS
            return Verdict.MAYBE
        if char.isspace() and not self._name and self._balance.stack:
            return Verdict.MAYBE
        if not is_name(char) or len(self._name) >= LONGEST_NAME:
            return Verdict.NO
        self._name.append(char)
        return Verdict.MAYBE

    def read(self, text: str, *, ended: bool) -> Found:
        """Return the calls in the text."""
        if self._state is _Callee.NAME and not self.sure:
            return Found([])
        try:
            if self._in_list:
                calls, end = read_list(text, 0, ended=ended)
            else:
                call, end = read_call(text, 0, ended=ended)
                calls = [call]
        except UnreadableError:
            return Found([], broken=ended)
        if text[end:].strip(" ;\n\r\t") or not all(self._knows(call.name) for call in calls):
            return Found([])
        return Found(calls, len(text))


class NamedProbe:
    """`turn_on {"name": "Kitchen"}`: Mistral without its marker, GLM 4 with a newline."""

    def __init__(self, knows: KnowsTool) -> None:
        """Begin at the name."""
        self.sure = False
        self.is_json = False
        self._knows = knows
        self._name: list[str] = []
        self._gap = ""
        self._balance = Balance()

    def step(self, char: str) -> Verdict:
        """Take the next character."""
        if self._balance.stack:
            self._balance.step(char)
            if self._balance.too_deep:
                return Verdict.NO
            return Verdict.MAYBE if self._balance.stack else Verdict.YES
        if char == "{" and self._knows(clean_name("".join(self._name))):
            self.sure = True
            self._balance.step(char)
            return Verdict.MAYBE
        if is_name(char) and not self._gap and len(self._name) < LONGEST_NAME:
            self._name.append(char)
            return Verdict.MAYBE
        self._gap += char
        fits = self._gap in (" ", "\n", " \n") or "[ARGS]".startswith(self._gap)
        return Verdict.MAYBE if fits else Verdict.NO

    def read(self, text: str, *, ended: bool) -> Found:
        """Return the call in the text."""
        if not self.sure:
            return Found([])
        block = read_block(text.replace("[ARGS]", " " * 6, 1), self._knows, ended=ended)
        return Found(block.calls, block.end, broken=not block.calls)


def probes_at(
    char: str, knows: KnowsTool, *, line_start: bool, in_fence: bool = False
) -> list[Probe]:
    """Return what may begin with a character."""
    if char == "{":
        return [JsonProbe(knows)]
    if char == "[":
        found: list[Probe] = [JsonProbe(knows)]
        if line_start:
            found.append(PythonProbe(knows, in_list=True, in_fence=in_fence))
        return found
    if not line_start or not (char.isascii() and (char.isalpha() or char == "_")):
        return []
    return [PythonProbe(knows, in_list=False, in_fence=in_fence), NamedProbe(knows)]
