"""A sentence goes through a pipeline of real servers, and what comes of it is told."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
import logging
from pathlib import Path
import traceback
from typing import Any

from homeassistant.components import conversation, tts
from homeassistant.components.assist_pipeline import Pipeline, async_update_pipeline
from homeassistant.components.assist_pipeline.default_pipeline import _DefaultPipelineProcessor
from homeassistant.components.assist_pipeline.pipeline import async_get_pipeline
from homeassistant.components.assist_pipeline.runtime import KEY_ASSIST_PIPELINE
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import chat_session
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.ollama.const import CONF_PRIME, DOMAIN
from custom_components.ollama.runtime import time_limits
from custom_components.ollama.voice.round_trip import RoundTrip, async_round_trip
from custom_components.ollama.voice.timings import read_run
from simulator import Fault as OllamaFault, Rates, Reply, Simulator, ToolCall
from speech import EspeakServer, Fault, ScriptedRecogniser, SphinxServer, ToneSpeaker

from ..common import PLAIN_MODEL
from ..flows.texts import english, placeholders
from ..policy_home import AddAgent
from .pipelines import add_pipeline

SENTENCE = "What is the capital of France?"
ANSWER = "It is Paris."
TURN_ON = "Turn on the kitchen light!"
LIGHT = ToolCall("intent__HassTurnOn", {"name": "Kitchen light"})
SHORT = 0.3
"""Seconds: what hangs is given up after this."""


@pytest.fixture
async def entry(add_entry: AddAgent) -> MockConfigEntry:
    """A server that is asked by the run alone: nothing of the prompt is read in advance."""
    return await add_entry(agent={CONF_PRIME: False})


@pytest.fixture
async def pipeline(
    hass: HomeAssistant, entry, whisper: ScriptedRecogniser, piper: ToneSpeaker
) -> Pipeline:
    """A pipeline that hears the default sentence, as some recognisers write it."""
    whisper.set_ear(lambda heard: "what is the capital of france")
    return await add_pipeline(hass, whisper, piper)


@pytest.fixture
def paris(sim: Simulator) -> None:
    """A model that knows one thing."""
    sim.set_brain(lambda request: Reply(ANSWER))


async def go(
    hass: HomeAssistant, pipeline: Pipeline, *, voice_audio: float = 20.0, **more: Any
) -> RoundTrip:
    """Try a pipeline out, faster than anyone speaks."""
    limits = replace(time_limits(hass), voice_audio=voice_audio)
    return await async_round_trip(hass, pipeline.id, limits, **{"real_time": False, **more})


async def fail(hass: HomeAssistant, pipeline: Pipeline, **more: Any) -> HomeAssistantError:
    """Try out what doesn't work; return the error, whose text has been checked."""
    with pytest.raises(HomeAssistantError) as caught:
        await go(hass, pipeline, **more)
    err = caught.value
    assert err.translation_domain == DOMAIN, repr(err)
    message = english()["exceptions"][err.translation_key]["message"]
    assert placeholders(message) == set(err.translation_placeholders or {})
    assert not hass.data[KEY_ASSIST_PIPELINE].pipeline_runs._pipeline_runs.get(pipeline.id)
    return err


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


# What comes of it


async def test_there_and_back(
    hass: HomeAssistant, pipeline: Pipeline, paris: None, sim: Simulator, whisper, piper
):
    result = await go(hass, pipeline)
    assert (result.pipeline, result.sentence) == (pipeline.id, SENTENCE)
    assert (result.heard, result.response) == ("what is the capital of france", ANSWER)
    assert result.word_error_rate == 0
    # A hundredth of a second for each character.
    assert result.audio_duration == pytest.approx(0.12, abs=0.01)
    assert [spoken.text for spoken in piper.spoken] == [SENTENCE, ANSWER]
    assert sim.chats[0].body["messages"][-1]["content"].startswith("what is the capital of france")
    (heard,) = whisper.heard
    assert (heard.rate, heard.language) == (16_000, "en")
    # The sentence, and silence around it.
    assert 0.3 + 0.3 < heard.seconds < 0.3 + 0.3 + 2.1


async def test_what_was_misheard(hass: HomeAssistant, pipeline: Pipeline, paris: None, whisper):
    whisper.script("What is the cattle of trance?")
    assert (await go(hass, pipeline)).word_error_rate == pytest.approx(2 / 6, abs=0.001)


