"""A pipeline is watched: servers that go, voices that vanish, hands that change it."""

from datetime import timedelta
import logging
from typing import Any

from homeassistant.components.assist_pipeline import async_update_pipeline
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.ollama.const import DOMAIN
from custom_components.ollama.voice.health import INTERVAL, MISSES
from speech import Fault, ScriptedRecogniser, ScriptedWaker, SpeakerVoice, ToneSpeaker

from ..common import AGENT
from ..flows.conftest import _our_flow  # noqa: F401 -- a fixture
from ..test_repairs import (
    Repair,
    _issues_have_texts,  # noqa: F401 -- fixtures that check every text
    _steps_have_texts,  # noqa: F401
)
from .homes import (
    add_voice,
    address,
    no_likely_places,  # noqa: F401 -- a fixture
    open_voice,
    pipeline_of,
    settled,
    store,
    the_voice,
    wyoming,
)

STATUS = "binary_sensor.ollama_voice_speech_recognition"


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Let the delayed save of a registry outlive a test."""
    return True


@pytest.fixture
async def voice(hass: HomeAssistant, entry, whisper: ScriptedRecogniser, piper: ToneSpeaker) -> Any:
    """A pipeline that works."""
    await add_voice(hass, entry, whisper, piper)
    return entry


@pytest.fixture
async def mend(hass: HomeAssistant, voice: Any, hass_client: Any) -> Repair:
    # What answers over HTTP has to be there before the server starts.
    assert await async_setup_component(hass, "repairs", {})
    return Repair(await hass_client())


def told(hass: HomeAssistant) -> set[str]:
    """Return the keys of what is wrong with voice pipelines."""
    return {
        str(issue.translation_key)
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.active and issue.issue_id.startswith("voice_")
    }


def issue_of(hass: HomeAssistant, key: str) -> ir.IssueEntry:
    [issue] = [
        issue for issue in ir.async_get(hass).issues.values() if issue.translation_key == key
    ]
    return issue


async def minutes(hass: HomeAssistant, count: int = 1) -> None:
    """Let minutes pass, each with its questions."""
    for _ in range(count):
        minutes.passed += 1
        async_fire_time_changed(
            hass, dt_util.utcnow() + minutes.passed * (INTERVAL + timedelta(seconds=1))
        )
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            for health in entry.runtime_data.voices.values():
                # Home Assistant's own integration asks too, and takes longer to give up.
                await health._asking
        await hass.async_block_till_done()


minutes.passed = 0


@pytest.fixture(autouse=True)
def _clock_begins() -> None:
    minutes.passed = 0


async def test_nothing_is_wrong(hass: HomeAssistant, voice, whisper, piper):
    """Each server is asked what it is, and nothing else, once a minute."""
    asked = whisper.described
    await minutes(hass, 2)
    assert told(hass) == set()
    assert whisper.described >= asked + 2
    assert not whisper.heard
    assert not piper.spoken


@pytest.mark.parametrize(("part", "key"), [("stt", "voice_stt_gone"), ("tts", "voice_tts_gone")])
async def test_server_that_is_gone_and_comes_back(
    hass: HomeAssistant, voice, whisper, piper, part: str, key: str
):
    """Not at the first miss; and nothing has to be reloaded when it is back."""
    server = whisper if part == "stt" else piper
    runtime = voice.runtime_data
    await server.stop()
    await minutes(hass, MISSES - 1)
    assert told(hass) == set()
    await minutes(hass)
    assert told(hass) == {key}
    placeholders = issue_of(hass, key).translation_placeholders
    assert placeholders == {"pipeline": "Ollama Voice", "server": address(server)}
    await server.start()
    await minutes(hass)
    assert told(hass) == set()
    assert voice.runtime_data is runtime


async def test_wake_word_server_that_is_gone(
    hass: HomeAssistant, entry, whisper, piper, waker: ScriptedWaker
):
    dialog = await open_voice(hass, entry)
    await dialog.submit(stt=address(whisper), tts=address(piper), wake_word=address(waker))
    await dialog.submit()
    await dialog.submit()
    await settled(hass)
    await waker.stop()
    await minutes(hass, MISSES)
    assert told(hass) == {"voice_wake_gone"}


async def test_server_that_hangs_is_not_waited_for(hass: HomeAssistant, voice, whisper):
    whisper.fault(Fault.HANG, describe=True)
    begin = hass.loop.time()
    await minutes(hass, MISSES)
    assert hass.loop.time() - begin < 5
    assert told(hass) == {"voice_stt_gone"}


async def test_server_that_does_something_else(hass: HomeAssistant, voice, piper):
    """Somebody has put another one at its port."""
    await piper.stop()
    async with ScriptedRecogniser(port=piper.place.port):
        await minutes(hass, MISSES)
    assert told(hass) == {"voice_tts_gone"}


async def test_log_tells_once(
    hass: HomeAssistant, voice, whisper, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    await whisper.stop()
    await minutes(hass, MISSES + 1)
    await whisper.start()
    await minutes(hass, 2)
    name = f"The speech server {address(whisper)}"
    lines = [line.getMessage() for line in caplog.records if line.getMessage().startswith(name)]
    assert [line.removeprefix(name).partition(":")[0] for line in lines] == [" is away", " is back"]


async def test_trouble_outlives_a_reload(hass: HomeAssistant, voice, whisper):
    """Also where somebody ignores it."""
    await whisper.stop()
    await minutes(hass, MISSES)
    ir.async_get(hass).async_ignore(DOMAIN, issue_of(hass, "voice_stt_gone").issue_id, True)
    assert await hass.config_entries.async_reload(voice.entry_id)
    await hass.async_block_till_done()
    assert told(hass) == {"voice_stt_gone"}
    await minutes(hass)
    assert told(hass) == {"voice_stt_gone"}
    assert issue_of(hass, "voice_stt_gone").dismissed_version


async def test_troubles_go_with_the_pipeline(hass: HomeAssistant, voice, whisper):
    await whisper.stop()
    await minutes(hass, MISSES)
    hass.config_entries.async_remove_subentry(voice, the_voice(voice).subentry_id)
    await hass.async_block_till_done()
    assert told(hass) == set()


async def test_unloaded_nobody_is_asked(hass: HomeAssistant, voice, whisper):
    health = next(iter(voice.runtime_data.voices.values()))
    assert await hass.config_entries.async_unload(voice.entry_id)
    for one in wyoming(hass):
        await hass.config_entries.async_unload(one.entry_id)
    asked = whisper.described
    await minutes(hass, 2)
    assert whisper.described == asked
    assert not health._listeners


# Voices and languages


async def test_voice_that_vanished(hass: HomeAssistant, voice, piper):
    voices = piper.voices
    piper.voices = (SpeakerVoice("en_US-amy-low", ("en_US",), "amy"),)
    await minutes(hass)
    assert told(hass) == {"voice_voice_gone"}
    words = issue_of(hass, "voice_voice_gone").translation_placeholders
    assert words["voice"] == "en_US-lessac-medium"
    piper.voices = voices
    await minutes(hass)
    assert told(hass) == set()


async def test_another_voice_by_hand_is_fine(hass: HomeAssistant, voice, piper):
    """What is looked for is what the pipeline uses now."""
    await async_update_pipeline(hass, pipeline_of(hass, voice), tts_voice="en_GB-alan-low")
    piper.voices = piper.voices[1:]
    await minutes(hass)
    assert told(hass) == set()


@pytest.mark.parametrize("part", ["stt", "tts"])
async def test_language_that_vanished(hass: HomeAssistant, voice, whisper, piper, part: str):
    if part == "stt":
        whisper.languages = ("nl",)
    else:
        piper.voices = (SpeakerVoice("nl_NL-mls-medium", ("nl_NL",), "mls"),)
    await minutes(hass)
    assert told(hass) == {"voice_language_gone"}
    words = issue_of(hass, "voice_language_gone").translation_placeholders
    assert words["server"] == address(whisper if part == "stt" else piper)


async def test_voice_that_speaks_another_language_now(
    hass: HomeAssistant, voice, piper: ToneSpeaker, mend: Repair
):
    """One of the same name; the language is still spoken, by another voice."""
    before = pipeline_of(hass, voice)
    voices = piper.voices
    piper.voices = (SpeakerVoice("en_US-lessac-medium", ("de_DE",), "lessac"), *voices[1:])
    await minutes(hass)
    assert told(hass) == {"voice_pipeline_changed"}
    piper.voices = voices
    await minutes(hass)
    assert told(hass) == set()
    assert pipeline_of(hass, voice) == before


async def test_language_that_vanished_with_the_voice_there(hass: HomeAssistant, voice, piper):
    """Told once: nobody has changed anything by hand."""
    piper.voices = (SpeakerVoice("en_US-lessac-medium", ("de_DE",), "lessac"),)
    await minutes(hass)
    assert told(hass) == {"voice_language_gone"}


async def test_voice_that_tells_no_language(hass: HomeAssistant, voice, piper):
    """It may speak any."""
    piper.voices = (SpeakerVoice("en_US-lessac-medium", (), "lessac"), *piper.voices[1:])
    await minutes(hass)
    assert told(hass) == set()


# Wake words


@pytest.fixture
async def waking(hass: HomeAssistant, entry, whisper, piper, waker: ScriptedWaker) -> Any:
    """A pipeline with a wake word."""
    dialog = await open_voice(hass, entry)
    await dialog.submit(stt=address(whisper), tts=address(piper), wake_word=address(waker))
    await dialog.submit()
    await dialog.submit(wake_word_id="ok_nabu")
    await settled(hass)
    return entry


async def test_wake_word_that_vanished(hass: HomeAssistant, waking, waker: ScriptedWaker):
    words = waker.words
    waker.words = ("hey_jarvis",)
    await minutes(hass)
    assert told(hass) == {"voice_wake_word_gone"}
    issue = issue_of(hass, "voice_wake_word_gone")
    assert not issue.is_fixable
    assert issue.translation_placeholders == {
        "pipeline": "Ollama Voice",
        "server": address(waker),
        "wake_word": "ok nabu",
    }
    waker.words = words
    await minutes(hass)
    assert told(hass) == set()


async def test_another_wake_word_by_hand_is_fine(hass: HomeAssistant, waking, waker: ScriptedWaker):
    """Also none: Home Assistant then takes the first."""
    for word in ("hey_jarvis", None):
        await async_update_pipeline(hass, pipeline_of(hass, waking), wake_word_id=word)
        waker.words = ("hey_jarvis",)
        await minutes(hass)
        assert told(hass) == set()


async def test_wake_word_of_another_server(hass: HomeAssistant, waking, waker: ScriptedWaker):
    """That one is not watched."""
    await async_update_pipeline(
        hass, pipeline_of(hass, waking), wake_word_entity="wake_word.other", wake_word_id="alexa"
    )
    await minutes(hass)
    assert told(hass) == set()


# Hands that change it


@pytest.mark.parametrize(
    "change",
    [
        {"conversation_engine": "conversation.home_assistant"},
        {"stt_engine": "stt.other"},
        {"tts_engine": None, "tts_language": None},
        {"stt_language": "nl"},
        {"tts_language": "nl_NL"},
        {"tts_voice": "de_DE-thorsten-high"},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_changed_by_hand_and_put_back(
    hass: HomeAssistant, voice, mend: Repair, change: dict[str, Any]
):
    """Told at once; a repair makes it what it was, the same one."""
    before = pipeline_of(hass, voice)
    await async_update_pipeline(hass, before, **change)
    await settled(hass)
    assert told(hass) == {"voice_pipeline_changed"}
    await mend.open(issue_of(hass, "voice_pipeline_changed"))
    await mend.choose("restore")
    assert mend.is_done
    await settled(hass)
    assert pipeline_of(hass, voice) == before
    assert told(hass) == set()


async def test_put_back_by_hand(hass: HomeAssistant, voice):
    before = pipeline_of(hass, voice)
    await async_update_pipeline(hass, before, conversation_engine="conversation.home_assistant")
    await async_update_pipeline(hass, before, conversation_engine=AGENT)
    await settled(hass)
    assert told(hass) == set()


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Butler"},
        {"tts_voice": "en_GB-alan-low", "tts_language": "en_GB"},
        {"prefer_local_intents": True},
        {"wake_word_id": "hey_jarvis"},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_changes_that_make_no_difference(hass: HomeAssistant, voice, change):
    await async_update_pipeline(hass, pipeline_of(hass, voice), **change)
    await minutes(hass)
    assert told(hass) == set()


async def test_changed_by_hand_and_accepted(hass: HomeAssistant, voice, mend: Repair):
    """It stays as it is; another change is told again."""
    by_hand = {"conversation_engine": "conversation.home_assistant"}
    await async_update_pipeline(hass, pipeline_of(hass, voice), **by_hand)
    await settled(hass)
    await mend.open(issue_of(hass, "voice_pipeline_changed"))
    await mend.choose("accept")
    assert mend.is_done
    await settled(hass)
    await minutes(hass)
    assert told(hass) == set()
    pipeline = pipeline_of(hass, voice)
    assert pipeline.conversation_engine == "conversation.home_assistant"
    await async_update_pipeline(hass, pipeline, stt_engine="stt.other")
    await settled(hass)
    assert told(hass) == {"voice_pipeline_changed"}


async def test_agent_that_was_renamed(hass: HomeAssistant, voice, mend: Repair):
    """Home Assistant leaves the old name in the pipeline, which then has no agent."""
    er.async_get(hass).async_update_entity(AGENT, new_entity_id="conversation.jarvis")
    await minutes(hass)
    assert told(hass) == {"voice_pipeline_changed"}
    await mend.open(issue_of(hass, "voice_pipeline_changed"))
    await mend.choose("restore")
    await settled(hass)
    assert pipeline_of(hass, voice).conversation_engine == "conversation.jarvis"
    assert told(hass) == set()


async def test_speech_server_that_was_removed(hass: HomeAssistant, voice, whisper, mend: Repair):
    """It is set up again."""
    [hears] = [one for one in wyoming(hass) if one.data["port"] == whisper.place.port]
    await hass.config_entries.async_remove(hears.entry_id)
    await minutes(hass)
    assert told(hass) == {"voice_pipeline_changed"}
    await mend.open(issue_of(hass, "voice_pipeline_changed"))
    await mend.choose("restore")
    assert mend.is_done
    await minutes(hass)
    assert told(hass) == set()
    assert len(wyoming(hass)) == 2


async def test_agent_that_was_removed(hass: HomeAssistant, voice):
    [agent] = voice.get_subentries_of_type("conversation")
    hass.config_entries.async_remove_subentry(voice, agent.subentry_id)
    await settled(hass)
    assert told(hass) == {"voice_agent_removed"}


async def test_voice_of_another_language_accepted(hass: HomeAssistant, voice, mend: Repair):
    """It stays, and yet another one is told again."""
    await async_update_pipeline(hass, pipeline_of(hass, voice), tts_voice="de_DE-thorsten-high")
    await settled(hass)
    await mend.open(issue_of(hass, "voice_pipeline_changed"))
    await mend.choose("accept")
    assert mend.is_done
    await settled(hass)
    await minutes(hass)
    assert told(hass) == set()
    await async_update_pipeline(hass, pipeline_of(hass, voice), tts_voice="nl_NL-mls-medium")
    await settled(hass)
    assert told(hass) == {"voice_pipeline_changed"}


async def test_agent_that_was_disabled(hass: HomeAssistant, voice):
    registry = er.async_get(hass)
    registry.async_update_entity(AGENT, disabled_by=er.RegistryEntryDisabler.USER)
    await minutes(hass)
    assert told(hass) == {"voice_agent_removed"}
    registry.async_update_entity(AGENT, disabled_by=None)
    # Home Assistant loads the entry again for it.
    await minutes(hass, 2)
    await settled(hass)
    assert told(hass) == set()


async def test_disabled_agent_that_is_not_used(hass: HomeAssistant, voice, mend: Repair):
    """Somebody wanted another one in the pipeline."""
    by_hand = {"conversation_engine": "conversation.home_assistant"}
    await async_update_pipeline(hass, pipeline_of(hass, voice), **by_hand)
    await settled(hass)
    await mend.open(issue_of(hass, "voice_pipeline_changed"))
    await mend.choose("accept")
    await settled(hass)
    registry = er.async_get(hass)
    registry.async_update_entity(AGENT, disabled_by=er.RegistryEntryDisabler.USER)
    await minutes(hass)
    assert told(hass) == set()


async def test_disabled_agent_is_not_put_into_a_pipeline(hass: HomeAssistant, voice, mend: Repair):
    await store(hass).async_delete_item(pipeline_of(hass, voice).id)
    registry = er.async_get(hass)
    registry.async_update_entity(AGENT, disabled_by=er.RegistryEntryDisabler.USER)
    await settled(hass)
    await mend.open(issue_of(hass, "voice_pipeline_deleted"))
    await mend.choose("restore")
    assert mend.aborted == "not_there_any_more"


async def test_deleted_and_made_again(hass: HomeAssistant, voice, mend: Repair):
    gone = pipeline_of(hass, voice)
    await store(hass).async_delete_item(gone.id)
    await settled(hass)
    assert told(hass) == {"voice_pipeline_deleted"}
    await mend.open(issue_of(hass, "voice_pipeline_deleted"))
    await mend.choose("restore")
    assert mend.is_done
    await settled(hass)
    assert told(hass) == set()
    made = pipeline_of(hass, voice)
    assert made.id != gone.id
    assert (made.name, made.tts_voice) == (gone.name, gone.tts_voice)
    # And that one is ours to remove.
    hass.config_entries.async_remove_subentry(voice, the_voice(voice).subentry_id)
    await settled(hass)
    assert made.id not in store(hass).data


async def test_deleted_for_good(hass: HomeAssistant, voice, mend: Repair):
    await store(hass).async_delete_item(pipeline_of(hass, voice).id)
    await settled(hass)
    await mend.open(issue_of(hass, "voice_pipeline_deleted"))
    await mend.choose("forget")
    await settled(hass)
    assert not list(voice.get_subentries_of_type("voice_pipeline"))
    assert told(hass) == set()


async def test_what_can_not_be_put_back_yet(
    hass: HomeAssistant, voice, mend: Repair, whisper: ScriptedRecogniser
):
    """It says why, and can be tried once more."""
    languages, whisper.languages = whisper.languages, ("nl",)
    [hears] = [one for one in wyoming(hass) if one.data["port"] == whisper.place.port]
    await hass.config_entries.async_reload(hears.entry_id)
    before = pipeline_of(hass, voice)
    await async_update_pipeline(hass, before, conversation_engine="conversation.home_assistant")
    await settled(hass)
    await mend.open(issue_of(hass, "voice_pipeline_changed"))
    await mend.choose("restore")
    assert mend.errors == {"base": "voice_language_unknown"}
    assert mend.words["server"] == address(whisper)
    whisper.languages = languages
    await hass.config_entries.async_reload(hears.entry_id)
    await mend.submit()
    assert mend.is_done
    await settled(hass)
    assert pipeline_of(hass, voice) == before


async def test_repair_of_what_is_gone(hass: HomeAssistant, voice, mend: Repair):
    await async_update_pipeline(
        hass, pipeline_of(hass, voice), conversation_engine="conversation.x"
    )
    await settled(hass)
    issue = issue_of(hass, "voice_pipeline_changed")
    await mend.open(issue)
    hass.config_entries.async_remove_subentry(voice, the_voice(voice).subentry_id)
    await settled(hass)
    await mend.choose("restore")
    assert mend.aborted == "not_there_any_more"


async def test_subentry_that_can_not_be_read(hass: HomeAssistant, voice):
    """The agents work all the same."""
    subentry = the_voice(voice)
    hass.config_entries.async_update_subentry(voice, subentry, data={"later": True})
    await settled(hass)
    assert voice.runtime_data.voices == {}
    assert hass.states.get(AGENT).state != "unavailable"
