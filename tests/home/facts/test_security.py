"""Whether the home is shut, and what happened at its doors, from a recorder in memory."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.ollama.home.facts.reader import Facts
from custom_components.ollama.home.facts.security import MOST_EVENTS, MOST_LOCKS, async_security

from .furniture import reader_for, somebody

NAMES: dict[str, dict[str, Any]] = {
    "lock.front": {"friendly_name": "Front door"},
    "binary_sensor.front": {"friendly_name": "Front door contact", "device_class": "door"},
    "binary_sensor.bath": {"friendly_name": "Bathroom window", "device_class": "window"},
    "binary_sensor.smoke": {"friendly_name": "Kitchen smoke", "device_class": "smoke"},
    "cover.garage": {"friendly_name": "Garage door", "device_class": "garage"},
    "alarm_control_panel.home": {"friendly_name": "House alarm"},
}

type Happen = Callable[..., Awaitable[None]]


@pytest.fixture(autouse=True)
def _custom_integration(recorder_mock: Any, enable_custom_integrations: None) -> None:
    """Start the recorder first of all."""


@pytest.fixture
def now() -> datetime:
    # Later than the recorder's start, before which it knows nothing.
    return dt_util.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=3)


@pytest.fixture
def happen(hass: HomeAssistant, freezer: Any, now: datetime) -> Happen:
    """Return a function that sets a state some minutes ago."""

    async def happen(minutes_ago: float, entity_id: str, state: str) -> None:
        freezer.move_to(now - timedelta(minutes=minutes_ago))
        hass.states.async_set(entity_id, state, NAMES[entity_id])
        await async_wait_recording_done(hass)
        freezer.move_to(now)

    return happen


async def security(hass: HomeAssistant, hours: float = 1, user: Any = None) -> Facts:
    reader = await reader_for(hass, user)
    facts = await async_security(reader, reader.now - timedelta(hours=hours))
    json.dumps(facts)
    return facts


def local(now: datetime, minutes_ago: float) -> str:
    return (now - timedelta(minutes=minutes_ago)).isoformat(timespec="minutes")


async def test_an_empty_home(hass: HomeAssistant) -> None:
    assert await security(hass) == {}


async def test_now_and_since_then(hass: HomeAssistant, happen: Happen, now: datetime) -> None:
    for entity_id, state in (
        ("lock.front", "locked"), ("binary_sensor.front", "off"), ("binary_sensor.bath", "off"),
        ("binary_sensor.smoke", "off"), ("cover.garage", "closed"),
        ("alarm_control_panel.home", "armed_away"),
    ):  # fmt: skip
        await happen(100, entity_id, state)
    await happen(90, "binary_sensor.bath", "on")
    await happen(50, "alarm_control_panel.home", "disarmed")
    await happen(49, "lock.front", "unlocking")
    await happen(48, "lock.front", "unlocked")
    await happen(40, "binary_sensor.front", "on")
    await happen(39, "binary_sensor.front", "off")
    await happen(30, "binary_sensor.smoke", "on")
    await happen(20, "cover.garage", "opening")
    await happen(19, "cover.garage", "open")
    assert await security(hass) == {
        "locks": [{"name": "Front door", "state": "unlocked"}],
        "doors_open": {"count": 1, "names": ["Garage door"]},
        "windows_open": {"count": 1, "names": ["Bathroom window"]},
        "alarms": [
            {"name": "House alarm", "state": "disarmed"},
            {"name": "Kitchen smoke", "state": "smoke"},
        ],
        "events": [
            {"time": local(now, 50), "name": "House alarm", "state": "disarmed"},
            {"time": local(now, 48), "name": "Front door", "state": "unlocked"},
            {"time": local(now, 40), "name": "Front door contact", "state": "open"},
            {"time": local(now, 39), "name": "Front door contact", "state": "closed"},
            {"time": local(now, 30), "name": "Kitchen smoke", "state": "smoke"},
            {"time": local(now, 19), "name": "Garage door", "state": "open"},
        ],
        "count": 6,
    }


async def test_coming_back_is_no_event(hass: HomeAssistant, happen: Happen) -> None:
    await happen(100, "lock.front", "locked")
    await happen(50, "lock.front", "unavailable")
    await happen(40, "lock.front", "locked")
    await happen(30, "lock.front", "unknown")
    await happen(20, "lock.front", "locking")
    await happen(10, "lock.front", "locked")
    assert await security(hass) == {"locks": [{"name": "Front door", "state": "locked"}]}


async def test_what_was_never_there_before_has_not_changed(
    hass: HomeAssistant, happen: Happen
) -> None:
    await happen(30, "lock.front", "unlocked")
    assert "events" not in await security(hass)


async def test_nothing_is_told_of_times_to_come(hass: HomeAssistant, happen: Happen) -> None:
    await happen(20, "lock.front", "locked")
    await happen(10, "lock.front", "unlocked")
    assert "events" in await security(hass)
    assert "events" not in await security(hass, hours=-1)


async def test_locks_before_doors_when_there_is_much(
    hass: HomeAssistant, happen: Happen, now: datetime
) -> None:
    await happen(110, "lock.front", "locked")
    await happen(110, "binary_sensor.smoke", "off")
    await happen(58, "lock.front", "unlocked")
    await happen(57, "binary_sensor.smoke", "on")
    for number in range(MOST_EVENTS + 2):
        await happen(50 - number, "binary_sensor.front", "off" if number % 2 else "on")
    facts = await security(hass)
    # The first of the door isn't a change.
    assert facts["count"] == MOST_EVENTS + 3
    assert len(facts["events"]) == MOST_EVENTS
    assert [event["name"] for event in facts["events"][:3]] == [
        "Front door", "Kitchen smoke", "Front door contact",
    ]  # fmt: skip
    assert facts["events"][-1]["time"] == local(now, 50 - MOST_EVENTS - 1)
    times = [event["time"] for event in facts["events"]]
    assert times == sorted(times)


async def test_unlocked_locks_are_told_first(hass: HomeAssistant) -> None:
    for number in range(MOST_LOCKS + 1):
        hass.states.async_set(f"lock.a{number:02}", "locked")
    hass.states.async_set("lock.last", "open", {"friendly_name": "Last"})
    locks = (await security(hass))["locks"]
    assert len(locks) == MOST_LOCKS
    assert locks[0] == {"name": "Last", "state": "open"}


async def test_only_what_the_user_may_see(hass: HomeAssistant, happen: Happen) -> None:
    for entity_id, before, after in (
        ("lock.front", "locked", "unlocked"),
        ("binary_sensor.bath", "off", "on"),
        ("alarm_control_panel.home", "disarmed", "triggered"),
    ):
        await happen(100, entity_id, before)
        await happen(30, entity_id, after)
    guest = somebody(hass, {"entities": {"entity_ids": {"binary_sensor.bath": True}}})
    facts = await security(hass, user=guest)
    assert facts.keys() == {"windows_open", "events", "count"}
    assert [event["name"] for event in facts["events"]] == ["Bathroom window"]
    assert await security(hass, user=somebody(hass, {})) == {}
