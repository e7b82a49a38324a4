"""The model server as the measuring process sees it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import os

from ollama import AsyncClient, Options

from .child import Child, child
from .plan import ModelServerKind

_LIMIT = 60.0
"""Seconds for whatever the model server is asked here."""
_LOOK_AGAIN = 0.05
URL = "OLLAMA_URL"
MODEL = "OLLAMA_MODEL"
"""The variables that name a real server and one of its models."""


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
    read_anew: float
    """Share up to the last sentence that differs from the request before."""
    lines: int
    """Lines of the answer."""
    finished: bool


class ModelServer:
    """A model server that runs in another process."""

    def __init__(self, process: Child | None, url: str, model: str) -> None:
        """Use `model_server` rather than this. Without a process it is a real one."""
        self.url = url
        self.model = model
        self._process = process
        self._client = AsyncClient(url)

    async def rate(
        self,
        tokens_per_second: float | None,
        prefill: float | None = None,
        loading: float | None = None,
    ) -> None:
        """Set the speeds of generation and of reading the prompt, and the seconds of loading.

        None for as fast as it goes. A real one is as fast as it is.
        """
        rates = {"tokens": tokens_per_second, "prefill": prefill, "loading": loading}
        if self._process is not None:
            await self._process.ask({"do": "rate", **rates}, _LIMIT)

    async def unload(self) -> None:
        """Have the model out of memory, with all that was read."""
        await self._client.generate(model=self.model, keep_alive=0)
        async with asyncio.timeout(_LIMIT):
            # Nobody is told when it has gone.
            while await self._is_loaded():  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_AGAIN)

    async def _is_loaded(self) -> bool:
        names = (self.model, f"{self.model}:latest")
        return any(one.model in names for one in (await self._client.ps()).models)

    async def read(self, prompt: str, num_ctx: int) -> None:
        """Have the model loaded, and something else read than what is asked next."""
        await self._client.generate(
            model=self.model,
            prompt=prompt,
            options=Options(num_ctx=num_ctx, num_predict=1),
        )

    async def take(self) -> list[Request]:
        """Return the chat requests since the last time, in order; none of a real one."""
        if self._process is None:
            return []
        found = await self._process.ask({"do": "take"}, _LIMIT)
        return [Request(**request) for request in found["requests"]]


@asynccontextmanager
async def model_server(
    kind: ModelServerKind = ModelServerKind.NEWER,
) -> AsyncIterator[ModelServer]:
    """Have a model server as long as the block runs, with nothing loaded."""
    if kind is ModelServerKind.REAL:
        server = ModelServer(None, os.environ[URL], os.environ[MODEL])
        await server.unload()
        yield server
        return
    async with child("the model server", "script.benchmark.model_server") as process:
        greeting = await process.ask({"version": kind}, _LIMIT)
        yield ModelServer(process, greeting["url"], greeting["model"])
