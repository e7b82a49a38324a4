"""A voice pipeline as its subentry holds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..server.lenient import as_mapping, as_number, as_text
from .records import Place

SUBENTRY_VOICE: Final = "voice_pipeline"

CONF_AGENT: Final = "agent"
CONF_HOST: Final = "host"
CONF_LANGUAGE: Final = "language"
CONF_PIPELINE: Final = "pipeline"
CONF_PORT: Final = "port"
CONF_PREFER_LOCAL: Final = "prefer_local_intents"
CONF_STT: Final = "stt"
CONF_TTS: Final = "tts"
CONF_VOICE: Final = "voice"
CONF_WAKE: Final = "wake_word"
CONF_WAKE_WORD: Final = "wake_word_id"


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """What makes up one voice pipeline."""

    stt: Place
    """The server that hears: Whisper or its like."""
    tts: Place
    """The server that speaks: Piper or its like."""
    language: str
    """As Home Assistant writes it, such as `en` or `nl-NL`."""
    voice: str | None
    """As the speaking server calls it; None for its own choice."""
    agent: str
    """Id of the agent's subentry, of the same server."""
    prefer_local_intents: bool = False
    wake: Place | None = None
    wake_word: str | None = None
    pipeline: str | None = None
    """Id of the Assist pipeline that was made for it."""

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> VoiceSettings:
        """Read subentry data. Raises KeyError where a server is missing."""
        return cls(
            stt=_place(data[CONF_STT]),
            tts=_place(data[CONF_TTS]),
            language=as_text(data.get(CONF_LANGUAGE)),
            voice=as_text(data.get(CONF_VOICE)) or None,
            agent=as_text(data.get(CONF_AGENT)),
            prefer_local_intents=data.get(CONF_PREFER_LOCAL) is True,
            wake=_place(data[CONF_WAKE]) if data.get(CONF_WAKE) else None,
            wake_word=as_text(data.get(CONF_WAKE_WORD)) or None,
            pipeline=as_text(data.get(CONF_PIPELINE)) or None,
        )

    def as_data(self) -> dict[str, Any]:
        """Return what a subentry saves."""
        data: dict[str, Any] = {
            CONF_STT: _saved(self.stt),
            CONF_TTS: _saved(self.tts),
            CONF_LANGUAGE: self.language,
            CONF_VOICE: self.voice,
            CONF_AGENT: self.agent,
            CONF_PREFER_LOCAL: self.prefer_local_intents,
            CONF_WAKE: _saved(self.wake) if self.wake else None,
            CONF_WAKE_WORD: self.wake_word,
            CONF_PIPELINE: self.pipeline,
        }
        return {key: value for key, value in data.items() if value is not None}


def _place(saved: Any) -> Place:
    saved = as_mapping(saved)
    return Place(as_text(saved[CONF_HOST]), int(as_number(saved[CONF_PORT], 0, 0, 65_535)))


def _saved(place: Place) -> dict[str, Any]:
    return {CONF_HOST: place.host, CONF_PORT: place.port}
