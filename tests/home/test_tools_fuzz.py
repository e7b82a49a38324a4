"""Whatever a model writes: an answer, never an exception, and nothing done on anything else."""

import asyncio
import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import llm
from homeassistant.helpers.json import json_dumps
from hypothesis import HealthCheck, given, settings, strategies as st

from custom_components.ollama.home import async_get_inventory
from custom_components.ollama.home.tools import TOOLS, FindDevices
from custom_components.ollama.home.tools.reading import (
    AREA_KEYS,
    CLASS_KEYS,
    DOMAIN_KEYS,
    FLOOR_KEYS,
    LABEL_KEYS,
    NAME_KEYS,
)

from .conftest import PIECES, FurnishedHome, llm_context

EVERY_TOOL = (*TOOLS, FindDevices)
EXPOSED = {entity_id for entity_id, _, _, exposed, _, _ in PIECES if exposed}
KEYS = sorted(
    {str(key) for tool in EVERY_TOOL for key in tool.parameters.schema}
    | {key for tool in EVERY_TOOL for names in tool.takes.values() for key in names}
    | {key for tool in EVERY_TOOL for key in tool.takes}
    | {*NAME_KEYS, *AREA_KEYS, *FLOOR_KEYS, *LABEL_KEYS, *DOMAIN_KEYS, *CLASS_KEYS}
    | {"data", "arguments", "where", "foo", ""}
)
WORDS = [
    *(name for _, name, *_ in PIECES),
    *(piece[0] for piece in PIECES),
    "Kitchen", "Upper floor", "all lights", "everything", "here", "upstairs", "lamp", "door",
    "on", "off", "start", "stop", "pause", "get", "status", "50%", "+10", "-5", "red", "half",
    "21 °C", "5 minutes", "last night", "2026-10-01", "tomorrow", "none", "", " ", "Ballroom",
    "light", "switch", "binary_sensor", "NaN", "1e400", "٣", "\x00", "🚪", "1" * 40, "{", "name",
]  # fmt: skip

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(max_size=12)
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
arguments = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=6), values, max_size=4)

# Names that nothing in the home has or comes near.
nonsense = st.text(alphabet="qxzjvw", min_size=9, max_size=14)
ACTING = [
    tool
    for tool in EVERY_TOOL
    if not tool.annotations.read_only and tool.aims and tool.name != "todo_list"
]
RIGHT_VALUES = {
    "set_light": {"brightness": 10},
    "set_temperature": {"temperature": 20},
    "set_position": {"position": "50"},
    "media": {"action": "pause"},
    "set_fan": {"speed": "50"},
    "vacuum": {"action": "start"},
    "set_value": {"value": "5"},
    "alarm": {"action": "arm_away"},
}


def in_loop(hass: HomeAssistant, check: Any) -> Any:
    """Return a plain function that runs an asynchronous check in Home Assistant's loop."""

    def run(*args: Any) -> None:
        asyncio.run_coroutine_threadsafe(check(*args), hass.loop).result(10)

    return run


async def test_any_arguments(hass: HomeAssistant, furnished: FurnishedHome) -> None:
    hass.config.components.add("assist_satellite")
    room = furnished.satellite_in("Kitchen")

    async def check(tool: Any, written: dict[str, Any], here: bool) -> None:
        if not tool.is_useful(hass, async_get_inventory(hass)) and tool is not FindDevices:
            return
        result = await call(furnished, tool, written, room if here else None)
        json.loads(json_dumps(result.data))
        if result.error:
            assert result.data["error"]
            assert "logged" not in result.data["error"], (tool.name, written)
        for _, ids, _ in furnished.done():
            assert set(ids) <= EXPOSED
            assert not tool.annotations.read_only

    run = in_loop(hass, check)

    @settings(
        max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(st.sampled_from(EVERY_TOOL), arguments, st.booleans())
    def fuzz(tool: Any, written: dict[str, Any], here: bool) -> None:
        run(tool, written, here)

    await hass.async_add_executor_job(fuzz)


async def test_nonsense_targets(hass: HomeAssistant, furnished: FurnishedHome) -> None:
    room = furnished.satellite_in("Kitchen")

    async def check(tool: Any, key: str, name: Any, here: bool) -> None:
        written = {key: name, **RIGHT_VALUES.get(tool.name, {})}
        result = await call(furnished, tool, written, room if here else None)
        assert furnished.done() == [], (tool.name, written)
        assert result.error
        assert "logged" not in result.data["error"]

    run = in_loop(hass, check)
    keys = [*NAME_KEYS, *AREA_KEYS, *FLOOR_KEYS, *LABEL_KEYS, *DOMAIN_KEYS, *CLASS_KEYS, "devise"]
    names = nonsense | st.lists(nonsense | st.just("Kitchen ceiling light"), min_size=2, max_size=3)

    @settings(
        max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(st.sampled_from(ACTING), st.sampled_from(keys), names.filter(is_nonsense), st.booleans())
    def fuzz(tool: Any, key: str, name: Any, here: bool) -> None:
        # What is not a target there is the value of another argument.
        if any(key in names for kind, names in tool.takes.items() if kind not in ("name", "area")):
            return
        run(tool, key, name, here)

    await hass.async_add_executor_job(fuzz)


def is_nonsense(name: str | list[str]) -> bool:
    return isinstance(name, str) or any("light" not in item for item in name)


async def call(home: FurnishedHome, tool: Any, written: dict[str, Any], context: Any) -> Any:
    """Call a tool, also the one that isn't offered now."""
    if tool is not FindDevices:
        return await home.call(tool.name, written, context)
    tool_input = llm.ToolInput(tool.name, written)
    return await tool().async_call(home.hass, tool_input, context or llm_context())
