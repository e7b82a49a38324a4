"""What entities have in common: those of an agent, and those of a server."""

from typing import override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_MODEL
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .agent import AgentSettings
from .agents import Agent
from .const import DOMAIN, MANUFACTURER
from .coordinator import OllamaCoordinator
from .runtime import OllamaConfigEntry
from .server import QueryResult


class OllamaAgentEntity(Entity):
    """An agent or an AI task: one subentry, one device, one entity.

    Unique id and identifiers are core's, so that ids and history stay when one
    integration takes the other's place.
    """

    _attr_has_entity_name = True
    _attr_name = None

    def __init__(self, entry: OllamaConfigEntry, subentry: ConfigSubentry) -> None:
        """Read the subentry.

        The runtime is kept: a turn that is under way ends with it when the entry reloads.
        """
        self._entry = entry
        self._runtime = entry.runtime_data
        self._settings = AgentSettings.from_data(subentry.data)
        self._attr_unique_id = self._subentry_id = subentry.subentry_id
        name, _, tag = subentry.data[CONF_MODEL].partition(":")
        self._attr_device_info = dr.DeviceInfo(
            identifiers={(DOMAIN, subentry.subentry_id)},
            name=subentry.title,
            manufacturer=MANUFACTURER,
            model=name,
            sw_version=tag or "latest",
            entry_type=dr.DeviceEntryType.SERVICE,
            via_device_id=entry.runtime_data.device_id,
        )

    @property
    def _agent(self) -> Agent:
        """What asks the model."""
        return Agent(
            self.hass,
            self._entry,
            self._runtime,
            self._subentry_id,
            self.entity_id,
            self._settings,
        )


class OllamaServerEntity(CoordinatorEntity[OllamaCoordinator]):
    """An entity of the server's device."""

    _attr_has_entity_name = True

    def __init__(self, entry: OllamaConfigEntry, description: EntityDescription) -> None:
        """Take what it is."""
        super().__init__(entry.runtime_data.coordinator)
        self.entity_description = description
        self._entry = entry
        self._runtime = entry.runtime_data
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = dr.DeviceInfo(identifiers={(DOMAIN, entry.entry_id)})

    @override
    async def async_update(self) -> None:
        """Ask the server for everything: somebody wants to know it now."""
        self.coordinator.async_ask_all_next()
        await super().async_update()


class OllamaUsageEntity(OllamaServerEntity):
    """An entity that shows what was asked of the server, also while that is away."""

    @property
    @override
    def available(self) -> bool:
        """Always: its figures are kept here."""
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the counters."""
        await super().async_added_to_hass()
        usage = self._runtime.records.usage
        self.async_on_remove(usage.listen(self._handle_result))

    @callback
    def _handle_result(self, _: QueryResult | None) -> None:
        self.async_write_ha_state()
