"""What is in the calendars, between two times."""

from datetime import date, datetime, timedelta
import json
from typing import Any

from homeassistant.components.calendar import CalendarEvent
from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.ollama.home.facts.calendar import async_calendar
from custom_components.ollama.home.facts.outside import NothingToAskError
from custom_components.ollama.home.facts.reader import Facts

from .furniture import NOON, READ_ALL, Diary, furnish, reader_for, somebody


@pytest.fixture(autouse=True)
def _noon(freezer: Any) -> None:
    freezer.move_to(NOON)


def local(day: int, hour: int, minute: int = 0, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=dt_util.get_default_time_zone())


async def today(hass: HomeAssistant, *calendars: str, user: Any = None) -> Facts:
    reader = await reader_for(hass, user)
    return await async_calendar(reader, local(14, 0), local(15, 0), calendars or None)


async def test_events_of_all_calendars_by_time(hass: HomeAssistant) -> None:
    await furnish(
        hass,
        "calendar",
        Diary(
            "Family",
            CalendarEvent(local(14, 18), local(14, 19), "Dinner", location="Luigi's,\nTown"),
            CalendarEvent(date(2026, 10, 14), date(2026, 10, 15), "Anna's birthday"),
        ),
        # Written in another time zone.
        Diary("Work", CalendarEvent(NOON - timedelta(hours=3), NOON, "Meeting")),
    )
    facts = await today(hass)
    assert facts == {
        "events": [
            {
                "summary": "Anna's birthday",
                "start": "2026-10-14",
                "end": "2026-10-14",
                "all_day": True,
                "calendar": "Family",
            },
            {
                "summary": "Meeting",
                "start": "2026-10-14T09:00-07:00",
                "end": "2026-10-14T12:00-07:00",
                "all_day": False,
                "calendar": "Work",
            },
            {
                "summary": "Dinner",
                "start": "2026-10-14T18:00-07:00",
                "end": "2026-10-14T19:00-07:00",
                "all_day": False,
                "calendar": "Family",
                "location": "Luigi's, Town",
            },
        ],
        "count": 3,
    }
    json.dumps(facts)


async def test_only_what_lies_between(hass: HomeAssistant) -> None:
    await furnish(
        hass,
        "calendar",
        Diary(
            "Family",
            CalendarEvent(local(13, 9), local(14, 0), "Until midnight"),
            CalendarEvent(local(15, 0), local(15, 1), "Tomorrow"),
            CalendarEvent(date(2026, 10, 13), date(2026, 10, 14), "Yesterday"),
            CalendarEvent(date(2026, 10, 15), date(2026, 10, 16), "Also tomorrow"),
            CalendarEvent(date(2026, 10, 12), date(2026, 10, 17), "Holiday"),
            CalendarEvent(local(13, 23), local(14, 1), "Night shift"),
        ),
    )
    events = (await today(hass))["events"]
    assert [(event["summary"], event["start"], event["end"]) for event in events] == [
        ("Holiday", "2026-10-12", "2026-10-16"),
        ("Night shift", "2026-10-13T23:00-07:00", "2026-10-14T01:00-07:00"),
    ]


async def test_the_day_the_clocks_go_back(hass: HomeAssistant) -> None:
    """1 November has 25 hours, two of which are called one."""
    second = datetime(2026, 11, 1, 9, 30, tzinfo=dt_util.UTC)
    await furnish(
        hass,
        "calendar",
        Diary(
            "Family",
            CalendarEvent(second, second + timedelta(minutes=20), "Second"),
            CalendarEvent(second - timedelta(hours=1), second - timedelta(minutes=40), "First"),
            CalendarEvent(local(1, 23, month=11), local(2, 0, month=11), "Last"),
            CalendarEvent(date(2026, 11, 1), date(2026, 11, 2), "Sunday"),
            CalendarEvent(local(2, 0, month=11), local(2, 1, month=11), "Monday"),
        ),
    )
    reader = await reader_for(hass)
    facts = await async_calendar(reader, local(1, 0, month=11), local(2, 0, month=11), None)
    assert [(event["summary"], event["start"]) for event in facts["events"]] == [
        ("Sunday", "2026-11-01"),
        ("First", "2026-11-01T01:30-07:00"),
        ("Second", "2026-11-01T01:30-08:00"),
        ("Last", "2026-11-01T23:00-08:00"),
    ]


