"""Freeing the server's memory, and trying out voice pipelines."""

from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import OllamaServerEntity
from .managing import async_unload_all
from .runtime import OllamaConfigEntry
from .voice.entities import voice_buttons

PARALLEL_UPDATES = 1

UNLOAD_MODELS = ButtonEntityDescription(key="unload_models")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OllamaConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the button of a server, and those of its voice pipelines."""
    async_add_entities([UnloadButton(entry, UNLOAD_MODELS)])
    runtime = entry.runtime_data
    for subentry_id, health in runtime.voices.items():
        async_add_entities(
            voice_buttons(hass, health, runtime.device_id), config_subentry_id=subentry_id
        )


class UnloadButton(OllamaServerEntity, ButtonEntity):
    """Takes all models out of memory."""

    @override
    async def async_press(self) -> None:
        """Unload them. Raises HomeAssistantError, translated."""
        await async_unload_all(self._entry)
