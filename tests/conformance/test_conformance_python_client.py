"""What the Python client 0.6.2 makes of the answers (observed_python_client.json)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
import gc
from typing import Any

import httpx
import ollama
import pytest

from simulator import Fault, Reply, Simulator
from tests.conformance import tiny
from tests.conformance.support import read, shape

CASES: dict[str, Any] = read("0.32.15", "observed_python_client.json")["cases"]
HI = [{"role": "user", "content": "Hi"}]
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("HassTurnOff", "GetLiveContext")
]
CRASH = "an error was encountered while running the model: unexpected EOF"

Client = ollama.AsyncClient
Case = Callable[[Client], Awaitable[Any]]


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(models=tiny.models("0.32.15"), brain=tiny.brain) as simulator:
        yield simulator


@pytest.fixture
async def client(sim: Simulator) -> AsyncIterator[Client]:
    found = Client(host=sim.url, timeout=10)
    yield found
    await found._client.aclose()
    # The client leaves its generators to the garbage collector when a stream fails; they hold
    # each other, so they close one after another.
    gc.collect()
    for _ in range(20):
        await asyncio.sleep(0)


async def outcome(case: Case, client: Client) -> Any:
    """What a case returned or raised, as the observation has it."""
    try:
        return await case(client)
    except Exception as error:  # noqa: BLE001 - whatever it raises is what is compared
        kind = type(error)
        return {
            "exception": f"{kind.__module__}.{kind.__qualname__}",
            "str": str(error),
            "status_code": getattr(error, "status_code", None),
            "error": getattr(error, "error", None),
        }


async def streamed(client: Client, model: str, **fields: Any) -> dict[str, Any]:
    parts = [
        part async for part in await client.chat(model=model, messages=HI, stream=True, **fields)
    ]
    return {
        "lines": len(parts),
        "last_done": parts[-1].done,
        "last_done_reason": parts[-1].done_reason,
        "text": "".join(part.message.content or "" for part in parts),
    }


async def two_tool_calls(client: Client) -> list[dict[str, Any]]:
    found = []
    stream = await client.chat(model="tiny-two", messages=HI, tools=TOOLS, stream=True)
    async for part in stream:
        calls = part.message.tool_calls
        found.append(
            {
                "content": part.message.content,
                "tool_calls": [call.model_dump() for call in calls] if calls else None,
                "done": part.done,
            }
        )
    return found


async def aborted(client: Client) -> dict[str, Any]:
    answer = await client.chat(model="tiny-rep", messages=HI, options={"num_predict": 200})
    return {
        "done": answer.done,
        "done_reason": answer.done_reason,
        "content": answer.message.content,
    }


async def pulled(client: Client, *, stream: bool) -> Any:
    name = "127.0.0.1:9/library/nope"
    if not stream:
        return await client.pull(name, insecure=True)
    return [part async for part in await client.pull(name, insecure=True, stream=True)]


RAISING: dict[str, Case] = {
    "stream_unknown_model_404": lambda c: streamed(c, "nope"),
    "unknown_model_404": lambda c: c.chat(model="nope", messages=HI),
    "stream_tools_on_plain_400": lambda c: streamed(c, "tiny-plain", tools=TOOLS),
    "stream_think_on_plain_400": lambda c: streamed(c, "tiny-plain", think=True),
    "stream_bad_format_500": lambda c: streamed(c, "tiny-plain", options={"num_ctx": "many"}),
    "num_ctx_string": lambda c: c.chat(
        model="tiny-plain", messages=HI, options={"num_ctx": "many"}
    ),
    "embed_on_completion_model": lambda c: c.embed(model="tiny-random", input="x"),
    "pull_stream_unreachable": lambda c: pulled(c, stream=True),
    "pull_nonstream_unreachable": lambda c: pulled(c, stream=False),
}


@pytest.mark.parametrize("name", RAISING)
async def test_python_client_cases(name: str, client: Client) -> None:
    got = await outcome(RAISING[name], client)
    assert got == {key: CASES[name][key] for key in got}


async def test_stream_ok(client: Client) -> None:
    got = await streamed(client, "tiny-plain")
    assert got == {key: CASES["stream_ok"][key] for key in got}


async def test_repetition_abort_raises_nothing(client: Client) -> None:
    # The observation has the beginning of the text only.
    got = await streamed(client, "tiny-rep", options={"num_predict": 200})
    recorded = CASES["stream_repetition_abort_no_done"]
    assert got.pop("text").startswith(recorded["text"])
    assert got == {key: recorded[key] for key in got}
    whole = await aborted(client)
    recorded = CASES["nonstream_repetition_abort"]
    assert whole.pop("content").startswith(recorded["content"])
    assert whole == {key: recorded[key] for key in whole}


async def test_runner_crash(sim: Simulator, client: Client) -> None:
    sim.script(Reply(chunks=(" one", " two"), error=CRASH))
    got = await outcome(lambda c: streamed(c, "tiny-slow"), client)
    assert got == {key: CASES["stream_runner_crash"][key] for key in got}


async def test_two_tool_calls(client: Client) -> None:
    assert await two_tool_calls(client) == CASES["two_tool_calls_stream"]


@pytest.mark.parametrize("level", ["max", "minimal"])
async def test_think_levels_the_client_refuses(level: str, sim: Simulator, client: Client) -> None:
    got = await outcome(lambda c: c.chat(model="tiny-think", messages=HI, think=level), client)
    assert got["exception"] == CASES[f"think_{level}"]["exception"]
    assert sim.requests == []


async def test_models(client: Client) -> None:
    shown = await client.show("tiny-tools")
    recorded = CASES["show"]
    info = shown.modelinfo or {}
    assert shown.capabilities == recorded["capabilities"]
    assert shown.details is not None
    assert shown.details.model_dump() == recorded["details"]
    lengths = [value for key, value in info.items() if key.endswith("context_length")]
    assert lengths == recorded["context_length_in_modelinfo"]

    await client.generate(model="tiny-slow")
    loaded = (await client.ps()).models[0].model_dump(mode="json")
    assert shape(loaded) == shape(CASES["ps"][0])
    assert loaded["details"] == CASES["ps"][0]["details"]

    installed = (await client.list()).models[0].model_dump(mode="json")
    assert shape(installed) == shape(CASES["list"][0])


async def test_embed(client: Client) -> None:
    answer = await client.embed(model="tiny-embed", input="x")
    recorded = CASES["embed"]
    assert len(answer.embeddings) == recorded["n"]
    assert len(answer.embeddings[0]) == recorded["dim"]
    assert answer.prompt_eval_count == recorded["prompt_eval_count"]


async def test_server_down(sim: Simulator, client: Client) -> None:
    await sim.stop()
    got = await outcome(lambda c: c.chat(model="tiny-plain", messages=HI), client)
    assert got == {key: CASES["server_down_nonstream"][key] for key in got}
    got = await outcome(lambda c: c.list(), client)
    assert got == {key: CASES["server_down_list"][key] for key in got}
    got = await outcome(lambda c: streamed(c, "tiny-plain"), client)
    assert got == {key: CASES["server_down_stream"][key] for key in got}
    await sim.start()
    assert (await streamed(client, "tiny-plain"))["last_done"]


async def test_client_timeout(sim: Simulator) -> None:
    sim.fault(Fault.HANG)
    impatient = Client(host=sim.url, timeout=0.1)
    try:
        with pytest.raises(httpx.ReadTimeout):
            await impatient.chat(model="tiny-plain", messages=HI)
    finally:
        await impatient._client.aclose()
    assert CASES["client_timeout_nonstream"]["exception"] == "httpx.ReadTimeout"


async def test_wrong_base_path(sim: Simulator) -> None:
    lost = Client(host=f"{sim.url}/elsewhere")
    try:
        got = await outcome(lambda c: c.list(), lost)
    finally:
        await lost._client.aclose()
    assert got == {key: CASES["wrong_base_path_list"][key] for key in got}


def test_every_case_is_compared() -> None:
    elsewhere = {
        "stream_ok", "stream_repetition_abort_no_done", "nonstream_repetition_abort",
        "stream_runner_crash", "two_tool_calls_stream", "think_max", "think_minimal", "show",
        "ps", "list", "embed", "server_down_nonstream", "server_down_list", "server_down_stream",
        "client_timeout_nonstream", "wrong_base_path_list",
    }  # fmt: skip
    assert {*RAISING, *elsewhere} == set(CASES)
