"""Pulls and the other changes to what is installed."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from simulator import DEFAULT_MODELS, SimModel, Simulator
from tests.simulator.helpers import post, until


async def pull(session: aiohttp.ClientSession, sim: Simulator, name: str) -> list[dict[str, Any]]:
    async with session.post(f"{sim.url}/api/pull", json={"model": name}) as answer:
        assert answer.status == 200
        return [json.loads(line) async for line in answer.content]


def progress(lines: list[dict[str, Any]]) -> list[int | None]:
    """``completed`` of the first layer, None where it is left out."""
    digests = [line["digest"] for line in lines if "digest" in line]
    return [line.get("completed") for line in lines if line.get("digest") == digests[0]]


async def test_progress_moves(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.pull_plan("new:1b", sizes=(1000, 10), steps=5)
    lines = await pull(session, sim, "new:1b")
    assert progress(lines) == [None, 200, 400, 600, 800, 1000]
    assert [line["status"] for line in lines[-3:]] == [
        "verifying sha256 digest",
        "writing manifest",
        "success",
    ]
    again = await pull(session, sim, "new:1b")
    assert progress(again) == [1000]
    async with session.get(f"{sim.url}/api/tags") as answer:
        names = [model["name"] for model in (await answer.json())["models"]]
    assert names == ["new:1b", "test:1b"]


async def test_pulled_model_is_the_planned_one(
    sim: Simulator, session: aiohttp.ClientSession
) -> None:
    sim.pull_plan("mine", model=SimModel("mine", family="special", capabilities=("embedding",)))
    await pull(session, sim, "mine")
    _, shown = await post(session, sim, "/api/show", {"model": "mine"})
    assert shown["details"]["family"] == "special"
    await pull(session, sim, "qwen3:8b")
    _, shown = await post(session, sim, "/api/show", {"model": "qwen3:8b"})
    (known,) = (model for model in DEFAULT_MODELS if model.name == "qwen3:8b")
    assert shown["capabilities"] == list(known.capabilities)


async def test_failing_in_the_middle(sim: Simulator, session: aiohttp.ClientSession) -> None:
    words = "max retries exceeded: unexpected EOF"
    sim.pull_plan("new:1b", sizes=(1000,), steps=10, error=words, fail_after=0.5)
    lines = await pull(session, sim, "new:1b")
    assert lines[-1] == {"error": words}
    assert progress(lines)[-1] == 500
    status, body = await post(session, sim, "/api/pull", {"model": "new:1b", "stream": False})
    assert (status, body) == (500, {"error": words})


async def test_unknown_model(sim: Simulator, session: aiohttp.ClientSession) -> None:
    lines = await pull(session, sim, "no-such-model")
    assert lines == [
        {"status": "pulling manifest"},
        {"error": "pull model manifest: file does not exist"},
    ]


async def test_cancelled_pull_goes_on_later(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.pull_plan("new:1b", sizes=(1000,), seconds=0.5, steps=50)
    answer = await session.post(f"{sim.url}/api/pull", json={"model": "new:1b"})
    for _ in range(10):
        await answer.content.readline()
    answer.close()
    await until(lambda: sim.requests[0].cancelled)
    sim.pull_plan("new:1b", sizes=(1000,), steps=50)
    lines = await pull(session, sim, "new:1b")
    first = progress(lines)[0]
    assert first is not None
    assert first > 100
    assert lines[-1] == {"status": "success"}


async def test_pull_takes_its_time(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.pull_plan("new:1b", sizes=(1000,), seconds=0.2, steps=4)
    loop = asyncio.get_running_loop()
    start = loop.time()
    await pull(session, sim, "new:1b")
    assert loop.time() - start >= 0.19


async def test_create_from(sim: Simulator, session: aiohttp.ClientSession) -> None:
    status, body = await post(
        session,
        sim,
        "/api/create",
        {
            "model": "derived",
            "from": "test:1b",
            "system": "Be brief.",
            "parameters": {"num_ctx": 2048},
            "stream": False,
        },
    )
    assert (status, body) == (200, {"status": "success"})
    _, shown = await post(session, sim, "/api/show", {"model": "derived"})
    assert shown["system"] == "Be brief."
    assert shown["parameters"].split() == ["num_ctx", "2048"]
    assert shown["details"]["parent_model"] == "test:1b"
    await post(
        session,
        sim,
        "/api/chat",
        {"model": "derived", "messages": [{"role": "user", "content": "Hi"}], "stream": False},
    )
    async with session.get(f"{sim.url}/api/ps") as answer:
        (loaded,) = (await answer.json())["models"]
    assert loaded["context_length"] == 2048


@pytest.mark.parametrize(("name", "status"), [("a b", 400), ("a/b/c/d", 400), ("", 400)])
async def test_bad_names(
    name: str, status: int, sim: Simulator, session: aiohttp.ClientSession
) -> None:
    got, body = await post(session, sim, "/api/pull", {"model": name})
    assert got == status
    assert body["error"]
