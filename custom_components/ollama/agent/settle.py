"""The sentence after a question: a yes carries out what waits, anything else drops it.

The agent reads it, not the model.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
import hmac
import re
from typing import Final
import unicodedata

from homeassistant.components import conversation
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..const import CONF_POLICIES, DOMAIN
from ..home import (
    Policy,
    ToolProblemError,
    Waiting,
    async_take_waiting,
    async_wait_for_yes,
)
from ..home.confirmation import async_may_say_pin
from .assent import MIN_PIN, Assent, assent, spoken_digits
from .assent_words import NUMBERS, TIMES
from .calls import Deed, recording
from .explain import async_sentence
from .report import async_report

_MASK: Final = "••••"
_WORD: Final = re.compile(r"[^\W_]+")
_LONGEST_NUMBER: Final = max(len(number.split()) for number in NUMBERS)


async def async_settle(
    hass: HomeAssistant,
    chat_log: conversation.ChatLog,
    user_input: conversation.ConversationInput,
    policy: Policy,
    done: list[Deed],
) -> str | None:
    """Return the answer to a sentence that settles what waits, or None.

    What is carried out is added to `done`.

    None lets the model answer: nothing waits, or the sentence was about something else,
    and then what waited is dropped.
    """
    conversation_id = chat_log.conversation_id
    language = user_input.language
    waiting = async_take_waiting(hass, conversation_id, user_input.context.user_id)
    if not _follows_our_answer(hass, chat_log):
        waiting = []
    if async_may_say_pin(hass, conversation_id):
        said = spoken_digits(user_input.text)
        if said is not None or (waiting and _holds_digits(user_input.text)):
            # The same, whether it is right or not: a model that answers one and not the
            # other would tell.
            _mask(chat_log)
            if not waiting:
                return await async_sentence(hass, language, "dropped")
            if said is None or not _is_pin(policy, said):
                return await async_sentence(hass, language, "wrong_pin")
            return await _async_carry_out(hass, language, waiting, done)
    if not waiting:
        return None
    match assent(user_input.text):
        case Assent.YES if policy.pin is None:
            return await _async_carry_out(hass, language, waiting, done)
        case Assent.YES:
            for one in waiting:
                async_wait_for_yes(hass, conversation_id, one)
            return await async_sentence(hass, language, "confirm_pin")
        case Assent.NO:
            return await async_sentence(hass, language, "dropped")
    return None


def without_pin(hass: HomeAssistant, conversation_id: str, text: str) -> str:
    """Return a text as others may read it: one that holds a PIN, or may be it, is masked.

    The PINs are those of all agents: one may be said to the wrong agent.
    """
    if async_may_say_pin(hass, conversation_id) and (
        spoken_digits(text) is not None or _holds_digits(text)
    ):
        return _MASK
    pins = {
        pin
        for entry in hass.config_entries.async_entries(DOMAIN)
        for data in (entry.options.get(CONF_POLICIES) or {}).values()
        if (pin := spoken_digits(Policy.from_data(data).pin or ""))
    }
    return _MASK if pins and _tells(text, pins) else text


def _follows_our_answer(hass: HomeAssistant, chat_log: conversation.ChatLog) -> bool:
    """Whether nobody else has answered since the question.

    A pipeline answers some sentences itself, or by another agent, in the same log.
    """
    earlier = chat_log.content[-2]
    if not isinstance(earlier, conversation.AssistantContent):
        return False
    entry = er.async_get(hass).async_get(earlier.agent_id)
    return entry is not None and entry.platform == DOMAIN


def _is_pin(policy: Policy, said: str) -> bool:
    """Compare a PIN in constant time, both read the same way."""
    pin = spoken_digits(policy.pin or "")
    return pin is not None and hmac.compare_digest(said.encode(), pin.encode())


def _holds_digits(text: str) -> bool:
    """Whether a sentence has a PIN's length of digits in it, typed or spoken."""
    words = " ".join(_digits_and_words(text))
    return re.search(rf"(?:\d\s*){{{MIN_PIN},}}", words) is not None


def _tells(text: str, pins: Iterable[str]) -> bool:
    """Whether one of some PINs can be read in a text, whatever stands between its digits."""
    words = _digits_and_words(text)
    # "One o four": a zero.
    digits = "".join(
        character
        for word in words
        if word == "o" or not word.isalpha()
        for character in word.replace("o", "0")
        if character.isdigit()
    )
    return any(pin in (digits if pin.isdigit() else "".join(words)) for pin in pins)


def _digits_and_words(text: str) -> list[str]:
    """Return the words of a text, in lower case and without accents, numbers as digits."""
    plain = "".join(
        str(unicodedata.decimal(character, character))
        for character in unicodedata.normalize("NFKD", text).casefold()
        if not unicodedata.combining(character)
    )
    words = _WORD.findall(plain)
    read: list[str] = []
    start = 0
    times = 1
    while start < len(words):
        length = next(
            (
                length
                for length in range(_LONGEST_NUMBER, 1, -1)
                if " ".join(words[start : start + length]) in NUMBERS
            ),
            1,
        )
        word = " ".join(words[start : start + length])
        start += length
        if word in TIMES:
            times = TIMES[word]
            continue
        read += [NUMBERS.get(word, word)] * times
        times = 1
    return read


async def _async_carry_out(
    hass: HomeAssistant, language: str, waiting: Sequence[Waiting], done: list[Deed]
) -> str:
    """Do what waits; return what was done, and what wasn't."""
    before = len(done)
    failed: list[str] = []
    for one in waiting:
        try:
            with recording() as ids:
                result = await one.carry_out()
        except ToolProblemError:
            failed += one.targets
            continue
        failed += map(str, result.get("failed") or ())
        targets = tuple(str(name) for name in result.get("targets") or one.targets)
        done.append(Deed(one.action, targets, tuple(dict.fromkeys(ids))))
    deeds = done[before:]
    sentences = [await async_report(hass, language, deeds)] if deeds else []
    if failed:
        names = ", ".join(dict.fromkeys(failed))
        sentences.append(await async_sentence(hass, language, "not_done", targets=names))
    return " ".join(sentences)


def _mask(chat_log: conversation.ChatLog) -> None:
    """Take the PIN out of the log, from which later requests are made."""
    last = chat_log.content[-1]
    if isinstance(last, conversation.UserContent):
        chat_log.content[-1] = replace(last, content=_MASK)
