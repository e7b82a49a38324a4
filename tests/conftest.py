"""A real Home Assistant, a real HTTP server, and short time limits."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
import os
from pathlib import Path
from unittest.mock import patch

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, entity_registry as er
from homeassistant.setup import async_setup_component
from hypothesis import settings
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

# First of all: whoever imports `custom_components` first decides which ollama is tested.
import custom_components.ollama
from custom_components.ollama.const import DATA_TIME_LIMITS, DOMAIN
from custom_components.ollama.server import TimeLimits
from simulator import Simulator

from .common import MODEL

assert custom_components.ollama.__file__

# The same examples each time where a run decides whether a change lands; others elsewhere.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


pytest_plugins = ("tests.lost_exceptions",)

SHORT_LIMITS = TimeLimits(
    connect=1.0,
    short=1.0,
    first_chunk=1.0,
    between_chunks=0.5,
    answer=3.0,
    pull_chunk=1.0,
    pull_retry=0.01,
    first_news=0.05,
    facts=2.0,
    voice_connect=0.5,
    voice_info=0.5,
    voice_audio=20.0,
    probe=0.5,
)


@pytest.fixture(autouse=True)
def _real_sockets(socket_enabled: None) -> None:
    """Allow connections to 127.0.0.1, where the simulator listens."""


@pytest.fixture(autouse=True)
def _custom_integration(enable_custom_integrations: None) -> None:
    """Let Home Assistant load this integration in place of its own."""


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Keep what Home Assistant writes out of the installed test plugin."""
    return hass_tmp_config_dir


@pytest.fixture(autouse=True)
def likely_hosts() -> Generator[list[str]]:
    """Switch off the probing of likely places; a test may put hosts into the list."""
    hosts: list[str] = []
    with patch("custom_components.ollama.flows.discovery._likely_hosts", lambda hass: hosts):
        yield hosts


@pytest.fixture(autouse=True)
async def _time_limits(hass: HomeAssistant) -> None:
    """Wait tenths of a second instead of minutes."""
    hass.data[DATA_TIME_LIMITS] = SHORT_LIMITS


@pytest.fixture(autouse=True)
def _no_priming_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what a server is asked to what a test asks; priming has tests of its own."""
    for name in ("_AFTER_START", "_AFTER_CHANGE", "_AFTER_QUERY"):
        # More than the clock of a frozen day, from which the loop's is a thousand times away.
        monkeypatch.setattr(f"custom_components.ollama.priming.{name}", 1e12)


@pytest.fixture(autouse=True)
async def _home_assistant(hass: HomeAssistant) -> None:
    """Set up what conversation builds on."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "conversation", {})


@pytest.fixture
async def sim() -> AsyncGenerator[Simulator]:
    """An Ollama server."""
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
def add_entry(hass: HomeAssistant, sim: Simulator) -> Callable[..., Awaitable[MockConfigEntry]]:
    """Return a function that sets up a server as core's integration would have left it."""

    async def add(
        *, agent: dict[str, object] | None = None, task: dict[str, object] | None = None
    ) -> MockConfigEntry:
        entry = MockConfigEntry(
            domain=DOMAIN,
            title=sim.url,
            version=3,
            minor_version=3,
            data={"url": sim.url},
            subentries_data=[
                {
                    "subentry_type": "conversation",
                    "title": "Ollama Conversation",
                    "unique_id": None,
                    "data": {"model": MODEL, "llm_hass_api": ["assist"], **(agent or {})},
                },
                {
                    "subentry_type": "ai_task_data",
                    "title": "Ollama AI Task",
                    "unique_id": None,
                    "data": {"model": MODEL, **(task or {})},
                },
            ],
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        return entry

    return add


@pytest.fixture
async def entry(add_entry: Callable[..., Awaitable[MockConfigEntry]]) -> MockConfigEntry:
    """Return a loaded server with an agent that controls the home, and an AI task."""
    return await add_entry()


@pytest.fixture
async def kitchen_light(hass: HomeAssistant, area_registry: ar.AreaRegistry) -> str:
    """Return an exposed light in the kitchen that really switches."""
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"lamp": {}}})
    assert await async_setup_component(
        hass,
        "template",
        {
            "template": {
                "light": {
                    "name": "Kitchen light",
                    "unique_id": "kitchen_light",
                    "state": "{{ is_state('input_boolean.lamp', 'on') }}",
                    "turn_on": {
                        "action": "input_boolean.turn_on",
                        "target": {"entity_id": "input_boolean.lamp"},
                    },
                    "turn_off": {
                        "action": "input_boolean.turn_off",
                        "target": {"entity_id": "input_boolean.lamp"},
                    },
                }
            }
        },
    )
    await hass.async_block_till_done()
    kitchen = area_registry.async_create("Kitchen")
    er.async_get(hass).async_update_entity("light.kitchen_light", area_id=kitchen.id)
    async_expose_entity(hass, "conversation", "light.kitchen_light", True)
    return "light.kitchen_light"


@pytest.fixture
def component_path() -> Path:
    """Return the folder of the integration."""
    return Path(custom_components.ollama.__file__).parent
