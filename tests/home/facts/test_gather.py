"""Several sections at once: none holds up or breaks the others."""

import asyncio
from datetime import timedelta
import json
import logging
import time
from typing import Any

from homeassistant.components.calendar import CalendarEvent
from homeassistant.components.todo import TodoItem, TodoItemStatus
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.ollama.home.facts import (
    Gathered,
    Section,
    Wanted,
    async_gather,
    gather as looks,
)

from .furniture import NOON, Chores, Diary, Sky, furnish, reader_for, somebody

SHORT = 0.2
LONG = 5.0


class SlowSky(Sky):
    """A weather service that doesn't answer."""

    async def async_forecast_daily(self) -> list[Any] | None:
        await asyncio.Event().wait()


async def gather(
    hass: HomeAssistant, *sections: Section, seconds: float = LONG, user: Any = None, **more: Any
) -> Gathered:
    wanted = Wanted(sections, NOON, NOON + timedelta(days=1), NOON - timedelta(hours=12), **more)
    return await async_gather(await reader_for(hass, user), wanted, seconds)


def meeting(name: str = "Family") -> Diary:
    return Diary(name, CalendarEvent(NOON, NOON + timedelta(hours=1), "Meeting"))


def chores() -> Chores:
    return Chores(
        "Chores",
        TodoItem("Bins", "1", TodoItemStatus.NEEDS_ACTION),
        TodoItem("Dishes", "2", TodoItemStatus.COMPLETED),
    )


def open_window(hass: HomeAssistant) -> None:
    hass.states.async_set(
        "binary_sensor.attic", "on", {"friendly_name": "Attic", "device_class": "window"}
    )


async def test_everything_in_the_order_wanted(hass: HomeAssistant) -> None:
    await furnish(hass, "calendar", meeting())
    await furnish(hass, "todo", chores())
    await furnish(hass, "weather", Sky("Home", daily=[]))
    open_window(hass)
    gathered = await gather(hass, *reversed(Section), Section.CALENDAR)
    assert list(gathered.facts) == [
        Section.TASKS,
        Section.SECURITY,
        Section.HOME,
        Section.WEATHER,
        Section.CALENDAR,
    ]
    assert gathered.facts[Section.CALENDAR]["events"][0]["summary"] == "Meeting"
    assert gathered.facts[Section.WEATHER]["name"] == "Home"
    assert gathered.facts[Section.HOME]["windows_open"]["names"] == ["Attic"]
    assert gathered.facts[Section.TASKS] == {
        "open": [{"summary": "Bins", "list": "Chores"}], "open_count": 1,
    }  # fmt: skip
    assert gathered.failed == ()
    assert json.loads(json.dumps(gathered.facts))["tasks"]["open_count"] == 1


async def test_only_what_is_wanted(hass: HomeAssistant) -> None:
    family = meeting()
    await furnish(hass, "calendar", family, meeting("Work"))
    await furnish(hass, "todo", chores(), Chores("Shopping"))
    await furnish(hass, "weather", Sky("Home"), Sky("Mountain"))
    assert await gather(hass) == Gathered({}, ())
    gathered = await gather(
        hass,
        Section.CALENDAR,
        Section.TASKS,
        Section.WEATHER,
        calendars=("calendar.work",),
        todo_lists=("todo.chores",),
        weather="weather.mountain",
        completed=True,
    )
    (event,) = gathered.facts[Section.CALENDAR]["events"]
    assert event["calendar"] == "Work"
    assert family.contexts == []
    assert gathered.facts[Section.TASKS]["completed"] == [{"summary": "Dishes", "list": "Chores"}]
    assert gathered.facts[Section.WEATHER]["name"] == "Mountain"