async def test_times_of_the_stages(
    hass: HomeAssistant, pipeline: Pipeline, sim: Simulator, whisper, piper
):
    """Each stage is slow in its own way."""
    whisper.fault(Fault.SLOW, delay=0.12)
    piper._work = 0.001
    sim.script(Reply(ANSWER, delay=0.2))
    times = (await go(hass, pipeline)).timings
    assert 0.03 <= times.synthesis < 0.32
    assert 0.12 <= times.speech_to_text < 0.32
    assert 0.2 <= times.time_to_first_token <= times.intent < 0.5
    assert 0.012 <= times.text_to_speech < 0.3
    first = times.speech_to_text + times.intent
    assert first < times.time_to_first_audio <= times.whole < first + 0.3


async def test_it_speaks_before_the_answer_is_whole(
    hass: HomeAssistant, pipeline: Pipeline, sim: Simulator
):
    sim.set_rates(Rates(generation_tokens_per_second=50))
    sim.script(Reply("This is the first sentence, and it is not a very short one. " * 4))
    result = await go(hass, pipeline)
    times = result.timings
    assert times.time_to_first_audio < times.speech_to_text + times.intent - 0.2
    assert times.whole >= times.speech_to_text + times.intent
    assert times.text_to_speech > 0.2
    assert result.audio_duration == pytest.approx(0.6 * 4, abs=0.1)


async def test_a_speaker_that_wants_the_whole_text(
    hass: HomeAssistant, entry, paris: None, whisper
):
    async with ToneSpeaker(streams=False, seconds_per_character=0.01) as piper:
        result = await go(hass, await add_pipeline(hass, whisper, piper))
    assert result.audio_duration == pytest.approx(0.12, abs=0.01)
    assert [spoken.streamed for spoken in piper.spoken] == [False, False]


async def test_at_the_pace_of_speech(hass: HomeAssistant, pipeline: Pipeline, paris: None):
    begin = hass.loop.time()
    result = await go(hass, pipeline, sentence="Paris?" * 5, real_time=True)
    # Three tenths of a second of silence, as much of speech, and what the end takes.
    assert hass.loop.time() - begin > 0.3 + 0.3 + 0.7
    assert result.timings.whole < 1


async def test_nothing_of_writing_is_spoken(
    hass: HomeAssistant, pipeline: Pipeline, sim: Simulator, piper
):
    sim.script(Reply("It is **Paris**. See https://example.com/paris?a=1 🎉"))
    result = await go(hass, pipeline)
    assert "*" not in result.response
    assert not set("*🎉") & set(piper.spoken[-1].text)
    assert "https" not in piper.spoken[-1].text


async def test_the_record_of_the_pipeline_tells_of_it(
    hass: HomeAssistant, pipeline: Pipeline, paris: None
):
    """So the sensors of its last run do, too."""
    await go(hass, pipeline)
    (run,) = hass.data[KEY_ASSIST_PIPELINE].pipeline_debug[pipeline.id].values()
    timings = read_run(run.events)
    assert timings.error is None
    assert timings.intent is not None
    assert not timings.handled_locally


# Real speech


async def test_really_spoken_and_understood(
    hass: HomeAssistant,
    entry,
    kitchen_light: str,
    sim: Simulator,
    sphinx: SphinxServer,
    espeak: EspeakServer,
):
    pipeline = await add_pipeline(hass, sphinx, espeak)
    sim.script(Reply(tool_calls=(LIGHT,)), Reply("The light is on now."))
    result = await go(hass, pipeline, sentence=TURN_ON, control=True, real_time=True)
    assert result.heard == "turn on the kitchen light"
    assert result.word_error_rate == 0
    assert hass.states.get(kitchen_light).state == "on"
    assert result.response
    assert espeak.spoken[-1].text == result.response
    assert result.audio_duration > 0.5
    # Home Assistant noticed by itself that the speech was over.
    (run,) = hass.data[KEY_ASSIST_PIPELINE].pipeline_debug[pipeline.id].values()
    assert "stt-vad-end" in [event.type for event in run.events]
    assert result.timings.speech_to_text > 0


# Languages


