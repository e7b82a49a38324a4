"""What was done, and what has to be agreed to, as sentences in the listener's language."""

from collections.abc import Iterable, Sequence
from typing import Final

from homeassistant.core import HomeAssistant

from ..home import Waiting
from .calls import Deed
from .explain import async_sentence

# The tools of the home, and the intents of Assist, by the sentence that tells of them.
_SENTENCES: Final = {
    "turn_on": "turned_on",
    "turn_off": "turned_off",
    "lock": "locked",
    "unlock": "unlocked",
    "open": "opened",
    "close": "closed",
    "run": "started",
    "vacuum_start": "started",
    "media_play": "started",
}

# The question has to name what will be done: the model may have called something else than
# was meant, and a yes is given to the question.
_QUESTIONS: Final = {
    "unlock": "unlock",
    "open": "open",
    "set_position": "open",
    "run": "run",
    "turn_on": "turn_on",
    "alarm_disarm": "alarm_disarm",
}


async def async_report(hass: HomeAssistant, language: str, deeds: Iterable[Deed]) -> str:
    """Return a plain sentence for each thing that was really done."""
    sentences = []
    for deed in dict.fromkeys(deeds):
        if not deed.targets:
            sentences.append(await async_sentence(hass, language, "done"))
            continue
        key = sentence_of(deed.action)
        sentences.append(await async_sentence(hass, language, key, targets=_listed(deed.targets)))
    return " ".join(sentences)


def sentence_of(action: str) -> str:
    """Return the key of the sentence that tells of an action on some targets."""
    return f"done_{_SENTENCES.get(action, 'changed')}"


async def async_question(
    hass: HomeAssistant, language: str, waiting: Sequence[Waiting], *, with_pin: bool
) -> str:
    """Return the question that asks for a yes, or for the PIN; one part for each action."""
    by_question: dict[str, list[str]] = {}
    for one in waiting:
        by_question.setdefault(_QUESTIONS.get(one.action, "other"), []).extend(one.targets)
    parts = [
        await async_sentence(hass, language, f"confirm_{key}", targets=_listed(names))
        for key, names in by_question.items()
    ]
    if with_pin:
        parts.append(await async_sentence(hass, language, "confirm_pin"))
    return " ".join(parts)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
