"""The queue: so many at once, the important ones first, and nobody is lost."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
import contextlib

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ollama.server import (
    MOST_CUTS,
    MOST_WAITING,
    Priority,
    QueueFullError,
    RequestQueue,
    ServerBusyError,
    queue,
)

LONG = 1e6
"""Seconds: nobody's wait ends by itself."""


def take(
    queue: RequestQueue, seconds: float, priority: Priority = Priority.SPEECH
) -> contextlib.AbstractAsyncContextManager[None]:
    """Take a slot of a queue, behind all of the same class."""
    return queue.async_take(queue.ticket(priority), seconds)


class Crowd:
    """Some who want a slot, and what became of each."""

    def __init__(self, size: int) -> None:
        self.told = 0
        self.queue = RequestQueue(size, self._note)
        self.tasks: list[asyncio.Task[None]] = []
        self.leave: list[asyncio.Event] = []
        self.inside: set[int] = set()
        self.entered: list[int] = []
        self.busy: list[int] = []
        self.most_inside = 0

    def _note(self) -> None:
        self.told = self.queue.waiting

    def come(self, seconds: float = LONG) -> int:
        """Let somebody come who stays until told to leave."""
        number = len(self.tasks)
        self.leave.append(asyncio.Event())
        self.tasks.append(asyncio.create_task(self._stay(number, seconds)))
        return number

    async def _stay(self, number: int, seconds: float) -> None:
        try:
            async with take(self.queue, seconds):
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
        assert self.queue.taken == self.queue.waiting == self.told == 0


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
    assert (crowd.queue.taken, crowd.queue.waiting, crowd.told) == (1, 4, 4)
    for number in range(4):
        crowd.leave[number].set()
        await crowd.settle()
        assert crowd.entered[-1] == number + 1
        assert crowd.told == crowd.queue.waiting == 3 - number


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
    queue = RequestQueue(1)
    async with take(queue, 0.01):
        await asyncio.sleep(0.05)


async def test_slot_comes_as_somebody_gives_up(crowd: Crowd):
    """A slot given to somebody who is cancelled in the same moment goes to the next."""
    for _ in range(3):
        crowd.come()
    await crowd.settle()
    crowd.leave[0].set()
    await asyncio.sleep(0)
    assert crowd.inside == set()
    assert crowd.queue.taken == 1, "the second has it, and doesn't know yet"
    crowd.tasks[1].cancel()
    await crowd.settle()
    assert crowd.entered == [0, 2]
    assert crowd.queue.taken == 1


async def test_slot_gets_free_as_somebody_gives_up(crowd: Crowd):
    """Who is cancelled, and hasn't gone yet, is passed over."""
    for _ in range(3):
        crowd.come()
    await crowd.settle()
    crowd.leave[0].set()
    crowd.tasks[1].cancel()
    await crowd.settle()
    assert crowd.entered == [0, 2]
    assert crowd.queue.taken == 1


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
    assert crowd.queue.taken == 1


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
    queue = RequestQueue(1)
    with pytest.raises(ZeroDivisionError):
        async with take(queue, LONG):
            raise ZeroDivisionError
    assert queue.taken == 0


async def test_own_time_limit_inside_is_not_mistaken():
    """Only the wait for a slot is told as a busy server."""
    queue = RequestQueue(1)
    with pytest.raises(TimeoutError):
        async with take(queue, LONG), asyncio.timeout(0):
            await asyncio.sleep(LONG)
    assert queue.taken == 0


async def test_more_queue_let_more_through(crowd: Crowd):
    for _ in range(5):
        crowd.come()
    await crowd.settle()
    crowd.queue.resize(3)
    await crowd.settle()
    assert crowd.entered == [0, 1, 2]
    assert crowd.told == 2


