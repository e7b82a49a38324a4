"""The observations of several requests, made again against the simulator."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import aiohttp
import pytest

from simulator import Rates, Simulator
from tests.conformance import tiny
from tests.conformance.client import Chat, arrived, call, ps, request, until
from tests.conformance.support import VERSIONS, read, shape

both = pytest.mark.parametrize("version", VERSIONS)
# Fast, yet slow enough that one thing comes after another.
RATES = Rates(generation_tokens_per_second=200.0)


@asynccontextmanager
async def running(
    version: str, **settings: Any
) -> AsyncIterator[tuple[Simulator, aiohttp.ClientSession]]:
    settings = {"rates": RATES, **settings}
    timeout = aiohttp.ClientTimeout(total=20)
    async with (
        Simulator(
            version=version, models=tiny.models(version), brain=tiny.brain, **settings
        ) as sim,
        aiohttp.ClientSession(timeout=timeout) as session,
    ):
        yield sim, session


def recorded_order(observed: list[dict[str, Any]]) -> list[str]:
    """The order of first lines and ends in an observation."""
    moments = [(one["first_line_at_ms"], 0, f"{one['label'][0]} first") for one in observed]
    moments += [(one["finished_at_ms"], 1, f"{one['label'][0]} done") for one in observed]
    return [text for *_, text in sorted(moments)]


async def in_order(
    sim: Simulator,
    session: aiohttp.ClientSession,
    observed: list[dict[str, Any]],
    models: dict[str, str],
) -> None:
    """Start the observed requests one after another; compare order, lines and counts."""
    events: list[str] = []
    chats: dict[str, Chat] = {}
    async with asyncio.TaskGroup() as tasks:
        for count, one in enumerate(observed, start=1):
            label = one["label"][0]
            chats[label] = Chat(label, events)
            wanted = one["last_object"].get("eval_count", 3)
            body = request(models.get(label, "tiny-slow"), wanted)
            tasks.create_task(chats[label].run(session, sim, body))
            await arrived(sim, count)
            if count == 1:
                await chats[label].first.wait()
    assert events == recorded_order(observed)
    for one in observed:
        chat = chats[one["label"][0]]
        assert chat.status == one["status"]
        assert measures(chat.last) == measures(one["last_object"])
        for name in ("done_reason", "eval_count", "error"):
            assert chat.last.get(name) == one["last_object"].get(name)
        if one["lines"] == wanted_lines(one):
            assert len(chat.lines) == one["lines"]


def measures(line: dict[str, Any]) -> dict[str, Any]:
    """The fields of a last line that the observations kept, with their types."""
    left_out = ("model", "created_at", "message")
    return {name: shape(value) for name, value in line.items() if name not in left_out}


def wanted_lines(one: dict[str, Any]) -> int:
    """One line per token and the last one; the tiny models sometimes hold bytes back."""
    return int(one["last_object"].get("eval_count", 0)) + 1


@both
@pytest.mark.parametrize("count", ["two", "three"])
async def test_requests_one_slot(version: str, count: str) -> None:
    observed = read(version, f"observed_{count}_requests_one_slot.json")
    async with running(version) as (sim, session):
        await in_order(sim, session, observed, {})
        assert sim.generating == 0


async def test_two_requests_num_parallel_2() -> None:
    observed = read("0.32.15", "observed_two_requests_num_parallel_2.json")
    async with running("0.32.15", parallel=2) as (sim, session):
        await in_order(sim, session, observed["requests"], {})
        (loaded,) = await ps(session, sim)
    async with running("0.32.15") as (sim, session):
        await call(session, sim, "/api/generate", {"model": "tiny-slow"})
        (alone,) = await ps(session, sim)
    assert shape(loaded) == shape(observed["ps"])
    assert loaded["context_length"] == observed["ps"]["context_length"] == alone["context_length"]
    assert loaded["size"] > alone["size"]


@both
async def test_two_models_at_once(version: str) -> None:
    observed = read(version, "observed_two_models_at_once.json")
    async with running(version) as (sim, session):
        await call(session, sim, "/api/generate", {"model": "tiny-slow"})
        await in_order(sim, session, observed, {"B": "tiny-loop"})


async def test_max_queue_1() -> None:
    """A generates; B waits for its place; C waits behind B; D is one too many."""
    observed = read("0.32.15", "observed_max_queue_1.json")
    models = {"B": "tiny-loop", "C": "tiny-random", "D": "tiny-native"}
    assert [one["status"] for one in observed] == [200, 200, 200, 503, 200, 200, 200]
    async with running("0.32.15", max_queue=1, max_loaded=1) as (sim, session):
        await call(session, sim, "/api/generate", {"model": "tiny-slow"})
        events: list[str] = []
        chats = {one["label"][0]: Chat(one["label"][0], events) for one in observed}
        async with asyncio.TaskGroup() as tasks:
            for count, (label, chat) in enumerate(chats.items(), start=1):
                tokens = 60 if label == "A" else 3
                body = request(models.get(label, "tiny-slow"), tokens)
                tasks.create_task(chat.run(session, sim, body))
                await arrived(sim, count)
                if label == "A":
                    await chat.first.wait()
        assert events == recorded_order(observed)
        for one in observed:
            assert chats[one["label"][0]].status == one["status"]
        (answer,) = chats["D"].lines
        assert answer == observed[3]["last_object"]


@both
async def test_disconnect_midstream(version: str) -> None:
    observed = read(version, "observed_client_disconnect_midstream.json")
    async with running(version) as (sim, session):
        answer = await session.post(f"{sim.url}/api/chat", json=observed["request"])
        for _ in range(observed["lines_read_before_closing"]):
            await answer.content.readline()
        answer.close()
        await until(lambda: sim.chats[0].cancelled)
        assert sim.generating == 0
        assert observed["lines_read_before_closing"] <= sim.chats[0].lines < 400
        assert not sim.chats[0].finished
        await next_request(sim, session, observed["next_request"])


@both
async def test_disconnect_nonstream(version: str) -> None:
    observed = read(version, "observed_client_disconnect_nonstream.json")
    async with running(version) as (sim, session):
        asking = asyncio.create_task(call(session, sim, "/api/chat", observed["request"]))
        await until(lambda: sim.generating == 1)
        asking.cancel()
        await until(lambda: sim.chats[0].cancelled)
        assert sim.generating == 0
        assert sim.chats[0].status is None
        assert sim.chats[0].completion_tokens < 400
        await next_request(sim, session, observed["next_request"])


async def next_request(
    sim: Simulator, session: aiohttp.ClientSession, recorded: dict[str, Any]
) -> None:
    chat = Chat("next", [])
    await chat.run(session, sim, request("tiny-slow", 3))
    assert chat.status == recorded["status"]
    assert len(chat.lines) == recorded["lines"]
    assert measures(chat.last) == measures(recorded["last_object"])


async def test_client_gone_while_queued() -> None:
    """The server lets go of a waiting request at once (a line in the log, status 500 there)."""
    (log, answered) = read("0.32.15", "observed_client_gone_while_queued.json")
    assert "client closing the connection" in log
    assert "| 500 |" in answered
    async with running("0.32.15") as (sim, session):
        events: list[str] = []
        first, last = Chat("A", events), Chat("C", events)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(first.run(session, sim, request("tiny-slow", 60)))
            await first.first.wait()
            waiting = tasks.create_task(
                Chat("B", events).run(session, sim, request("tiny-slow", 3))
            )
            await arrived(sim, 2)
            tasks.create_task(last.run(session, sim, request("tiny-slow", 3)))
            await arrived(sim, 3)
            waiting.cancel()
            await until(lambda: sim.chats[1].cancelled)
            assert sim.generating == 1
            assert not sim.chats[0].finished
        assert events == ["A first", "A done", "C first", "C done"]
        assert sim.chats[1].timings.started_at is None
        assert sim.chats[1].status is None


@both
async def test_short_keep_alive(version: str) -> None:
    observed = read(version, "observed_keep_alive_1s.json")
    assert "tiny-plain:latest" not in observed["ps_2_5_s_later"]
    async with running(version) as (sim, session):
        body = {**observed["request"], "keep_alive": "300ms"}
        status, _ = await call(session, sim, "/api/chat", body)
        assert status == 200
        assert sim.loaded == ("tiny-plain:latest",)
        await until(lambda: not sim.loaded)


@both
async def test_keep_alive_values(version: str) -> None:
    async with running(version, rates=Rates()) as (sim, session):
        for one in read(version, "observed_keep_alive_values.json"):
            body = request("tiny-plain", 0, "Hi", keep_alive=one["keep_alive"])
            status, answer = await call(session, sim, "/api/chat", body)
            assert status == one["status"]
            assert answer.get("error") == one["error"]
            if one["keep_alive"] in (0, "0s"):
                # 0.24 still listed it for a moment.
                await until(lambda: not sim.loaded)
                continue
            (model,) = await ps(session, sim)
            assert model["name"] == one["ps_name"]
            if status == 200:
                kept = seconds(answer["created_at"], model["expires_at"])
                recorded = seconds(one["created_at"], one["ps_expires_at"])
                assert kept == pytest.approx(recorded, abs=1.2)


def seconds(start: str, end: str) -> float:
    """The time between two timestamps; microseconds are enough."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


