"""Loading, prefill, its cache, taking turns, and going away at any moment."""

import asyncio
from typing import Any

import aiohttp
import pytest

from simulator import Rates, RecordedRequest, SimModel, Simulator
from tests.simulator.helpers import MODEL, chat, chat_body, post, until

LONG = " ".join(f"fact{number}" for number in range(200))
OTHER = " ".join(f"thing{number}" for number in range(200))
MODELS = tuple(SimModel(f"m{number}:1b") for number in range(4))


def prefill_rates(batch_tokens: int = 16) -> Rates:
    return Rates(prefill_tokens_per_second=2000.0, batch_tokens=batch_tokens)


def fresh(record: RecordedRequest) -> int:
    """The tokens that had to be read."""
    assert record.prompt_tokens is not None
    assert record.cached_tokens is not None
    return record.prompt_tokens - record.cached_tokens


async def gone_during(
    session: aiohttp.ClientSession, sim: Simulator, condition: Any, body: dict[str, Any]
) -> RecordedRequest:
    """Send a request and close the connection as soon as ``condition`` holds."""
    asking = asyncio.create_task(post(session, sim, "/api/chat", body))
    await until(condition)
    asking.cancel()
    await until(lambda: sim.chats and sim.chats[-1].cancelled)
    return sim.chats[-1]


@pytest.mark.parametrize("version", ["0.32.15", "0.24.0"])
async def test_cancelled_prefill_keeps_what_it_read(
    version: str, session: aiohttp.ClientSession
) -> None:
    async with Simulator(version=version, models=(MODEL,), rates=prefill_rates()) as sim:
        cut = await gone_during(
            session, sim, lambda: sim.generating == 1, chat_body(f"{LONG} one?")
        )
        assert cut.status is None
        assert cut.cached_tokens == 0
        await chat(session, sim, f"{LONG} two?")
        again = sim.chats[1]
        assert 0 < fresh(again) < (again.prompt_tokens or 0)
        await chat(session, sim, f"{LONG} three?")
        assert fresh(sim.chats[2]) < 16


async def test_batch_in_progress_is_finished(session: aiohttp.ClientSession) -> None:
    """The slot is free only when the batch is over; its tokens count as read."""
    batch = 200
    async with Simulator(models=(MODEL,), rates=prefill_rates(batch)) as sim:
        loop = asyncio.get_running_loop()
        start = loop.time()
        await gone_during(session, sim, lambda: sim.generating == 1, chat_body(LONG))
        assert sim.generating == 0
        await chat(session, sim, LONG)
        assert sim.chats[1].cached_tokens == pytest.approx(batch, abs=2)
        started = sim.chats[1].timings.started_at
        assert started is not None
        assert started - start >= batch / 2000.0 * 0.9


@pytest.mark.parametrize(("version", "warm"), [("0.32.15", True), ("0.24.0", False)])
async def test_earlier_prefix_after_another_conversation(
    version: str, warm: bool, session: aiohttp.ClientSession
) -> None:
    async with Simulator(version=version, models=(MODEL,)) as sim:
        for text in (LONG, OTHER, LONG):
            await chat(session, sim, text)
        assert fresh(sim.chats[0]) == sim.chats[0].prompt_tokens
        assert (fresh(sim.chats[2]) == 1) is warm


async def test_answer_is_part_of_what_is_known(
    sim: Simulator, session: aiohttp.ClientSession
) -> None:
    lines = await chat(session, sim, LONG)
    said = "".join(line["message"]["content"] for line in lines)
    messages = [
        {"role": "user", "content": LONG},
        {"role": "assistant", "content": said},
        {"role": "user", "content": "And?"},
    ]
    await post(
        session, sim, "/api/chat", {"model": "test:1b", "messages": messages, "stream": False}
    )
    assert fresh(sim.chats[1]) < 16


async def test_two_slots_have_two_prefixes(session: aiohttp.ClientSession) -> None:
    rates = Rates(generation_tokens_per_second=100.0)
    async with Simulator(version="0.24.0", models=(MODEL,), rates=rates, parallel=2) as sim:
        first = asyncio.create_task(chat(session, sim, LONG))
        await until(lambda: sim.generating == 1)
        second = asyncio.create_task(chat(session, sim, OTHER))
        await until(lambda: sim.generating == 2)
        await asyncio.gather(first, second)
        for text in (LONG, OTHER, LONG):
            await chat(session, sim, text)
        assert [fresh(record) for record in sim.chats[2:]] == [1, 1, 1]


async def test_prefill_takes_its_time_and_no_headers_come(
    session: aiohttp.ClientSession,
) -> None:
    async with Simulator(models=(MODEL,), rates=prefill_rates()) as sim:
        asking = asyncio.create_task(chat(session, sim, LONG))
        await until(lambda: sim.generating == 1)
        assert sim.chats[0].status is None
        assert not asking.done()
        await asking
        times = sim.chats[0].timings
        assert times.started_at is not None
        assert times.first_line_at is not None
        tokens = sim.chats[0].prompt_tokens or 0
        assert times.first_line_at - times.started_at >= tokens / 2000.0 * 0.9


