"""Loading, unloading and taking turns.

A request for a loaded model goes straight to that model's queue. A request that needs a
model loaded (or loaded again with another window) waits its turn at one loader; only those
count for the limit of the queue (observed_max_queue_1.json).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import time

from .cache import PromptCache
from .errors import SERVER_BUSY, ApiError
from .keepalive import FOREVER, MAX_SECONDS
from .models import SimModel
from .replies import Rates
from .versions import Behaviour

# Longest time an event loop timer takes; a model kept longer has no timer.
_LONGEST_TIMER = 86_400.0 * 30


@dataclass(eq=False)
class Runner:
    """One loaded model (or several names over the same weights)."""

    model: SimModel
    num_ctx: int
    parallel: int
    keep_alive: float
    cache: PromptCache
    # Requests that use the model, waiting ones included.
    references: int = 0
    # Unix time of the end of the last request; None while one runs.
    idle_since: float | None = None
    # Unix time at which a client asked for unloading.
    unload_asked_at: float | None = None
    free: set[int] = field(default_factory=set)
    waiting: list[asyncio.Future[int]] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None
    # Another model waits for this one's place.
    evicted: bool = False
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def expires_at(self) -> float:
        """Unix time at which it will be unloaded; moves while requests run."""
        if self.unload_asked_at is not None:
            return self.unload_asked_at
        start = self.idle_since if self.idle_since is not None else time.time()
        return start + min(self.keep_alive, MAX_SECONDS)

    @property
    def size(self) -> int:
        """Bytes in memory: the weights plus 16 KiB per token of every slot's window."""
        return self.model.size + 16_384 * self.num_ctx * self.parallel


class Slot:
    """The right to generate with a runner."""

    def __init__(self, runner: Runner, index: int) -> None:
        """Take slot number ``index`` of ``runner``."""
        self.runner = runner
        self.index = index
        # Seconds the slot stays busy after its request went away (a batch in progress).
        self.linger = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The server's settings. ``keep_alive`` in seconds, ``num_ctx`` in tokens."""

    parallel: int = 1
    max_queue: int = 512
    max_loaded: int = 3
    keep_alive: float = 300.0
    num_ctx: int = 4096


