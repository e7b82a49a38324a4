"""Entries: those of older versions migrate as core's do, and all come up as they should.

The strongest proof of a migration is core's integration itself: both start on the same
disk, and what they leave there must be the same, key by key.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from datetime import timedelta
from itertools import product
import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_REAUTH,
    ConfigEntryState,
    ConfigSubentry,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

import custom_components.ollama
from custom_components.ollama.const import DATA_TIME_LIMITS, DOMAIN
from custom_components.ollama.server import OllamaServer, TimeLimits
from simulator import Fault, Rates, Reply, Simulator, ToolCall

from .common import AGENT, MODEL, TASK, ask_for_data, options_of, say, speech
from .core_ollama import (
    ABSENT,
    SERVER_ENTITIES,
    Disk,
    Homes,
    Ollama,
    Past,
    is_server,
    outcome,
    server_entity,
    stored_devices,
    stored_entities,
    stored_entries,
    without_ours,
)

# Disks of old: entries of version 1

ENTITY_STATES = (ABSENT, None, "config_entry", "device", "user", "integration")
DEVICE_STATES = (ABSENT, None, "config_entry", "user", "integration")
ALL_STATES = tuple(product(ENTITY_STATES, DEVICE_STATES))


def one_model(past: Past) -> None:
    past.model("Jarvis", num_ctx=16384.0, llm_hass_api=["assist"], keep_alive=-1.0, max_history=5)


def several_models(past: Past) -> None:
    past.model("Jarvis", model="llama3.2:3b", llm_hass_api="assist")
    past.model("Friday", model="qwen3:8b", think=True)
    # Another by the same name, and without a tag.
    past.model("Jarvis", model="mistral")


def first_is_disabled(past: Past) -> None:
    past.model("Jarvis", disabled=True, entity="config_entry", device="config_entry")
    past.model("Friday", model="qwen3:8b")


def several_servers(past: Past) -> None:
    other = f"{past.url}/"
    past.model("Jarvis", url=other, disabled=True, entity="config_entry", device="config_entry")
    past.model("Friday")
    past.model("Edith", url=other, disabled=True, entity="user", device="config_entry")
    past.model("Karen", disabled=True, entity="config_entry", device=ABSENT)
    past.model("Herbie", url=f"{past.url}//")


def each_state(past: Past, *, disabled: bool) -> None:
    for entity, device in ALL_STATES:
        past.model(f"{entity} {device}", disabled=disabled, entity=entity, device=device)


def each_state_enabled(past: Past) -> None:
    each_state(past, disabled=False)


def each_state_disabled(past: Past) -> None:
    each_state(past, disabled=True)


def each_state_disabled_beside_an_enabled_one(past: Past) -> None:
    each_state(past, disabled=True)
    past.model("Last and enabled")


# Disks of old: entries of later versions

JARVIS = ("conversation", "Jarvis", {"prompt": "You are Jarvis.", "num_ctx": 4096.0})
FRIDAY = ("conversation", "Friday", {"llm_hass_api": ["assist"], "max_history": 3.0})
OWN_MODEL = ("conversation", "Jarvis", {**JARVIS[2], "model": MODEL})
OTHER_MODEL = ("conversation", "Friday", {**FRIDAY[2], "model": "llama3.2:3b"})
TASK_DATA = ("ai_task_data", "Ollama AI Task", {"model": MODEL})
ENTRY_MODEL = {"model": MODEL}


def version_2_1(past: Past) -> None:
    past.server("2.1", JARVIS, FRIDAY, more=ENTRY_MODEL)


def version_2_1_without_agents(past: Past) -> None:
    past.server("2.1", more=ENTRY_MODEL)


def version_2_1_in_each_state(past: Past) -> None:
    past.server("2.1", JARVIS, states=ALL_STATES, more=ENTRY_MODEL)
    past.server("2.1", FRIDAY, states=ALL_STATES, more=ENTRY_MODEL, disabled=True)


def version_2_2(past: Past) -> None:
    past.server("2.2", JARVIS, FRIDAY, more=ENTRY_MODEL, options={"left": "over"})


def version_3_1(past: Past) -> None:
    past.server("3.1", OTHER_MODEL, OWN_MODEL)


def version_3_1_without_agents(past: Past) -> None:
    past.server("3.1")


def version_3_1_with_something_new(past: Past) -> None:
    past.server("3.1", ("satellite", "Kitchen", {"room": "kitchen"}), OTHER_MODEL)


def version_3_1_in_each_state(past: Past) -> None:
    past.server("3.1", OWN_MODEL, states=ALL_STATES)


def version_3_2(past: Past) -> None:
    past.server("3.2", OWN_MODEL, TASK_DATA, more={"api_key": "secret"})


def version_3_2_in_each_state(past: Past) -> None:
    past.server("3.2", OWN_MODEL, TASK_DATA, states=ALL_STATES)


def version_3_2_in_each_state_disabled(past: Past) -> None:
    past.server("3.2", OWN_MODEL, TASK_DATA, states=ALL_STATES, disabled=True)


def version_3_3_in_each_state(past: Past) -> None:
    past.server("3.3", OWN_MODEL, TASK_DATA, states=ALL_STATES, more={"api_key": "secret"})


def version_3_9(past: Past) -> None:
    past.server(
        "3.9",
        ("conversation", "Jarvis", {"model": MODEL, "mood": "cheerful"}),
        ("ai_task_data", "Task", {"model": MODEL, "mood": ["earnest"]}),
        ("satellite", "Living room", {"room": "living_room"}),
        more={"proxy": {"kind": "later"}},
        options={"policy": {"subentry-0-0": "strict"}},
    )


def version_4_0(past: Past) -> None:
    past.server("4.0", OWN_MODEL)


CASES = [
    one_model,
    several_models,
    first_is_disabled,
    several_servers,
    each_state_enabled,
    each_state_disabled,
    each_state_disabled_beside_an_enabled_one,
    version_2_1,
    version_2_1_without_agents,
    version_2_1_in_each_state,
    version_2_2,
    version_3_1,
    version_3_1_without_agents,
    version_3_1_with_something_new,
    version_3_1_in_each_state,
    version_3_2,
    version_3_2_in_each_state,
    version_3_2_in_each_state_disabled,
    version_3_3_in_each_state,
    version_3_9,
    version_4_0,
]


# Migration


NOTHING_KEPT = {"cloud_models": [], "public_server": False}
"""What an entry's options tell of one that used nothing outside the home."""


