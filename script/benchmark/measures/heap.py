"""What a turn allocates on top of what was there before it."""

import gc
import statistics
import tracemalloc
from typing import TYPE_CHECKING

from .. import talk
from ..plan import Combine, Effort, Figure, Measure, Taken

if TYPE_CHECKING:
    from ..bench import Bench

_KB = 1000
_FLOOR = 0.02


async def take(bench: Bench, effort: Effort) -> Taken:
    """Measure the peak of Python's memory during a turn, in kB.

    In a process of its own: following every allocation is slow and needs memory itself.
    """
    taken: Taken = {}
    for key, sentence in (("plain", talk.ASK), ("tool", talk.SWITCH)):
        tracemalloc.start()
        peaks = []
        for _ in range(effort.turns):
            gc.collect()
            tracemalloc.reset_peak()
            before, _peak = tracemalloc.get_traced_memory()
            await bench.batch(sentence, 1)
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
        tracemalloc.stop()
        taken[key] = statistics.median(peaks) / _KB
    return taken


MEASURE = Measure(
    name="heap",
    about="peak of what Python allocates during one turn",
    sizes=(200, 1000),
    figures=(
        Figure("plain", "plain answer", "kB", Combine.MEDIAN, _FLOOR),
        Figure("tool", "one tool call", "kB", Combine.MEDIAN, _FLOOR),
    ),
    take=take,
    rounds=3,
    passes=3,
)
