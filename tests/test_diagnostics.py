"""Diagnostics: all that helps to help somebody, and nothing that is private."""

from collections.abc import AsyncGenerator, Mapping
import json
import socket
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)

from custom_components.ollama.const import DOMAIN
from simulator import Reply, SimModel, Simulator, ToolCall

from .common import MODEL, PLAIN_MODEL, THINKING_MODEL, ask_for_data, say

KEY = "k3y-of-the-house"
HEADER = "X-Gatekeeper"
HEADER_VALUE = "0pen-sesame"
PIN = "271828"
PROMPT = "You live with Annika and her cat Minka."
STOP = "Sayonara"
AGENT_TITLE = "Jarvis the butler"
TASK_TITLE = "Pepper the clerk"
SERVER_TITLE = "Box under the stairs"
SENTENCE = "Is Grandmother asleep already"
ANSWER = "Grandmother sleeps soundly."
ENTITY = "Lamp of Grandmother"
AREA = "Boudoir"
ALIAS = "Moonshine"
LABEL = "label_of_mystery"

PRIVATE = (
    KEY,
    HEADER,
    HEADER_VALUE,
    PIN,
    "Annika",
    "Minka",
    STOP,
    "Jarvis",
    "jarvis",
    "Pepper",
    "pepper",
    SERVER_TITLE,
    "Grandmother",
    "grandmother",
    AREA,
    "boudoir",
    ALIAS,
    LABEL,
    "127.0.0.1",
    "http://",
)


@pytest.fixture
async def house(hass: HomeAssistant) -> AsyncGenerator[Simulator]:
    """A server that wants a key and a header, as behind a reverse proxy."""
    async with Simulator(api_key=KEY, required_headers={HEADER: HEADER_VALUE}) as simulator:
        yield simulator


@pytest.fixture
async def lamp(hass: HomeAssistant, area_registry: ar.AreaRegistry) -> str:
    """Return an exposed entity with names."""
    assert await async_setup_component(
        hass, "input_boolean", {"input_boolean": {"lamp_of_grandmother": {"name": ENTITY}}}
    )
    entity_id = "input_boolean.lamp_of_grandmother"
    er.async_get(hass).async_update_entity(
        entity_id, area_id=area_registry.async_create(AREA).id, aliases=[ALIAS]
    )
    async_expose_entity(hass, "conversation", entity_id, True)
    return entity_id


@pytest.fixture
async def server(hass: HomeAssistant, house: Simulator, lamp: str) -> MockConfigEntry:
    """Return a server with all that is private about it, after some use."""
    agent = {
        "model": MODEL,
        "prompt": PROMPT,
        "stop": [STOP],
        "temperature": 0.5,
        "num_ctx": 4096,
        "keep_alive": 120,
        "llm_hass_api": ["assist"],
    }
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=SERVER_TITLE,
        version=3,
        minor_version=3,
        data={"url": house.url, "api_key": KEY, "headers": {HEADER: HEADER_VALUE}},
        options={
            "requests_per_hour": 50,
            "log_queries": "full",
            "models": {"code": THINKING_MODEL},
            "policies": {
                "jid": {"pin": PIN, "lock": "pin", "alarm": "deny", "labels": [LABEL]},
            },
        },
        subentries_data=[
            {
                "subentry_id": "jid",
                "subentry_type": "conversation",
                "title": AGENT_TITLE,
                "unique_id": None,
                "data": agent,
            },
            {
                "subentry_id": "tid",
                "subentry_type": "ai_task_data",
                "title": TASK_TITLE,
                "unique_id": None,
                "data": {"model": MODEL, "num_ctx": 8192},
            },
        ],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    house.script(
        Reply(tool_calls=(ToolCall("intent__HassTurnOn", {"name": ENTITY}),)), Reply(ANSWER)
    )
    await say(hass, SENTENCE, agent_id="conversation.jarvis_the_butler")
    house.script(Reply(ANSWER))
    await ask_for_data(hass, entity_id="ai_task.pepper_the_clerk", instructions=SENTENCE)
    await hass.async_block_till_done()
    assert len(house.chats) == 3
    return entry


