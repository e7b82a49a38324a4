"""What is in the calendars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from homeassistant.components.calendar import DOMAIN as CALENDAR, SERVICE_GET_EVENTS

from .outside import async_ask_each, chosen, instant_of, moment_or_day, one_line, told
from .reader import Facts, Reader, name_of

_MOST_EVENTS: Final = 20
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Event:
    start: datetime | date
    end: datetime | date
    """A day is exclusive, as calendars have it."""
    calendar: str
    summary: str
    location: str

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether it is going on between two times; some calendars answer with more."""
        begin, finish = instant_of(self.start), instant_of(self.end)
        return begin < end and (finish > start or begin >= start)

    def told(self) -> Facts:
        all_day = not isinstance(self.start, datetime)
        # The day on which it ends is what people say.
        last = max(self.start, self.end - _DAY) if all_day else self.end
        facts = {
            "summary": self.summary or self.calendar,
            "start": told(self.start),
            "end": told(last),
            "all_day": all_day,
            "calendar": self.calendar,
        }
        return facts | ({"location": self.location} if self.location else {})


async def async_calendar(
    reader: Reader, start: datetime, end: datetime, calendars: Sequence[str] | None
) -> Facts:
    """Return the events between two times, of some calendars or of all that exist.

    The `end` of an event that lasts all day is its last day.
    """
    wanted = chosen(reader, CALENDAR, calendars)
    if not wanted:
        return {}
    answers = await async_ask_each(
        reader,
        CALENDAR,
        SERVICE_GET_EVENTS,
        wanted,
        {"start_date_time": start.isoformat(), "end_date_time": end.isoformat()},
    )
    events = [
        event
        for state, answer in answers
        for item in answer.get("events") or []
        if (event := _event(item, one_line(name_of(state)))) and event.overlaps(start, end)
    ]
    events.sort(key=lambda event: instant_of(event.start))
    return {"events": [event.told() for event in events[:_MOST_EVENTS]], "count": len(events)}


def _event(item: Mapping[str, Any], calendar: str) -> _Event | None:
    start, end = moment_or_day(item.get("start")), moment_or_day(item.get("end"))
    if start is None or isinstance(start, datetime) != isinstance(end, datetime) or end is None:
        return None
    return _Event(
        start, end, calendar, one_line(item.get("summary")), one_line(item.get("location"))
    )
