"""The one place that talks to a server, through the `ollama` package."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
import contextlib
from dataclasses import dataclass, field
from functools import partial
import math
import ssl
from typing import Any, Literal, cast

import httpx

import ollama

from .errors import (
    LIBRARY_ERRORS,
    AnswerCutError,
    OllamaError,
    ServerUnreachableError,
    TooSlowError,
    Unreachable,
    map_error,
)
from .limits import TimeLimits
from .models import InstalledModel, ModelCatalog, ModelDetails
from .patience import Patience

_NESTED_GENERATORS = 6
"""Of httpx and httpcore, from lines to bytes."""

type Think = bool | Literal["low", "medium", "high"]

KEEP_LOADED_FOREVER = -1
"""The number, not the text: the server refuses "-1" (fact 19 of the recordings)."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How a server is reached. Key and headers are secrets: never in a repr."""

    url: str
    ssl_context: ssl.SSLContext = field(repr=False)
    api_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def all_headers(self) -> dict[str, str]:
        """The extra headers, and the key as a bearer token.

        A header holds ASCII only; what else was pasted with a key, such as a space of no
        width, is no part of it.
        """
        headers = dict(self.headers)
        if self.api_key and (key := self.api_key.strip()):
            headers["Authorization"] = f"Bearer {key}"
        return {name: value.encode("ascii", "ignore").decode() for name, value in headers.items()}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request to `/api/chat`; the fields are the API's own."""

    model: str
    messages: Sequence[ollama.Message] = field(repr=False)
    tools: Sequence[ollama.Tool] | None = field(default=None, repr=False)
    options: Mapping[str, Any] | None = None
    keep_alive: float | str | None = None
    think: Think | None = None
    format: dict[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _StreamLimits:
    """How long a stream is waited for, in seconds: its first line, each other, all."""

    first: float
    between: float
    whole: float = math.inf


class _Transport(ollama.AsyncClient):
    """The library's client, and the one request that it lacks."""

    async def version(self) -> str:
        """Return the server's version. Raises what the library raises."""
        response: httpx.Response = await self._request_raw(  # type: ignore[no-untyped-call] # the library's
            "GET", "/api/version"
        )
        version = response.json().get("version")
        if not isinstance(version, str):
            raise TypeError("version is not a text")
        return version


class OllamaServer:
    """A server: requests with time limits, errors mapped, models remembered.

    Every method raises OllamaError and nothing else of the library's.
    """

    def __init__(self, connection: Connection, limits: TimeLimits | None = None) -> None:
        """Prepare a client; nothing is sent yet."""
        self.connection = connection
        self.limits = limits or TimeLimits()
        self.models = ModelCatalog(self)
        self._connect = partial(
            _Transport,
            host=connection.url,
            headers=connection.all_headers,
            verify=connection.ssl_context,
            # A proxy from the environment would take the requests out of the LAN.
            trust_env=False,
            # The limits of reading are kept here, because they depend on what is read.
            timeout=httpx.Timeout(None, connect=self.limits.connect),
        )
        self._client = self._connect()
        self._running = 0
        self._closing = False
        self._closed = False

    async def async_close(self) -> None:
        """Close the connections, after what is running now has ended.

        A reload of the entry must not cut a sentence that is being spoken.
        """
        self._closing = True
        await self._close_when_idle()

    async def async_version(self) -> str:
        """Return the server's version, such as 0.32.15."""
        return await self._short(_Transport.version)

    async def async_list(self) -> list[InstalledModel]:
        """Return the installed models, as the server orders them."""
        response = await self._short(_Transport.list)
        return [InstalledModel.from_response(model) for model in response.models]

    async def async_show(self, model: str) -> ModelDetails:
        """Return what a model can do. Raises ModelMissingError."""
        shown = await self._short(lambda client: client.show(model), model)
        return ModelDetails.from_response(shown)

    def async_chat(self, request: ChatRequest) -> AsyncGenerator[ollama.ChatResponse]:
        """Yield the chunks of an answer as they come.

        Closing the generator closes the connection, and the server stops generating
        (fact 17). The last chunk has `done` set unless the server cut the answer: the
        caller must look (fact 2).
        """
        return self._stream(
            lambda client: client.chat(
                model=request.model,
                messages=request.messages,
                tools=request.tools,
                options=request.options,
                keep_alive=request.keep_alive,
                think=request.think,
                format=request.format,
                stream=True,
            ),
            request.model,
            _StreamLimits(self.limits.first_chunk, self.limits.between_chunks, self.limits.answer),
        )

    async def async_pull(self, model: str) -> AsyncGenerator[ollama.ProgressResponse]:
        """Yield the progress of a download; it ends after the line `success`.

        Raises OllamaError, with the server's own words where it gives any, also when
        the stream ends without `success` (fact 22).
        """
        success = False
        limits = _StreamLimits(self.limits.pull_chunk, self.limits.pull_chunk)
        lines = self._stream(lambda client: client.pull(model, stream=True), model, limits)
        async with contextlib.aclosing(lines):
            async for line in lines:
                success = line.status == "success"
                yield line
        if not success:
            raise AnswerCutError

    async def _stream[T](
        self,
        request: Callable[[_Transport], Awaitable[AsyncIterator[T]]],
        model: str,
        limits: _StreamLimits,
    ) -> AsyncGenerator[T]:
        """Yield the lines of a streamed answer, none of them waited for without limit."""
        wait = limits.first
        answering = ended = retried = False
        async with self._in_use():
            patience = Patience(limits.whole)
            # The library returns a generator, whatever its annotation promises.
            lines = cast("AsyncGenerator[T]", await request(self._client))
            try:
                while True:
                    patience.begin(wait)
                    try:
                        line = await anext(lines)
                    except StopAsyncIteration:
                        ended = True
                        return
                    except asyncio.CancelledError as err:
                        if not patience.is_over():
                            raise
                        raise TooSlowError from err
                    except LIBRARY_ERRORS as err:
                        mapped = map_error(err, model=model, answering=answering)
                        if retried or not _is_stale(mapped):
                            raise mapped from err
                        retried = True
                        lines = cast("AsyncGenerator[T]", await request(self._client))
                        continue
                    finally:
                        patience.end()
                    answering = True
                    wait = limits.between
                    yield line
            finally:
                patience.close()
                await lines.aclose()
                if not ended:
                    await _let_generators_close()

    async def _short[T](self, request: Callable[[_Transport], Awaitable[T]], model: str = "") -> T:
        """Wait for a request that the server answers from memory."""
        async with self._in_use():
            try:
                return await self._once(request, model)
            except ServerUnreachableError as err:
                if not _is_stale(err):
                    raise
                return await self._once(request, model)

    async def _once[T](self, request: Callable[[_Transport], Awaitable[T]], model: str) -> T:
        try:
            async with asyncio.timeout(self.limits.short):
                return await request(self._client)
        except LIBRARY_ERRORS as err:
            raise map_error(err, model=model) from err

    @contextlib.asynccontextmanager
    async def _in_use(self) -> AsyncGenerator[None]:
        if self._closed:
            # The entry was unloaded between two requests of a turn: what was begun is
            # brought to its end.
            self._client = self._connect()
            self._closed = False
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            await self._close_when_idle()

    async def _close_when_idle(self) -> None:
        if self._closing and not self._running and not self._closed:
            self._closed = True
            await self._client.close()  # type: ignore[no-untyped-call] # the library's


def _is_stale(err: OllamaError) -> bool:
    """Whether a kept connection may have met a server that was restarted since.

    Nothing of an answer has been seen then, so that asking again changes nothing.
    """
    return isinstance(err, ServerUnreachableError) and err.reason is Unreachable.DROPPED


async def _let_generators_close() -> None:
    """Give the generators inside the library the moments that they need to close.

    Each is closed by a task of the event loop's once the one around it is gone. Nobody
    else would wait for these tasks.
    """
    for _ in range(_NESTED_GENERATORS * 2):
        await asyncio.sleep(0)
