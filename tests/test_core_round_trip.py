"""In and out without loss: core's integration, this one, and core's again, on one disk.

Each really runs: its own flows change the entry, its own agent is asked to switch a
light, and the light goes on.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigSubentry,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowManager, FlowResultType, section
from homeassistant.helpers import llm
from homeassistant.setup import async_setup_component
import probatio
import pytest

from custom_components.ollama.const import DOMAIN
from simulator import ChatRequest, RecordedRequest, Reply, Simulator, ToolCall
from speech import ScriptedRecogniser, ToneSpeaker

from .common import (
    AGENT,
    LEVELS_MODEL,
    MODEL,
    THINKING_MODEL,
    ask_for_data,
    options_of,
    say,
    speech,
)
from .core_ollama import (
    LIGHT,
    SERVER_ENTITIES,
    Disk,
    Homes,
    Ollama,
    is_of_server,
    is_server,
    outcome,
    server_entity,
    stored_devices,
    stored_entities,
    stored_entries,
    without_ours,
)
from .voice.homes import (
    add_voice,
    no_likely_places,  # noqa: F401 -- a fixture
    settled,
    store,
)

ANSWER = "It is on."

BACK = [Ollama.CORE, Ollama.CORE_SAFE_MODE]
"""The two ways back to core's: this one is removed, or safe mode leaves it out."""


@pytest.fixture
def homes(hass: HomeAssistant, hass_storage: Disk, hass_config_dir: str) -> Homes:
    return Homes(hass_storage, hass_config_dir)


@pytest.fixture
def sim(sim: Simulator) -> Simulator:
    """A server with a model that switches the light on, whatever it is told."""

    def switch_on(request: ChatRequest) -> Reply:
        names = [name for name in request.tool_names if name.endswith(("HassTurnOn", "turn_on"))]
        if request.messages[-1]["role"] == "tool" or not names:
            return Reply(ANSWER)
        return Reply(tool_calls=(ToolCall(names[0], {"name": "Kitchen light"}),))

    sim.set_brain(switch_on)
    return sim


# What people do


def the_entry(hass: HomeAssistant) -> ConfigEntry:
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return entry


def loaded(hass: HomeAssistant) -> ConfigEntry:
    entry = the_entry(hass)
    assert entry.state is ConfigEntryState.LOADED
    return entry


def subentry_of(hass: HomeAssistant, title: str) -> ConfigSubentry:
    return next(item for item in the_entry(hass).subentries.values() if item.title == title)


def fill_in(schema: probatio.Schema, answers: dict[str, Any]) -> dict[str, Any]:
    """Return a form as it is shown, with the answers in it; those used are taken away."""
    values: dict[str, Any] = {}
    for marker, field in schema.schema.items():
        name = str(marker)
        suggested = (marker.description or {}).get("suggested_value")
        if isinstance(field, section):
            values[name] = fill_in(field.schema, answers)
        elif name in answers:
            values[name] = answers.pop(name)
        elif suggested is not None:
            values[name] = suggested
        elif not isinstance(marker.default, probatio.Undefined):
            values[name] = marker.default()
    return values


async def submit(manager: FlowManager, result: Mapping[str, Any], **answers: Any) -> dict[str, Any]:
    """Go through the forms of a flow, leaving what is suggested; return how it ended."""
    while result["type"] is FlowResultType.FORM:
        assert not result["errors"]
        values = fill_in(result["data_schema"], answers)
        result = await manager.async_configure(result["flow_id"], values)
    await manager.hass.async_block_till_done()
    assert not answers, "the forms did not ask for this"
    return dict(result)


async def add_server(hass: HomeAssistant, **answers: Any) -> None:
    flows = hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await submit(flows, result, **answers)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def change_server(hass: HomeAssistant, **answers: Any) -> None:
    flows = hass.config_entries.flow
    context = {"source": SOURCE_RECONFIGURE, "entry_id": the_entry(hass).entry_id}
    result = await submit(flows, await flows.async_init(DOMAIN, context=context), **answers)
    assert result["reason"] == "reconfigure_successful"


async def add_agent(hass: HomeAssistant, kind: str, **answers: Any) -> None:
    flows = hass.config_entries.subentries
    handler = (the_entry(hass).entry_id, kind)
    result = await flows.async_init(handler, context={"source": SOURCE_USER})
    result = await submit(flows, result, **answers)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def change_agent(hass: HomeAssistant, title: str, **answers: Any) -> None:
    flows = hass.config_entries.subentries
    subentry = subentry_of(hass, title)
    handler = (the_entry(hass).entry_id, subentry.subentry_type)
    context = {"source": SOURCE_RECONFIGURE, "subentry_id": subentry.subentry_id}
    result = await submit(flows, await flows.async_init(handler, context=context), **answers)
    assert result["reason"] == "reconfigure_successful"


