"""What of the home is exposed to an assistant, kept until it changes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components.homeassistant.exposed_entities import async_listen_entity_updates
from homeassistant.const import ATTR_DEVICE_CLASS, ATTR_FRIENDLY_NAME, EVENT_STATE_CHANGED
from homeassistant.core import callback
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from .records import Area, ExposedEntity, Floor, Inventory, Label
from .snapshot import Snapshot, take_snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.core import (
        CALLBACK_TYPE,
        Event,
        EventStateChangedData,
        HomeAssistant,
    )

__all__ = [
    "Area",
    "ExposedEntity",
    "Floor",
    "Inventory",
    "InventoryCache",
    "Label",
    "async_close_inventory_cache",
    "async_get_inventory",
    "async_get_inventory_cache",
    "async_prepare_inventory",
]

DEFAULT_ASSISTANT: Final = "conversation"
_DATA_CACHE: HassKey[InventoryCache] = HassKey(f"{DOMAIN}_inventory")
# What of a device neither names it nor places it.
_OF_NO_INTEREST_IN_DEVICES: Final = frozenset({
    "config_entries", "config_entries_subentries", "configuration_url", "connections",
    "disabled_by", "entry_type", "hw_version", "identifiers", "manufacturer", "model",
    "model_id", "primary_config_entry", "serial_number", "sw_version", "via_device_id",
})  # fmt: skip
# What of an entity's registry entry neither names it nor places it nor exposes it.
_OF_NO_INTEREST: Final = frozenset({
    "calculated_object_id", "capabilities", "categories", "config_entry_id",
    "config_subentry_id", "icon", "original_icon", "previous_unique_id", "suggested_object_id",
    "supported_features", "translation_key", "unique_id", "unit_of_measurement",
})  # fmt: skip


class InventoryCache:
    """Keeps one inventory for each assistant until something in it changes.

    Costs nothing but two comparisons of identity on an ordinary change of a state.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen for what may change an inventory."""
        self._hass = hass
        self._inventories: dict[str, Inventory] = {}
        self._stale: set[str] = set()
        self._version = 0
        self._changes = 0
        self._building = asyncio.Lock()
        self._is_looking = False
        self._listeners: list[CALLBACK_TYPE] = []
        self._exposure: dict[str, CALLBACK_TYPE] = {}
        bus = hass.bus
        self._unsubscribe: list[CALLBACK_TYPE] = [
            bus.async_listen(EVENT_STATE_CHANGED, self._async_changed, _is_other_entity),
            bus.async_listen(
                er.EVENT_ENTITY_REGISTRY_UPDATED, self._async_changed, self._is_entity_changed
            ),
            bus.async_listen(
                dr.EVENT_DEVICE_REGISTRY_UPDATED, self._async_changed, _is_device_changed
            ),
            bus.async_listen(ar.EVENT_AREA_REGISTRY_UPDATED, self._async_changed),
            bus.async_listen(fr.EVENT_FLOOR_REGISTRY_UPDATED, self._async_changed),
            bus.async_listen(lr.EVENT_LABEL_REGISTRY_UPDATED, self._async_changed),
        ]

    @callback
    def async_get(self, assistant: str | None = None) -> Inventory:
        """Return what is exposed to an assistant; built when it is asked for."""
        assistant = assistant or DEFAULT_ASSISTANT
        if (known := self._fresh(assistant)) is not None:
            return known
        return self._keep(assistant, self._look(assistant).build())

    async def async_prepare(self, assistant: str | None = None) -> Inventory:
        """Return the same as `async_get`, but take the names apart outside of the event loop.

        For the first time, which takes a large home some tenths of a second. Who asks at the
        same time waits for the same answer, and has it in the order of asking.
        """
        assistant = assistant or DEFAULT_ASSISTANT
        async with self._building:
            if (known := self._fresh(assistant)) is not None:
                return known
            snapshot = self._look(assistant)
            changes = self._changes
            built = await self._hass.async_add_executor_job(snapshot.build)
            if changes != self._changes or self._fresh(assistant) is not None:
                return self.async_get(assistant)
            return self._keep(assistant, built)

    def _fresh(self, assistant: str) -> Inventory | None:
        return None if assistant in self._stale else self._inventories.get(assistant)

    def _look(self, assistant: str) -> Snapshot:
        if assistant not in self._exposure:
            self._exposure[assistant] = async_listen_entity_updates(
                self._hass, assistant, self._async_invalidate
            )
        # The first look at an entity writes its default exposure into the registry, which
        # is no news to us.
        self._is_looking = True
        try:
            return take_snapshot(self._hass, assistant)
        finally:
            self._is_looking = False

    def _keep(self, assistant: str, built: Inventory) -> Inventory:
        known = self._inventories.get(assistant)
        self._stale.discard(assistant)
        if known is not None and _is_same(known, built):
            # Only what is hidden has changed: what a prompt was made of stays the same.
            built = replace(built, version=known.version)
        else:
            self._version += 1
            built = replace(built, version=self._version)
        self._inventories[assistant] = built
        return built

    @callback
    def async_listen(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener at each change that an inventory which was read may show."""
        self._listeners.append(listener)

        @callback
        def unsubscribe() -> None:
            self._listeners.remove(listener)

        return unsubscribe

    @callback
    def async_close(self) -> None:
        """Stop listening; inventories that were given out stay valid as they are."""
        for unsubscribe in (*self._unsubscribe, *self._exposure.values()):
            unsubscribe()
        self._unsubscribe.clear()
        self._exposure.clear()
        self._inventories.clear()
        self._stale.clear()

    @callback
    def _async_changed(self, event: Event[Any]) -> None:
        self._async_invalidate()

    @callback
    def _async_invalidate(self) -> None:
        if self._is_looking:
            return
        self._changes += 1
        if not self._inventories:
            return
        self._stale |= self._inventories.keys()
        for listener in list(self._listeners):
            listener()

    @callback
    def _is_entity_changed(self, data: er.EventEntityRegistryUpdatedData) -> bool:
        if self._is_looking:
            return False
        if data["action"] != "update":
            return True
        changes = set(data["changes"]) - _OF_NO_INTEREST
        if changes != {"options"}:
            return bool(changes)
        entry = er.async_get(self._hass).async_get(data["entity_id"])
        before: Mapping[str, Any] = data["changes"]["options"]
        return entry is None or any(
            before.get(assistant) != entry.options.get(assistant) for assistant in self._exposure
        )


