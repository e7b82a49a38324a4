"""Every fault, and that it ends."""

import asyncio
import json

import aiohttp
import pytest

from simulator import Fault, Reply, Simulator
from tests.simulator.helpers import chat, chat_body, content, until

WORDS = "one two three four five six"


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "beginning"),
    [
        (Fault.HTTP_500, 500, "application/json", b'{"error":"an error was'),
        (Fault.HTTP_503, 503, "application/json", b'{"error":"server busy'),
        (Fault.HTTP_401, 401, "application/json", b'{"error":"unauthorized"}'),
        (Fault.HTTP_404, 404, "text/plain", b"404 page not found"),
        (Fault.GARBAGE, 200, "application/x-ndjson", b"<<<"),
        (Fault.WRONG_CONTENT_TYPE, 200, "text/html", b"<!DOCTYPE html>"),
        (Fault.NOT_OLLAMA, 404, "text/html", b"<html>"),
        (Fault.HTTP_403_EMPTY, 403, None, b""),
    ],
)
async def test_replaced_answers(
    fault: Fault,
    status: int,
    content_type: str | None,
    beginning: bytes,
    sim: Simulator,
    session: aiohttp.ClientSession,
) -> None:
    sim.fault(fault)
    async with session.post(f"{sim.url}/api/chat", json=chat_body()) as answer:
        assert answer.status == status
        assert (answer.headers.get("Content-Type") or "").split(";")[0] == (content_type or "")
        body = await answer.read()
        assert body.startswith(beginning)
        assert bool(body) is bool(beginning)
    assert (await chat(session, sim))[-1]["done"]


async def test_not_ollama_has_a_front_page(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.fault(Fault.NOT_OLLAMA, times=None)
    async with session.get(sim.url) as answer:
        assert answer.status == 200
        assert b"Ollama" not in await answer.read()
    async with session.get(f"{sim.url}/api/version") as answer:
        assert answer.status == 404
    sim.clear_faults()
    async with session.get(f"{sim.url}/api/version") as answer:
        assert answer.status == 200


async def test_path_and_times(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.fault(Fault.HTTP_500, path="/api/chat", times=2)
    async with session.get(f"{sim.url}/api/tags") as answer:
        assert answer.status == 200
    for _ in range(3):
        await chat(session, sim)
    assert [request.status for request in sim.chats] == [500, 500, 200]


async def test_hang(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.fault(Fault.HANG)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await chat(session, sim)
    await until(lambda: sim.chats[0].cancelled)
    assert sim.chats[0].status is None


async def test_hang_mid_stream(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.script(Reply(WORDS))
    sim.fault(Fault.HANG_MID_STREAM, after_chunks=2)
    answer = await session.post(f"{sim.url}/api/chat", json=chat_body())
    assert [json.loads(await answer.content.readline())["done"] for _ in range(2)] == [False] * 2
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await answer.content.readline()
    answer.close()
    await until(lambda: sim.chats[0].cancelled)
    assert sim.chats[0].lines == 2
    assert sim.generating == 0


async def test_cut_mid_stream(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.script(Reply(WORDS))
    sim.fault(Fault.CUT_MID_STREAM, after_chunks=3)
    answer = await session.post(f"{sim.url}/api/chat", json=chat_body())
    for _ in range(3):
        json.loads(await answer.content.readline())
    with pytest.raises(aiohttp.ClientPayloadError):
        await answer.content.readline()
    answer.close()
    assert not sim.chats[0].finished


@pytest.mark.parametrize("fault", [Fault.CUT_MID_STREAM, Fault.HANG_MID_STREAM])
async def test_cut_and_hang_in_a_whole_answer(
    fault: Fault, sim: Simulator, session: aiohttp.ClientSession
) -> None:
    sim.fault(fault, path="/api/version")
    with pytest.raises((aiohttp.ClientPayloadError, TimeoutError)):
        async with asyncio.timeout(0.1), session.get(f"{sim.url}/api/version") as answer:
            await answer.read()
    assert not sim.requests[0].finished


async def test_garbage_mid_stream(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.script(Reply(WORDS))
    sim.fault(Fault.GARBAGE_MID_STREAM, after_chunks=2)
    async with session.post(f"{sim.url}/api/chat", json=chat_body()) as answer:
        lines = (await answer.read()).splitlines()
    assert lines[2] == b"<<< this is not JSON >>>"
    assert len(lines) == 8
    assert json.loads(lines[-1])["done"]
    sim.fault(Fault.GARBAGE_MID_STREAM, path="/api/tags")
    async with session.get(f"{sim.url}/api/tags") as answer:
        with pytest.raises(ValueError, match="Expecting value"):
            await answer.json()


async def test_slow_drip(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.script(Reply("one two"))
    sim.fault(Fault.SLOW_DRIP, delay=0.001)
    pieces = []
    async with session.post(f"{sim.url}/api/chat", json=chat_body()) as answer:
        async for piece, _ in answer.content.iter_chunks():
            pieces.append(piece)
    assert max(map(len, pieces)) <= 7
    lines = [json.loads(line) for line in b"".join(pieces).splitlines()]
    assert content(lines) == "one two"


async def test_endless_stream(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.script(Reply("one two"))
    sim.fault(Fault.ENDLESS_STREAM)
    answer = await session.post(f"{sim.url}/api/chat", json=chat_body())
    said = [json.loads(await answer.content.readline()) for _ in range(20)]
    assert not any(line["done"] for line in said)
    assert content(said) == "one two" * 10
    answer.close()
    await until(lambda: sim.chats[0].cancelled)
