"""One run of a pipeline that hears a sentence, listened to and measured."""

import asyncio
from collections.abc import AsyncGenerator
import contextlib
from dataclasses import dataclass
import logging
import traceback
from typing import Any, Final

from homeassistant.components import stt, tts
from homeassistant.components.assist_pipeline import Pipeline, PipelineEvent, PipelineEventType
from homeassistant.components.assist_pipeline.default_pipeline import (
    async_get_pipeline_conversation_data,
)
from homeassistant.components.assist_pipeline.models import PipelineStage
from homeassistant.components.assist_pipeline.pipeline import PipelineInput, PipelineRun
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.trace import trace_id_cv

from ..const import DOMAIN
from ..refusals import failure
from ..server.limits import TimeLimits
from ..sessions import async_chat_session
from ..talking import without_control
from .sound import (
    MICROPHONE_CHANNELS,
    MICROPHONE_RATE,
    MICROPHONE_WIDTH,
    WavReader,
)

_LOGGER = logging.getLogger(__name__)

LONGEST_ANSWER: Final = 300.0
"""Seconds of speech; what speaks longer will never end."""

_CHUNK_SECONDS: Final = 0.02
_BEFORE: Final = 0.3
_AFTER: Final = 2.0
"""Seconds of silence: it takes most of one until Home Assistant takes it for the end."""
_PER_SECOND: Final = MICROPHONE_RATE * MICROPHONE_WIDTH * MICROPHONE_CHANNELS

_SPOKEN: Final = "spoken"
_AUDIO_ENDED: Final = "audio-ended"
_FIRST_WORD: Final = "first-word"
_TTS_FIRST: Final = "tts-first"
_FIRST_AUDIO: Final = "first-audio"
_LAST_AUDIO: Final = "last-audio"
_LISTENED: Final = (PipelineEventType.STT_VAD_END, _AUDIO_ENDED, _SPOKEN)
"""When the listening ended: the first of these that a run has."""

_NOTHING_HEARD: Final = "stt-no-text-recognized"
_AGENT_MISSING: Final = ("intent-agent-not-found", "intent-not-supported")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTimes:
    """How long the stages of a round trip took, in seconds."""

    synthesis: float
    """From the test sentence to all of its audio."""
    speech_to_text: float
    """From the end of the listening until the text is known."""
    time_to_first_token: float | None
    """From when the agent got the text to the first piece of its answer."""
    intent: float
    """From when the agent got the text until its answer is whole."""
    time_to_first_audio: float
    """From the end of the listening until the answer begins to be heard."""
    text_to_speech: float
    """From when the first of the answer could be spoken until all of it was."""
    whole: float
    """From the end of the listening until the answer has been spoken."""