async def test_fewer_queue_throw_nobody_out(crowd: Crowd):
    crowd.queue.resize(3)
    for _ in range(5):
        crowd.come()
    await crowd.settle()
    crowd.queue.resize(1)
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

    queue = RequestQueue(1, fail)
    async with take(queue, LONG):
        broken = True
        with pytest.raises(ValueError, match="listener"):
            async with take(queue, LONG):
                pass
        broken = False
        assert queue.waiting == 0
    async with asyncio.timeout(1), take(queue, LONG):
        assert queue.taken == 1


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
            crowd.queue.resize(int(value))
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
            assert len(crowd.inside) <= crowd.queue.taken <= largest
        await crowd.settle()
        assert crowd.most_inside <= largest
        assert crowd.queue.taken == len(crowd.inside)
        assert crowd.told == crowd.queue.waiting
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
        assert crowd.queue.waiting == 0 or crowd.queue.taken >= size
    await crowd.end()
    assert crowd.entered == sorted(crowd.entered)


# Classes


class Job:
    """A request that is answered until it is told to end, and begun anew when it is cut."""

    def __init__(self, line: Line, priority: Priority) -> None:
        self.priority = priority
        self.ticket = line.queue.ticket(priority)
        self.end = asyncio.Event()
        self.answered = 0
        self.begun = 0
        self.is_running = False
        self.gave_up = False
        self._line = line
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            cut = asyncio.Event()
            gives_way = self.priority.gives_way
            async with self._line.queue.async_take(
                self.ticket, LONG, cut.set if gives_way else None
            ):
                self.begun += 1
                self._line.order.append(self)
                self.is_running = True
                waits = [asyncio.create_task(event.wait()) for event in (self.end, cut)]
                try:
                    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    self.is_running = False
                    for wait in waits:
                        wait.cancel()
                if self.end.is_set():
                    self.answered += 1
                    return
                if self.priority is Priority.WARM_UP:
                    self.gave_up = True
                    return


class Line:
    """A queue and the jobs in it."""

    def __init__(self, size: int = 1) -> None:
        self.queue = RequestQueue(size)
        self.jobs: list[Job] = []
        self.order: list[Job] = []

    async def come(self, priority: Priority) -> Job:
        job = Job(self, priority)
        self.jobs.append(job)
        await self.settle()
        return job

    async def finish(self, job: Job) -> None:
        job.end.set()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    @property
    def running(self) -> list[Job]:
        return [job for job in self.jobs if job.is_running]

    async def end(self) -> None:
        while running := self.running:
            await self.finish(running[0])
        assert all(job.task.done() for job in self.jobs), "somebody waits for ever"
        assert self.queue.taken == self.queue.waiting == 0
        assert self.queue.is_idle


async def test_the_important_ones_first():
    line = Line()
    first = await line.come(Priority.SPEECH)
    waiting = [await line.come(priority) for priority in reversed(Priority)]
    waiting += [await line.come(priority) for priority in Priority]
    await line.finish(first)
    await line.end()
    begun = [job.priority for job in line.order[1:]]
    # The first warm-up gives way to each that comes after it.
    assert begun == sorted(begun)
    assert {job.answered for job in waiting} == {1}


async def test_speech_takes_the_place_of_a_job():
    line = Line()
    job = await line.come(Priority.BACKGROUND)
    later = await line.come(Priority.BACKGROUND)
    speech = await line.come(Priority.SPEECH)
    assert line.running == [speech]
    await line.finish(speech)
    assert line.running == [job], "it kept its place"
    await line.finish(job)
    assert line.running == [later]
    await line.end()
    assert (job.begun, job.answered) == (2, 1)


@pytest.mark.parametrize("priority", [Priority.PERSON, Priority.AUTOMATION, Priority.BACKGROUND])
async def test_nothing_but_speech_breaks_off_a_job(priority: Priority):
    line = Line()
    job = await line.come(Priority.BACKGROUND)
    await line.come(priority)
    assert line.running == [job]
    await line.end()
    assert job.begun == 1


@pytest.mark.parametrize("priority", [Priority.SPEECH, Priority.PERSON])
async def test_who_is_waited_for_is_not_broken_off(priority: Priority):
    line = Line()
    job = await line.come(priority)
    await line.come(Priority.SPEECH)
    assert line.running == [job]
    await line.end()


async def test_a_job_gives_way_so_often_only():
    line = Line()
    job = await line.come(Priority.BACKGROUND)
    for _ in range(MOST_CUTS):
        speech = await line.come(Priority.SPEECH)
        assert line.running == [speech]
        await line.finish(speech)
    await line.come(Priority.SPEECH)
    assert line.running == [job]
    await line.end()
    assert (job.begun, job.answered) == (MOST_CUTS + 1, 1)


