"""Asking speech servers what they are, and others that are none."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
import json
import socket
import time
from typing import Any

import pytest

from custom_components.ollama.const import DOMAIN
from custom_components.ollama.server import TimeLimits
from custom_components.ollama.voice.probe import (
    NameNotFoundError,
    NoAnswerError,
    NothingInstalledError,
    NothingListensError,
    NotWyomingError,
    PlaceError,
    ServerComplainsError,
    VoiceServerError,
    async_probe,
    parse_place,
    shown,
)
from custom_components.ollama.voice.records import Part, Place, Server, Service, Voice
from simulator import Simulator
from speech import (
    EspeakServer,
    Fault,
    ScriptedRecogniser,
    ScriptedWaker,
    SpeakerVoice,
    SpeechServer,
    ToneSpeaker,
)
from tests.conftest import SHORT_LIMITS as LIMITS

type Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HOST = "127.0.0.1"


@pytest.mark.parametrize(
    ("text", "part", "place"),
    [
        ("whisper.lan", Part.STT, Place("whisper.lan", 10300)),
        ("whisper.lan", Part.TTS, Place("whisper.lan", 10200)),
        ("whisper.lan", Part.WAKE, Place("whisper.lan", 10400)),
        (" Whisper:1234 ", Part.STT, Place("whisper", 1234)),
        ("192.168.1.20", Part.TTS, Place("192.168.1.20", 10200)),
        ("tcp://192.168.1.20:10201", Part.TTS, Place("192.168.1.20", 10201)),
        ("TCP://whisper/", Part.STT, Place("whisper", 10300)),
        ("[::1]:77", Part.STT, Place("::1", 77)),
        ("[fe80::1%eth0]", Part.STT, Place("fe80::1%eth0", 10300)),
        ("tcp://[2001:DB8:0::1]:10200", Part.TTS, Place("2001:db8::1", 10200)),
        ("2001:db8::1", Part.TTS, Place("2001:db8::1", 10200)),
        ("core-whisper", Part.STT, Place("core-whisper", 10300)),
        ("my_host.local.", Part.STT, Place("my_host.local.", 10300)),
        ("küche.lan:1", Part.STT, Place("küche.lan", 1)),
    ],
)
def test_places(text: str, part: Part, place: Place) -> None:
    assert parse_place(text, part) == place
    assert parse_place(shown(place), part) == place
    assert parse_place(f"tcp://{shown(place)}", part) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "tcp://",
        "tcp://:10300",
        "http://whisper.lan:10300",
        "unix:///run/whisper",
        "whisper lan",
        "whisper:",
        "whisper:0",
        "whisper:65536",
        "whisper:99999999999999999999",
        "whisper:-1",
        "whisper:port",
        "whisper:1٣",
        "whisper/path",
        "tcp://whisper:10300/path",
        "me:secret@whisper",
        "300.1.1.1",
        "192.168.1",
        "12345",
        "[::1",
        "[::1]10300",
        "[::1]:",
        "[whisper]:10300",
        "a:b:c",
        "-whisper",
        "whisper..lan",
        "x" * 64,
        "x." * 200,
        "whisper\nlan",
        "🎤",
    ],
)
def test_nonsense_is_no_place(text: str) -> None:
    with pytest.raises(PlaceError) as caught:
        parse_place(text, Part.STT)
    assert caught.value.key == "voice_place_invalid"


@pytest.mark.parametrize("text", ["tcp://0.0.0.0:10300", "0.0.0.0", "[::]:10300", "::"])
def test_everywhere_is_no_place(text: str) -> None:
    """It is what stands in the command line of a server."""
    with pytest.raises(PlaceError) as caught:
        parse_place(text, Part.STT)
    assert caught.value.key == "voice_place_everywhere"


async def test_a_recogniser() -> None:
    async with ScriptedRecogniser(languages=("en", "nl", "en"), models=("base", "tiny")) as server:
        place = Place(*server.place)
        service = Service(
            part=Part.STT,
            name="faster-whisper",
            version="3.1.0",
            languages=("en", "nl"),
            models=("base", "tiny"),
        )
        found = await async_probe(place, LIMITS)
        assert found == Server(place, (service,))
        assert found.service(Part.TTS) is None
        await _is_alone(server)


@pytest.mark.parametrize("streams", [True, False])
async def test_a_speaker(streams: bool) -> None:
    voices = (
        SpeakerVoice("en_US-amy", ("en_US",), "amy (low)"),
        SpeakerVoice("nl_NL-mls", ("nl_NL", "en_US")),
    )
    async with ToneSpeaker(voices=voices, streams=streams) as server:
        found = (await async_probe(Place(*server.place), LIMITS)).service(Part.TTS)
    assert found == Service(
        part=Part.TTS,
        name="piper",
        version="2.2.2",
        languages=("en_US", "nl_NL"),
        voices=(
            Voice("en_US-amy", "amy (low)", ("en_US",)),
            Voice("nl_NL-mls", "nl_NL-mls", ("nl_NL", "en_US")),
        ),
        streams=streams,
    )


async def test_a_waker(waker: ScriptedWaker) -> None:
    found = (await async_probe(Place(*waker.place), LIMITS)).service(Part.WAKE)
    assert found is not None
    assert (found.name, found.models) == ("openwakeword", ("ok_nabu", "hey_jarvis"))


async def test_a_real_speaker(espeak: EspeakServer) -> None:
    found = (await async_probe(Place(*espeak.place), LIMITS)).service(Part.TTS)
    assert found is not None
    assert found.name == "espeak-ng"
    assert found.streams
    assert {"en_US", "en_GB", "nl_NL"} <= set(found.languages)


async def test_nothing_listens(whisper: ScriptedRecogniser) -> None:
    place = Place(*whisper.place)
    await whisper.stop()
    error = await _fails(place, NothingListensError)
    assert error.translation_domain == DOMAIN
    assert error.translation_key == "voice_nothing_listens"
    assert error.translation_placeholders == {"server": f"127.0.0.1:{place.port}"}
    await whisper.start()
    assert (await async_probe(place, LIMITS)).service(Part.STT)


async def test_nothing_listens_at_any_address_of_a_name(
    whisper: ScriptedRecogniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usual name of this computer has two, which fail with two texts."""
    port = whisper.place.port
    await whisper.stop()
    with socket.socket() as other:
        other.bind((HOST, 0))
        unused = other.getsockname()[1]
    _resolve(monkeypatch, [port, unused])
    await _fails(Place("whisper.lan", port), NothingListensError)