async def test_named_calendars(hass: HomeAssistant) -> None:
    await furnish(
        hass,
        "calendar",
        Diary("Family", CalendarEvent(local(14, 9), local(14, 10), "School")),
        Diary("Work", CalendarEvent(local(14, 9), local(14, 10), "Meeting")),
    )
    facts = await today(hass, "calendar.work", "calendar.work", "calendar.gone")
    assert [event["summary"] for event in facts["events"]] == ["Meeting"]
    with pytest.raises(NothingToAskError):
        await today(hass, "calendar.gone")


async def test_an_empty_day_is_told_and_no_calendar_is_not(hass: HomeAssistant) -> None:
    assert await today(hass) == {}
    await furnish(hass, "calendar", Diary("Family"))
    assert await today(hass) == {"events": [], "count": 0}


async def test_texts_from_outside_are_short_and_on_one_line(hass: HomeAssistant) -> None:
    await furnish(
        hass,
        "calendar",
        Diary("Family", CalendarEvent(local(14, 9), local(14, 10), "a\n\n# b\u2028c " + "x" * 999)),
        Diary("Work", CalendarEvent(local(14, 10), local(14, 11), " ")),
    )
    first, second = (await today(hass))["events"]
    assert first["summary"].startswith("a # b c xxx")
    assert len(first["summary"]) == 200
    assert first["summary"].endswith("x…")
    assert second["summary"] == "Work"


async def test_many_events_are_counted(hass: HomeAssistant) -> None:
    start = local(14, 8)
    await furnish(
        hass,
        "calendar",
        Diary(
            "Family",
            *(
                CalendarEvent(
                    start + timedelta(minutes=place), start + timedelta(hours=9), f"{place}"
                )
                for place in range(50)
            ),
        ),
    )
    facts = await today(hass)
    assert [event["summary"] for event in facts["events"]] == [f"{place}" for place in range(20)]
    assert facts["count"] == 50


async def test_one_that_fails_doesnt_hide_the_others(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Diary("Work")
    broken.breaks = True
    family = Diary("Family", CalendarEvent(local(14, 9), local(14, 10), "School"))
    away = Diary("Away", CalendarEvent(local(14, 9), local(14, 10), "Far"), available=False)
    await furnish(hass, "calendar", broken, family, away)
    assert [event["summary"] for event in (await today(hass))["events"]] == ["School"]
    assert "calendar.work could not be read: HomeAssistantError" in caplog.text
    assert "secret number" not in caplog.text
    with pytest.raises(NothingToAskError):
        await today(hass, "calendar.away")
    with pytest.raises(HomeAssistantError):
        await today(hass, "calendar.work")


async def test_nonsense_is_left_out(hass: HomeAssistant) -> None:
    odd = (
        {"summary": "Never"},
        {"summary": "Soon", "start": "soon", "end": "later"},
        {"summary": "Mixed", "start": "2026-10-14", "end": "2026-10-14T13:00:00"},
        {"summary": "Endless", "start": "2026-10-14", "end": None},
        {"summary": "Impossible", "start": "2026-10-99", "end": "2026-10-99"},
        {"summary": "Floating", "start": "2026-10-14T09:00:00", "end": "2026-10-14T10:00:00"},
    )
    async_mock_service(
        hass,
        "calendar",
        "get_events",
        response={"calendar.odd": {"events": list(odd)}},
        supports_response=SupportsResponse.ONLY,
    )
    hass.states.async_set("calendar.odd", "off")
    (event,) = (await today(hass))["events"]
    assert event["summary"] == "Floating"
    assert event["start"] == "2026-10-14T09:00-07:00"


async def test_only_what_the_user_may_see(hass: HomeAssistant) -> None:
    family = Diary("Family", CalendarEvent(local(14, 9), local(14, 10), "School"))
    work = Diary("Work", CalendarEvent(local(14, 9), local(14, 10), "Meeting"))
    await furnish(hass, "calendar", family, work)
    user = somebody(hass, {"entities": {"entity_ids": {"calendar.family": True}}})
    for named in ((), ("calendar.family", "calendar.work")):
        facts = await today(hass, *named, user=user)
        assert [event["summary"] for event in facts["events"]] == ["School"]
    assert work.contexts == []
    assert [context and context.user_id for context in family.contexts] == [user.id] * 2
    with pytest.raises(NothingToAskError):
        await today(hass, "calendar.work", user=user)
    # Who may only read does read.
    facts = await today(hass, user=somebody(hass, READ_ALL))
    assert facts["count"] == 2
