"""Several looks at the home at once, none of which holds up or breaks the others."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
import logging
from typing import Final

from .activity import async_activity
from .calendar import async_calendar
from .energy import async_energy
from .home_status import async_home
from .reader import Facts, Reader
from .recommendations import async_recommendations
from .security import async_security
from .tasks import async_tasks
from .weather import async_weather

_LOGGER: Final = logging.getLogger(__name__)

_PATIENCE: Final = 0.8
"""The part of a section's time that each entity has: one that hangs must not take the others."""


class Section(StrEnum):
    """What can be told about a home."""

    CALENDAR = "calendar"
    WEATHER = "weather"
    HOME = "home"
    ACTIVITY = "activity"
    ENERGY = "energy"
    SECURITY = "security"
    TASKS = "tasks"
    RECOMMENDATIONS = "recommendations"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which facts, and of when."""

    sections: tuple[Section, ...]
    start: datetime
    end: datetime
    """From start to end is what is to come: events."""
    since: datetime
    """Since then is what is looked back at: activity, energy, security."""
    calendars: tuple[str, ...] | None = None
    weather: str | None = None
    todo_lists: tuple[str, ...] | None = None
    completed: bool = False


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found."""

    facts: Mapping[Section, Facts]
    """In the order in which they were wanted, without what has nothing to tell."""
    failed: tuple[Section, ...]


type _Task = asyncio.Task[Facts | None]


async def async_gather(reader: Reader, wanted: Wanted, seconds: float) -> Gathered:
    """Read all that is wanted at once, each section for some seconds at the most."""
    sections = tuple(dict.fromkeys(wanted.sections))
    reader = replace(reader, patience=seconds * _PATIENCE)
    tasks: dict[Section, _Task] = {}
    # What is recommended depends on the weather too: that is read once, and first.
    first = (Section.WEATHER,) if Section.RECOMMENDATIONS in sections else ()
    async with asyncio.TaskGroup() as group:
        for section in dict.fromkeys((*first, *sections)):
            work = _async_read(section, reader, wanted, tasks.get(Section.WEATHER), seconds / 2)
            tasks[section] = group.create_task(_async_limited(section, work, seconds))
    found = {section: _result(tasks[section]) for section in sections}
    return Gathered(
        {section: facts for section, facts in found.items() if facts},
        tuple(section for section, facts in found.items() if facts is None),
    )


async def _async_limited(section: Section, work: Awaitable[Facts], seconds: float) -> Facts | None:
    """Return the facts, None when they can't be had."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except Exception as err:  # noqa: BLE001 - what other integrations raise is their own
        # Without what it says: that may be what somebody wrote into a calendar.
        _LOGGER.warning("The section %s could not be read: %s", section, type(err).__name__)
        return None


async def _async_read(
    section: Section, reader: Reader, wanted: Wanted, weather: _Task | None, patience: float
) -> Facts:
    match section:
        case Section.CALENDAR:
            return await async_calendar(reader, wanted.start, wanted.end, wanted.calendars)
        case Section.WEATHER:
            return await async_weather(reader, wanted.weather)
        case Section.HOME:
            return await async_home(reader)
        case Section.ACTIVITY:
            return await async_activity(reader, wanted.since)
        case Section.ENERGY:
            return await async_energy(reader, wanted.since)
        case Section.SECURITY:
            return await async_security(reader, wanted.since)
        case Section.TASKS:
            return await async_tasks(reader, wanted.todo_lists, completed=wanted.completed)
        case Section.RECOMMENDATIONS:
            return await async_recommendations(reader, await _async_news(weather, patience))


async def _async_news(weather: _Task | None, patience: float) -> Facts | None:
    """Wait for the weather, which others wait for at the same time, but not for too long."""
    if weather is None:
        return None
    done, _ = await asyncio.wait({weather}, timeout=patience)
    return _result(weather) if done else None


def _result(task: _Task) -> Facts | None:
    """Return what a task has found; somebody else may have broken it off."""
    return None if task.cancelled() else task.result()
