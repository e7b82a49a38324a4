"""Text that is held back because it may become a call, a tag or a token."""

from .fence import FenceProbe
from .lines import probes_at
from .marker_tree import AT_LINE_START, IN_TEXT, Node
from .markers import LINE_MARKERS
from .modes import open_marker
from .outcome import Outcome
from .probes import JsonProbe, MarkerProbe, Probe, Verdict
from .react import REACT_LABEL, ReActProbe
from .region import Region
from .shapes import KnowsTool

MAX_UNSURE = 50
"""Characters that are held back of what isn't a call for sure."""
MAX_SURE = 8_000
"""Characters of an unmarked call: what is longer is text."""
_PLAINLY_A_TAG = 3
"""Characters of a tag that the end of a cut stream has cut off."""


class Hold:
    """Follows everything that a text may become, until one of it is true or none can be."""

    holding = True

    def __init__(self, probes: list[Probe], knows: KnowsTool) -> None:
        """Begin before the first character."""
        self._probes = probes
        self._knows = knows
        self._text: list[str] = []
        self._was_sure = False
        self._is_json = False

    def step(self, char: str) -> Outcome | None:
        """Take the next character."""
        self._text.append(char)
        for probe in list(self._probes):
            match probe.step(char):
                case Verdict.YES:
                    return self._resolve(probe, len(self._text))
                case Verdict.BEFORE:
                    return self._resolve(probe, len(self._text) - 1)
                case Verdict.NO:
                    self._remember(probe)
                    self._probes.remove(probe)
        sure = any(probe.sure for probe in self._probes)
        if self._probes and len(self._text) < (MAX_SURE if sure else MAX_UNSURE):
            return None
        return self._release()

    def _remember(self, probe: Probe) -> None:
        self._was_sure |= probe.sure
        self._is_json |= probe.is_json

    def _resolve(self, probe: Probe, length: int) -> Outcome:
        text = "".join(self._text)
        rest = text[length:]
        if isinstance(probe, MarkerProbe):
            return self._open(probe.node)
        if isinstance(probe, FenceProbe) and probe.then:
            return Outcome(removed=True, rest=rest, then=probe.then, in_fence=probe.in_fence)
        if isinstance(probe, ReActProbe) and probe.then:
            return Outcome(removed=True, rest=rest, then=probe.then)
        found = probe.read(text[:length], ended=False)
        if found.calls:
            return Outcome([*found.calls], rest=rest, removed=True)
        if found.broken and probe.sure:
            return Outcome(rest=rest, removed=True, unreadable=True)
        return self._release()

    def _open(self, node: Node) -> Outcome:
        if body := LINE_MARKERS.get(node.literal):
            mention = node.literal.removesuffix(body)
            if body == "[":
                return Outcome(rest=body, then=Region(self._knows, mention=mention))
            return Outcome(then=Region(self._knows, body, mention=mention))
        assert node.kind is not None
        then = open_marker(node.kind, node.literal, self._knows)
        return Outcome(removed=True, then=then)

    def _release(self) -> Outcome:
        for probe in self._probes:
            self._remember(probe)
        text = "".join(self._text)
        return Outcome(plain=text[0], rest=text[1:], blind=self._was_sure, answer=self._is_json)

    def finish(self, *, complete: bool) -> Outcome:
        """The stream has ended: what is held is a call, or text."""
        text = "".join(self._text)
        if not complete:
            if self._is_cut_call():
                return Outcome(removed=True, unreadable=True)
            return self._release()
        for probe in self._probes:
            found = probe.read(text, ended=True)
            if found.calls:
                rest = text[found.end :]
                return Outcome([*found.calls], rest=rest, blind=True, removed=True)
            if found.broken and probe.sure:
                return Outcome(removed=True, unreadable=True)
        return self._release()

    def _is_cut_call(self) -> bool:
        for probe in self._probes:
            if probe.sure:
                return True
            if isinstance(probe, MarkerProbe) and len(self._text) >= _PLAINLY_A_TAG:
                return True
            if isinstance(probe, JsonProbe) and len(self._text) > 1:
                return True
            if isinstance(probe, FenceProbe) and probe.in_json:
                return True
        return False


def begin(
    char: str, knows: KnowsTool, *, line_start: bool, fence: bool, unmarked: bool
) -> Hold | None:
    """Return who holds back from a character on; None where it is plain text.

    `fence` says that a fence may be opened here, `unmarked` that a call may stand here
    without a marker.
    """
    probes: list[Probe] = []
    if char in IN_TEXT.next:
        probes.append(MarkerProbe(IN_TEXT))
    if line_start and unmarked and char in AT_LINE_START.next:
        probes.append(MarkerProbe(AT_LINE_START))
    if char == "`" and fence:
        probes.append(FenceProbe(knows))
    if unmarked:
        probes += probes_at(char, knows, line_start=line_start)
        if line_start and char == REACT_LABEL[0]:
            probes.append(ReActProbe(knows))
    return Hold(probes, knows) if probes else None