async def test_the_least_important_one_gives_way():
    line = Line(3)
    kept = [await line.come(Priority.AUTOMATION), await line.come(Priority.BACKGROUND)]
    job = await line.come(Priority.BACKGROUND)
    await line.come(Priority.SPEECH)
    assert not job.is_running
    assert all(other.is_running for other in kept)
    await line.end()


async def test_one_job_gives_way_for_each_who_speaks():
    line = Line(2)
    jobs = [await line.come(Priority.BACKGROUND) for _ in range(2)]
    await line.come(Priority.SPEECH)
    assert [job.is_running for job in jobs] == [True, False]
    await line.come(Priority.SPEECH)
    assert [job.is_running for job in jobs] == [False, False]
    await line.end()


@pytest.mark.parametrize("priority", list(Priority)[:-1])
async def test_a_warm_up_gives_way_to_anything(priority: Priority):
    """Also where a slot is free: the server may have fewer than we believe."""
    for size in (1, 2):
        line = Line(size)
        warm_up = await line.come(Priority.WARM_UP)
        assert line.queue.is_idle
        await line.come(priority)
        assert not line.queue.is_idle
        assert warm_up.gave_up
        await line.end()


async def test_a_long_wait_moves_up(monkeypatch: pytest.MonkeyPatch):
    """But never before somebody who speaks."""
    monkeypatch.setattr(queue, "_AGE_SECONDS", 0.01)
    line = Line()
    first = await line.come(Priority.SPEECH)
    old = await line.come(Priority.BACKGROUND)
    await asyncio.sleep(0.05)
    person = await line.come(Priority.PERSON)
    speech = await line.come(Priority.SPEECH)
    for job in (first, speech, old, person):
        assert line.running == [job]
        await line.finish(job)
    await line.end()


async def test_a_full_queue_says_so():
    full = RequestQueue(1)
    async with take(full, LONG):
        waits = [asyncio.create_task(_stand(full)) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await _stand(full)
        assert full.waiting == MOST_WAITING
    await asyncio.gather(*waits)


async def test_what_runs_wild_keeps_nobody_out():
    """A full line of automations is no reason to refuse somebody who speaks."""
    full = RequestQueue(1)
    async with take(full, LONG, Priority.PERSON):
        waits = [
            asyncio.create_task(_stand(full, Priority.AUTOMATION)) for _ in range(MOST_WAITING)
        ]
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await _stand(full, Priority.BACKGROUND)
        speech = asyncio.create_task(_stand(full, Priority.SPEECH))
        await asyncio.sleep(0)
        assert full.waiting == MOST_WAITING + 1
    await asyncio.gather(speech, *waits)


async def test_who_gave_way_comes_back_into_a_full_line():
    line = Line()
    job = await line.come(Priority.AUTOMATION)
    others = [await line.come(Priority.AUTOMATION) for _ in range(MOST_WAITING)]
    with line.queue.expecting_speech():
        await line.settle()
        assert not job.is_running
    await line.settle()
    assert line.running == [job]
    await line.end()
    assert {other.answered for other in (job, *others)} == {1}


async def test_a_free_slot_is_taken_before_anybody_is_cut():
    line = Line(2)
    job = await line.come(Priority.BACKGROUND)
    with line.queue.expecting_speech(make_way=False):
        kept_back = await line.come(Priority.BACKGROUND)
        speech = await line.come(Priority.SPEECH)
        assert line.running == [job, speech]
    assert not kept_back.is_running
    await line.end()
    assert job.begun == 1


async def _stand(full: RequestQueue, priority: Priority = Priority.SPEECH) -> None:
    async with take(full, LONG, priority):
        pass


arrivals = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.sampled_from(list(Priority))),
        st.tuples(st.just("finish"), numbers),
    ),
    max_size=60,
)