async def test_a_slow_section_is_dropped(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    slow = meeting()
    slow.hangs = True
    await furnish(hass, "calendar", slow)
    await furnish(hass, "weather", SlowSky("Home", daily=[]))
    await furnish(hass, "todo", chores())
    begin = time.perf_counter()
    gathered = await gather(hass, Section.CALENDAR, Section.WEATHER, Section.TASKS, seconds=SHORT)
    # At the same time, not one after another.
    assert time.perf_counter() - begin < 2 * SHORT
    assert Section.TASKS in gathered.facts
    assert Section.CALENDAR in gathered.failed
    assert "The section calendar could not be read: TimeoutError" in caplog.text


async def test_one_that_hangs_does_not_take_the_others(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor a forecast the weather as it is."""
    monkeypatch.setattr(looks, "_PATIENCE", 0.1)
    slow = meeting("Slow")
    slow.hangs = True
    await furnish(hass, "calendar", slow, meeting())
    await furnish(hass, "weather", SlowSky("Home", daily=[]))
    gathered = await gather(hass, Section.CALENDAR, Section.WEATHER)
    (event,) = gathered.facts[Section.CALENDAR]["events"]
    assert event["calendar"] == "Family"
    assert list(gathered.facts[Section.WEATHER]) == ["name", "now"]
    assert gathered.failed == ()
    assert "calendar.slow could not be read: TimeoutError" in caplog.text


async def test_a_failing_section_is_dropped_and_its_words_are_not_logged(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    broken = meeting()
    broken.breaks = True
    await furnish(hass, "calendar", broken)
    await furnish(hass, "todo", chores())
    gathered = await gather(hass, Section.CALENDAR, Section.TASKS)
    assert list(gathered.facts) == [Section.TASKS]
    assert gathered.failed == (Section.CALENDAR,)
    (record,) = [one for one in caplog.records if one.name.endswith("facts.gather")]
    assert record.levelno == logging.WARNING
    assert record.getMessage() == "The section calendar could not be read: HomeAssistantError"
    assert record.exc_info is None


async def test_a_read_that_others_break_off(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken_off(*_: Any) -> None:
        raise asyncio.CancelledError

    family = meeting()
    monkeypatch.setattr(family, "async_get_events", broken_off)
    await furnish(hass, "calendar", family)
    await furnish(hass, "todo", chores())
    gathered = await gather(hass, Section.CALENDAR, Section.TASKS)
    assert list(gathered.facts) == [Section.TASKS]
    assert gathered.failed == (Section.CALENDAR,)


async def test_broken_off_as_a_whole(hass: HomeAssistant) -> None:
    slow = meeting()
    slow.hangs = True
    await furnish(hass, "calendar", slow)
    task = asyncio.create_task(gather(hass, Section.CALENDAR, Section.TASKS))
    await asyncio.sleep(0.05)
    assert slow.contexts
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_is_recommended_knows_the_forecast(hass: HomeAssistant) -> None:
    soon = dt_util.now() + timedelta(minutes=5)
    rain = [{"datetime": soon.isoformat(), "condition": "rainy", "native_temperature": 20}]
    await furnish(hass, "weather", Sky("Home", daily=rain))
    open_window(hass)
    for sections in (
        (Section.RECOMMENDATIONS,),
        (Section.RECOMMENDATIONS, Section.WEATHER),
        (Section.WEATHER, Section.RECOMMENDATIONS),
    ):
        gathered = await gather(hass, *sections)
        assert tuple(gathered.facts) == sections
        (item,) = gathered.facts[Section.RECOMMENDATIONS]["items"]
        assert (item["kind"], item["names"]) == ("windows_open_in_rain", ["Attic"])


async def test_what_is_recommended_does_without_the_forecast(hass: HomeAssistant) -> None:
    await furnish(hass, "weather", SlowSky("Home", daily=[]))
    hass.states.async_set("lock.front", "unlocked", {"friendly_name": "Front door"})
    gathered = await gather(hass, Section.RECOMMENDATIONS, seconds=SHORT)
    (item,) = gathered.facts[Section.RECOMMENDATIONS]["items"]
    assert item["kind"] == "doors_unlocked"
    # What wasn't wanted can't be missed.
    assert gathered.failed == ()


async def test_only_what_the_user_may_see(hass: HomeAssistant) -> None:
    await furnish(hass, "calendar", meeting())
    await furnish(hass, "todo", chores())
    await furnish(hass, "weather", Sky("Home"))
    open_window(hass)
    user = somebody(hass, {"entities": {"entity_ids": {"todo.chores": True}}})
    gathered = await gather(hass, *Section, user=user)
    assert list(gathered.facts) == [Section.TASKS]
    assert gathered.failed == ()
    # Somebody who has been removed in the meantime sees nothing.
    await hass.auth.async_remove_user(user)
    assert await gather(hass, *Section, user=user) == Gathered({}, ())
