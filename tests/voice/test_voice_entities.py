"""What is shown of a voice pipeline."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import conversation
from homeassistant.components.persistent_notification import _async_get_or_create_notifications
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.ollama.voice.entities import PartStatus
from custom_components.ollama.voice.health import INTERVAL
from simulator import Reply, Simulator
from speech import Fault, ScriptedRecogniser, SpeakerVoice, ToneSpeaker

from ..flows.conftest import _our_flow  # noqa: F401 -- a fixture
from ..test_quality_scale import icons, texts
from .homes import (
    add_voice,
    change_voice,
    no_likely_places,  # noqa: F401 -- a fixture
    settled,
    the_voice,
)

HEARS = "binary_sensor.ollama_voice_speech_recognition"
SPEAKS = "binary_sensor.ollama_voice_speech_output"
BUTTON = "button.ollama_voice_test_voice"
TIMINGS = {
    "speech_to_text": "sensor.ollama_voice_time_to_understand",
    "time_to_first_token": "sensor.ollama_voice_time_to_first_token",
    "intent": "sensor.ollama_voice_time_to_answer",
    "speech_start": "sensor.ollama_voice_time_until_it_speaks",
    "whole": "sensor.ollama_voice_total_time",
}
SEEN = {
    "stt": "sensor.ollama_voice_speech_recognition_last_seen",
    "tts": "sensor.ollama_voice_speech_output_last_seen",
}
QUESTION = "What is the capital of France?"
ANSWER = "It is Paris."


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Let the delayed save of a registry outlive a test."""
    return True


@pytest.fixture
async def voice(hass: HomeAssistant, entry, whisper: ScriptedRecogniser, piper: ToneSpeaker) -> Any:
    """A pipeline that works, and hears a question whatever is said."""
    whisper.set_ear(lambda heard: QUESTION)
    await add_voice(hass, entry, whisper, piper)
    return entry


def state(hass: HomeAssistant, entity_id: str) -> State:
    found = hass.states.get(entity_id)
    assert found is not None
    return found


def of_voice(hass: HomeAssistant, entry: Any) -> list[er.RegistryEntry]:
    return [
        entity
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if entity.config_subentry_id == the_voice(entry).subentry_id
    ]


async def test_device(hass: HomeAssistant, voice):
    """One for the pipeline, beside those of the agents."""
    registry = dr.async_get(hass)
    subentry_id = the_voice(voice).subentry_id
    [device] = [
        device
        for device in dr.async_entries_for_config_entry(registry, voice.entry_id)
        if device.identifiers == {("ollama", subentry_id)}
    ]
    assert device.name == "Ollama Voice"
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert device.via_device_id == voice.runtime_data.device_id
    assert device.config_subentry_id == subentry_id
    assert {entity.device_id for entity in of_voice(hass, voice)} == {device.id}


async def test_ids_names_and_icons(hass: HomeAssistant, voice):
    found = of_voice(hass, voice)
    keys = {
        entity.unique_id.removeprefix(f"{the_voice(voice).subentry_id}_"): entity
        for entity in found
    }
    assert set(keys) == {
        "stt_status",
        "tts_status",
        "stt_last_seen",
        "tts_last_seen",
        "test_voice",
        *TIMINGS,
    }
    for key, entity in keys.items():
        assert entity.has_entity_name
        assert texts()["entity"][entity.domain][key]["name"]
        assert icons()["entity"][entity.domain][key]
        assert entity.disabled_by is None
        is_timing = key in TIMINGS
        assert entity.entity_category == (None if is_timing else EntityCategory.DIAGNOSTIC)


async def test_servers(hass: HomeAssistant, voice, whisper, piper):
    hears, speaks = state(hass, HEARS), state(hass, SPEAKS)
    assert (hears.state, speaks.state) == ("on", "on")
    assert hears.attributes["device_class"] == "connectivity"
    assert hears.attributes["program"] == "faster-whisper"
    assert hears.attributes["version"] == "3.1.0"
    assert hears.attributes["models"] == ["base-int8"]
    assert speaks.attributes["voices"][:2] == ["lessac (medium)", "alan (low)"]
    shown = {*hears.attributes, *speaks.attributes} - {"device_class", "icon", "friendly_name"}
    assert shown == PartStatus._unrecorded_attributes


async def test_server_that_goes(hass: HomeAssistant, voice, whisper):
    await whisper.stop()
    async_fire_time_changed(hass, dt_util.utcnow() + INTERVAL + timedelta(seconds=1))
    [health] = voice.runtime_data.voices.values()
    await health._asking
    assert state(hass, HEARS).state == "off"
    # What it was is known all the same.
    assert state(hass, HEARS).attributes["models"] == ["base-int8"]
    assert state(hass, SPEAKS).state == "on"


async def test_not_known_until_it_was_asked(hass: HomeAssistant, voice, whisper):
    whisper.fault(Fault.HANG, describe=True)
    assert await hass.config_entries.async_reload(voice.entry_id)
    await hass.async_block_till_done()
    assert state(hass, HEARS).state == "unknown"


async def test_last_seen(hass: HomeAssistant, voice):
    """Nobody has to enable it."""
    before = dt_util.utcnow().replace(microsecond=0)
    assert await hass.config_entries.async_reload(voice.entry_id)
    await settled(hass)
    for entity_id in SEEN.values():
        shown = dt_util.parse_datetime(state(hass, entity_id).state)
        assert before <= shown <= dt_util.utcnow()


async def a_minute(hass: HomeAssistant, voice: Any, freezer: FrozenDateTimeFactory) -> None:
    """Let a minute pass, with its questions."""
    freezer.tick(INTERVAL + timedelta(seconds=1))
    async_fire_time_changed(hass, dt_util.utcnow())
    [health] = voice.runtime_data.voices.values()
    await health._asking
    await hass.async_block_till_done()