@given(st.integers(1, 3), arrivals)
@settings(deadline=None, max_examples=300)
async def test_speech_never_waits_for_the_background(size: int, told: list[tuple[str, int]]):
    """Promise 4: and no job is lost, doubled or starved, whatever comes when."""
    line = Line(size)
    for action, value in told:
        if action == "come":
            await line.come(Priority(value))
        elif running := line.running:
            await line.finish(running[value % len(running)])
        assert len(line.running) <= size
        waiting = [job for job in line.jobs if not job.is_running and not job.task.done()]
        if waiting:
            assert len(line.running) == size
        if any(job.priority is Priority.SPEECH for job in waiting):
            assert not [
                job
                for job in line.running
                if job.priority.gives_way and job.ticket.cuts < MOST_CUTS
            ]
    await line.end()
    for job in line.jobs:
        if job.priority is Priority.WARM_UP:
            assert job.answered + job.gave_up == 1
        else:
            assert job.answered == 1
            assert job.begun <= MOST_CUTS + 1
    for priority in (Priority.SPEECH, Priority.PERSON):
        came = [job for job in line.jobs if job.priority is priority]
        assert [job for job in line.order if job.priority is priority] == came


async def test_who_begins_to_speak_finds_the_slot():
    """Work in the background gives way at once, and begins only when that was heard."""
    line = Line()
    job = await line.come(Priority.BACKGROUND)
    with line.queue.expecting_speech() as heard:
        await line.settle()
        assert line.running == []
        later = await line.come(Priority.AUTOMATION)
        assert line.running == []
        person = await line.come(Priority.PERSON)
        assert line.running == [person], "only the background waits"
        await line.finish(person)
        warm_up = await line.come(Priority.WARM_UP)
        assert line.running == [warm_up]
        speech = await line.come(Priority.SPEECH)
        assert heard.is_set()
        assert line.running == [speech]
        await line.finish(speech)
        assert line.running == [later]
    await line.end()
    assert (job.begun, job.answered) == (2, 1)


async def test_who_begins_to_speak_and_says_nothing():
    line = Line()
    job = await line.come(Priority.BACKGROUND)
    with line.queue.expecting_speech():
        await line.settle()
        assert line.running == []
    await line.settle()
    assert line.running == [job]
    await line.end()


async def test_who_begins_to_speak_breaks_off_nobody_else():
    line = Line(2)
    jobs = [await line.come(Priority.PERSON), await line.come(Priority.BACKGROUND)]
    with line.queue.expecting_speech():
        await line.settle()
        assert line.running == jobs[:1]
    await line.end()
    line = Line(2)
    job = await line.come(Priority.BACKGROUND)
    with line.queue.expecting_speech():
        await line.settle()
        assert line.running == [job], "there is a slot beside it"
    await line.end()


@contextlib.asynccontextmanager
async def load(line: Line) -> AsyncGenerator[asyncio.Event]:
    """Hold a slot as a load does; yields what ends it."""
    end = asyncio.Event()

    async def run() -> None:
        ticket = line.queue.ticket(Priority.BACKGROUND)
        async with line.queue.async_take(ticket, LONG, goes_on=True):
            await end.wait()

    task = asyncio.create_task(run())
    await line.settle()
    yield end
    end.set()
    await task


async def test_what_goes_on_gives_up_its_slot_alone():
    line = Line()
    async with load(line) as end:
        later = await line.come(Priority.BACKGROUND)
        assert line.running == [], "only who speaks needs not wait"
        speech = await line.come(Priority.SPEECH)
        assert line.running == [speech]
        end.set()
        await line.settle()
        assert line.running == [speech], "it ended without a slot, and gives none back"
    await line.finish(speech)
    assert line.running == [later]
    await line.end()


async def test_who_begins_to_speak_finds_the_slot_of_what_goes_on():
    line = Line()
    async with load(line):
        with line.queue.expecting_speech():
            assert not line.queue.taken
            later = await line.come(Priority.BACKGROUND)
            assert line.running == []
        await line.settle()
        assert line.running == [later]
    await line.end()


async def test_what_loses_nothing_gives_way_first():
    line = Line(2)
    async with load(line):
        job = await line.come(Priority.BACKGROUND)
        speech = await line.come(Priority.SPEECH)
        assert line.running == [job, speech]
    await line.end()
    assert job.begun == 1