@pytest.mark.parametrize("name", ["whisper.lan", "ü" * 63])
async def test_name_not_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve(monkeypatch, [])
    error = await _fails(Place(name, 10300), NameNotFoundError)
    assert error.translation_placeholders == {"server": f"{name}:10300"}


async def test_no_connection_in_time() -> None:
    with _deaf() as place:
        await _fails(place, NoAnswerError)


async def test_no_answer_in_time(whisper: ScriptedRecogniser) -> None:
    whisper.fault(Fault.HANG, describe=True)
    await _fails(Place(*whisper.place), NoAnswerError)
    await _is_alone(whisper)


async def test_dripping_is_no_answer_in_time() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b'{"type":"pong"}\n')
            await writer.drain()
            await asyncio.sleep(0.02)

    async with _server(drip) as place:
        await _fails(place, NoAnswerError)


async def test_slow_but_in_time(whisper: ScriptedRecogniser) -> None:
    whisper.fault(Fault.SLOW, delay=0.1, describe=True)
    assert (await async_probe(Place(*whisper.place), TimeLimits())).services


async def test_the_servers_own_complaint(whisper: ScriptedRecogniser) -> None:
    whisper.fault(Fault.ERROR, describe=True)
    error = await _fails(Place(*whisper.place), ServerComplainsError)
    assert error.translation_placeholders is not None
    assert error.translation_placeholders["detail"] == "The model did not load."


async def test_a_web_server(sim: Simulator) -> None:
    await _fails(Place(HOST, sim.port), NotWyomingError)


async def test_closes_at_once(whisper: ScriptedRecogniser) -> None:
    whisper.fault(Fault.CUT, describe=True)
    await _fails(Place(*whisper.place), NotWyomingError)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\n",
        b"\xff\xfe\x00garbage\n",
        b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n",
        b"[]\n",
        b"null\n",
        b'"info"\n',
        b"{}\n",
        b'{"type":"info","data_length":"9"}\n',
        b'{"type":"info","data_length":3}\n[7]',
        b'{"type":"info","data_length":9}\nnot json!',
        b'{"type":"info","data_length":100}\n{"asr":',
        b'{"type":"info","data":5,"data_length":2}\n{}',
        b'{"type":"info","payload_length":1e400}\n',
        b'{"type":"info"',
        b"[" * 50_000 + b"\n",
        b"x" * 200_000 + b"\n",
    ],
)
async def test_garbage(garbage: bytes) -> None:
    async with _server(_answering(garbage)) as place:
        await _fails(place, NotWyomingError)


async def test_reset() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.transport.abort()

    async with _server(reset) as place:
        await _fails(place, NotWyomingError)


@pytest.mark.parametrize(
    "info",
    [
        {},
        {"asr": [], "tts": [], "wake": []},
        {"asr": [{"name": "whisper", "installed": False, "models": []}]},
        {"handle": [{"name": "an agent", "installed": True, "models": []}]},
        {"asr": None, "tts": "piper", "wake": [7]},
        # Home Assistant takes a satellite as a satellite, and nothing else that it can do.
        {
            "satellite": {"name": "kitchen", "installed": True},
            "wake": [{"name": "openwakeword", "installed": True, "models": []}],
        },
    ],
)
async def test_nothing_installed(info: dict[str, Any]) -> None:
    async with _server(_answering(_info(info))) as place:
        await _fails(place, NothingInstalledError)


