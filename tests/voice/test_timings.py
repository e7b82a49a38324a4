"""The stages of runs that really happened, read from Home Assistant's record."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Generator
import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import stt, tts, wake_word
from homeassistant.components.assist_pipeline import (
    AudioSettings,
    PipelineEvent,
    PipelineEventType,
    async_pipeline_from_audio_stream,
    async_update_pipeline,
)
from homeassistant.components.assist_pipeline.models import (
    Pipeline,
    PipelineStage,
    WakeWordSettings,
)
from homeassistant.components.assist_pipeline.pipeline import (
    PipelineInput,
    PipelineRun,
    async_get_pipeline,
)
from homeassistant.components.assist_pipeline.runtime import KEY_ASSIST_PIPELINE
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import chat_session
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.ollama.const import DATA_TIME_LIMITS
from custom_components.ollama.server import TimeLimits
from custom_components.ollama.voice import timings
from custom_components.ollama.voice.timings import PipelineWatcher, RunTimings, read_run
from simulator import Reply, Simulator, ToolCall

from ..common import AGENT, say

SENTENCE = "What is the capital of France?"
ANSWER = "It is Paris."
LONG = "The capital is Paris. " * 5
LOUD, QUIET = b"\x01\x40" * 160, bytes(320)
"""10 ms of speech, and of silence."""

SECONDS = {
    PipelineEventType.RUN_START: 0.05,
    PipelineEventType.STT_START: 2.0,
    PipelineEventType.STT_VAD_END: 0.4,
    PipelineEventType.STT_END: 0.02,
    PipelineEventType.INTENT_START: 0.7,
    "tool": 0.5,
    "first-word": 0.3,
    "streaming": 0.6,
    PipelineEventType.INTENT_END: 0.03,
    PipelineEventType.TTS_START: 0.1,
    PipelineEventType.TTS_END: 0.01,
}
"""How long it takes from each event of a run to the next one."""


class Ears(stt.SpeechToTextEntity):
    """Understands one sentence, whatever is said."""

    _attr_name = "Ears"
    _attr_supported_languages = ("en",)

    heard = SENTENCE
    finds_the_end = False

    def __init__(self) -> None:
        self.listening = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()

    @property
    def supported_languages(self) -> list[str]:
        return ["en"]

    @property
    def supported_formats(self) -> list[stt.AudioFormats]:
        return [stt.AudioFormats.WAV]

    @property
    def supported_codecs(self) -> list[stt.AudioCodecs]:
        return [stt.AudioCodecs.PCM]

    @property
    def supported_bit_rates(self) -> list[stt.AudioBitRates]:
        return [stt.AudioBitRates.BITRATE_16]

    @property
    def supported_sample_rates(self) -> list[stt.AudioSampleRates]:
        return [stt.AudioSampleRates.SAMPLERATE_16000]

    @property
    def supported_channels(self) -> list[stt.AudioChannels]:
        return [stt.AudioChannels.CHANNEL_MONO]

    @property
    def audio_processing(self) -> stt.SpeechAudioProcessing:
        return stt.SpeechAudioProcessing(
            requires_external_vad=not self.finds_the_end,
            prefers_auto_gain_enabled=False,
            prefers_noise_reduction_enabled=False,
        )

    async def async_process_audio_stream(
        self, metadata: stt.SpeechMetadata, stream: AsyncIterable[bytes]
    ) -> stt.SpeechResult:
        async for _ in stream:
            pass
        self.listening.set()
        await self.may_end.wait()
        return stt.SpeechResult(self.heard, stt.SpeechResultState.SUCCESS)


class Mouth(tts.TextToSpeechEntity):
    """Speaks when it has the whole text."""

    _attr_name = "Mouth"
    _attr_default_language = "en"
    _attr_supported_languages = ["en"]

    async def async_get_tts_audio(self, message, language, options):
        return "mp3", b"audio"


class StreamingMouth(Mouth):
    """Speaks while the text still comes."""

    _attr_name = "Streaming mouth"

    async def async_stream_tts_audio(self, request: tts.TTSAudioRequest) -> tts.TTSAudioResponse:
        async def audio() -> AsyncGenerator[bytes]:
            async for _ in request.message_gen:
                yield b"audio"

        return tts.TTSAudioResponse("mp3", audio())


class Waker(wake_word.WakeWordDetectionEntity):
    """Hears its name never."""

    _attr_name = "Waker"

    async def get_supported_wake_words(self) -> list[wake_word.WakeWord]:
        return [wake_word.WakeWord("okay", "Okay")]

    async def _async_process_audio_stream(self, stream, wake_word_id):
        async for _ in stream:
            pass


def kind_of(event: PipelineEvent) -> str:
    """Return what an event tells of, progress in detail."""
    if event.type != PipelineEventType.INTENT_PROGRESS:
        return event.type
    if event.data.get("tts_start_streaming"):
        return "streaming"
    delta = event.data["chat_log_delta"]
    if delta.get("role") == "tool_result":
        return "tool"
    return "first-word" if delta.get("content") else "nothing"


@dataclass
class Voice:
    """A pipeline that is spoken to, or written to."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    pipeline_id: str
    ears: Ears
    passed: list[str] = field(default_factory=list)

    def pace(self, event: PipelineEvent) -> None:
        """Let time pass after an event, where it is the first of its kind in a run."""
        if event.type == PipelineEventType.RUN_START:
            self.passed.clear()
        kind = kind_of(event)
        if kind not in self.passed:
            self.passed.append(kind)
            self.freezer.tick(SECONDS.get(kind, 0.0))

    async def hear(self, **more) -> None:
        """Speak to it, as a satellite does: half a second of speech, then silence."""

        async def audio() -> AsyncGenerator[bytes]:
            for chunk in [LOUD] * 50 + [QUIET] * 150:
                yield chunk

        await async_pipeline_from_audio_stream(
            self.hass,
            context=Context(),
            event_callback=self.pace,
            stt_metadata=stt.SpeechMetadata(
                language="en",
                format=stt.AudioFormats.WAV,
                codec=stt.AudioCodecs.PCM,
                bit_rate=stt.AudioBitRates.BITRATE_16,
                sample_rate=stt.AudioSampleRates.SAMPLERATE_16000,
                channel=stt.AudioChannels.CHANNEL_MONO,
            ),
            stt_stream=audio(),
            pipeline_id=self.pipeline_id,
            satellite_id="assist_satellite.kitchen",
            **more,
        )

    async def read(self, text: str = SENTENCE, end: PipelineStage = PipelineStage.INTENT) -> None:
        """Write to it."""
        with chat_session.async_get_chat_session(self.hass) as session:
            run = PipelineRun(
                self.hass,
                context=Context(),
                pipeline=self.pipeline,
                start_stage=PipelineStage.INTENT,
                end_stage=end,
                event_callback=self.pace,
            )
            await PipelineInput(run=run, session=session, intent_input=text).execute(validate=True)

    async def change(self, **changes) -> None:
        """Edit the pipeline."""
        await async_update_pipeline(self.hass, self.pipeline, **changes)

    @property
    def pipeline(self) -> Pipeline:
        return async_get_pipeline(self.hass, self.pipeline_id)

    @property
    def runs(self) -> list[RunTimings | None]:
        """What is read of each run in the record."""
        debug = self.hass.data[KEY_ASSIST_PIPELINE].pipeline_debug
        return [read_run(run.events) for run in debug.get(self.pipeline_id, {}).values()]

    async def wait(self, seconds: float) -> None:
        """Let time pass, and timers fire."""
        self.freezer.tick(seconds)
        async_fire_time_changed(self.hass)
        await self.hass.async_block_till_done()