async def switch_light(hass: HomeAssistant, sim: Simulator, agent: str = AGENT) -> RecordedRequest:
    """Have an agent switch the light on; return the request with the result of the tool."""
    assert hass.states.get(LIGHT).state == "off"
    answer = await say(hass, "turn on the kitchen light", agent_id=agent)
    assert speech(answer) == ANSWER
    assert hass.states.get(LIGHT).state == "on"
    await hass.services.async_call("light", "turn_off", {"entity_id": LIGHT}, blocking=True)
    request = sim.chats[-1]
    assert request.body["messages"][-1]["role"] == "tool"
    return request


def is_cores(request: RecordedRequest) -> bool:
    """Whether core's agent sent it: it doesn't tell the model which tool a result is of."""
    return "tool_name" not in request.body["messages"][-1]


async def core_makes_an_entry(homes: Homes, sim: Simulator) -> Disk:
    """Return a disk on which core's integration has made and used an entry."""
    disk: Disk = {}
    async with homes.run(disk, Ollama.CORE) as hass:
        await add_server(hass, url=sim.url)
        await add_agent(hass, "conversation", model=MODEL, llm_hass_api=["assist"], num_ctx=4096.0)
        await add_agent(hass, "ai_task_data", model=MODEL)
        loaded(hass)
        assert is_cores(await switch_light(hass, sim))
    return disk


def ids(disk: Disk, *, of_server: bool = False) -> dict[str, tuple[str, str, str]]:
    """Return what history, areas and automations hang on, by entity id.

    That of the agents, or of the server.
    """
    return {
        item["entity_id"]: (item["unique_id"], item["id"], item["device_id"])
        for item in stored_entities(disk)
        if is_of_server(item) is of_server
    }


# There and back


async def test_takes_over_from_core(homes: Homes, sim: Simulator):
    disk = await core_makes_an_entry(homes, sim)
    before = deepcopy(disk)
    assert set(ids(disk)) == {AGENT, "ai_task.ollama_ai_task"}

    async with homes.run(disk, Ollama.OURS) as hass:
        loaded(hass)
        request = await switch_light(hass, sim)
        assert not is_cores(request)
        assert request.body["options"]["num_ctx"] == 4096
        assert (await ask_for_data(hass))["data"] == ANSWER
    assert ids(disk) == ids(before)
    # Nor anything else but what this integration adds.
    assert without_ours(outcome(disk, before)) == without_ours(outcome(before, before))
    (server,) = [device for device in stored_devices(disk) if is_server(device)]
    added = [item for item in stored_entities(disk) if is_of_server(item)]
    assert sorted(map(server_entity, added)) == sorted(SERVER_ENTITIES)
    assert {item["device_id"] for item in added} == {server["id"]}
    agents = [device for device in stored_devices(disk) if not is_server(device)]
    assert [device["via_device_id"] for device in agents] == [server["id"]] * 2


@pytest.mark.parametrize("back", BACK)
async def test_core_takes_over_again(homes: Homes, sim: Simulator, back: Ollama):
    disk = await core_makes_an_entry(homes, sim)
    made = deepcopy(disk)
    async with homes.run(disk, Ollama.OURS) as hass:
        # As later versions of this integration will.
        entry, agent = loaded(hass), subentry_of(hass, "Ollama Conversation")
        options = {"max_parallel": 2, "policy": {agent.subentry_id: {"pin": "1234"}}}
        hass.config_entries.async_update_entry(
            entry, data={**entry.data, "later": [1]}, options=options
        )
        hass.config_entries.async_update_subentry(
            entry, agent, data={**agent.data, "mood": "cheerful"}
        )
        satellite = ConfigSubentry(
            data={"room": "kitchen"}, subentry_type="satellite", title="Kitchen", unique_id=None
        )
        hass.config_entries.async_add_subentry(entry, satellite)
        await hass.async_block_till_done()

        await change_server(hass, verify_ssl=False, headers=["X-Proxy: open"])
        await change_agent(
            hass,
            "Ollama Conversation",
            # All that are offered: core's must know every one that is saved for it.
            llm_hass_api=[api.id for api in llm.async_get_apis(hass)],
            temperature=0.2,
            top_k=10,
            stop=["END"],
        )
        await add_agent(
            hass,
            "conversation",
            name="Jarvis",
            model=LEVELS_MODEL,
            think="high",
            seed=7,
            num_predict=200,
        )

        request = await switch_light(hass, sim)
        assert not is_cores(request)
        assert request.headers["x-proxy"] == "open"
        assert request.body["options"]["temperature"] == 0.2
        assert request.body["options"]["stop"] == ["END"]
        request = await switch_light(hass, sim, "conversation.jarvis")
        assert request.body["think"] == "high"
    ours = deepcopy(disk)
    assert ids(made).items() <= ids(ours).items()

    async with homes.run(disk, back) as hass:
        loaded(hass)
        for agent in (AGENT, "conversation.jarvis"):
            assert is_cores(await switch_light(hass, sim, agent))
        assert (await ask_for_data(hass))["data"] == ANSWER
    assert ids(disk) == ids(ours)
    assert ids(disk, of_server=True) == ids(ours, of_server=True)
    # It keeps also what it doesn't know.
    assert without_ours(outcome(disk, ours)) == without_ours(outcome(ours, ours))
    assert len(ids(disk, of_server=True)) == len(SERVER_ENTITIES)
    (entry,) = stored_entries(disk)
    assert entry["data"] == {
        "url": sim.url,
        "verify_ssl": False,
        "headers": {"X-Proxy": "open"},
        "later": [1],
    }
    assert entry["options"] == {**options, "kept": {"cloud_models": [], "public_server": False}}
    saved = {item["title"]: item["data"] for item in entry["subentries"]}
    assert (
        saved["Ollama Conversation"].items()
        >= {
            "model": MODEL,
            "num_ctx": 4096.0,
            "temperature": 0.2,
            "top_k": 10,
            "stop": ["END"],
            "mood": "cheerful",
        }.items()
    )
    assert saved["Jarvis"].items() >= {"think": "high", "seed": 7, "num_predict": 200}.items()
    assert saved["Kitchen"] == {"room": "kitchen"}

    async with homes.run(disk, Ollama.OURS) as hass:
        loaded(hass)
        request = await switch_light(hass, sim)
        assert request.headers["x-proxy"] == "open"
        assert request.body["options"]["temperature"] == 0.2
    assert outcome(disk, ours) == outcome(ours, ours)