@pytest.fixture
def homes(hass: HomeAssistant, hass_storage: Disk, hass_config_dir: str) -> Homes:
    return Homes(hass_storage, hass_config_dir)


def states(hass: HomeAssistant) -> dict[str, ConfigEntryState]:
    return {entry.entry_id: entry.state for entry in hass.config_entries.async_entries(DOMAIN)}


def agents(hass: HomeAssistant) -> list[str]:
    return sorted(hass.states.async_entity_ids(("conversation", "ai_task")))


@pytest.mark.parametrize("case", CASES)
async def test_migrates_as_core_does(
    homes: Homes,
    sim: Simulator,
    caplog: pytest.LogCaptureFixture,
    case: Callable[[Past], None],
):
    past = Past(sim.url)
    case(past)
    before = await past.async_write(homes)
    core_disk, our_disk = deepcopy(before), deepcopy(before)

    async with homes.run(core_disk, Ollama.CORE) as hass:
        core_states, core_agents = states(hass), agents(hass)
    caplog.clear()
    async with homes.run(our_disk, Ollama.OURS) as hass:
        assert states(hass) == core_states
        assert agents(hass) == core_agents
    # What will be an error in a later Home Assistant.
    assert "Detected that custom integration" not in caplog.text

    expected, found = outcome(core_disk, before), outcome(our_disk, before)
    assert without_ours(found) == without_ours(expected)
    loaded = {key for key, state in core_states.items() if state is ConfigEntryState.LOADED}
    servers = {key: device for key, device in found["devices"].items() if is_server(device)}
    assert {device["config_entry_id"] for device in servers.values()} == loaded
    for key, device in servers.items():
        entities = [item for item in found["entities"].values() if item["device_id"] == key]
        assert sorted(map(server_entity, entities)) == sorted(SERVER_ENTITIES)
        assert {item["config_entry_id"] for item in entities} == {device["config_entry_id"]}
    kept = {
        key: item["options"]["kept"]
        for key, item in found["entries"].items()
        if "kept" in item["options"]
    }
    assert kept == dict.fromkeys(loaded, NOTHING_KEPT)

    # Once is enough.
    once = deepcopy(our_disk)
    async with homes.run(our_disk, Ollama.OURS):
        pass
    assert outcome(our_disk, before) == found
    # And core's takes over what was migrated here.
    async with homes.run(once, Ollama.CORE) as hass:
        assert states(hass) == core_states
        assert agents(hass) == core_agents
    assert without_ours(outcome(once, before)) == without_ours(found)


