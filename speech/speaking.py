"""A server that speaks: text comes, audio goes, sentence by sentence where it streams."""

from abc import abstractmethod
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
import re

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Info, TtsProgram, TtsVoice
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from .faults import Fault, Trouble
from .server import ATTRIBUTION, ConnectionEndedError, SpeechHandler, SpeechServer

RATE = 22_050
"""Hertz: what espeak-ng and most voices of Piper speak with."""
WIDTH = 2
CHANNELS = 1
_SAMPLES_PER_CHUNK = 1024
_WRONG_RATE = 8_000
_LONG_SECONDS = 600
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[\u3002\uff01\uff1f])")


class SpeechError(Exception):
    """The text could not be spoken; the client is told why."""


@dataclass(frozen=True, slots=True)
class SpeakerVoice:
    """A voice that a server offers."""

    name: str
    languages: tuple[str, ...]
    title: str = ""


@dataclass(slots=True)
class Spoken:
    """What a speaker was asked to say."""

    voice: SpeakerVoice
    streamed: bool
    parts: list[str] = field(default_factory=list)
    """The texts that were spoken one after the other."""

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(self.parts)


class SpeakingServer(SpeechServer):
    """A speaker."""

    program: str
    version: str | None = None

    def __init__(
        self,
        *,
        voices: Sequence[SpeakerVoice],
        streams: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Set up a speaker; the first voice speaks where none is asked for."""
        super().__init__(host=host, port=port)
        self.voices = tuple(voices)
        self.streams = streams
        self.spoken: list[Spoken] = []

    @abstractmethod
    async def synthesize(self, text: str, voice: SpeakerVoice) -> bytes:
        """Return the samples of a text: RATE, WIDTH, CHANNELS. Raises SpeechError."""

    def info(self) -> Info:
        """Return what it says that it is."""
        voices = [
            TtsVoice(
                name=voice.name,
                attribution=ATTRIBUTION,
                installed=True,
                description=voice.title or None,
                version=self.version,
                languages=list(voice.languages),
            )
            for voice in self.voices
        ]
        return Info(
            tts=[
                TtsProgram(
                    name=self.program,
                    attribution=ATTRIBUTION,
                    installed=True,
                    description=self.program,
                    version=self.version,
                    voices=voices,
                    supports_synthesize_streaming=self.streams,
                )
            ]
        )

    def make_handler(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> SpeechHandler:
        """Return what answers one connection."""
        return _SpeakingHandler(self, reader, writer)

    def voice_for(self, wish: SynthesizeVoice | None) -> SpeakerVoice | None:
        """Return the voice that is asked for; None when there is none such."""
        if wish is None:
            return self.voices[0]
        for voice in self.voices:
            if voice.name == wish.name or (not wish.name and wish.language in voice.languages):
                return voice
        return None


class _SpeakingHandler(SpeechHandler):
    """Speaks whole texts, or what comes of one bit by bit."""

    def __init__(
        self, server: SpeakingServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        super().__init__(server, reader, writer)
        self._mouth = server
        self._trouble = Trouble()
        self._stream: Spoken | None = None
        self._streaming = False
        self._waiting = ""

    async def handle_request(self, event: Event) -> None:
        if Synthesize.is_type(event.type):
            # While text streams, the whole of it comes too, for servers that know only that.
            if not self._streaming:
                await self._speak_whole(Synthesize.from_event(event))
        elif not self._mouth.streams:
            return
        elif SynthesizeStart.is_type(event.type):
            self._streaming = True
            self._waiting = ""
            self._stream = await self._begin(SynthesizeStart.from_event(event).voice, True)
        elif SynthesizeChunk.is_type(event.type):
            await self._take(SynthesizeChunk.from_event(event).text)
        elif SynthesizeStop.is_type(event.type):
            await self._finish()

    async def _begin(self, wish: SynthesizeVoice | None, streamed: bool) -> Spoken | None:
        """Begin a request; None when an error was answered."""
        self._trouble = self._mouth.take_trouble()
        if not await self.begin(self._trouble):
            return None
        voice = self._mouth.voice_for(wish)
        if voice is None:
            await self.send(Error(text="No such voice.", code="no-voice").event())
            return None
        spoken = Spoken(voice, streamed)
        self._mouth.spoken.append(spoken)
        return spoken

    async def _speak_whole(self, request: Synthesize) -> None:
        if spoken := await self._begin(request.voice, False):
            await self._speak(spoken, request.text)

    async def _take(self, text: str) -> None:
        """Speak the sentences that are complete."""
        self._waiting += text
        *complete, self._waiting = _SENTENCE_END.split(self._waiting)
        for sentence in complete:
            await self._speak_part(sentence)

    async def _finish(self) -> None:
        rest, self._waiting = self._waiting, ""
        await self._speak_part(rest)
        if self._stream is not None:
            await self.send(SynthesizeStopped().event())
        self._stream = None
        self._streaming = False

    async def _speak_part(self, text: str) -> None:
        if self._stream is not None and text.strip():
            await self._speak(self._stream, text.strip())

    async def _speak(self, spoken: Spoken, text: str) -> None:
        spoken.parts.append(text)
        try:
            audio = await self._mouth.synthesize(text, spoken.voice)
        except SpeechError as err:
            await self.send(Error(text=str(err), code="failed").event())
            return
        await self._send_audio(self._spoilt(audio))

    def _spoilt(self, audio: bytes) -> bytes:
        match self._trouble.fault:
            case Fault.EMPTY:
                return b""
            case Fault.SILENCE:
                return bytes(len(audio))
            case Fault.LONG if audio:
                length = _LONG_SECONDS * RATE * WIDTH * CHANNELS
                return (audio * (length // len(audio) + 1))[:length]
        return audio

    async def _send_audio(self, audio: bytes) -> None:
        rate = _WRONG_RATE if self._trouble.fault is Fault.WRONG_RATE else RATE
        size = _SAMPLES_PER_CHUNK * WIDTH * CHANNELS
        await self.send(AudioStart(rate, WIDTH, CHANNELS).event())
        for start in range(0, len(audio), size):
            if self._trouble.fault is Fault.CUT and start > len(audio) // 2:
                raise ConnectionEndedError
            chunk = audio[start : start + size]
            await self.send(AudioChunk(rate, WIDTH, CHANNELS, chunk).event())
        await self.send(AudioStop().event())
