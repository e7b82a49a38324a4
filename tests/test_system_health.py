"""System health: whether the servers are there, at a glance."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_system_health_info,
)

from custom_components.ollama.const import DOMAIN
from simulator import Fault, Reply, Simulator

from .common import say
from .flows.texts import english

SHOWN = {"servers", "reachable", "version", "installed_models", "loaded_models", "last_error"}


async def health(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the page shows when all of it has come."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    info = await get_system_health_info(hass, DOMAIN)
    return {
        key: await value if asyncio.iscoroutine(value) else value for key, value in info.items()
    }


def in_words(error: str) -> str:
    return english()["exceptions"][error]["message"]


async def test_everything_has_a_label(hass: HomeAssistant, entry):
    assert set(await health(hass)) == SHOWN == set(english()["system_health"]["info"])


async def test_server_is_there(hass: HomeAssistant, sim: Simulator, entry):
    assert await health(hass) == {
        "servers": 1,
        "reachable": "ok",
        "version": "0.32.15",
        "installed_models": "7",
        "loaded_models": "0",
        "last_error": "-",
    }
    await say(hass, "hello")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (await health(hass))["loaded_models"] == "1"


async def test_over_the_websocket(hass: HomeAssistant, entry, hass_ws_client: Any):
    """What takes time comes later: the page is shown at once."""
    for component in (DOMAIN, "system_health", "http"):
        assert await async_setup_component(hass, component, {})
    await hass.async_block_till_done()
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "system_health/info"})
    assert (await client.receive_json())["success"]
    initial = (await client.receive_json())["event"]["data"][DOMAIN]
    assert initial["manage_url"] == "/config/integrations/integration/ollama"
    assert initial["info"]["reachable"] == {"type": "pending"}
    assert initial["info"]["version"] == "0.32.15"
    update = (await client.receive_json())["event"]
    while (update["domain"], update["key"]) != (DOMAIN, "reachable"):
        update = (await client.receive_json())["event"]
    assert update["success"]
    assert update["data"] == "ok"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.REFUSE, "unreachable_refused"),
        (Fault.HTTP_401, "invalid_auth"),
        (Fault.HANG, "too_slow"),
        (Fault.NOT_OLLAMA, "answer_invalid"),
    ],
)
async def test_server_cannot_be_asked(
    hass: HomeAssistant, sim: Simulator, entry, fault: Fault, error: str
):
    """It is asked now: what the last minute brought isn't enough."""
    sim.fault(fault, times=None)
    shown = await health(hass)
    assert shown["reachable"] == {"type": "failed", "error": in_words(error)}
    assert shown["version"] == "0.32.15"


async def test_last_error(hass: HomeAssistant, sim: Simulator, entry):
    """Of a query, until the server itself is away."""
    sim.script(*[Reply(error="llama runner process has terminated")] * 3)
    await say(hass, "hello")
    # Its text needs the server's words, which nobody keeps.
    assert (await health(hass))["last_error"] == "server_failed"
    await sim.stop()
    await say(hass, "hello")
    await hass.async_block_till_done()
    assert (await health(hass))["last_error"] == in_words("unreachable_refused")


async def test_no_server(hass: HomeAssistant):
    assert await health(hass) == {
        "servers": 0,
        "reachable": "ok",
        "version": "-",
        "installed_models": "-",
        "loaded_models": "-",
        "last_error": "-",
    }


async def test_server_is_not_loaded(hass: HomeAssistant, entry):
    await hass.config_entries.async_unload(entry.entry_id)
    shown = await health(hass)
    assert shown["servers"] == 1
    assert shown["reachable"] == {"type": "failed", "error": in_words("server_not_loaded")}


async def test_loaded_without_its_server(hass: HomeAssistant, sim: Simulator, entry):
    await sim.stop()
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert await health(hass) == {
        "servers": 1,
        "reachable": {"type": "failed", "error": in_words("unreachable_refused")},
        "version": "-",
        "installed_models": "-",
        "loaded_models": "-",
        "last_error": in_words("unreachable_refused"),
    }


async def test_two_servers(hass: HomeAssistant, sim: Simulator, entry):
    """They stand side by side, and one that fails stands for both."""
    async with Simulator(version="0.24.0", models=()) as elsewhere:
        other = MockConfigEntry(
            domain=DOMAIN, version=3, minor_version=3, data={"url": elsewhere.url}
        )
        other.add_to_hass(hass)
        assert await hass.config_entries.async_setup(other.entry_id)
        shown = await health(hass)
        assert shown["servers"] == 2
        assert shown["reachable"] == "ok"
        assert shown["version"] == "0.32.15, 0.24.0"
        assert shown["installed_models"] == "7, 0"
        await elsewhere.stop()
        shown = await health(hass)
        assert shown["reachable"] == {"type": "failed", "error": in_words("unreachable_refused")}
        await hass.config_entries.async_unload(other.entry_id)


async def test_nothing_private(hass: HomeAssistant, sim: Simulator, entry):
    """The page is copied into issues."""
    sim.script(*[Reply(error="cannot parse: Is Grandmother asleep")] * 3)
    await say(hass, "Is Grandmother asleep")
    await sim.stop()
    text = str(await health(hass))
    for word in ("Grandmother", "127.0.0.1", str(sim.port), "Conversation"):
        assert word not in text