class LoudnessVad:
    """Takes what is loud for speech, where the real one wants a human voice."""

    def Process10ms(self, audio: bytes) -> float:  # noqa: N802 - the name in pymicro_vad
        return 1.0 if any(audio) else 0.0


@pytest.fixture
async def usual_limits(hass: HomeAssistant) -> None:
    """Let the seconds that pass in a run be less than any time limit."""
    hass.data[DATA_TIME_LIMITS] = TimeLimits()


@pytest.fixture
async def voice(
    hass: HomeAssistant, usual_limits: None, entry, freezer: FrozenDateTimeFactory
) -> AsyncGenerator[Voice]:
    assert await async_setup_component(hass, "assist_pipeline", {})
    ears = Ears()
    await hass.data[stt.DATA_COMPONENT].async_add_entities([ears])
    await hass.data[wake_word.DATA_COMPONENT].async_add_entities([Waker()])
    await hass.data[tts.DATA_COMPONENT].async_add_entities([Mouth(), StreamingMouth()])
    pipeline = await hass.data[KEY_ASSIST_PIPELINE].pipeline_store.async_create_item(
        {
            "name": "Voice",
            "language": "en",
            "conversation_engine": AGENT,
            "conversation_language": "*",
            "stt_engine": "stt.ears",
            "stt_language": "en",
            "tts_engine": "tts.mouth",
            "tts_language": "en",
            "tts_voice": None,
            "wake_word_entity": None,
            "wake_word_id": None,
        }
    )
    with patch("homeassistant.components.assist_pipeline.audio_enhancer.MicroVad", LoudnessVad):
        yield Voice(hass, freezer, pipeline.id, ears)


