"""Several runs of Home Assistant on one disk: some load core's ollama, others this one.

A disk is a dictionary of what Home Assistant keeps in `.storage`. Each run reads it as a
real start does and writes it as a real stop does, so that what one integration leaves is
exactly what the other one finds.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import Any
from unittest.mock import patch

from pytest_homeassistant_custom_component.common import async_test_home_assistant, mock_storage

from custom_components.ollama.config_flow import OllamaConfigFlow
from custom_components.ollama.const import DATA_TIME_LIMITS, DOMAIN
from homeassistant import bootstrap, core, loader
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.components.ollama.config_flow import OllamaConfigFlow as CoreConfigFlow
from homeassistant.config_entries import HANDLERS, ConfigEntryState
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import area_registry as ar, entity_registry as er, translation
from homeassistant.setup import async_setup_component

# Both flows register themselves under the same name, in a table of the whole process:
# whichever was imported last would run in every test.
HANDLERS[DOMAIN] = OllamaConfigFlow

type Disk = dict[str, Any]

LIGHT = "light.kitchen_light"


class Ollama(Enum):
    """Which ollama a run has."""

    NONE = auto()
    """None is loaded: a run to prepare a disk."""
    CORE = auto()
    """Core's, because this one is not installed, not yet or not any more."""
    CORE_SAFE_MODE = auto()
    """Core's, because Home Assistant was started in safe mode."""
    OURS = auto()

    @property
    def is_core(self) -> bool:
        """Whether core's integration is loaded."""
        return self in (Ollama.CORE, Ollama.CORE_SAFE_MODE)


@asynccontextmanager
async def home(disk: Disk, which: Ollama, config_dir: str) -> AsyncGenerator[HomeAssistant]:
    """Run Home Assistant on a disk, with a light in the kitchen; stop it at the end."""
    outer = core.async_get_hass_or_none()
    flow = CoreConfigFlow if which.is_core else OllamaConfigFlow
    with mock_storage(disk), patch.dict(HANDLERS, {DOMAIN: flow}):
        async with async_test_home_assistant(load_registries=False, config_dir=config_dir) as hass:
            try:
                await _async_start(hass, which)
                yield hass
            finally:
                await _async_stop(hass)
                core._hass.hass = outer


async def _async_start(hass: HomeAssistant, which: Ollama) -> None:
    if outer := core.async_get_hass_or_none():
        hass.data[DATA_TIME_LIMITS] = outer.data.get(DATA_TIME_LIMITS)
    hass.config.safe_mode = which is Ollama.CORE_SAFE_MODE
    if which is not Ollama.CORE:
        # Let the loader look for custom integrations. The test plugin has put the empty
        # result there, as it is where none is installed.
        del hass.data[loader.DATA_CUSTOM_COMPONENTS]
    assert await bootstrap.async_load_base_functionality(hass)
    # The plugin shares texts among all tests, by domain.
    cache = hass.data[translation.TRANSLATION_FLATTEN_CACHE]
    cache.cache_data = type(cache.cache_data)({}, {})
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, component, {})
    await _async_add_light(hass)
    if which is Ollama.NONE:
        return
    integration = await loader.async_get_integration(hass, DOMAIN)
    assert integration.is_built_in is which.is_core
    await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()


async def _async_add_light(hass: HomeAssistant) -> None:
    """Add an exposed light that really switches."""
    switch = {"target": {"entity_id": "input_boolean.lamp"}}
    light = {
        "name": "Kitchen light",
        "unique_id": "kitchen_light",
        "state": "{{ is_state('input_boolean.lamp', 'on') }}",
        "turn_on": {"action": "input_boolean.turn_on", **switch},
        "turn_off": {"action": "input_boolean.turn_off", **switch},
    }
    lamp = {"lamp": {"initial": False}}
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": lamp})
    assert await async_setup_component(hass, "template", {"template": {"light": light}})
    await hass.async_block_till_done()
    kitchen = ar.async_get(hass).async_get_or_create("Kitchen")
    er.async_get(hass).async_update_entity(LIGHT, area_id=kitchen.id)
    async_expose_entity(hass, "conversation", LIGHT, True)


async def _async_stop(hass: HomeAssistant) -> None:
    for entry in hass.config_entries.async_entries():
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_stop(force=True)
