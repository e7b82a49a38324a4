"""Audio as it comes from a voice, and as a microphone delivers it."""

import array
from dataclasses import dataclass
import io
import sys
from typing import Final
import wave

from wyoming.audio import AudioChunk, AudioChunkConverter

MICROPHONE_RATE: Final = 16_000
"""Hertz, at 16 bit and mono: what Home Assistant wants to hear."""
MICROPHONE_WIDTH: Final = 2
MICROPHONE_CHANNELS: Final = 1

_LONGEST_HEADER: Final = 4_096
_WIDEST: Final = 4
_STEREO: Final = 2
_SILENT: Final = 64
"""Samples no louder than this, of 32768, are noise of the converting."""


class NotWavError(Exception):
    """What came is no WAV file of a usual kind."""


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """What samples mean."""

    rate: int
    """Hertz."""
    width: int
    """Bytes."""
    channels: int

    @property
    def bytes_per_second(self) -> int:
        """How many bytes last a second."""
        return self.rate * self.width * self.channels


class WavReader:
    """Reads a WAV file that comes bit by bit, and whose header need not know its length."""

    def __init__(self) -> None:
        self.format: SoundFormat | None = None
        """Known as soon as the header has come."""
        self.length = 0
        """Bytes of samples that have come."""
        self._head = b""

    @property
    def seconds(self) -> float:
        """How long it is so far."""
        return self.length / self.format.bytes_per_second if self.format else 0.0

    def take(self, data: bytes) -> bytes:
        """Return the samples in what has come. Raises NotWavError."""
        if self.format is None:
            data = self._after_header(data)
        self.length += len(data)
        return data

    def _after_header(self, data: bytes) -> bytes:
        self._head += data
        file = io.BytesIO(self._head)
        try:
            with wave.open(file) as wav:
                self.format = SoundFormat(
                    wav.getframerate(), wav.getsampwidth(), wav.getnchannels()
                )
        except (EOFError, wave.Error) as err:
            if len(self._head) > _LONGEST_HEADER:
                raise NotWavError from err
            return b""  # the rest of the header is still to come
        if not self.format.bytes_per_second:
            raise NotWavError
        return file.read()


def as_microphone(samples: bytes, sound: SoundFormat) -> bytes:
    """Return samples as a microphone delivers them. Raises NotWavError.

    It may take a while: not for the event loop.
    """
    if sound.width > _WIDEST or sound.channels > _STEREO:
        raise NotWavError
    frame = sound.width * sound.channels
    whole = samples[: len(samples) // frame * frame]
    converter = AudioChunkConverter(MICROPHONE_RATE, MICROPHONE_WIDTH, MICROPHONE_CHANNELS)
    return converter.convert(AudioChunk(sound.rate, sound.width, sound.channels, whole)).audio


def is_silent(samples: bytes) -> bool:
    """Whether nothing can be heard in samples of 16 bit; not for the event loop either."""
    values = array.array("h", samples)
    if sys.byteorder == "big":
        values.byteswap()
    return max(map(abs, values), default=0) <= _SILENT