@pytest.fixture
def private(house: Simulator) -> tuple[str, ...]:
    return (*PRIVATE, str(house.url.removeprefix("http://")))


async def whole_file(
    hass: HomeAssistant, hass_client: Any, entry: MockConfigEntry, *path: str
) -> Mapping[str, Any]:
    """Return what somebody downloads and attaches to an issue."""
    assert await async_setup_component(hass, "diagnostics", {})
    # The platform of ours is imported beside the setup, in a task of its own.
    await hass.async_block_till_done()
    client = await hass_client()
    place = "/".join(("config_entry", entry.entry_id, *path))
    response = await client.get(f"/api/diagnostics/{place}")
    assert response.status == 200
    return await response.json()


async def get_diagnostics_for_device(
    hass: HomeAssistant, hass_client: Any, entry: MockConfigEntry, device: dr.DeviceEntry
) -> Mapping[str, Any]:
    """Return what is told of a device; the test library's own doesn't wait for the platform."""
    return (await whole_file(hass, hass_client, entry, "device", device.id))["data"]


def check_nothing_private(shown: Mapping[str, Any], private: tuple[str, ...]) -> None:
    public = {"home_assistant", "integration_manifest", "custom_components"}
    text = json.dumps({key: shown[key] for key in shown if key not in public})
    assert [word for word in private if word in text] == []


def device_of(hass: HomeAssistant, entry: MockConfigEntry, identifier: str) -> dr.DeviceEntry:
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    [device] = [device for device in devices if (DOMAIN, identifier) in device.identifiers]
    return device


async def test_nothing_private_of_a_server(
    hass: HomeAssistant, hass_client: Any, server: MockConfigEntry, private: tuple[str, ...]
):
    """In the whole file, also in what Home Assistant adds of the repairs."""
    await say(hass, SENTENCE, agent_id="conversation.jarvis_the_butler")
    assert ir.async_get(hass).issues
    shown = await whole_file(hass, hass_client, server)
    assert shown["issues"]
    check_nothing_private(shown, private)


@pytest.mark.parametrize("identifier", ["jid", "tid", "server"])
async def test_nothing_private_of_a_device(
    hass: HomeAssistant,
    hass_client: Any,
    server: MockConfigEntry,
    private: tuple[str, ...],
    identifier: str,
):
    device = device_of(hass, server, server.entry_id if identifier == "server" else identifier)
    shown = await whole_file(hass, hass_client, server, "device", device.id)
    check_nothing_private(shown, private)


async def test_nothing_private_after_failures(
    hass: HomeAssistant,
    hass_client: Any,
    house: Simulator,
    server: MockConfigEntry,
    private: tuple[str, ...],
):
    """An error of the server's may repeat what was said."""
    house.script(*[Reply(error=f"cannot parse: {SENTENCE}")] * 3)
    await say(hass, SENTENCE, agent_id="conversation.jarvis_the_butler")
    shown = await whole_file(hass, hass_client, server)
    check_nothing_private(shown, private)
    assert shown["data"]["usage"]["last_error"] == "server_failed"
    assert shown["data"]["usage"]["today"]["errors"] == 1


