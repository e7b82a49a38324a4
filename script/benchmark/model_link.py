"""The model server as the measuring process sees it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from .child import Child, child

_LIMIT = 60.0
"""Seconds for whatever the model server is asked here."""


@dataclass(frozen=True, slots=True)
class Request:
    """One chat request as it arrived, and how it was answered."""

    busy: float
    """Seconds from when the server had read it until its answer was sent."""
    bytes: int
    """The whole body."""
    system_bytes: int
    """The system prompt, in UTF-8."""
    tools_bytes: int
    """The tools, as JSON without spaces."""
    messages: int
    lines: int
    """Lines of the answer."""
    finished: bool


class ModelServer:
    """A simulated model server that runs in another process."""

    def __init__(self, process: Child, url: str, model: str) -> None:
        """Use `model_server` rather than this."""
        self.url = url
        self.model = model
        self._process = process

    async def rate(self, tokens_per_second: float | None, prefill: float | None = None) -> None:
        """Set the speeds of generation and of reading the prompt; None for as fast as it goes."""
        rates = {"tokens": tokens_per_second, "prefill": prefill}
        await self._process.ask({"do": "rate", **rates}, _LIMIT)

    async def take(self) -> list[Request]:
        """Return the chat requests since the last time, in order."""
        found = await self._process.ask({"do": "take"}, _LIMIT)
        return [Request(**request) for request in found["requests"]]


@asynccontextmanager
async def model_server() -> AsyncIterator[ModelServer]:
    """Run a model server as long as the block runs."""
    async with child("the model server", "script.benchmark.model_server") as process:
        greeting = await process.ask({"do": "greet"}, _LIMIT)
        yield ModelServer(process, greeting["url"], greeting["model"])
