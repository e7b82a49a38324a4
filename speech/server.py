"""What all speech servers have in common: a port, a description, and faults."""

from abc import abstractmethod
import asyncio
import contextlib
from functools import partial
from typing import NamedTuple, Self

from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Attribution, Describe, Info
from wyoming.server import AsyncEventHandler, AsyncServer, HandlerFactory

from .faults import DEFAULT_DELAY, Fault, FaultBook, Trouble

ATTRIBUTION = Attribution(name="", url="")
_READ_SIZE = 65_536


class Place(NamedTuple):
    """Where a server listens."""

    host: str
    port: int


class ConnectionEndedError(Exception):
    """The server wants to close the connection."""


class SpeechServer(AsyncServer):
    """A Wyoming server on one port. After `stop`, `start` takes the same port again."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Set up a server; port 0 is any that is free."""
        super().__init__()
        self._host = host
        self._port = port
        self._listener: asyncio.Server | None = None
        self._faults = FaultBook()
        self.described = 0
        """How often it was asked what it is."""

    @property
    def place(self) -> Place:
        """Where it listens; the port is known once it has started."""
        return Place(self._host, self._port)

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._handlers)

    @abstractmethod
    def info(self) -> Info:
        """Return what it says that it is."""

    @abstractmethod
    def make_handler(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> SpeechHandler:
        """Return what answers one connection."""

    def fault(
        self,
        fault: Fault,
        *,
        times: int | None = None,
        delay: float = DEFAULT_DELAY,
        describe: bool = False,
    ) -> None:
        """Do something wrong with the next requests, `times` None: until `clear_faults`.

        `delay`: seconds before each event, for what is slow. `describe`: when asked what it
        is, instead of when it hears or speaks; only HANG, SLOW, CUT and ERROR do that.
        """
        self._faults.add(fault, times=times, delay=delay, describe=describe)

    def clear_faults(self) -> None:
        """Do everything right again."""
        self._faults.clear()

    def take_trouble(self, *, describe: bool = False) -> Trouble:
        """Return what goes wrong with a request that begins now."""
        return self._faults.take(describe=describe)

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    async def run(self, handler_factory: HandlerFactory | None = None) -> None:
        """Start, and go on until cancelled."""
        await self.start(handler_factory)
        try:
            await asyncio.Event().wait()
        finally:
            await self.stop()

    async def start(self, handler_factory: HandlerFactory | None = None) -> None:
        """Listen."""
        if self._listener is not None:
            return
        callback = partial(self._handler_callback, handler_factory or self.make_handler)
        self._listener = await asyncio.start_server(callback, self._host, self._port)
        self._port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection at once, as a process that was killed."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        listener.close()
        listener.abort_clients()
        tasks = list(self._handlers)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()


class SpeechHandler(AsyncEventHandler):
    """Answers one connection."""

    def __init__(
        self,
        server: SpeechServer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        super().__init__(reader, writer)
        self._server = server
        self._delay = 0.0

    @abstractmethod
    async def handle_request(self, event: Event) -> None:
        """Handle what is no question for the description."""

    async def run(self) -> None:
        """Answer until either side goes."""
        with contextlib.suppress(OSError, EOFError, ConnectionEndedError):
            await super().run()

    async def handle_event(self, event: Event) -> bool:
        """Handle an event."""
        if Describe.is_type(event.type):
            await self._describe()
        else:
            await self.handle_request(event)
        return True

    async def send(self, event: Event) -> None:
        """Send an event, slowly where that is the fault."""
        if self._delay:
            await asyncio.sleep(self._delay)
        await self.write_event(event)

    async def begin(self, trouble: Trouble) -> bool:
        """Begin a request with what goes wrong; whether there is anything left to answer."""
        self._delay = trouble.delay
        match trouble.fault:
            case Fault.HANG:
                while await self.reader.read(_READ_SIZE):
                    pass  # until the client goes
                raise ConnectionEndedError
            case Fault.ERROR:
                await self.send(Error(text="The model did not load.", code="broken").event())
                return False
        return True

    async def _describe(self) -> None:
        self._server.described += 1
        trouble = self._server.take_trouble(describe=True)
        if trouble.fault is Fault.CUT:
            raise ConnectionEndedError
        if await self.begin(trouble):
            await self.send(self._server.info().event())
