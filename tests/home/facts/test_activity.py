"""What was switched and who came and went, from a recorder in memory."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.ollama.home.facts.activity import (
    MOST_ARRIVALS,
    MOST_SWITCHED,
    async_activity,
)
from custom_components.ollama.home.facts.reader import Facts

from .furniture import reader_for, somebody

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
    """Return a function that lets some things be in a state some minutes ago."""

    async def happen(minutes_ago: float, state: str, *entity_ids: str, **attributes: Any) -> None:
        freezer.move_to(now - timedelta(minutes=minutes_ago))
        for entity_id in entity_ids:
            name = entity_id.partition(".")[2].replace("_", " ").capitalize()
            hass.states.async_set(entity_id, state, {"friendly_name": name, **attributes})
        await async_wait_recording_done(hass)
        freezer.move_to(now)

    return happen


async def activity(hass: HomeAssistant, user: Any = None) -> Facts:
    reader = await reader_for(hass, user)
    facts = await async_activity(reader, reader.now - timedelta(hours=1))
    json.dumps(facts)
    return facts


def local(now: datetime, minutes_ago: float) -> str:
    return (now - timedelta(minutes=minutes_ago)).isoformat(timespec="minutes")


async def test_an_empty_home(hass: HomeAssistant) -> None:
    assert await activity(hass) == {}


async def test_what_was_switched(hass: HomeAssistant, happen: Happen, now: datetime) -> None:
    await happen(100, "off", "light.kitchen", "switch.coffee", "fan.idle", "media_player.tv")
    await happen(100, "off", "light.all", entity_id=["light.kitchen"])
    await happen(100, "closed", "cover.blind")
    await happen(50, "on", "light.kitchen", "media_player.tv")
    await happen(50, "on", "light.all", entity_id=["light.kitchen"])
    await happen(45, "on", "switch.coffee")
    await happen(40, "off", "light.kitchen")
    await happen(35, "unavailable", "light.kitchen")
    await happen(34, "off", "light.kitchen")
    # A change of the brightness is no switching.
    await happen(30, "on", "light.kitchen")
    await happen(29, "on", "light.kitchen", brightness=20)
    await happen(20, "opening", "cover.blind")
    await happen(19, "open", "cover.blind")
    assert await activity(hass) == {
        "switched": [
            {"name": "Kitchen", "times": 3, "last": local(now, 30)},
            {"name": "Coffee", "times": 1, "last": local(now, 45)},
            {"name": "Blind", "times": 1, "last": local(now, 19)},
        ]
    }


async def test_who_came_and_went(hass: HomeAssistant, happen: Happen, now: datetime) -> None:
    await happen(100, "home", "person.anna", "person.ben", "person.carl")
    await happen(50, "not_home", "person.anna")
    await happen(30, "Office", "person.anna")
    await happen(20, "unknown", "person.ben")
    await happen(10, "home", "person.ben")
    await happen(5, "home", "person.anna")
    assert await activity(hass) == {
        "people": [
            {"time": local(now, 50), "name": "Anna", "state": "away"},
            {"time": local(now, 30), "name": "Anna", "state": "Office"},
            {"time": local(now, 5), "name": "Anna", "state": "home"},
        ]
    }


async def test_much_is_cut_and_counted(hass: HomeAssistant, happen: Happen, now: datetime) -> None:
    lights = [f"light.a{number:02}" for number in range(MOST_SWITCHED + 4)]
    await happen(100, "off", *lights)
    await happen(50, "on", *lights)
    await happen(40, "off", lights[-1])
    await happen(100, "home", "person.anna")
    for number in range(MOST_ARRIVALS + 3):
        await happen(40 - number, "home" if number % 2 else "not_home", "person.anna")
    facts = await activity(hass)
    assert facts["switched_count"] == MOST_SWITCHED + 4
    assert len(facts["switched"]) == MOST_SWITCHED
    # What was switched most often comes first.
    assert facts["switched"][0] == {"name": "A18", "times": 2, "last": local(now, 40)}
    assert facts["people_count"] == MOST_ARRIVALS + 3
    assert len(facts["people"]) == MOST_ARRIVALS
    assert facts["people"][-1]["time"] == local(now, 40 - MOST_ARRIVALS - 2)


async def test_what_is_hidden_or_technical_is_left_out(hass: HomeAssistant, happen: Happen) -> None:
    registry = er.async_get(hass)
    registry.async_get_or_create(
        "switch", "test", "led", suggested_object_id="led", hidden_by=er.RegistryEntryHider.USER
    )
    await happen(100, "off", "switch.led")
    await happen(50, "on", "switch.led")
    assert await activity(hass) == {}


async def test_only_what_the_user_may_see(hass: HomeAssistant, happen: Happen) -> None:
    await happen(100, "off", "light.kitchen", "light.study")
    await happen(100, "home", "person.anna")
    await happen(50, "on", "light.kitchen", "light.study")
    await happen(50, "not_home", "person.anna")
    guest = somebody(hass, {"entities": {"entity_ids": {"light.kitchen": {"read": True}}}})
    facts = await activity(hass, guest)
    assert facts.keys() == {"switched"}
    assert [one["name"] for one in facts["switched"]] == ["Kitchen"]
