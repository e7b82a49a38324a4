"""The settings of a server: shown, saved, and in force while it works."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import InvalidData
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.ollama.const import DATA_TIME_LIMITS, DOMAIN
from custom_components.ollama.server import TimeLimits
from simulator import DEFAULT_MODELS, Fault, Rates, Reply, Simulator

from ..common import EMBEDDING_MODEL, MODEL, PLAIN_MODEL, VISION_MODEL, options_of, say, speech
from .helpers import Names, change_agent, change_options

CLOUD = "gpt-oss:120b-cloud"
LIMIT = "number.ollama_requests_per_hour"
PROCESSED = "ollama_query_processed"
KEPT = {"cloud_models": [], "public_server": False}
DEFAULTS = {
    "limits": {
        "max_parallel": 1,
        "requests_per_hour": 0,
        "requests_per_hour_per_user": 0,
        "min_seconds_between_requests": 0,
    },
    "privacy": {
        "log_queries": "short",
        "allow_cloud_models": False,
        "allow_public_server": False,
    },
    "models": {},
}
SAVED_DEFAULTS = {
    **DEFAULTS["limits"],
    "log_queries": "short",
    "allow_cloud_models": False,
}
CHANGES = {
    "max_parallel": 3.0,
    "requests_per_hour": 100.0,
    "requests_per_hour_per_user": 20.0,
    "min_seconds_between_requests": 1.5,
    "log_queries": "full",
    "allow_cloud_models": True,
    "allow_public_server": True,
}
ROUTES = {"fast": MODEL, "vision": f" {VISION_MODEL} ", "code": "  ", "creative": CLOUD}


async def test_defaults(hass: HomeAssistant, entry):
    """What is in force shows, and saving it as it is changes nothing."""
    runtime = entry.runtime_data
    dialog = await change_options(hass, entry)
    assert dialog.step == "init"
    assert dialog.errors == {}
    assert dialog.values == DEFAULTS
    assert dialog.fields == ["limits", "privacy", "models"]
    assert [bool(dialog.field(name).options["collapsed"]) for name in dialog.fields] == [
        False,
        False,
        True,
    ]
    await dialog.submit()
    assert dialog.saved == entry.options == {"kept": KEPT, **SAVED_DEFAULTS}
    await hass.async_block_till_done()
    assert entry.runtime_data is runtime
    assert (await change_options(hass, entry)).values == DEFAULTS


async def test_saved(hass: HomeAssistant, entry):
    await (await change_options(hass, entry)).submit(**CHANGES, **ROUTES)
    routes = {"fast": MODEL, "vision": VISION_MODEL, "creative": CLOUD}
    assert entry.options == {"kept": KEPT, **CHANGES, "models": routes}
    # Counts are whole numbers, whatever a form makes of them.
    assert [type(entry.options[key]) for key in list(CHANGES)[:4]] == [int, int, int, float]
    await hass.async_block_till_done()
    assert hass.states.get(LIMIT).state == "100"
    dialog = await change_options(hass, entry)
    assert dialog.values["limits"] | dialog.values["privacy"] == CHANGES
    assert dialog.values["models"] == routes
    # And back again.
    everything = DEFAULTS["limits"] | DEFAULTS["privacy"] | dict.fromkeys(routes)
    await dialog.submit(**everything)
    assert entry.options == {"kept": KEPT, **SAVED_DEFAULTS}


async def test_limit_below_one(hass: HomeAssistant, entry):
    """It isn't none, as 0 is."""
    limits = ("requests_per_hour", "requests_per_hour_per_user")
    await (await change_options(hass, entry)).submit(**dict.fromkeys(limits, 0.5), max_parallel=1.5)
    assert [entry.options[key] for key in limits] == [1, 1]
    assert entry.options["max_parallel"] == 2


async def test_keeps_what_was_changed_elsewhere(hass: HomeAssistant, entry):
    """The limit has an entity of its own, and the dialog may be open for long."""
    dialog = await change_options(hass, entry)
    await hass.services.async_call(
        "number", "set_value", {"entity_id": LIMIT, "value": 7}, blocking=True
    )
    await dialog.submit(max_parallel=2)
    assert entry.options["requests_per_hour"] == 7
    assert entry.options["max_parallel"] == 2


async def test_model_that_cannot_see(hass: HomeAssistant, entry):
    dialog = await (await change_options(hass, entry)).submit(vision=PLAIN_MODEL)
    assert dialog.errors == {"base": "model_without_vision"}
    await dialog.submit(vision=VISION_MODEL)
    assert entry.options["models"] == {"vision": VISION_MODEL}


@pytest.mark.parametrize(
    "options",
    [
        {"max_parallel": "abc", "min_seconds_between_requests": "x", "requests_per_hour": -5},
        {"requests_per_hour": float("nan"), "max_parallel": float("inf")},
        {"models": ["a"], "log_queries": 5},
        {"models": {"vision": 5}, "allow_cloud_models": "no"},
    ],
)
async def test_options_of_somebody_else(
    hass: HomeAssistant, sim: Simulator, entry, options: dict[str, Any]
):
    """Written by hand, or by a later version: an agent that doesn't answer helps nobody."""
    hass.config_entries.async_update_entry(entry, options={**entry.options, **options})
    assert speech(await say(hass, "hello"))
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert speech(await say(hass, "hello"))
    settings = entry.runtime_data.settings
    assert settings.max_parallel in (1, 32)
    assert settings.rate_limits.per_hour == 0
    assert settings.models == {}
    assert not settings.privacy.allow_cloud_models


