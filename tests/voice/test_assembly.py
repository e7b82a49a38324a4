"""Pipelines are put together, changed and removed; nobody else's is touched."""

import socket
from typing import Any
from unittest.mock import Mock

from homeassistant.components.assist_pipeline import async_update_pipeline
from homeassistant.components.assist_pipeline.runtime import KEY_ASSIST_PIPELINE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from wyoming.event import Event

from custom_components.ollama.runtime import time_limits
from custom_components.ollama.voice.assembly import (
    AssemblyError,
    async_build,
    async_known_entry,
    async_remove,
    async_wyoming_entry,
)
from custom_components.ollama.voice.found import entity_of
from custom_components.ollama.voice.probe import async_probe
from custom_components.ollama.voice.records import Part, Place
from custom_components.ollama.voice.settings import VoiceSettings
from speech import ScriptedRecogniser, ScriptedWaker, SpeakerVoice, SpeechServer, ToneSpeaker

from ..common import AGENT, options_of
from ..flows.conftest import _our_flow  # noqa: F401 -- a fixture
from .homes import (
    add_voice,
    no_likely_places,  # noqa: F401 -- a fixture
    pipeline_of,
    settled,
    store,
    the_voice,
    wyoming,
)
from .pipelines import add_wyoming


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Let the delayed save of a registry outlive a test."""
    return True


@pytest.fixture(autouse=True)
async def _pipelines(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "assist_pipeline", {})


def place(server: SpeechServer) -> Place:
    return Place(*server.place)


def settings(whisper: SpeechServer, piper: SpeechServer, **more: Any) -> VoiceSettings:
    values = {"language": "en-US", "voice": None, "agent": "1", **more}
    return VoiceSettings(stt=place(whisper), tts=place(piper), **values)


async def failure(hass: HomeAssistant, *build: Any) -> str:
    with pytest.raises(AssemblyError) as caught:
        await async_build(hass, *build)
    assert len(store(hass).data) == 1
    return str(caught.value.translation_key)


# Entries of Home Assistant's own integration


async def test_entry_is_made_once(hass: HomeAssistant, whisper: ScriptedRecogniser):
    entry = await async_wyoming_entry(hass, place(whisper))
    assert entry.title == "faster-whisper"
    assert await async_wyoming_entry(hass, place(whisper)) is entry
    assert entity_of(hass, entry, Part.STT) == "stt.faster_whisper"
    assert entity_of(hass, entry, Part.TTS) is None


@pytest.mark.parametrize("host", ["Speech.Local", "127.0.0.1"])
async def test_host_written_otherwise(
    hass: HomeAssistant,
    whisper: ScriptedRecogniser,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
):
    numeric = socket.getaddrinfo

    def look_up(name: Any, *args: Any, **kwargs: Any) -> Any:
        if name == "elsewhere.local":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return numeric("127.0.0.1" if name.lower() == "speech.local" else name, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    port = whisper.place.port
    MockConfigEntry(domain="wyoming", data={"host": "elsewhere.local", "port": port}).add_to_hass(
        hass
    )
    known = MockConfigEntry(domain="wyoming", data={"host": host, "port": port})
    known.add_to_hass(hass)
    for written in ("speech.local", "127.0.0.1"):
        found = await async_known_entry(hass, Place(written, port))
        assert found is known
    assert await async_known_entry(hass, Place("elsewhere.local", port)) is not known
    assert await async_known_entry(hass, Place("127.0.0.1", port + 1)) is None


async def test_entry_that_waited_for_its_server(hass: HomeAssistant, piper, whisper):
    """It was away when Home Assistant started, and is asked again at once."""
    await add_wyoming(hass, whisper)
    [entry] = wyoming(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await async_build(hass, settings(whisper, piper), AGENT, "Voice")


async def test_nothing_listens_any_more(hass: HomeAssistant, whisper, piper, monkeypatch):
    monkeypatch.setattr("homeassistant.components.wyoming.data._INFO_RETRIES", 0)
    monkeypatch.setattr(
        "homeassistant.components.wyoming.config_flow.WyomingService.create", _nothing
    )
    key = await failure(hass, settings(whisper, piper), AGENT, "Voice")
    assert key == "voice_server_not_added"
    assert not hass.config_entries.flow.async_progress()


async def _nothing(*_: Any) -> None:
    return None


class OddRecogniser(ScriptedRecogniser):
    """Leaves out what nobody needs, and Home Assistant's own integration can't do without."""

    def info(self) -> Any:
        program = {"name": "odd", "installed": True}
        model = {"name": "base", "installed": True, "languages": ["en"]}
        described = Mock()
        described.event.return_value = Event("info", {"asr": [{**program, "models": [model]}]})
        return described


async def test_server_that_describes_itself_oddly(hass: HomeAssistant, piper):
    """It is understood here, and not there: a sentence, and no raw exception."""
    async with OddRecogniser() as whisper:
        assert await async_probe(place(whisper), time_limits(hass))
        key = await failure(hass, settings(whisper, piper), AGENT, "Voice")
    assert key == "voice_server_not_added"
    assert not hass.config_entries.flow.async_progress()


async def test_entity_that_is_disabled(hass: HomeAssistant, whisper, piper):
    entity_id = await add_wyoming(hass, whisper)
    er.async_get(hass).async_update_entity(entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    key = await failure(hass, settings(whisper, piper), AGENT, "Voice")
    assert key == "voice_server_not_loaded"


# Building


async def test_language_that_is_gone(hass: HomeAssistant, whisper, piper):
    key = await failure(hass, settings(whisper, piper, language="ja"), AGENT, "Voice")
    assert key == "voice_language_unknown"


async def test_languages_as_the_servers_write_them(hass: HomeAssistant, entry):
    """A run refuses any other spelling."""
    voices = [SpeakerVoice("x", ("zh-cn",)), SpeakerVoice("y", ("zh_TW", "en"))]
    async with (
        ScriptedRecogniser(languages=("zh", "en_gb")) as whisper,
        ToneSpeaker(voices=voices) as piper,
    ):
        chosen = settings(whisper, piper, language="zh-TW", voice="y")
        made = store(hass).data[await async_build(hass, chosen, AGENT, "Voice")]
        assert (made.language, made.stt_language, made.tts_language) == ("zh", "zh", "zh_TW")
        chosen = settings(whisper, piper, language="en-GB", voice="y", pipeline=made.id)
        assert await async_build(hass, chosen, AGENT, "Voice") == made.id
        changed = store(hass).data[made.id]
        assert (changed.stt_language, changed.tts_language) == ("en_gb", "en")


async def test_wake_word_goes_with_its_server(
    hass: HomeAssistant, entry, whisper, piper, waker: ScriptedWaker
):
    chosen = settings(whisper, piper, wake=place(waker), wake_word="hey_jarvis")
    made = store(hass).data[await async_build(hass, chosen, AGENT, "Voice")]
    assert (made.wake_word_entity, made.wake_word_id) == ("wake_word.openwakeword", "hey_jarvis")
    chosen = settings(whisper, piper, wake_word="hey_jarvis", pipeline=made.id)
    await async_build(hass, chosen, AGENT, "Voice")
    changed = store(hass).data[made.id]
    assert (changed.wake_word_entity, changed.wake_word_id) == (None, None)


# Removing


async def test_removed_with_its_subentry(hass: HomeAssistant, entry, whisper, piper):
    """And nothing else: not the speech servers, nor a pipeline that somebody made by hand."""
    await add_voice(hass, entry, whisper, piper)
    made = pipeline_of(hass, entry)
    by_hand = await store(hass).async_create_item(
        {key: value for key, value in made.to_json().items() if key != "id"}
    )
    subentry = the_voice(entry)
    hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    await settled(hass)
    assert made.id not in store(hass).data
    assert by_hand.id in store(hass).data
    assert len(wyoming(hass)) == 2
    assert options_of(entry) == {}
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert len(devices) == 3  # the server, the agent, the task
    assert not [state for state in hass.states.async_all() if "ollama_voice" in state.entity_id]


async def test_removed_with_its_server(hass: HomeAssistant, entry, whisper, piper):
    await add_voice(hass, entry, whisper, piper)
    made = pipeline_of(hass, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    await settled(hass)
    assert made.id not in store(hass).data
    assert len(wyoming(hass)) == 2


async def test_removed_while_the_entry_was_not_loaded(hass: HomeAssistant, entry, whisper, piper):
    """As core's integration would, which knows nothing of pipelines."""
    await add_voice(hass, entry, whisper, piper)
    made = pipeline_of(hass, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_remove_subentry(entry, the_voice(entry).subentry_id)
    assert made.id in store(hass).data
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    assert made.id not in store(hass).data


async def test_unloading_removes_nothing(hass: HomeAssistant, entry, whisper, piper):
    await add_voice(hass, entry, whisper, piper)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await settled(hass)
    assert pipeline_of(hass, entry)


async def test_waits_until_pipelines_are_known(hass: HomeAssistant, entry, whisper, piper):
    """What can't be removed yet is removed later."""
    await add_voice(hass, entry, whisper, piper)
    made = pipeline_of(hass, entry)
    known = hass.data.pop(KEY_ASSIST_PIPELINE)
    hass.config_entries.async_remove_subentry(entry, the_voice(entry).subentry_id)
    await settled(hass)
    hass.data[KEY_ASSIST_PIPELINE] = known
    assert made.id in store(hass).data
    await hass.config_entries.async_reload(entry.entry_id)
    await settled(hass)
    assert made.id not in store(hass).data


async def test_preferred_pipeline(hass: HomeAssistant, entry, whisper, piper):
    """Another one takes its place."""
    await add_voice(hass, entry, whisper, piper)
    made = pipeline_of(hass, entry)
    store(hass).async_set_preferred_item(made.id)
    assert await async_remove(hass, made.id)
    assert made.id not in store(hass).data
    assert store(hass).async_get_preferred_item() in store(hass).data


async def test_only_pipeline_stays(
    hass: HomeAssistant, entry, whisper, piper, caplog: pytest.LogCaptureFixture
):
    """It can't be deleted, and the log says so."""
    await add_voice(hass, entry, whisper, piper)
    made = pipeline_of(hass, entry)
    [other] = [key for key in store(hass).data if key != made.id]
    store(hass).async_set_preferred_item(made.id)
    await store(hass).async_delete_item(other)
    hass.config_entries.async_remove_subentry(entry, the_voice(entry).subentry_id)
    await settled(hass)
    assert list(store(hass).data) == [made.id]
    assert f"The voice assistant {made.name} stays" in caplog.text
    assert options_of(entry) == {}


async def test_removing_twice(hass: HomeAssistant, entry, whisper, piper):
    await add_voice(hass, entry, whisper, piper)
    made = pipeline_of(hass, entry)
    assert await async_remove(hass, made.id)
    assert await async_remove(hass, made.id)


async def test_rest_of_a_pipeline_is_left_alone(hass: HomeAssistant, entry, whisper, piper):
    """Changed by hand in what makes no difference, it is ours to remove all the same."""
    await add_voice(hass, entry, whisper, piper)
    made = pipeline_of(hass, entry)
    await async_update_pipeline(hass, made, name="Butler")
    assert await async_remove(hass, made.id)
    assert made.id not in store(hass).data
