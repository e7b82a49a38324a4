"""What is sent to the model server: both through Assist, and ours through its own API."""

from typing import TYPE_CHECKING

from .. import talk
from ..plan import Combine, Effort, Figure, Measure, Taken, Target

if TYPE_CHECKING:
    from ..bench import Bench

_FLOOR = 0.001


async def take(bench: Bench, _: Effort) -> Taken:
    """Look at the requests of one turn without and one with a tool call, in bytes."""
    asked = (await bench.batch(talk.ASK, 1)).requests
    switched = (await bench.batch(talk.SWITCH, 1)).requests
    return {
        "system": asked[0].system_bytes,
        "tools": asked[0].tools_bytes,
        "whole": asked[0].bytes,
        "tool_turn": sum(request.bytes for request in switched),
    }


def _measure(name: str, about: str, *, own_api: bool, targets: tuple[Target, ...]) -> Measure:
    return Measure(
        name=name,
        about=about,
        sizes=(50, 200, 1000),
        figures=(
            Figure("system", "system prompt", "bytes", Combine.MEDIAN, _FLOOR),
            Figure("tools", "tools", "bytes", Combine.MEDIAN, _FLOOR),
            Figure("whole", "whole request", "bytes", Combine.MEDIAN, _FLOOR, targets),
            Figure("tool_turn", "both requests of one tool call", "bytes", Combine.MEDIAN, _FLOOR),
        ),
        take=take,
        rounds=1,
        passes=1,
        own_api=own_api,
    )


MEASURES = (
    _measure("request", "bytes of the requests, both with Assist", own_api=False, targets=()),
    _measure(
        "home_api",
        "bytes of the requests: core's with Assist, ours with Ollama home control",
        own_api=True,
        targets=(Target(200, 0.45), Target(1000, 0.40)),
    ),
)