@pytest.mark.parametrize("back", BACK)
async def test_voice_pipeline(homes: Homes, sim: Simulator, back: Ollama):
    """Core's knows nothing of it, keeps it, and may remove it: then its pipeline goes, too."""
    disk = await core_makes_an_entry(homes, sim)
    async with ScriptedRecogniser() as whisper, ToneSpeaker() as piper:
        async with homes.run(disk, Ollama.OURS) as hass:
            voice = await add_voice(hass, loaded(hass), whisper, piper)
            pipeline = voice.data["pipeline"]
            assert pipeline in store(hass).data
        ours = deepcopy(disk)
        assert len(ids(ours)) > 2

        async with homes.run(disk, back) as hass:
            loaded(hass)
            assert is_cores(await switch_light(hass, sim))
        assert without_ours(outcome(disk, ours)) == without_ours(outcome(ours, ours))

        async with homes.run(disk, Ollama.OURS) as hass:
            assert await async_setup_component(hass, "assist_pipeline", {})
            assert pipeline in store(hass).data
            await settled(hass)
            assert hass.states.get("binary_sensor.ollama_voice_speech_recognition").state == "on"
            assert not is_cores(await switch_light(hass, sim))
        assert ids(disk) == ids(ours)

        async with homes.run(disk, back) as hass:
            hass.config_entries.async_remove_subentry(the_entry(hass), voice.subentry_id)
            await hass.async_block_till_done()
            assert is_cores(await switch_light(hass, sim))
        async with homes.run(disk, Ollama.OURS) as hass:
            assert await async_setup_component(hass, "assist_pipeline", {})
            assert await hass.config_entries.async_reload(the_entry(hass).entry_id)
            assert pipeline not in store(hass).data
            assert len(store(hass).data) == 1
        assert set(ids(disk)) == {AGENT, "ai_task.ollama_ai_task"}


async def test_what_core_changes_in_between(homes: Homes, sim: Simulator):
    disk = await core_makes_an_entry(homes, sim)
    async with homes.run(disk, Ollama.OURS) as hass:
        await change_agent(hass, "Ollama Conversation", temperature=0.2, num_predict=50)
        entry = the_entry(hass)
        options = {"policy": {subentry_of(hass, "Ollama Conversation").subentry_id: "strict"}}
        hass.config_entries.async_update_entry(entry, options=options)
        await add_agent(hass, "conversation", name="Jarvis", model=MODEL)
    ours = deepcopy(disk)

    async with homes.run(disk, Ollama.CORE) as hass:
        await change_agent(hass, "Ollama Conversation", model="llama3.2:3b", max_history=3.0)
        await add_agent(hass, "conversation", name="Friday", model=MODEL, llm_hass_api=["assist"])
        jarvis = subentry_of(hass, "Jarvis").subentry_id
        hass.config_entries.async_remove_subentry(the_entry(hass), jarvis)
        await hass.async_block_till_done()
        await switch_light(hass, sim)

    async with homes.run(disk, Ollama.OURS) as hass:
        entry = loaded(hass)
        assert options_of(entry) == options
        # Core's forms save their own keys and nothing else: tuning goes back to defaults.
        request = await switch_light(hass, sim)
        assert request.body["model"] == "llama3.2:3b"
        assert set(request.body["options"]) == {"num_ctx"}
        await switch_light(hass, sim, "conversation.friday")
        assert hass.states.get("conversation.jarvis") is None
    assert ids(disk)[AGENT] == ids(ours)[AGENT]
    assert ids(disk, of_server=True) == ids(ours, of_server=True)
    assert set(ids(disk)) == {AGENT, "ai_task.ollama_ai_task", "conversation.friday"}


