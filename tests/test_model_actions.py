"""Actions that manage models: download, delete, load, unload."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import pairwise
import json
import logging
from pathlib import Path
from typing import Any

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import Context, Event, HomeAssistant, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import probatio
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)
import yaml

from custom_components.ollama.actions import ACTIONS
from custom_components.ollama.const import DOMAIN
from custom_components.ollama.server.downloads import Progress
from simulator import Fault, Rates, RecordedRequest, SimModel, Simulator

from .common import EMBEDDING_MODEL, MODEL, PLAIN_MODEL, say
from .flows.texts import english, placeholders

NEW = "mistral-nemo:12b"
SIZE = 1_000_000
PROGRESS = "ollama_pull_progress"
NAMES = ("delete_model", "load_model", "pull_model", "unload_model")

type AddEntry = Callable[..., Awaitable[MockConfigEntry]]


async def call(hass: HomeAssistant, action: str, model: str = NEW, **data: Any) -> Any:
    """Call an action and return its response."""
    return await hass.services.async_call(
        DOMAIN, action, {"model": model, **data}, blocking=True, return_response=True
    )


async def failure(hass: HomeAssistant, action: str, model: str = NEW, **data: Any) -> Any:
    """Call an action that fails; return the error after checking its text."""
    with pytest.raises(HomeAssistantError) as caught:
        await call(hass, action, model, **data)
    check_text(caught.value)
    return caught.value


def check_text(err: HomeAssistantError) -> None:
    assert err.translation_domain == DOMAIN
    message = english()["exceptions"][err.translation_key]["message"]
    given = err.translation_placeholders or {}
    assert placeholders(message) <= set(given)
    assert all(isinstance(value, str) for value in given.values())
    # Home Assistant takes the last full stop away.
    assert str(err).rstrip(".") == message.format(**given).rstrip(".")


def asked(sim: Simulator, path: str) -> list[RecordedRequest]:
    return [request for request in sim.requests if request.path == path]


def status(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return the state of the sensor that says whether the server is there."""
    return value(hass, entry, "binary_sensor", "status")


def value(hass: HomeAssistant, entry: MockConfigEntry, platform: str, key: str) -> str:
    unique_id = f"{entry.entry_id}_{key}"
    entity_id = er.async_get(hass).async_get_entity_id(platform, DOMAIN, unique_id)
    assert entity_id is not None
    state = hass.states.get(entity_id)
    assert state is not None
    return state.state