class Scheduler:
    """Who runs when."""

    def __init__(self, limits: Limits, rates: Rates, behaviour: Behaviour) -> None:
        """Start with nothing loaded."""
        self.limits = limits
        self.generating = 0
        self._rates = rates
        self._behaviour = behaviour
        self._runners: dict[str, Runner] = {}
        self._loader = asyncio.Lock()
        self._loading: tuple[str, int] | None = None
        self._pending = 0
        self._lingering: set[asyncio.TimerHandle] = set()

    @property
    def runners(self) -> list[Runner]:
        """What is loaded, last loaded first. A model that is still loading is not in it."""
        return list(reversed(self._runners.values()))

    def loaded(self, model: SimModel) -> Runner | None:
        """Return the runner of ``model``, if it is loaded."""
        return self._runners.get(model.weights)

    @asynccontextmanager
    async def use(
        self, model: SimModel, num_ctx: int, keep_alive: float | None
    ) -> AsyncIterator[Runner]:
        """Have ``model`` loaded with the window ``num_ctx`` as long as the block runs."""
        runner = self._take(model, num_ctx) or await self._load(model, num_ctx)
        if keep_alive is not None:
            runner.keep_alive = keep_alive
            runner.unload_asked_at = None
        try:
            yield runner
        finally:
            self._give_back(runner)

    @asynccontextmanager
    async def slot(self, runner: Runner, prompt: str) -> AsyncIterator[Slot]:
        """Generate alone: first come, first served; leaving the queue costs no one."""
        slot = Slot(runner, await self._slot_index(runner, prompt))
        self.generating += 1
        try:
            yield slot
        finally:
            self.generating -= 1
            self._free_slot(slot)

    def set_rates(self, rates: Rates) -> None:
        """Use other load times from now on."""
        self._rates = rates

    def unload(self, model: SimModel) -> None:
        """Unload ``model`` as soon as no request uses it."""
        runner = self._runners.get(model.weights)
        if runner is None:
            return
        runner.keep_alive = 0.0
        runner.unload_asked_at = time.time()
        if not runner.references:
            self._drop(runner)

    def close(self) -> None:
        """Unload everything at once; timers end."""
        for runner in self.runners:
            self._drop(runner)
        for handle in self._lingering:
            handle.cancel()
        self._lingering.clear()

    # -- loading -----------------------------------------------------------------

    def _take(self, model: SimModel, num_ctx: int) -> Runner | None:
        runner = self._runners.get(model.weights)
        if runner is None or runner.num_ctx != num_ctx:
            return None
        runner.references += 1
        runner.idle_since = None
        self._stop_timer(runner)
        return runner

    async def _load(self, model: SimModel, num_ctx: int) -> Runner:
        # The one at the loader does not count, nor one that waits for the same load:
        # only those behind it.
        same = self._loading == (model.weights, num_ctx)
        counted = self._loader.locked() and not same
        if counted and self._pending >= self.limits.max_queue:
            raise ApiError(503, SERVER_BUSY)
        self._pending += counted
        try:
            await self._loader.acquire()
        finally:
            self._pending -= counted
        self._loading = (model.weights, num_ctx)
        try:
            runner = self._take(model, num_ctx)
            if runner is not None:
                return runner
            await self._make_room(model)
            await self._start(model)
            return self._add(model, num_ctx)
        finally:
            self._loading = None
            self._loader.release()

    async def _make_room(self, model: SimModel) -> None:
        """Unload the same model with another window, or one too many: idle ones first."""
        while True:
            victim = self._runners.get(model.weights)
            if victim is None and len(self._runners) >= self.limits.max_loaded:
                victim = min(
                    self._runners.values(),
                    key=lambda runner: (runner.references > 0, runner.keep_alive),
                )
            if victim is None:
                return
            if not victim.references:
                self._drop(victim)
                continue
            victim.evicted = True
            await victim.gone.wait()

    async def _start(self, model: SimModel) -> None:
        seconds = model.load_seconds
        if seconds is None:
            seconds = self._rates.load_seconds or 0.0
        await asyncio.sleep(seconds)
        if model.load_error is not None:
            raise ApiError(500, model.load_error)

    def _add(self, model: SimModel, num_ctx: int) -> Runner:
        runner = Runner(
            model,
            num_ctx,
            self.limits.parallel,
            self.limits.keep_alive,
            PromptCache(self._behaviour.prompt_cache, model.count_tokens),
            references=1,
            free=set(range(self.limits.parallel)),
        )
        self._runners[model.weights] = runner
        return runner

    # -- unloading ---------------------------------------------------------------

    def _give_back(self, runner: Runner) -> None:
        runner.references -= 1
        if runner.references:
            return
        runner.idle_since = time.time()
        if runner.gone.is_set():
            return
        if runner.keep_alive == 0.0 or runner.evicted:
            self._drop(runner)
            return
        if runner.keep_alive == FOREVER or runner.keep_alive > _LONGEST_TIMER:
            return
        runner.timer = asyncio.get_running_loop().call_later(runner.keep_alive, self._drop, runner)

    def _drop(self, runner: Runner) -> None:
        self._stop_timer(runner)
        if self._runners.get(runner.model.weights) is runner:
            del self._runners[runner.model.weights]
        runner.gone.set()

    @staticmethod
    def _stop_timer(runner: Runner) -> None:
        if runner.timer is not None:
            runner.timer.cancel()
            runner.timer = None

    # -- slots -------------------------------------------------------------------

    async def _slot_index(self, runner: Runner, prompt: str) -> int:
        if runner.free:
            index = runner.cache.best_slot(runner.free, prompt)
            runner.free.discard(index)
            return index
        turn: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        runner.waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # Got its turn and went away in the same moment: the next one has it.
                self._release(runner, turn.result())
            raise
        finally:
            if turn in runner.waiting:
                runner.waiting.remove(turn)

    def _free_slot(self, slot: Slot) -> None:
        if slot.linger <= 0:
            self._release(slot.runner, slot.index)
            return

        def release() -> None:
            self._lingering.discard(handle)
            self._release(slot.runner, slot.index)

        handle = asyncio.get_running_loop().call_later(slot.linger, release)
        self._lingering.add(handle)

    @staticmethod
    def _release(runner: Runner, index: int) -> None:
        # Handed over directly, so that no newcomer can slip in before the first in line.
        while runner.waiting:
            turn = runner.waiting.pop(0)
            if not turn.done():
                turn.set_result(index)
                return
        runner.free.add(index)