@pytest.mark.parametrize("back", BACK)
async def test_entry_that_was_made_here(homes: Homes, sim: Simulator, back: Ollama):
    disk: Disk = {}
    async with homes.run(disk, Ollama.OURS) as hass:
        await add_server(hass, url=sim.url, model=MODEL)
        assert not is_cores(await switch_light(hass, sim))
    before = deepcopy(disk)
    async with homes.run(disk, back) as hass:
        loaded(hass)
        assert is_cores(await switch_light(hass, sim))
        assert (await ask_for_data(hass))["data"] == ANSWER
    assert without_ours(outcome(disk, before)) == without_ours(outcome(before, before))


@pytest.mark.parametrize("back", BACK)
async def test_window_that_was_left_to_us(homes: Homes, sim: Simulator, back: Ollama):
    """Core's takes the number that stands beside it, also for agents that have none at all."""
    disk: Disk = {}
    async with homes.run(disk, Ollama.OURS) as hass:
        await add_server(hass, url=sim.url, model=MODEL)
        await add_agent(hass, "conversation", name="Jarvis", model=MODEL, llm_hass_api=["assist"])
        assert subentry_of(hass, "Jarvis").data["num_ctx_auto"] is True
        for agent in (AGENT, "conversation.jarvis"):
            request = await switch_light(hass, sim, agent)
            assert request.body["options"]["num_ctx"] == 8192
    before = deepcopy(disk)
    async with homes.run(disk, back) as hass:
        loaded(hass)
        for agent in (AGENT, "conversation.jarvis"):
            request = await switch_light(hass, sim, agent)
            assert is_cores(request)
            assert request.body["options"]["num_ctx"] == 8192
    assert without_ours(outcome(disk, before)) == without_ours(outcome(before, before))
    async with homes.run(disk, Ollama.CORE) as hass:
        await change_agent(hass, "Jarvis", num_ctx=4096.0)
    async with homes.run(disk, Ollama.OURS) as hass:
        # A number that somebody has set there is obeyed, and followed by the others.
        assert "num_ctx_auto" not in subentry_of(hass, "Jarvis").data
        for agent in (AGENT, "conversation.jarvis"):
            request = await switch_light(hass, sim, agent)
            assert request.body["options"]["num_ctx"] == 4096


async def test_recovery_mode(homes: Homes, sim: Simulator):
    """Home Assistant starts with empty registries then, and keeps what is on the disk."""
    disk: Disk = {}
    async with homes.run(disk, Ollama.OURS) as hass:
        await add_server(hass, url=sim.url, model=MODEL)
    before = deepcopy(disk)
    async with homes.run(disk, Ollama.CORE_RECOVERY_MODE) as hass:
        loaded(hass)
        assert is_cores(await switch_light(hass, sim))
    assert outcome(disk, before) == outcome(before, before)


async def test_thinking_of_another_model(homes: Homes, sim: Simulator):
    """Core's sends what is saved as it is, and a model that can't think refuses it."""
    disk = await core_makes_an_entry(homes, sim)
    async with homes.run(disk, Ollama.OURS) as hass:
        await change_agent(hass, "Ollama Conversation", model=THINKING_MODEL, think="on")
        assert (await switch_light(hass, sim)).body["think"] is True
        await change_agent(hass, "Ollama Conversation", model=MODEL)
        await switch_light(hass, sim)
    async with homes.run(disk, Ollama.CORE) as hass:
        await switch_light(hass, sim)


async def test_core_goes_on_without_its_server_here(homes: Homes, sim: Simulator):
    """What core's has loaded once, loads here without the server, as it would not there."""
    disk = await core_makes_an_entry(homes, sim)
    await sim.stop()
    async with homes.run(deepcopy(disk), Ollama.CORE) as hass:
        # It tries again as soon as Home Assistant has started.
        await hass.async_block_till_done(wait_background_tasks=True)
        assert the_entry(hass).state is ConfigEntryState.SETUP_RETRY
    async with homes.run(disk, Ollama.OURS) as hass:
        loaded(hass)
        answer = await say(hass, "turn on the kitchen light")
        assert speech(answer).startswith("The Ollama server cannot be reached.")
        assert hass.states.get(LIGHT).state == "off"
        await sim.start()
        # No reload, no wait.
        await switch_light(hass, sim)