async def test_nothing_gets_another_id(homes: Homes, sim: Simulator):
    """The same in plain words, without core's integration as the judge."""
    past = Past(sim.url)
    past.model("Jarvis")
    past.model("Friday", disabled=True, entity="config_entry", device="config_entry")
    past.model("Karen", disabled=True, entity="config_entry", device=ABSENT)
    disk = await past.async_write(homes)
    old_devices = {device["name"]: device["id"] for device in stored_devices(disk)}
    async with homes.run(disk, Ollama.OURS):
        pass

    (entry,) = stored_entries(disk)
    assert entry["entry_id"] == "entry-0"
    assert (entry["version"], entry["minor_version"]) == (3, 3)
    assert (entry["title"], entry["data"]) == ("Ollama", {"url": sim.url})
    assert entry["options"] == {"kept": NOTHING_KEPT}
    subentries = {item["title"]: item for item in entry["subentries"]}
    assert list(subentries) == ["Jarvis", "Friday", "Karen", "Ollama AI Task"]
    assert subentries["Friday"]["data"] == {"prompt": "You are Friday.", "model": MODEL}
    assert subentries["Ollama AI Task"]["data"] == {"model": MODEL}

    found = {item["entity_id"]: item for item in stored_entities(disk)}
    for name, disabled_by in (("Jarvis", None), ("Friday", "device"), ("Karen", "user")):
        entity = found[f"conversation.my_{name.lower()}"]
        assert entity["unique_id"] == subentries[name]["subentry_id"]
        assert entity["config_subentry_id"] == subentries[name]["subentry_id"]
        if name in old_devices:
            assert entity["device_id"] == old_devices[name]
        assert entity["disabled_by"] == disabled_by
    by_id = {device["id"]: device for device in stored_devices(disk)}
    for name, disabled_by in (("Jarvis", None), ("Friday", "user")):
        device = by_id[old_devices[name]]
        assert device["identifiers"] == [[DOMAIN, subentries[name]["subentry_id"]]]
        assert device["disabled_by"] == disabled_by
        assert device["name_by_user"] == f"My {name}"


async def test_oldest_beside_the_newest(homes: Homes, sim: Simulator):
    """Core's integration takes each entry for one of version 1 then, and fails."""
    past = Past(sim.url)
    past.server("3.3", OWN_MODEL, TASK_DATA)
    past.model("Friday", url=f"{sim.url}/")
    past.entry("Ignored", source=SOURCE_IGNORE)
    disk = await past.async_write(homes)
    newest, _, ignored = deepcopy(stored_entries(disk))
    async with homes.run(disk, Ollama.OURS) as hass:
        assert states(hass) == {
            "entry-0": ConfigEntryState.LOADED,
            "entry-1": ConfigEntryState.LOADED,
            "entry-2": ConfigEntryState.NOT_LOADED,
        }
    found = stored_entries(disk)
    changed = {"options": {"kept": NOTHING_KEPT}, "modified_at": found[0]["modified_at"]}
    assert found[0] == newest | changed
    assert [item["title"] for item in found[1]["subentries"]] == ["Friday", "Ollama AI Task"]
    assert found[2] == ignored


async def test_disabled_entry_keeps_who_disabled_what(homes: Homes, sim: Simulator):
    """Home Assistant migrates no disabled entry today; if it did, nothing would be lost."""
    past = Past(sim.url)
    past.server("3.2", OWN_MODEL, states=[("config_entry", "config_entry")], disabled=True)
    disk = await past.async_write(homes)
    before = deepcopy(disk)
    async with homes.run(disk, Ollama.OURS) as hass:
        (entry,) = hass.config_entries.async_entries(DOMAIN)
        assert await custom_components.ollama.async_migrate_entry(hass, entry)
    found, expected = outcome(disk, before), outcome(before, before)
    assert found["entries"]["entry-0"]["minor_version"] == 3
    assert (found["devices"], found["entities"]) == (expected["devices"], expected["entities"])


