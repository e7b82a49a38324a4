"""Whether a server can be reached, and those that hear and speak."""

from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import OllamaServerEntity
from .runtime import OllamaConfigEntry
from .voice.entities import STATUSES, PartStatus

PARALLEL_UPDATES = 0

STATUS = BinarySensorEntityDescription(
    key="status",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OllamaConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the connectivity of a server, and of those of its voice pipelines."""
    async_add_entities([StatusSensor(entry, STATUS)])
    runtime = entry.runtime_data
    for subentry_id, health in runtime.voices.items():
        async_add_entities(
            [PartStatus(health, description, runtime.device_id) for description in STATUSES],
            config_subentry_id=subentry_id,
        )


class StatusSensor(OllamaServerEntity, BinarySensorEntity):
    """Whether the server answers."""

    @property
    @override
    def available(self) -> bool:
        """Always: that the server is away is just what this shows."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the last question was answered."""
        return self.coordinator.last_update_success
