"""What an automation that somebody asks for may watch, and what it may act on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.components import conversation
from homeassistant.const import ATTR_DEVICE_CLASS, ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import llm

from ...const import DOMAIN
from ...home import Caller, async_prepare_inventory
from ...home.names import fold
from .actions import ENTITY_ACTIONS, MESSAGE_ACTIONS

_WATCHED_DOMAINS: Final = ("person", "zone", "sun", "weather", "calendar")
"""What may be watched without being exposed: nothing can be done to it."""
_NOTIFY: Final = "notify"
_MOST_CHARACTERS: Final = 24_000
"""Of entities in a prompt: some 6000 tokens. Larger homes are told in part."""
_SHORTEST_WORD: Final = 3


@dataclass(frozen=True, slots=True)
class Reach:
    """What one caller's automations may reach."""

    hass: HomeAssistant
    controllable: Mapping[str, str]
    """Entity ids with names; exposed, and the caller may control them."""
    readable: Mapping[str, str]
    recipients: frozenset[str]
    """Entities that take messages."""
    areas: Mapping[str, str]
    """Names of areas by entity id."""

    @classmethod
    async def async_from(cls, hass: HomeAssistant, context: Context) -> Reach:
        """Look up who asks, and what is there for them."""
        inventory = await async_prepare_inventory(hass)
        caller = await Caller.async_from(
            hass,
            llm.LLMContext(
                platform=DOMAIN,
                context=context,
                language=None,
                assistant=conversation.DOMAIN,
                device_id=None,
            ),
        )
        watched = {
            state.entity_id: state.name
            for state in hass.states.async_all(_WATCHED_DOMAINS)
            if caller.may_read(state.entity_id)
        }
        exposed = {entity.entity_id: entity.name for entity in inventory.entities}
        return cls(
            hass,
            controllable={
                entity_id: name
                for entity_id, name in exposed.items()
                if entity_id.partition(".")[0] in ENTITY_ACTIONS and caller.may_control(entity_id)
            },
            readable=watched
            | {
                entity_id: name for entity_id, name in exposed.items() if caller.may_read(entity_id)
            },
            recipients=frozenset(
                entity_id
                for entity_id in hass.states.async_entity_ids(_NOTIFY)
                if caller.may_control(entity_id)
            ),
            areas={
                entity.entity_id: entity.area_name
                for entity in inventory.entities
                if entity.area_name
            },
        )

    def described(self, request: str) -> dict[str, Any]:
        """Return what a model has to know, what the request seems to name first."""
        words = {word for word in fold(request).split() if len(word) >= _SHORTEST_WORD}
        every = sorted(
            self.controllable.keys() | self.readable.keys(),
            key=lambda entity_id: (not words & self._words(entity_id), entity_id),
        )
        lines: list[dict[str, Any]] = []
        room = _MOST_CHARACTERS
        for entity_id in every:
            line = self._line(entity_id)
            room -= len(str(line))
            if room < 0:
                break
            lines.append(line)
        told: dict[str, Any] = {
            "entities": lines,
            "actions": self._actions(lines),
            "message_actions": self._messages(),
            "targets_of_notify.send_message": sorted(self.recipients),
        }
        if left_out := len(every) - len(lines):
            told["entities_left_out"] = left_out
        return told

    def _words(self, entity_id: str) -> set[str]:
        text = " ".join((self._name(entity_id), self.areas.get(entity_id, "")))
        return set(fold(text).split())

    def _name(self, entity_id: str) -> str:
        return self.controllable.get(entity_id) or self.readable[entity_id]

    def _line(self, entity_id: str) -> dict[str, Any]:
        state = self.hass.states.get(entity_id)
        attributes = state.attributes if state is not None else {}
        line = {
            "entity_id": entity_id,
            "name": self._name(entity_id),
            "area": self.areas.get(entity_id),
            "kind": attributes.get(ATTR_DEVICE_CLASS),
            "unit": attributes.get(ATTR_UNIT_OF_MEASUREMENT),
        }
        told = {key: str(value) for key, value in line.items() if value}
        return told if entity_id in self.controllable else told | {"only_to_watch": True}

    def _actions(self, lines: list[dict[str, Any]]) -> list[str]:
        """Return the actions that suit what is told and can be controlled."""
        told = {line["entity_id"] for line in lines} & self.controllable.keys()
        domains = {entity_id.partition(".")[0] for entity_id in told}
        return [
            f"{domain}.{service}"
            for domain in sorted(domains)
            for service in sorted(ENTITY_ACTIONS[domain])
            if self.hass.services.has_service(domain, service)
        ]

    def _messages(self) -> list[str]:
        """Return the actions that tell people something."""
        legacy = self.hass.services.async_services_for_domain(_NOTIFY)
        fixed = (
            f"{domain}.{service}"
            for domain, services in MESSAGE_ACTIONS.items()
            for service in services
            if self.hass.services.has_service(domain, service)
        )
        return sorted({*(f"{_NOTIFY}.{name}" for name in legacy), *fixed})
