"""Putting an Assist pipeline together from speech servers and an agent."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
import logging
import socket
from typing import Any, Final

from homeassistant.components import assist_pipeline, stt, tts
from homeassistant.components.assist_pipeline.models import Pipeline
from homeassistant.components.assist_pipeline.pipeline import PipelineStorageCollection
from homeassistant.components.assist_pipeline.runtime import KEY_ASSIST_PIPELINE
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PORT, MATCH_ALL
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.language import Dialect

from ..const import DOMAIN
from ..runtime import time_limits
from .found import WYOMING, discovered, entity_of, known_entries, place_of
from .languages import best_match
from .probe import shown
from .records import Part, Place
from .settings import VoiceSettings

_LOGGER = logging.getLogger(__name__)

LANGUAGE_UNKNOWN: Final = "voice_language_unknown"
SERVER_DISABLED: Final = "voice_server_disabled"
SERVER_NOT_ADDED: Final = "voice_server_not_added"
SERVER_NOT_LOADED: Final = "voice_server_not_loaded"

_BUILDING: Final[HassKey[asyncio.Lock]] = HassKey(f"{DOMAIN}_voice_building")


class AssemblyError(HomeAssistantError):
    """A pipeline that can't be put together; the text says what to do."""

    def __init__(self, key: str, **placeholders: str) -> None:
        """Take a translation key, and what stands in its text."""
        super().__init__(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders=placeholders,
        )


async def async_wyoming_entry(hass: HomeAssistant, place: Place) -> ConfigEntry:
    """Return the loaded entry of a speech server; one that is missing is set up.

    Raises AssemblyError.
    """
    entry = await async_known_entry(hass, place) or await _async_add(hass, place)
    if entry.disabled_by is not None:
        raise AssemblyError(SERVER_DISABLED, server=shown(place))
    if entry.state is not ConfigEntryState.LOADED and entry.state.recoverable:
        # It waits for a server that was away, and is there by now.
        await hass.config_entries.async_reload(entry.entry_id)
    if entry.state is not ConfigEntryState.LOADED:
        raise AssemblyError(SERVER_NOT_LOADED, server=shown(place))
    return entry


async def async_known_entry(hass: HomeAssistant, place: Place) -> ConfigEntry | None:
    """Return the entry of a speech server, also one that writes its host in another way."""
    entries = [entry for entry in known_entries(hass) if place_of(entry).port == place.port]
    for entry in entries:
        if place_of(entry).host.lower() == place.host.lower():
            return entry
    if not entries:
        return None
    wanted, *known = await asyncio.gather(
        _async_addresses(hass, place.host),
        *(_async_addresses(hass, place_of(entry).host) for entry in entries),
    )
    return next(
        (entry for entry, found in zip(entries, known, strict=True) if wanted & found), None
    )


@callback
def building(hass: HomeAssistant) -> asyncio.Lock:
    """Return what to hold from reading the settings until the id of the pipeline is saved.

    Else a button that was pressed twice makes two, and two dialogs set up one server twice.
    """
    return hass.data.setdefault(_BUILDING, asyncio.Lock())


async def async_build(
    hass: HomeAssistant, settings: VoiceSettings, agent_entity_id: str, name: str
) -> str:
    """Create the pipeline, or change the one that was made before; return its id.

    Call it inside of `building`. Raises AssemblyError.
    """
    fields = await _async_fields(hass, settings, agent_entity_id, name)
    # Home Assistant's own integration of speech servers has set it up.
    store = _store(hass)
    assert store is not None
    made = store.data.get(settings.pipeline or "")
    if made is None:
        return (await store.async_create_item(fields)).id
    await assist_pipeline.async_update_pipeline(hass, made, **fields)
    return made.id


@callback
def pipeline_of(hass: HomeAssistant, pipeline_id: str | None) -> Pipeline | None:
    """Return a pipeline as it is now; None where it was deleted."""
    store = _store(hass)
    return store.data.get(pipeline_id or "") if store else None


