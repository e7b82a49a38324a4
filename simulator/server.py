"""The simulated server: the public face of this package."""

import asyncio
from collections.abc import Iterable, Mapping
import ipaddress
import socket
import ssl
import time
from typing import Self

from aiohttp import web

from . import routes
from .errors import ApiError
from .faults import REPLACING, ActiveFault, Fault, FaultBook
from .models import DEFAULT_MODELS, ModelStore, SimModel
from .pulls import PullBook, PullPlan
from .recording import RecordedRequest, Timings
from .replies import Brain, Rates, Reply, plain_brain
from .responder import JSON_PLAIN, JSON_UTF8, ConnectionCutError, Responder, parse_object
from .scheduler import Limits, Scheduler
from .state import Call, State
from .versions import Behaviour

_BACKLOG = 128
# asyncio's name for a task that makes an accepted connection.
_ACCEPTING = "_accept_connection2"
# So many turns of the event loop are waited for it: a client may leave a handshake half done.
_MOST_TURNS = 50
# Seconds a cancelled handler may take to end when the server stops.
_SHUTDOWN_TIMEOUT = 2.0


class Simulator:
    """A server that answers like Ollama, for tests, measurements and demonstrations."""

    def __init__(
        self,
        *,
        version: str = "0.32.15",
        models: Iterable[SimModel] = DEFAULT_MODELS,
        brain: Brain | None = None,
        rates: Rates | None = None,
        api_key: str | None = None,
        required_headers: Mapping[str, str] | None = None,
        parallel: int = 1,
        max_queue: int = 512,
        max_loaded: int = 3,
        default_keep_alive: float = 300.0,
        default_num_ctx: int = 4096,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Set up a server; ``start`` lets it listen.

        ``default_keep_alive`` in seconds, ``default_num_ctx`` in tokens. ``api_key``: asked for
        as a bearer token, else 401. ``required_headers``: asked for like a reverse proxy does,
        else 403.
        """
        behaviour = Behaviour.for_version(version)
        rates = rates or Rates()
        limits = Limits(parallel, max_queue, max_loaded, default_keep_alive, default_num_ctx)
        self._state = State(
            version=version,
            behaviour=behaviour,
            store=ModelStore(models),
            scheduler=Scheduler(limits, rates, behaviour),
            limits=limits,
            rates=rates,
            brain=brain or plain_brain,
            pulls=PullBook(),
        )
        self._api_key = api_key
        self._required_headers = dict(required_headers or {})
        self._host = host
        self._port = port
        self._ssl = ssl_context
        self._faults = FaultBook()
        self._refusing = False
        self._running = False
        self._web: web.Server | None = None
        self._listener: asyncio.Server | None = None
        self._opening: asyncio.Task[None] | None = None
        self.requests: list[RecordedRequest] = []

    # -- life --------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    async def start(self) -> None:
        """Listen. After ``stop`` on the same port again, with nothing loaded."""
        if self._running:
            return
        sock = None if self._refusing else self._bind()
        self._running = True
        state = self._state
        state.scheduler = Scheduler(state.limits, state.rates, state.behaviour)
        self._web = web.Server(
            self._handle, handler_cancellation=True, access_log=None, keepalive_timeout=75.0
        )
        if sock is not None:
            await self._listen(sock)

    async def stop(self) -> None:
        """Close the port and every connection at once, as a process that was killed."""
        if not self._running:
            return
        self._running = False
        await self._settle_opening()
        await _settle_accepted()
        self._close_listener()
        server, self._web = self._web, None
        if server is not None:
            self._abort(server)
            await server.shutdown(_SHUTDOWN_TIMEOUT)
        self._state.scheduler.close()

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        scheme = "https" if self._ssl else "http"
        return f"{scheme}://{self._host}:{self._port}"

    @property
    def port(self) -> int:
        """The TCP port; 0 before the first start when any would do."""
        return self._port

    def _bind(self) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        try:
            sock.bind((self._host, self._port))
            sock.listen(_BACKLOG)
        except OSError:
            sock.close()
            raise
        self._port = sock.getsockname()[1]
        return sock

    async def _listen(self, sock: socket.socket) -> None:
        if self._web is None:
            sock.close()
            return
        self._listener = await asyncio.get_running_loop().create_server(
            self._web, sock=sock, ssl=self._ssl, backlog=_BACKLOG
        )

    def _close_listener(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _settle_opening(self) -> None:
        """Let a port that is being opened be open, so that it can be closed."""
        opening, self._opening = self._opening, None
        if opening is not None:
            await opening

    @staticmethod
    def _abort(server: web.Server) -> None:
        for connection in list(server.connections):
            if connection.transport is not None:
                connection.transport.abort()

    # -- what it says and how it fails -------------------------------------------

    def script(self, *replies: Reply) -> None:
        """Queue replies; each is used by one chat or generate request, in order."""
        self._state.script.extend(replies)

    def clear_script(self) -> None:
        """Forget the replies that nobody asked for yet."""
        self._state.script.clear()

    def set_brain(self, brain: Brain) -> None:
        """Let ``brain`` answer when no scripted reply waits."""
        self._state.brain = brain

    def set_rates(self, rates: Rates) -> None:
        """Change the speed of requests that come from now on."""
        self._state.rates = rates
        self._state.scheduler.set_rates(rates)

    def fault(
        self,
        fault: Fault,
        *,
        path: str | None = None,
        times: int | None = 1,
        after_chunks: int = 0,
        delay: float = 0.02,
    ) -> None:
        """Let the next ``times`` requests of ``path`` (None: any) go wrong.

        ``times`` None: until ``clear_faults``. ``after_chunks``: lines sent before it happens.
        ``delay``: seconds between the pieces of SLOW_DRIP.
        """
        if fault is Fault.REFUSE:
            self._refusing = True
            self._close_listener()
            if self._web is not None:
                self._abort(self._web)
            return
        self._faults.add(ActiveFault(fault, path, times, after_chunks, delay))

    def clear_faults(self) -> None:
        """Nothing goes wrong any more; the port is open again when this returns."""
        self._faults.clear()
        if not self._refusing:
            return
        self._refusing = False
        if self._running:
            # The kernel takes connections from here on; they are served a moment later.
            self._opening = asyncio.get_running_loop().create_task(self._listen(self._bind()))

    def pull_plan(
        self,
        name: str,
        *,
        sizes: tuple[int, ...] = (11_297_184, 1031, 26, 74, 153),
        seconds: float = 0.0,
        steps: int = 20,
        error: str | None = None,
        fail_after: float | None = None,
        model: SimModel | None = None,
    ) -> None:
        """Plan the pulls of ``name``.

        ``sizes``: bytes per layer. ``seconds``: duration. ``steps``: progress lines of the first
        layer. ``error``: fails with these words, at ``fail_after`` (0.0 to 1.0) of the first
        layer or at once. ``model``: what is installed, default a plain one of that name.
        """
        plan = PullPlan(name, sizes, seconds, steps, error, fail_after, model)
        self._state.pulls.add(plan)

    def install(self, model: SimModel) -> None:
        """Add or replace a model."""
        self._state.store.install(model)

    def remove(self, name: str) -> None:
        """Remove a model, as if someone deleted it; a loaded one is unloaded."""
        model = self._state.store.remove(name)
        if model is not None:
            self._state.scheduler.unload(model)

    # -- what happened -----------------------------------------------------------

    @property
    def chats(self) -> list[RecordedRequest]:
        """The chat requests with messages, in order of arrival."""
        return [
            r
            for r in self.requests
            if r.path == "/api/chat" and r.method == "POST" and r.body.get("messages")
        ]

    @property
    def loaded(self) -> tuple[str, ...]:
        """The names of the loaded models."""
        return tuple(runner.model.name for runner in self._state.scheduler.runners)

    @property
    def generating(self) -> int:
        """The number of generations running now; waiting ones do not count."""
        return self._state.scheduler.generating

    # -- requests ----------------------------------------------------------------

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        received = time.monotonic_ns()
        # Not request.read(): it has a limit of one megabyte, images are larger.
        body = await request.content.read()
        record = RecordedRequest(
            method=request.method,
            path=request.path,
            headers=dict(request.headers),
            body=parse_object(body),
            timings=Timings(asyncio.get_running_loop().time()),
        )
        self.requests.append(record)
        fault = self._faults.take(request.path)
        responder = Responder(request, record, fault)
        call = Call(self._state, body, request.path, responder, record, received)
        try:
            await self._answer(call, request, fault)
        except asyncio.CancelledError:
            record.cancelled = True
            raise
        except ConnectionCutError:
            if request.transport is not None:
                request.transport.close()
        except ConnectionError:
            # The client went away while a line was being written.
            record.cancelled = True
        finally:
            record.timings.finished_at = asyncio.get_running_loop().time()
        return responder.response

    async def _answer(
        self, call: Call, request: web.BaseRequest, fault: ActiveFault | None
    ) -> None:
        responder = call.responder
        if fault is not None and fault.fault in REPLACING:
            await routes.answer_fault(fault.fault, call.path, responder)
            return
        if not await self._may_ask(request, responder):
            return
        found = routes.find_handler(request.method, call.path)
        if found is None:
            await routes.not_found(responder)
            return
        if isinstance(found, Mapping):
            await routes.not_allowed(responder, found)
            return
        try:
            await found(call)
        except ApiError as error:
            stream = call.record.body.get("stream") is not False
            late = error.late and stream
            content_type = JSON_PLAIN if late else JSON_UTF8
            await responder.error(error.status, error.text, content_type)

    async def _may_ask(self, request: web.BaseRequest, responder: Responder) -> bool:
        headers = request.headers
        for name, value in self._required_headers.items():
            if headers.get(name) != value:
                await routes.denied(responder, 403)
                return False
        key = self._api_key
        if key is not None and headers.get("Authorization") != f"Bearer {key}":
            await routes.unauthorized(responder)
            return False
        origin = headers.get("Origin")
        foreign = origin is not None and not routes.origin_is_local(origin)
        if self._on_loopback() and not routes.host_is_local(headers.get("Host", "")):
            foreign = True
        if not foreign:
            return True
        found = routes.find_handler(request.method, request.path)
        allow = ", ".join(found) if isinstance(found, Mapping) else ""
        await responder.empty(403, {"Allow": allow} if allow else None)
        return False

    def _on_loopback(self) -> bool:
        return self._host == "localhost" or ipaddress.ip_address(self._host).is_loopback


async def _settle_accepted() -> None:
    """Let connections that were just accepted be made.

    asyncio makes them in tasks of its own, which fail when the port is closed before.
    """
    for _ in range(_MOST_TURNS):
        waiting = (task.get_coro() for task in asyncio.all_tasks())
        if not any(getattr(coro, "__name__", "") == _ACCEPTING for coro in waiting):
            return
        await asyncio.sleep(0)
