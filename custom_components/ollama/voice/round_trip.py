"""Trying a pipeline out: a sentence is spoken and heard, and its answer is spoken."""

import asyncio
from collections.abc import AsyncGenerator
import contextlib
from dataclasses import dataclass
import logging
from typing import Any, Final

from homeassistant.components import tts
from homeassistant.components.assist_pipeline import (
    OPTION_PREFERRED,
    Pipeline,
    PipelineNotFound,
)
from homeassistant.components.assist_pipeline.pipeline import (
    async_get_pipeline,
)
from homeassistant.components.assist_pipeline.runtime import KEY_ASSIST_PIPELINE
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN
from ..refusals import failure, invalid
from ..server.limits import TimeLimits
from .sentences import async_starts_an_automation, neutral_sentence
from .sound import (
    NotWavError,
    WavReader,
    as_microphone,
    is_silent,
)
from .trial import StageTimes, Trial, shown_engine
from .words import word_error_rate

_LOGGER = logging.getLogger(__name__)

LONGEST_SENTENCE: Final = 15.0
"""Seconds of speech after which Home Assistant cuts a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """What came of a sentence that was spoken to a pipeline."""

    pipeline: str
    """Its id."""
    conversation_id: str
    sentence: str
    heard: str
    response: str
    word_error_rate: float
    timings: StageTimes
    audio_duration: float
    """Seconds that the answer takes when it is played."""


async def async_round_trip(
    hass: HomeAssistant,
    pipeline_id: str | None,
    limits: TimeLimits,
    *,
    sentence: str | None = None,
    control: bool = False,
    context: Context | None = None,
    real_time: bool = True,
) -> RoundTrip:
    """Speak a sentence to a pipeline, and tell what came of it.

    Without a pipeline it is the preferred one, and without a sentence a harmless question.
    Without `control` the agent gets no tools. `context` tells who asks. Not in real time, the
    audio goes in as fast as it is taken.

    Raises ServiceValidationError for what can't be tried out, and HomeAssistantError for what
    doesn't work; both are translated.
    """
    pipeline = find_pipeline(hass, pipeline_id)
    _check(hass, pipeline)
    language = pipeline.stt_language or pipeline.language
    if sentence is None and (sentence := neutral_sentence(language)) is None:
        raise invalid("voice_test_sentence_needed", language=language)
    if await async_starts_an_automation(hass, sentence, language):
        raise invalid("voice_test_starts_automation")
    begin = hass.loop.time()
    speech = await _async_speech(hass, pipeline, sentence, limits)
    synthesis = hass.loop.time() - begin
    run = Trial(hass, pipeline, limits, speech, real_time=real_time)
    # On its own: Home Assistant keeps the talk that is under way in the variables of a task.
    await asyncio.create_task(run.async_run(context or Context(), control=control))
    return RoundTrip(
        pipeline=pipeline.id,
        conversation_id=run.conversation_id,
        sentence=sentence,
        heard=run.heard,
        response=run.response,
        word_error_rate=round(word_error_rate(sentence, run.heard), 3),
        timings=run.times(synthesis),
        audio_duration=round(run.answer.seconds, 3),
    )


def find_pipeline(hass: HomeAssistant, pipeline_id: str | None) -> Pipeline:
    """Return a pipeline, or the preferred one. Raises ServiceValidationError."""
    if KEY_ASSIST_PIPELINE not in hass.data:
        raise invalid("voice_test_no_pipeline")
    if pipeline_id == OPTION_PREFERRED:  # so the selector calls it
        pipeline_id = None
    try:
        return async_get_pipeline(hass, pipeline_id)
    except (PipelineNotFound, ValueError) as err:  # the latter: no such agent
        raise invalid("voice_test_pipeline_unknown", pipeline=pipeline_id or "") from err


def asks_us(hass: HomeAssistant, pipeline: Pipeline) -> bool:
    """Whether the agent of a pipeline is one of this integration."""
    return agent_entry(hass, pipeline) is not None


def agent_entry(hass: HomeAssistant, pipeline: Pipeline) -> ConfigEntry | None:
    """Return the entry of this integration whose agent a pipeline has; None for others."""
    engine = pipeline.conversation_engine
    known = er.async_get(hass).async_get(engine)
    # Pipelines of older versions name the entry.
    entry_id = known.config_entry_id if known else engine
    entry = hass.config_entries.async_get_entry(entry_id or "")
    return entry if entry and entry.domain == DOMAIN else None


def _check(hass: HomeAssistant, pipeline: Pipeline) -> None:
    """Refuse what can't be tried out: only an agent of ours is known to keep its hands still."""
    if not asks_us(hass, pipeline):
        raise invalid("voice_test_foreign_agent", pipeline=pipeline.name)
    if pipeline.stt_engine is None or pipeline.tts_engine is None:
        raise invalid("voice_test_incomplete", pipeline=pipeline.name)


async def _async_speech(
    hass: HomeAssistant, pipeline: Pipeline, sentence: str, limits: TimeLimits
) -> bytes:
    """Return a sentence as a microphone would deliver it. Raises HomeAssistantError."""
    engine = shown_engine(hass, pipeline.tts_engine)
    reader, samples = WavReader(), bytearray()
    try:
        async with (
            asyncio.timeout(limits.voice_audio),
            contextlib.aclosing(_async_speak(hass, pipeline, sentence)) as audio,
        ):
            async for data in audio:
                samples += reader.take(data)
                if reader.seconds > LONGEST_SENTENCE:
                    raise failure("voice_test_speaker_endless", engine=engine)
        if reader.format is None or not samples:
            raise failure("voice_test_speaker_silent", engine=engine)
        speech = await hass.async_add_executor_job(as_microphone, bytes(samples), reader.format)
        silent = await hass.async_add_executor_job(is_silent, speech)
    except TimeoutError as err:
        raise failure("voice_test_speaker_hangs", engine=engine) from err
    except (_SpeakerError, NotWavError) as err:
        raise failure("voice_test_speaker_failed", engine=engine) from err
    if silent:
        raise failure("voice_test_speaker_silent", engine=engine)
    return speech


class _SpeakerError(Exception):
    """The voice could not speak; the cause tells why."""


async def _async_speak(
    hass: HomeAssistant, pipeline: Pipeline, sentence: str
) -> AsyncGenerator[bytes]:
    """Yield a sentence as WAV. Raises _SpeakerError."""
    options: dict[str, Any] = {tts.ATTR_PREFERRED_FORMAT: "wav"}
    if pipeline.tts_voice is not None:
        options[tts.ATTR_VOICE] = pipeline.tts_voice

    async def words() -> AsyncGenerator[str]:
        yield sentence

    try:
        stream = tts.async_create_stream(
            hass, pipeline.tts_engine or "", pipeline.tts_language, options
        )
        # What comes as a stream is neither taken from the files of earlier speech nor kept there.
        stream.async_set_message_stream(words())
        async for data in stream.async_stream_result():
            yield data
    except Exception as err:  # whatever an engine raises
        raise _SpeakerError from err
