"""One server that was added twice, with its address written in two ways."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ollama.const import DOMAIN
from simulator import Simulator

from .common import MODEL, PLAIN_MODEL

NEW = "mistral-nemo:12b"


@pytest.fixture
async def twin(hass: HomeAssistant, sim: Simulator, entry: MockConfigEntry) -> MockConfigEntry:
    """Return the second entry, which has no agents."""
    twin = MockConfigEntry(
        domain=DOMAIN, title="Twin", version=3, minor_version=3, data={"url": f"{sim.url}/"}
    )
    twin.add_to_hass(hass)
    assert await hass.config_entries.async_setup(twin.entry_id)
    await hass.async_block_till_done()
    return twin


async def call(hass: HomeAssistant, action: str, model: str, entry: MockConfigEntry) -> Any:
    return await hass.services.async_call(
        DOMAIN,
        action,
        {"model": model, "config_entry": entry.entry_id},
        blocking=True,
        return_response=True,
    )


def asked(sim: Simulator, path: str) -> int:
    return sum(request.path == path for request in sim.requests)


async def test_a_download_is_joined(hass: HomeAssistant, sim: Simulator, entry, twin):
    sim.pull_plan(NEW, seconds=0.3)
    statuses = [(await call(hass, "pull_model", NEW, one))["status"] for one in (entry, twin)]
    assert statuses == ["started", "running"]
    await hass.async_block_till_done(wait_background_tasks=True)
    assert asked(sim, "/api/pull") == 1


async def test_a_model_of_the_others_agent_is_not_deleted(
    hass: HomeAssistant, sim: Simulator, entry, twin
):
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "delete_model", MODEL, twin)
    assert refused.value.translation_key == "model_in_use"
    assert refused.value.translation_placeholders == {
        "model": MODEL,
        "agents": "Ollama Conversation, Ollama AI Task",
    }
    assert not asked(sim, "/api/delete")


async def test_a_model_of_the_others_settings_is_not_deleted(
    hass: HomeAssistant, sim: Simulator, entry, twin
):
    options = {**entry.options, "models": {"code": PLAIN_MODEL}}
    hass.config_entries.async_update_entry(entry, options=options)
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "delete_model", PLAIN_MODEL, twin)
    assert refused.value.translation_key == "model_in_settings"
    assert not asked(sim, "/api/delete")


async def test_what_nobody_uses_is_deleted(hass: HomeAssistant, sim: Simulator, entry, twin):
    await call(hass, "delete_model", PLAIN_MODEL, twin)
    assert asked(sim, "/api/delete") == 1
