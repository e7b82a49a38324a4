"""Who is answered next: how many at once, in which order, and who gives way.

Ollama answers one request after another and knows no order of importance: a job in the
background would hold up a sentence that somebody speaks. So requests wait here instead.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
import contextlib
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count
from typing import Final

from .errors import ServerBusyError

MOST_WAITING: Final = 100
"""More than any home asks at once; one that runs wild hears of it at the latest then."""

MOST_CUTS: Final = 2
"""So often a request gives way to speech while it is answered; then it is let through."""

_AGE_SECONDS: Final = 120.0
"""After each of these, who waits moves up by a class, but never into that of speech."""


class Priority(IntEnum):
    """Classes of requests, the most important first."""

    SPEECH = 0
    """Somebody listens."""
    PERSON = 1
    """Somebody looks on."""
    AUTOMATION = 2
    BACKGROUND = 3
    """Nobody waits for it."""
    WARM_UP = 4
    """Only makes later requests faster, and gives way to any of them."""

    @property
    def gives_way(self) -> bool:
        """Whether it is broken off for speech, and begun anew afterwards."""
        return self >= Priority.AUTOMATION


class QueueFullError(ServerBusyError):
    """Too many requests wait already."""

    key = "queue_full"


@dataclass(slots=True, eq=False)
class Ticket:
    """The place of a request, which it keeps when it was broken off."""

    priority: Priority
    number: int
    """In the order in which they came."""
    cuts: int = 0
    waited: float = 0.0
    """Seconds, all waits together."""
    since: float = 0.0
    """When the present wait began, on the loop's clock."""

    def rank(self, now: float) -> tuple[int, int]:
        """Return what tells who comes first."""
        steps = int((now - self.since) / _AGE_SECONDS)
        lifted = max(Priority.PERSON, self.priority - steps)
        return min(self.priority, lifted), self.number


@dataclass(slots=True, eq=False)
class _Running:
    """A request that is being answered."""

    ticket: Ticket
    on_cut: Callable[[], None] | None
    goes_on: bool = False
    """Whether it only gives up its slot, and is not broken off."""
    is_cut: bool = False

    @property
    def can_be_cut(self) -> bool:
        """Whether it may be broken off, and has not been yet."""
        return self.goes_on or (self.on_cut is not None and not self.is_cut)

    def cut(self) -> None:
        """Break it off."""
        if self.on_cut is not None:
            self.is_cut = True
            self.ticket.cuts += 1
            self.on_cut()


