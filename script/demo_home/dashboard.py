"""What the server's device shows, before and after."""

import asyncio
from collections.abc import Mapping
from typing import Any

from .client import HomeAssistant, Json

DOMAIN = "ollama"
# The model is seen to be loaded by a poll after the answer.
SETTLE_LIMIT = 12.0
_DOMAINS = ("binary_sensor", "sensor", "number")

type Figures = Mapping[str, str]


async def read(ha: HomeAssistant, entry_id: str) -> dict[str, str]:
    """Return the states of the server's entities with their units, by what each shows."""
    figures: dict[str, str] = {}
    for entry in await ha.command("config/entity_registry/list"):
        domain = entry["entity_id"].partition(".")[0]
        if entry["config_entry_id"] != entry_id or entry["config_subentry_id"] is not None:
            continue
        if domain not in _DOMAINS or entry["disabled_by"] is not None:
            continue
        state = await ha.state(entry["entity_id"])
        unit = state["attributes"].get("unit_of_measurement")
        key = str(entry["unique_id"]).removeprefix(f"{entry_id}_")
        figures[key] = f"{_shown(state)} {unit}" if unit else _shown(state)
    return dict(sorted(figures.items()))


async def settled(ha: HomeAssistant, entry_id: str) -> dict[str, str]:
    """Return them once the loaded model shows, or what they are when time is up."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SETTLE_LIMIT
    while True:
        figures = await read(ha, entry_id)
        if number(figures, "loaded_models") or loop.time() > end:
            return figures
        await asyncio.sleep(0.25)


def number(figures: Figures, key: str) -> float:
    """Return a figure without its unit; 0 for what is unknown."""
    try:
        return float(figures.get(key, "").split(" ")[0])
    except ValueError:
        return 0.0


def lines(before: Figures, after: Figures) -> list[tuple[str, str]]:
    """Return both side by side."""
    width = max(map(len, before.values()), default=0)
    return [(key, f"{before.get(key, '-'):<{width}}  →  {figure}") for key, figure in after.items()]


def _shown(state: Json) -> str:
    value: Any = state["state"]
    try:
        return f"{float(value):g}" if "." in value else str(value)
    except ValueError:
        return str(value)
