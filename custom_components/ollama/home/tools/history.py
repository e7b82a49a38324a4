"""What a value was."""

from collections import Counter
from datetime import datetime, timedelta
import math
from typing import Any, Final, override

from homeassistant.components.recorder import get_instance, history, statistics
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.util import dt as dt_util
import probatio

from ..caller import Caller
from ..inventory import ExposedEntity, Inventory
from ..period import parse_period, parse_span
from ..problem import ToolProblemError
from .base import READ, TARGET, Arguments, HomeTool, schema
from .state import binary_state

_RECORDER: Final = "recorder"
_BINARY: Final = "binary_sensor"
_MOST_CHANGES: Final = 12
_MOST_KINDS: Final = 6
"""States of more kinds than these are names or texts, whose durations say nothing."""
_LONG: Final = timedelta(days=9)
"""Longer ago than most homes keep short statistics and states."""
_SHAPE: Final = "%Y-%m-%d %H:%M"


class GetHistory(HomeTool):
    """Reads the past."""

    name = "get_history"
    description = "Get what a sensor or device was in the past: lowest, highest, mean, changes."
    parameters = schema(
        {
            **TARGET,
            probatio.Optional("period", description="Such as last night, yesterday, 24 hours"): str,
        }
    )
    annotations = READ
    example = {"name": "Outdoor temperature", "period": "last night"}
    takes = {
        "period": ("when", "time", "duration", "range", "time_range", "time_period", "date"),
        "hours": (),
        "days": (),
        "start": ("start_time", "start_date", "from", "since"),
        "end": ("end_time", "end_date", "to", "until"),
        "attribute": ("attributes", "property"),
    }

    @classmethod
    @override
    def is_useful(cls, hass: HomeAssistant, inventory: Inventory) -> bool:
        """Whether anything is recorded."""
        return _RECORDER in hass.config.components and bool(inventory.entities)

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Summarise numbers from the statistics, anything else from its changes."""
        (entity,) = arguments.targets(only_one=True)
        if not caller.may_read(entity.entity_id):
            raise ToolProblemError(f"The user may not see {entity.name}.")
        start, end = _period(arguments)
        if start >= end:
            raise ToolProblemError("That time has not come yet.")
        result: dict[str, Any] = {
            "name": entity.name,
            "from": start.strftime(_SHAPE),
            "to": end.strftime(_SHAPE),
        }
        hass = caller.hass
        state = hass.states.get(entity.entity_id)
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state is not None else None
        if unit:
            result["unit"] = unit
        device_class = state.attributes.get(ATTR_DEVICE_CLASS) if state is not None else None
        found = await get_instance(hass).async_add_executor_job(
            _summarise, hass, entity, (start, end), device_class
        )
        if not found:
            raise ToolProblemError(f"Nothing was recorded of {entity.name} in that time.")
        return result | found


def _period(arguments: Arguments) -> tuple[datetime, datetime]:
    now = dt_util.now()
    if (since := arguments.get("start")) is not None:
        return parse_span(since, arguments.get("end"), now)
    for unit in ("hours", "days"):
        if (number := arguments.get(unit)) is not None:
            text = str(number)
            return parse_period(f"{text} {unit}" if text[-1:].isdecimal() else text, now)
    return parse_period(arguments.get("period") or "24 hours", now)


def _summarise(
    hass: HomeAssistant,
    entity: ExposedEntity,
    period: tuple[datetime, datetime],
    device_class: Any,
) -> dict[str, Any]:
    """Read the recorder; runs in its executor."""
    start, end = period
    entity_id = entity.entity_id
    # Without units they come in the one that the state is shown in.
    rows = statistics.statistics_during_period(
        hass,
        start,
        end,
        {entity_id},
        "hour" if dt_util.now() - start > _LONG else "5minute",
        None,
        {"min", "max", "mean", "change"},
    ).get(entity_id)
    if rows and (summary := _from_statistics(rows)):
        return summary
    states = history.state_changes_during_period(
        hass, start, end, entity_id, no_attributes=True, include_start_time_state=True
    ).get(entity_id, [])
    return _from_states(
        [state for state in states if state.state not in (STATE_UNAVAILABLE, STATE_UNKNOWN)],
        period,
        device_class if entity.domain == _BINARY else None,
    )


def _from_statistics(rows: list[Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    lowest = [row["min"] for row in rows if row.get("min") is not None]
    highest = [row["max"] for row in rows if row.get("max") is not None]
    means = [row["mean"] for row in rows if row.get("mean") is not None]
    changes = [row["change"] for row in rows if row.get("change") is not None]
    if lowest:
        result["lowest"] = round(min(lowest), 2)
    if highest:
        result["highest"] = round(max(highest), 2)
    if means:
        result["mean"] = round(sum(means) / len(means), 2)
    if changes:
        result["total"] = round(sum(changes), 2)
    return result


def _from_states(
    states: list[State], period: tuple[datetime, datetime], device_class: Any
) -> dict[str, Any]:
    if not states:
        return {}
    try:
        numbers = [number for state in states if math.isfinite(number := float(state.state))]
    except ValueError:
        return _from_words(states, period, device_class)
    if not numbers:
        return {}
    return {
        "lowest": min(numbers),
        "highest": max(numbers),
        "first": numbers[0],
        "last": numbers[-1],
    }


def _from_words(
    states: list[State], period: tuple[datetime, datetime], device_class: Any
) -> dict[str, Any]:
    """Tell when it changed, and how long it was what."""
    start, end = period
    times = [max(state.last_changed, start) for state in states]
    words = [binary_state(state.state, device_class) for state in states]
    lasted: Counter[str] = Counter()
    for word, begin, finish in zip(words, times, [*times[1:], end], strict=True):
        lasted[word] += round((finish - begin).total_seconds())
    changes = [
        {"time": dt_util.as_local(time).strftime(_SHAPE), "state": word}
        for word, time in zip(words, times, strict=True)
    ]
    result: dict[str, Any] = {"changes": changes[-_MOST_CHANGES:]}
    if len(changes) > _MOST_CHANGES:
        result["earlier_changes"] = len(changes) - _MOST_CHANGES
    if len(lasted) <= _MOST_KINDS:
        result["minutes"] = {word: round(seconds / 60) for word, seconds in lasted.items()}
    return result
