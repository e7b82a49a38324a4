"""Who reads, when, and what they may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.const import ATTR_FRIENDLY_NAME, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Context, HomeAssistant, State
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.util import dt as dt_util

from ...const import DOMAIN

if TYPE_CHECKING:
    from homeassistant.auth.models import User

type Facts = dict[str, Any]
"""JSON. A figure with a unit is `{"value": 21.5, "unit": "°C"}`, a time is ISO, local."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One look at the home on somebody's behalf."""

    hass: HomeAssistant
    now: datetime
    """Local and aware."""
    user_id: str | None
    """None for automations: they read what their owner can."""
    user: User | None
    patience: float | None = None
    """Seconds that an entity of another integration has to answer; None: as long as it takes."""

    @classmethod
    async def async_from(cls, hass: HomeAssistant, context: Context | None) -> Reader:
        """Look up who asks."""
        user_id = context.user_id if context else None
        user = await hass.auth.async_get_user(user_id) if user_id else None
        return cls(hass, dt_util.now(), user_id, user)

    def may_read(self, entity_id: str) -> bool:
        """Whether the user's own permissions let them see an entity."""
        if self.user_id is None:
            return True
        # A user who is gone is not nobody, and may see nothing.
        return self.user is not None and self.user.permissions.check_entity(entity_id, POLICY_READ)

    def states(self, *domains: str) -> list[State]:
        """Return what is there in some domains and has a value, in the order of its ids.

        Without what is hidden or only of technical interest, and without what this
        integration shows of itself.
        """
        registry = er.async_get(self.hass)
        return [
            state
            for state in sorted(self.hass.states.async_all(domains), key=_entity_id)
            if state.state not in (STATE_UNAVAILABLE, STATE_UNKNOWN, "")
            and _is_of_interest(registry.async_get(state.entity_id))
            and self.may_read(state.entity_id)
        ]

    def allowed(self, entity_ids: Iterable[str]) -> list[str]:
        """Return those of some entities that exist and may be read."""
        return [
            entity_id
            for entity_id in entity_ids
            if self.hass.states.get(entity_id) is not None and self.may_read(entity_id)
        ]

    def area_of(self, entity_id: str) -> str | None:
        """Return the name of the room that an entity is in."""
        entry = er.async_get(self.hass).async_get(entity_id)
        if entry is None:
            return None
        area_id = entry.area_id
        if area_id is None and entry.device_id is not None:
            device = dr.async_get(self.hass).async_get(entry.device_id)
            area_id = dr.async_get_effective_area_id(self.hass, device) if device else None
        area = ar.async_get(self.hass).async_get_area(area_id) if area_id else None
        return area.name if area else None


def name_of(state: State) -> str:
    """Return how an entity is called."""
    return str(state.attributes.get(ATTR_FRIENDLY_NAME) or state.entity_id)


def figure(value: float, unit: str, digits: int = 1) -> Facts:
    """Return a figure with its unit."""
    return {"value": round(value, digits), "unit": unit}


def _entity_id(state: State) -> str:
    return state.entity_id


def _is_of_interest(entry: er.RegistryEntry | None) -> bool:
    if entry is None:
        return True
    return entry.hidden_by is None and entry.entity_category is None and entry.platform != DOMAIN