async def test_only_what_is_installed_and_each_once() -> None:
    models = [
        {"name": "large", "installed": False, "languages": ["fr"]},
        {"name": "base", "installed": True, "languages": ["en", "nl", "en"]},
        {"name": "base", "installed": True, "languages": ["nl"]},
    ]
    voices = [
        {"name": "amy", "installed": True, "description": "Amy", "languages": ["en_US", "en_US"]},
        {"name": "amy", "installed": True, "description": "Amy", "languages": ["en_US"]},
        {"name": "siwis", "installed": False, "languages": ["fr_FR"]},
    ]
    info = {
        "asr": [
            {"name": "vosk", "installed": False, "models": models},
            {"name": "whisper", "installed": True, "models": models},
        ],
        "tts": [{"name": "piper", "installed": True, "voices": voices}],
    }
    async with _server(_answering(_info(info))) as place:
        found = await async_probe(place, LIMITS)
    stt, tts = found.service(Part.STT), found.service(Part.TTS)
    assert stt is not None
    assert (stt.name, stt.models, stt.languages) == ("whisper", ("base",), ("en", "nl"))
    assert tts is not None
    assert (tts.voices, tts.languages) == ((Voice("amy", "Amy", ("en_US",)),), ("en_US",))
    assert not tts.streams


async def test_odd_fields_cost_only_themselves() -> None:
    info = {
        "asr": [
            None,
            "whisper",
            {
                "installed": True,
                "version": 3,
                "models": [
                    7,
                    {"installed": True, "languages": ["fr"]},
                    {"name": ["x"], "installed": True},
                    {"name": "base", "installed": True, "languages": "en"},
                    {"name": "tiny", "installed": True, "languages": [None, "en", 5]},
                ],
            },
        ],
        "tts": [{"name": "piper", "installed": True, "voices": {"name": "amy"}}],
        "satellite": [],
    }
    async with _server(_answering(_info(info))) as place:
        found = await async_probe(place, LIMITS)
    assert found.services == (
        Service(Part.STT, "stt", None, ("en",), ("base", "tiny")),
        Service(Part.TTS, "piper", None, ()),
    )


async def test_two_megabytes() -> None:
    voices = [
        {"name": f"v{index}", "installed": True, "description": "x" * 900, "languages": ["en_US"]}
        for index in range(2_000)
    ]
    answer = _info({"tts": [{"name": "piper", "installed": True, "voices": voices}]})
    assert len(answer) > 2_000_000 * 0.9
    async with _server(_answering(answer)) as place:
        found = (await async_probe(place, TimeLimits())).service(Part.TTS)
    assert found is not None
    assert len(found.voices) == 2_000
    assert found.languages == ("en_US",)


async def test_other_events_first() -> None:
    info = {"asr": [{"name": "whisper", "installed": True, "models": []}]}
    answer = b'{"type":"ping"}\n{"type":null}\n' + _info(info)
    async with _server(_answering(answer)) as place:
        assert (await async_probe(place, LIMITS)).services


async def _fails[E: VoiceServerError](place: Place, error: type[E]) -> E:
    """Expect an error, in time."""
    began = time.monotonic()
    with pytest.raises(VoiceServerError) as caught:
        await async_probe(place, LIMITS)
    assert type(caught.value) is error
    assert time.monotonic() - began < LIMITS.voice_connect + LIMITS.voice_info + 2
    return caught.value


async def _is_alone(server: SpeechServer) -> None:
    """Wait until a server has no connection open any more."""
    async with asyncio.timeout(1):
        while server.connections:
            await asyncio.sleep(0.01)


def _info(info: dict[str, Any]) -> bytes:
    data = json.dumps(info).encode()
    return json.dumps({"type": "info", "data_length": len(data)}).encode() + b"\n" + data


def _answering(answer: bytes) -> Talk:
    """Return a server's side of a talk: this answer, and the end."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        await writer.drain()

    return talk


@asynccontextmanager
async def _server(talk: Talk) -> AsyncGenerator[Place]:
    """Listen, and see that each connection was closed by the other side."""
    ended: list[asyncio.Event] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end = asyncio.Event()
        ended.append(end)
        try:
            await talk(reader, writer)
            writer.write_eof()
            await reader.read()
        except OSError:
            pass
        finally:
            writer.close()
            end.set()

    server = await asyncio.start_server(answer, HOST, 0)
    try:
        yield Place(HOST, server.sockets[0].getsockname()[1])
        async with asyncio.timeout(1):
            for end in ended:
                await end.wait()
        assert ended
    finally:
        server.close()
        server.abort_clients()
        await server.wait_closed()


@contextmanager
def _deaf() -> Iterator[Place]:
    """Listen with a queue that is full: who comes then hears nothing, as behind a firewall."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind((HOST, 0))
        listener.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield Place(HOST, listener.getsockname()[1])


def _resolve(monkeypatch: pytest.MonkeyPatch, ports: list[int]) -> None:
    """Be the name server. It gives ports, since tests may connect to one address only."""

    async def lookup(host: str | None, *args: Any, **kwargs: Any) -> list[Any]:
        if not ports:
            if isinstance(host, str):
                host.encode("idna")
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (HOST, port))
            for port in ports
        ]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
