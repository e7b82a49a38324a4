"""What has to stay the same over the turns of a talk, and isn't in its log."""

from dataclasses import dataclass, field
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN

_MOST_TALKS: Final = 500


@dataclass(slots=True)
class TalkState:
    """One talk with one agent."""

    windows: dict[str, int] = field(default_factory=dict)
    """The context window that it began with, by model, where that is left to us."""
    dropped: int = 0
    """How many of its first exchanges are no longer sent, because they don't fit."""
    told: bool = False
    """Whether somebody was told of it."""


_STATES: Final[HassKey[dict[tuple[str, str], TalkState]]] = HassKey(f"{DOMAIN}_talks")


@callback
def async_get_talk_state(hass: HomeAssistant, conversation_id: str, agent_id: str) -> TalkState:
    """Return what is kept of a talk; of the oldest talks nothing is."""
    states = hass.data.setdefault(_STATES, {})
    key = (conversation_id, agent_id)
    state = states.pop(key, None) or TalkState()
    states[key] = state  # the one used last stands last
    if len(states) > _MOST_TALKS:
        del states[next(iter(states))]
    return state
