"""What is tested here knows nothing of the home: no Home Assistant is built."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from aiohttp import web
from hypothesis import strategies as st
import pytest

from custom_components.ollama.runtime import connection_from
from custom_components.ollama.server import OllamaServer, Privacy, RequestQueue
from simulator import Simulator

from ..conftest import SHORT_LIMITS
from ..without_home import _custom_integration, _home_assistant, _time_limits, likely_hosts

__all__ = [
    "_custom_integration",
    "_home_assistant",
    "_time_limits",
    "likely_hosts",
]

type MakeServer = Callable[..., OllamaServer]


class Clock:
    """A clock that only goes forward, in seconds."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class OddServer:
    """Answers whatever a test puts here, by path: a body, or where to go instead."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: dict[str, bytes | str] = {}
        self.redirects: dict[str, str] = {}
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.paths.append(request.path)
        self.headers.append(dict(request.headers))
        if (location := self.redirects.get(request.path)) is not None:
            return web.Response(status=307, headers={"Location": location})
        body = self.bodies.get(request.path)
        if body is None:
            return web.Response(status=404)
        return web.Response(body=body, content_type="application/json")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 2**63, -1, 0, 1e308, -0.0])
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["\ud800", "\x00", "0001-01-01T00:00:00Z", "2319-01-01T00:00:00Z"])
    | st.datetimes(timezones=st.none() | st.timezones()).map(lambda moment: moment.isoformat()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
"""Anything that JSON can be, as Python's parser reads it: not-a-numbers and halves of
surrogate pairs among it."""


@pytest.fixture
async def make_server() -> AsyncGenerator[MakeServer]:
    """Return a function that makes a client, to be closed at the end."""
    servers: list[OllamaServer] = []

    def make(
        url: str, *, privacy: Privacy | None = None, queue: RequestQueue | None = None, **data: Any
    ) -> OllamaServer:
        limits = data.pop("limits", SHORT_LIMITS)
        server = OllamaServer(connection_from({"url": url, **data}), limits, privacy, queue)
        servers.append(server)
        return server

    yield make
    for server in servers:
        await server.async_close()
    # httpx leaves its generators to the garbage collector, which closes them in tasks.
    await asyncio.sleep(0.01)


@pytest.fixture
def server(sim: Simulator, make_server: MakeServer) -> OllamaServer:
    """Return a client of the simulated server, under the rules of privacy."""
    return make_server(sim.url, privacy=Privacy())


@pytest.fixture
async def odd() -> AsyncIterator[OddServer]:
    """Return a server that answers what a test wants."""
    odd = OddServer()
    runner = web.ServerRunner(web.Server(odd.answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    odd.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield odd
    await runner.cleanup()
