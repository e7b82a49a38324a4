"""Whether a voice pipeline works: its servers, its voice, and that nobody has taken it apart."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.components.assist_pipeline.models import Pipeline
from homeassistant.components.assist_pipeline.runtime import KEY_ASSIST_PIPELINE
from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..runtime import time_limits
from ..server.lenient import as_mapping
from .assembly import are_pipelines_known, async_known_entry, pipeline_of
from .found import entity_of
from .languages import best_match
from .probe import VoiceServerError, async_probe, shown
from .records import Part, Place, Service
from .settings import SUBENTRY_VOICE, VoiceSettings
from .timings import PipelineWatcher, RunTimings

_LOGGER = logging.getLogger(__name__)

INTERVAL: Final = timedelta(seconds=60)
MISSES: Final = 3
"""So many unanswered questions, and a server is gone: one that restarts is not."""

CONF_ACCEPTED: Final = "accepted"
"""Of a subentry: what its owner changed in the pipeline by hand, and wants to keep."""

VOICE_AGENT_REMOVED: Final = "voice_agent_removed"
VOICE_LANGUAGE_GONE: Final = "voice_language_gone"
VOICE_PIPELINE_CHANGED: Final = "voice_pipeline_changed"
VOICE_PIPELINE_DELETED: Final = "voice_pipeline_deleted"
VOICE_STT_GONE: Final = "voice_stt_gone"
VOICE_TTS_GONE: Final = "voice_tts_gone"
VOICE_VOICE_GONE: Final = "voice_voice_gone"
VOICE_WAKE_GONE: Final = "voice_wake_gone"
VOICE_WAKE_WORD_GONE: Final = "voice_wake_word_gone"

_GONE: Final[Mapping[Part, str]] = {
    Part.STT: VOICE_STT_GONE,
    Part.TTS: VOICE_TTS_GONE,
    Part.WAKE: VOICE_WAKE_GONE,
}
_ENGINES: Final[Mapping[Part, str]] = {Part.STT: "stt_engine", Part.TTS: "tts_engine"}
_LANGUAGES: Final[Mapping[Part, str]] = {Part.STT: "stt_language", Part.TTS: "tts_language"}
_AGENT: Final = "conversation_engine"
_VOICE: Final = "tts_voice"
WATCHED: Final = (_AGENT, *_ENGINES.values(), *_LANGUAGES.values(), _VOICE)
"""Fields of a pipeline that make it fit."""


@dataclass(frozen=True, slots=True)
class VoiceTrouble:
    """One thing that is wrong with a pipeline."""

    key: str
    placeholders: dict[str, str]
    about: str = ""
    """What tells it apart from others of its kind."""


@dataclass(slots=True)
class PartHealth:
    """What is known of one server of a pipeline."""

    place: Place
    connected: bool | None = None
    """None until it was asked."""
    last_seen: datetime | None = None
    service: Service | None = None
    """As it was when it last answered."""
    misses: int = 0
    engine: str | None = None
    """Its entity in Home Assistant."""

    @property
    def is_gone(self) -> bool:
        """Whether it has been away for a while."""
        return self.misses >= MISSES


@dataclass(slots=True)
class VoiceHealth:
    """Watches one pipeline and its servers, and tells listeners of what is new."""

    hass: HomeAssistant
    entry: ConfigEntry
    subentry: ConfigSubentry
    settings: VoiceSettings
    parts: dict[Part, PartHealth] = field(init=False)
    last_run: RunTimings | None = field(init=False, default=None)
    _listeners: list[CALLBACK_TYPE] = field(init=False, default_factory=list)
    _stop: list[CALLBACK_TYPE] = field(init=False, default_factory=list)
    _asking: asyncio.Task[None] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Start with nothing known."""
        places = {Part.STT: self.settings.stt, Part.TTS: self.settings.tts}
        if self.settings.wake is not None:
            places[Part.WAKE] = self.settings.wake
        self.parts = {part: PartHealth(place) for part, place in places.items()}

    @property
    def subentry_id(self) -> str:
        """Its id."""
        return self.subentry.subentry_id

    @property
    def is_known(self) -> bool:
        """Whether each server was asked once."""
        return all(part.connected is not None for part in self.parts.values())

    @callback
    def async_start(self) -> None:
        """Ask at once, and from then on every minute."""
        self._stop.append(
            async_track_time_interval(
                self.hass, self._ask, INTERVAL, name="speech servers", cancel_on_shutdown=True
            )
        )
        if data := self.hass.data.get(KEY_ASSIST_PIPELINE):
            self._stop.append(data.pipeline_store.async_add_listener(self._note_change))
        if self.settings.pipeline:
            watcher = PipelineWatcher(self.hass, self.settings.pipeline, self._note_run)
            watcher.async_start()
            self._stop.append(watcher.async_stop)
        self._ask(None)

    @callback
    def async_stop(self) -> None:
        """Watch no more."""
        while self._stop:
            self._stop.pop()()
        if self._asking is not None:
            self._asking.cancel()

    @callback
    def async_listen(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a function when something is new; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def troubles(self) -> Iterator[VoiceTrouble]:
        """Yield what is wrong, as far as it is known."""
        for part, health in self.parts.items():
            if health.is_gone:
                yield self._trouble(_GONE[part], server=shown(health.place))
        if not self._has_agent:
            yield self._trouble(VOICE_AGENT_REMOVED)
        if not self.is_known or not are_pipelines_known(self.hass):
            return
        if (pipeline := pipeline_of(self.hass, self.settings.pipeline)) is None:
            yield self._trouble(VOICE_PIPELINE_DELETED)
            return
        if self._is_disabled(pipeline.conversation_engine):
            yield self._trouble(VOICE_AGENT_REMOVED)
        elif self._has_agent and self._is_changed(pipeline):
            yield self._trouble(VOICE_PIPELINE_CHANGED)
        yield from self._of_voices(pipeline)
        yield from self._of_wake_word(pipeline)

    def is_open(self, key: str) -> bool:
        """Whether it isn't known yet if a trouble is still true."""
        part = next((part for part, gone in _GONE.items() if gone == key), None)
        if part is None:
            return not self.is_known
        # After a reload a server is asked anew, and has not missed enough questions yet.
        return part in self.parts and self.parts[part].connected is not True

    @property
    def _has_agent(self) -> bool:
        return self.settings.agent in self.entry.subentries

    def _is_disabled(self, agent: str) -> bool:
        """Whether somebody has switched an agent off: nobody answers then, also no other one."""
        entity = er.async_get(self.hass).async_get(agent)
        return entity is not None and entity.disabled_by is not None

    def _trouble(self, key: str, about: str = "", **placeholders: str) -> VoiceTrouble:
        return VoiceTrouble(key, {"pipeline": self.subentry.title, **placeholders}, about)

    def _is_changed(self, pipeline: Pipeline) -> bool:
        """Whether somebody has made the pipeline one that isn't this one any more."""
        accepted = as_mapping(self.subentry.data.get(CONF_ACCEPTED))
        agent = agent_entity(self.hass, self.settings.agent)
        fits = {_AGENT: pipeline.conversation_engine == agent, _VOICE: self._voice_fits(pipeline)}
        for part, name in _ENGINES.items():
            fits[name] = getattr(pipeline, name) == self.parts[part].engine
        for name in _LANGUAGES.values():
            language = getattr(pipeline, name)
            fits[name] = bool(language and best_match(self.settings.language, [language]))
        return any(
            not fits[name] and not (name in accepted and accepted[name] == getattr(pipeline, name))
            for name in WATCHED
        )

    def _voice_fits(self, pipeline: Pipeline) -> bool:
        """Whether the voice speaks the language; one that is gone is told of in another way."""
        health = self.parts[Part.TTS]
        language = pipeline.tts_language
        if health.service is None or pipeline.tts_engine != health.engine or language is None:
            return True
        if best_match(language, health.service.languages) is None:
            return True
        voices = [voice for voice in health.service.voices if voice.name == pipeline.tts_voice]
        return all(best_match(language, voice.languages) for voice in voices if voice.languages)

    def _of_wake_word(self, pipeline: Pipeline) -> Iterator[VoiceTrouble]:
        """Find a wake word that its server doesn't know any more."""
        health, word = self.parts.get(Part.WAKE), pipeline.wake_word_id
        if health is None or health.service is None or word is None:
            return
        if pipeline.wake_word_entity == health.engine and word not in health.service.models:
            shown_word = word.replace("_", " ")
            server = shown(health.place)
            yield self._trouble(VOICE_WAKE_WORD_GONE, wake_word=shown_word, server=server)

    def _of_voices(self, pipeline: Pipeline) -> Iterator[VoiceTrouble]:
        """Find what servers can't do any more, of what the pipeline asks of them."""
        for part, name in _ENGINES.items():
            health = self.parts[part]
            if health.service is None or getattr(pipeline, name) != health.engine:
                continue
            server = {"server": shown(health.place)}
            language = getattr(pipeline, _LANGUAGES[part]) or self.settings.language
            if best_match(language, health.service.languages) is None:
                yield self._trouble(VOICE_LANGUAGE_GONE, part.value, language=language, **server)
            elif part is Part.TTS and _lacks(health.service, pipeline.tts_voice):
                yield self._trouble(VOICE_VOICE_GONE, voice=pipeline.tts_voice or "", **server)

    @callback
    def _ask(self, _: datetime | None) -> None:
        if self._asking is None or self._asking.done():
            self._asking = self.entry.async_create_background_task(
                self.hass, self._async_ask(), "ollama speech servers"
            )

    async def _async_ask(self) -> None:
        await asyncio.gather(*(self._async_ask_part(part) for part in self.parts))
        self._tell()

    async def _async_ask_part(self, part: Part) -> None:
        health = self.parts[part]
        entry = await async_known_entry(self.hass, health.place)
        health.engine = entity_of(self.hass, entry, part) if entry else None
        try:
            server = await async_probe(health.place, time_limits(self.hass))
            service = server.service(part)
        except VoiceServerError as err:
            self._note_miss(health, str(err))
            return
        if service is None:
            self._note_miss(health, "it does something else now")
            return
        if health.misses:
            _LOGGER.info("The speech server %s is back", shown(health.place))
        health.connected, health.misses = True, 0
        health.service, health.last_seen = service, dt_util.utcnow()

    @callback
    def _note_miss(self, health: PartHealth, why: str) -> None:
        if not health.misses:
            _LOGGER.info("The speech server %s is away: %s", shown(health.place), why)
        health.connected = False
        health.misses += 1

    @callback
    def _note_run(self, run: RunTimings) -> None:
        self.last_run = run
        self._tell()

    async def _note_change(self, _kind: str, pipeline_id: str, _item: Any) -> None:
        if pipeline_id == self.settings.pipeline:
            self._tell()

    @callback
    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()


@callback
def async_watch_voices(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, VoiceHealth]:
    """Watch the pipelines of an entry until it is unloaded."""
    voices: dict[str, VoiceHealth] = {}
    for subentry in entry.get_subentries_of_type(SUBENTRY_VOICE):
        try:
            settings = VoiceSettings.from_data(subentry.data)
        except KeyError:
            _LOGGER.warning("The voice pipeline %s can't be read", subentry.title)
            continue
        health = voices[subentry.subentry_id] = VoiceHealth(hass, entry, subentry, settings)
        health.async_start()
        entry.async_on_unload(health.async_stop)
    return voices


@callback
def agent_entity(hass: HomeAssistant, subentry_id: str) -> str | None:
    """Return the entity of an agent, by the id of its subentry; None where none is in use."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(Platform.CONVERSATION, DOMAIN, subentry_id)
    entity = registry.async_get(entity_id) if entity_id else None
    return entity.entity_id if entity and entity.disabled_by is None else None


def _lacks(service: Service, voice: str | None) -> bool:
    """Whether a speaker that names its voices doesn't have this one."""
    names = {known.name for known in service.voices}
    return voice is not None and bool(names) and voice not in names
