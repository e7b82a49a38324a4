"""Reads an inventory out of Home Assistant's registries and states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.const import ATTR_DEVICE_CLASS
from homeassistant.core import callback
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    intent,
    label_registry as lr,
)

from .records import Area, ExposedEntity, Floor, Inventory, Label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from homeassistant.core import HomeAssistant, State


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What Home Assistant says, not yet made searchable."""

    exposed: tuple[ExposedEntity, ...]
    hidden: tuple[ExposedEntity, ...]
    areas: tuple[Area, ...]
    floors: tuple[Floor, ...]

    def build(self) -> Inventory:
        """Return the inventory; may run in any thread."""
        return Inventory.build(
            self.exposed, areas=self.areas, floors=self.floors, hidden=self.hidden
        )


@callback
def take_snapshot(hass: HomeAssistant, assistant: str) -> Snapshot:
    """Return what is exposed to an assistant.

    As in Home Assistant itself, what has no state isn't there; an entity without an area
    of its own is where its device is.
    """
    reader = _Reader(hass)
    exposed: list[ExposedEntity] = []
    hidden: list[ExposedEntity] = []
    for state in hass.states.async_all():
        is_exposed = async_should_expose(hass, assistant, state.entity_id)
        (exposed if is_exposed else hidden).append(reader.entity(state))
    return Snapshot(
        tuple(exposed), tuple(hidden), tuple(reader.areas.values()), tuple(reader.floors.values())
    )


class _Reader:
    """Registries, looked up once for all entities."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._entities = er.async_get(hass)
        self._devices = dr.async_get(hass)
        self._labels = {
            label.label_id: Label(label.label_id, label.name)
            for label in lr.async_get(hass).async_list_labels()
        }
        self.floors = {
            floor.floor_id: Floor(floor.floor_id, _names(floor.name, floor.aliases), floor.level)
            for floor in fr.async_get(hass).async_list_floors()
        }
        self.areas: dict[str, Area] = {}
        self._area_labels: dict[str, set[str]] = {}
        for area in ar.async_get(hass).async_list_areas():
            self.areas[area.id] = Area(area.id, _names(area.name, area.aliases), area.floor_id)
            self._area_labels[area.id] = area.labels

    def entity(self, state: State) -> ExposedEntity:
        """Return the record of an entity."""
        entry = self._entities.async_get(state.entity_id)
        device = self._devices.async_get(entry.device_id) if entry and entry.device_id else None
        area_id = entry.area_id if entry else None
        if area_id is None and device is not None:
            area_id = dr.async_get_effective_area_id(self._hass, device)
        area = self.areas.get(area_id) if area_id else None
        floor = self.floors.get(area.floor_id) if area and area.floor_id else None
        # The order is the user's: the first alias is the one to say.
        called = str(state.name).strip()  # what an integration writes may be no text
        aliases = (
            intent.async_get_entity_aliases(self._hass, entry, state=state) if entry else [called]
        )
        names = tuple(dict.fromkeys(name for name in aliases if name.strip()))
        device_class = state.attributes.get(ATTR_DEVICE_CLASS)
        label_ids = {
            *(entry.labels if entry else ()),
            *(device.labels if device else ()),
            *(self._area_labels.get(area.area_id, ()) if area else ()),
        }
        return ExposedEntity(
            entity_id=state.entity_id,
            domain=state.domain,
            names=names or (called or state.entity_id,),
            area_id=area.area_id if area else None,
            area_name=area.name if area else None,
            floor_id=floor.floor_id if floor else None,
            floor_name=floor.name if floor else None,
            labels=tuple(
                self._labels[label_id] for label_id in sorted(label_ids) if label_id in self._labels
            ),
            device_class=str(device_class) if device_class else None,
            device_id=device.id if device else None,
            device_name=(device.name_by_user or device.name) if device else None,
        )


def _names(name: str, aliases: Iterable[str]) -> tuple[str, ...]:
    """Return a name with its aliases; blank ones, which old versions kept, are none."""
    others = sorted(alias.strip() for alias in aliases if alias.strip())
    return tuple(dict.fromkeys((name, *others)))