async def test_keeps_what_it_does_not_show(hass: HomeAssistant, sim: Simulator, add_entry):
    """Policies, what was in use at first, core's connection, and what a later version adds."""
    entry = await add_entry(agent={"model": CLOUD})
    agent = await change_agent(hass, entry)
    await agent.submit(model=MODEL)
    await agent.submit(pin="1234")
    policies = entry.options["policies"]
    assert next(iter(policies.values())) == {"pin": "1234"}
    later = {"url": sim.url, "api_key": "k", "later": {"a": 1}}
    hass.config_entries.async_update_entry(entry, options={**entry.options, **later})
    await hass.async_block_till_done()
    dialog = await change_options(hass, entry)
    # What changes while the dialog is open stays changed.
    hass.config_entries.async_update_entry(entry, options={**entry.options, "meanwhile": 1})
    await dialog.submit(max_parallel=2)
    assert entry.options == {
        **SAVED_DEFAULTS,
        **later,
        "kept": {"cloud_models": [CLOUD], "public_server": False},
        "policies": policies,
        "max_parallel": 2,
        "meanwhile": 1,
    }


@pytest.mark.parametrize(
    ("options", "section", "shown"),
    [
        ({"requests_per_hour": 12.0}, "limits", {"requests_per_hour": 12}),
        ({"max_parallel": 0}, "limits", {"max_parallel": 1}),
        ({"max_parallel": None, "log_queries": "loud"}, "privacy", {"log_queries": "short"}),
        ({"models": {"fast": MODEL, "odd": "x"}}, "models", {"fast": MODEL}),
        ({"models": None}, "models", {}),
    ],
)
async def test_odd_values(
    hass: HomeAssistant, entry, options: dict[str, Any], section: str, shown: dict[str, Any]
):
    """The form shows what is in force, whatever was saved."""
    hass.config_entries.async_update_entry(entry, options=options)
    dialog = await change_options(hass, entry)
    assert dialog.values == {**DEFAULTS, section: {**DEFAULTS[section], **shown}}
    await dialog.submit()
    assert (
        options_of(entry).items()
        >= (SAVED_DEFAULTS | (shown if section != "models" else {})).items()
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_parallel", 0),
        ("max_parallel", 33),
        ("requests_per_hour", -1),
        ("requests_per_hour_per_user", 1e9),
        ("min_seconds_between_requests", -0.5),
        ("log_queries", "loud"),
    ],
)
async def test_out_of_range(hass: HomeAssistant, entry, field: str, value: Any):
    dialog = await change_options(hass, entry)
    before = dict(entry.options)
    with pytest.raises(InvalidData):
        await dialog.submit(**{field: value})
    assert entry.options == before
    await dialog.submit()
    assert dialog.saved


# Applied in place


@pytest.fixture
def slow(hass: HomeAssistant, sim: Simulator) -> str:
    """Let the next answer take its time, and return it."""
    hass.data[DATA_TIME_LIMITS] = TimeLimits()
    pieces = tuple(f"word{number} " for number in range(16))
    sim.set_rates(Rates(generation_tokens_per_second=10))
    sim.script(Reply(chunks=pieces))
    return "".join(pieces)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def test_applied_while_an_answer_is_spoken(
    hass: HomeAssistant, slow: str, sim: Simulator, entry
):
    """Nothing is loaded anew, and who waited for the answer's end waits no longer."""
    runtime = entry.runtime_data
    events = async_capture_events(hass, PROCESSED)
    dialog = await change_options(hass, entry)
    answering = asyncio.create_task(say(hass, "tell me a lot"))
    await until(lambda: bool(sim.chats) and sim.chats[0].lines >= 3)
    sim.script(Reply("At once."))
    waiting = asyncio.create_task(say(hass, "and now?"))
    await asyncio.sleep(0.1)
    assert len(sim.chats) == 1
    asked = len(sim.requests)

    await dialog.submit(max_parallel=2, log_queries="none", requests_per_hour=7, fast=MODEL)
    await until(lambda: len(sim.chats) == 2)
    assert not sim.chats[0].finished
    assert hass.states.get(LIMIT).state == "7"
    assert speech(await answering) == slow
    assert (sim.chats[0].finished, sim.chats[0].cancelled) == (True, False)
    assert speech(await waiting) == "At once."
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is runtime
    assert {request.path for request in sim.requests[asked:]} <= {"/api/chat", "/api/ps"}
    # What is asked from now on is told of as it was chosen now.
    sim.script(Reply("Secretly."))
    await say(hass, "in secret")
    await hass.async_block_till_done()
    told = [str(event.data) for event in events]
    assert len(told) == 3
    assert ["At once." in text for text in told].count(True) == 1
    assert not any("ecret" in text for text in told)