async def test_pipeline_of_version_1_finds_its_agent(homes: Homes, sim: Simulator):
    """Pipelines from then name the entry, not the entity."""
    past = Past(sim.url)
    past.model("Jarvis")
    disk = await past.async_write(homes)
    async with homes.run(disk, Ollama.OURS) as hass:
        sim.script(Reply("At your service."))
        assert speech(await say(hass, "hello", agent_id="entry-0")) == "At your service."
    assert sim.chats[0].body["messages"][0]["content"].startswith("You are Jarvis.")


@pytest.mark.parametrize("case", [one_model, several_models, version_2_1, version_3_1, version_3_2])
async def test_migrates_without_the_server(
    homes: Homes, sim: Simulator, case: Callable[[Past], None]
):
    """The agents were there before, so they are there now, and say what is wrong."""
    past = Past(sim.url)
    case(past)
    before = await past.async_write(homes)
    alone, together = deepcopy(before), deepcopy(before)
    await sim.stop()
    async with homes.run(alone, Ollama.OURS) as hass:
        assert set(states(hass).values()) == {ConfigEntryState.LOADED}
        answer = await say(hass, "hello", agent_id="conversation.my_jarvis")
        assert speech(answer).startswith("The Ollama server cannot be reached.")
    await sim.start()
    for disk in (alone, together):
        async with homes.run(disk, Ollama.OURS):
            pass
    # Which cloud models were in use is only known once the server has listed its own.
    assert outcome(alone, before) == outcome(together, before)


# Coming up


TEXTS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))["exceptions"]
    for path in (Path(custom_components.ollama.__file__).parent / "translations").glob("*.json")
}


def text(key: str, language: str = "en") -> str:
    """Return a text, up to what is filled in."""
    return TEXTS[language][key]["message"].partition("{")[0]


def reason(key: str) -> str:
    """Return a text as Home Assistant keeps it with a failed entry, without the full stop."""
    return text(key).removesuffix(".")


def add_server(hass: HomeAssistant, url: str, **fields: Any) -> MockConfigEntry:
    """Add an entry as core's integration makes it, not loaded yet."""
    data = {"url": url, **fields.pop("data", {})}
    subentries = [
        {"subentry_type": kind, "title": title, "unique_id": None, "data": {"model": MODEL}}
        for kind, title in (
            ("conversation", "Ollama Conversation"),
            ("ai_task_data", "Ollama AI Task"),
        )
    ]
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=url,
        version=3,
        minor_version=3,
        data=data,
        subentries_data=subentries,
        **fields,
    )
    entry.add_to_hass(hass)
    return entry


async def load(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigEntryState:
    """Load an entry, again where it is loaded already."""
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    return entry.state


def lists(sim: Simulator) -> int:
    """Return how often the models were asked for: once for each time an entry loads."""
    return sum(request.path == "/api/tags" for request in sim.requests)


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> list[OllamaServer]:
    """Return the clients that are made, in order."""
    made: list[OllamaServer] = []

    class Remembered(OllamaServer):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            made.append(self)

    monkeypatch.setattr(custom_components.ollama, "OllamaServer", Remembered)
    return made


def is_closed(server: OllamaServer) -> bool:
    return server._client._client.is_closed


# For a time
AWAY = [
    (Fault.REFUSE, "unreachable_refused"),
    (Fault.HANG, "too_slow"),
    (Fault.HTTP_500, "server_failed"),
    (Fault.HTTP_503, "server_busy"),
    (Fault.HTTP_403_EMPTY, "forbidden_origin"),
]
# Until somebody does something about it
WRONG = [Fault.GARBAGE, Fault.HTTP_404, Fault.WRONG_CONTENT_TYPE, Fault.NOT_OLLAMA]


@pytest.mark.parametrize(("fault", "key"), AWAY)
async def test_first_time_waits_for_the_server(
    hass: HomeAssistant, sim: Simulator, servers, fault: Fault, key: str
):
    sim.fault(fault, times=None)
    entry = add_server(hass, sim.url)
    assert await load(hass, entry) is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == key
    assert entry.reason.startswith(reason(key))
    assert "{" not in entry.reason
    assert hass.states.get(AGENT) is None
    assert not dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert [is_closed(server) for server in servers] == [True]

    sim.clear_faults()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=1))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert speech(await say(hass, "hello")) == "The kitchen lamp is now on."


