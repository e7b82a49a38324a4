"""How large the process of Home Assistant becomes."""

import resource
import sys
from typing import TYPE_CHECKING

from .. import talk
from ..plan import Combine, Effort, Figure, Measure, Taken

if TYPE_CHECKING:
    from ..bench import Bench

_MB = 1_000_000
_TIMES = 25
_FLOOR = 0.01
# Linux counts in KiB, macOS in bytes.
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


async def take(bench: Bench, effort: Effort) -> Taken:
    """Take many turns, and look at the largest size there was, in MB."""
    for _ in range(_TIMES):
        await bench.batch(talk.ASK, effort.turns)
        await bench.batch(talk.SWITCH, effort.turns)
    return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT / _MB}


MEASURE = Measure(
    name="memory",
    about="memory of the whole process, after many turns",
    sizes=(1000,),
    figures=(Figure("peak", "peak of the resident size", "MB", Combine.MEDIAN, _FLOOR),),
    take=take,
    passes=1,
)
