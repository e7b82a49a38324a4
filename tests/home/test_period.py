"""Stretches of the past, as people say them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.ollama.home.period import parse_period, parse_span
from custom_components.ollama.home.values import ValueNotUnderstoodError

ZONE = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 10, 14, 15, 30, tzinfo=ZONE)  # a Wednesday

CASES = {
    "today": ("2026-10-14 00:00", "2026-10-14 15:30"),
    "yesterday": ("2026-10-13 00:00", "2026-10-14 00:00"),
    "last night": ("2026-10-13 22:00", "2026-10-14 07:00"),
    "Last Night.": ("2026-10-13 22:00", "2026-10-14 07:00"),
    "last_night": ("2026-10-13 22:00", "2026-10-14 07:00"),
    "during the night": ("2026-10-13 22:00", "2026-10-14 07:00"),
    "overnight": ("2026-10-13 22:00", "2026-10-14 07:00"),
    "this morning": ("2026-10-14 05:00", "2026-10-14 12:00"),
    "this afternoon": ("2026-10-14 12:00", "2026-10-14 15:30"),
    "yesterday evening": ("2026-10-13 18:00", "2026-10-14 00:00"),
    "yesterday morning": ("2026-10-13 05:00", "2026-10-13 12:00"),
    "this week": ("2026-10-12 00:00", "2026-10-14 15:30"),
    "last week": ("2026-10-05 00:00", "2026-10-12 00:00"),
    "past week": ("2026-10-07 15:30", "2026-10-14 15:30"),
    "last month": ("2026-09-01 00:00", "2026-10-01 00:00"),
    "the past month": ("2026-09-14 15:30", "2026-10-14 15:30"),
    "this year": ("2026-01-01 00:00", "2026-10-14 15:30"),
    "monday": ("2026-10-12 00:00", "2026-10-13 00:00"),
    "on Wednesday": ("2026-10-07 00:00", "2026-10-08 00:00"),
    "last tuesday": ("2026-10-13 00:00", "2026-10-14 00:00"),
    "24 hours": ("2026-10-13 15:30", "2026-10-14 15:30"),
    "last 24 hours": ("2026-10-13 15:30", "2026-10-14 15:30"),
    "in the last 3 days": ("2026-10-11 15:30", "2026-10-14 15:30"),
    "an hour": ("2026-10-14 14:30", "2026-10-14 15:30"),
    "the last hour": ("2026-10-14 14:30", "2026-10-14 15:30"),
    "2 hours ago": ("2026-10-14 13:30", "2026-10-14 15:30"),
    "2 days ago": ("2026-10-12 00:00", "2026-10-13 00:00"),
    "since yesterday": ("2026-10-13 00:00", "2026-10-14 00:00"),
    "2026-10-01": ("2026-10-01 00:00", "2026-10-02 00:00"),
    "12": ("2026-10-14 03:30", "2026-10-14 15:30"),
}


def shown(period: tuple[datetime, datetime]) -> tuple[str, ...]:
    return tuple(moment.strftime("%Y-%m-%d %H:%M") for moment in period)


@pytest.mark.parametrize(("text", "expected"), CASES.items())
def test_period(text: str, expected: tuple[str, str]) -> None:
    assert shown(parse_period(text, NOW)) == expected


@pytest.mark.parametrize("written", [6, 6.0, {"hours": 6}, "6"])
def test_hours(written: object) -> None:
    assert shown(parse_period(written, NOW)) == ("2026-10-14 09:30", "2026-10-14 15:30")


@pytest.mark.parametrize("text", ["tonight", "this evening", "2027-01-01"])
def test_what_is_to_come_has_no_past(text: str) -> None:
    start, end = parse_period(text, NOW)
    assert start >= end


def test_night_that_is_not_over() -> None:
    now = NOW.replace(hour=3)
    assert shown(parse_period("last night", now)) == ("2026-10-13 22:00", "2026-10-14 03:30")
    evening = NOW.replace(hour=23)
    assert shown(parse_period("last night", evening)) == ("2026-10-13 22:00", "2026-10-14 07:00")
    assert shown(parse_period("tonight", evening)) == ("2026-10-14 22:00", "2026-10-14 23:30")


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("2026-10-13T22:00", "2026-10-14T06:00", ("2026-10-13 22:00", "2026-10-14 06:00")),
        ("2026-10-13T20:00:00Z", None, ("2026-10-13 20:00", "2026-10-14 15:30")),
        ("2026-10-12", "2026-10-12", ("2026-10-12 00:00", "2026-10-13 00:00")),
        ("yesterday", "now", ("2026-10-13 00:00", "2026-10-14 15:30")),
    ],
)
def test_span(since: str, until: str | None, expected: tuple[str, str]) -> None:
    assert shown(parse_span(since, until, NOW)) == expected


@pytest.mark.parametrize(
    "text", ["", "purple", "the war", "2026-13-45", "-5", "9" * 40, "morning bird"]
)
def test_no_period(text: str) -> None:
    with pytest.raises(ValueNotUnderstoodError, match="last night"):
        parse_period(text, NOW)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(json_values)
def test_any_value_is_read_or_refused(written: object) -> None:
    for read in (parse_period, lambda value, now: parse_span(value, value, now)):
        try:
            _, end = read(written, NOW)
        except ValueNotUnderstoodError:
            continue
        assert end <= NOW + timedelta(0)