async def async_as_it_is(hass: HomeAssistant, settings: VoiceSettings) -> VoiceSettings:
    """Return the settings with what was chosen in the pipeline itself since.

    That is its voice, its wake word and the handling of plain commands, as far as they suit.
    """
    if (pipeline := pipeline_of(hass, settings.pipeline)) is None:
        return settings
    chosen: dict[str, Any] = {"prefer_local_intents": pipeline.prefer_local_intents}
    engine, voice = pipeline.tts_engine, pipeline.tts_voice
    suits = best_match(settings.language, [pipeline.tts_language or ""]) is not None
    if (
        suits
        and await _async_is_of(hass, engine, settings.tts, Part.TTS)
        and _voice_suits(hass, engine, voice, settings.language)
    ):
        chosen["voice"] = voice or settings.voice
    if await _async_is_of(hass, pipeline.wake_word_entity, settings.wake, Part.WAKE):
        chosen["wake_word"] = pipeline.wake_word_id
    return replace(settings, **chosen)


async def _async_is_of(
    hass: HomeAssistant, engine: str | None, place: Place | None, part: Part
) -> bool:
    """Whether an engine of a pipeline is the one of a server."""
    if engine is None or place is None:
        return False
    entry = await async_known_entry(hass, place)
    return entry is not None and entity_of(hass, entry, part) == engine


@callback
def are_pipelines_known(hass: HomeAssistant) -> bool:
    """Whether Home Assistant has read its pipelines."""
    return _store(hass) is not None


async def async_remove(hass: HomeAssistant, pipeline_id: str) -> bool:
    """Remove a pipeline, and nothing else; whether it needs no more removing.

    The preferred one can't be deleted: another one is preferred then, and the only one stays.
    """
    if (store := _store(hass)) is None:
        return False
    if (pipeline := store.data.get(pipeline_id)) is None:
        return True
    if store.async_get_preferred_item() == pipeline_id:
        other = next((key for key in store.data if key != pipeline_id), None)
        if other is None:
            _LOGGER.warning("The voice assistant %s stays, as there is no other one", pipeline.name)
            return True
        store.async_set_preferred_item(other)
        _LOGGER.info(
            "The preferred voice assistant %s is removed; it is %s now",
            pipeline.name,
            store.data[other].name,
        )
    await store.async_delete_item(pipeline_id)
    return True


async def _async_fields(
    hass: HomeAssistant, settings: VoiceSettings, agent_entity_id: str, name: str
) -> dict[str, Any]:
    hears, heard = await _async_speech(hass, settings, Part.STT)
    speaks, spoken = await _async_speech(hass, settings, Part.TTS)
    wakes = settings.wake and await _async_engine(hass, settings.wake, Part.WAKE)
    return {
        "name": name,
        # Without a region: Home Assistant's own dialog offers no other.
        "language": Dialect.parse(settings.language).language,
        "conversation_engine": agent_entity_id,
        "conversation_language": MATCH_ALL,
        "stt_engine": hears,
        "stt_language": heard,
        "tts_engine": speaks,
        "tts_language": spoken,
        "tts_voice": settings.voice,
        "wake_word_entity": wakes,
        "wake_word_id": settings.wake_word if wakes else None,
        "prefer_local_intents": settings.prefer_local_intents,
    }


async def _async_speech(
    hass: HomeAssistant, settings: VoiceSettings, part: Part
) -> tuple[str, str]:
    """Return the engine of a part, and the language as it writes it: a run takes no other."""
    place = settings.stt if part is Part.STT else settings.tts
    engine = await _async_engine(hass, place, part)
    language = _tag(hass, settings, engine, part)
    if language is None:
        await _async_ask_anew(hass, place)
        engine = await _async_engine(hass, place, part)
        language = _tag(hass, settings, engine, part)
    if language is None:
        raise AssemblyError(LANGUAGE_UNKNOWN, server=shown(place), language=settings.language)
    return engine, language