@pytest.mark.parametrize("fault", WRONG)
@pytest.mark.parametrize("loaded_before", [False, True])
async def test_something_else_answers(
    hass: HomeAssistant, sim: Simulator, servers, fault: Fault, loaded_before: bool
):
    entry = add_server(hass, sim.url)
    if loaded_before:
        assert await load(hass, entry) is ConfigEntryState.LOADED
    sim.fault(fault, times=None)
    if loaded_before:
        # It was Ollama's address: this is a proxy that is quicker than the server behind it.
        assert await load(hass, entry) is ConfigEntryState.LOADED
        assert speech(await say(hass, "hello")) == text("answer_invalid")
        sim.clear_faults()
        assert speech(await say(hass, "hello")) == "The kitchen lamp is now on."
        return
    assert await load(hass, entry) is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "answer_invalid"
    assert entry.reason == reason("answer_invalid")
    assert all(is_closed(server) for server in servers)


@pytest.mark.parametrize("loaded_before", [False, True])
async def test_refused_key_is_asked_for(hass: HomeAssistant, servers, loaded_before: bool):
    async with Simulator() as sim:
        entry = add_server(hass, sim.url, data={"api_key": "old"})
        if loaded_before:
            assert await load(hass, entry) is ConfigEntryState.LOADED
        sim.fault(Fault.HTTP_401, times=None)
        # Asked for once, however often it is tried.
        for _ in range(2):
            assert await load(hass, entry) is ConfigEntryState.SETUP_ERROR
        assert entry.error_reason_translation_key == "invalid_auth"
        assert entry.reason == reason("invalid_auth")
        (flow,) = hass.config_entries.flow.async_progress()
        assert flow["handler"] == DOMAIN
        assert flow["context"]["source"] == SOURCE_REAUTH
        assert flow["context"]["entry_id"] == entry.entry_id
        assert all(is_closed(server) for server in servers)


async def test_refused_by_a_proxy_is_asked_for(hass: HomeAssistant):
    """A page comes with it; Ollama itself refuses an origin without a word."""
    async with Simulator(required_headers={"X-Proxy": "open"}) as sim:
        entry = add_server(hass, sim.url)
        assert await load(hass, entry) is ConfigEntryState.SETUP_ERROR
        (flow,) = hass.config_entries.flow.async_progress()
        assert flow["context"]["source"] == SOURCE_REAUTH


@pytest.mark.parametrize(("fault", "key"), AWAY)
async def test_later_times_do_without_the_server(
    hass: HomeAssistant, sim: Simulator, entry, fault: Fault, key: str
):
    sim.fault(fault, times=None)
    assert await load(hass, entry) is ConfigEntryState.LOADED
    runtime = entry.runtime_data
    for entity_id in (AGENT, TASK):
        assert hass.states.get(entity_id).state != "unavailable"
    answer = await say(hass, "hello")
    assert speech(answer).startswith(text(key))
    with pytest.raises(HomeAssistantError) as error:
        await ask_for_data(hass)
    assert error.value.translation_key == key

    sim.clear_faults()
    # Nothing but asking again.
    assert speech(await say(hass, "hello")) == "The kitchen lamp is now on."
    assert (await ask_for_data(hass))["data"] == "The kitchen lamp is now on."
    assert entry.runtime_data is runtime


@pytest.mark.parametrize("language", sorted(TEXTS))
async def test_missing_server_in_the_language_of_the_question(
    hass: HomeAssistant, sim: Simulator, entry, language: str
):
    await sim.stop()
    assert await load(hass, entry) is ConfigEntryState.LOADED
    answer = await say(hass, "hello", language=language)
    assert speech(answer) == text("unreachable_refused", language)
    assert answer.response.language == language


# The connection