@pytest.mark.parametrize(
    ("language", "voice", "begins"),
    [
        ("nl", "nl_NL", "Wat is de hoofdstad"),
        ("de", "de_DE", "Was ist die Hauptstadt"),
        ("fr", "fr_FR", "Quelle est la capitale"),
        ("es", "es_ES", "¿Cuál es la capital"),
    ],
)
async def test_languages(
    hass: HomeAssistant, entry, paris: None, whisper, piper, language: str, voice: str, begins: str
):
    pipeline = await add_pipeline(
        hass,
        whisper,
        piper,
        language=language,
        stt_language=language,
        tts_language=voice,
        tts_voice=next(one.name for one in piper.voices if voice in one.languages),
    )
    whisper.set_ear(lambda heard: piper.spoken[0].text.upper())
    result = await go(hass, pipeline)
    assert result.sentence.startswith(begins)
    assert result.word_error_rate == 0
    assert whisper.heard[0].language == language
    assert {spoken.voice.languages for spoken in piper.spoken} == {(voice,)}


async def test_a_language_with_a_region(hass: HomeAssistant, entry, paris: None, piper):
    async with ScriptedRecogniser(languages=("nl-BE",)) as whisper:
        pipeline = await add_pipeline(hass, whisper, piper, stt_language="nl-BE")
        assert (await go(hass, pipeline)).sentence.startswith("Wat is")


async def test_a_language_without_a_sentence(hass: HomeAssistant, entry, paris: None, piper):
    async with ScriptedRecogniser(languages=("haw",)) as whisper:
        pipeline = await add_pipeline(hass, whisper, piper, stt_language="haw")
        err = await fail(hass, pipeline)
        assert err.translation_key == "voice_test_sentence_needed"
        assert not piper.spoken
        whisper.script("aloha")
        assert (await go(hass, pipeline, sentence="Aloha!")).word_error_rate == 0


# What it may not do


async def test_the_agent_has_no_tools(
    hass: HomeAssistant, pipeline: Pipeline, kitchen_light: str, sim: Simulator
):
    sim.set_brain(lambda request: Reply("Sure.", tool_calls=(LIGHT,)))
    processed = async_capture_events(hass, "ollama_query_processed")
    await go(hass, pipeline, sentence=TURN_ON)
    assert sim.chats
    assert not any(request.body.get("tools") for request in sim.chats)
    assert hass.states.get(kitchen_light).state == "off"
    assert [event.data["tool_calls"] for event in processed] == [[]]


async def test_nor_has_one_without_native_tools(
    hass: HomeAssistant, add_entry, kitchen_light: str, sim: Simulator, whisper, piper
):
    await add_entry(agent={"model": PLAIN_MODEL, CONF_PRIME: False})
    pipeline = await add_pipeline(hass, whisper, piper)
    sim.set_brain(lambda request: Reply("Fine."))
    await go(hass, pipeline, sentence=TURN_ON)
    (request,) = sim.chats
    assert not request.body.get("format")
    assert "Kitchen light" not in request.body["messages"][0]["content"]


async def test_with_control(
    hass: HomeAssistant, pipeline: Pipeline, kitchen_light: str, sim: Simulator
):
    context = Context()
    states = async_capture_events(hass, "call_service")
    sim.script(Reply(tool_calls=(LIGHT,)), Reply("The light is on now."))
    await go(hass, pipeline, sentence=TURN_ON, control=True, context=context)
    await hass.async_block_till_done()
    assert hass.states.get(kitchen_light).state == "on"
    assert context.id in {event.context.id for event in states}


async def test_local_commands_are_off(
    hass: HomeAssistant, entry, kitchen_light: str, paris: None, whisper, piper
):
    """And the pipeline stays as its owner made it."""
    pipeline = await add_pipeline(hass, whisper, piper, prefer_local_intents=True)
    whisper.script("turn on the kitchen light")
    assert (await go(hass, pipeline, sentence=TURN_ON)).response == ANSWER
    assert hass.states.get(kitchen_light).state == "off"
    assert async_get_pipeline(hass, pipeline.id) == pipeline
    assert pipeline.prefer_local_intents is True


