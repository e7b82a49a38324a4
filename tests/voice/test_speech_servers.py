"""The speech servers that the tests and the demo use."""

import asyncio
from collections.abc import Callable
import os
import re
import signal
import sys
import time

import pytest
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)
from wyoming.wake import Detect, Detection

from speech import (
    EspeakServer,
    Fault,
    ScriptedRecogniser,
    ScriptedWaker,
    SpeechServer,
    SphinxServer,
    ToneSpeaker,
)

from .talking import RATE, Speech, connect, listen, speak, transcribe

COMMAND = "turn on the kitchen light"
A_SECOND = bytes(RATE * 2)


# Real ones


@pytest.mark.parametrize("voice", [None, "en-us", "en-gb"])
@pytest.mark.parametrize("command", [COMMAND, "Turn off the kitchen light.", "yes"])
async def test_what_espeak_says_is_understood(
    espeak: EspeakServer, sphinx: SphinxServer, command: str, voice: str | None
) -> None:
    speech = await speak(espeak.place, command, voice)
    assert (speech.rate, speech.complete, speech.error) == (RATE, True, None)
    heard = await transcribe(sphinx.place, speech.audio)
    assert heard == command.lower().rstrip(".")


async def test_other_words_are_not_taken_for_a_command(
    espeak: EspeakServer, sphinx: SphinxServer
) -> None:
    for text in ("turn on the", "my hovercraft is full of eels"):
        speech = await speak(espeak.place, text)
        assert await transcribe(sphinx.place, speech.audio) == ""
    for silence in (b"", A_SECOND):
        assert await transcribe(sphinx.place, silence) == ""


async def test_sphinx_answers_others_while_it_thinks(sphinx: SphinxServer) -> None:
    async def minutes() -> str | None:
        return await transcribe(sphinx.place, A_SECOND * 60)

    long = asyncio.create_task(minutes())
    assert await transcribe(sphinx.place, A_SECOND) == ""
    assert await long == ""
    assert round(max(heard.seconds for heard in sphinx.heard)) == 60


def test_words_that_sphinx_cannot_know() -> None:
    with pytest.raises(ValueError, match="blorgwick"):
        SphinxServer(["turn on the blorgwick"])


async def test_espeak_speaks_longer_texts_longer(espeak: EspeakServer) -> None:
    short = await speak(espeak.place, "Yes.")
    longer = await speak(espeak.place, f"{COMMAND}, please, and the one in the hall.", "nl")
    assert 0.2 < short.seconds < longer.seconds
    assert (await speak(espeak.place, "")).complete
    # What looks like an option is a text.
    assert (await speak(espeak.place, "--version")).seconds > 0.2


async def test_espeak_streams(espeak: EspeakServer) -> None:
    speech = await _stream(espeak, ["Yes. The li", "ght is on. ", "Good night"])
    assert speech.starts == 3
    assert speech.seconds > 1.5
    assert espeak.spoken[0].parts == ["Yes.", "The light is on.", "Good night"]


async def test_espeak_fails_aloud(
    espeak: EspeakServer, monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]
) -> None:
    monkeypatch.setenv("ESPEAK_DATA_PATH", str(tmp_path))
    speech = await speak(espeak.place, "Hello")
    assert speech.error
    assert speech.error.startswith("espeak-ng ended with")


