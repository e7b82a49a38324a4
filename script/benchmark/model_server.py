"""The model server, in a process of its own: the simulator, at a speed that is set.

Started by model_link, and commanded line by line.
"""

import asyncio
from collections.abc import Mapping
from itertools import pairwise
import json
from typing import Any

from simulator import ChatRequest, Rates, RecordedRequest, Reply, SimModel, Simulator, ToolCall
from simulator.tokens import common_prefix

from . import talk
from .commands import answer, commands

MODEL = "bench:latest"
_OWN_TOOL = "turn_on"
_ASSIST_TOOL = "HassTurnOn"
_SETTLING = 0.001
"""Seconds in which a request that was answered is seen to be."""


def _count_tokens(text: str) -> int:
    """Guess, quickly: how the simulator counts is not what is measured."""
    return len(text) // 4


_MODEL = SimModel(
    MODEL,
    capabilities=("completion", "tools"),
    context_length=262_144,
    layout="parser",
    count_tokens=_count_tokens,
)


def say(request: ChatRequest) -> Reply:
    """Say what the sentence asks for."""
    if request.messages[-1]["role"] == "tool":
        return Reply(talk.SWITCHED)
    # What comes behind it tells where and when it was said.
    sentence = request.last_user_text.partition("\n")[0]
    if sentence == talk.SWITCH:
        return Reply(tool_calls=(_switch(request),))
    if sentence == talk.SPEAK:
        return Reply(chunks=talk.spoken())
    if chunks := talk.told(sentence):
        return Reply(chunks=talk.story(chunks))
    return Reply(talk.ANSWER)


def _switch(request: ChatRequest) -> ToolCall:
    # What stands before the intent's name depends on the APIs that an agent has.
    names = request.tool_names
    name = next(name for name in names if name == _OWN_TOOL or name.endswith(_ASSIST_TOOL))
    domain = {} if name == _OWN_TOOL else {"domain": ["light"]}
    return ToolCall(name, {"name": talk.LIGHT, **domain})


def _size(value: object) -> int:
    """Return the bytes of a value in a request."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def read_anew(before: Mapping[str, Any], body: Mapping[str, Any]) -> float:
    """Return the share of a request up to its last sentence that the one before didn't begin with.

    In bytes, in the order in which most models read: the system prompt, the tools, the talk.
    """
    known, needed = _beginning(before), _beginning(body)
    return 1 - common_prefix(known, needed) / len(needed)


def _beginning(body: Mapping[str, Any]) -> str:
    messages = body["messages"]
    last = max(n for n, message in enumerate(messages) if message["role"] == "user")
    parts = (messages[:1], body.get("tools") or [], messages[1:last])
    return "".join(map(json.dumps, parts))


def _account(record: RecordedRequest, before: RecordedRequest) -> Mapping[str, Any]:
    """Return what is known of a request that was answered; seconds and bytes."""
    timings = record.timings
    return {
        "busy": (timings.finished_at or timings.received_at) - timings.received_at,
        "bytes": int(record.headers["Content-Length"]),
        "system_bytes": sum(
            len(message["content"].encode())
            for message in record.body["messages"]
            if message["role"] == "system"
        ),
        "tools_bytes": _size(record.body.get("tools") or []),
        "messages": len(record.body["messages"]),
        "read_anew": read_anew(before.body, record.body),
        "lines": record.lines,
        "finished": record.finished,
    }


async def _take(simulator: Simulator) -> list[Mapping[str, Any]]:
    """Return the accounts of all chats since the last time.

    A client has its answer a moment before the handler has ended.
    """
    chats = simulator.chats
    for record in chats:
        if record.timings.finished_at is None:
            await asyncio.sleep(_SETTLING)
    simulator.requests.clear()
    return [_account(record, before) for before, record in pairwise([*chats[:1], *chats])]


async def _serve() -> None:
    orders = commands()
    version = (await anext(orders))["version"]
    async with Simulator(version=version, models=[_MODEL], brain=say) as simulator:
        answer({"url": simulator.url, "model": MODEL})
        async for command in orders:
            match command["do"]:
                case "rate":
                    # Tokens a second, and seconds; null for as fast as it goes.
                    simulator.set_rates(
                        Rates(
                            prefill_tokens_per_second=command["prefill"],
                            generation_tokens_per_second=command["tokens"],
                            load_seconds=command["loading"],
                        )
                    )
                    answer({})
                case "take":
                    answer({"requests": await _take(simulator)})


if __name__ == "__main__":
    asyncio.run(_serve())
