"""Promise of speed: what stands before the last sentence stays the same, whoever speaks, and when.

A server keeps what it has read of a prompt; one byte that differs has it read all anew.
"""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
import json
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.ollama.agent.messages import trimmed_history
from simulator import RecordedRequest, Reply, Simulator, ToolCall

from .common import say
from .policy_home import AddAgent, agent_data

TURNED_ON = ToolCall("turn_on", {"name": "Kitchen light"})


def before_last_sentence(request: RecordedRequest) -> str:
    """Return a request up to the last sentence, as it is rendered: tools, then messages."""
    body = request.body
    messages = body["messages"]
    last = max(n for n, message in enumerate(messages) if message["role"] == "user")
    return json.dumps([body["model"], body.get("tools"), body["options"], messages[:last]])


def last_sentence(request: RecordedRequest) -> str:
    return str([m["content"] for m in request.body["messages"] if m["role"] == "user"][-1])


@pytest.fixture
def satellite(hass: HomeAssistant) -> Callable[[str], str]:
    """Return a function that puts a voice device into a room, and returns its id."""
    owner = MockConfigEntry(domain="test")
    owner.add_to_hass(hass)

    def place(room: str) -> str:
        area = ar.async_get(hass).async_get_or_create(room)
        device = dr.async_get(hass).async_get_or_create(
            config_entry_id=owner.entry_id, identifiers={("test", room)}
        )
        dr.async_get(hass).async_update_device(device.id, area_id=area.id)
        return device.id

    return place


@pytest.fixture
def people(hass: HomeAssistant) -> list[Context]:
    names = ("Ada", "Grace", "Edsger")
    users = [MockUser(name=name).add_to_hass(hass) for name in names]
    return [*(Context(user_id=user.id) for user in users), Context()]


async def test_one_prefix_for_all(
    hass: HomeAssistant,
    add_entry: AddAgent,
    sim: Simulator,
    kitchen_light: str,
    satellite: Callable[[str], str],
    people: list[Context],
    freezer: Any,
):
    """Two satellites, four people, five hours, a light that is on and off again."""
    await add_entry(agent=agent_data())
    sim.script(*(Reply("Fine.") for _ in range(16)))
    for hour in range(2):
        for room in ("Kitchen", "Bedroom"):
            for person in people:
                freezer.tick(timedelta(hours=hour, minutes=7))
                await say(
                    hass, f"How are you in {room}?", context=person, device_id=satellite(room)
                )
        await hass.services.async_call(
            "light", "turn_on", {"entity_id": kitchen_light}, blocking=True
        )
    assert len(sim.chats) == 16
    assert len({before_last_sentence(request) for request in sim.chats}) == 1
    assert len({last_sentence(request) for request in sim.chats}) > 8
    assert "in the room Bedroom" in last_sentence(sim.chats[4])


async def test_a_talk_only_grows(
    hass: HomeAssistant,
    add_entry: AddAgent,
    sim: Simulator,
    kitchen_light: str,
    satellite: Callable[[str], str],
    freezer: Any,
):
    """Over five turns each request begins with all of the one before, wherever it is said."""
    await add_entry(agent=agent_data())
    talk = None
    for turn in range(5):
        sim.script(Reply(tool_calls=(TURNED_ON,)), Reply(f"Done {turn}."))
        freezer.tick(timedelta(minutes=1))
        room = ("Kitchen", "Bedroom")[turn % 2]
        result = await say(
            hass, f"Turn on the light {turn}", conversation_id=talk, device_id=satellite(room)
        )
        talk = result.conversation_id
        await hass.async_block_till_done()
    messages = [request.body["messages"] for request in sim.chats]
    assert len(messages) == 10
    for earlier, later in pairwise(messages):
        assert later[: len(earlier)] == earlier
    assert len({json.dumps(request.body["tools"]) for request in sim.chats}) == 1


async def test_a_talk_without_tools_only_grows(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, freezer: Any
):
    """The clock that Home Assistant would put in front stands behind."""
    await add_entry(agent={"llm_hass_api": []})
    for turn in range(5):
        sim.script(Reply(f"Answer {turn}."))
        freezer.tick(timedelta(minutes=1))
        await say(hass, f"Question {turn}", conversation_id="a talk")
    messages = [request.body["messages"] for request in sim.chats]
    for earlier, later in pairwise(messages):
        assert later[: len(earlier)] == earlier
    assert all("[said on " in last_sentence(request) for request in sim.chats)


def exchanges(count: int) -> list[Any]:
    class Item:
        def __init__(self, role: str, number: int) -> None:
            self.role, self.number = role, number

    log = [Item("system", 0)]
    for number in range(count):
        log += [Item("user", number), Item("assistant", number)]
    return log[:-1]  # the last one is not answered yet


@pytest.mark.parametrize("most", [1, 2, 3, 5, 20])
def test_history_goes_in_blocks(most: int):
    """Never more than allowed, never cut within an exchange, and seldom."""
    starts = []
    for count in range(1, 100):
        kept = trimmed_history(exchanges(count), most)
        assert kept[0].role == "system"
        assert kept[1].role == "user"
        numbers = [item.number for item in kept if item.role == "user"]
        assert numbers == list(range(count - len(numbers), count))
        assert len(numbers) <= most + 1
        assert len(numbers) > most // 2 or len(numbers) == count
        starts.append(numbers[0])
    cuts = sum(before != after for before, after in pairwise(starts))
    assert cuts <= 99 / max(1, most // 2) + 1