async def _async_engine(hass: HomeAssistant, place: Place, part: Part) -> str:
    entry = await async_wyoming_entry(hass, place)
    engine = entity_of(hass, entry, part)
    if engine is None:
        engine = entity_of(hass, await _async_ask_anew(hass, place), part)
    if engine is None:
        raise AssemblyError(SERVER_NOT_LOADED, server=shown(place))
    return engine


async def _async_ask_anew(hass: HomeAssistant, place: Place) -> ConfigEntry:
    """Let Home Assistant's own integration ask what a server can do.

    It asks a recogniser only once, when it is loaded.
    """
    entry = await async_wyoming_entry(hass, place)
    await hass.config_entries.async_reload(entry.entry_id)
    return await async_wyoming_entry(hass, place)


def _tag(hass: HomeAssistant, settings: VoiceSettings, engine: str, part: Part) -> str | None:
    offered = _heard(hass, engine) if part is Part.STT else _spoken(hass, engine, settings)
    return best_match(settings.language, list(offered))


def _voice_suits(hass: HomeAssistant, engine: str | None, voice: str | None, language: str) -> bool:
    """Whether a voice speaks a language; one that isn't known there may be new."""
    spoken = _of_voice(hass, engine or "", voice)
    return not spoken or best_match(language, spoken) is not None


def _heard(hass: HomeAssistant, engine: str) -> Iterable[str]:
    entity = stt.async_get_speech_to_text_entity(hass, engine)
    return entity.supported_languages if entity else ()


def _spoken(hass: HomeAssistant, engine: str, settings: VoiceSettings) -> Iterable[str]:
    """Return the languages of the voice."""
    if (entity := tts.get_engine_instance(hass, engine)) is None:
        return ()
    # A voice that is new may not be known there yet.
    return _of_voice(hass, engine, settings.voice) or entity.supported_languages


def _of_voice(hass: HomeAssistant, engine: str, name: str | None) -> list[str]:
    """Return the languages of a voice, as Home Assistant knows it."""
    if (entity := tts.get_engine_instance(hass, engine)) is None:
        return []
    return [
        language
        for language in entity.supported_languages
        if any(
            voice.voice_id == name for voice in entity.async_get_supported_voices(language) or ()
        )
    ]


async def _async_add(hass: HomeAssistant, place: Place) -> ConfigEntry:
    """Set a server up, as somebody would who does it by hand."""
    flows = hass.config_entries.flow
    waiting = next((found for found in discovered(hass) if found.place == place), None)
    data = {CONF_HOST: place.host, CONF_PORT: place.port}
    try:
        async with asyncio.timeout(time_limits(hass).voice_audio):
            if waiting is not None:
                # What was discovered isn't offered any more then.
                result = await flows.async_configure(waiting.flow_id, {})
            else:
                result = await flows.async_init(WYOMING, context={"source": SOURCE_USER}, data=data)
    except Exception as err:  # whatever it raises over a server that describes itself oddly
        raise AssemblyError(SERVER_NOT_ADDED, server=shown(place)) from err
    if result["type"] is not FlowResultType.CREATE_ENTRY:
        if waiting is None and result["type"] is FlowResultType.FORM:
            flows.async_abort(result["flow_id"])
        raise AssemblyError(SERVER_NOT_ADDED, server=shown(place))
    return result["result"]


async def _async_addresses(hass: HomeAssistant, host: str) -> set[str]:
    """Return the addresses of a host; none where they can't be told in time."""
    try:
        async with asyncio.timeout(time_limits(hass).voice_connect):
            found = await hass.loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError, UnicodeError, TimeoutError:
        return set()
    return {str(address[0]) for *_, address in found}


def _store(hass: HomeAssistant) -> PipelineStorageCollection | None:
    data = hass.data.get(KEY_ASSIST_PIPELINE)
    return data.pipeline_store if data else None
