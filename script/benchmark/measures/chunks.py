"""CPU for the chunks of an answer."""

from typing import TYPE_CHECKING

from .. import talk
from ..plan import Combine, Effort, Figure, Measure, Taken, Target

if TYPE_CHECKING:
    from ..bench import Bench

_PACE = 500.0
"""Chunks a second: slow enough that each is sent, and read, alone."""
_PACED_SHARE = 10
"""The slow answer is shorter by this factor."""
_TRIES = 3
_PER = 1000
_MS = 1000
_FLOOR = 0.02
_TARGETS = (Target(50, 1.0),)


async def take(bench: Bench, effort: Effort) -> Taken:
    """Measure long answers against a short one, in CPU milliseconds per 1,000 chunks."""
    slow_chunks = effort.chunks // _PACED_SHARE
    short = await _least_cpu(bench, talk.ASK)
    burst = await _least_cpu(bench, talk.tell(effort.chunks))
    await bench.server.rate(_PACE)
    paced = (await bench.batch(talk.tell(slow_chunks), 1)).cpu
    await bench.server.rate(None)
    return {
        "burst": (burst - short) / effort.chunks * _PER * _MS,
        "paced": (paced - short) / slow_chunks * _PER * _MS,
    }


async def _least_cpu(bench: Bench, sentence: str) -> float:
    """Return the CPU seconds of a turn that was disturbed least."""
    return min([(await bench.batch(sentence, 1)).cpu for _ in range(_TRIES)])


MEASURE = Measure(
    name="chunks",
    about="CPU per 1,000 chunks of a streamed answer (that of a short answer is not counted)",
    sizes=(50,),
    figures=(
        Figure("burst", "as fast as they can be read", "ms", Combine.QUARTILE, _FLOOR, _TARGETS),
        Figure(
            "paced", f"one by one, {_PACE:.0f} a second", "ms", Combine.QUARTILE, _FLOOR, _TARGETS
        ),
    ),
    take=take,
)