async def test_the_command_line(espeak: EspeakServer) -> None:
    """Both run until they are stopped, and understand what they are told to expect."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "speech", "--hear-port", "0", "--speak-port", "0"),
        *("--command", COMMAND, "--command", "good morning"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        ports = []
        for verb in ("Hears", "Speaks"):
            line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
            found = re.match(rf"{verb} at tcp://127\.0\.0\.1:(\d+) ", line)
            assert found, line
            ports.append(int(found[1]))
        speech = await speak(("127.0.0.1", ports[1]), "Good morning!")
        assert await transcribe(("127.0.0.1", ports[0]), speech.audio) == "good morning"
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


# Scripted ones


async def test_transcripts_are_scripted(whisper: ScriptedRecogniser) -> None:
    whisper.script(COMMAND, "Doe het licht uit")
    assert await transcribe(whisper.place, A_SECOND) == COMMAND
    assert await transcribe(whisper.place, A_SECOND, language="nl") == "Doe het licht uit"
    whisper.set_ear(lambda heard: f"{heard.seconds:.1f} seconds of {heard.language}")
    assert await transcribe(whisper.place, A_SECOND * 2) == "2.0 seconds of en"
    first, second, _ = whisper.heard
    assert (first.language, second.language) == ("en", "nl")
    assert (first.rate, first.chunks) == (RATE, 22)


async def test_a_tone_is_as_long_as_its_text(piper: ToneSpeaker) -> None:
    speech = await speak(piper.place, "x" * 100, "nl_NL-mls-medium")
    assert round(speech.seconds, 2) == 1.0
    assert any(speech.audio)
    assert piper.spoken[0].voice.languages == ("nl_NL",)
    assert not piper.spoken[0].streamed


async def test_a_voice_that_is_not_there(piper: ToneSpeaker) -> None:
    assert (await speak(piper.place, "Hello", "nobody")).error == "No such voice."


async def test_a_voice_by_its_language(piper: ToneSpeaker) -> None:
    async with connect(piper.place) as client:
        wish = SynthesizeVoice(language="de_DE")
        await client.write_event(Synthesize(text="Hallo", voice=wish).event())
        await listen(client, until=AudioStop)
    assert piper.spoken[0].voice.name == "de_DE-thorsten-high"


async def test_the_first_sentence_is_spoken_while_the_rest_still_comes(piper: ToneSpeaker) -> None:
    async with connect(piper.place) as client:
        await client.write_event(SynthesizeStart().event())
        await client.write_event(SynthesizeChunk("Good evening. It is 21.5 deg").event())
        speech = await listen(client, until=AudioStop)
        assert speech.complete
        assert piper.spoken[0].parts == ["Good evening."]
        await client.write_event(SynthesizeChunk("rees. 好。再见").event())
        await client.write_event(Synthesize("Good evening. It is ...").event())
        await client.write_event(SynthesizeStop().event())
        await listen(client, until=SynthesizeStopped, speech=speech)
    assert piper.spoken[0].parts == ["Good evening.", "It is 21.5 degrees.", "好。", "再见"]
    assert piper.spoken[0].streamed
    assert len(piper.spoken) == 1
    assert speech.starts == 4


async def test_one_that_does_not_stream_waits_for_the_whole() -> None:
    async with ToneSpeaker(streams=False) as server, connect(server.place) as client:
        await client.write_event(SynthesizeStart().event())
        await client.write_event(SynthesizeChunk("One. Two. ").event())
        await client.write_event(Synthesize("One. Two. Three.").event())
        await client.write_event(SynthesizeStop().event())
        assert (await listen(client, until=AudioStop)).starts == 1
        assert server.spoken[0].parts == ["One. Two. Three."]


async def test_a_waker_wakes_at_a_sound(waker: ScriptedWaker) -> None:
    async with connect(waker.place) as client:
        await client.write_event(Detect(names=["hey_jarvis"]).event())
        await client.write_event(AudioStart(16_000, 2, 1).event())
        for sound in (bytes(2048), b"\x00\x20" * 1024):
            await client.write_event(AudioChunk(16_000, 2, 1, sound).event())
        event = await client.read_event()
    assert event is not None
    assert Detection.from_event(event).name == "hey_jarvis"


# Faults


async def test_speakers_fail_on_demand(piper: ToneSpeaker) -> None:
    text = "x" * 50
    piper.fault(Fault.ERROR, times=1)
    assert (await speak(piper.place, text)).error == "The model did not load."
    piper.fault(Fault.CUT, times=1)
    cut = await speak(piper.place, text)
    assert not cut.complete
    assert 0.1 < cut.seconds < 0.4
    piper.fault(Fault.EMPTY, times=1)
    empty = await speak(piper.place, text)
    assert (empty.complete, empty.audio) == (True, b"")
    piper.fault(Fault.WRONG_RATE, times=1)
    assert (await speak(piper.place, text)).rate == 8_000
    piper.fault(Fault.SILENCE, times=1)
    silence = await speak(piper.place, text)
    assert round(silence.seconds, 1) == 0.5
    assert not any(silence.audio)
    piper.fault(Fault.LONG, times=1)
    assert round((await speak(piper.place, text)).seconds) == 600
    assert round((await speak(piper.place, text)).seconds, 1) == 0.5


async def test_streaming_speakers_fail_on_demand(piper: ToneSpeaker) -> None:
    piper.fault(Fault.ERROR, times=1)
    assert (await _stream(piper, ["One. ", "Two. "])).error
    piper.fault(Fault.CUT, times=1)
    cut = await _stream(piper, ["x" * 50 + ". "])
    assert (cut.complete, cut.error) == (False, None)
    assert (await _stream(piper, ["One. ", "Two. "])).complete


async def test_recognisers_fail_on_demand(whisper: ScriptedRecogniser) -> None:
    whisper.fault(Fault.EMPTY, times=1)
    assert await transcribe(whisper.place, A_SECOND) == ""
    whisper.fault(Fault.ERROR, times=1)
    assert await transcribe(whisper.place, A_SECOND) is None
    assert await transcribe(whisper.place, A_SECOND) == "hello"


async def test_recognisers_cut_the_connection(whisper: ScriptedRecogniser) -> None:
    whisper.fault(Fault.CUT)
    async with connect(whisper.place) as client:
        await client.write_event(AudioStart(16_000, 2, 1).event())
        await client.write_event(AudioChunk(16_000, 2, 1, bytes(2048)).event())
        assert await client.read_event() is None
    whisper.clear_faults()
    assert await transcribe(whisper.place, A_SECOND) == "hello"


async def test_slow(whisper: ScriptedRecogniser, piper: ToneSpeaker) -> None:
    whisper.fault(Fault.SLOW, delay=0.1)
    began = time.monotonic()
    assert await transcribe(whisper.place, A_SECOND) == "hello"
    assert time.monotonic() - began >= 0.1
    piper.fault(Fault.SLOW, delay=0.05)
    began = time.monotonic()
    assert (await speak(piper.place, "Hello")).complete
    assert time.monotonic() - began >= 0.15


async def test_work_takes_time() -> None:
    async with (
        ScriptedRecogniser(work=0.1) as hearing,
        ToneSpeaker(work_per_character=0.01, seconds_per_character=0) as speaking,
    ):
        began = time.monotonic()
        await transcribe(hearing.place, b"")
        await speak(speaking.place, "x" * 10)
        assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("make", [ScriptedRecogniser, ToneSpeaker, ScriptedWaker])
async def test_hanging_ends_with_either_side(make: Callable[[], SpeechServer]) -> None:
    async with make() as server:
        server.fault(Fault.HANG)
        async with asyncio.timeout(2):
            async with connect(server.place) as client:
                await _begin_something(client)
                while not server.connections:
                    await asyncio.sleep(0.01)
            while server.connections:
                await asyncio.sleep(0.01)
            with pytest.raises(ConnectionError):
                await _stopped_under_way(server)


async def test_stops_and_starts_on_one_port(whisper: ScriptedRecogniser) -> None:
    place = whisper.place
    await whisper.stop()
    with pytest.raises(ConnectionRefusedError):
        await connect(place).connect()
    await whisper.stop()
    await whisper.start()
    assert whisper.place == place
    assert await transcribe(place, A_SECOND) == "hello"


async def _begin_something(client: AsyncTcpClient) -> None:
    await client.write_event(Synthesize("Hello").event())
    await client.write_event(AudioStart(16_000, 2, 1).event())
    await client.write_event(AudioStop().event())


async def _stopped_under_way(server: SpeechServer) -> None:
    """Wait for an answer that never comes; its end without a word counts as a lost connection."""
    async with connect(server.place) as client:
        await _begin_something(client)
        await server.stop()
        if await client.read_event() is None:
            raise ConnectionResetError


async def _stream(server: SpeechServer, pieces: list[str]) -> Speech:
    async with connect(server.place) as client:
        await client.write_event(SynthesizeStart().event())
        for piece in pieces:
            await client.write_event(SynthesizeChunk(piece).event())
        await client.write_event(Synthesize("".join(pieces)).event())
        await client.write_event(SynthesizeStop().event())
        return await listen(client, until=SynthesizeStopped)
