"""How long somebody who speaks waits behind what runs in the background."""

import asyncio
import os
import time
from typing import TYPE_CHECKING

from homeassistant.components import conversation

from ..model_link import URL
from ..plan import (
    Combine,
    Effort,
    Figure,
    Measure,
    ModelServerKind,
    Taken,
    Target,
)

if TYPE_CHECKING:
    from ..bench import Bench

_JOBS = 5
_BEGUN = 0.5
"""Seconds after which the first of the jobs is being answered."""
_SPEAKING = 2.0
"""Seconds that the sentence takes to say."""
_FLOOR = 0.03


async def take(bench: Bench, effort: Effort) -> Taken:
    """Measure a sentence behind several jobs, in times of the same sentence alone."""
    # The parts that follow a talk would count in the other measures' memory.
    from ..speaking import do_job, speak  # noqa: PLC0415

    await bench.server.rate(*effort.pace)
    await speak(bench)
    alone = (await speak(bench)).whole
    await do_job(bench)
    anew = (await speak(bench)).whole
    started = time.perf_counter()
    jobs = asyncio.gather(*(do_job(bench) for _ in range(_JOBS)))
    await asyncio.sleep(_BEGUN / effort.hurry)
    # Both hear of it when somebody begins to speak; only the wait after the sentence counts.
    await asyncio.gather(
        conversation.async_prepare_agent(bench.hass, bench.agent_id, "en"),
        asyncio.sleep(_SPEAKING / effort.hurry),
    )
    behind = (await speak(bench)).whole
    await jobs
    done = time.perf_counter() - started
    return {"sentence": behind / alone, "queued": behind / anew, "jobs": done / alone}


def _measure(
    name: str, about: str, server: ModelServerKind, targets: tuple[Target, ...]
) -> Measure:
    return Measure(
        name=name,
        about=f"a sentence behind {_JOBS} AI tasks, in times of the sentence alone, {about}",
        sizes=(50,),
        figures=(
            Figure(
                "sentence", "until the sentence is answered", "x", Combine.MEDIAN, _FLOOR, targets
            ),
            Figure("queued", "the same, by one after a single job", "x", Combine.MEDIAN, _FLOOR),
            Figure("jobs", "until all jobs are done, too", "x", Combine.MEDIAN, _FLOOR),
        ),
        take=take,
        rounds=3,
        passes=1,
        server=server,
        own_api=True,
        limit=1800,
    )


_TARGETS = (Target(50, 1.3, of_ratio=False),)

MEASURES = (
    _measure("behind", "server keeps one prompt (Ollama 0.24)", ModelServerKind.OLDER, _TARGETS),
    _measure(
        "behind_newer",
        "server keeps several prompts (Ollama 0.32)",
        ModelServerKind.NEWER,
        _TARGETS,
    ),
    *(
        [_measure("behind_real", "server at OLLAMA_URL", ModelServerKind.REAL, ())]
        if os.environ.get(URL)
        else []
    ),
)