@pytest.fixture
async def gate_trigger(hass: HomeAssistant) -> list[Any]:
    """An automation that a sentence starts; return what it did."""
    done = async_capture_events(hass, "gate_opened")
    automation = {
        "triggers": {"trigger": "conversation", "command": ["open the [big] gate"]},
        "actions": [{"event": "gate_opened"}],
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    await hass.async_block_till_done()
    return done


async def test_a_sentence_that_starts_an_automation(
    hass: HomeAssistant, pipeline: Pipeline, paris: None, sim: Simulator, piper, gate_trigger
):
    err = await fail(hass, pipeline, sentence="Open the big gate!")
    assert isinstance(err, ServiceValidationError)
    assert err.translation_key == "voice_test_starts_automation"
    await hass.async_block_till_done()
    assert not gate_trigger
    assert not piper.spoken
    assert (await go(hass, pipeline)).response == ANSWER


@pytest.mark.parametrize("control", [False, True])
async def test_what_was_misheard_starts_no_automation(
    hass: HomeAssistant, pipeline: Pipeline, paris: None, whisper, gate_trigger, control: bool
):
    whisper.script("open the gate")
    result = await go(hass, pipeline, sentence="Open the crate.", control=control)
    await hass.async_block_till_done()
    assert not gate_trigger
    assert result.response == ANSWER


async def test_no_talk_around_it_is_disturbed(
    hass: HomeAssistant, pipeline: Pipeline, paris: None, sim: Simulator
):
    with (
        chat_session.async_get_chat_session(hass) as session,
        conversation.async_get_chat_log(hass, session) as chat_log,
    ):
        before = list(chat_log.content)
        await go(hass, pipeline)
        assert chat_log.content == before
        assert chat_session.current_session.get() is session


# What is kept of it


async def test_nothing_is_kept(
    hass: HomeAssistant,
    pipeline: Pipeline,
    paris: None,
    piper: ToneSpeaker,
    caplog: pytest.LogCaptureFixture,
):
    """No audio in files, no words in our log, and no second test that only looks them up."""
    caplog.set_level(logging.DEBUG, "custom_components.ollama")
    for _ in range(2):
        await go(hass, pipeline)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [spoken.text for spoken in piper.spoken] == [SENTENCE, ANSWER] * 2
    kept = await hass.async_add_executor_job(lambda: list(Path(hass.config.path("tts")).glob("*")))
    assert kept == []
    told = [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("custom_components") or record.levelno > logging.DEBUG
    ]
    for words in (SENTENCE, "what is the capital of france", ANSWER):
        assert not any(words in message for message in told)


# A speaker with faults


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        (Fault.ERROR, "voice_test_speaker_failed"),
        (Fault.EMPTY, "voice_test_speaker_silent"),
        (Fault.SILENCE, "voice_test_speaker_silent"),
        (Fault.LONG, "voice_test_speaker_endless"),
        (Fault.HANG, "voice_test_speaker_hangs"),
    ],
)
@pytest.mark.parametrize("streams", [True, False])
async def test_a_speaker_that_fails(
    hass: HomeAssistant, entry, paris: None, whisper, fault: Fault, key: str, streams: bool
):
    async with ToneSpeaker(streams=streams, seconds_per_character=0.01) as piper:
        pipeline = await add_pipeline(hass, whisper, piper)
        piper.fault(fault)
        err = await fail(hass, pipeline, voice_audio=SHORT if fault is Fault.HANG else 20.0)
        assert err.translation_key == key
        assert err.translation_placeholders == {"engine": "piper"}
        assert not whisper.heard
        piper.clear_faults()
        assert (await go(hass, pipeline)).response == ANSWER


@pytest.mark.parametrize("streams", [True, False])
async def test_a_speaker_that_is_gone(
    hass: HomeAssistant, entry, paris: None, whisper, streams: bool
):
    async with ToneSpeaker(streams=streams, seconds_per_character=0.01) as piper:
        pipeline = await add_pipeline(hass, whisper, piper)
        await piper.stop()
        assert (await fail(hass, pipeline)).translation_key == "voice_test_speaker_failed"
        await piper.start()
        assert (await go(hass, pipeline)).response == ANSWER


async def test_a_speaker_that_breaks_off(hass: HomeAssistant, entry, paris: None, whisper):
    async with ToneSpeaker(streams=False) as piper:
        pipeline = await add_pipeline(hass, whisper, piper)
        piper.fault(Fault.CUT)
        assert (await fail(hass, pipeline)).translation_key == "voice_test_speaker_failed"


async def test_a_stream_that_breaks_off_is_half_heard(
    hass: HomeAssistant, pipeline: Pipeline, paris: None, whisper, piper
):
    """Home Assistant can't tell it from speech that is over."""
    piper.fault(Fault.CUT, times=1)
    whisper.script("what is the")
    assert (await go(hass, pipeline)).word_error_rate == 0.5


