"""A Home Assistant in which blueprints run, against the real actions and a simulated server."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
import json
from pathlib import Path
import shutil
from typing import Any

from homeassistant.const import EVENT_CALL_SERVICE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Reply, Simulator

from .helpers import AUTOMATIONS, FOLDER, PHONE_NAME

type Use = Callable[..., Awaitable[str]]
type Decides = Callable[..., None]


@pytest.fixture
async def use(hass: HomeAssistant, hass_config_dir: str) -> AsyncGenerator[Use]:
    """Return a function that makes an automation of a blueprint; it returns the entity id."""
    entity_id = "automation.tested"

    async def make(blueprint: str, **inputs: Any) -> str:
        folder = Path(hass_config_dir) / "blueprints" / "automation" / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(AUTOMATIONS / f"{blueprint}.yaml", folder)
        config = {
            "id": "tested",
            "alias": "Tested",
            "use_blueprint": {"path": f"{FOLDER}/{blueprint}.yaml", "input": inputs},
        }
        assert await async_setup_component(hass, "automation", {"automation": config})
        await hass.async_block_till_done()
        state = hass.states.get(entity_id)
        assert state is not None
        assert state.state == "on"
        return entity_id

    yield make
    if hass.states.get(entity_id):
        # Its triggers have timers.
        await hass.services.async_call(
            "automation", "turn_off", {"entity_id": entity_id}, blocking=True
        )


class Calls:
    """What was called, as it was passed on."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._all: list[tuple[str, dict[str, Any]]] = []
        self._came = asyncio.Event()
        hass.bus.async_listen(EVENT_CALL_SERVICE, self._note)

    @callback
    def _note(self, event: Event) -> None:
        name = f"{event.data['domain']}.{event.data['service']}"
        self._all.append((name, dict(event.data["service_data"])))
        self._came.set()

    def of(self, name: str) -> list[dict[str, Any]]:
        return [data for called, data in self._all if called == name]

    async def first(self, name: str) -> dict[str, Any]:
        """Wait for a call, while the automation that makes it waits for something else."""
        while not self.of(name):
            self._came.clear()
            await self._came.wait()
        return self.of(name)[0]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self._all]


@pytest.fixture
def calls(hass: HomeAssistant) -> Calls:
    """Return what is called from now on."""
    return Calls(hass)


@pytest.fixture
def phone(hass: HomeAssistant) -> str:
    """Return the id of a phone with Home Assistant's app."""
    entry = MockConfigEntry(domain="mobile_app", title=PHONE_NAME)
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={("mobile_app", "phone")},
        name=PHONE_NAME,
    )
    return device.id


@pytest.fixture
async def server(hass: HomeAssistant, entry: MockConfigEntry, sim: Simulator) -> Simulator:
    """Return a server whose agent is the first, with every action that blueprints call."""
    return sim


@pytest.fixture
def decides(server: Simulator) -> Decides:
    """Return a function that sets what the model decides next."""

    def script(action: str, reason: str = "It has been long.", urgency: str = "medium") -> None:
        content = {"reason": reason, "action": action, "urgency": urgency}
        server.script(Reply(json.dumps(content)))

    return script
