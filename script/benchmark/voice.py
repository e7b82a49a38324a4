"""From a sentence to the first sound of the answer, through Home Assistant's own pipeline."""

import asyncio
import time

from homeassistant.components import tts
from homeassistant.components.assist_pipeline import Pipeline, PipelineEvent, PipelineEventType
from homeassistant.components.assist_pipeline.models import PipelineStage
from homeassistant.components.assist_pipeline.run import PipelineInput, PipelineRun
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import Context, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import chat_session, entity_registry as er
from homeassistant.setup import async_setup_component

from speech import ToneSpeaker

from . import talk

_LANGUAGE = "en_US"
_HEADER = 44
"""Bytes of a WAV file before its first sample."""


async def until_sound(hass: HomeAssistant, agent_id: str, *, streams: bool) -> float:
    """Return the seconds until a speaker that does or does not stream is heard.

    It takes no time over its work, and what came before is not in its cache. Raises
    RuntimeError when it was asked to say something else than the model said.
    """
    for domain in ("assist_pipeline", "wyoming"):
        if not await async_setup_component(hass, domain, {}):
            raise RuntimeError(f"{domain} could not be set up")
    await hass.services.async_call("tts", "clear_cache", blocking=True)
    async with ToneSpeaker(streams=streams) as speaker:
        entry_id, engine = await _add(hass, speaker)
        try:
            seconds = await _run(hass, _pipeline(agent_id, engine))
        finally:
            await hass.config_entries.async_remove(entry_id)
        said = " ".join(spoken.text for spoken in speaker.spoken)
    if said.split() != talk.SPOKEN.split():
        raise RuntimeError(f"an answer that nobody gave: {said[:200]!r}")
    return seconds


async def _add(hass: HomeAssistant, speaker: ToneSpeaker) -> tuple[str, str]:
    """Add a speech server as its owner would; return its entry and its entity."""
    host, port = speaker.place
    result = await hass.config_entries.flow.async_init(
        "wyoming", context={"source": SOURCE_USER}, data={"host": host, "port": port}
    )
    if result["type"] is not FlowResultType.CREATE_ENTRY:
        raise RuntimeError("the speech server could not be added")
    await hass.async_block_till_done()
    entry_id: str = result["result"].entry_id
    (entity,) = er.async_entries_for_config_entry(er.async_get(hass), entry_id)
    return entry_id, entity.entity_id


def _pipeline(agent_id: str, engine: str) -> Pipeline:
    return Pipeline(
        conversation_engine=agent_id,
        conversation_language="*",
        language="en",
        name="Bench",
        stt_engine=None,
        stt_language=None,
        tts_engine=engine,
        tts_language=_LANGUAGE,
        tts_voice=None,
        wake_word_entity=None,
        wake_word_id=None,
    )


async def _run(hass: HomeAssistant, pipeline: Pipeline) -> float:
    """Say a sentence and return the seconds until the first sample of the answer."""
    listening: list[asyncio.Task[float]] = []

    def note(event: PipelineEvent) -> None:
        data = event.data or {}
        if event.type is PipelineEventType.RUN_START:
            token = data["tts_output"]["token"]
            listening.append(hass.async_create_task(_first_sample(hass, token)))
        elif event.type is PipelineEventType.ERROR:
            raise RuntimeError(f"the pipeline failed: {data['message']}")

    with chat_session.async_get_chat_session(hass) as session:
        work = PipelineInput(
            session=session,
            intent_input=talk.SPEAK,
            run=PipelineRun(
                hass,
                context=Context(),
                pipeline=pipeline,
                start_stage=PipelineStage.INTENT,
                end_stage=PipelineStage.TTS,
                event_callback=note,
                # What the speaker sends: nothing is to be converted.
                tts_audio_output={tts.ATTR_PREFERRED_FORMAT: "wav"},
            ),
        )
        started = time.perf_counter()
        await work.execute(validate=True)
    (heard,) = await asyncio.gather(*listening)
    return heard - started


async def _first_sample(hass: HomeAssistant, token: str) -> float:
    """Listen to all of a speech; return when its first sample came."""
    stream = tts.async_get_stream(hass, token)
    if stream is None:
        raise RuntimeError("there is no speech")
    received, heard = 0, 0.0
    async for chunk in stream.async_stream_result():
        received += len(chunk)
        if not heard and received > _HEADER:
            heard = time.perf_counter()
    if not heard:
        raise RuntimeError("nothing was heard")
    return heard
