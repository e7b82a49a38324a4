"""Speech servers without speech: scripted transcripts, and tones in place of words."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
import math
import struct
from typing import Final

from wyoming.audio import AudioChunk, AudioStart
from wyoming.event import Event
from wyoming.info import Info, WakeModel, WakeProgram
from wyoming.wake import Detect, Detection

from .hearing import Heard, HearingServer
from .server import ATTRIBUTION, SpeechHandler, SpeechServer
from .speaking import CHANNELS, RATE, WIDTH, SpeakerVoice, SpeakingServer

WHISPER_LANGUAGES: Final = ("en", "nl", "de", "fr", "es", "zh")
PIPER_VOICES: Final = (
    SpeakerVoice("en_US-lessac-medium", ("en_US",), "lessac (medium)"),
    SpeakerVoice("en_GB-alan-low", ("en_GB",), "alan (low)"),
    SpeakerVoice("nl_NL-mls-medium", ("nl_NL",), "mls (medium)"),
    SpeakerVoice("de_DE-thorsten-high", ("de_DE",), "thorsten (high)"),
    SpeakerVoice("fr_FR-siwis-medium", ("fr_FR",), "siwis (medium)"),
    SpeakerVoice("es_ES-davefx-medium", ("es_ES",), "davefx (medium)"),
)
_TONE_HERTZ = 440
_LOUDNESS = 8_000
_SILENT = 500
"""Samples below this are no sound."""

type Ear = Callable[[Heard], str]


class ScriptedRecogniser(HearingServer):
    """Has heard what it was told to hear."""

    program = "faster-whisper"
    version = "3.1.0"

    def __init__(
        self,
        *,
        languages: Sequence[str] = WHISPER_LANGUAGES,
        models: Sequence[str] = ("base-int8",),
        work: float = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Set up a recogniser. `work`: seconds that it takes over a transcript."""
        super().__init__(languages=languages, models=models, host=host, port=port)
        self._script: deque[str] = deque()
        self._ear: Ear = lambda heard: "hello"
        self._work = work

    def script(self, *transcripts: str) -> None:
        """Hear these next, one for each utterance, in order."""
        self._script.extend(transcripts)

    def set_ear(self, ear: Ear) -> None:
        """Decide by a function what was heard, where nothing is scripted."""
        self._ear = ear

    async def transcribe(self, heard: Heard) -> str:
        """Return the next transcript."""
        await asyncio.sleep(self._work)
        return self._script.popleft() if self._script else self._ear(heard)


class ToneSpeaker(SpeakingServer):
    """Speaks a tone, the longer the more characters the text has."""

    program = "piper"
    version = "2.2.2"

    def __init__(
        self,
        *,
        voices: Sequence[SpeakerVoice] = PIPER_VOICES,
        streams: bool = True,
        seconds_per_character: float = 0.02,
        work_per_character: float = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Set up a speaker. `work_per_character`: seconds that it takes before it speaks."""
        super().__init__(voices=voices, streams=streams, host=host, port=port)
        self._seconds = seconds_per_character
        self._work = work_per_character

    async def synthesize(self, text: str, voice: SpeakerVoice) -> bytes:
        """Return a tone."""
        await asyncio.sleep(self._work * len(text))
        return _tone(round(self._seconds * len(text) * RATE))


class ScriptedWaker(SpeechServer):
    """Wakes at the first sound, whatever it is."""

    def __init__(
        self,
        *,
        words: Sequence[str] = ("ok_nabu", "hey_jarvis"),
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Set up a service that knows some words."""
        super().__init__(host=host, port=port)
        self.words = tuple(words)

    def info(self) -> Info:
        """Return what it says that it is."""
        models = [
            WakeModel(
                name=word,
                attribution=ATTRIBUTION,
                installed=True,
                description=word,
                version=None,
                languages=["en"],
                phrase=word.replace("_", " "),
            )
            for word in self.words
        ]
        return Info(
            wake=[
                WakeProgram(
                    name="openwakeword",
                    attribution=ATTRIBUTION,
                    installed=True,
                    description="openWakeWord",
                    version="2.1.0",
                    models=models,
                )
            ]
        )

    def make_handler(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> SpeechHandler:
        """Return what answers one connection."""
        return _WakingHandler(self, reader, writer)


class _WakingHandler(SpeechHandler):
    """Listens until there is a sound."""

    def __init__(
        self, server: ScriptedWaker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        super().__init__(server, reader, writer)
        self._word = server.words[0]
        self._listening = False

    async def handle_request(self, event: Event) -> None:
        if Detect.is_type(event.type):
            names = Detect.from_event(event).names or []
            self._word = names[0] if names else self._word
        elif AudioStart.is_type(event.type):
            self._listening = await self.begin(self._server.take_trouble())
        elif AudioChunk.is_type(event.type) and self._listening:
            chunk = AudioChunk.from_event(event)
            if _is_sound(chunk.audio):
                self._listening = False
                await self.send(Detection(name=self._word, timestamp=chunk.timestamp).event())


def _is_sound(audio: bytes) -> bool:
    samples = struct.unpack(f"<{len(audio) // 2}h", audio[: len(audio) // 2 * 2])
    return max(map(abs, samples), default=0) > _SILENT


def _tone(samples: int) -> bytes:
    period = [
        round(_LOUDNESS * math.sin(2 * math.pi * _TONE_HERTZ * index / RATE))
        for index in range(RATE // _TONE_HERTZ)
    ]
    one = struct.pack(f"<{len(period)}h", *period)
    length = samples * WIDTH * CHANNELS
    return (one * (length // len(one) + 1))[:length]
