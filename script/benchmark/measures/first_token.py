"""How soon an answer begins, by what happened before."""

import os
from typing import TYPE_CHECKING

from ..model_link import URL
from ..plan import (
    GENERATION,
    LOADING,
    PREFILL,
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

_SPEAKING = 2.0
"""Seconds from the wake word to the end of a sentence."""
_FLOOR = 0.03
_TARGETS = (Target(200, 0.15),)
SITUATIONS = (
    ("cold", "model not loaded"),
    ("warm", "second sentence of a talk"),
    ("satellite", "first sentence in another room"),
    ("job", "after an AI task, spoken for 2 s"),
    ("restart", "after a restart, spoken for 2 s"),
)


async def take(bench: Bench, effort: Effort) -> Taken:
    """Measure the seconds from the end of a sentence until something can be spoken.

    To be taken once in a process: it begins with the first sentence since Home Assistant started.
    """
    # The parts that follow a talk would count in the other measures' memory.
    from ..speaking import (  # noqa: PLC0415
        do_job,
        prepare_and_speak,
        read_another,
        satellite,
        speak,
    )

    await bench.server.rate(*effort.pace)
    speaking = _SPEAKING / effort.hurry
    kitchen, bedroom = (satellite(bench, room) for room in ("Kitchen", "Bedroom"))
    await read_another(bench)
    restart = await prepare_and_speak(bench, kitchen, speaking)
    await bench.server.unload()
    cold = await speak(bench, device_id=kitchen)
    warm = await speak(bench, device_id=kitchen, talk_id=cold.talk_id)
    other = await speak(bench, device_id=bedroom)
    await do_job(bench)
    job = await prepare_and_speak(bench, bedroom, speaking)
    heard = {"cold": cold, "warm": warm, "satellite": other, "job": job, "restart": restart}
    return {key: each.first for key, each in heard.items()}


def _measure(
    name: str, about: str, server: ModelServerKind, targets: tuple[Target, ...]
) -> Measure:
    return Measure(
        name=name,
        about=f"from a sentence to the first words of the answer, {about}",
        sizes=(50, 200, 1000),
        figures=tuple(
            Figure(
                key,
                words,
                "s",
                Combine.MEDIAN,
                _FLOOR,
                targets if key in ("job", "restart") else (),
            )
            for key, words in SITUATIONS
        ),
        take=take,
        rounds=3,
        passes=1,
        server=server,
        own_api=True,
        limit=1800,
    )


_RATES = f"{PREFILL:,.0f} tokens a second read, {GENERATION:.0f} said, {LOADING:.0f} s to load"

MEASURES = (
    _measure(
        "first_token",
        f"server keeps one prompt (Ollama 0.24); {_RATES}",
        ModelServerKind.OLDER,
        _TARGETS,
    ),
    _measure(
        "first_token_newer",
        f"server keeps several prompts (Ollama 0.32); {_RATES}",
        ModelServerKind.NEWER,
        (),
    ),
    *(
        [_measure("first_token_real", "server at OLLAMA_URL", ModelServerKind.REAL, ())]
        if os.environ.get(URL)
        else []
    ),
)
