"""What has to stay the same over the turns of a talk, and isn't in its log."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from homeassistant.components import conversation
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN

_MOST_TALKS: Final = 500


@dataclass(slots=True)
class TalkState:
    """One talk with one agent."""

    began: datetime | None = None
    """When its first sentence was said; another talk may bear the same id later."""
    windows: dict[str, int] = field(default_factory=dict)
    """The context window that it began with, by model, where that is left to us."""
    dropped: int = 0
    """How many of its first exchanges are no longer sent, because they don't fit."""
    told: bool = False
    """Whether somebody was told of it."""


_STATES: Final[HassKey[dict[tuple[str, str], TalkState]]] = HassKey(f"{DOMAIN}_talks")


@callback
def async_get_talk_state(
    hass: HomeAssistant, chat_log: conversation.ChatLog, agent_id: str
) -> TalkState:
    """Return what is kept of a talk; of the oldest talks nothing is."""
    states = hass.data.setdefault(_STATES, {})
    key = (chat_log.conversation_id, agent_id)
    began = next((item.created for item in chat_log.content if item.role == "user"), None)
    state = states.pop(key, None)
    if state is None or state.began != began:
        state = TalkState(began)
    states[key] = state  # the one used last stands last
    if len(states) > _MOST_TALKS:
        del states[next(iter(states))]
    return state