async def another_server(hass: HomeAssistant, sim: Simulator, **more: Any) -> MockConfigEntry:
    entry = MockConfigEntry(
        domain=DOMAIN, title="Other", version=3, minor_version=3, data={"url": sim.url}, **more
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


@pytest.fixture
def events(hass: HomeAssistant) -> list[tuple[float, dict[str, Any]]]:
    """Return the events of downloads as they come, and when."""
    seen: list[tuple[float, dict[str, Any]]] = []

    @callback
    def note(event: Event) -> None:
        seen.append((hass.loop.time(), dict(event.data)))

    hass.bus.async_listen(PROGRESS, note)
    return seen


async def download_over(hass: HomeAssistant, events: list[tuple[float, dict[str, Any]]]) -> None:
    async with asyncio.timeout(3):
        while not events or events[-1][1]["status"] == "running":
            await asyncio.sleep(0.01)
    await hass.async_block_till_done(wait_background_tasks=True)


# How they are described


@pytest.fixture
def described(component_path: Path) -> Mapping[str, Any]:
    """Return what services.yaml says."""
    return yaml.safe_load((component_path / "services.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
async def test_schema_description_and_texts_agree(
    hass: HomeAssistant, described: Mapping[str, Any], component_path: Path, name: str
):
    assert await async_setup_component(hass, DOMAIN, {})
    action = next(action for action in ACTIONS if action.name == name)
    texts = english()["services"][name]
    fields = described[name]["fields"]
    assert texts["name"]
    assert texts["description"]
    keys = {key.schema: key for key in action.schema.schema}
    assert set(keys) == set(fields) == set(texts["fields"])
    for field, about in fields.items():
        assert texts["fields"][field]["name"]
        assert texts["fields"][field]["description"]
        assert about["selector"]
        assert about.get("required", False) == isinstance(keys[field], probatio.Required)
        if "default" in about:
            assert keys[field].default() == about["default"]
    icons = json.loads((component_path / "icons.json").read_text(encoding="utf-8"))
    assert icons["services"][name]["service"].startswith("mdi:")
    # As Home Assistant reads all of it for the browser.
    [shown] = [(await async_get_all_descriptions(hass))[DOMAIN][name]]
    assert shown["fields"].keys() == fields.keys()
    assert shown["response"] == {"optional": True}


async def test_no_action_is_forgotten(hass: HomeAssistant, described: Mapping[str, Any]):
    assert await async_setup_component(hass, DOMAIN, {})
    registered = hass.services.async_services_for_domain(DOMAIN)
    assert set(NAMES) <= set(registered)
    assert set(registered) == set(described) == set(english()["services"])


@pytest.mark.parametrize("name", NAMES)
async def test_response_is_optional(hass: HomeAssistant, entry, name: str):
    assert hass.services.supports_response(DOMAIN, name) is SupportsResponse.OPTIONAL


# Who may, and which server


@pytest.mark.parametrize("name", NAMES)
async def test_admin_only(
    hass: HomeAssistant,
    sim: Simulator,
    entry,
    name: str,
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
):
    asked_before = len(sim.requests)
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            name,
            {"model": PLAIN_MODEL},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )
    assert len(sim.requests) == asked_before
    # Also where no response is wanted, as from a dashboard's button.
    await hass.services.async_call(
        DOMAIN,
        name,
        {"model": PLAIN_MODEL},
        blocking=True,
        context=Context(user_id=hass_admin_user.id),
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(sim.requests) > asked_before


@pytest.mark.parametrize("name", NAMES)
async def test_no_server(hass: HomeAssistant, name: str):
    """They are there without any server, and say so."""
    assert await async_setup_component(hass, DOMAIN, {})
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, name)
    assert caught.value.translation_key == "service_found_no_config_entry_for_domain"


@pytest.mark.parametrize("name", NAMES)
async def test_server_that_is_not_loaded(hass: HomeAssistant, entry, name: str):
    await hass.config_entries.async_unload(entry.entry_id)
    for data in ({}, {"config_entry": entry.entry_id}):
        with pytest.raises(ServiceValidationError) as caught:
            await call(hass, name, **data)
        assert caught.value.translation_key == "service_config_entry_not_loaded"


@pytest.mark.parametrize("name", NAMES)
async def test_unknown_server(hass: HomeAssistant, entry, name: str):
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, name, config_entry="nonsense")
    assert caught.value.translation_key == "service_config_entry_not_found"
    sun = MockConfigEntry(domain="sun")
    sun.add_to_hass(hass)
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, name, config_entry=sun.entry_id)
    assert caught.value.translation_key == "service_config_entry_wrong_domain"


async def test_one_of_two_servers(hass: HomeAssistant, sim: Simulator, entry):
    async with Simulator() as elsewhere:
        other = await another_server(hass, elsewhere)
        with pytest.raises(ServiceValidationError) as caught:
            await call(hass, "load_model", PLAIN_MODEL)
        assert caught.value.translation_key == "several_servers"
        await call(hass, "load_model", PLAIN_MODEL, config_entry=other.entry_id)
        assert elsewhere.loaded == (PLAIN_MODEL,)
        assert sim.loaded == ()
        await call(hass, "load_model", PLAIN_MODEL, config_entry=entry.entry_id)
        assert sim.loaded == (PLAIN_MODEL,)
        await hass.config_entries.async_unload(other.entry_id)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("model", ["", "   "])
