"""Slots: so many at once, first come first served, and nobody is lost."""

import asyncio
from collections.abc import AsyncIterator
import contextlib

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ollama.server import ServerBusyError, Slots

LONG = 1e6
"""Seconds: nobody's wait ends by itself."""


class Crowd:
    """Some who want a slot, and what became of each."""

    def __init__(self, size: int) -> None:
        self.told = 0
        self.slots = Slots(size, self._note)
        self.tasks: list[asyncio.Task[None]] = []
        self.leave: list[asyncio.Event] = []
        self.inside: set[int] = set()
        self.entered: list[int] = []
        self.busy: list[int] = []
        self.most_inside = 0

    def _note(self) -> None:
        self.told = self.slots.waiting

    def come(self, seconds: float = LONG) -> int:
        """Let somebody come who stays until told to leave."""
        number = len(self.tasks)
        self.leave.append(asyncio.Event())
        self.tasks.append(asyncio.create_task(self._stay(number, seconds)))
        return number

    async def _stay(self, number: int, seconds: float) -> None:
        try:
            async with self.slots.async_take(seconds):
                self.inside.add(number)
                self.entered.append(number)
                self.most_inside = max(self.most_inside, len(self.inside))
                try:
                    await self.leave[number].wait()
                finally:
                    self.inside.remove(number)
        except ServerBusyError:
            self.busy.append(number)

    async def settle(self) -> None:
        """Let everybody do what can be done now."""
        for _ in range(12):
            await asyncio.sleep(0)

    async def end(self) -> None:
        """Let all leave who are inside, until nobody is left."""
        for _ in self.tasks:
            for event in self.leave:
                event.set()
            await self.settle()
        assert all(task.done() for task in self.tasks), "somebody waits for ever"
        for task in self.tasks:
            assert task.cancelled() or task.exception() is None
        assert self.slots.taken == self.slots.waiting == self.told == 0


@pytest.fixture
async def crowd() -> AsyncIterator[Crowd]:
    crowd = Crowd(1)
    yield crowd
    await crowd.end()


async def test_first_come_first_served(crowd: Crowd):
    for _ in range(5):
        crowd.come()
    await crowd.settle()
    assert crowd.entered == [0]
    assert (crowd.slots.taken, crowd.slots.waiting, crowd.told) == (1, 4, 4)
    for number in range(4):
        crowd.leave[number].set()
        await crowd.settle()
        assert crowd.entered[-1] == number + 1
        assert crowd.told == crowd.slots.waiting == 3 - number


async def test_no_overtaking(crowd: Crowd):
    """Who comes in the moment in which a slot gets free stands behind those who wait."""
    crowd.come()
    crowd.come()
    await crowd.settle()
    crowd.leave[0].set()
    crowd.come()
    await crowd.settle()
    assert crowd.entered == [0, 1]


async def test_time_runs_out(crowd: Crowd):
    """A wait that is too long says that the server is busy; the others move up."""
    crowd.come()
    crowd.come(0.02)
    crowd.come()
    await asyncio.sleep(0.05)
    assert crowd.busy == [1]
    assert crowd.told == 1
    crowd.leave[0].set()
    await crowd.settle()
    assert crowd.entered == [0, 2]


async def test_time_limit_is_for_the_wait_alone():
    """Who is through may stay as long as he likes."""
    slots = Slots(1)
    async with slots.async_take(0.01):
        await asyncio.sleep(0.05)


async def test_slot_comes_as_somebody_gives_up(crowd: Crowd):
    """A slot given to somebody who is cancelled in the same moment goes to the next."""
    for _ in range(3):
        crowd.come()
    await crowd.settle()
    crowd.leave[0].set()
    await asyncio.sleep(0)
    assert crowd.inside == set()
    assert crowd.slots.taken == 1, "the second has it, and doesn't know yet"
    crowd.tasks[1].cancel()
    await crowd.settle()
    assert crowd.entered == [0, 2]
    assert crowd.slots.taken == 1


async def test_slot_gets_free_as_somebody_gives_up(crowd: Crowd):
    """Who is cancelled, and hasn't gone yet, is passed over."""
    for _ in range(3):
        crowd.come()
    await crowd.settle()
    crowd.leave[0].set()
    crowd.tasks[1].cancel()
    await crowd.settle()
    assert crowd.entered == [0, 2]
    assert crowd.slots.taken == 1


async def test_slot_comes_as_time_runs_out(crowd: Crowd):
    """The same, where it is the time limit that ends the wait."""
    crowd.come()
    await crowd.settle()
    crowd.come(0)
    crowd.come()
    crowd.leave[0].set()
    await crowd.settle()
    assert crowd.busy == [1]
    assert crowd.entered == [0, 2]
    assert crowd.slots.taken == 1


