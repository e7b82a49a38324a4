"""Actions that wait for somebody's yes.

One question can be open in a conversation. The next sentence decides: the agent reads it,
not the model, and whatever isn't a yes (or the PIN) drops the action. A model that
repeats its call has confirmed nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from .caller import current_policy
from .policy import Policy

SECONDS_TO_ANSWER: Final = 60.0
_SECONDS_TO_REMEMBER: Final = 300.0
"""As long as Home Assistant keeps a conversation after its last sentence."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An action that waits."""

    carry_out: Callable[[], Awaitable[dict[str, Any]]]
    """Carries it out and returns what the tool would have returned."""
    action: str
    """The tool that was called, such as `unlock`."""
    targets: tuple[str, ...]
    """Names of what it acts on, as they are spoken."""
    user_id: str | None
    expires_at: float
    """In seconds of the event loop's clock."""


@dataclass(slots=True)
class _Question:
    """What was asked in a conversation, and is remembered after it was answered."""

    policy: Policy | None
    """Of the agent that asked."""
    actions: list[Waiting] = field(default_factory=list)
    forgotten_at: float = 0.0
    """In seconds of the event loop's clock."""


_QUESTIONS: HassKey[dict[str, _Question]] = HassKey("ollama_waiting_for_confirmation")


def async_wait_for_yes(hass: HomeAssistant, conversation_id: str, waiting: Waiting) -> None:
    """Let an action wait, beside others of the same turn.

    An agent takes what waits when its turn begins, so that whatever waits already was
    called in this turn. The same action twice is one.
    """
    questions = _questions(hass)
    policy = current_policy.get()
    question = questions.get(conversation_id)
    if question is None or question.policy != policy:
        question = questions[conversation_id] = _Question(policy)
    question.forgotten_at = hass.loop.time() + _SECONDS_TO_REMEMBER
    if any(
        (known.action, known.targets) == (waiting.action, waiting.targets)
        for known in question.actions
    ):
        return
    question.actions.append(waiting)


def async_take_waiting(
    hass: HomeAssistant, conversation_id: str, user_id: str | None
) -> list[Waiting]:
    """Return the actions that wait in a conversation, which no longer wait then.

    Without those that have waited too long, that somebody else asked for, or that were
    asked about under another policy: by another agent, or before the owner changed it.
    """
    question = _questions(hass).get(conversation_id)
    if question is None:
        return []
    actions, question.actions = question.actions, []
    if question.policy != current_policy.get():
        return []
    now = hass.loop.time()
    return [
        waiting for waiting in actions if waiting.user_id == user_id and now < waiting.expires_at
    ]


def async_drop_waiting(hass: HomeAssistant, conversation_id: str) -> None:
    """Forget what waits in a conversation: its turn broke before anybody was asked."""
    if (question := _questions(hass).get(conversation_id)) is not None:
        question.actions.clear()


def async_waiting(hass: HomeAssistant, conversation_id: str) -> list[Waiting]:
    """Return the actions that wait in a conversation, and leave them waiting."""
    question = _questions(hass).get(conversation_id)
    return list(question.actions) if question is not None else []


def async_may_say_pin(hass: HomeAssistant, conversation_id: str) -> bool:
    """Whether a PIN was asked for in a conversation not long ago.

    Too late, or after a wrong one, the right one may still be said, and is a secret then.
    """
    question = _questions(hass).get(conversation_id)
    return bool(question and question.policy and question.policy.pin is not None)


def _questions(hass: HomeAssistant) -> dict[str, _Question]:
    """Return the questions of all conversations, without those that are long over."""
    questions = hass.data.setdefault(_QUESTIONS, {})
    now = hass.loop.time()
    for conversation_id, question in list(questions.items()):
        if question.forgotten_at < now:
            del questions[conversation_id]
    return questions