@pytest.mark.parametrize("which", [Ollama.CORE, Ollama.OURS])
async def test_options_win(homes: Homes, which: Ollama):
    async with Simulator(api_key="right") as sim:
        past = Past("http://127.0.0.1:1")
        past.server(
            "3.3",
            OWN_MODEL,
            more={"api_key": "wrong"},
            options={"url": sim.url, "api_key": "right"},
        )
        disk = await past.async_write(homes)
        async with homes.run(disk, which) as hass:
            assert states(hass) == {"entry-0": ConfigEntryState.LOADED}
            answer = await say(hass, "hello", agent_id="conversation.my_jarvis")
            assert speech(answer) == "The kitchen lamp is now on."
        assert {request.status for request in sim.requests} == {200}


@asynccontextmanager
async def raw_server() -> AsyncGenerator[tuple[str, list[list[str]]]]:
    """Tell a version and of no models, and keep the lines of each request's head.

    The simulator keeps the headers by name, so that one sent twice would look like one.
    """
    heads: list[list[str]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head.decode().split("\r\n"))
        body = b'{"version":"0.32.15","models":[]}'
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        ({}, {}, []),
        ({"api_key": "key"}, {}, ["Bearer key"]),
        # As copied from a web page, and as core's integration strips it.
        ({"api_key": " key\n"}, {}, ["Bearer key"]),
        ({"api_key": "  "}, {}, []),
        ({"headers": {"Authorization": "Basic abc"}}, {}, ["Basic abc"]),
        ({"api_key": "key", "headers": {"Authorization": "Basic abc"}}, {}, ["Bearer key"]),
        ({"api_key": "key", "headers": {"authorization": "Basic abc"}}, {}, ["Bearer key"]),
        ({"api_key": "old"}, {"api_key": "new"}, ["Bearer new"]),
    ],
)
async def test_one_authorization_header(
    hass: HomeAssistant, data: dict, options: dict, expected: list[str]
):
    async with raw_server() as (url, heads):
        entry = add_server(hass, url, data=data, options=options)
        assert await load(hass, entry) is ConfigEntryState.LOADED
        assert await hass.config_entries.async_unload(entry.entry_id)
    asked = [head[0].split()[1] for head in heads]
    assert asked == ["/api/version", "/api/tags", "/api/ps"]
    for head in heads:
        lines = [line.partition(": ") for line in head]
        assert [value for name, _, value in lines if name.lower() == "authorization"] == expected


async def test_headers_of_the_owner_are_sent(hass: HomeAssistant):
    headers = {"X-Proxy": "open", "CF-Access-Client-Id": "id"}
    async with Simulator(required_headers=headers) as sim:
        entry = add_server(hass, sim.url, data={"headers": headers})
        assert await load(hass, entry) is ConfigEntryState.LOADED
        assert speech(await say(hass, "hello")) == "The kitchen lamp is now on."


# Reloading


@pytest.mark.parametrize("key", ["max_parallel", "log_queries", "policy", "anything"])
async def test_option_is_taken_without_a_reload(
    hass: HomeAssistant, sim: Simulator, entry, key: str
):
    runtime, before = entry.runtime_data, lists(sim)
    hass.config_entries.async_update_entry(entry, options={key: 1})
    await hass.async_block_till_done()
    assert options_of(entry) == {key: 1}
    assert entry.runtime_data is runtime
    assert lists(sim) == before


@pytest.mark.parametrize("where", ["data", "options"])
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("url", "{url}/"),
        ("api_key", "key"),
        ("verify_ssl", False),
        ("headers", {"X-Proxy": "open"}),
    ],
)
async def test_new_connection_is_used(
    hass: HomeAssistant, sim: Simulator, entry, where: str, key: str, value: Any
):
    runtime, before = entry.runtime_data, lists(sim)
    if key == "url":
        value = value.format(url=sim.url)
    changed = {**getattr(entry, where), key: value}
    hass.config_entries.async_update_entry(entry, **{where: changed})
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is not runtime
    assert lists(sim) == before + 1
    connection = entry.runtime_data.server.connection
    if key == "verify_ssl":
        assert not connection.ssl_context.check_hostname
    else:
        assert getattr(connection, key) == value