@dataclass(slots=True)
class RequestQueue:
    """Lets so many through at once, the most important ones first.

    Speech takes the place of a request that gives way; whatever comes takes that of a
    warm-up.
    """

    size: int
    on_change: Callable[[], None] = lambda: None
    """Called when the number of those who wait changes."""
    _running: list[_Running] = field(default_factory=list)
    _waiting: dict[Ticket, asyncio.Future[None]] = field(default_factory=dict)
    _let_in: int = 0
    """Those who have got their slot and don't know it yet."""
    _numbers: count[int] = field(default_factory=count)
    _expecting: list[asyncio.Event] = field(default_factory=list)
    """Set when somebody speaks, by those who keep the slot for that."""

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @property
    def taken(self) -> int:
        """How many are let through now."""
        return len(self._running) + self._let_in

    @property
    def is_idle(self) -> bool:
        """Whether nobody is answered and nobody waits, but for a warm-up."""
        real = any(running.ticket.priority < Priority.WARM_UP for running in self._running)
        return not (real or self._waiting or self._let_in)

    @property
    def serves_people(self) -> bool:
        """Whether somebody is being answered who must not be broken off."""
        return bool(self._let_in) or any(
            not running.ticket.priority.gives_way for running in self._running
        )

    @contextlib.contextmanager
    def expecting_speech(self, *, make_way: bool = True) -> Generator[asyncio.Event]:
        """Keep the next slot for somebody who has begun to speak.

        Nothing that gives way begins meanwhile; with `make_way` what runs of it is broken off
        now. Yields an event that is set when the sentence has come.
        """
        heard = asyncio.Event()
        self._expecting.append(heard)
        try:
            if make_way:
                self._make_way(at_least=1)
            yield heard
        finally:
            self._expecting.remove(heard)
            self._let_through()

    def _is_kept_back(self, ticket: Ticket) -> bool:
        """Whether somebody is expected to speak, and this is less important."""
        if not ticket.priority.gives_way or ticket.priority is Priority.WARM_UP:
            return False
        return any(not heard.is_set() for heard in self._expecting)

    def resize(self, size: int) -> None:
        """Let more through, or fewer; who is through already stays."""
        self.size = size
        self._let_through()

    def ticket(self, priority: Priority) -> Ticket:
        """Return a place behind all of the same class."""
        return Ticket(priority, next(self._numbers))

    @contextlib.asynccontextmanager
    async def async_take(
        self,
        ticket: Ticket,
        seconds: float,
        on_cut: Callable[[], None] | None = None,
        *,
        goes_on: bool = False,
    ) -> AsyncGenerator[None]:
        """Wait for a slot and hold it.

        `on_cut` is called, once, when somebody more important needs it; the slot has to be given
        back at once then. What `goes_on` gives it back by itself, and is not broken off. Raises
        QueueFullError, and ServerBusyError when none gets free within the time limit.
        """
        if ticket.priority < Priority.WARM_UP:
            for running in self._running:
                if running.ticket.priority is Priority.WARM_UP and running.can_be_cut:
                    running.cut()
        if ticket.priority is Priority.SPEECH:
            for heard in self._expecting:
                heard.set()
        if self.taken >= self.size or self._waiting or self._is_kept_back(ticket):
            await self._wait(ticket, seconds)
        holder = _Running(ticket, on_cut if ticket.cuts < MOST_CUTS else None, goes_on)
        self._running.append(holder)
        try:
            yield
        finally:
            if holder in self._running:
                self._running.remove(holder)
                self._let_through()

    async def _wait(self, ticket: Ticket, seconds: float) -> None:
        """Wait in line; the slot that was let go for this request is taken by its caller."""
        # Counted against those alone that come no later: what runs wild must not keep people out.
        before = sum(other.priority <= ticket.priority for other in self._waiting)
        if before >= MOST_WAITING and not ticket.cuts:
            raise QueueFullError
        loop = asyncio.get_running_loop()
        ticket.since = began = loop.time()
        turn = self._waiting[ticket] = loop.create_future()
        try:
            self._let_through()
            self._make_way()
            self.on_change()
            async with asyncio.timeout(seconds):
                await turn
        except BaseException as err:
            if turn.done() and not turn.cancelled():
                # The slot came in the very moment in which the wait ended.
                self._let_in -= 1
                self._let_through()
            elif self._waiting.pop(ticket, None) is not None:
                self.on_change()
            if isinstance(err, TimeoutError):
                raise ServerBusyError from err
            raise
        finally:
            ticket.waited += loop.time() - began
        self._let_in -= 1

    def _make_way(self, at_least: int = 0) -> None:
        """Break off what gives way, for each who speaks and finds no slot."""
        speaking = sum(ticket.priority is Priority.SPEECH for ticket in self._waiting)
        speaking = max(speaking, at_least if self.taken >= self.size else 0)
        leaving = sum(running.is_cut for running in self._running)
        giving_way = [
            running
            for running in self._running
            if running.ticket.priority.gives_way and running.can_be_cut
        ]
        # Those that lose nothing; else the least important ones, of these the last, which lose
        # least.
        giving_way.sort(
            key=lambda running: (running.goes_on, running.ticket.priority, running.ticket.number)
        )
        for _ in range(min(speaking - leaving, len(giving_way))):
            running = giving_way.pop()
            if running.goes_on:
                self._running.remove(running)
            else:
                running.cut()
        self._let_through()

    def _let_through(self) -> None:
        """Wake those whose turn it is; the slot is theirs from now on."""
        woken = False
        now = asyncio.get_running_loop().time() if self._waiting else 0.0
        while self.taken < self.size:
            ready = [ticket for ticket in self._waiting if not self._is_kept_back(ticket)]
            if not ready:
                break
            ticket = min(ready, key=lambda ticket: ticket.rank(now))
            turn = self._waiting.pop(ticket)
            if not turn.done():
                self._let_in += 1
                turn.set_result(None)
            woken = True
        if woken:
            self.on_change()