@pytest.fixture
def quick_runs() -> Generator[None]:
    """Let no time pass in a run, so that timers fire when the test says it."""
    with patch.dict(SECONDS, clear=True):
        yield


@pytest.fixture
async def results(
    hass: HomeAssistant, voice: Voice, quick_runs: None
) -> AsyncGenerator[list[RunTimings]]:
    """What a watcher of the pipeline tells."""
    told: list[RunTimings] = []
    watcher = PipelineWatcher(hass, voice.pipeline_id, told.append)
    watcher.async_start()
    yield told
    watcher.async_stop()


def run_message(voice: Voice, start_stage: str = "intent", **more) -> dict[str, Any]:
    return {
        "type": "assist_pipeline/run",
        "start_stage": start_stage,
        "end_stage": "tts",
        "input": {"text": SENTENCE},
        "pipeline": voice.pipeline_id,
        **more,
    }


async def ask_by_websocket(client, voice: Voice, **more) -> int:
    """Run the pipeline as a browser does; return the id of the run's messages."""
    await client.send_json_auto_id(run_message(voice, **more))
    reply = await client.receive_json()
    assert reply["success"]
    return reply["id"]


async def until(client, kind: PipelineEventType) -> None:
    """Wait for an event of the run."""
    while (await client.receive_json())["event"]["type"] != kind:
        pass


async def test_spoken(voice: Voice, sim: Simulator):
    """The waiting counts from the end of the speech, not from its beginning."""
    sim.script(Reply(ANSWER))
    await voice.hear()
    assert voice.runs == [
        RunTimings(
            speech_to_text=0.4,
            first_token=0.7,
            intent=1.0,
            speech_start=1.45,
            whole=1.56,
            finished_at=datetime.now(UTC),
        )
    ]


@pytest.mark.parametrize("who", ["server", "client"])
async def test_end_of_speech_found_by_others(voice: Voice, sim: Simulator, who):
    """Nobody tells when the speech ended: all of the recognition counts."""
    sim.script(Reply(ANSWER))
    voice.ears.finds_the_end = who == "server"
    await voice.hear(audio_settings=AudioSettings(is_vad_enabled=who == "server"))
    (run,) = voice.runs
    assert PipelineEventType.STT_VAD_END not in voice.passed
    assert (run.speech_to_text, run.speech_start, run.whole) == (2.0, 3.05, 3.16)


async def test_spoken_while_the_answer_comes(voice: Voice, sim: Simulator):
    await voice.change(tts_engine="tts.streaming_mouth")
    sim.script(Reply(LONG))
    await voice.hear()
    (run,) = voice.runs
    assert (run.first_token, run.speech_start) == (0.7, 1.42)
    assert (run.intent, run.whole, run.error) == (1.6, 2.16, None)


async def test_written(voice: Voice, sim: Simulator):
    sim.script(Reply(ANSWER))
    await voice.read()
    assert voice.runs == [
        RunTimings(first_token=0.7, intent=1.0, whole=1.03, finished_at=datetime.now(UTC))
    ]


async def test_written_in_a_browser(
    hass: HomeAssistant, voice: Voice, sim: Simulator, hass_ws_client
):
    """A browser's run lets no time pass here, but has every stage."""
    sim.script(Reply(ANSWER))
    client = await hass_ws_client(hass)
    await ask_by_websocket(client, voice)
    await until(client, PipelineEventType.RUN_END)
    assert voice.runs == [
        RunTimings(
            first_token=0.0, intent=0.0, speech_start=0.0, whole=0.0, finished_at=datetime.now(UTC)
        )
    ]