async def test_one_at_a_time_in_order(session: aiohttp.ClientSession) -> None:
    rates = Rates(generation_tokens_per_second=1000.0)
    async with Simulator(models=(MODEL,), rates=rates) as sim:
        most = 0
        asking = []
        for number in range(8):
            asking.append(asyncio.create_task(chat(session, sim, f"{number}")))
            await until(lambda wanted=number + 1: len(sim.chats) == wanted)
            most = max(most, sim.generating)
        await asyncio.gather(*asking)
        assert most == 1
        starts = [record.timings.started_at for record in sim.chats]
        assert starts == sorted(starts)
        ends = [record.timings.finished_at for record in sim.chats]
        assert all(start >= end for end, start in zip(ends, starts[1:], strict=False))


async def test_many_waiting_ones_leave(session: aiohttp.ClientSession) -> None:
    rates = Rates(generation_tokens_per_second=1.0)
    async with Simulator(models=(MODEL,), rates=rates) as sim:
        asking = []
        for number in range(10):
            asking.append(asyncio.create_task(chat(session, sim, f"{number}")))
            await until(lambda wanted=number + 1: len(sim.chats) == wanted)
        sim.set_rates(Rates())
        for task in asking[:-1]:
            task.cancel()
        await until(lambda: sum(record.cancelled for record in sim.chats) == 9)
        lines = await asking[-1]
        assert lines[-1]["done"]
        assert sim.generating == 0


async def test_leaving_while_loading_frees_the_loader(session: aiohttp.ClientSession) -> None:
    rates = Rates(load_seconds=0.2)
    async with Simulator(models=MODELS, rates=rates) as sim:
        cut = await gone_during(session, sim, lambda: len(sim.chats) == 1, chat_body(model="m0:1b"))
        assert cut.status is None
        assert sim.loaded == ()
        await chat(session, sim, model="m1:1b")
        assert sim.loaded == ("m1:1b",)


async def test_waiting_for_the_same_load_is_no_queue(session: aiohttp.ClientSession) -> None:
    rates = Rates(load_seconds=0.1)
    async with Simulator(models=MODELS, rates=rates, max_queue=1) as sim:
        asking = []
        for number in range(4):
            asking.append(asyncio.create_task(chat(session, sim, model="m0:1b")))
            await until(lambda wanted=number + 1: len(sim.chats) == wanted)
        answers = await asyncio.gather(*asking)
        assert [lines[-1].get("done") for lines in answers] == [True] * 4


async def test_one_too_many_models(sim: Simulator, session: aiohttp.ClientSession) -> None:
    for model in MODELS:
        sim.install(model)
    for name, keep_alive in (("m0:1b", 300), ("m1:1b", 60), ("m2:1b", 600)):
        await chat(session, sim, model=name, keep_alive=keep_alive)
    await chat(session, sim, model="m3:1b")
    # The idle one that would have been kept for the shortest time goes.
    assert sim.loaded == ("m3:1b", "m2:1b", "m0:1b")


async def test_swap_waits_for_the_running_answer(session: aiohttp.ClientSession) -> None:
    rates = Rates(generation_tokens_per_second=30.0)
    async with Simulator(models=MODELS, rates=rates, max_loaded=1) as sim:
        first = asyncio.create_task(chat(session, sim, model="m0:1b", keep_alive=-1))
        await until(lambda: sim.generating == 1)
        second = asyncio.create_task(chat(session, sim, model="m1:1b"))
        await until(lambda: len(sim.chats) == 2)
        assert not first.done()
        await asyncio.gather(first, second)
        assert (sim.chats[0].timings.finished_at or 0) <= (sim.chats[1].timings.started_at or 0)
        assert sim.loaded == ("m1:1b",)


async def test_graphics_card(session: aiohttp.ClientSession) -> None:
    async with Simulator(models=(SimModel("card:1b", vram_share=0.5),)) as sim:
        await chat(session, sim, model="card:1b")
        async with session.get(f"{sim.url}/api/ps") as answer:
            (entry,) = (await answer.json())["models"]
        assert entry["size_vram"] == entry["size"] // 2


async def test_old_messages_go_first(sim: Simulator, session: aiohttp.ClientSession) -> None:
    messages: list[dict[str, str]] = [{"role": "system", "content": "Be brief."}]
    for number in range(30):
        messages += [
            {"role": "user", "content": f"Question {number} {OTHER[:40]}"},
            {"role": "assistant", "content": f"Answer {number}"},
        ]
    messages.append({"role": "user", "content": "Last?"})
    body = {"model": "test:1b", "messages": messages, "stream": False}
    options = {"num_ctx": 128}
    _, answer = await post(session, sim, "/api/chat", {**body, "options": options})
    assert 64 < answer["prompt_eval_count"] <= 128
    assert 40 < sim.chats[0].dropped_messages < 60
    _, shown = await post(
        session, sim, "/api/chat", {**body, "options": options, "_debug_render_only": True}
    )
    text = shown["_debug_info"]["rendered_template"]
    assert "Be brief." in text
    assert "Last?" in text
    assert "Question 0" not in text
    status, error = await post(
        session, sim, "/api/chat", {**body, "options": options, "truncate": False}
    )
    assert status == 400
    assert "exceed_context_size_error" in error["error"]