async def test_a_speaker_that_is_slow(hass: HomeAssistant, pipeline: Pipeline, paris: None, piper):
    piper.fault(Fault.SLOW, times=1, delay=0.05)
    assert (await go(hass, pipeline)).timings.synthesis > 0.2


async def test_a_speaker_with_the_wrong_rate(
    hass: HomeAssistant, pipeline: Pipeline, paris: None, whisper, piper
):
    """It speaks slowly and deep then, for as long as it says."""
    piper.fault(Fault.WRONG_RATE, times=1)
    await go(hass, pipeline)
    assert whisper.heard[0].seconds == pytest.approx(0.3 + 0.3 * 22_050 / 8_000 + 2.0, abs=0.05)


class OddMouth(tts.TextToSpeechEntity):
    """Says WAV, and sends something else."""

    _attr_name = "Odd mouth"
    _attr_default_language = "en_US"
    _attr_supported_languages = ["en_US"]

    async def async_get_tts_audio(self, message, language, options):
        return "wav", b"<html>" * 1000


async def test_a_speaker_that_sends_something_else(
    hass: HomeAssistant, pipeline: Pipeline, paris: None
):
    await hass.data[tts.DATA_COMPONENT].async_add_entities([OddMouth()])
    await async_update_pipeline(hass, pipeline, tts_engine="tts.odd_mouth")
    assert (await fail(hass, pipeline)).translation_key == "voice_test_speaker_failed"


@pytest.mark.parametrize(
    "changes",
    [{"tts_engine": "tts.gone"}, {"tts_language": "xx"}],
    ids=["not set up", "unknown language"],
)
async def test_a_speaker_that_does_not_fit(
    hass: HomeAssistant, pipeline: Pipeline, paris: None, changes: dict[str, str]
):
    await async_update_pipeline(hass, pipeline, **changes)
    assert (await fail(hass, pipeline)).translation_key == "voice_test_speaker_failed"


# A recogniser with faults


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        (Fault.ERROR, "voice_test_recogniser_failed"),
        (Fault.CUT, "voice_test_recogniser_failed"),
        (Fault.EMPTY, "voice_test_heard_nothing"),
        (Fault.HANG, "voice_test_recogniser_hangs"),
    ],
)
async def test_a_recogniser_that_fails(
    hass: HomeAssistant,
    pipeline: Pipeline,
    paris: None,
    sim: Simulator,
    whisper,
    fault: Fault,
    key: str,
):
    whisper.fault(fault, times=1)
    err = await fail(hass, pipeline, voice_audio=SHORT if fault is Fault.HANG else 20.0)
    assert err.translation_key == key
    assert err.translation_placeholders == {"engine": "faster-whisper"}
    assert not sim.chats
    await until(lambda: not whisper.connections)
    assert (await go(hass, pipeline)).response == ANSWER


async def test_a_recogniser_that_is_gone(
    hass: HomeAssistant, pipeline: Pipeline, paris: None, whisper
):
    await whisper.stop()
    assert (await fail(hass, pipeline)).translation_key == "voice_test_recogniser_failed"
    await whisper.start()
    assert (await go(hass, pipeline)).response == ANSWER


async def test_a_recogniser_that_is_not_set_up(
    hass: HomeAssistant, pipeline: Pipeline, paris: None
):
    await async_update_pipeline(hass, pipeline, stt_engine="stt.gone")
    err = await fail(hass, pipeline)
    assert err.translation_key == "voice_test_recogniser_failed"
    assert err.translation_placeholders == {"engine": "stt.gone"}


async def test_it_waits_for_the_speech_as_well(
    hass: HomeAssistant, pipeline: Pipeline, paris: None
):
    """The speech itself takes no time away from the recogniser."""
    result = await go(hass, pipeline, real_time=True, voice_audio=0.5)
    assert result.response == ANSWER


# An agent with faults


@pytest.mark.parametrize(
    ("fault", "says"),
    [(OllamaFault.REFUSE, "reach"), (OllamaFault.HANG, ""), (OllamaFault.HTTP_500, "")],
)
async def test_an_agent_that_fails(
    hass: HomeAssistant, pipeline: Pipeline, sim: Simulator, fault: OllamaFault, says: str
):
    sim.fault(fault, path="/api/chat")
    err = await fail(hass, pipeline)
    assert err.translation_key == "voice_test_agent_failed"
    detail = err.translation_placeholders["detail"]
    assert says in detail
    assert len(detail) > 20


