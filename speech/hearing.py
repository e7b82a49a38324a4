"""A server that hears: audio comes, a transcript goes."""

from abc import abstractmethod
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioChunkConverter, AudioStart, AudioStop
from wyoming.event import Event
from wyoming.info import AsrModel, AsrProgram, Info

from .faults import Fault, Trouble
from .server import ATTRIBUTION, ConnectionEndedError, SpeechHandler, SpeechServer

RATE = 16_000
"""Hertz: what recognisers are trained on."""
WIDTH = 2
CHANNELS = 1


@dataclass(frozen=True, slots=True)
class Heard:
    """What came to a recogniser."""

    audio: bytes
    """16 kHz, 16 bit, mono, whatever it was sent as."""
    language: str | None
    rate: int
    """Hertz, as it was announced."""
    chunks: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.audio) / (RATE * WIDTH * CHANNELS)


class HearingServer(SpeechServer):
    """A recogniser."""

    program: str
    version: str | None = None

    def __init__(
        self,
        *,
        languages: Sequence[str] = ("en",),
        models: Sequence[str] = ("base",),
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Set up a recogniser whose models all know all the languages."""
        super().__init__(host=host, port=port)
        self.languages = tuple(languages)
        self.models = tuple(models)
        self.heard: list[Heard] = []

    @abstractmethod
    async def transcribe(self, heard: Heard) -> str:
        """Return what was said."""

    def info(self) -> Info:
        """Return what it says that it is."""
        models = [
            AsrModel(
                name=name,
                attribution=ATTRIBUTION,
                installed=True,
                description=name,
                version=self.version,
                languages=list(self.languages),
            )
            for name in self.models
        ]
        return Info(
            asr=[
                AsrProgram(
                    name=self.program,
                    attribution=ATTRIBUTION,
                    installed=True,
                    description=self.program,
                    version=self.version,
                    models=models,
                )
            ]
        )

    def make_handler(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> SpeechHandler:
        """Return what answers one connection."""
        return _HearingHandler(self, reader, writer)


class _HearingHandler(SpeechHandler):
    """Gathers the audio of one utterance."""

    def __init__(
        self, server: HearingServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        super().__init__(server, reader, writer)
        self._ear = server
        self._language: str | None = None
        self._trouble = Trouble()
        self._forget()

    async def handle_request(self, event: Event) -> None:
        if Transcribe.is_type(event.type):
            self._language = Transcribe.from_event(event).language
        elif AudioStart.is_type(event.type):
            self._forget()
            self._rate = AudioStart.from_event(event).rate
            self._trouble = self._ear.take_trouble()
        elif AudioChunk.is_type(event.type):
            self._take(AudioChunk.from_event(event))
        elif AudioStop.is_type(event.type):
            await self._answer()

    def _forget(self) -> None:
        self._audio = bytearray()
        self._chunks = 0
        self._rate = RATE
        self._converter = AudioChunkConverter(RATE, WIDTH, CHANNELS)

    def _take(self, chunk: AudioChunk) -> None:
        if self._trouble.fault is Fault.CUT:
            raise ConnectionEndedError
        self._chunks += 1
        self._audio += self._converter.convert(chunk).audio

    async def _answer(self) -> None:
        heard = Heard(bytes(self._audio), self._language, self._rate, self._chunks)
        self._ear.heard.append(heard)
        self._forget()
        if not await self.begin(self._trouble):
            return
        nothing = self._trouble.fault is Fault.EMPTY
        text = "" if nothing else await self._ear.transcribe(heard)
        await self.send(Transcript(text=text, language=self._language).event())
