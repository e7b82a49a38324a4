"""Audio as voices make it, and as a microphone delivers it."""

import array
import io
import wave

import pytest

from custom_components.ollama.voice.sound import (
    NotWavError,
    SoundFormat,
    WavReader,
    as_microphone,
    is_silent,
)

SAMPLES = bytes(range(200))


def wav(
    samples: bytes = SAMPLES, *, rate: int = 22_050, width: int = 2, channels: int = 1
) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setframerate(rate)
        out.setsampwidth(width)
        out.setnchannels(channels)
        out.writeframes(samples)
    return file.getvalue()


def unknown_length(data: bytes) -> bytes:
    """Return a WAV file as a stream begins it: with no length, or the longest there is."""
    at = data.index(b"data") + 4
    return data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :]


@pytest.mark.parametrize("size", [1, 7, 43, 44, 45, 1000])
@pytest.mark.parametrize("whole", [wav(), wav(b"") + SAMPLES, unknown_length(wav())])
def test_a_file_that_comes_in_pieces(whole: bytes, size: int):
    reader = WavReader()
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    assert b"".join(map(reader.take, pieces)) == SAMPLES
    assert reader.format == SoundFormat(22_050, 2, 1)
    assert reader.length == len(SAMPLES)
    assert reader.seconds == pytest.approx(100 / 22_050)


def test_nothing_has_come():
    reader = WavReader()
    assert reader.take(wav()[:40]) == b""
    assert reader.format is None
    assert reader.seconds == 0


@pytest.mark.parametrize(
    "data",
    [
        b"ID3" + bytes(5000),
        b"RIFF\x00\x00\x00\x00WAVEjunk\xff\xff\xff\x00" + bytes(5000),
        wav(rate=1).replace(b"\x01\x00\x00\x00\x02", b"\x00\x00\x00\x00\x02", 1),
    ],
    ids=["mp3", "no samples", "no rate"],
)
def test_what_is_no_usual_wav(data: bytes):
    with pytest.raises(NotWavError):
        WavReader().take(data)


@pytest.mark.parametrize(
    ("rate", "width", "channels"),
    [(22_050, 2, 1), (8_000, 2, 1), (48_000, 2, 2), (16_000, 4, 1), (44_100, 3, 2), (16_000, 2, 1)],
)
def test_as_a_microphone(rate: int, width: int, channels: int):
    """A second stays a second, and a value that does not change stays what it is."""
    one = (1000 << 8 * (width - 2)).to_bytes(width, "little")
    samples = as_microphone(one * channels * rate, SoundFormat(rate, width, channels))
    values = array.array("h", samples)
    assert len(values) == pytest.approx(16_000, abs=2)
    loud = 1000 * channels  # both sides are put together
    assert set(values) == {loud}


def test_half_a_sample_at_the_end():
    assert len(as_microphone(bytes(321), SoundFormat(16_000, 2, 1))) == 320


@pytest.mark.parametrize("sound", [SoundFormat(16_000, 5, 1), SoundFormat(16_000, 2, 6)])
def test_formats_that_nobody_speaks(sound: SoundFormat):
    with pytest.raises(NotWavError):
        as_microphone(bytes(600), sound)


@pytest.mark.parametrize(
    ("values", "silent"),
    [([], True), ([0] * 9, True), ([3, -60], True), ([0, 500], False), ([0, -32_768], False)],
)
def test_silence(values: list[int], silent: bool):
    assert is_silent(array.array("h", values).tobytes()) is silent
