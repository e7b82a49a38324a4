"""Runs every measure of both integrations, in turn, each in a process of its own."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .child import Child, child
from .compare import Comparison, Samples, compare
from .plan import Contender, Measure, Scope, Taken

_START_LIMIT = 180.0


@dataclass(slots=True)
class Outcome:
    """What a whole run found."""

    integrations: dict[Contender, str] = field(default_factory=dict)
    comparisons: list[Comparison] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Job:
    """One measure in a home of one size, in a fresh pair of processes."""

    measure: Measure
    size: int
    round: int


def jobs(measures: Sequence[Measure], scope: Scope) -> Iterator[Job]:
    """Yield all jobs in the order in which they run.

    Round by round, so that whatever changes in the course of a run meets all of them.
    """
    for number in range(scope.rounds):
        for measure in measures:
            if number < (measure.rounds or scope.rounds):
                for size in scope.sizes(measure):
                    yield Job(measure, size, number)


async def run(
    measures: Sequence[Measure],
    scope: Scope,
    component: Path,
    tell: Callable[[str], None],
) -> Outcome:
    """Run all jobs and compare what they took. Raises BenchError when one fails.

    `component`: the folder of this integration. `tell` is given a line before each job.
    """
    outcome = Outcome()
    samples: dict[tuple[str, int, str], Samples] = {}
    plan = list(jobs(measures, scope))
    for number, job in enumerate(plan, start=1):
        tell(
            f"{number} of {len(plan)}: {job.measure.name}, {job.size} entities, "
            f"round {job.round + 1}"
        )
        taken = await _work(job, scope, component, outcome.integrations)
        for figure in job.measure.figures:
            of_figure = samples.setdefault((job.measure.name, job.size, figure.key), [])
            of_figure.append({who: [each[figure.key] for each in taken[who]] for who in Contender})
    for measure in measures:
        for size in scope.sizes(measure):
            outcome.comparisons += [
                compare(measure, size, figure, samples[measure.name, size, figure.key])
                for figure in measure.figures
            ]
    return outcome


async def _work(
    job: Job, scope: Scope, component: Path, integrations: dict[Contender, str]
) -> Mapping[Contender, Sequence[Taken]]:
    """Take the measure several times, core's and ours in turn; write down what was loaded.

    Both processes live at the same time and work one after the other: what makes the machine
    slower or faster for a while then meets both.
    """
    taken: dict[Contender, list[Taken]] = {who: [] for who in Contender}
    async with AsyncExitStack() as stack:
        workers = {
            who: await stack.enter_async_context(
                child(
                    f"{job.measure.name} of {who}",
                    "script.benchmark.worker",
                    # The order of sets differs from process to process, and with it the work: the
                    # same for both integrations, another one in each round.
                    {"PYTHONHASHSEED": str(job.round + 1)},
                )
            )
            for who in Contender
        }
        loaded = await asyncio.gather(
            *(_start(job, who, workers[who], component) for who in Contender)
        )
        integrations.update(zip(Contender, loaded, strict=True))
        passes = min(job.measure.passes or scope.passes, scope.passes)
        # Imports, schemas and caches are paid for in a pass that does not count.
        unpaid = 0 if passes == 1 else 1
        for number in range(passes + unpaid):
            order = list(Contender) if (number + job.round) % 2 else list(reversed(Contender))
            for who in order:
                effort = {"effort": asdict(scope.effort)}
                found = await workers[who].ask(effort, job.measure.limit)
                if number >= unpaid:
                    taken[who].append(found)
    return taken


async def _start(job: Job, who: Contender, worker: Child, component: Path) -> str:
    """Let a worker make its home; return which integration it has loaded."""
    order = {
        "measure": job.measure.name,
        "size": job.size,
        "contender": who,
        "component": str(component),
    }
    return str((await worker.ask(order, _START_LIMIT))["integration"])