async def test_empty_name(hass: HomeAssistant, sim: Simulator, entry, name: str, model: str):
    asked_before = len(sim.requests)
    err = await failure(hass, name, model)
    assert isinstance(err, ServiceValidationError)
    assert err.translation_key == "model_empty"
    assert len(sim.requests) == asked_before


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "data", [{}, {"model": None}, {"model": ["a"]}, {"model": NEW, "nonsense": 1}]
)
async def test_data_of_the_wrong_shape(hass: HomeAssistant, entry, name: str, data: Any):
    with pytest.raises(probatio.Invalid):
        await hass.services.async_call(DOMAIN, name, data, blocking=True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("model", ["my own model", "a/b/c/d", "ä" * 300])
async def test_name_that_cannot_be(hass: HomeAssistant, entry, name: str, model: str):
    """The server's own words are shown, or that it has no such model."""
    err = await failure(hass, name, model, **({"wait": True} if name == "pull_model" else {}))
    assert err.translation_key in {"request_rejected", "model_missing", "download_failed"}
    assert status(hass, entry) == STATE_ON


async def test_spaces_around_a_name(hass: HomeAssistant, sim: Simulator, entry):
    assert await call(hass, "load_model", f" {PLAIN_MODEL}\n") == {
        "model": PLAIN_MODEL,
        "status": "done",
    }
    assert sim.loaded == (PLAIN_MODEL,)


AWAY = [
    ("delete_model", {}),
    ("load_model", {}),
    ("pull_model", {"wait": True}),
    ("unload_model", {}),
]


@pytest.mark.parametrize(("name", "data"), AWAY)
async def test_server_is_away(
    hass: HomeAssistant, sim: Simulator, entry, name: str, data: dict[str, Any]
):
    assert status(hass, entry) == STATE_ON
    await sim.stop()
    err = await failure(hass, name, PLAIN_MODEL, **data)
    assert err.translation_key == "unreachable_refused"
    await hass.async_block_till_done()
    assert status(hass, entry) == STATE_OFF
    await sim.start()
    await call(hass, name, PLAIN_MODEL, **data)
    await hass.async_block_till_done()
    assert status(hass, entry) == STATE_ON


FAULTS = {
    Fault.HTTP_500: {"server_failed", "download_failed"},
    Fault.HTTP_503: {"server_busy"},
    Fault.HTTP_403_EMPTY: {"forbidden_origin"},
    Fault.GARBAGE: {"answer_invalid"},
    Fault.NOT_OLLAMA: {"answer_invalid"},
    Fault.HANG: {"too_slow"},
}


PATHS = {
    "delete_model": "/api/delete",
    "load_model": "/api/generate",
    "pull_model": "/api/pull",
    "unload_model": "/api/generate",
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("name", "data"), AWAY)
async def test_server_fails(
    hass: HomeAssistant, sim: Simulator, entry, name: str, data: dict[str, Any], fault: Fault
):
    sim.fault(fault, path=PATHS[name])
    if name == "delete_model" and fault is Fault.GARBAGE:
        # The status is the whole answer: what else comes doesn't matter.
        await call(hass, name, PLAIN_MODEL)
        return
    err = await failure(hass, name, PLAIN_MODEL, **data)
    assert err.translation_key in FAULTS[fault]
    # It works again as soon as the server does.
    await call(hass, name, PLAIN_MODEL, **data)


@pytest.mark.parametrize(("name", "data"), AWAY)
async def test_key_is_refused(
    hass: HomeAssistant, sim: Simulator, entry, name: str, data: dict[str, Any]
):
    """The owner is asked for a new one."""
    sim.fault(Fault.HTTP_401, times=None)
    err = await failure(hass, name, PLAIN_MODEL, **data)
    assert err.translation_key == "invalid_auth"
    await hass.async_block_till_done()
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert [flow["context"]["source"] for flow in flows] == ["reauth"]
    hass.config_entries.flow.async_abort(flows[0]["flow_id"])


# Download


async def test_pull_starts(hass: HomeAssistant, sim: Simulator, entry, events):
    """The caller goes on at once; the sensors show the model at the end."""
    before = int(value(hass, entry, "sensor", "installed_models"))
    sim.pull_plan(NEW, seconds=0.2)
    assert await call(hass, "pull_model") == {"model": NEW, "status": "started"}
    assert not events or events[-1][1]["status"] == "running"
    await download_over(hass, events)
    assert events[-1][1]["status"] == "done"
    async with asyncio.timeout(3):
        while int(value(hass, entry, "sensor", "installed_models")) != before + 1:
            await asyncio.sleep(0.01)


async def test_pull_is_joined(hass: HomeAssistant, sim: Simulator, entry):
    sim.pull_plan("phi4", seconds=0.2)
    assert (await call(hass, "pull_model", "phi4"))["status"] == "started"
    assert (await call(hass, "pull_model", "phi4:latest"))["status"] == "running"
    assert (await call(hass, "pull_model", "phi4", wait=True))["status"] == "done"
    assert len(asked(sim, "/api/pull")) == 1
    # What has ended is not joined.
    assert (await call(hass, "pull_model", "phi4"))["status"] == "done"
    assert len(asked(sim, "/api/pull")) == 2


async def test_pull_waits(hass: HomeAssistant, sim: Simulator, entry):
    sim.pull_plan(NEW, seconds=0.1)
    assert await call(hass, "pull_model", wait=True) == {"model": NEW, "status": "done"}
    assert asked(sim, "/api/pull")[0].finished
    await call(hass, "load_model")
    assert sim.loaded == (NEW,)


async def test_pull_tells_how_far_it_is(
    hass: HomeAssistant,
    sim: Simulator,
    entry,
    events,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("custom_components.ollama.server.downloads.EVENT_SECONDS", 0.03)
    caplog.set_level(logging.INFO, "custom_components.ollama")
    sim.pull_plan(NEW, sizes=(SIZE,), seconds=0.3, steps=20)
    await call(hass, "pull_model", wait=True)
    await download_over(hass, events)
    told = [event for _, event in events]
    assert {event["config_entry_id"] for event in told} == {entry.entry_id}
    assert {event["model"] for event in told} == {NEW}
    assert [event["status"] for event in told] == ["running"] * (len(told) - 1) + ["done"]
    assert not any("error" in event for event in told)
    shares = [event["percent"] for event in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 100
    assert len(set(shares)) > 4
    assert {event["total"] for event in told} <= {0, SIZE}
    assert told[-1]["completed"] == SIZE
    times = [time for time, _ in events]
    apart = [later - earlier for earlier, later in pairwise(times[:-1])]
    assert all(seconds >= 0.029 for seconds in apart)
    lines = [record.getMessage() for record in caplog.records if NEW in record.getMessage()]
    assert lines[0] == f"Download of {NEW} begins"
    assert lines[-1] == f"Download of {NEW} is complete"
    assert 3 <= len(lines) <= 13
    assert all(line.endswith("%") for line in lines[1:-1])


async def test_pull_tells_at_most_once_a_second(hass: HomeAssistant, sim: Simulator, entry, events):
    """A download of hundreds of lines is told by its begin and its end when it is short."""
    sim.pull_plan(NEW, sizes=(SIZE,), seconds=0.2, steps=200)
    await call(hass, "pull_model", wait=True)
    await download_over(hass, events)
    assert [event["status"] for _, event in events] == ["running", "done"]


async def test_pull_of_an_installed_model_refreshes_it(hass: HomeAssistant, sim: Simulator, entry):
    """What it can do may have changed: the sensors and the repairs see it."""
    issues = ir.async_get(hass).issues
    sim.pull_plan(MODEL, model=SimModel(MODEL, capabilities=("completion",), size=123))
    assert (await call(hass, "pull_model", MODEL, wait=True))["status"] == "done"
    await hass.async_block_till_done()
    assert len(asked(sim, "/api/pull")) == 1
    assert [issue.translation_key for issue in issues.values()] == ["model_without_tools"]


async def test_pull_fails_in_the_servers_words(hass: HomeAssistant, sim: Simulator, entry, events):
    sim.pull_plan(NEW, error="no space left on device", fail_after=0.5)
    err = await failure(hass, "pull_model", wait=True)
    assert err.translation_key == "download_failed"
    assert err.translation_placeholders == {"model": NEW, "detail": "no space left on device"}
    await download_over(hass, events)
    assert events[-1][1]["status"] == "failed"
    assert events[-1][1]["error"] == "server_failed"
    assert status(hass, entry) == STATE_ON


async def test_pull_fails_while_nobody_waits(
    hass: HomeAssistant, sim: Simulator, entry, events, caplog: pytest.LogCaptureFixture
):
    words = "pull model manifest: file does not exist"
    sim.pull_plan("no-such-model", error=words, fail_after=0.9, seconds=0.3)
    assert (await call(hass, "pull_model", "no-such-model"))["status"] == "started"
    await download_over(hass, events)
    assert events[-1][1]["status"] == "failed"
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    [warning] = [record for record in warnings if "no-such-model" in record.getMessage()]
    assert "file does not exist" in warning.getMessage()
    assert not warning.exc_info


async def test_pull_that_fails_at_once(hass: HomeAssistant, sim: Simulator, entry):
    """A name that doesn't exist isn't told of as a success, though nobody waits."""
    err = await failure(hass, "pull_model", "no-such-model")
    assert err.translation_key == "download_failed"
    assert "file does not exist" in err.translation_placeholders["detail"]


async def test_pull_that_goes_on(hass: HomeAssistant, sim: Simulator, entry, events):
    """Whoever doesn't wait is told so after a moment, and not before."""
    sim.pull_plan(NEW, seconds=0.3)
    assert (await call(hass, "pull_model", NEW))["status"] == "started"
    await download_over(hass, events)
    assert (await call(hass, "pull_model", PLAIN_MODEL))["status"] == "done"


async def test_pull_that_is_cut_goes_on(hass: HomeAssistant, sim: Simulator, entry, events):
    sim.pull_plan(NEW, sizes=(SIZE,))
    sim.fault(Fault.CUT_MID_STREAM, path="/api/pull", after_chunks=6, times=2)
    assert (await call(hass, "pull_model", wait=True))["status"] == "done"
    assert len(asked(sim, "/api/pull")) == 3
    await download_over(hass, events)
    assert events[-1][1]["completed"] == SIZE


async def test_pull_that_is_cut_for_ever(hass: HomeAssistant, sim: Simulator, entry, events):
    sim.pull_plan(NEW, sizes=(SIZE,))
    sim.fault(Fault.CUT_MID_STREAM, path="/api/pull", after_chunks=4, times=None)
    err = await failure(hass, "pull_model", wait=True)
    assert err.translation_key == "answer_cut"
    await download_over(hass, events)
    assert events[-1][1]["error"] == "answer_cut"


@pytest.mark.parametrize(("completed", "total"), [(-5, 10), (5, -10), (0, 0), (-5, 0)])
def test_progress_with_odd_figures(completed: int, total: int):
    """Less than nothing is nothing."""
    assert Progress(completed, total).fraction == 0


async def test_pull_of_a_cloud_model(hass: HomeAssistant, sim: Simulator, entry):
    err = await failure(hass, "pull_model", "gpt-oss:120b-cloud")
    assert err.translation_key == "cloud_model"
    assert not asked(sim, "/api/pull")


async def test_pull_outlives_a_reload(hass: HomeAssistant, sim: Simulator, entry, events):
    sim.pull_plan(NEW, seconds=0.2)
    await call(hass, "pull_model")
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert (await call(hass, "pull_model", wait=True))["status"] == "done"
    assert len(asked(sim, "/api/pull")) == 1
    await download_over(hass, events)


async def test_pulls_of_two_servers(hass: HomeAssistant, sim: Simulator, entry, events):
    async with Simulator() as elsewhere:
        other = await another_server(hass, elsewhere)
        both = [entry.entry_id, other.entry_id]
        for simulator in (sim, elsewhere):
            simulator.pull_plan(NEW, seconds=0.1)
        answers = [await call(hass, "pull_model", config_entry=one) for one in both]
        assert [answer["status"] for answer in answers] == ["started", "started"]
        for one in both:
            await call(hass, "pull_model", config_entry=one, wait=True)
        await download_over(hass, events)
        done = [event for _, event in events if event["status"] == "done"]
        assert {event["config_entry_id"] for event in done} == set(both)
        await hass.config_entries.async_unload(other.entry_id)


# Delete


async def test_delete(hass: HomeAssistant, sim: Simulator, entry):
    before = int(value(hass, entry, "sensor", "installed_models"))
    assert await call(hass, "delete_model", PLAIN_MODEL) == {
        "model": PLAIN_MODEL,
        "status": "done",
    }
    [request] = asked(sim, "/api/delete")
    assert request.body["model"] == PLAIN_MODEL
    await hass.async_block_till_done()
    assert int(value(hass, entry, "sensor", "installed_models")) == before - 1
    err = await failure(hass, "delete_model", PLAIN_MODEL)
    assert err.translation_key == "model_not_there"
    assert err.translation_placeholders == {"model": PLAIN_MODEL}


async def test_delete_while_agents_use_it(hass: HomeAssistant, sim: Simulator, entry):
    err = await failure(hass, "delete_model", MODEL)
    assert isinstance(err, ServiceValidationError)
    assert err.translation_key == "model_in_use"
    assert err.translation_placeholders == {
        "model": MODEL,
        "agents": "Ollama Conversation, Ollama AI Task",
    }
    assert not asked(sim, "/api/delete")
    await call(hass, "delete_model", MODEL, force=True)
    await hass.async_block_till_done()
    found = [issue.translation_key for issue in ir.async_get(hass).issues.values()]
    assert found == ["model_missing", "model_missing"]


@pytest.mark.parametrize("name", ["phi4:latest", "library/phi4", "registry.ollama.ai/library/phi4"])
async def test_delete_while_an_agent_uses_it_under_another_name(
    hass: HomeAssistant, sim: Simulator, add_entry: AddEntry, name: str
):
    sim.install(SimModel("phi4:latest"))
    await add_entry(task={"model": "phi4"})
    err = await failure(hass, "delete_model", name)
    assert err.translation_placeholders["agents"] == "Ollama AI Task"


async def test_delete_while_the_settings_name_it(hass: HomeAssistant, sim: Simulator, entry):
    options = {**entry.options, "models": {"code": PLAIN_MODEL}}
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.async_block_till_done()
    err = await failure(hass, "delete_model", PLAIN_MODEL)
    assert err.translation_key == "model_in_settings"
    assert not asked(sim, "/api/delete")
    await call(hass, "delete_model", PLAIN_MODEL, force=True)
    assert asked(sim, "/api/delete")


async def test_delete_while_it_is_downloaded(hass: HomeAssistant, sim: Simulator, entry, events):
    """Not even by force: it would be there again a moment later."""
    sim.pull_plan(NEW, seconds=0.2)
    await call(hass, "pull_model")
    for force in (False, True):
        err = await failure(hass, "delete_model", force=force)
        assert err.translation_key == "model_downloading"
    await download_over(hass, events)
    await call(hass, "delete_model")
    assert asked(sim, "/api/delete")


async def test_delete_of_another_servers_model(hass: HomeAssistant, entry):
    """Agents of one server don't hold the models of another."""
    async with Simulator() as elsewhere:
        other = await another_server(hass, elsewhere)
        await call(hass, "delete_model", MODEL, config_entry=other.entry_id)
        assert asked(elsewhere, "/api/delete")
        await hass.config_entries.async_unload(other.entry_id)


# Load and unload


async def test_load_as_the_agent_will_use_it(
    hass: HomeAssistant, sim: Simulator, add_entry: AddEntry
):
    """Else the server would load it anew for the first sentence."""
    entry = await add_entry(agent={"num_ctx": 12_288, "keep_alive": 120}, task={"num_ctx": 4096})
    assert await call(hass, "load_model", MODEL) == {"model": MODEL, "status": "done"}
    [request] = asked(sim, "/api/generate")
    assert request.body["options"] == {"num_ctx": 12_288}
    assert request.body["keep_alive"] == "120s"
    assert sim.loaded == (MODEL,)
    await hass.async_block_till_done()
    assert value(hass, entry, "sensor", "loaded_models") == "1"
    await say(hass, "hello")
    assert sim.chats[-1].body["options"]["num_ctx"] == 12_288


async def test_load_for_ever(hass: HomeAssistant, sim: Simulator, entry):
    await call(hass, "load_model", MODEL)
    [request] = asked(sim, "/api/generate")
    assert request.body["keep_alive"] == -1


async def test_load_what_nobody_uses(hass: HomeAssistant, sim: Simulator, entry):
    await call(hass, "load_model", PLAIN_MODEL)
    [request] = asked(sim, "/api/generate")
    assert not request.body.get("options")
    assert request.body.get("keep_alive") is None


@pytest.mark.parametrize("version", ["0.24.0", "0.32.15"])
async def test_embedding_model(hass: HomeAssistant, version: str):
    """It takes no prompt."""
    async with Simulator(version=version) as sim:
        entry = await another_server(hass, sim)
        await call(hass, "load_model", EMBEDDING_MODEL)
        assert sim.loaded == (EMBEDDING_MODEL,)
        await call(hass, "unload_model", EMBEDDING_MODEL)
        assert sim.loaded == ()
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("name", ["load_model", "unload_model", "delete_model"])
async def test_model_that_is_not_there(hass: HomeAssistant, entry, name: str):
    err = await failure(hass, name)
    assert err.translation_key == "model_not_there"
    assert err.translation_placeholders == {"model": NEW}


async def test_load_that_fails(hass: HomeAssistant, sim: Simulator, entry):
    sim.install(SimModel(NEW, load_error="model requires more system memory"))
    err = await failure(hass, "load_model")
    assert err.translation_key == "server_failed"
    assert "more system memory" in err.translation_placeholders["detail"]


async def test_load_of_a_large_model(hass: HomeAssistant, sim: Simulator, entry):
    """It may take longer than other questions, and Home Assistant goes on."""
    sim.set_rates(Rates(load_seconds=0.3))
    loading = hass.async_create_task(call(hass, "load_model", PLAIN_MODEL))
    await asyncio.sleep(0.1)
    assert not loading.done()
    assert status(hass, entry) == STATE_ON
    assert (await loading)["status"] == "done"


async def test_who_speaks_does_not_wait_for_a_load(hass: HomeAssistant, sim: Simulator, entry):
    """The server answers with what is loaded already while it loads another model."""
    await say(hass, "hello")
    sim.set_rates(Rates(load_seconds=0.8))
    loading = hass.async_create_task(call(hass, "load_model", PLAIN_MODEL))
    async with asyncio.timeout(3):
        while not asked(sim, "/api/generate"):
            await asyncio.sleep(0.01)
    await say(hass, "hello")
    assert sim.chats[-1].finished
    assert sim.loaded == (MODEL,)
    assert (await loading)["status"] == "done"
    assert len(asked(sim, "/api/generate")) == 1
    assert set(sim.loaded) == {MODEL, PLAIN_MODEL}


async def test_load_with_a_window_that_fits_the_card(
    hass: HomeAssistant, sim: Simulator, add_entry: AddEntry
):
    """Also where the window that didn't fit was the model's own limit."""
    sim.install(SimModel(NEW, context_length=6000, vram_share=0.8))
    entry = await add_entry(agent={"model": NEW, "num_ctx_auto": True, "llm_hass_api": []})
    await say(hass, "hello")
    assert sim.chats[-1].body["options"]["num_ctx"] == 6000
    await entry.runtime_data.coordinator.async_refresh()
    await call(hass, "load_model", NEW)
    assert asked(sim, "/api/generate")[-1].body["options"] == {"num_ctx": 4096}


async def test_load_of_a_cloud_model(hass: HomeAssistant, sim: Simulator, entry):
    sim.install(SimModel("gpt-oss:120b-cloud"))
    err = await failure(hass, "load_model", "gpt-oss:120b-cloud")
    assert err.translation_key == "cloud_model"
    assert not asked(sim, "/api/generate")


async def test_unload(hass: HomeAssistant, sim: Simulator, entry):
    await say(hass, "hello")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert sim.loaded == (MODEL,)
    assert value(hass, entry, "sensor", "loaded_models") == "1"
    assert (await call(hass, "unload_model", MODEL))["status"] == "done"
    await hass.async_block_till_done()
    assert sim.loaded == ()
    assert value(hass, entry, "sensor", "loaded_models") == "0"
    # What isn't loaded stays so.
    assert (await call(hass, "unload_model", MODEL))["status"] == "done"


async def test_unload_all(hass: HomeAssistant, sim: Simulator, entry):
    for model in (MODEL, PLAIN_MODEL, EMBEDDING_MODEL):
        await call(hass, "load_model", model)
    assert len(sim.loaded) == 3
    button = er.async_get(hass).async_get_entity_id(
        "button", DOMAIN, f"{entry.entry_id}_unload_models"
    )
    press = {"entity_id": button}
    await hass.services.async_call("button", "press", press, blocking=True)
    assert sim.loaded == ()
    await sim.stop()
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call("button", "press", press, blocking=True)
    check_text(caught.value)
    assert status(hass, entry) == STATE_OFF


async def test_nothing_secret_in_events_and_log(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    events = async_capture_events(hass, PROGRESS)
    async with Simulator(api_key="k3y-of-the-house") as sim:
        entry = MockConfigEntry(
            domain=DOMAIN,
            version=3,
            minor_version=3,
            data={"url": sim.url, "api_key": "k3y-of-the-house"},
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        sim.pull_plan(NEW, error="no space left on device")
        await failure(hass, "pull_model", wait=True)
        await call(hass, "load_model", PLAIN_MODEL)
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert events
    assert "k3y-of-the-house" not in caplog.text
    assert all("k3y" not in str(event.data) for event in events)
    assert all(str(sim.port) not in json.dumps(event.data) for event in events)
