"""What is sent to the model server through the API of our own, beside Assist through core's."""

from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry

from .. import talk
from ..plan import Combine, Effort, Figure, Measure, Taken

if TYPE_CHECKING:
    from ..bench import Bench

_FLOOR = 0.001
_APIS = "llm_apis"
"""Our key for the choice; core's integration doesn't know it and goes on with Assist."""


async def take(bench: Bench, _: Effort) -> Taken:
    """Look at the request of one turn, in bytes."""
    await _choose(bench, ["ollama"])
    try:
        (request,) = (await bench.batch(talk.ASK, 1)).requests
    finally:
        await _choose(bench, None)
    return {
        "system": request.system_bytes,
        "tools": request.tools_bytes,
        "whole": request.bytes,
    }


async def _choose(bench: Bench, apis: list[str] | None) -> None:
    """Give the agent other APIs, as its form would; it loads again."""
    entries = bench.hass.config_entries
    entry: ConfigEntry
    (entry,) = entries.async_entries("ollama")
    (subentry,) = entry.subentries.values()
    data = {key: value for key, value in subentry.data.items() if key != _APIS}
    if apis is not None:
        data[_APIS] = apis
    entries.async_update_subentry(entry, subentry, data=data)
    await bench.hass.async_block_till_done()


MEASURE = Measure(
    name="home_api",
    about="bytes of the requests: core's with Assist, ours with Ollama home control",
    sizes=(50, 200, 1000),
    figures=(
        Figure("system", "system prompt", "bytes", Combine.MEDIAN, _FLOOR),
        Figure("tools", "tools", "bytes", Combine.MEDIAN, _FLOOR),
        Figure("whole", "whole request", "bytes", Combine.MEDIAN, _FLOOR),
    ),
    take=take,
    rounds=1,
    passes=1,
)
