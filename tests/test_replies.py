"""Replies as small models emit them, with the tools of both APIs."""

from collections.abc import Callable
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import area_registry as ar, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest

from simulator import Reply, Simulator

from .common import say, speech
from .replies import (
    ASSIST,
    CALLS,
    DIALECT_CASES,
    DIALECTS,
    EFFECTS,
    MANGLED,
    OLLAMA,
    PLAIN,
    Mangled,
)

APIS = [ASSIST, OLLAMA]

# What the home can do, recorded instead of done.
ACTIONS = (
    "light.turn_on",
    "light.turn_off",
    "climate.set_temperature",
    "lock.lock",
    "lock.unlock",
    "switch.turn_on",
    "switch.turn_off",
)

RGB = {"supported_color_modes": ["rgb", "color_temp"]}
HEATS = {"supported_features": 1, "hvac_modes": ["heat", "off"], "temperature": 19}
HOME: tuple[tuple[str, str, str, tuple[str, ...], bool, dict[str, Any]], ...] = (
    # entity id, name, area, aliases, exposed, attributes
    ("light.kitchen_light", "Kitchen light", "Kitchen", ("cooking lamp",), True, RGB),
    ("light.bedroom_light", "Bedroom light", "Bedroom", (), True, RGB),
    ("light.secret_lamp", "Secret lamp", "Kitchen", (), False, RGB),
    ("lock.front_door", "Front door", "Hall", (), True, {}),
    ("lock.smart_lock", "Smart lock", "Hall", (), False, {}),
    ("climate.living_room", "Living room thermostat", "Living room", (), True, HEATS),
    ("switch.coffee", "Coffee maker", "Kitchen", (), True, {}),
)


@pytest.fixture
async def home(hass: HomeAssistant, area_registry: ar.AreaRegistry) -> list[ServiceCall]:
    """Return the actions that are called in a small furnished home."""
    registry = er.async_get(hass)
    for entity_id, name, area, aliases, exposed, attributes in HOME:
        domain, _, object_id = entity_id.partition(".")
        registry.async_get_or_create(
            domain, "test", object_id, suggested_object_id=object_id, original_name=name
        )
        registry.async_update_entity(
            entity_id,
            area_id=area_registry.async_get_or_create(area).id,
            aliases=[er.COMPUTED_NAME, *aliases],
        )
        hass.states.async_set(entity_id, "off", {"friendly_name": name, **attributes})
        async_expose_entity(hass, "conversation", entity_id, exposed)
    for domain in ("light", "climate", "lock", "switch"):
        assert await async_setup_component(hass, domain, {})
    calls: list[ServiceCall] = []
    for action in ACTIONS:
        domain, _, service = action.partition(".")
        hass.services.async_register(domain, service, calls.append)
    return calls


def done(calls: list[ServiceCall]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return what was done: action, entity, and the rest of the data."""
    found = []
    for call in calls:
        data = dict(call.data)
        ids = data.pop("entity_id")
        action = f"{call.domain}.{call.service}"
        found += [
            (action, entity_id, data) for entity_id in ([ids] if isinstance(ids, str) else ids)
        ]
    return found


async def assert_did(hass: HomeAssistant, calls: list[ServiceCall], does: str | None) -> None:
    """Exactly what was meant was done, and nothing else."""
    await hass.async_block_till_done()
    if does is None:
        assert done(calls) == []
        return
    ((action, entity_id, data),) = done(calls)
    wanted_action, wanted_id, wanted_data = EFFECTS[does]
    assert (action, entity_id) == (wanted_action, wanted_id)
    for key, value in wanted_data.items():
        assert data[key] == pytest.approx(value)


@pytest.fixture(params=APIS)
def api(request: pytest.FixtureRequest) -> str:
    """Return the id of an API."""
    return request.param


@pytest.fixture
def add_agent(add_entry: Callable, api: str) -> Callable:
    """Return a function that adds an agent with the API."""

    async def add(**more: Any) -> Any:
        return await add_entry(agent={"llm_hass_api": [ASSIST], "llm_apis": [api], **more})

    return add


@pytest.mark.parametrize(("dialect", "does"), DIALECT_CASES)
async def test_call_written_as_text(
    hass: HomeAssistant, sim: Simulator, home, add_agent, api: str, dialect: str, does: str
):
    await add_agent()
    name, arguments = CALLS[does][api]
    sim.script(Reply(DIALECTS[dialect](name, arguments)), Reply("As you wish."))
    result = await say(hass, "do it")
    await assert_did(hass, home, does)
    assert speech(result) == "As you wish."
    spoken = " ".join(
        message["content"]
        for message in sim.chats[1].body["messages"]
        if message["role"] == "assistant" and message.get("content")
    )
    assert name not in spoken
    assert "{" not in spoken


@pytest.mark.parametrize("case", MANGLED, ids=lambda case: case.id)
async def test_mangled_call(
    hass: HomeAssistant, sim: Simulator, home, add_agent, api: str, case: Mangled
):
    await add_agent()
    sim.script(Reply(tool_calls=(case.call(api),)), Reply("There."))
    result = await say(hass, "do it")
    await assert_did(hass, home, case.does)
    assert speech(result)
    if case.does is None:
        told = sim.chats[1].body["messages"][-1]
        assert told["role"] == "tool"
        assert "error" in told["content"].lower()
        # What is hidden isn't named, unless the model named it itself.
        assert "Secret lamp" in str(case.arguments) or "Secret lamp" not in told["content"]


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN.keys())
async def test_text_that_is_no_call(
    hass: HomeAssistant, sim: Simulator, home, add_agent, text: str
):
    await add_agent()
    sim.script(Reply(chunks=[text]))
    assert speech(await say(hass, "tell me")) == text
    assert done(home) == []
    assert len(sim.chats) == 1


async def test_two_calls_written_as_text(
    hass: HomeAssistant, sim: Simulator, home, add_agent, api: str
):
    await add_agent()
    texts = [DIALECTS["hermes"](*CALLS[does][api]) for does in ("on", "temperature")]
    sim.script(Reply("\n".join(texts)), Reply("Both."))
    await say(hass, "do both")
    await hass.async_block_till_done()
    # Calls of one answer run at the same time.
    assert {action for action, _, _ in done(home)} == {
        "light.turn_on",
        "climate.set_temperature",
    }