async def test_cancelled_while_inside(crowd: Crowd):
    crowd.come()
    crowd.come()
    await crowd.settle()
    crowd.tasks[0].cancel()
    await crowd.settle()
    assert crowd.entered == [0, 1]


async def test_cancelling_is_no_busy_server(crowd: Crowd):
    crowd.come()
    crowd.come()
    await crowd.settle()
    crowd.tasks[1].cancel()
    with pytest.raises(asyncio.CancelledError):
        await crowd.tasks[1]
    assert crowd.busy == []
    assert crowd.told == 0


async def test_failing_while_inside():
    slots = Slots(1)
    with pytest.raises(ZeroDivisionError):
        async with slots.async_take(LONG):
            raise ZeroDivisionError
    assert slots.taken == 0


async def test_own_time_limit_inside_is_not_mistaken():
    """Only the wait for a slot is told as a busy server."""
    slots = Slots(1)
    with pytest.raises(TimeoutError):
        async with slots.async_take(LONG), asyncio.timeout(0):
            await asyncio.sleep(LONG)
    assert slots.taken == 0


async def test_more_slots_let_more_through(crowd: Crowd):
    for _ in range(5):
        crowd.come()
    await crowd.settle()
    crowd.slots.resize(3)
    await crowd.settle()
    assert crowd.entered == [0, 1, 2]
    assert crowd.told == 2


async def test_fewer_slots_throw_nobody_out(crowd: Crowd):
    crowd.slots.resize(3)
    for _ in range(5):
        crowd.come()
    await crowd.settle()
    crowd.slots.resize(1)
    assert crowd.inside == {0, 1, 2}
    for number in range(2):
        crowd.leave[number].set()
    await crowd.settle()
    assert crowd.inside == {2}
    crowd.leave[2].set()
    await crowd.settle()
    assert crowd.inside == {3}


async def test_who_cannot_tell_of_waiting_keeps_no_place():
    """A listener that fails costs the one who came his place, and nobody else."""
    broken = False

    def fail() -> None:
        if broken:
            raise ValueError("listener")

    slots = Slots(1, fail)
    async with slots.async_take(LONG):
        broken = True
        with pytest.raises(ValueError, match="listener"):
            async with slots.async_take(LONG):
                pass
        broken = False
        assert slots.waiting == 0
    async with asyncio.timeout(1), slots.async_take(LONG):
        assert slots.taken == 1


numbers = st.integers(0, 15)
steps = st.one_of(
    st.tuples(st.just("come"), st.sampled_from([LONG, LONG, 0])),
    st.tuples(st.sampled_from(["leave", "cancel"]), numbers),
    st.tuples(st.just("resize"), st.integers(1, 4)),
    st.tuples(st.just("turn"), st.just(0)),
)


def _step(crowd: Crowd, action: str, value: float) -> None:
    match action:
        case "come":
            crowd.come(value)
        case "resize":
            crowd.slots.resize(int(value))
        case "leave" if crowd.tasks:
            crowd.leave[int(value) % len(crowd.tasks)].set()
        case "cancel" if crowd.tasks:
            crowd.tasks[int(value) % len(crowd.tasks)].cancel()


@given(st.integers(1, 4), st.lists(steps, max_size=40))
@settings(deadline=None, max_examples=400)
async def test_nobody_is_lost(size: int, told: list[tuple[str, float]]):
    """In any interleaving, down to the single turns of the event loop."""
    crowd = Crowd(size)
    largest = size
    with contextlib.ExitStack() as at_end:
        at_end.callback(lambda: [task.cancel() for task in crowd.tasks])
        for action, value in told:
            _step(crowd, action, value)
            if action == "resize":
                largest = max(largest, int(value))
            if action == "turn":
                await asyncio.sleep(0)
            assert len(crowd.inside) <= crowd.slots.taken <= largest
        await crowd.settle()
        assert crowd.most_inside <= largest
        assert crowd.slots.taken == len(crowd.inside)
        assert crowd.told == crowd.slots.waiting
        await crowd.end()
    cancelled = {number for number, task in enumerate(crowd.tasks) if task.cancelled()}
    everybody = set(range(len(crowd.tasks)))
    assert everybody == set(crowd.entered) | set(crowd.busy) | cancelled
    assert len(crowd.entered) == len(set(crowd.entered))


@given(st.integers(1, 4), st.lists(steps, max_size=30))
@settings(deadline=None, max_examples=200)
async def test_order_is_kept(size: int, told: list[tuple[str, float]]):
    """When all is quiet between two steps, it is plain who is next and how many are in."""
    crowd = Crowd(size)
    for action, value in told:
        _step(crowd, action, value)
        if action == "resize":
            size = int(value)
        await crowd.settle()
        assert crowd.slots.waiting == 0 or crowd.slots.taken >= size
    await crowd.end()
    assert crowd.entered == sorted(crowd.entered)
