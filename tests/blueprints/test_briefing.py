"""A briefing in the morning or evening: when it comes, and where it is told."""

from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    async_fire_time_changed,
    async_mock_service,
)

from simulator import Reply, Simulator

from ..common import AGENT
from .conftest import Calls, Use
from .helpers import run_by_hand

MOTION = "binary_sensor.kitchen_motion"
FRIDAY = "2026-11-20"
WHERE: dict[str, Any] = {
    "notify": ["notify.annas_phone"],
    "satellites": ["assist_satellite.kitchen"],
    "speakers": ["media_player.kitchen"],
    "voice": "tts.piper",
}
ACTIONS = (("notify", "send_message"), ("assist_satellite", "announce"), ("tts", "speak"))


@pytest.fixture(autouse=True)
def told(hass: HomeAssistant) -> dict[str, list[ServiceCall]]:
    return {domain: async_mock_service(hass, domain, name) for domain, name in ACTIONS}


@pytest.fixture(autouse=True)
async def _facts(hass: HomeAssistant) -> None:
    """Something to tell: somebody is at home."""
    hass.states.async_set("person.anna", "home", {"friendly_name": "Anna"})
    hass.states.async_set(MOTION, "off", {"device_class": "motion"})


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=dt_util.get_default_time_zone())


async def at(hass: HomeAssistant, freezer: FrozenDateTimeFactory, time: str) -> None:
    """Let it be a time of that Friday, or another day's."""
    moment = local(time if "T" in time else f"{FRIDAY}T{time}")
    freezer.move_to(moment)
    async_fire_time_changed(hass, moment + timedelta(milliseconds=600))
    await hass.async_block_till_done()


async def move(hass: HomeAssistant) -> None:
    """Let the sensor see somebody come and go."""
    for state in ("on", "off"):
        hass.states.async_set(MOTION, state, {"device_class": "motion"})
        await hass.async_block_till_done()


async def test_told_everywhere(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Simulator,
    use: Use,
    told: dict[str, list[ServiceCall]],
    calls: Calls,
) -> None:
    freezer.move_to(local(f"{FRIDAY}T06:00:00"))
    await use("briefing", **WHERE, at="06:30:00", sections=["home"], title="Goedemorgen")
    server.script(Reply("Good morning. Anna is at home."))
    await at(hass, freezer, "06:30:00")
    assert calls.of("ollama.briefing") == [{"kind": "morning", "sections": ["home"]}]
    assert {domain: [dict(call.data) for call in made] for domain, made in told.items()} == {
        "notify": [
            {
                "entity_id": ["notify.annas_phone"],
                "title": "Goedemorgen",
                "message": "Good morning. Anna is at home.",
            }
        ],
        "assist_satellite": [
            {
                "entity_id": ["assist_satellite.kitchen"],
                "message": "Good morning. Anna is at home.",
            }
        ],
        "tts": [
            {
                "entity_id": ["tts.piper"],
                "media_player_entity_id": ["media_player.kitchen"],
                "message": "Good morning. Anna is at home.",
            }
        ],
    }


async def test_told_only_where_asked(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Simulator,
    use: Use,
    told: dict[str, list[ServiceCall]],
) -> None:
    freezer.move_to(local(f"{FRIDAY}T06:00:00"))
    await use("briefing", notify=["notify.annas_phone"], speakers=["media_player.kitchen"])
    server.script(Reply("Good morning."))
    await at(hass, freezer, "07:00:00")
    assert [len(made) for made in told.values()] == [1, 0, 0]


async def test_what_it_is_about_is_passed_on(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: Simulator, use: Use, calls: Calls
) -> None:
    freezer.move_to(local(f"{FRIDAY}T20:00:00"))
    content = {
        "kind": "evening",
        "sections": ["home", "tasks"],
        "calendars": ["calendar.family"],
        "weather": "weather.home",
        "todo_lists": ["todo.shopping"],
        "instructions": "Three sentences at most",
        "agent": AGENT,
    }
    for entity in ("calendar.family", "weather.home", "todo.shopping"):
        hass.states.async_set(entity, "on")
    await use("briefing", **content, at="21:00:00")
    server.script(Reply("Good evening."))
    await at(hass, freezer, "21:00:00")
    assert calls.of("ollama.briefing") == [content]


