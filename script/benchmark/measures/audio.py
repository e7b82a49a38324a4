"""How soon an answer is heard."""

from typing import TYPE_CHECKING

from ..plan import GENERATION, PREFILL, Combine, Effort, Figure, Measure, Taken

if TYPE_CHECKING:
    from ..bench import Bench

_FLOOR = 0.03


async def take(bench: Bench, _: Effort) -> Taken:
    """Measure the seconds until a speaker is heard: one that streams, and one that waits."""
    # The parts of a voice pipeline would count in the other measures' memory.
    from ..voice import until_sound  # noqa: PLC0415

    await bench.server.rate(GENERATION, PREFILL)
    streamed = await until_sound(bench.hass, bench.agent_id, streams=True)
    whole = await until_sound(bench.hass, bench.agent_id, streams=False)
    await bench.server.rate(None)
    await bench.server.take()
    bench.forget()
    return {"streamed": streamed, "whole": whole, "share": streamed / whole}


MEASURE = Measure(
    name="audio",
    about=(
        "from a sentence to the first sound of an answer of 60 words, at "
        f"{GENERATION:.0f} tokens a second"
    ),
    sizes=(50,),
    figures=(
        Figure("streamed", "speech that streams", "s", Combine.MEDIAN, _FLOOR),
        Figure("whole", "speech that waits for the end", "s", Combine.MEDIAN, _FLOOR),
        Figure("share", "streaming by waiting", "x", Combine.MEDIAN, _FLOOR),
    ),
    take=take,
    rounds=3,
    passes=2,
)
