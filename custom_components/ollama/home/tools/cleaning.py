"""Vacuums and lawn mowers."""

from typing import Any, Final, override

from homeassistant.components.lawn_mower import DOMAIN as LAWN_MOWER
from homeassistant.components.vacuum import DOMAIN as VACUUM
from homeassistant.helpers import area_registry as ar
import probatio

from ..acting import Call, async_act
from ..caller import Caller
from ..names import normalized
from ..problem import ToolProblemError
from .base import STEP, Arguments, HomeTool, Unsaid, schema, texts_of
from .switching import by_domain

_SERVICES: Final[dict[str, dict[str, str]]] = {
    VACUUM: {
        "start": "start",
        "stop": "stop",
        "pause": "pause",
        "dock": "return_to_base",
        "locate": "locate",
    },
    LAWN_MOWER: {"start": "start_mowing", "pause": "pause", "stop": "pause", "dock": "dock"},
}

# What models write for the same things.
_SAME: Final = {
    "clean": "start",
    "clean_area": "start",
    "vacuum": "start",
    "start_mowing": "start",
    "mow": "start",
    "resume": "start",
    "on": "start",
    "turn_on": "start",
    "return": "dock",
    "return_to_base": "dock",
    "return_home": "dock",
    "home": "dock",
    "base": "dock",
    "off": "dock",
    "turn_off": "dock",
    "find": "locate",
}


class Vacuum(HomeTool):
    """Starts and stops a robot."""

    name = "vacuum"
    description = "Start, pause, stop or dock a robot vacuum or a lawn mower."
    parameters = schema(
        {
            probatio.Optional("name"): str,
            probatio.Optional("area", description="Room to clean"): str,
            probatio.Required("action"): probatio.In(list(_SERVICES[VACUUM])),
        }
    )
    annotations = STEP
    needs_domains = frozenset(_SERVICES)
    example = {"name": "Robot", "action": "start"}
    takes = {
        # The area says where to clean, not where the robot lives.
        "rooms": ("area", "areas", "area_id", "area_name", "room", "location"),
        "action": ("command", "state", "service"),
    }

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Do it; rooms to clean are given to a vacuum that knows its rooms."""
        arguments.required("action")
        action = arguments.choice("action", _SERVICES[VACUUM], _SAME) or ""
        rooms = texts_of(arguments.get("rooms"))
        area_ids = [_area_id(caller, room) for room in rooms]
        targets = arguments.targets(
            (VACUUM,) if rooms else tuple(_SERVICES), unsaid=Unsaid.ONLY, each_named=True
        )
        if area_ids and action == "start":
            data = {"cleaning_area_id": area_ids}
            return await async_act(
                caller, "vacuum_start", [Call(VACUUM, "clean_area", targets, data)]
            )
        calls: list[Call] = []
        for domain, entities in by_domain(targets).items():
            if (service := _SERVICES[domain].get(action)) is None:
                raise ToolProblemError(
                    f"Nothing was done: {entities[0].name} has no action {action!r}.",
                    options=list(_SERVICES[domain]),
                )
            calls.append(Call(domain, service, entities, {}))
        return await async_act(caller, f"vacuum_{action}", calls)


def _area_id(caller: Caller, written: str) -> str:
    """Return the id of a room by its name; a vacuum cleans rooms without devices too."""
    wanted = normalized(written)
    areas = ar.async_get(caller.hass).async_list_areas()
    for area in areas:
        if wanted in {normalized(name) for name in (area.id, area.name, *area.aliases)}:
            return area.id
    here = caller.here
    if here is not None and wanted in ("here", "room", "this room"):
        return here
    raise ToolProblemError(
        f"Nothing was done: there is no area {written!r}.", areas=[area.name for area in areas]
    )
