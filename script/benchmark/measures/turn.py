"""What Home Assistant adds to one turn with a model that answers at once."""

import statistics
from typing import TYPE_CHECKING

from .. import talk
from ..plan import Combine, Effort, Figure, Measure, Taken, Target

if TYPE_CHECKING:
    from ..bench import Bench

_KINDS = (("plain", "plain answer", talk.ASK), ("tool", "one tool call", talk.SWITCH))
_MS = 1000
_TIME_FLOOR = 0.03
_CPU_FLOOR = 0.02


async def take(bench: Bench, effort: Effort) -> Taken:
    """Measure turns without and with a tool call, in milliseconds."""
    taken: Taken = {}
    for key, _, sentence in _KINDS:
        batch = await bench.batch(sentence, effort.turns)
        taken[f"{key}_added"] = statistics.median(batch.added) * _MS
        taken[f"{key}_cpu"] = batch.cpu * _MS
    return taken


def _figures(targets: tuple[Target, ...]) -> tuple[Figure, ...]:
    found = []
    for key, words, _ in _KINDS:
        found += [
            Figure(f"{key}_added", f"{words}, time", "ms", Combine.MEDIAN, _TIME_FLOOR, targets),
            Figure(f"{key}_cpu", f"{words}, CPU", "ms", Combine.QUARTILE, _CPU_FLOOR, targets),
        ]
    return tuple(found)


def _measure(name: str, apis: str, *, own_api: bool, targets: tuple[Target, ...]) -> Measure:
    return Measure(
        name=name,
        about=f"what Home Assistant adds to one turn, {apis} (the server's own time is left out)",
        sizes=(50, 200, 1000),
        figures=_figures(targets),
        take=take,
        own_api=own_api,
    )


MEASURES = (
    _measure("turn", "both with Assist", own_api=False, targets=()),
    _measure("home_turn", "ours with its own API", own_api=True, targets=(Target(1000, 0.5),)),
)
