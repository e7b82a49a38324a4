"""Starting, stopping, going away and coming back, and who may ask."""

import asyncio
from datetime import UTC, datetime, timedelta
import gc
import io
import ipaddress
import json
from pathlib import Path
import socket
import ssl
from typing import Any

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
import pytest

from simulator import Fault, Rates, Simulator
from tests.simulator.helpers import MODEL, chat, chat_body, content, until


async def test_address_is_the_same_after_a_restart(
    sim: Simulator, session: aiohttp.ClientSession
) -> None:
    url = sim.url
    assert url == f"http://127.0.0.1:{sim.port}"
    await chat(session, sim)
    assert sim.loaded == ("test:1b",)
    await sim.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await chat(session, sim)
    await sim.start()
    assert sim.url == url
    # A new process: nothing is loaded; what was asked before is still known.
    assert sim.loaded == ()
    assert (await chat(session, sim))[-1]["done"]
    assert len(sim.chats) == 2


async def test_start_and_stop_twice_do_nothing(sim: Simulator) -> None:
    port = sim.port
    await sim.start()
    assert sim.port == port
    await sim.stop()
    await sim.stop()


async def test_stop_cuts_running_answers(session: aiohttp.ClientSession) -> None:
    rates = Rates(generation_tokens_per_second=50)
    async with Simulator(models=(MODEL,), rates=rates) as sim:
        answer = await session.post(f"{sim.url}/api/chat", json=chat_body())
        await answer.content.readline()
        async with asyncio.timeout(2):
            await sim.stop()
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
        assert sim.chats[0].cancelled
        assert not sim.chats[0].finished
        assert sim.generating == 0


async def test_refuse_and_listen_again(sim: Simulator, session: aiohttp.ClientSession) -> None:
    for _ in range(2):
        sim.fault(Fault.REFUSE)
        # A refused connection, or a reset of the one that was kept open.
        with pytest.raises(aiohttp.ClientOSError):
            await chat(session, sim)
        sim.clear_faults()
        assert (await chat(session, sim))[-1]["done"]


async def test_start_while_refusing(session: aiohttp.ClientSession) -> None:
    sim = Simulator(models=(MODEL,))
    await sim.start()
    await sim.stop()
    sim.fault(Fault.REFUSE)
    await sim.start()
    with pytest.raises(aiohttp.ClientConnectorError):
        await chat(session, sim)
    sim.clear_faults()
    await chat(session, sim)
    sim.fault(Fault.REFUSE)
    sim.clear_faults()
    # Stopped before the first connection was served.
    await sim.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await chat(session, sim)


async def test_api_key(session: aiohttp.ClientSession) -> None:
    async with Simulator(models=(MODEL,), api_key="secret") as sim:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"}):
            async with session.get(f"{sim.url}/api/tags", headers=headers) as answer:
                assert answer.status == 401
                assert "error" in await answer.json()
        good = {"Authorization": "Bearer secret"}
        async with session.get(f"{sim.url}/api/tags", headers=good) as answer:
            assert answer.status == 200
        assert [request.status for request in sim.requests] == [401, 401, 401, 200]


async def test_required_headers(session: aiohttp.ClientSession) -> None:
    async with Simulator(models=(MODEL,), required_headers={"X-Proxy": "yes"}) as sim:
        async with session.get(f"{sim.url}/api/tags") as answer:
            assert answer.status == 403
            assert answer.content_type == "text/html"
        async with session.get(f"{sim.url}/api/tags", headers={"X-Proxy": "yes"}) as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://localhost:3000"}, 200),
        ({"Origin": "http://127.0.0.1"}, 200),
        ({"Origin": "app://obsidian.md"}, 200),
        ({"Origin": "https://example.com"}, 403),
        ({"Host": "localhost:11434"}, 200),
        ({"Host": "homeassistant.local"}, 200),
        ({"Host": "192.168.1.5:11434"}, 200),
        ({"Host": "8.8.8.8"}, 403),
        ({"Host": "ollama.example.com"}, 403),
    ],
)
async def test_origin_and_host(
    headers: dict[str, str], status: int, sim: Simulator, session: aiohttp.ClientSession
) -> None:
    async with session.get(f"{sim.url}/api/version", headers=headers) as answer:
        assert answer.status == status
        body = await answer.read()
        assert bool(body) is (status == 200)


def certificate(folder: Path) -> ssl.SSLContext:
    """A context with a certificate nobody signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context


async def test_tls(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    context = certificate(tmp_path)
    async with Simulator(models=(MODEL,), ssl_context=context) as sim:
        assert sim.url.startswith("https://")
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await chat(session, sim)
        trusting = ssl.create_default_context(cafile=str(tmp_path / "server.pem"))
        async with session.post(
            f"{sim.url}/api/chat", json=chat_body(stream=False), ssl=trusting
        ) as answer:
            assert (await answer.json())["done"]


async def test_install_and_remove(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.remove("test:1b")
    sim.remove("never:there")
    async with session.post(f"{sim.url}/api/chat", json=chat_body()) as answer:
        assert answer.status == 404
    sim.install(MODEL)
    assert content(await chat(session, sim)) == "The kitchen lamp is now on."
    sim.remove("test:1b")
    await until(lambda: sim.loaded == ())


async def test_large_bodies(sim: Simulator, session: aiohttp.ClientSession) -> None:
    """Images are larger than the limit aiohttp has by default."""
    text = "x" * 3_000_000
    body = chat_body(text, options={"num_ctx": 64}, stream=False)
    data = io.BytesIO(json.dumps(body).encode())
    async with session.post(f"{sim.url}/api/chat", data=data) as answer:
        assert (await answer.json())["done"]
    assert len(sim.chats[0].body["messages"][0]["content"]) == len(text)


async def test_port_in_use(sim: Simulator) -> None:
    second = Simulator(models=(MODEL,), port=sim.port)
    with pytest.raises(OSError, match="in use"):
        await second.start()
    await sim.stop()
    await second.start()
    assert second.url == sim.url
    await second.stop()


@pytest.mark.parametrize("turns", range(6))
async def test_stop_while_somebody_connects(turns: int):
    """However far the connection is: nothing is left half made, and nothing is told as lost."""
    told: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.set_exception_handler(lambda _, context: told.append(context))
    async with Simulator() as sim:
        client = socket.create_connection(("127.0.0.1", sim.port))
        for _ in range(turns):
            await asyncio.sleep(0)
    client.close()
    for _ in range(5):
        await asyncio.sleep(0)
    gc.collect()
    assert told == []
