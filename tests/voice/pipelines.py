"""Pipelines of real Wyoming servers, an agent of ours, and what they went through."""

from typing import Any

from homeassistant.components.assist_pipeline import Pipeline
from homeassistant.components.assist_pipeline.runtime import KEY_ASSIST_PIPELINE
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from speech import SpeechServer

from ..common import AGENT


async def add_wyoming(hass: HomeAssistant, server: SpeechServer) -> str:
    """Set a speech server up in Home Assistant; return the id of its entity."""
    host, port = server.place
    entry = MockConfigEntry(
        domain="wyoming", title="Speech", data={CONF_HOST: host, CONF_PORT: port}
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    (entity,) = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return entity.entity_id


async def add_pipeline(
    hass: HomeAssistant, hears: SpeechServer, speaks: SpeechServer, **changes: Any
) -> Pipeline:
    """Set up two speech servers, and a pipeline between them and our agent."""
    assert await async_setup_component(hass, "assist_pipeline", {})
    return await hass.data[KEY_ASSIST_PIPELINE].pipeline_store.async_create_item(
        {
            "name": "Voice",
            "language": "en",
            "conversation_engine": AGENT,
            "conversation_language": "*",
            "stt_engine": await add_wyoming(hass, hears),
            "stt_language": "en",
            "tts_engine": await add_wyoming(hass, speaks),
            "tts_language": "en_US",
            "tts_voice": None,
            "wake_word_entity": None,
            "wake_word_id": None,
            **changes,
        }
    )
