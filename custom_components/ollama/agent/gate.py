"""Holds back what claims an action until it is known whether there was one."""

import re
from typing import Final

from .truth import Claim, claim

HELD_CHARACTERS: Final = 60
"""Nothing is spoken before this many anyway: speech starts there."""

# "I've turned on", "Done", "Ik heb", "J'ai": the model speaks of itself. To a sentence that
# was no order only that is a claim; "the lamp is now on" then tells a state.
_OF_ITSELF: Final = re.compile(
    r"\W*(?:(?:ok|okay|alright|all right|sure|great|certainly|natuurlijk|klar|bien sûr|claro)\W+)?"
    r"(?:i\b|i'?ve\b|done\b|ik\b|gedaan\b|klaar\b|ich\b|erledigt\b|j['\u2019e]|c['\u2019]est fait|"
    r"fait\b|he\b|hecho\b|listo\b|ya\b)",
    re.IGNORECASE,
)
_TO_TELL: Final = 24
"""By then it is clear whether the model speaks of itself."""


class ClaimGate:
    """Passes on what is said, and stops at an action that nobody carried out.

    The first characters are held back. If they claim nothing, they pass and so does the
    rest. If they do, all is held until a call follows or the answer ends: then it was
    said and not done.
    """

    def __init__(self, *, after_order: bool) -> None:
        """Start holding; `after_order` tells that the user wanted something done."""
        self._after_order = after_order
        self._held = ""
        self._open = False
        self._passed: list[str] = []

    def feed(self, text: str) -> str:
        """Return what may be spoken of this and of what was held back."""
        if self._open:
            self._passed.append(text)
            return text
        self._held += text
        if not self._may_claim:
            return self.release()
        if len(self._held) < HELD_CHARACTERS or claim(self._held) is not Claim.NONE:
            return ""
        return self.release()

    @property
    def _may_claim(self) -> bool:
        if self._after_order or len(self._held) < _TO_TELL:
            return True
        return _OF_ITSELF.match(self._held) is not None

    def release_for_call(self) -> str:
        """Let pass what was said in front of a call.

        What claims that it is done already stays behind: the call may fail, or wait for a
        yes, and the model tells of it afterwards.
        """
        if not self._open and claim(self._held) is Claim.DONE:
            self._held = ""
        return self.release()

    def release(self) -> str:
        """Let everything pass."""
        held, self._held = self._held, ""
        self._open = True
        self._passed.append(held)
        return held

    def close(self) -> str:
        """Return what may be spoken at the end; a claim stays behind."""
        if self._open or self._claims(self._held):
            return ""
        return self.release()

    @property
    def withheld(self) -> str:
        """The claim that was not passed on."""
        return "" if self._open else self._held

    @property
    def claimed_aloud(self) -> bool:
        """Whether a claim came later, in what has been passed on."""
        return self._after_order and claim("".join(self._passed)) is Claim.DONE

    def _claims(self, text: str) -> bool:
        if not self._after_order and _OF_ITSELF.match(text) is None:
            return False
        return claim(text) is not Claim.NONE