async def test_a_tool_comes_before_the_first_word(voice: Voice, sim: Simulator, kitchen_light):
    sim.script(
        Reply(tool_calls=(ToolCall("intent__HassTurnOn", {"name": "Kitchen light"}),)),
        Reply("The kitchen light is on."),
    )
    await voice.read("switch the kitchen light on, my dear")
    (run,) = voice.runs
    assert (run.first_token, run.intent) == (1.2, 1.5)


async def test_handled_locally(voice: Voice, sim: Simulator, kitchen_light):
    await voice.change(prefer_local_intents=True)
    voice.ears.heard = "turn on the kitchen light"
    await voice.hear()
    assert not sim.chats
    assert voice.runs == [
        RunTimings(
            speech_to_text=0.4,
            intent=0.7,
            speech_start=1.15,
            whole=1.26,
            handled_locally=True,
            finished_at=datetime.now(UTC),
        )
    ]


async def test_nothing_understood(voice: Voice):
    voice.ears.heard = ""
    await voice.hear()
    assert voice.runs == [
        RunTimings(whole=0.4, finished_at=datetime.now(UTC), error="stt-no-text-recognized")
    ]


async def test_agent_gone(voice: Voice):
    """The run ends before anything is heard, but tells why."""
    await voice.change(conversation_engine="conversation.gone")
    await voice.hear()
    assert voice.runs == [RunTimings(finished_at=datetime.now(UTC), error="intent-not-supported")]


async def test_an_apology_is_no_error(voice: Voice, sim: Simulator):
    await sim.stop()
    await voice.hear()
    (run,) = voice.runs
    assert run.error is None
    assert not run.handled_locally
    assert run.whole == pytest.approx(run.speech_start + 0.11)


async def test_cut_while_listening(voice: Voice):
    voice.ears.may_end.clear()
    run = asyncio.create_task(voice.hear())
    await voice.ears.listening.wait()
    assert voice.runs == [None]
    run.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await run
    assert voice.runs == [RunTimings(finished_at=datetime.now(UTC), error=timings.RUN_CUT)]


async def test_cut_while_thinking(
    hass: HomeAssistant, voice: Voice, sim: Simulator, hass_ws_client
):
    sim.script(Reply(ANSWER, delay=30))
    client = await hass_ws_client(hass)
    subscription = await ask_by_websocket(client, voice)
    await until(client, PipelineEventType.INTENT_START)
    await client.send_json_auto_id({"type": "unsubscribe_events", "subscription": subscription})
    assert (await client.receive_json())["success"]
    await hass.async_block_till_done()
    assert voice.runs == [RunTimings(finished_at=datetime.now(UTC), error=timings.RUN_CUT)]


async def test_time_is_up_for_the_browser(
    hass: HomeAssistant, voice: Voice, sim: Simulator, hass_ws_client
):
    """Here the error stands behind the end of the run."""
    sim.script(Reply(ANSWER, delay=30))
    client = await hass_ws_client(hass)
    await ask_by_websocket(client, voice, timeout=0.2)
    await until(client, PipelineEventType.INTENT_START)
    await voice.wait(0.3)
    await until(client, PipelineEventType.RUN_END)
    await until(client, PipelineEventType.ERROR)
    (run,) = voice.runs
    assert run.error == "timeout"


async def test_two_satellites_hear_one_wake_word(voice: Voice, sim: Simulator, quick_runs):
    """The one that was not answered is not the last run."""
    sim.script(Reply(ANSWER))
    await asyncio.gather(
        voice.hear(wake_word_phrase="okay nabu"), voice.hear(wake_word_phrase="okay nabu")
    )
    assert sorted(run is None for run in voice.runs) == [False, True]
    assert len(sim.chats) == 1


@pytest.mark.parametrize("seconds", [None, 0.1])
async def test_nobody_wakes_it(voice: Voice, seconds):
    """The satellite hangs up, or the time is up."""
    await voice.hear(
        start_stage=PipelineStage.WAKE_WORD, wake_word_settings=WakeWordSettings(timeout=seconds)
    )
    assert (PipelineEventType.ERROR in voice.passed) == bool(seconds)
    assert PipelineEventType.RUN_END in voice.passed
    assert voice.runs == [None]