@both
async def test_num_ctx_change_reloads(version: str) -> None:
    observed = read(version, "observed_num_ctx_change_reloads.json")
    # Loading took a quarter of a second there, not loading some milliseconds.
    recorded = [one["load_duration"] > 100_000_000 for one in observed]
    async with running(version, rates=Rates()) as (sim, session):
        for one in observed:
            options = {} if one["num_ctx"] == "not given" else {"num_ctx": one["num_ctx"]}
            body = request("tiny-plain", 0, "Hi", options=options)
            _, answer = await call(session, sim, "/api/chat", body)
            for name in ("prompt_eval_count", "eval_count", "done_reason"):
                assert answer[name] == one[name]
        # A model that was loaded again knows nothing of the prompt.
        assert [chat.cached_tokens == 0 for chat in sim.chats] == recorded


@both
async def test_prompt_cache(version: str) -> None:
    """The nine prompts of the observation: which of them were warm."""
    observed = read(version, "observed_prompt_cache.json")
    cold = observed[0]["prompt_eval_duration"]
    recorded = [one["prompt_eval_duration"] < cold / 4 for one in observed]
    prefix = " ".join(f"fact{number}" for number in range(120))
    texts = [
        f"A {prefix} Question one?",
        f"A {prefix} And question two?",
        f"A {prefix} And question two?",
        f"B {prefix} Question one?",
        f"A {prefix} Question 3?",
        f"12:00 A {prefix} Question one?",
        f"21:01 A {prefix} Question one?",
        f"A {prefix} It is 12:00. Question one?",
        f"A {prefix} It is 12:01. Question one?",
    ]
    async with running(version, rates=Rates()) as (sim, session):
        durations = []
        for text in texts:
            _, answer = await call(session, sim, "/api/chat", request("tiny-plain", 2, text))
            durations.append(answer["prompt_eval_duration"])
        # Cached tokens are in the count all the same (fact 15).
        assert answer["prompt_eval_count"] == sim.chats[-1].prompt_tokens
        assert [duration < durations[0] / 4 for duration in durations] == recorded
        assert [
            (chat.cached_tokens or 0) * 4 > (chat.prompt_tokens or 0) * 3 for chat in sim.chats
        ] == recorded


