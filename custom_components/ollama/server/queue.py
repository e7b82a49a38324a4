"""How many answers a server generates at once, and who waits for their turn.

Ollama has a queue of its own, but tells nobody how long it is.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
import contextlib

from .errors import ServerBusyError


class Slots:
    """Lets so many through at once, the others in the order in which they came."""

    def __init__(self, size: int, on_change: Callable[[], None] | None = None) -> None:
        """Take how many; `on_change` is called when the number of those who wait changes."""
        self._size = size
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._on_change = on_change or (lambda: None)

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @property
    def taken(self) -> int:
        """How many are let through now."""
        return self._taken

    def resize(self, size: int) -> None:
        """Let more through, or fewer; who is through already stays."""
        self._size = size
        self._let_through()

    @contextlib.asynccontextmanager
    async def async_take(self, seconds: float) -> AsyncGenerator[None]:
        """Wait for a slot and hold it.

        Raises ServerBusyError when none gets free within the time limit.
        """
        if self._taken < self._size and not self._waiting:
            self._taken += 1
        else:
            await self._wait(seconds)
        try:
            yield
        finally:
            self._taken -= 1
            self._let_through()

    async def _wait(self, seconds: float) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            self._on_change()
            async with asyncio.timeout(seconds):
                await turn
        except BaseException as err:
            if turn.done() and not turn.cancelled():
                # The slot came in the very moment in which the wait ended.
                self._taken -= 1
                self._let_through()
            elif turn in self._waiting:
                self._waiting.remove(turn)
                self._on_change()
            if isinstance(err, TimeoutError):
                raise ServerBusyError from err
            raise

    def _let_through(self) -> None:
        """Wake those whose turn it is; the slot is theirs from now on."""
        woken = False
        while self._waiting and self._taken < self._size:
            turn = self._waiting.popleft()
            if not turn.done():
                self._taken += 1
                turn.set_result(None)
            woken = True
        if woken:
            self._on_change()