# Models


async def test_models_that_are_offered(hass: HomeAssistant, sim: Simulator, entry):
    """Those of the server that can answer: without asking it, and none to download."""
    asked = len(sim.requests)
    dialog = await change_options(hass, entry)
    assert len(sim.requests) == asked
    for selector in dialog.field("models").schema.schema.values():
        names = {option["value"] for option in selector.config["options"]}
        assert names == {model.name for model in DEFAULT_MODELS} - {EMBEDDING_MODEL}
        assert selector.config["custom_value"] is True


@pytest.mark.parametrize(
    "model", [CLOUD, "kimi-k2:cloud", " GPT-OSS:120B-Cloud ", "a/b-cloud:latest"]
)
async def test_cloud_model(hass: HomeAssistant, sim: Simulator, entry, model: str):
    """It is refused until it is allowed, if in the same breath."""
    before, asked = dict(entry.options), len(sim.requests)
    dialog = await (await change_options(hass, entry)).submit(creative=model, max_parallel=2)
    assert dialog.errors == {"base": "cloud_model"}
    assert dialog.values["models"] == {"creative": model}
    assert dialog.values["limits"]["max_parallel"] == 2
    assert entry.options == before
    await dialog.submit(allow_cloud_models=True)
    assert dialog.saved["models"] == {"creative": model.strip()}
    # And again once it isn't allowed any more.
    dialog = await change_options(hass, entry)
    await dialog.submit(allow_cloud_models=False)
    assert dialog.errors == {"base": "cloud_model"}
    assert entry.options["allow_cloud_models"] is True
    assert len(sim.requests) == asked


async def test_cloud_model_by_another_name(
    hass: HomeAssistant, sim: Simulator, passed_on: str, entry
):
    """The server tells that it passes on what is said to it."""
    dialog = await (await change_options(hass, entry)).submit(fast=passed_on)
    assert dialog.errors == {"base": "cloud_model"}
    await dialog.submit(allow_cloud_models=True)
    assert dialog.saved["models"] == {"fast": passed_on}


async def test_cloud_model_that_was_in_use(hass: HomeAssistant, add_entry):
    """What an agent of core's may go on using is no model for the rest."""
    entry = await add_entry(agent={"model": CLOUD})
    assert entry.options["kept"]["cloud_models"] == [CLOUD]
    dialog = await (await change_options(hass, entry)).submit(fast=CLOUD)
    assert dialog.errors == {"base": "cloud_model"}


# Without the server


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.HANG, Fault.GARBAGE])
async def test_server_is_down(hass: HomeAssistant, sim: Simulator, entry, fault: Fault):
    """What it told last is still known."""
    sim.fault(fault, times=None)
    dialog = await change_options(hass, entry)
    assert (dialog.errors, dialog.values) == ({}, DEFAULTS)
    selector = dialog.field("models").schema.schema["fast"]
    assert MODEL in {option["value"] for option in selector.config["options"]}
    await dialog.submit(requests_per_hour=9)
    assert hass.states.get(LIMIT).state == "9"


async def test_loaded_without_the_server(hass: HomeAssistant, sim: Simulator, entry):
    await sim.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    dialog = await change_options(hass, entry)
    assert dialog.field("models").schema.schema["fast"].config["options"] == []
    await dialog.submit(fast=MODEL, log_queries="none")
    assert dialog.saved["models"] == {"fast": MODEL}


async def test_not_loaded(hass: HomeAssistant, sim: Simulator):
    """The form opens, and the server is tried again with what is saved."""
    await sim.stop()
    entry = MockConfigEntry(
        domain=DOMAIN, version=3, minor_version=3, title=sim.url, data={"url": sim.url}
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    dialog = await change_options(hass, entry)
    assert (dialog.errors, dialog.values) == ({}, DEFAULTS)
    await sim.start()
    await dialog.submit(requests_per_hour=9, fast=MODEL)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.get(LIMIT).state == "9"


async def test_unloaded_meanwhile(hass: HomeAssistant, sim: Simulator, entry):
    dialog = await change_options(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    await dialog.submit(max_parallel=2)
    assert entry.options["max_parallel"] == 2
    assert dialog.saved == entry.options


@pytest.mark.usefixtures("_may_be_refused")
async def test_public_server_is_allowed(hass: HomeAssistant, sim: Simulator, names: Names):
    """A server that was refused is loaded with it, and refused again without it."""
    names["ollama.local"] = ("127.0.0.1", "8.8.8.8")
    url = f"http://ollama.local:{sim.port}"
    entry = MockConfigEntry(
        domain=DOMAIN,
        version=3,
        minor_version=3,
        title=url,
        data={"url": url},
        options={"kept": KEPT},
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert sim.requests == []
    issue = (DOMAIN, f"public_server_refused_{entry.entry_id}")
    assert issue in ir.async_get(hass).issues

    await (await change_options(hass, entry)).submit(allow_public_server=True)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert issue not in ir.async_get(hass).issues

    asked = len(sim.requests)
    await (await change_options(hass, entry)).submit(allow_public_server=False)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert issue in ir.async_get(hass).issues
    assert len(sim.requests) == asked