class Trial:
    """One run of a pipeline that hears a sentence."""

    def __init__(
        self,
        hass: HomeAssistant,
        pipeline: Pipeline,
        limits: TimeLimits,
        speech: bytes,
        *,
        real_time: bool,
    ) -> None:
        self.conversation_id = ""
        self.heard = ""
        self.response = ""
        self.answer = WavReader()
        self._hass = hass
        self._pipeline = pipeline
        self._limits = limits
        self._speech = speech
        self._real_time = real_time
        self._at: dict[str, float] = {}
        """When each thing happened first."""
        self._error: str | None = None
        self._agent_failed = False
        self._clock = asyncio.timeout(None)
        self._stream: tts.ResultStream | None = None
        self._listener: asyncio.Task[None] | None = None

    async def async_run(self, context: Context, *, control: bool) -> None:
        """Let it be heard and answered, and listen to the answer. Raises HomeAssistantError."""
        without_control.set(not control)
        # Heard as a person is, also where an automation asks. What is known to come from one
        # would wait for whoever has begun to speak: for itself.
        trace_id_cv.set(None)
        context = Context(context.user_id, id=context.id)
        try:
            try:
                async with self._clock:
                    self._wait_for(self._limits.voice_audio)
                    await self._async_pipeline(context)
            except TimeoutError as err:
                raise self._hung() from err
            except Exception as err:  # whatever the pipeline, or one of its engines, raises
                if isinstance(err, HomeAssistantError) and err.translation_domain == DOMAIN:
                    raise
                self._log(err)
                # Not told as its cause: that may hold what was said, and would be logged.
                raise self._broken(type(err).__name__) from None
            self._check()
            await self._async_answer()
        finally:
            if self._listener is not None:
                self._listener.cancel()
                await asyncio.gather(self._listener, return_exceptions=True)

    def times(self, synthesis: float) -> StageTimes:
        """Return how long the stages took, once all went well."""
        at, kinds = self._at, PipelineEventType
        listened = next((at[mark] for mark in _LISTENED if mark in at), at[kinds.STT_START])
        asked, begun = at[kinds.INTENT_START], at.get(_FIRST_WORD)
        return StageTimes(
            synthesis=round(synthesis, 3),
            speech_to_text=round(at[kinds.STT_END] - listened, 3),
            time_to_first_token=None if begun is None else round(begun - asked, 3),
            intent=round(at[kinds.INTENT_END] - asked, 3),
            time_to_first_audio=round(at[_FIRST_AUDIO] - listened, 3),
            text_to_speech=round(at[_LAST_AUDIO] - at[_TTS_FIRST], 3),
            whole=round(at[_LAST_AUDIO] - listened, 3),
        )

    async def _async_pipeline(self, context: Context) -> None:
        with async_chat_session(self._hass, None, context) as session:
            self.conversation_id = session.conversation_id
            # As if the agent had just asked something: then Home Assistant asks no other for the
            # answer, neither local intents nor sentence triggers, whatever was heard.
            talk = async_get_pipeline_conversation_data(self._hass, session)
            talk.continue_conversation_agent = self._pipeline.conversation_engine
            run = PipelineRun(
                self._hass,
                context=context,
                pipeline=self._pipeline,
                start_stage=PipelineStage.STT,
                end_stage=PipelineStage.TTS,
                event_callback=self._take,
                tts_audio_output={tts.ATTR_PREFERRED_FORMAT: "wav"},
            )
            await PipelineInput(
                run=run,
                session=session,
                stt_metadata=stt.SpeechMetadata(
                    language="",  # the pipeline puts in its own
                    format=stt.AudioFormats.WAV,
                    codec=stt.AudioCodecs.PCM,
                    bit_rate=stt.AudioBitRates.BITRATE_16,
                    sample_rate=stt.AudioSampleRates.SAMPLERATE_16000,
                    channel=stt.AudioChannels.CHANNEL_MONO,
                ),
                stt_stream=self._async_microphone(),
            ).execute(validate=True)

    async def _async_microphone(self) -> AsyncGenerator[bytes]:
        """Yield the sentence between two silences, as fast as it is spoken or is taken."""
        spoken = _silence(_BEFORE) + self._speech
        audio = spoken + _silence(_AFTER)
        size = _bytes_of(_CHUNK_SECONDS)
        begin = self._now()
        for start in range(0, len(audio), size):
            due = begin + start / _PER_SECOND if self._real_time else begin
            await asyncio.sleep(max(0.0, due - self._now()))
            if start >= len(spoken):
                self._mark(_SPOKEN)
            yield audio[start : start + size]
        self._mark(_AUDIO_ENDED)

    @callback
    def _take(self, event: PipelineEvent) -> None:
        """Take in an event of the run."""
        self._mark(event.type)
        data, limits = event.data or {}, self._limits
        match event.type:
            case PipelineEventType.RUN_START:
                self._begin_to_listen(data)
            case PipelineEventType.STT_START:
                spoken = len(self._speech) / _PER_SECOND + _BEFORE + _AFTER
                self._wait_for(limits.voice_audio + (spoken if self._real_time else 0))
            case PipelineEventType.STT_END:
                self.heard = data["stt_output"]["text"]
            case PipelineEventType.INTENT_START:
                # The agent tells by itself when something takes too long; this is for the rest.
                self._wait_for(limits.turn + limits.answer)
            case PipelineEventType.INTENT_PROGRESS:
                self._take_progress(data)
            case PipelineEventType.INTENT_END:
                self._take_answer(data["intent_output"]["response"])
                self._wait_for(limits.voice_audio)
            case PipelineEventType.TTS_START:
                self._mark(_TTS_FIRST)
                self._speak(data["tts_input"])
            case PipelineEventType.ERROR:
                self._error = data["code"]

    def _begin_to_listen(self, data: dict[str, Any]) -> None:
        """Wait for the audio of the answer, as a loudspeaker does."""
        if output := data.get("tts_output"):
            self._stream = tts.async_get_stream(self._hass, output["token"])
        if self._stream is not None:
            self._listener = asyncio.create_task(self._async_listen(self._stream))

    def _take_progress(self, data: dict[str, Any]) -> None:
        if data.get("tts_start_streaming"):
            self._mark(_TTS_FIRST)
        if data.get("chat_log_delta", {}).get("content"):
            self._mark(_FIRST_WORD)

    def _take_answer(self, response: dict[str, Any]) -> None:
        self.response = response.get("speech", {}).get("plain", {}).get("speech", "")
        self._agent_failed = response.get("response_type") == "error"

    def _speak(self, text: str) -> None:
        """Have a short answer spoken anew.

        Home Assistant would take it from earlier speech, and keep it in a file.
        """

        async def words() -> AsyncGenerator[str]:
            yield text

        if self._stream is not None:
            self._stream.async_set_message_stream(words())

    async def _async_listen(self, stream: tts.ResultStream) -> None:
        async with contextlib.aclosing(stream.async_stream_result()) as audio:
            async for data in audio:
                if self.answer.take(data):
                    self._mark(_FIRST_AUDIO)
                if self.answer.seconds > LONGEST_ANSWER:
                    raise failure("voice_test_answer_unspoken", engine=self._speaker)
        self._at[_LAST_AUDIO] = self._now()

    async def _async_answer(self) -> None:
        """Wait until the answer has been spoken. Raises HomeAssistantError."""
        try:
            if self._listener is not None:
                async with asyncio.timeout(self._limits.voice_audio):
                    await self._listener
        except Exception as err:  # whatever an engine raises
            raise failure("voice_test_answer_unspoken", engine=self._speaker) from err
        if not self.answer.length:
            raise failure("voice_test_answer_unspoken", engine=self._speaker)

    def _check(self) -> None:
        """Raise HomeAssistantError for what went wrong in the run."""
        if (self._error or self._agent_failed) and self._is_speaker_lost:
            raise failure("voice_test_answer_unspoken", engine=self._speaker)
        if (error := self._error) is not None:
            raise self._failed(error)
        if self._agent_failed:
            raise failure("voice_test_agent_failed", detail=self.response)

    def _failed(self, error: str) -> HomeAssistantError:
        recogniser = shown_engine(self._hass, self._pipeline.stt_engine)
        if error == _NOTHING_HEARD:
            return failure("voice_test_heard_nothing", engine=recogniser)
        if error in _AGENT_MISSING:
            return failure("voice_test_agent_missing", pipeline=self._pipeline.name)
        if error.startswith("stt-"):
            return failure("voice_test_recogniser_failed", engine=recogniser)
        if error.startswith("tts-"):
            return failure("voice_test_speaker_failed", engine=self._speaker)
        return failure("voice_test_agent_failed", detail=error)

    def _broken(self, detail: str) -> HomeAssistantError:
        """Return the failure of the stage in which the pipeline raised something."""
        if _TTS_FIRST in self._at:
            return failure("voice_test_answer_unspoken", engine=self._speaker)
        if PipelineEventType.STT_END in self._at:
            return failure("voice_test_agent_failed", detail=detail)
        engine = shown_engine(self._hass, self._pipeline.stt_engine)
        return failure("voice_test_recogniser_failed", engine=engine)

    def _log(self, err: Exception) -> None:
        """Log something unexpected, without its text: that may hold what was said."""
        where = "".join(traceback.format_tb(err.__traceback__))
        name = type(err).__name__
        _LOGGER.error("The test of %s broke with %s:\n%s", self._pipeline.name, name, where)

    def _hung(self) -> HomeAssistantError:
        """Return the failure of the stage that took too long."""
        if PipelineEventType.INTENT_START in self._at:
            return failure("voice_test_agent_hangs")
        engine = shown_engine(self._hass, self._pipeline.stt_engine)
        return failure("voice_test_recogniser_hangs", engine=engine)

    @property
    def _is_speaker_lost(self) -> bool:
        """Whether the voice went when it was to speak: who streams into it meets the error."""
        engine = self._pipeline.tts_engine or ""
        return _TTS_FIRST in self._at and tts.get_engine_instance(self._hass, engine) is None

    @property
    def _speaker(self) -> str:
        return shown_engine(self._hass, self._pipeline.tts_engine)

    def _wait_for(self, seconds: float) -> None:
        """Let the stage that begins now take so long."""
        self._clock.reschedule(self._now() + seconds)

    def _mark(self, what: str) -> None:
        self._at.setdefault(what, self._now())

    def _now(self) -> float:
        return self._hass.loop.time()


def _silence(seconds: float) -> bytes:
    return bytes(_bytes_of(seconds))


def _bytes_of(seconds: float) -> int:
    return round(seconds * MICROPHONE_RATE) * MICROPHONE_WIDTH * MICROPHONE_CHANNELS


def shown_engine(hass: HomeAssistant, engine: str | None) -> str:
    """Return how people call a speech engine."""
    state = hass.states.get(engine) if engine else None
    return state.name if state else engine or ""
