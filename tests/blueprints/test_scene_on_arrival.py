"""Somebody comes home, and the model chooses a scene."""

import json
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from simulator import Reply, Simulator

from ..common import AGENT
from .conftest import Calls, Use
from .helpers import run_by_hand

ANNA, BEN = "person.anna", "person.ben"
COSY, BRIGHT = "scene.cosy", "scene.bright"


@pytest.fixture(autouse=True)
async def _home(hass: HomeAssistant) -> None:
    scenes = [{"name": name, "entities": {"light.lamp": "on"}} for name in ("Cosy", "Bright")]
    assert await async_setup_component(hass, "scene", {"scene": scenes})
    await hass.async_block_till_done()
    for scene in (COSY, BRIGHT):
        async_expose_entity(hass, "conversation", scene, True)
    for person, name in ((ANNA, "Anna"), (BEN, "Ben")):
        hass.states.async_set(person, "not_home", {"friendly_name": name})


@pytest.fixture
def activated(hass: HomeAssistant, _home: None) -> list[ServiceCall]:
    return async_mock_service(hass, "scene", "turn_on")


async def come(hass: HomeAssistant, person: str, name: str = "Anna") -> None:
    hass.states.async_set(person, "home", {"friendly_name": name})
    await hass.async_block_till_done()


def choose(sim: Simulator, scene: str) -> None:
    sim.set_brain(lambda _: Reply(json.dumps({"reason": "It is late.", "scene": scene})))


async def test_a_scene_is_chosen(
    hass: HomeAssistant, server: Simulator, use: Use, activated: list[ServiceCall], calls: Calls
) -> None:
    choose(server, COSY)
    await use("scene_on_arrival", people=[ANNA, BEN], wishes="Warm and dim after nine.")
    await come(hass, ANNA)
    assert calls.of("ollama.select_scene") == [
        {"request": "Anna has just come home. Warm and dim after nine."}
    ]
    assert [dict(call.data) for call in activated] == [{"entity_id": COSY}]


async def test_none_fits(
    hass: HomeAssistant, server: Simulator, use: Use, activated: list[ServiceCall]
) -> None:
    choose(server, "none")
    await use("scene_on_arrival", people=[ANNA])
    await come(hass, ANNA)
    assert len(server.chats) == 1
    assert activated == []


async def test_settings_are_passed_on(
    hass: HomeAssistant, server: Simulator, use: Use, activated: list[ServiceCall], calls: Calls
) -> None:
    choose(server, BRIGHT)
    told = async_mock_service(hass, "test", "tell")
    await use(
        "scene_on_arrival",
        people=[ANNA],
        scenes={"entity_id": [BRIGHT]},
        transition=3,
        agent=AGENT,
        afterwards=[
            {"action": "test.tell", "data": {"text": "{{ choice.scene }}: {{ choice.reason }}"}}
        ],
    )
    await come(hass, ANNA)
    assert calls.of("ollama.select_scene") == [
        {
            "request": "Anna has just come home.",
            "scenes": {"entity_id": [BRIGHT]},
            "transition": 3,
            "agent": AGENT,
        }
    ]
    assert [dict(call.data) for call in activated] == [{"entity_id": BRIGHT, "transition": 3}]
    assert told[0].data["text"] == f"{BRIGHT}: It is late."


@pytest.mark.parametrize(("only_first", "times"), [(True, 1), (False, 2)])
async def test_who_comes_later(
    hass: HomeAssistant,
    server: Simulator,
    use: Use,
    activated: list[ServiceCall],
    only_first: bool,
    times: int,
) -> None:
    choose(server, COSY)
    await use("scene_on_arrival", people=[ANNA, BEN], only_first=only_first)
    await come(hass, ANNA)
    await come(hass, BEN, "Ben")
    assert len(activated) == times


@pytest.mark.parametrize("before", ["unknown", "unavailable", "home"])
async def test_nobody_really_came(
    hass: HomeAssistant, server: Simulator, use: Use, activated: list[ServiceCall], before: str
) -> None:
    hass.states.async_set(ANNA, before)
    await use("scene_on_arrival", people=[ANNA, "person.new"])
    await come(hass, ANNA)
    await come(hass, "person.new")
    assert server.chats == []


async def test_further_conditions(
    hass: HomeAssistant, server: Simulator, use: Use, activated: list[ServiceCall]
) -> None:
    condition: dict[str, Any] = {
        "condition": "state",
        "entity_id": "sun.sun",
        "state": "below_horizon",
    }
    choose(server, COSY)
    hass.states.async_set("sun.sun", "above_horizon")
    await use("scene_on_arrival", people=[ANNA], conditions=[condition])
    await come(hass, ANNA)
    assert server.chats == []
    hass.states.async_set(ANNA, "not_home")
    hass.states.async_set("sun.sun", "below_horizon")
    await come(hass, ANNA)
    assert len(activated) == 1


async def test_a_name_is_no_template(
    hass: HomeAssistant, server: Simulator, use: Use, calls: Calls, activated: list[ServiceCall]
) -> None:
    choose(server, "none")
    await use("scene_on_arrival", people=[ANNA])
    await come(hass, ANNA, "{{ states('sun.sun') }}")
    [asked] = calls.of("ollama.select_scene")
    assert asked["request"] == "{{ states('sun.sun') }} has just come home."


async def test_run_by_hand(
    hass: HomeAssistant, server: Simulator, use: Use, activated: list[ServiceCall]
) -> None:
    choose(server, COSY)
    await run_by_hand(hass, await use("scene_on_arrival", people=[ANNA, BEN]))
    assert len(activated) == 1