async def test_an_agent_that_is_not_loaded(
    hass: HomeAssistant, entry: MockConfigEntry, pipeline: Pipeline
):
    assert await hass.config_entries.async_unload(entry.entry_id)
    err = await fail(hass, pipeline)
    assert err.translation_key == "voice_test_agent_missing"
    assert err.translation_placeholders == {"pipeline": "Voice"}


async def test_an_agent_that_takes_too_long(
    hass: HomeAssistant, pipeline: Pipeline, sim: Simulator
):
    """It would wait long in the queue behind what runs already."""
    sim.set_brain(lambda request: Reply(ANSWER, delay=2))
    other = hass.async_create_task(
        hass.services.async_call(DOMAIN, "ask", {"prompt": "Tell me."}, blocking=True)
    )
    await until(lambda: sim.chats)
    limits = replace(time_limits(hass), turn=0.1, answer=0.2)
    with pytest.raises(HomeAssistantError) as caught:
        await async_round_trip(hass, pipeline.id, limits, real_time=False)
    assert caught.value.translation_key == "voice_test_agent_hangs"
    other.cancel()
    await asyncio.gather(other, return_exceptions=True)


# The way back with faults


@pytest.mark.parametrize(
    "fault", [Fault.ERROR, Fault.EMPTY, Fault.LONG, Fault.HANG], ids=lambda fault: fault.value
)
async def test_an_answer_that_is_not_spoken(
    hass: HomeAssistant, pipeline: Pipeline, sim: Simulator, piper, fault: Fault
):
    def brain(request: Any) -> Reply:
        piper.fault(fault, times=1)  # the sentence has been spoken by now
        return Reply(ANSWER)

    sim.set_brain(brain)
    err = await fail(hass, pipeline, voice_audio=SHORT if fault is Fault.HANG else 20.0)
    assert err.translation_key == "voice_test_answer_unspoken"
    assert err.translation_placeholders == {"engine": "piper"}


async def test_a_speaker_that_goes_in_the_middle(
    hass: HomeAssistant, pipeline: Pipeline, sim: Simulator, piper
):
    stopped: list[asyncio.Task[None]] = []

    def brain(request: Any) -> Reply:
        stopped.append(hass.async_create_task(piper.stop()))
        return Reply(ANSWER, delay=0.1)

    sim.set_brain(brain)
    assert (await fail(hass, pipeline)).translation_key == "voice_test_answer_unspoken"


@pytest.mark.parametrize("answer", [ANSWER, f"{ANSWER} " * 20], ids=["short", "streamed"])
async def test_speech_servers_that_are_unloaded_meanwhile(
    hass: HomeAssistant,
    pipeline: Pipeline,
    sim: Simulator,
    answer: str,
    caplog: pytest.LogCaptureFixture,
):
    """Home Assistant's own error is no sentence for people."""

    async def unload() -> None:
        for entry in hass.config_entries.async_entries("wyoming"):
            await hass.config_entries.async_unload(entry.entry_id)

    def brain(request: Any) -> Reply:
        hass.async_create_task(unload())
        return Reply(answer, delay=0.3)

    sim.set_brain(brain)
    err = await fail(hass, pipeline)
    assert err.translation_key == "voice_test_answer_unspoken"
    assert not any(ANSWER in line for line in our_errors(caplog))


# A pipeline that breaks