async def test_last_seen_is_shown_now_and_then(
    hass: HomeAssistant, voice, freezer: FrozenDateTimeFactory
):
    """Each minute would only fill the database."""
    await a_minute(hass, voice, freezer)  # so that all timers go by this clock
    changes = async_capture_events(hass, "state_changed")
    for _ in range(20):
        await a_minute(hass, voice, freezer)
    shown = [one for one in changes if one.data["entity_id"] == SEEN["stt"]]
    assert len(shown) == 4
    ages = [one.time_fired - dt_util.parse_datetime(one.data["new_state"].state) for one in shown]
    assert max(ages) < timedelta(seconds=2)


async def test_last_seen_of_what_goes_and_comes_back(
    hass: HomeAssistant, voice, whisper: ScriptedRecogniser, freezer: FrozenDateTimeFactory
):
    """Then it is the moment itself."""
    for _ in range(2):  # the first, so that all timers go by this clock
        await a_minute(hass, voice, freezer)
    last = dt_util.utcnow()
    await whisper.stop()
    for _ in range(10):
        await a_minute(hass, voice, freezer)
        shown = dt_util.parse_datetime(state(hass, SEEN["stt"]).state)
        assert abs(shown - last) < timedelta(seconds=2)
    await whisper.start()
    await a_minute(hass, voice, freezer)
    shown = dt_util.parse_datetime(state(hass, SEEN["stt"]).state)
    assert abs(shown - dt_util.utcnow()) < timedelta(seconds=2)


async def test_timings_of_the_last_run(hass: HomeAssistant, voice, sim: Simulator):
    """Unknown at first; then those of a run, here of the button's."""
    assert {state(hass, entity).state for entity in TIMINGS.values()} == {"unknown"}
    sim.script(Reply(ANSWER, delay=0.1))
    await press(hass)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=31))
    await hass.async_block_till_done()
    for entity in TIMINGS.values():
        assert state(hass, entity).attributes["device_class"] == "duration"
        assert state(hass, entity).attributes["unit_of_measurement"] == "s"
    shown = {key: float(state(hass, entity).state) for key, entity in TIMINGS.items()}
    assert shown["intent"] >= shown["time_to_first_token"] >= 0.1
    assert shown["whole"] >= shown["speech_start"] >= shown["intent"]


async def press(hass: HomeAssistant) -> None:
    await hass.services.async_call("button", "press", {"entity_id": BUTTON}, blocking=True)


@pytest.mark.parametrize(
    ("language", "there"), [("no", True), ("tr", True), ("haw", False)], ids=str
)
async def test_button_where_something_can_be_said(
    hass: HomeAssistant, entry, language: str, there: bool
):
    """Without a sentence there is nothing to press."""
    voices = (SpeakerVoice("voice", (language,), "voice"),)
    async with ScriptedRecogniser(languages=(language,)) as hears, ToneSpeaker(voices=voices) as it:
        await add_voice(hass, entry, hears, it, language=language)
        assert (hass.states.get(BUTTON) is not None) == there
        assert state(hass, HEARS).state == "on"


async def test_button_goes_with_the_language(hass: HomeAssistant, entry):
    languages = ("en", "haw")
    voices = [SpeakerVoice(language, (language,), language) for language in languages]
    async with ScriptedRecogniser(languages=languages) as hears, ToneSpeaker(voices=voices) as it:
        await add_voice(hass, entry, hears, it, language="en")
        assert state(hass, BUTTON)
        dialog = await change_voice(hass, entry)
        await dialog.submit()
        await dialog.submit(language="haw")
        await dialog.submit()
        await settled(hass)
        assert hass.states.get(BUTTON) is None
        assert er.async_get(hass).async_get(BUTTON) is None


async def test_button_tells_what_came_of_it(
    hass: HomeAssistant, voice, sim: Simulator, whisper: ScriptedRecogniser
):
    sim.script(Reply(ANSWER))
    await press(hass)
    [shown] = _async_get_or_create_notifications(hass).values()
    assert shown["title"] == "Ollama Voice"
    assert f"Heard: {QUESTION}" in shown["message"]
    assert f"Answered: {ANSWER}" in shown["message"]
    assert len(whisper.heard) == 1
    # It can't act: the agent got no tools.
    assert not sim.chats[-1].body.get("tools")


@pytest.mark.parametrize("part", ["stt", "tts"])
async def test_button_with_a_server_that_is_gone(
    hass: HomeAssistant, voice, whisper, piper, part: str
):
    """Says which one."""
    (whisper if part == "stt" else piper).fault(Fault.ERROR)
    with pytest.raises(HomeAssistantError) as caught:
        await press(hass)
    key = {"stt": "voice_test_recogniser_failed", "tts": "voice_test_speaker_failed"}[part]
    assert caught.value.translation_key == key
    assert not _async_get_or_create_notifications(hass)


async def test_button_of_a_pipeline_that_was_deleted(hass: HomeAssistant, voice):
    """It doesn't try the preferred one instead."""
    from .homes import pipeline_of, store

    await store(hass).async_delete_item(pipeline_of(hass, voice).id)
    with pytest.raises(HomeAssistantError) as caught:
        await press(hass)
    assert caught.value.translation_key == "voice_test_pipeline_unknown"


async def test_button_without_its_agent(hass: HomeAssistant, voice):
    [agent] = voice.get_subentries_of_type(conversation.DOMAIN)
    hass.config_entries.async_remove_subentry(voice, agent.subentry_id)
    await settled(hass)
    with pytest.raises(HomeAssistantError):
        await press(hass)