async def test_without_the_server_the_plain_facts_are_told(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Simulator,
    use: Use,
    told: dict[str, list[ServiceCall]],
) -> None:
    freezer.move_to(local(f"{FRIDAY}T06:00:00"))
    await use("briefing", **WHERE, sections=["home"])
    await server.stop()
    await at(hass, freezer, "07:00:00")
    assert "Anna" in told["notify"][0].data["message"]


async def test_one_that_fails_does_not_keep_the_others_quiet(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Simulator,
    use: Use,
    told: dict[str, list[ServiceCall]],
) -> None:
    for domain, name in ACTIONS[:2]:
        async_mock_service(hass, domain, name, raise_exception=HomeAssistantError("offline"))
    freezer.move_to(local(f"{FRIDAY}T06:00:00"))
    await use("briefing", **WHERE)
    server.script(Reply("Good morning."))
    await at(hass, freezer, "07:00:00")
    assert len(told["tts"]) == 1


async def test_it_waits_for_motion(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: Simulator, use: Use, calls: Calls
) -> None:
    server.set_brain(lambda _: Reply("Good morning."))
    freezer.move_to(local(f"{FRIDAY}T05:00:00"))
    await use("briefing", sensors=[MOTION], at="06:30:00", until="10:00:00", **WHERE)

    await move(hass)
    assert len(calls.of("ollama.briefing")) == 0, "too early"
    await at(hass, freezer, "06:30:00")
    assert len(calls.of("ollama.briefing")) == 0, "nobody is up"
    await at(hass, freezer, "07:12:00")
    await move(hass)
    assert len(calls.of("ollama.briefing")) == 1
    await at(hass, freezer, "08:00:00")
    await move(hass)
    assert len(calls.of("ollama.briefing")) == 1, "told already"

    await at(hass, freezer, "2026-11-21T10:00:00")
    await move(hass)
    assert len(calls.of("ollama.briefing")) == 1, "too late"
    await at(hass, freezer, "2026-11-22T06:31:00")
    await move(hass)
    assert len(calls.of("ollama.briefing")) == 2, "the next day"


async def test_somebody_is_up_already(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: Simulator, use: Use, calls: Calls
) -> None:
    server.set_brain(lambda _: Reply("Good morning."))
    freezer.move_to(local(f"{FRIDAY}T06:00:00"))
    await use("briefing", sensors=[MOTION], at="06:30:00", **WHERE)
    hass.states.async_set(MOTION, "on", {"device_class": "motion"})
    await at(hass, freezer, "06:30:00")
    await move(hass)
    assert len(calls.of("ollama.briefing")) == 1


@pytest.mark.parametrize(("days", "times"), [(["fri"], 1), (["sat", "sun"], 0), ([], 0)])
async def test_days(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Simulator,
    use: Use,
    calls: Calls,
    days: list[str],
    times: int,
) -> None:
    freezer.move_to(local(f"{FRIDAY}T06:00:00"))
    await use("briefing", days=days, **WHERE)
    server.set_brain(lambda _: Reply("Good morning."))
    await at(hass, freezer, "07:00:00")
    assert len(calls.of("ollama.briefing")) == times


@pytest.mark.parametrize("text", ["clear_notification", "{{ states('person.anna') }} 1.50"])
async def test_its_text_is_neither_command_nor_template(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Simulator,
    use: Use,
    told: dict[str, list[ServiceCall]],
    text: str,
) -> None:
    freezer.move_to(local(f"{FRIDAY}T06:00:00"))
    await use("briefing", **WHERE)
    server.script(Reply(text))
    await at(hass, freezer, "07:00:00")
    expected = f"{text}." if "_" in text and " " not in text else text
    assert told["notify"][0].data["message"] == expected


async def test_run_by_hand(
    hass: HomeAssistant, server: Simulator, use: Use, told: dict[str, list[ServiceCall]]
) -> None:
    server.script(Reply("Good morning."))
    await run_by_hand(hass, await use("briefing", sensors=[MOTION], days=[], **WHERE))
    assert [len(made) for made in told.values()] == [1, 1, 1]