def our_errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what we have logged as errors, with all that is shown of it."""
    ours = [record for record in caplog.records if record.name.startswith("custom_components")]
    return [
        logging.Formatter().format(record) for record in ours if record.levelno >= logging.ERROR
    ]


@pytest.mark.parametrize(
    ("stage", "key"),
    [
        ("speech_to_text", "voice_test_recogniser_failed"),
        ("recognize_intent", "voice_test_agent_failed"),
    ],
)
async def test_a_stage_that_breaks(
    hass: HomeAssistant,
    pipeline: Pipeline,
    paris: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    stage: str,
    key: str,
):
    """Where, stands in the log, once; what was said does not."""
    secret = "Grandmother is asleep."

    async def broken(*args: Any) -> None:
        raise LookupError(secret) from ValueError(secret)

    # Home Assistant's own: no server could do this.
    monkeypatch.setattr(_DefaultPipelineProcessor, stage, broken)
    err = await fail(hass, pipeline)
    assert err.translation_key == key
    assert secret not in repr(err.translation_placeholders)
    # Whoever logs the error shows what has caused it.
    assert secret not in "".join(traceback.format_exception(err))
    [told] = our_errors(caplog)
    assert "LookupError" in told
    assert "in broken" in told
    assert secret not in told


async def test_an_error_of_ours_is_passed_on(
    hass: HomeAssistant,
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    async def refuse(*args: Any) -> None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="voice_test_no_pipeline"
        )

    monkeypatch.setattr(_DefaultPipelineProcessor, "recognize_intent", refuse)
    err = await fail(hass, pipeline)
    assert isinstance(err, ServiceValidationError)
    assert err.translation_key == "voice_test_no_pipeline"
    assert not our_errors(caplog)


# Which pipelines


async def test_an_unknown_pipeline(hass: HomeAssistant, pipeline: Pipeline):
    err = await fail(hass, replace(pipeline, id="gone"))
    assert err.translation_key == "voice_test_pipeline_unknown"
    err = await fail(hass, replace(pipeline, id="conversation.gone"))
    assert err.translation_key == "voice_test_pipeline_unknown"


async def test_there_are_no_pipelines(hass: HomeAssistant, entry):
    with pytest.raises(ServiceValidationError) as caught:
        await async_round_trip(hass, None, time_limits(hass))
    assert caught.value.translation_key == "voice_test_no_pipeline"


@pytest.mark.parametrize("engine", ["conversation.home_assistant", "conversation.gone"])
async def test_an_agent_of_others(hass: HomeAssistant, pipeline: Pipeline, piper, engine: str):
    """It would not know that it is to keep its hands still."""
    await async_update_pipeline(hass, pipeline, conversation_engine=engine)
    err = await fail(hass, pipeline)
    assert err.translation_key == "voice_test_foreign_agent"
    assert not piper.spoken


async def test_an_agent_by_the_id_of_its_server(
    hass: HomeAssistant, entry: MockConfigEntry, pipeline: Pipeline, paris: None
):
    """Pipelines of older versions name it so."""
    await async_update_pipeline(hass, pipeline, conversation_engine=entry.entry_id)
    assert (await go(hass, pipeline)).response == ANSWER


@pytest.mark.parametrize(
    "changes",
    [{"stt_engine": None, "stt_language": None}, {"tts_engine": None, "tts_language": None}],
)
async def test_a_pipeline_without_one_half(hass: HomeAssistant, pipeline: Pipeline, changes):
    await async_update_pipeline(hass, pipeline, **changes)
    err = await fail(hass, pipeline)
    assert err.translation_key == "voice_test_incomplete"


@pytest.mark.parametrize("which", [None, "preferred"])
async def test_the_preferred_pipeline(
    hass: HomeAssistant, pipeline: Pipeline, paris: None, which: str | None
):
    hass.data[KEY_ASSIST_PIPELINE].pipeline_store.async_set_preferred_item(pipeline.id)
    result = await async_round_trip(hass, which, time_limits(hass), real_time=False)
    assert result.pipeline == pipeline.id


# Broken off


@pytest.mark.parametrize("stage", ["hearing", "thinking"])
async def test_it_is_broken_off(
    hass: HomeAssistant, pipeline: Pipeline, sim: Simulator, whisper, stage: str
):
    sim.set_brain(lambda request: Reply(ANSWER, delay=5))
    if stage == "hearing":
        whisper.fault(Fault.HANG, times=1)
    running = hass.async_create_task(go(hass, pipeline))
    await until(lambda: whisper.heard if stage == "hearing" else sim.chats)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: not whisper.connections)
    assert not hass.data[KEY_ASSIST_PIPELINE].pipeline_runs._pipeline_runs[pipeline.id]
    assert not any("_Run" in repr(task) for task in asyncio.all_tasks())
    sim.set_brain(lambda request: Reply(ANSWER))
    assert (await go(hass, pipeline)).response == ANSWER


async def test_two_at_once(hass: HomeAssistant, pipeline: Pipeline, paris: None, whisper, piper):
    results = await asyncio.gather(go(hass, pipeline), go(hass, pipeline))
    assert [result.response for result in results] == [ANSWER] * 2
