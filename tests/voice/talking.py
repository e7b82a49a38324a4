"""A Wyoming client for tests: what goes in, and all that comes out."""

from dataclasses import dataclass, field

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.tts import Synthesize, SynthesizeStopped, SynthesizeVoice

PATIENCE = 10.0
RATE = 22_050


@dataclass
class Speech:
    """What a speaker has answered."""

    rate: int = 0
    audio: bytearray = field(default_factory=bytearray)
    starts: int = 0
    complete: bool = False
    error: str | None = None
    events: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return len(self.audio) / 2 / RATE


def connect(place: tuple[str, int]) -> AsyncTcpClient:
    return AsyncTcpClient(*place, connect_timeout=PATIENCE, read_timeout=PATIENCE)


async def speak(place: tuple[str, int], text: str, voice: str | None = None) -> Speech:
    async with connect(place) as client:
        wish = SynthesizeVoice(name=voice) if voice else None
        await client.write_event(Synthesize(text=text, voice=wish).event())
        return await listen(client, until=AudioStop)


async def listen(
    client: AsyncTcpClient, until: type[AudioStop | SynthesizeStopped], speech: Speech | None = None
) -> Speech:
    """Gather the answer up to an event, an error, or the end of the connection."""
    speech = speech or Speech()
    while event := await client.read_event():
        take(event, speech)
        speech.complete = until.is_type(event.type)
        if speech.complete or speech.error:
            break
    return speech


def take(event: Event, speech: Speech) -> None:
    speech.events.append(event.type)
    if AudioStart.is_type(event.type):
        speech.rate = AudioStart.from_event(event).rate
        speech.starts += 1
    elif AudioChunk.is_type(event.type):
        speech.audio += AudioChunk.from_event(event).audio
    elif Error.is_type(event.type):
        speech.error = Error.from_event(event).text


async def transcribe(
    place: tuple[str, int],
    audio: bytes | bytearray,
    *,
    rate: int = RATE,
    language: str | None = "en",
) -> str | None:
    """Return the transcript; None when there is none, or an error."""
    async with connect(place) as client:
        await client.write_event(Transcribe(language=language).event())
        await client.write_event(AudioStart(rate, 2, 1).event())
        for start in range(0, len(audio), 2048):
            chunk = AudioChunk(rate, 2, 1, bytes(audio[start : start + 2048]))
            await client.write_event(chunk.event())
        await client.write_event(AudioStop().event())
        while event := await client.read_event():
            if Transcript.is_type(event.type):
                return Transcript.from_event(event).text
            if Error.is_type(event.type):
                return None
    return None
