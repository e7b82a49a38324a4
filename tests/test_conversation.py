"""Talking to an agent."""

from homeassistant.components import conversation
from homeassistant.core import Context, HomeAssistant
from homeassistant.loader import async_get_integration
from simulator import Reply, Simulator, ToolCall

from .conftest import AGENT


async def test_this_integration_is_tested(hass: HomeAssistant):
    """Core's integration has the same domain and would pass many of these tests."""
    integration = await async_get_integration(hass, "ollama")
    assert integration.overwrites_built_in
    assert not integration.is_built_in


async def test_light_goes_on(hass: HomeAssistant, sim: Simulator, entry, kitchen_light):
    sim.script(
        Reply(tool_calls=[ToolCall("intent__HassTurnOn", {"name": "Kitchen light"})]),
        Reply(content="The kitchen light is on."),
    )
    result = await conversation.async_converse(
        hass, "turn on the kitchen light", None, Context(), "en", AGENT
    )
    assert hass.states.get(kitchen_light).state == "on"
    assert result.response.speech["plain"]["speech"] == "The kitchen light is on."
    tool_message = sim.chats[1].body["messages"][-1]
    assert tool_message["role"] == "tool"
    assert tool_message["tool_name"] == "intent__HassTurnOn"
