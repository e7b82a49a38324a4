"""Adding a voice pipeline to a home, as its owner does."""

from typing import Any

from homeassistant.components.assist_pipeline import Pipeline
from homeassistant.components.assist_pipeline.pipeline import PipelineStorageCollection
from homeassistant.components.assist_pipeline.runtime import KEY_ASSIST_PIPELINE
from homeassistant.components.wyoming.config_flow import WyomingConfigFlow
from homeassistant.config_entries import HANDLERS, ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.ollama.flows import voice_servers
from speech import ScriptedRecogniser, SpeechServer, ToneSpeaker

from ..flows.helpers import Dialog, add_agent, change_agent

KIND = "voice_pipeline"

# A flow registers itself when it is first imported, in a table of the whole process, and some
# tests put that table back to what it was.
HANDLERS["wyoming"] = WyomingConfigFlow


@pytest.fixture(autouse=True)
def no_likely_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the dialog from looking for servers on this machine and by name."""
    monkeypatch.setattr(voice_servers, "_likely", lambda entry: [])


def address(server: SpeechServer) -> str:
    """Return where a server listens, as people write it."""
    return f"{server.place.host}:{server.place.port}"


async def open_voice(hass: HomeAssistant, entry: ConfigEntry) -> Dialog:
    """Open the dialog that adds a voice pipeline."""
    return await add_agent(hass, entry, KIND)


async def change_voice(hass: HomeAssistant, entry: ConfigEntry) -> Dialog:
    """Open the dialog that changes the voice pipeline."""
    return await change_agent(hass, entry, KIND)


async def add_voice(
    hass: HomeAssistant,
    entry: ConfigEntry,
    whisper: ScriptedRecogniser,
    piper: ToneSpeaker,
    *,
    language: str = "en-US",
    **more: Any,
) -> ConfigSubentry:
    """Add a voice pipeline, with what is suggested where nothing else is asked for."""
    dialog = await open_voice(hass, entry)
    await dialog.submit(stt=address(whisper), tts=address(piper))
    await dialog.submit(language=language)
    await dialog.submit(**more)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY, dialog.result
    await settled(hass)
    return the_voice(entry)


async def settled(hass: HomeAssistant) -> None:
    """Wait until all that was begun has ended."""
    await hass.async_block_till_done(wait_background_tasks=True)


def the_voice(entry: ConfigEntry) -> ConfigSubentry:
    [subentry] = entry.get_subentries_of_type(KIND)
    return subentry


def store(hass: HomeAssistant) -> PipelineStorageCollection:
    return hass.data[KEY_ASSIST_PIPELINE].pipeline_store


def pipeline_of(hass: HomeAssistant, entry: ConfigEntry) -> Pipeline:
    """Return the pipeline that was made."""
    return store(hass).data[the_voice(entry).data["pipeline"]]


def wyoming(hass: HomeAssistant) -> list[ConfigEntry]:
    return hass.config_entries.async_entries("wyoming")
