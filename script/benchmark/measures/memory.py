"""How large the process of Home Assistant becomes."""

import resource
import sys
from typing import TYPE_CHECKING

from .. import talk
from ..plan import Combine, Effort, Figure, Measure, Taken

if TYPE_CHECKING:
    from ..bench import Bench

_MB = 1_000_000
_EARLY = 10
"""The first look comes after this part of all turns."""
_BATCH = 10
_FLOOR = 0.01
# Linux counts in KiB, macOS in bytes.
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


async def take(bench: Bench, effort: Effort) -> Taken:
    """Look at the largest size there was after a while, and after many turns; in MB."""
    early = effort.long_run // _EARLY
    await _turns(bench, early)
    taken = {"early": _peak()}
    await _turns(bench, effort.long_run - early)
    return {**taken, "peak": _peak()}


async def _turns(bench: Bench, turns: int) -> None:
    """Take turns, each second one with a tool."""
    for _ in range(max(1, turns // (2 * _BATCH))):
        await bench.batch(talk.ASK, _BATCH)
        await bench.batch(talk.SWITCH, _BATCH)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT / _MB


MEASURE = Measure(
    name="memory",
    about="memory of the whole process: peak of the resident size",
    sizes=(200,),
    figures=(
        Figure("early", "after 1,000 turns", "MB", Combine.MEDIAN, _FLOOR),
        Figure("peak", "after 10,000 turns", "MB", Combine.MEDIAN, _FLOOR),
    ),
    take=take,
    rounds=3,
    passes=1,
    own_api=True,
    limit=1800,
)
