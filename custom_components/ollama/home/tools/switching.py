"""Turning things on and off."""

from typing import Any, Final, override

from homeassistant.components.light import DOMAIN as LIGHT
from homeassistant.const import SERVICE_TURN_OFF, SERVICE_TURN_ON

from ..acting import Call, async_act
from ..caller import Caller
from ..inventory import ExposedEntity
from ..problem import ToolProblemError
from .base import RUN, SET, TARGET, Arguments, HomeTool, Unsaid, schema
from .light import LIGHT_TAKES, light_calls, light_data

_SWITCHABLE: Final = frozenset(
    {
        "automation",
        "climate",
        "fan",
        "group",
        "humidifier",
        "input_boolean",
        "light",
        "media_player",
        "remote",
        "script",
        "scene",
        "siren",
        "switch",
        "vacuum",
        "water_heater",
    }
)

# What people mean when they turn a room on or off: not its freezer.
_IN_AN_AREA: Final = frozenset({LIGHT})
_EVERYTHING: Final = frozenset({LIGHT, "fan", "humidifier", "media_player", "switch"})
_NOT_OFF: Final = frozenset({"scene"})

_VACUUM_SERVICES: Final = {SERVICE_TURN_ON: "start", SERVICE_TURN_OFF: "return_to_base"}


class TurnOn(HomeTool):
    """Turns on; scripts and scenes too, so that it may do whatever their owner wrote."""

    name = "turn_on"
    description = "Turn on lights, switches, fans and other devices."
    parameters = schema(TARGET)
    annotations = RUN
    needs_domains = _SWITCHABLE
    example = {"name": "Kitchen light"}
    takes = LIGHT_TAKES
    repeats = frozenset({"on", "true", "1", "activate", "enable", "enabled"})

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Turn on; what light.turn_on takes besides is understood for lights."""
        return await _async_switch(caller, arguments, SERVICE_TURN_ON, _SWITCHABLE)


class TurnOff(HomeTool):
    """Turns off."""

    name = "turn_off"
    description = "Turn off lights, switches, fans and other devices."
    parameters = schema(TARGET)
    annotations = SET
    needs_domains = _SWITCHABLE - _NOT_OFF
    example = {"name": "Kitchen light"}
    repeats = frozenset({"off", "false", "0", "deactivate", "disable", "disabled"})

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Turn off."""
        return await _async_switch(caller, arguments, SERVICE_TURN_OFF, _SWITCHABLE - _NOT_OFF)


async def _async_switch(
    caller: Caller, arguments: Arguments, service: str, domains: frozenset[str]
) -> dict[str, Any]:
    data = light_data(arguments) if service == SERVICE_TURN_ON else {}
    targets = by_domain(
        arguments.targets(
            domains, area_means=_IN_AN_AREA, all_means=_EVERYTHING, unsaid=Unsaid.HERE
        )
    )
    calls: list[Call] = []
    unable: dict[str, str] = {}
    for domain, entities in targets.items():
        if domain == LIGHT:
            lights, unable = light_calls(caller, entities, service, data)
            calls += lights
            continue
        if data:
            raise ToolProblemError(
                f"Nothing was done: {entities[0].name} is no light. Pass only its name."
            )
        calls.append(
            Call(
                "homeassistant" if domain == "group" else domain,
                _VACUUM_SERVICES[service] if domain == "vacuum" else service,
                entities,
                {},
            )
        )
    return await async_act(caller, service, calls, unable)


def by_domain(entities: tuple[ExposedEntity, ...]) -> dict[str, tuple[ExposedEntity, ...]]:
    """Sort entities by domain, in their order."""
    sorted_: dict[str, tuple[ExposedEntity, ...]] = {}
    for entity in entities:
        sorted_[entity.domain] = (*sorted_.get(entity.domain, ()), entity)
    return sorted_