@callback
def _is_other_entity(data: EventStateChangedData) -> bool:
    """Whether a state came, went, or is called or classed otherwise than before."""
    old, new = data["old_state"], data["new_state"]
    if old is None or new is None:
        return True
    before, after = old.attributes, new.attributes
    if before is after:
        return False
    return before.get(ATTR_FRIENDLY_NAME) != after.get(ATTR_FRIENDLY_NAME) or before.get(
        ATTR_DEVICE_CLASS
    ) != after.get(ATTR_DEVICE_CLASS)


@callback
def _is_device_changed(data: dr.EventDeviceRegistryUpdatedData) -> bool:
    """Whether a device came, went, was renamed or moved."""
    if data["action"] != "update":
        return True
    return bool(set(data["changes"]) - _OF_NO_INTEREST_IN_DEVICES)


def _is_same(one: Inventory, other: Inventory) -> bool:
    return (one.entities, one.areas, one.floors, one.labels) == (
        other.entities, other.areas, other.floors, other.labels
    )  # fmt: skip


@callback
def async_get_inventory_cache(hass: HomeAssistant) -> InventoryCache:
    """Return Home Assistant's cache of inventories; made when it is first asked for."""
    if (cache := hass.data.get(_DATA_CACHE)) is None:
        cache = hass.data[_DATA_CACHE] = InventoryCache(hass)
    return cache


@callback
def async_get_inventory(hass: HomeAssistant, assistant: str | None = None) -> Inventory:
    """Return what is exposed to an assistant now."""
    return async_get_inventory_cache(hass).async_get(assistant)


async def async_prepare_inventory(hass: HomeAssistant, assistant: str | None = None) -> Inventory:
    """Return what is exposed to an assistant now; for the first time, and in coroutines."""
    return await async_get_inventory_cache(hass).async_prepare(assistant)


@callback
def async_close_inventory_cache(hass: HomeAssistant) -> None:
    """Stop the cache, when the integration's last entry is unloaded."""
    if (cache := hass.data.pop(_DATA_CACHE, None)) is not None:
        cache.async_close()