async def test_agents_come_and_go(hass: HomeAssistant, sim: Simulator, entry):
    before = lists(sim)
    new = ConfigSubentry(
        data=MappingProxyType({"model": "llama3.2:3b"}),
        subentry_type="conversation",
        title="Jarvis",
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(entry, new)
    await hass.async_block_till_done()
    assert lists(sim) == before + 1
    await say(hass, "hello", agent_id="conversation.jarvis")
    assert sim.chats[-1].body["model"] == "llama3.2:3b"

    hass.config_entries.async_update_subentry(entry, new, data={"model": MODEL})
    await hass.async_block_till_done()
    assert lists(sim) == before + 2
    await say(hass, "hello", agent_id="conversation.jarvis")
    assert sim.chats[-1].body["model"] == MODEL

    hass.config_entries.async_update_subentry(entry, new, title="Friday")
    await hass.async_block_till_done()
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, new.subentry_id), entry.entry_id
    )
    assert device.name == "Friday"

    hass.config_entries.async_remove_subentry(entry, new.subentry_id)
    await hass.async_block_till_done()
    assert hass.states.get("conversation.jarvis") is None
    assert er.async_get(hass).async_get("conversation.jarvis") is None
    assert dr.async_get(hass).async_get(device.id) is None
    assert hass.states.get(AGENT) is not None
    assert lists(sim) == before + 4


# Unloading


async def test_unloads(hass: HomeAssistant, servers, sim: Simulator):
    entry = add_server(hass, sim.url)
    assert await load(hass, entry) is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(AGENT).state == hass.states.get(TASK).state == "unavailable"
    assert [is_closed(server) for server in servers] == [True]


PIECES = tuple(f"word{number} " for number in range(16))
# So slowly that all of a reload fits in between, on a busy machine too.
SLOWLY = Rates(generation_tokens_per_second=10)


async def lines_sent(sim: Simulator, count: int) -> None:
    """Wait until that much of the answer has been sent."""
    async with asyncio.timeout(5):
        while not (sim.chats and sim.chats[0].lines >= count):
            await asyncio.sleep(0.01)


async def unload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert await hass.config_entries.async_unload(entry.entry_id)


async def reload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert await load(hass, entry) is ConfigEntryState.LOADED


@pytest.fixture
def patient(hass: HomeAssistant) -> None:
    """Wait as long as at home: these answers are slow on purpose."""
    hass.data[DATA_TIME_LIMITS] = TimeLimits()


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("interrupt", [unload, reload])
async def test_sentence_is_finished(
    hass: HomeAssistant, servers, sim: Simulator, interrupt: Callable
):
    entry = add_server(hass, sim.url)
    assert await load(hass, entry) is ConfigEntryState.LOADED
    sim.set_rates(SLOWLY)
    sim.script(Reply(chunks=PIECES))
    answering = asyncio.create_task(say(hass, "tell me a lot"))
    await lines_sent(sim, 3)
    await interrupt(hass, entry)
    assert not sim.chats[0].finished
    assert not is_closed(servers[0])

    answer = await answering
    assert speech(answer) == "".join(PIECES)
    assert (sim.chats[0].finished, sim.chats[0].cancelled) == (True, False)
    assert is_closed(servers[0])


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("interrupt", [unload, reload])
async def test_turn_is_finished(
    hass: HomeAssistant, servers, sim: Simulator, kitchen_light, interrupt: Callable
):
    """What was begun is done and told, though it takes another request."""
    entry = add_server(hass, sim.url)
    agent = next(iter(entry.subentries.values()))
    hass.config_entries.async_update_subentry(
        entry, agent, data={"model": MODEL, "llm_hass_api": ["assist"]}
    )
    assert await load(hass, entry) is ConfigEntryState.LOADED
    sim.set_rates(SLOWLY)
    sim.script(
        Reply(
            chunks=PIECES,
            tool_calls=(ToolCall("intent__HassTurnOn", {"name": "Kitchen light"}),),
        ),
        Reply("It is on."),
    )
    answering = asyncio.create_task(say(hass, "turn on the kitchen light"))
    await lines_sent(sim, 3)
    await interrupt(hass, entry)

    answer = await answering
    assert hass.states.get(kitchen_light).state == "on"
    assert speech(answer) == "It is on."
    assert len(sim.chats) == 2
    assert is_closed(servers[0])