async def test_a_text_to_speak_is_no_question(
    hass: HomeAssistant, voice: Voice, sim: Simulator, hass_ws_client
):
    client = await hass_ws_client(hass)
    await ask_by_websocket(client, voice, start_stage="tts")
    await until(client, PipelineEventType.RUN_END)
    assert voice.runs == [None]


async def test_refused_before_it_starts(
    hass: HomeAssistant, voice: Voice, sim: Simulator, hass_ws_client
):
    """Such a run stays in the record without an event."""
    await voice.change(tts_engine=None)
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(run_message(voice))
    assert not (await client.receive_json())["success"]
    assert voice.runs == [None]


def event(kind: str, seconds: float, **data) -> PipelineEvent:
    moment = datetime(2026, 10, 20, tzinfo=UTC) + timedelta(seconds=seconds)
    return PipelineEvent(PipelineEventType(kind), data or None, moment.isoformat())


ASKED = event("intent-start", 1)
ENDED = event("run-end", 5)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([], None, id="empty"),
        pytest.param([ASKED], None, id="goes on"),
        pytest.param([ASKED, PipelineEvent(ENDED.type, None, "soon")], None, id="no time"),
        pytest.param([ASKED, PipelineEvent(ENDED.type, None, None)], None, id="not even a text"),
        pytest.param(
            [ASKED, PipelineEvent(ENDED.type, None, "2026-13-45T00:00:00+00:00")],
            None,
            id="no such day",
        ),
        pytest.param(
            [ASKED, PipelineEvent(ENDED.type, None, "2026-10-20T00:00:05")], None, id="where?"
        ),
        pytest.param(
            [event("error", 2), ENDED], {"error": "unknown", "whole": None}, id="error without code"
        ),
        pytest.param(
            [ASKED, PipelineEvent(PipelineEventType.ERROR, "Oh!", ASKED.timestamp), ENDED],
            {"error": "unknown", "whole": 4.0},
            id="data that is a text",
        ),
        pytest.param(
            [event("intent-start", 9), event("intent-end", 3), ENDED],
            {"intent": None, "whole": None, "error": None},
            id="clock put back",
        ),
        pytest.param(
            [
                ASKED,
                event("intent-progress", 2),
                event("intent-progress", 2, chat_log_delta="Paris"),
                event("intent-progress", 2, chat_log_delta={"thinking_content": "Hm."}),
                event("intent-progress", 2, chat_log_delta={"role": "user", "content": "What?"}),
                event("intent-progress", 2, chat_log_delta={"content": "Tell me."}),
                event("intent-progress", 2, chat_log_delta={"role": "assistant"}),
                event("intent-progress", 2, chat_log_delta={"content": ""}),
                event("intent-progress", 3, chat_log_delta={"content": "Paris"}),
                event("intent-progress", 4, chat_log_delta={"content": "!"}),
                event("intent-end", 4),
                ENDED,
            ],
            {"first_token": 2.0, "intent": 3.0},
            id="progress of other kinds",
        ),
    ],
)
def test_odd_records(events, expected):
    run = read_run(events)
    if expected is None:
        assert run is None
    else:
        assert {key: getattr(run, key) for key in expected} == expected


async def test_told_shortly_after_our_agent_has_answered(
    voice: Voice, sim: Simulator, results: list[RunTimings]
):
    sim.script(Reply(ANSWER))
    await voice.hear()
    assert results == []
    await voice.wait(timings.PAUSES[0])
    assert results == voice.runs
    await voice.wait(60)
    await voice.wait(60)
    assert len(results) == 1


async def test_looks_again_where_the_run_ends_later(
    hass: HomeAssistant, voice: Voice, sim: Simulator, kitchen_light, results: list[RunTimings]
):
    """An answer to somebody else starts the looking; this run has no query of its own."""
    await voice.change(prefer_local_intents=True)
    voice.ears.heard = "turn on the kitchen light"
    voice.ears.may_end.clear()
    run = asyncio.create_task(voice.hear())
    await voice.ears.listening.wait()
    await say(hass, SENTENCE)
    for pause in timings.PAUSES[:-1]:
        await voice.wait(pause)
    voice.ears.may_end.set()
    await run
    assert results == []
    await voice.wait(timings.PAUSES[-1])
    assert results == voice.runs
    assert results[0].handled_locally


