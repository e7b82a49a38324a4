"""Finding devices of a home that is too large for the prompt."""

from typing import Any, Final, override

from homeassistant.core import HomeAssistant
import probatio

from ..caller import Caller
from ..inventory import ExposedEntity, Inventory
from ..names import normalized, stem
from ..problem import ToolProblemError
from ..things import things_named
from .base import READ, Arguments, HomeTool, schema
from .listed import domains_of, kind_of

_MOST: Final = 30
_MOST_AREAS: Final = 60


class FindDevices(HomeTool):
    """Lists devices by words, area or kind."""

    name = "find_devices"
    description = "Find devices by words of their name, by area or by kind. Use it first."
    parameters = schema(
        {
            probatio.Optional("query"): str,
            probatio.Optional("area"): str,
            probatio.Optional("kind"): str,
        }
    )
    annotations = READ
    example = {"area": "Kitchen", "kind": "light"}
    takes = {
        "query": ("name", "names", "device", "device_name", "search", "entity", "entity_id"),
        "area": ("room", "area_id", "area_name", "location", "floor", "floor_id"),
        "kind": ("domain", "type", "device_type", "device_class"),
    }
    aims = False

    @classmethod
    @override
    def is_useful(cls, hass: HomeAssistant, inventory: Inventory) -> bool:
        """Offered by the API itself, where the home doesn't fit the prompt."""
        return False

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Return names with area and kind, best first."""
        inventory = arguments.inventory
        words = _words(arguments.text("query"))
        area = _words(arguments.text("area"))
        kind = arguments.text("kind")
        scored: list[tuple[int, ExposedEntity]] = []
        for entity in inventory.entities:
            if area and not area <= _words(f"{entity.area_name or ''} {entity.floor_name or ''}"):
                continue
            if kind and not _is_of_kind(entity, kind, inventory):
                continue
            text = " ".join((*entity.names, entity.area_name or "", kind_of(entity.domain)))
            hits = len(words & _words(text))
            if words and not hits:
                continue
            scored.append((-hits, entity))
        if not scored:
            raise ToolProblemError(
                "Nothing like that is here. Try other words, or only an area.",
                areas=[area.name for area in inventory.areas[:_MOST_AREAS]],
            )
        scored.sort(key=lambda item: item[0])
        result: dict[str, Any] = {
            "devices": [
                {"name": entity.name, "kind": kind_of(entity.domain)}
                | ({"area": entity.area_name} if entity.area_name else {})
                for _, entity in scored[:_MOST]
            ]
        }
        if len(scored) > _MOST:
            result["left_out"] = len(scored) - _MOST
        return result


def _words(text: str | None) -> set[str]:
    """Return the words of a text, lights as light."""
    return {stem(word) for word in normalized(text or "").split()}


def _is_of_kind(entity: ExposedEntity, kind: str, inventory: Inventory) -> bool:
    word = kind.strip().lower().replace(" ", "_")
    if entity.domain in domains_of(word, inventory.domains):
        return True
    return any(thing.includes(entity) for thing in things_named(kind))