async def test_ps_while_loading() -> None:
    observed = read("0.32.15", "observed_ps_while_loading.json")
    recorded = [sample for _, sample in observed["ps_samples"]]
    assert recorded[0] == []
    assert recorded[-1][0][0] == "tiny-slow:latest"
    rates = Rates(load_seconds=0.3, generation_tokens_per_second=100.0)
    async with running("0.32.15", rates=rates) as (sim, session):
        chat = Chat("A", [])
        asking = asyncio.create_task(chat.run(session, sim, request("tiny-slow", 20)))
        await arrived(sim, 1)
        assert await ps(session, sim) == []
        assert not chat.lines
        await chat.first.wait()
        samples = []
        for _ in range(3):
            samples += await ps(session, sim)
            await asyncio.sleep(0.01)
        await asking
    assert {sample["name"] for sample in samples} == {"tiny-slow:latest"}
    moments = [sample["expires_at"] for sample in samples]
    assert moments == sorted(set(moments))
    listed = [sample[0][1] for sample in recorded if sample]
    assert listed == sorted(listed)


@both
async def test_unload_while_generating(version: str) -> None:
    observed = read(version, "observed_unload_while_generating.json")
    async with running(version) as (sim, session):
        chat = Chat("A", [])
        asking = asyncio.create_task(chat.run(session, sim, request("tiny-slow", 40, "Count!")))
        await chat.first.wait()
        status, body = await call(
            session, sim, "/api/generate", {"model": "tiny-slow", "keep_alive": 0}
        )
        assert status == observed["unload"]["status"]
        assert shape(body) == shape(observed["unload"]["body"])
        assert body["done_reason"] == observed["unload"]["body"]["done_reason"]
        assert not asking.done()
        assert "tiny-slow:latest" in dict(observed["ps_right_after"])
        assert sim.loaded == ("tiny-slow:latest",)
        await asking
        assert len(chat.lines) == observed["stream"]["lines"]
        assert chat.last["eval_count"] == observed["stream"]["last_object"]["eval_count"]
        assert "tiny-slow:latest" not in observed["ps_after_stream_end"]
        await until(lambda: not sim.loaded)


@both
async def test_two_names_one_blob(version: str) -> None:
    observed = read(version, "observed_two_names_one_blob.json")
    others = [name for name in observed["loaded_tiny_plain"] if name != "tiny-plain:latest"]
    async with running(version, rates=Rates()) as (sim, session):
        for name in [*others, "tiny-plain:latest"]:
            await call(session, sim, "/api/generate", {"model": name})
        assert {m["name"] for m in await ps(session, sim)} == set(observed["loaded_tiny_plain"])
        status, answer = await call(session, sim, "/api/chat", request("tiny-loop", 3))
        assert (status, answer["message"]["content"]) == (200, " one two three")
        assert {m["name"] for m in await ps(session, sim)} == set(
            observed["then_chat_with_tiny_loop"]
        )
        await call(session, sim, "/api/generate", {"model": "tiny-loop", "keep_alive": 0})
        assert {m["name"] for m in await ps(session, sim)} == set(
            observed["then_unload_of_tiny_loop"]
        )
