"""What stands between a call and the home: permissions, policy, devices that fail or are slow."""

import asyncio
from typing import Any
from unittest.mock import patch

from homeassistant.auth.models import Group, User
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceNotSupported,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import chat_session
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.ollama.home import acting, current_policy
from custom_components.ollama.home.confirmation import async_take_waiting
from custom_components.ollama.home.policy import Kind, Policy, Rule

from .conftest import FurnishedHome, llm_context

CEILING = {"name": "Kitchen ceiling light"}


def user_with(hass: HomeAssistant, policy: dict[str, Any]) -> User:
    """Return a user who isn't an admin, with permissions on some entities."""
    group = Group(name="Guests", policy={"entities": policy})
    user = MockUser(groups=[group])
    user.add_to_hass(hass)
    return user


async def test_users_permissions(hass: HomeAssistant, furnished: FurnishedHome) -> None:
    user = user_with(
        hass,
        {
            "entity_ids": {
                "light.kitchen_ceiling": True,
                "sensor.outdoor": {"read": True},
                "light.bedroom": {"read": True},
            }
        },
    )
    context = llm_context(user_id=user.id)
    assert not (await furnished.call("turn_on", CEILING, context)).error
    assert [ids for _, ids, _ in furnished.done()] == [("light.kitchen_ceiling",)]
    for tool, arguments in (
        ("turn_on", {"name": "Coffee maker"}),
        ("turn_on", {"name": "Bedroom light"}),
        # One that isn't allowed among several
        ("turn_off", {"area": "Kitchen"}),
        ("unlock", {"name": "Front door"}),
        ("run", {"name": "Movie night"}),
    ):
        result = await furnished.call(tool, arguments, context)
        assert result.error
        assert "may not control" in result.data["error"]
    assert furnished.done() == []
    states = (await furnished.call("get_state", {"name": "everything"}, context)).data["states"]
    assert {item["name"] for item in states} == {
        "Kitchen ceiling light", "Outdoor temperature", "Bedroom light",
    }  # fmt: skip
    result = await furnished.call("get_state", {"name": "Front door"}, context)
    assert "may not see" in result.data["error"]


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (HomeAssistantError("Battery is empty"), "Battery is empty"),
        (ServiceValidationError("Too hot"), "Too hot"),
        (ValueError("Out of paper"), "Out of paper"),
        (Unauthorized(), "the user may not control this"),
        (KeyError("secret_key"), "the device reported an error"),
        (TimeoutError(), "the device reported an error"),
    ],
)
async def test_device_that_fails(
    hass: HomeAssistant, furnished: FurnishedHome, raised: Exception, told: str
) -> None:
    async def fail(call: ServiceCall) -> None:
        raise raised

    hass.services.async_register("switch", "turn_on", fail)
    result = await furnished.call("turn_on", {"name": "Coffee maker"})
    assert result.error
    assert result.data["error"] == f"Nothing was done: Coffee maker: {told}"
    assert "secret_key" not in str(result.data)
    # What was done beside it is told too.
    result = await furnished.call("turn_on", {"name": ["Coffee maker", "Bedroom fan"]})
    assert not result.error
    assert result.data["targets"] == ["Bedroom fan"]
    assert result.data["failed"] == {"Coffee maker": told}


async def test_one_that_cannot_does_not_stop_the_others(
    hass: HomeAssistant, furnished: FurnishedHome
) -> None:
    done: list[str] = []

    async def lock(call: ServiceCall) -> None:
        if "lock.back" in call.data["entity_id"]:
            raise ServiceNotSupported("lock", "lock", "lock.back")
        done.extend(call.data["entity_id"])

    hass.services.async_register("lock", "lock", lock)
    result = await furnished.call("lock", {"name": "all locks"})
    assert done == ["lock.front"]
    assert result.data["targets"] == ["Front door"]
    assert list(result.data["failed"]) == ["Back door"]


async def test_mode_that_fails_is_not_told_as_done(
    hass: HomeAssistant, furnished: FurnishedHome
) -> None:
    async def fail(call: ServiceCall) -> None:
        raise HomeAssistantError("No water")

    hass.services.async_register("climate", "set_hvac_mode", fail)
    result = await furnished.call(
        "set_temperature", {"name": "Living room thermostat", "mode": "heat", "temperature": 21}
    )
    assert result.error
    assert "only in part" in result.data["error"]
    assert "No water" in result.data["error"]


