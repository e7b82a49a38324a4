"""What is known of a server that hears, speaks, or wakes."""

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What a server does in a pipeline."""

    STT = "stt"
    TTS = "tts"
    WAKE = "wake_word"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a Wyoming server listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that is installed."""

    name: str
    """As the server wants to hear it."""
    title: str
    """As people read it."""
    languages: tuple[str, ...]
    """Tags as the server writes them, such as `en`, `en_US` or `nl-NL`."""


@dataclass(frozen=True, slots=True)
class Service:
    """One thing that a Wyoming server does: its first installed program of a kind."""

    part: Part
    name: str
    """The program, such as `faster-whisper` or `piper`."""
    version: str | None
    languages: tuple[str, ...]
    """Tags that it can do, as the server writes them, each once."""
    models: tuple[str, ...] = ()
    """Models of speech recognition, or words that wake."""
    voices: tuple[Voice, ...] = ()
    streams: bool = False
    """Whether it speaks while the text still comes."""


@dataclass(frozen=True, slots=True)
class Server:
    """What a Wyoming server says that it is."""

    place: Place
    services: tuple[Service, ...]

    def service(self, part: Part) -> Service | None:
        """Return what it does for a part of a pipeline; None where it does nothing."""
        return next((service for service in self.services if service.part is part), None)
