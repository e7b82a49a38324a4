"""A client that notes in which order things happen."""

import asyncio
from dataclasses import dataclass, field
import json
from typing import Any

import aiohttp

from simulator import RecordedRequest, Simulator

LIMIT = 10.0


@dataclass
class Chat:
    """One streaming chat: its lines, and the order of what happened to all of them."""

    label: str
    events: list[str]
    lines: list[dict[str, Any]] = field(default_factory=list)
    status: int = 0
    first: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def last(self) -> dict[str, Any]:
        return self.lines[-1]

    async def run(
        self, session: aiohttp.ClientSession, sim: Simulator, body: dict[str, Any]
    ) -> None:
        async with session.post(f"{sim.url}/api/chat", json=body) as answer:
            self.status = answer.status
            async for line in answer.content:
                self.lines.append(json.loads(line))
                if not self.first.is_set():
                    self.first.set()
                    self.events.append(f"{self.label} first")
        self.events.append(f"{self.label} done")


def request(model: str, num_predict: int, text: str = "Count", **fields: Any) -> dict[str, Any]:
    return {
        "model": model,
        "messages": [{"role": "user", "content": text}],
        "options": {"num_predict": num_predict},
        **fields,
    }


async def until(condition: Any) -> None:
    """Wait until ``condition()`` holds, not for ever."""
    async with asyncio.timeout(LIMIT):
        while not condition():
            await asyncio.sleep(0.002)


async def arrived(sim: Simulator, count: int) -> RecordedRequest:
    """Wait for the chat number ``count`` (from 1) to arrive at the server."""
    await until(lambda: len(sim.chats) >= count)
    return sim.chats[count - 1]


async def ps(session: aiohttp.ClientSession, sim: Simulator) -> list[dict[str, Any]]:
    async with session.get(f"{sim.url}/api/ps") as answer:
        body: dict[str, Any] = await answer.json()
    return list(body["models"])


async def call(
    session: aiohttp.ClientSession, sim: Simulator, path: str, body: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    """Post without streaming."""
    async with session.post(sim.url + path, json={"stream": False, **body}) as answer:
        return answer.status, await answer.json()
