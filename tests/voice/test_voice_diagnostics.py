"""What diagnostics tell of a voice pipeline: all that helps, and nothing that is private."""

import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)

from custom_components.ollama.runtime import time_limits
from custom_components.ollama.voice.round_trip import async_round_trip
from simulator import Reply, Simulator
from speech import ScriptedRecogniser, ScriptedWaker, ToneSpeaker

from ..flows.conftest import _our_flow  # noqa: F401 -- a fixture
from ..test_diagnostics import (
    check_nothing_private,
    device_of,
    get_diagnostics_for_device,
    whole_file,
)
from .homes import (
    address,
    no_likely_places,  # noqa: F401 -- a fixture
    open_voice,
    settled,
    the_voice,
)
from .test_health import minutes

NAME = "Edgar"
SENTENCE = "Is Grandmother asleep?"
HEARD = "is grandmother a sheep"
ANSWER = "She sleeps soundly."


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Let the delayed save of a registry outlive a test."""
    return True


@pytest.fixture
async def voice(
    hass: HomeAssistant,
    entry,
    whisper: ScriptedRecogniser,
    piper: ToneSpeaker,
    waker: ScriptedWaker,
) -> Any:
    """A pipeline with a name of its owner's own."""
    dialog = await open_voice(hass, entry)
    await dialog.submit(stt=address(whisper), tts=address(piper), wake_word=address(waker))
    await dialog.submit(name=NAME, language="en-US")
    await dialog.submit(wake_word_id="hey_jarvis")
    await settled(hass)
    return entry


async def test_how_it_is_put_together(
    hass: HomeAssistant, hass_client: Any, voice, sim: Simulator, whisper, piper, waker
):
    sim.script(Reply(ANSWER))
    whisper.script(HEARD)
    pipeline = the_voice(voice).data["pipeline"]
    await async_round_trip(hass, pipeline, time_limits(hass), sentence=SENTENCE, real_time=False)
    await hass.config_entries.async_reload(voice.entry_id)
    await settled(hass)
    device = device_of(hass, voice, the_voice(voice).subentry_id)
    told = (await get_diagnostics_for_device(hass, hass_client, voice, device))["agent"]
    [agent] = voice.get_subentries_of_type("conversation")
    assert told["type"] == "voice_pipeline"
    assert (told["agent"], told["language"]) == (agent.subentry_id, "en-US")
    assert (told["voice"], told["wake_word"]) == ("en_US-lessac-medium", "hey_jarvis")
    assert told["prefer_local_intents"] is False
    assert told["last_run"]["error"] is None
    assert 0 <= told["last_run"]["first_token"] <= told["last_run"]["intent"]
    assert set(told["servers"]) == {"stt", "tts", "wake_word"}
    hears, speaks = told["servers"]["stt"], told["servers"]["tts"]
    assert dt_util.parse_datetime(hears.pop("last_seen"))
    assert hears == {
        "connected": True,
        "missed": 0,
        "set_up": True,
        "program": "faster-whisper",
        "version": "3.1.0",
        "languages": list(whisper.languages),
        "models": ["base-int8"],
        "voices": [],
        "streams": False,
    }
    assert speaks["streams"] is True
    assert "en_GB-alan-low" in speaks["voices"]
    file = await whole_file(hass, hass_client, voice)
    places = [address(server) for server in (whisper, piper, waker)]
    words = (NAME, "Grandmother", "grandmother", "soundly", *places)
    check_nothing_private(file, words)


async def test_server_that_is_gone(hass: HomeAssistant, hass_client: Any, voice, whisper):
    await whisper.stop()
    await minutes(hass, 3)
    file = await whole_file(hass, hass_client, voice)
    [told] = [one for one in file["data"]["agents"] if one["type"] == "voice_pipeline"]
    assert told["servers"]["stt"]["connected"] is False
    assert told["servers"]["stt"]["missed"] == 3
    assert "voice_stt_gone" in json.dumps(file)
    check_nothing_private(file, (NAME, address(whisper)))


async def test_what_is_not_there(hass: HomeAssistant, hass_client: Any, voice):
    """Of one that can't be read, and of a server that isn't loaded."""
    subentry = the_voice(voice)
    hass.config_entries.async_update_subentry(voice, subentry, data={"later": True})
    await settled(hass)
    about = {"id": subentry.subentry_id, "type": "voice_pipeline"}
    shown = await get_diagnostics_for_config_entry(hass, hass_client, voice)
    assert shown["agents"][-1] == about | {"readable": False}
    assert await hass.config_entries.async_unload(voice.entry_id)
    shown = await get_diagnostics_for_config_entry(hass, hass_client, voice)
    assert shown["agents"][-1] == about | {"loaded": False}
