"""What a server has to read again when somebody else speaks."""

from itertools import product
from typing import TYPE_CHECKING

from ..plan import Combine, Effort, Figure, Measure, Taken, Target

if TYPE_CHECKING:
    from ..bench import Bench

_ROOMS = ("Kitchen", "Bedroom", "Cellar")
_SIZES = (50, 200, 1000)
_FLOOR = 0.001


async def take(bench: Bench, _: Effort) -> Taken:
    """Let everybody speak after everybody else: in three rooms, and in no room."""
    # The parts that follow a talk would count in the other measures' memory.
    from ..speaking import satellite, speak  # noqa: PLC0415

    places = (None, *(satellite(bench, room) for room in _ROOMS))
    shares = []
    for first, second in product(places, repeat=2):
        if first != second:
            await speak(bench, device_id=first)
            await speak(bench, device_id=second)
            shares.append((await bench.server.take())[-1].read_anew)
    return {"most": max(shares), "mean": sum(shares) / len(shares)}


MEASURE = Measure(
    name="speakers",
    about="share of a request up to its sentence that differs from that of another speaker",
    sizes=_SIZES,
    figures=(
        Figure(
            "most",
            "the worst of 12 pairs",
            "x",
            Combine.MEDIAN,
            _FLOOR,
            tuple(Target(size, 0.0, of_ratio=False) for size in _SIZES),
        ),
        Figure("mean", "on average", "x", Combine.MEDIAN, _FLOOR),
    ),
    take=take,
    rounds=1,
    passes=1,
    own_api=True,
)