async def test_what_helps(
    hass: HomeAssistant, hass_client: Any, house: Simulator, server: MockConfigEntry
):
    shown = await get_diagnostics_for_config_entry(hass, hass_client, server)
    assert shown["entry"] == {
        "state": "loaded",
        "version": "3.3",
        "source": "user",
        "scheme": "http",
        "host": "loopback",
        "host_is_name": False,
        "port": house.port,
        "has_path": False,
        "has_api_key": True,
        "headers": 1,
        "verify_ssl": True,
    }
    assert shown["settings"] == {
        "max_parallel": 1,
        "requests_per_hour": 50,
        "requests_per_hour_per_user": 0,
        "min_seconds_between_requests": 0,
        "log_queries": "full",
        "models": {"code": THINKING_MODEL},
        "allow_cloud_models": False,
        "allow_public_server": False,
        "kept_cloud_models": 0,
        "kept_public_server": False,
    }
    known = shown["server"]
    assert known["reachable"] is True
    assert known["error"] is None
    assert known["version"] == "0.32.15"
    assert {"name", "size", "parameters", "quantization", "family", "capabilities"} == set(
        known["installed"][0]
    )
    assert MODEL in {model["name"] for model in known["installed"]}
    assert (known["generating"], known["waiting"]) == (0, 0)


async def test_what_helps_about_use(hass: HomeAssistant, hass_client: Any, server: MockConfigEntry):
    usage = (await get_diagnostics_for_config_entry(hass, hass_client, server))["usage"]
    assert usage["today"]["requests"] == 2
    assert usage["today"]["prompt_tokens"] > 0
    assert usage["by_agent"].keys() == {"jid", "tid"}
    assert usage["by_model"].keys() == {MODEL}
    assert usage["by_source"].keys() == {"conversation", "ai_task"}
    assert usage["last"]["agent"] == "tid"
    assert usage["last"]["num_ctx"] == 8192
    assert usage["last"]["completion_tokens"] > 0
    assert usage["last_error"] is None
    assert usage["refused"] == 0


async def test_what_helps_about_an_agent(
    hass: HomeAssistant, hass_client: Any, server: MockConfigEntry
):
    device = device_of(hass, server, "jid")
    shown = await get_diagnostics_for_device(hass, hass_client, server, device)
    agent = shown["agent"]
    assert agent["id"] == "jid"
    assert agent["type"] == "conversation"
    assert agent["model"] == MODEL
    assert agent["model_details"] == {
        "installed": True,
        "family": "qwen3",
        "capabilities": ["completion", "tools"],
        "context_length": 262_144,
    }
    assert agent["options"] == {"num_ctx": 4096, "temperature": 0.5}
    assert agent["keep_alive"] == 120
    assert agent["prompt_characters"] == len(PROMPT)
    assert agent["apis"] == ["assist"]
    assert agent["policy"]["has_pin"] is True
    assert agent["policy"]["labels"] == 1
    assert shown["home"] == {"exposed": {"input_boolean": 1}, "total": 1}
    assert shown["server"]["reachable"] is True
    # The conflict concerns the server, and no other agent's trouble is shown.
    assert shown["issues"] == [{"key": "num_ctx_conflict", "agent": None, "ignored": False}]


async def test_issues_by_agent(hass: HomeAssistant, hass_client: Any, server: MockConfigEntry):
    task = server.subentries["tid"]
    hass.config_entries.async_update_subentry(server, task, data={**task.data, "model": "gone:1b"})
    await hass.async_block_till_done()
    missing = {"key": "model_missing", "agent": "tid", "ignored": False}
    shown = await get_diagnostics_for_config_entry(hass, hass_client, server)
    assert shown["issues"] == [missing]
    assert shown["agents"][1]["model_details"] == {"installed": False}
    device = device_of(hass, server, "jid")
    shown = await get_diagnostics_for_device(hass, hass_client, server, device)
    assert shown["issues"] == []


async def test_server_device_is_the_server(
    hass: HomeAssistant, hass_client: Any, server: MockConfigEntry
):
    device = device_of(hass, server, server.entry_id)
    shown = await get_diagnostics_for_device(hass, hass_client, server, device)
    assert [agent["id"] for agent in shown["agents"]] == ["jid", "tid"]


