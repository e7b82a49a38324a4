"""The one place that talks to a server, through the `ollama` package."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
import contextlib
from dataclasses import dataclass
from functools import partial
import math
import time
from typing import cast

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
from .models import InstalledModel, LoadedModel, ModelCatalog, ModelDetails
from .patience import Patience
from .prefixes import Prefixes
from .privacy import Privacy
from .queue import Priority, RequestQueue, Ticket
from .request import ChatRequest, Connection
from .transport import SameHost, Transport
from .usage import Figures, Query

_NESTED_GENERATORS = 6
"""Of httpx and httpcore, from lines to bytes."""

_ADDRESS_SECONDS = 300.0
"""So long it is believed where an address leads."""

DEFAULT_PARALLEL = 1
"""Generations at once: what a server does for each model unless told otherwise (fact 16)."""


@dataclass(frozen=True, slots=True)
class _StreamLimits:
    """How long a stream is waited for, in seconds: its first line, each other, all."""

    first: float
    between: float
    whole: float = math.inf


class OllamaServer:
    """A server: requests with time limits, errors mapped, models remembered.

    Every method raises OllamaError and nothing else of the library's.
    """

    def __init__(
        self,
        connection: Connection,
        limits: TimeLimits | None = None,
        privacy: Privacy | None = None,
        queue: RequestQueue | None = None,
        prefixes: Prefixes | None = None,
    ) -> None:
        """Prepare a client; nothing is sent yet.

        Without `privacy` the address isn't looked at: what a form does before it asks.
        """
        self.connection = connection
        self.limits = limits or TimeLimits()
        self.privacy = privacy
        self.queue = queue or RequestQueue(DEFAULT_PARALLEL)
        self.prefixes = prefixes or Prefixes(time.monotonic)
        self.models = ModelCatalog(self)
        self._address_checked_until = -math.inf
        self._connect = partial(
            Transport,
            host=connection.url,
            headers=connection.all_headers,
            verify=connection.ssl_context,
            # A proxy from the environment would take the requests out of the LAN.
            trust_env=False,
            event_hooks={"request": [SameHost()]},
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
        return await self._short(Transport.version)

    async def async_list(self) -> list[InstalledModel]:
        """Return the installed models, as the server orders them."""
        models = await self._short(lambda client: client.models("/api/tags"))
        found = map(InstalledModel.from_answer, models)
        return [model for model in found if model.name]

    async def async_running(self) -> list[LoadedModel]:
        """Return the models in memory; one that is still loading isn't there yet."""
        models = await self._short(lambda client: client.models("/api/ps"))
        found = map(LoadedModel.from_answer, models)
        return [model for model in found if model.name]

    async def async_show(self, model: str) -> ModelDetails:
        """Return what a model can do. Raises ModelMissingError."""
        shown = await self._short(lambda client: client.details(model), model)
        return ModelDetails.from_answer(shown)

    async def async_load(
        self, model: str, *, num_ctx: int | None = None, keep_alive: float | str | None = None
    ) -> None:
        """Load a model into memory, for minutes where it is large. Raises OllamaError.

        In its turn, behind all that is asked: it takes the server's time as answers do. Whoever
        speaks meanwhile does not wait for it: a server answers with one model while it loads
        another.

        An embedding model takes no prompt, and loads for an empty list of texts (fact 21).
        """
        self.check_model(model)
        details = await self.models.async_details(model)
        # The list of models, which tells a cloud model of another name, may be here only now.
        self.check_model(model)
        options = {"num_ctx": num_ctx} if num_ctx else None

        async def load(client: Transport) -> None:
            if details.chats:
                await client.generate(model, options=options, keep_alive=keep_alive)
            else:
                await client.embed(model, [], options=options, keep_alive=keep_alive)

        ticket = self.queue.ticket(Priority.BACKGROUND)
        async with self.queue.async_take(ticket, self.limits.patient_queue, goes_on=True):
            await self._short(load, model, seconds=self.limits.first_chunk)

    async def async_unload(self, model: str) -> None:
        """Take a model out of memory; a running answer is finished first (fact 19)."""
        self.check_model(model)
        await self._short(lambda client: client.generate(model, keep_alive=0), model)
        self.prefixes.forget(model)

    async def async_delete(self, model: str) -> None:
        """Delete a model from the server. Raises ModelMissingError."""
        # Not a second time: one whose answer was lost may have been carried out.
        await self._short(lambda client: client.delete(model), model, again=False)
        self.models.forget(model)

    def check_model(self, model: str) -> None:
        """Raise CloudModelError for a model that may not be used."""
        if self.privacy is not None:
            self.privacy.check_model(model, is_remote=self.models.is_remote(model))

    async def async_check_address(self) -> None:
        """Make sure that the address leads to where it may. Raises PublicServerError.

        A name is looked up again after a while: it may have come to lead elsewhere.
        """
        now = asyncio.get_running_loop().time()
        if self.privacy is None or now < self._address_checked_until:
            return
        await self.privacy.async_check_server(self.connection.url, self.limits.connect)
        self._address_checked_until = now + _ADDRESS_SECONDS

    def forget_address(self) -> None:
        """Look the address up anew: the server was away and may have come back elsewhere."""
        self._address_checked_until = -math.inf

    def async_chat(self, request: ChatRequest, query: Query) -> AsyncGenerator[ollama.ChatResponse]:
        """Yield the chunks of an answer, once it is the request's turn.

        As they come; those of a request that gives way all at once, so that it can be broken
        off and begun anew as long as nothing of it has been used. What it takes is noted in the
        query. Closing the generator closes the connection, and the server stops generating
        (fact 17). The last chunk has `done` set unless the server cut the answer: the caller
        must look (fact 2).
        """
        ticket = self.queue.ticket(query.priority)
        if query.priority.gives_way:
            return self._whole(request, query, ticket)
        return self._chat(request, query, self._slot(request, query, ticket, self.limits.queue))

    async def _whole(
        self, request: ChatRequest, query: Query, ticket: Ticket
    ) -> AsyncGenerator[ollama.ChatResponse]:
        """Yield an answer that has come whole, however often it was broken off before."""
        known = query.time_to_first_token
        chunks: list[ollama.ChatResponse] = []
        is_whole = False
        while not is_whole:
            # Of an answer that was broken off, nobody has seen anything.
            chunks.clear()
            query.time_to_first_token = known
            async with self._unless_cut(request, query, ticket, self.limits.patient_queue) as lines:
                async for line in lines:
                    chunks.append(line)  # noqa: PERF401 - kept when it is broken off
                is_whole = True
            # Or it was broken off in the very last moment.
            is_whole = is_whole or (bool(chunks) and chunks[-1].done is True)
        for chunk in chunks:
            yield chunk

    @contextlib.asynccontextmanager
    async def _unless_cut(
        self, request: ChatRequest, query: Query, ticket: Ticket, seconds: float
    ) -> AsyncGenerator[AsyncGenerator[ollama.ChatResponse]]:
        """Give the lines of an answer; what reads them is left when it has to make way."""
        limit = asyncio.timeout(None)
        try:
            async with limit:
                give_way = partial(limit.reschedule, -math.inf)
                slot = self._slot(request, query, ticket, seconds, give_way)
                async with contextlib.aclosing(self._chat(request, query, slot)) as lines:
                    yield lines
        except TimeoutError:
            if not limit.expired():
                raise

    def _note_read(self, request: ChatRequest, figures: Figures) -> None:
        """Note what the server has read of a prompt, and will remember of it."""
        self.prefixes.note(
            request.model, request.prefix, figures.prompt_tokens, figures.prompt_duration
        )

    @contextlib.asynccontextmanager
    async def _slot(
        self,
        request: ChatRequest,
        query: Query,
        ticket: Ticket,
        seconds: float,
        on_cut: Callable[[], None] | None = None,
    ) -> AsyncGenerator[None]:
        """Wait for a slot and hold it; the query notes how long it waited."""
        before = ticket.waited
        async with self.queue.async_take(ticket, seconds, on_cut):
            query.waited += ticket.waited - before
            with self.prefixes.reading(request.model, request.prefix):
                yield

    async def async_prime(self, request: ChatRequest, *, is_awaited: bool = False) -> None:
        """Have the server read a prompt that will be needed; what it answers is thrown away.

        It gives way at once to whatever is asked: the server keeps what it has read until then
        (fact 25). Nothing is done while the server is busy, unless whoever it is busy with has
        been told to make way for `is_awaited`. Raises OllamaError.
        """
        queue = self.queue
        if queue.serves_people or (queue.taken and not is_awaited):
            return
        query = Query("prime", "", request.model, asyncio.get_running_loop().time)
        ticket = self.queue.ticket(Priority.WARM_UP)
        async with self._unless_cut(request, query, ticket, self.limits.queue) as lines:
            async for _ in lines:
                pass

    def _chat(
        self,
        request: ChatRequest,
        query: Query,
        slot: contextlib.AbstractAsyncContextManager[None],
    ) -> AsyncGenerator[ollama.ChatResponse]:
        query.on_end = partial(self._note_read, request)
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
            query.note,
            slot,
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
        request: Callable[[Transport], Awaitable[AsyncIterator[T]]],
        model: str,
        limits: _StreamLimits,
        note: Callable[[T], None] | None = None,
        slot: contextlib.AbstractAsyncContextManager[None] | None = None,
    ) -> AsyncGenerator[T]:
        """Yield the lines of a streamed answer, none of them waited for without limit.

        A generation needs a slot, and `note` is called with each of its lines.
        """
        wait = limits.first
        answering = ended = retried = False
        self.check_model(model)
        async with self._in_use(), slot or contextlib.nullcontext():
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
                    if note is not None:
                        note(line)
                    yield line
            finally:
                patience.close()
                await lines.aclose()
                if not ended:
                    await _let_generators_close()

    async def _short[T](
        self,
        request: Callable[[Transport], Awaitable[T]],
        model: str = "",
        *,
        seconds: float | None = None,
        again: bool = True,
    ) -> T:
        """Wait for a single answer; by default for one that the server has in memory."""
        seconds = seconds or self.limits.short
        async with self._in_use():
            try:
                return await self._once(request, model, seconds)
            except ServerUnreachableError as err:
                if not again or not _is_stale(err):
                    raise
                return await self._once(request, model, seconds)

    async def _once[T](
        self, request: Callable[[Transport], Awaitable[T]], model: str, seconds: float
    ) -> T:
        try:
            async with asyncio.timeout(seconds):
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
            await self.async_check_address()
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
