"""Promise 6: a request acts once, whatever breaks on the way, and whoever cuts in."""

import asyncio
from random import Random
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from simulator import ChatRequest, Fault, Rates, Reply, Simulator, ToolCall

from .actions.calling import act
from .common import say
from .policy_home import AddAgent, agent_data

WISH = "Turn on the kitchen light"
TURN_ON = ToolCall("turn_on", {"name": "Kitchen light"})
ROUNDS = 25
"""Of each seed: so many requests, each with luck of its own."""


def brain(request: ChatRequest) -> Reply:
    """Call the tool until its result is there; every attempt asks for the same."""
    if not request.last_user_text.startswith(WISH):
        return Reply("Fine, thank you.", delay=0.01)
    if request.messages[-1]["role"] == "tool":
        return Reply("Done, it is on.")
    return Reply("One moment. ", tool_calls=(TURN_ON,), delay=0.01)


def bad_luck(sim: Simulator, luck: Random) -> None:
    """Let something break: before an answer, in the middle of it, or not at all."""
    faults = [Fault.CUT_MID_STREAM, Fault.GARBAGE_MID_STREAM, Fault.HTTP_503, Fault.GARBAGE]
    for _ in range(luck.choice((0, 1, 1, 2))):
        sim.fault(luck.choice(faults), path="/api/chat", times=1, after_chunks=luck.randrange(4))


async def attempt(hass: HomeAssistant, luck: Random) -> bool:
    """Ask for the light in one of the ways there are; return whether that was answered."""
    if luck.random() < 0.5:
        result = await say(hass, WISH)
        return result.response.response_type.value != "error"
    try:
        await act(hass, "ask", Context(), prompt=WISH, control=True, home_context="none")
    except HomeAssistantError:
        return False
    return True


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_is_done_twice(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light: str, seed: int
):
    luck = Random(seed)
    await add_entry(agent=agent_data() | {"prime": False})
    sim.set_brain(brain)
    sim.set_rates(Rates(generation_tokens_per_second=400))
    calls = async_capture_events(hass, "call_service")
    answered = 0
    for _ in range(ROUNDS):
        calls.clear()
        bad_luck(sim, luck)
        asking = hass.async_create_task(attempt(hass, luck))
        interrupting: list[asyncio.Task[Any]] = []
        for _ in range(luck.randrange(3)):
            await asyncio.sleep(luck.random() * 0.03)
            interrupting.append(hass.async_create_task(say(hass, "How are you?")))
        was_answered = await asking
        await asyncio.gather(*interrupting)
        await hass.async_block_till_done()
        acted = [event for event in calls if event.data["domain"] == "light"]
        assert len(acted) <= 1
        if was_answered:
            assert len(acted) == 1
        answered += was_answered
        sim.clear_faults()
    assert 0 < answered < ROUNDS, "luck was neither all good nor all bad"


async def test_a_task_that_gave_way_acts_once(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light: str
):
    """It is begun anew as long as nothing of it has been used, and its tool runs afterwards."""
    entry = await add_entry(agent=agent_data() | {"prime": False})
    sim.set_brain(brain)
    sim.set_rates(Rates(generation_tokens_per_second=60))
    calls = async_capture_events(hass, "call_service")
    asking = hass.async_create_task(
        act(hass, "ask", Context(), prompt=WISH, control=True, home_context="none")
    )
    while not entry.runtime_data.server.queue.taken:
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.03)
    await say(hass, "How are you?")
    answer = await asking
    assert any(request.cancelled for request in sim.chats)
    assert [call["ok"] for call in answer["tool_calls"]] == [True]
    assert len([event for event in calls if event.data["domain"] == "light"]) == 1