async def test_told_of_what_was_handled_locally(
    voice: Voice, kitchen_light, results: list[RunTimings]
):
    await voice.change(prefer_local_intents=True)
    await voice.read("turn on the kitchen light")
    await voice.wait(timings.PAUSES[0])
    assert results == []
    await voice.wait(timings.POLL.total_seconds())
    assert results == voice.runs
    assert results[0].handled_locally


async def test_told_in_the_order_in_which_they_end(
    hass: HomeAssistant, voice: Voice, sim: Simulator
):
    sim.script(Reply(ANSWER), Reply(ANSWER))
    told: list[RunTimings] = []
    watcher = PipelineWatcher(hass, voice.pipeline_id, told.append)
    voice.ears.may_end.clear()
    first = asyncio.create_task(voice.hear())
    await voice.ears.listening.wait()
    await voice.read()
    voice.ears.may_end.set()
    await first
    watcher.async_look()
    assert [run.speech_to_text is None for run in told] == [True, False]
    assert told == voice.runs[::-1]


async def test_at_first_only_the_last_one(hass: HomeAssistant, voice: Voice, sim: Simulator):
    """The ones before it are long gone: a sensor would show them as of now."""
    sim.script(Reply(ANSWER), Reply(ANSWER))
    await voice.read()
    await voice.read()
    told: list[RunTimings] = []
    watcher = PipelineWatcher(hass, voice.pipeline_id, told.append)
    watcher.async_start()
    assert told == voice.runs[-1:]
    watcher.async_look()
    watcher.async_stop()
    assert len(told) == 1


async def test_each_once_though_the_record_forgets(
    hass: HomeAssistant, voice: Voice, sim: Simulator, kitchen_light, results: list[RunTimings]
):
    """Home Assistant keeps ten runs."""
    await voice.change(prefer_local_intents=True)
    for count in range(1, 13):
        await voice.read("turn on the kitchen light")
        await voice.wait(timings.POLL.total_seconds() + 1)
        assert len(results) == count
    assert results[-10:] == voice.runs


async def test_other_pipelines_are_not_told_of(
    hass: HomeAssistant, voice: Voice, sim: Simulator, results: list[RunTimings]
):
    sim.script(Reply(ANSWER))
    other = await hass.data[KEY_ASSIST_PIPELINE].pipeline_store.async_create_item(
        {key: value for key, value in voice.pipeline.to_json().items() if key != "id"}
    )
    await Voice(hass, voice.freezer, other.id, voice.ears).read()
    await voice.wait(60)
    assert results == []


async def test_stopped(hass: HomeAssistant, voice: Voice, sim: Simulator, quick_runs):
    """Neither what was planned nor what comes is looked at."""
    sim.script(Reply(ANSWER), Reply(ANSWER), Reply(ANSWER))
    told: list[RunTimings] = []
    watcher = PipelineWatcher(hass, voice.pipeline_id, told.append)
    watcher.async_start()
    await voice.read()
    await voice.read()
    watcher.async_stop()
    await voice.wait(60)
    await voice.read()
    await voice.wait(60)
    assert told == []


async def test_stopped_by_whoever_is_told(
    hass: HomeAssistant, voice: Voice, sim: Simulator, quick_runs
):
    """No timer is left: the test's end looks for them."""
    sim.script(Reply(ANSWER), Reply(ANSWER))
    told: list[RunTimings] = []

    def stop(run: RunTimings) -> None:
        told.append(run)
        watcher.async_stop()

    watcher = PipelineWatcher(hass, voice.pipeline_id, stop)
    watcher.async_start()
    await voice.read()
    await voice.wait(timings.PAUSES[0])
    await voice.read()
    await voice.wait(60)
    assert len(told) == 1


async def test_without_pipelines(hass: HomeAssistant, entry):
    """Assist need not be there, or not yet."""
    told: list[RunTimings] = []
    watcher = PipelineWatcher(hass, "gone", told.append)
    watcher.async_start()
    watcher.async_look()
    assert await async_setup_component(hass, "assist_pipeline", {})
    watcher.async_look()
    watcher.async_stop()
    assert told == []
