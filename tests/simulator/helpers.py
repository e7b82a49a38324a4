"""Small helpers of these tests."""

import asyncio
from collections.abc import Callable
import json
from typing import Any

import aiohttp

from simulator import SimModel, Simulator

MODEL = SimModel("test:1b", capabilities=("completion", "tools", "thinking"))
TOOLS = [{"type": "function", "function": {"name": "turn_on", "parameters": {"type": "object"}}}]


def chat_body(text: str = "Hi", model: str = "test:1b", **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


async def chat(
    session: aiohttp.ClientSession, sim: Simulator, text: str = "Hi", **fields: Any
) -> list[dict[str, Any]]:
    """The lines of a streaming chat."""
    async with session.post(f"{sim.url}/api/chat", json=chat_body(text, **fields)) as answer:
        return [json.loads(line) for line in (await answer.read()).split(b"\n") if line]


async def post(
    session: aiohttp.ClientSession, sim: Simulator, path: str, body: dict[str, Any]
) -> tuple[int, Any]:
    """Post and read JSON."""
    async with session.post(sim.url + path, json=body) as answer:
        return answer.status, await answer.json()


def content(lines: list[dict[str, Any]]) -> str:
    return "".join(line["message"]["content"] for line in lines)


async def until(condition: Callable[[], object]) -> None:
    """Wait until the condition holds, not for ever."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.002)