async def test_server_is_away(
    hass: HomeAssistant,
    hass_client: Any,
    house: Simulator,
    server: MockConfigEntry,
    private: tuple[str, ...],
):
    await house.stop()
    await say(hass, SENTENCE, agent_id="conversation.jarvis_the_butler")
    await hass.async_block_till_done()
    shown = await whole_file(hass, hass_client, server)
    check_nothing_private(shown, private)
    known = shown["data"]["server"]
    assert known["reachable"] is False
    assert known["error"] == "unreachable_refused"
    assert known["asked_every"] == 15
    assert known["version"] == "0.32.15"
    # Loaded anew without it, nothing is known any more.
    assert await hass.config_entries.async_reload(server.entry_id)
    shown = await whole_file(hass, hass_client, server)
    check_nothing_private(shown, private)
    assert shown["data"]["server"]["loaded"] is True
    assert "version" not in shown["data"]["server"]


async def test_server_is_not_loaded(
    hass: HomeAssistant,
    hass_client: Any,
    server: MockConfigEntry,
    private: tuple[str, ...],
):
    await hass.config_entries.async_unload(server.entry_id)
    assert server.state is ConfigEntryState.NOT_LOADED
    shown = await whole_file(hass, hass_client, server)
    check_nothing_private(shown, private)
    data = shown["data"]
    assert data["entry"]["state"] == "not_loaded"
    assert data["server"] == {"loaded": False}
    assert data["usage"] == {}
    assert data["agents"][0]["model"] == MODEL
    assert data["agents"][0]["model_details"] is None
    device = device_of(hass, server, "jid")
    assert (await get_diagnostics_for_device(hass, hass_client, server, device))["agent"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://8.8.8.8/ollama", ("https", "public", False, 443, True)),
        ("http://192.168.7.9:11434", ("http", "local", False, 11434, False)),
        ("http://[fd00::7]:11434", ("http", "local", False, 11434, False)),
        ("http://gpu.annika.example:1234", ("http", "unknown", True, 1234, False)),
    ],
)
async def test_kinds_of_address(
    hass: HomeAssistant,
    hass_client: Any,
    entry,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    shown: tuple[Any, ...],
):
    """A server is told apart by its kind, never by its name or address."""
    numeric = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host == "gpu.annika.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return numeric(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    other = MockConfigEntry(domain=DOMAIN, version=3, minor_version=3, data={"url": url})
    other.add_to_hass(hass)
    file = await whole_file(hass, hass_client, other)
    about = file["data"]["entry"]
    keys = ("scheme", "host", "host_is_name", "port", "has_path")
    assert tuple(about[key] for key in keys) == shown
    for word in ("8.8.8.8", "/ollama", "192.168", "fd00", "annika"):
        assert word not in json.dumps(file["data"])


async def test_entry_with_odd_data(hass: HomeAssistant, hass_client: Any, entry):
    """What another version or a hand wrote is no reason to fail."""
    other = MockConfigEntry(
        domain=DOMAIN,
        version=3,
        minor_version=3,
        data={"url": "not an address"},
        subentries_data=[
            {"subentry_type": "of_tomorrow", "title": "X", "unique_id": None, "data": {}}
        ],
    )
    other.add_to_hass(hass)
    shown = await get_diagnostics_for_config_entry(hass, hass_client, other)
    assert shown["entry"] == {"url": "not an address"}
    assert shown["agents"][0]["type"] == "of_tomorrow"


async def test_a_model_without_tools_shows(
    hass: HomeAssistant, hass_client: Any, sim: Simulator, add_entry
):
    sim.install(SimModel("odd:1b", size=0, parameter_size="", quantization=""))
    entry = await add_entry(agent={"model": PLAIN_MODEL})
    shown = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert [issue["key"] for issue in shown["issues"]] == ["model_without_tools"]
    [issue] = ir.async_get(hass).issues.values()
    ir.async_ignore_issue(hass, DOMAIN, issue.issue_id, True)
    shown = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert shown["issues"][0]["ignored"] is True
