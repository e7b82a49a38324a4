"""A stretch of the past, as people say it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
import re
from typing import Final

from homeassistant.util import dt as dt_util

from .values import ValueNotUnderstoodError, parse_duration

_EVENING: Final = 22
_MORNING: Final = 7
# Hours of the day: begin and end of its parts.
_PARTS: Final = {"morning": (5, 12), "afternoon": (12, 18), "evening": (18, 24)}
_WEEKDAYS: Final = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
_DAYS_OF_WEEK: Final = 7
_MOST_HOURS: Final = 24 * 366
_LONGEST: Final = 60  # characters
_HOURS_ALONE: Final = re.compile(r"\d{1,5}(\.\d{1,3})?")
_BEFORE: Final = re.compile(
    r"^((during|over|within|in|for|from|on) )?(the )?((last|past|previous|since) )?"
)
_WHAT: Final = "Pass last night, yesterday, today or 24 hours."


def parse_period(written: object, now: datetime) -> tuple[datetime, datetime]:
    """Return start and end of what was written, in the zone of `now`.

    A bare number means hours. The end never lies after `now`; what is still to come
    begins after it ends. Raises ValueNotUnderstoodError.
    """
    if isinstance(written, Mapping):
        return now - parse_duration(written), now
    text = " ".join(str(written)[:_LONGEST].strip(" .!?").lower().replace("_", " ").split())
    start, end = (
        _named(text, now) or _named(_BEFORE.sub("", text), now) or _dated(text, now)
    ) or _counted(_BEFORE.sub("", text), now)
    return start, min(end, now)


def parse_span(since: object, until: object, now: datetime) -> tuple[datetime, datetime]:
    """Return what lies between two points in time; until now without a second one.

    Raises ValueNotUnderstoodError.
    """
    start = _moment(since, now)[0]
    if until is None:
        return start, now
    return start, min(_moment(until, now)[1], now)


def _moment(written: object, now: datetime) -> tuple[datetime, datetime]:
    """Return a point in time; of a day, its begin and its end."""
    text = str(written)[:_LONGEST].strip()
    if text.lower() == "now":
        return now, now
    try:
        moment = dt_util.parse_datetime(text)
    except ValueError:
        moment = None
    if moment is not None and ":" in text:
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=now.tzinfo)
        return moment, moment
    return parse_period(text, now)


def _named(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    yesterday = today - timedelta(days=1)
    named = {
        "today": (today, now),
        "yesterday": (yesterday, today),
        "last night": _last_night(today, now),
        "overnight": _last_night(today, now),
        "night": _last_night(today, now),
        "tonight": _night_before(today + timedelta(days=1)),
        "this week": (today - timedelta(days=today.weekday()), now),
        "last week": _week_before(today),
        "previous week": _week_before(today),
        "week": (now - timedelta(days=_DAYS_OF_WEEK), now),
        "this month": (today.replace(day=1), now),
        "last month": _month_before(today),
        "previous month": _month_before(today),
        "month": (now - timedelta(days=30), now),
        "this year": (today.replace(month=1, day=1), now),
        "year": (now - timedelta(days=365), now),
        "day": (now - timedelta(days=1), now),
        "hour": (now - timedelta(hours=1), now),
    }
    if (period := named.get(text)) is not None:
        return period
    return _part_of_day(text, today) or _weekday(text, today)


def _part_of_day(text: str, today: datetime) -> tuple[datetime, datetime] | None:
    """Read "this morning", "yesterday evening"."""
    day, _, part = text.rpartition(" ")
    if part not in _PARTS or day not in ("", "this", "today", "yesterday"):
        return None
    begin, end = _PARTS[part]
    midnight = today - timedelta(days=1) if day == "yesterday" else today
    return midnight + timedelta(hours=begin), midnight + timedelta(hours=end)


def _weekday(text: str, today: datetime) -> tuple[datetime, datetime] | None:
    """Read "monday" as the last one that is over."""
    word = text.rpartition(" ")[2]
    if word not in _WEEKDAYS or text not in (word, f"last {word}"):
        return None
    ago = (today.weekday() - _WEEKDAYS.index(word)) % _DAYS_OF_WEEK or _DAYS_OF_WEEK
    start = today - timedelta(days=ago)
    return start, start + timedelta(days=1)


def _last_night(today: datetime, now: datetime) -> tuple[datetime, datetime]:
    """Return the night that ends today; the running one, if it is still dark."""
    start, end = _night_before(today)
    return start, min(end, now)


def _night_before(morning: datetime) -> tuple[datetime, datetime]:
    start = morning - timedelta(days=1) + timedelta(hours=_EVENING)
    return start, morning + timedelta(hours=_MORNING)


def _week_before(today: datetime) -> tuple[datetime, datetime]:
    monday = today - timedelta(days=today.weekday())
    return monday - timedelta(days=_DAYS_OF_WEEK), monday


def _month_before(today: datetime) -> tuple[datetime, datetime]:
    first = today.replace(day=1)
    return (first - timedelta(days=1)).replace(day=1), first


def _dated(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    """Read a day such as 2026-10-01."""
    try:
        day = dt_util.parse_date(text)
    except ValueError:
        return None
    if day is None:
        return None
    start = now.replace(
        year=day.year, month=day.month, day=day.day, hour=0, minute=0, second=0, microsecond=0
    )
    return start, start + timedelta(days=1)


def _counted(text: str, now: datetime) -> tuple[datetime, datetime]:
    """Read "24 hours", "3 days ago"; a day that is some days ago is all of that day."""
    if _HOURS_ALONE.fullmatch(text) and float(text) <= _MOST_HOURS:
        return now - timedelta(hours=float(text)), now
    try:
        start = now - parse_duration(text.removesuffix(" ago"))
    except ValueNotUnderstoodError as err:
        raise ValueNotUnderstoodError(f"{text!r} is not a time. {_WHAT}") from err
    if text.endswith((" days ago", " day ago")):
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight, midnight + timedelta(days=1)
    return start, now