async def test_unavailable_is_told(furnished: FurnishedHome) -> None:
    result = await furnished.call("turn_on", {"name": ["Porch light", "Bedroom light"]})
    assert result.data["targets"] == ["Bedroom light"]
    assert result.data["failed"] == {"Porch light": "not available"}
    assert [ids for _, ids, _ in furnished.done()] == [("light.bedroom",)]


async def test_what_some_lights_lack_is_told(furnished: FurnishedHome) -> None:
    result = await furnished.call("set_light", {"area": "Kitchen", "color": "red"})
    assert result.data["targets"] == ["Kitchen ceiling light"]
    assert result.data["failed"] == {"Kitchen table lamp": "has no colors"}


async def test_slow_device_goes_on(hass: HomeAssistant, furnished: FurnishedHome) -> None:
    go, done = asyncio.Event(), []

    async def slow(call: ServiceCall) -> None:
        await go.wait()
        done.append(call.data["entity_id"])

    hass.services.async_register("switch", "turn_on", slow)
    hass.services.async_register("fan", "turn_on", slow)
    with patch.object(acting, "CALL_SECONDS", 0.05):
        async with asyncio.timeout(2):
            result = await furnished.call("turn_on", {"name": ["Coffee maker", "Bedroom fan"]})
    assert not result.error
    assert result.data["still_running"] == ["Coffee maker", "Bedroom fan"]
    assert done == []
    go.set()
    await hass.async_block_till_done()
    assert sorted(done) == [["fan.bedroom"], ["switch.coffee"]]


async def test_turn_that_is_cut_off_does_not_cut_off_the_device(
    hass: HomeAssistant, furnished: FurnishedHome
) -> None:
    started, go, done = asyncio.Event(), asyncio.Event(), []

    async def slow(call: ServiceCall) -> None:
        started.set()
        await go.wait()
        done.append(call.data["entity_id"])

    hass.services.async_register("switch", "turn_on", slow)
    turn = hass.async_create_task(furnished.call("turn_on", {"name": "Coffee maker"}))
    await started.wait()
    turn.cancel()
    go.set()
    await hass.async_block_till_done()
    assert done == [["switch.coffee"]]


async def test_rules(hass: HomeAssistant, furnished: FurnishedHome) -> None:
    furnished.policy = Policy()
    asked = [
        ("unlock", {"name": "Front door"}),
        ("open", {"name": "Garage door"}),
        ("set_position", {"name": "Garage door", "position": "100"}),
        ("alarm", {"action": "disarm"}),
    ]
    for tool, arguments in asked:
        result = await furnished.call(tool, arguments)
        assert "confirmed by a person" in result.data["error"]
    with chat_session.async_get_chat_session(hass) as session:
        talk = session.conversation_id
        for tool, arguments in asked:
            result = await furnished.call(tool, arguments)
            assert result.data["waiting_for_confirmation"]
    assert furnished.done() == []
    token = current_policy.set(furnished.policy)
    actions = async_take_waiting(hass, talk, None)
    current_policy.reset(token)
    assert len(actions) == 4
    for waiting in actions:
        assert (await waiting.carry_out())["success"]
    assert [action for action, _, _ in furnished.done()] == [
        "lock.unlock", "cover.open_cover", "cover.open_cover",
        "alarm_control_panel.alarm_disarm",
    ]  # fmt: skip
    furnished.policy = Policy(rules=dict.fromkeys(Kind, Rule.REFUSE))
    for tool, arguments in [*asked, ("turn_on", CEILING), ("run", {"name": "Sunset"})]:
        result = await furnished.call(tool, arguments)
        assert "does not allow" in result.data["error"]
    assert furnished.done() == []


async def test_a_tool_that_breaks_answers(
    hass: HomeAssistant, furnished: FurnishedHome, caplog: pytest.LogCaptureFixture
) -> None:
    with patch(
        "custom_components.ollama.home.tools.switching.by_domain", side_effect=KeyError("x")
    ):
        result = await furnished.call("turn_on", CEILING)
    assert result.error
    assert "logged" in result.data["error"]
    assert "The tool turn_on failed" in caplog.text
