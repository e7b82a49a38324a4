"""Calendars."""

from datetime import datetime, timedelta
from typing import Any, Final, override

from homeassistant.components.calendar import DOMAIN as CALENDAR, SERVICE_GET_EVENTS
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.util import dt as dt_util
import probatio

from ..acting import async_ask
from ..caller import Caller
from ..problem import ToolProblemError
from ..values import ValueNotUnderstoodError, parse_number
from .base import READ, Arguments, HomeTool, Unsaid, schema

_DAYS: Final = 7
_MOST_DAYS: Final = 366
_MOST_EVENTS: Final = 30
_KNOWN: Final = {
    "today": 1,
    "tonight": 1,
    "day": 1,
    "tomorrow": 2,
    "week": _DAYS,
    "weekend": _DAYS,
    "next week": 14,
    "month": 31,
    "year": _MOST_DAYS,
}


class GetEvents(HomeTool):
    """Reads events."""

    name = "get_events"
    description = "Get the events of calendars for the next days."
    parameters = schema({probatio.Optional("name"): str, probatio.Optional("days"): int})
    annotations = READ
    needs_domains = frozenset({CALENDAR})
    example = {"days": 7}
    takes = {
        "name": ("calendar", "calendar_name", "calendars"),
        "days": ("range", "period", "when", "duration"),
        "date": ("day", "start", "start_date", "start_time"),
    }

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Return the events from the start of today on, of one calendar or of all."""
        start, days = _start(arguments), _days(arguments)
        wanted = arguments.targets((CALENDAR,), unsaid=Unsaid.ALL)
        calendars = [entity for entity in wanted if caller.may_read(entity.entity_id)]
        if not calendars:
            raise ToolProblemError("There is no calendar that the user may see.")
        present = [
            entity
            for entity in calendars
            if (state := caller.hass.states.get(entity.entity_id)) is not None
            and state.state != STATE_UNAVAILABLE
        ]
        found = await async_ask(
            caller,
            CALENDAR,
            SERVICE_GET_EVENTS,
            present or calendars,
            {
                "start_date_time": start.isoformat(),
                "end_date_time": (start + timedelta(days=days)).isoformat(),
            },
        )
        events = [
            {
                "start": event["start"],
                "end": event["end"],
                "summary": event["summary"],
                "calendar": entity.name,
            }
            | ({"location": event["location"]} if event.get("location") else {})
            for entity in present
            for event in (found.get(entity.entity_id) or {}).get("events", [])
        ]
        events.sort(key=lambda event: str(event["start"]))
        result: dict[str, Any] = {"events": events[:_MOST_EVENTS], "end_is_exclusive": True}
        if len(events) > _MOST_EVENTS:
            result["left_out"] = len(events) - _MOST_EVENTS
        if missing := [entity.name for entity in calendars if entity not in present]:
            result["not_available"] = missing
        return result


def _start(arguments: Arguments) -> datetime:
    """Return the morning of the day that was written, else of today."""
    today = dt_util.start_of_local_day()
    written = (arguments.text("date") or "today").lower()
    if written in ("today", "now"):
        return today
    if written == "tomorrow":
        return dt_util.start_of_local_day(dt_util.now() + timedelta(days=1))
    try:
        day = dt_util.parse_date(written[:10])
    except ValueError:
        day = None
    if day is None:
        raise ValueNotUnderstoodError(f"{written!r} is not a date. Pass for example 2026-12-24.")
    return dt_util.start_of_local_day(day)


def _days(arguments: Arguments) -> int:
    written = arguments.get("days")
    if written is None:
        return 1 if arguments.get("date") is not None else _DAYS
    text = str(written).strip().lower().removeprefix("this ").removeprefix("the ")
    if (days := _KNOWN.get(text)) is not None:
        return days
    return round(max(1, min(_MOST_DAYS, parse_number(written))))
