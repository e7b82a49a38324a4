"""Repairs: each trouble from the broken state to the mended one, as a browser mends it."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping
import re
import socket
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.data_entry_flow import FlowManager, FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ollama import troubles
from custom_components.ollama.const import DOMAIN
from custom_components.ollama.server.privacy import is_cloud_model
from custom_components.ollama.troubles import fitting_num_ctx
from simulator import Fault, Reply, SimModel, Simulator

from .actions.calling import act
from .common import (
    AGENT,
    EMBEDDING_MODEL,
    MODEL,
    PLAIN_MODEL,
    options_of,
    say,
    speech,
)
from .flows.texts import check_texts, english, placeholders

FIX = "/api/repairs/issues/fix"
NEW = "mistral-nemo:12b"
CLOUD = "gpt-oss:120b-cloud"
LONG_PROMPT = "The cat is called Minka. " * 800
OPTION = {"id": "feed", "description": "Feed the cat", "sequence": []}
NOTHING_KEPT = {"kept": {"cloud_models": [], "public_server": False}}
KEYS = {
    "cloud_model_refused",
    "cloud_model_used",
    "context_too_small",
    "model_missing",
    "model_too_small",
    "model_without_tools",
    "num_ctx_conflict",
    "public_server_refused",
    "public_server_used",
    "routed_model_missing",
    "server_too_old",
    # Those of a voice pipeline are tried in voice/test_health.py.
    "voice_agent_removed",
    "voice_language_gone",
    "voice_pipeline_changed",
    "voice_pipeline_deleted",
    "voice_stt_gone",
    "voice_tts_gone",
    "voice_voice_gone",
    "voice_wake_gone",
    "voice_wake_word_gone",
}

type AddEntry = Callable[..., Awaitable[MockConfigEntry]]


class Repair:
    """One repair, in the words of the web interface's requests."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.result: dict[str, Any] = {}

    async def _send(self, method: str, path: str, data: Mapping[str, Any] | None = None) -> Repair:
        async with self._client.request(method, path, json=data) as response:
            assert response.status == 200, await response.text()
            self.result = await response.json()
        return self

    async def open(self, issue: ir.IssueEntry) -> Repair:
        return await self._send("POST", FIX, {"handler": DOMAIN, "issue_id": issue.issue_id})

    async def submit(self, **data: Any) -> Repair:
        return await self._send("POST", f"{FIX}/{self.result['flow_id']}", data)

    async def choose(self, option: str) -> Repair:
        assert self.result["type"] == "menu"
        assert option in self.result["menu_options"]
        return await self.submit(next_step_id=option)

    async def after_progress(self) -> Repair:
        async with asyncio.timeout(5):
            while self.result["type"] == "progress":
                await asyncio.sleep(0.01)
                await self._send("GET", f"{FIX}/{self.result['flow_id']}")
        return self

    @property
    def is_done(self) -> bool:
        return self.result["type"] == "create_entry"

    @property
    def aborted(self) -> str:
        assert self.result["type"] == "abort"
        return self.result["reason"]

    @property
    def errors(self) -> dict[str, str]:
        assert self.result["type"] == "form"
        return self.result["errors"]

    @property
    def words(self) -> dict[str, str]:
        return self.result["description_placeholders"]

    @property
    def models(self) -> list[str]:
        [field] = self.result["data_schema"]
        return [option["value"] for option in field["selector"]["select"]["options"]]


@pytest.fixture
async def repair(hass: HomeAssistant, hass_client: Any) -> Repair:
    # All that answers over HTTP has to be there before the server starts.
    for component in ("repairs", "media_source", "ai_task"):
        assert await async_setup_component(hass, component, {})
    return Repair(await hass_client())


@pytest.fixture(autouse=True)
def _refresh_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.ollama.flows.download.REFRESH_SECONDS", 0.01)


@pytest.fixture(autouse=True)
def _steps_have_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check what every step shows: menus, forms, errors, progress and ends."""
    original = FlowManager._async_handle_step

    async def handle_step(self: FlowManager, flow: Any, *args: Any) -> Any:
        result = await original(self, flow, *args)
        if flow.handler == DOMAIN and "issue_id" in flow.context:
            place = ("issues", flow.data["key"], "fix_flow")
            check_texts(result, *place)
            if result["type"] is FlowResultType.MENU:
                step = english()["issues"][flow.data["key"]]["fix_flow"]["step"][result["step_id"]]
                assert step["title"]
                assert set(step["menu_options"]) == set(result["menu_options"])
                used = placeholders(step["title"]) | placeholders(step["description"])
                assert used <= set(result["description_placeholders"])
            if result["type"] is FlowResultType.FORM:
                step = english()["issues"][flow.data["key"]]["fix_flow"]["step"][result["step_id"]]
                assert placeholders(step["title"]) <= set(result["description_placeholders"])
        return result

    monkeypatch.setattr(FlowManager, "_async_handle_step", handle_step)


@pytest.fixture(autouse=True)
def _issues_have_texts(hass: HomeAssistant) -> Generator[None]:
    """Check every issue that appears: its texts are there, and what they name is given."""
    seen: list[ir.IssueEntry] = []

    @callback
    def note(event: Event[ir.EventIssueRegistryUpdatedData]) -> None:
        if event.data["domain"] == DOMAIN and event.data["action"] != "remove":
            issue = ir.async_get(hass).async_get_issue(DOMAIN, event.data["issue_id"])
            if issue is not None:
                seen.append(issue)

    hass.bus.async_listen(ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, note)
    yield
    for issue in seen:
        texts = english()["issues"][issue.translation_key]
        assert ("fix_flow" in texts) == issue.is_fixable
        used = placeholders(texts["title"]) | placeholders(texts.get("description", ""))
        assert used <= set(issue.translation_placeholders)


def issues(hass: HomeAssistant, key: str) -> list[ir.IssueEntry]:
    return [
        issue
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.active and issue.translation_key == key
    ]


def the_issue(hass: HomeAssistant, key: str) -> ir.IssueEntry:
    [issue] = issues(hass, key)
    return issue


def told(hass: HomeAssistant) -> set[str]:
    """Return the keys of all issues."""
    return {key for key in KEYS if issues(hass, key)}


def user_of(entry: MockConfigEntry, kind: str = "conversation") -> Any:
    [user] = entry.get_subentries_of_type(kind)
    return user


async def look_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Let the server be asked, as it is every minute."""
    await entry.runtime_data.coordinator.async_ask_again()
    await hass.async_block_till_done()


async def change(
    hass: HomeAssistant, entry: MockConfigEntry, kind: str = "conversation", **data: Any
) -> None:
    """Change an agent's settings, as its dialog does."""
    user = user_of(entry, kind)
    hass.config_entries.async_update_subentry(entry, user, data={**user.data, **data})
    await hass.async_block_till_done()


async def add(
    hass: HomeAssistant,
    url: str,
    *agents: Mapping[str, Any],
    options: Mapping[str, Any] | None = None,
) -> MockConfigEntry:
    """Add a server with agents, and load it if that is possible."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="GPU box",
        version=3,
        minor_version=3,
        data={"url": url},
        options=dict(NOTHING_KEPT if options is None else options),
        subentries_data=[
            {
                "subentry_type": "conversation",
                "title": f"Agent {index}",
                "unique_id": None,
                "data": dict(agent),
            }
            for index, agent in enumerate(agents)
        ],
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


def test_every_issue_has_its_texts():
    constants = {
        value
        for name, value in vars(troubles).items()
        if name.isupper() and not name.startswith("_") and f"{value}".upper() == name
    }
    assert constants == KEYS
    assert set(english()["issues"]) == KEYS


async def test_nothing_is_wrong(hass: HomeAssistant, entry):
    await say(hass, "hello")
    assert told(hass) == set()


# A model that is missing


def plan_pull(sim: Simulator, name: str, **plan: Any) -> None:
    """Let a model be downloaded that can control a home."""
    sim.pull_plan(name, model=SimModel(name, capabilities=("completion", "tools")), **plan)


@pytest.fixture
async def missing(hass: HomeAssistant, sim: Simulator, add_entry: AddEntry) -> MockConfigEntry:
    """Return a server without the model of its agent."""
    plan_pull(sim, NEW)
    return await add_entry(agent={"model": NEW})


async def test_missing_model_is_downloaded(
    hass: HomeAssistant, sim: Simulator, missing: MockConfigEntry, repair: Repair
):
    issue = the_issue(hass, "model_missing")
    assert issue.severity is ir.IssueSeverity.ERROR
    assert issue.translation_placeholders == {"agent": "Ollama Conversation", "model": NEW}
    plan_pull(sim, NEW, seconds=0.2)
    await (await repair.open(issue)).choose("download")
    assert repair.result["type"] == "progress"
    assert repair.result["progress_action"] == "download_begins"
    await repair.after_progress()
    assert repair.is_done
    assert told(hass) == set()
    assert user_of(missing).data["model"] == NEW
    sim.script(Reply("Good morning."))
    assert speech(await say(hass, "hello")) == "Good morning."


async def test_missing_model_downloads_once(
    hass: HomeAssistant, sim: Simulator, missing: MockConfigEntry, repair: Repair
):
    """It is missing until it is there; a dialog opened again joins."""
    issue = the_issue(hass, "model_missing")
    plan_pull(sim, NEW, seconds=0.3)
    first = await (await repair.open(issue)).choose("download")
    second = Repair(repair._client)
    await (await second.open(issue)).choose("download")
    await say(hass, "hello")
    assert told(hass) == {"model_missing"}
    await first.after_progress()
    await second.after_progress()
    assert first.is_done
    assert second.is_done
    assert [request.path for request in sim.requests].count("/api/pull") == 1


async def test_missing_model_replaced_by_installed(
    hass: HomeAssistant, sim: Simulator, missing: MockConfigEntry, repair: Repair
):
    await (await repair.open(the_issue(hass, "model_missing"))).choose("choose")
    assert MODEL in repair.models
    assert EMBEDDING_MODEL not in repair.models
    await repair.submit(model=MODEL)
    assert repair.is_done
    await hass.async_block_till_done()
    assert told(hass) == set()
    assert user_of(missing).data["model"] == MODEL
    assert not [request for request in sim.requests if request.path == "/api/pull"]
    assert speech(await say(hass, "hello"))
    assert sim.chats[-1].body["model"] == MODEL


async def test_missing_model_replaced_by_another_download(
    hass: HomeAssistant, sim: Simulator, missing: MockConfigEntry, repair: Repair
):
    plan_pull(sim, "phi4")
    await (await repair.open(the_issue(hass, "model_missing"))).choose("choose")
    await (await repair.submit(model=" phi4 ")).after_progress()
    assert repair.is_done
    await hass.async_block_till_done()
    assert told(hass) == set()
    assert user_of(missing).data["model"] == "phi4"
    pulled = [request.body["model"] for request in sim.requests if request.path == "/api/pull"]
    assert pulled == ["phi4"]


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("nomic-embed-text", "model_only_embeds"),
        (" ", "model_empty"),
        (CLOUD, "cloud_model"),
    ],
)
async def test_missing_model_refuses_what_cannot_answer(
    hass: HomeAssistant,
    missing: MockConfigEntry,
    repair: Repair,
    model: str,
    error: str,
):
    await (await repair.open(the_issue(hass, "model_missing"))).choose("choose")
    await repair.submit(model=model)
    assert repair.errors == {"model": error}
    assert issues(hass, "model_missing")
    assert user_of(missing).data["model"] == NEW
    await repair.submit(model=MODEL)
    assert repair.is_done


async def test_missing_model_that_only_embeds_after_download(
    hass: HomeAssistant, sim: Simulator, missing: MockConfigEntry, repair: Repair
):
    sim.pull_plan("bge-m3", model=SimModel("bge-m3", capabilities=("embedding",)))
    await (await repair.open(the_issue(hass, "model_missing"))).choose("choose")
    await (await repair.submit(model="bge-m3")).after_progress()
    assert repair.errors == {"model": "model_only_embeds"}
    assert user_of(missing).data["model"] == NEW


async def test_missing_model_cannot_be_downloaded(
    hass: HomeAssistant, sim: Simulator, missing: MockConfigEntry, repair: Repair
):
    """The server's words are shown, and another can be chosen or the same tried again."""
    sim.pull_plan(NEW, error="no space left on device")
    await (await repair.open(the_issue(hass, "model_missing"))).choose("download")
    await repair.after_progress()
    assert repair.errors == {"base": "download_failed"}
    assert repair.words["detail"] == "no space left on device"
    assert repair.words["model"] == NEW
    plan_pull(sim, NEW)
    await (await repair.submit(model=NEW)).after_progress()
    assert repair.is_done
    assert told(hass) == set()


async def test_missing_model_while_the_server_is_away(
    hass: HomeAssistant, sim: Simulator, missing: MockConfigEntry, repair: Repair
):
    await repair.open(the_issue(hass, "model_missing"))
    await sim.stop()
    await (await repair.choose("download")).after_progress()
    assert repair.errors == {"base": "unreachable_refused"}
    await repair.submit(model=MODEL)
    assert repair.errors == {"base": "unreachable_refused"}
    assert user_of(missing).data["model"] == NEW
    await sim.start()
    await repair.submit(model=MODEL)
    assert repair.is_done
    await hass.async_block_till_done()
    assert user_of(missing).data["model"] == MODEL


async def test_missing_model_of_an_unknown_server(
    hass: HomeAssistant, sim: Simulator, missing: MockConfigEntry, repair: Repair
):
    """What answers in its place isn't Ollama."""
    await (await repair.open(the_issue(hass, "model_missing"))).choose("choose")
    sim.fault(Fault.NOT_OLLAMA, times=None)
    await repair.submit(model=MODEL)
    assert repair.errors == {"base": "not_ollama"}


@pytest.mark.parametrize("gone", ["entry", "agent", "unloaded"])
@pytest.mark.parametrize("when", ["before", "in between"])
async def test_missing_model_of_what_is_not_there_any_more(
    hass: HomeAssistant, missing: MockConfigEntry, repair: Repair, gone: str, when: str
):
    issue = the_issue(hass, "model_missing")

    async def go() -> None:
        if gone == "entry":
            await hass.config_entries.async_remove(missing.entry_id)
        elif gone == "unloaded":
            await hass.config_entries.async_unload(missing.entry_id)
        else:
            hass.config_entries.async_remove_subentry(missing, user_of(missing).subentry_id)
        await hass.async_block_till_done()

    if when == "before":
        await go()
        # The list of a browser may still show it.
        flow = await hass.data["repairs"]["platforms"].async_get_platform(DOMAIN)
        step = await flow.async_create_fix_flow(hass, issue.issue_id, issue.data)
        step.hass = hass
        assert (await step.async_step_init())["reason"] == "not_there_any_more"
        return
    await (await repair.open(issue)).choose("choose")
    await go()
    assert (await repair.submit(model=MODEL)).aborted == "not_there_any_more"


async def test_missing_model_comes_back_by_itself(
    hass: HomeAssistant, sim: Simulator, missing: MockConfigEntry
):
    sim.install(SimModel(NEW, capabilities=("completion", "tools")))
    await look_again(hass, missing)
    assert told(hass) == set()
    sim.remove(NEW)
    await look_again(hass, missing)
    assert told(hass) == {"model_missing"}


# Models that don't suit


async def test_model_without_tools(hass: HomeAssistant, add_entry: AddEntry):
    entry = await add_entry(agent={"model": PLAIN_MODEL})
    issue = the_issue(hass, "model_without_tools")
    assert issue.severity is ir.IssueSeverity.WARNING
    assert not issue.is_fixable
    assert issue.translation_placeholders == {
        "agent": "Ollama Conversation",
        "model": PLAIN_MODEL,
    }
    await change(hass, entry, model=MODEL)
    assert told(hass) == set()


@pytest.mark.parametrize(
    "settings", [{"llm_hass_api": []}, {"tool_calling": "structured"}, {"tool_calling": "off"}]
)
async def test_model_without_tools_that_needs_none(
    hass: HomeAssistant, add_entry: AddEntry, settings: dict[str, Any]
):
    """A task needs none, either."""
    await add_entry(agent={"model": PLAIN_MODEL, **settings}, task={"model": PLAIN_MODEL})
    assert told(hass) == set()


async def test_model_without_tools_on_an_older_server(hass: HomeAssistant):
    """It doesn't list what its models can do: that is known from the first question on."""
    async with Simulator(version="0.24.0") as sim:
        agent = {"model": PLAIN_MODEL, "llm_hass_api": ["assist"]}
        entry = await add(hass, sim.url, agent)
        await say(hass, "hello", agent_id="conversation.agent_0")
        issue = the_issue(hass, "model_without_tools")
        ir.async_ignore_issue(hass, DOMAIN, issue.issue_id, True)
        assert await hass.config_entries.async_reload(entry.entry_id)
        assert the_issue(hass, "model_without_tools").dismissed_version
        await change(hass, entry, model=MODEL)
        assert told(hass) == set()


async def test_routed_model_is_missing(hass: HomeAssistant, sim: Simulator, entry):
    """One that was chosen in the settings of the server for a kind of question."""
    options = {**entry.options, "models": {"vision": "eye:1b"}}
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.async_block_till_done()
    issue = the_issue(hass, "routed_model_missing")
    assert not issue.is_fixable
    assert issue.translation_placeholders == {"model": "eye:1b"}
    sim.install(SimModel("Eye:1B", capabilities=("completion", "vision")))
    await entry.runtime_data.coordinator.async_ask_again()
    assert told(hass) == set()


async def test_missing_model_stays_told_of_after_a_failed_download(
    hass: HomeAssistant, sim: Simulator, missing: MockConfigEntry
):
    """And ignored, where somebody ignores it."""
    issue = the_issue(hass, "model_missing")
    ir.async_ignore_issue(hass, DOMAIN, issue.issue_id, True)
    sim.pull_plan(NEW, error="no space left on device", fail_after=0.9, seconds=0.2)
    await hass.services.async_call(DOMAIN, "pull_model", {"model": NEW}, blocking=True)
    missing.runtime_data.coordinator.async_update_listeners()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert the_issue(hass, "model_missing").dismissed_version


async def test_server_too_old(hass: HomeAssistant):
    agent = {"model": MODEL}
    async with Simulator(version="0.8.1") as sim:
        port = sim.port
        entry = await add(hass, sim.url, agent)
        issue = the_issue(hass, "server_too_old")
        assert not issue.is_fixable
        assert issue.translation_placeholders == {
            "server": "GPU box",
            "version": "0.8.1",
            "oldest": "0.9.0",
        }
    async with Simulator(version="0.9.0", port=port):
        await look_again(hass, entry)
        assert told(hass) == set()
        await hass.config_entries.async_unload(entry.entry_id)


async def test_cloud_model_is_missing(hass: HomeAssistant, sim: Simulator, repair: Repair):
    """Once cloud models are allowed, one that the server doesn't know is missing as others are."""
    plan_pull(sim, CLOUD)
    await add(hass, sim.url, {"model": CLOUD}, options={"allow_cloud_models": True})
    assert told(hass) == {"model_missing"}
    await (await repair.open(the_issue(hass, "model_missing"))).choose("download")
    await repair.after_progress()
    assert repair.is_done
    assert told(hass) == set()


# Context windows


async def test_context_too_small(
    hass: HomeAssistant, sim: Simulator, add_entry: AddEntry, repair: Repair
):
    small = {"num_ctx": 2048}
    entry = await add_entry(agent={**small, "prompt": LONG_PROMPT}, task=small)
    assert told(hass) == set()
    await say(hass, "hello")
    issue = the_issue(hass, "context_too_small")
    words = issue.translation_placeholders
    needed = int(words["needed"])
    assert 3000 < needed < len(LONG_PROMPT)
    assert words["window"] == "2048"
    fitting = int(words["fitting"])
    assert fitting == fitting_num_ctx(needed, None)
    await repair.open(issue)
    assert repair.words.items() >= words.items()
    await repair.submit()
    assert repair.is_done
    await hass.async_block_till_done()
    assert user_of(entry).data["num_ctx"] == fitting
    assert user_of(entry, "ai_task_data").data["num_ctx"] == fitting
    assert user_of(entry).data["prompt"] == LONG_PROMPT
    assert told(hass) == set()
    await say(hass, "hello")
    assert sim.chats[-1].body["options"]["num_ctx"] == fitting
    assert told(hass) == set()


async def test_context_is_not_made_smaller_for_anybody(
    hass: HomeAssistant, add_entry: AddEntry, repair: Repair
):
    entry = await add_entry(
        agent={"num_ctx": 2048, "prompt": LONG_PROMPT}, task={"num_ctx": 49_152}
    )
    await say(hass, "hello")
    issue = the_issue(hass, "context_too_small")
    assert issue.translation_placeholders["fitting"] == "49152"
    await (await repair.open(issue)).submit()
    await hass.async_block_till_done()
    assert user_of(entry).data["num_ctx"] == 49_152
    assert user_of(entry, "ai_task_data").data["num_ctx"] == 49_152
    assert told(hass) == set()


async def test_context_up_to_what_fits_the_model(
    hass: HomeAssistant, sim: Simulator, add_entry: AddEntry, repair: Repair
):
    sim.install(SimModel("mine:1b", capabilities=("completion", "tools"), context_length=7000))
    entry = await add_entry(agent={"model": "mine:1b", "num_ctx": 2048, "prompt": LONG_PROMPT})
    await say(hass, "hello")
    await (await repair.open(the_issue(hass, "context_too_small"))).submit()
    await hass.async_block_till_done()
    assert user_of(entry).data["num_ctx"] == 7000


async def test_context_of_another_is_not_more_than_the_model_takes(
    hass: HomeAssistant, sim: Simulator, add_entry: AddEntry, repair: Repair
):
    """Somebody else who uses the model may have set more than it was made for."""
    sim.install(SimModel("mine:1b", capabilities=("completion", "tools"), context_length=7000))
    small = {"model": "mine:1b", "num_ctx": 2048, "prompt": LONG_PROMPT}
    entry = await add_entry(agent=small, task={"model": "mine:1b", "num_ctx": 49_152})
    await say(hass, "hello")
    issue = the_issue(hass, "context_too_small")
    assert issue.translation_placeholders["fitting"] == "7000"
    await (await repair.open(issue)).submit()
    await hass.async_block_till_done()
    assert user_of(entry).data["num_ctx"] == 7000
    assert user_of(entry, "ai_task_data").data["num_ctx"] == 7000
    assert told(hass) == set()


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("ask", {"prompt": LONG_PROMPT, "model": "mine:1b"}),
        ("ask", {"prompt": LONG_PROMPT, "query_type": "fast"}),
        ("decide", {"situation": LONG_PROMPT, "options": [OPTION], "model": "mine:1b"}),
    ],
)
async def test_context_of_another_model_for_once(
    hass: HomeAssistant, sim: Simulator, add_entry: AddEntry, action: str, data: dict[str, Any]
):
    """Its window says nothing of the agent and of the agent's own model."""
    sim.install(SimModel("mine:1b", capabilities=("completion", "tools"), context_length=2048))
    entry = await add_entry(agent={"num_ctx": 8192}, task={"num_ctx": 8192})
    options = {**entry.options, "models": {"fast": "mine:1b"}}
    hass.config_entries.async_update_entry(entry, options=options)
    with pytest.raises(HomeAssistantError) as refused:
        await act(hass, action, agent=AGENT, **data)
    assert refused.value.translation_key == "context_too_small"
    assert told(hass) == set()


async def test_context_is_enough_after_a_shorter_prompt(hass: HomeAssistant, add_entry: AddEntry):
    """Saving the agent isn't yet known to help; the next sentence shows it."""
    entry = await add_entry(agent={"num_ctx": 2048, "prompt": LONG_PROMPT}, task={"num_ctx": 2048})
    await say(hass, "hello")
    await change(hass, entry, prompt="Be brief.")
    assert told(hass) == {"context_too_small"}
    await say(hass, "hello")
    assert told(hass) == set()


async def test_context_refused_by_the_server(
    hass: HomeAssistant, sim: Simulator, add_entry: AddEntry
):
    """Nothing has been counted then: only that it was more than the window."""
    await add_entry(agent={"num_ctx": 4096}, task={"num_ctx": 4096})
    refused = "request (5000 tokens) exceeds the available context size (4096 tokens)"
    sim.script(*[Reply(error=refused, error_status=400)] * 3)
    await say(hass, "hello")
    words = the_issue(hass, "context_too_small").translation_placeholders
    assert int(words["needed"]) > 4096
    assert int(words["fitting"]) > 4096
    sim.clear_script()
    await say(hass, "hello")
    assert told(hass) == set()


async def test_context_of_what_was_removed(
    hass: HomeAssistant, add_entry: AddEntry, repair: Repair
):
    entry = await add_entry(agent={"num_ctx": 2048, "prompt": LONG_PROMPT}, task={"num_ctx": 2048})
    await say(hass, "hello")
    await repair.open(the_issue(hass, "context_too_small"))
    hass.config_entries.async_remove_subentry(entry, user_of(entry).subentry_id)
    await hass.async_block_till_done()
    assert told(hass) == set()
    assert (await repair.submit()).aborted == "not_there_any_more"


async def test_model_too_small(hass: HomeAssistant, sim: Simulator, add_entry: AddEntry):
    sim.install(SimModel("mine:1b", capabilities=("completion", "tools"), context_length=2048))
    entry = await add_entry(agent={"model": "mine:1b", "num_ctx": 2048, "prompt": LONG_PROMPT})
    await say(hass, "hello")
    issue = the_issue(hass, "model_too_small")
    assert not issue.is_fixable
    assert issue.translation_placeholders["limit"] == "2048"
    assert int(issue.translation_placeholders["needed"]) > 2048
    assert told(hass) == {"model_too_small"}
    await change(hass, entry, model=MODEL, num_ctx=8192)
    assert told(hass) == set()


@pytest.mark.parametrize(
    ("needed", "limit", "window"),
    [
        (1000, None, 4096),
        (4096, None, 8192),
        (5462, None, 12_288),
        (5462, 8192, 8192),
        (8191, 8192, 8192),
        (8192, 8192, None),
        (100_000, None, 150_000),
        (100_000, 131_072, 131_072),
    ],
)
def test_fitting_num_ctx(needed: int, limit: int | None, window: int | None):
    assert fitting_num_ctx(needed, limit) == window


async def test_num_ctx_conflict(
    hass: HomeAssistant, sim: Simulator, add_entry: AddEntry, repair: Repair
):
    entry = await add_entry(agent={"num_ctx": 4096}, task={"num_ctx": 16_384})
    issue = the_issue(hass, "num_ctx_conflict")
    assert issue.translation_placeholders == {
        "model": MODEL,
        "agents": "Ollama Conversation (4096), Ollama AI Task (16384)",
    }
    await repair.open(issue)
    assert repair.words["agents"] == issue.translation_placeholders["agents"]
    await repair.submit()
    assert repair.is_done
    await hass.async_block_till_done()
    assert told(hass) == set()
    assert user_of(entry).data["num_ctx"] == 16_384
    await say(hass, "hello")
    assert sim.chats[-1].body["options"]["num_ctx"] == 16_384


async def test_num_ctx_conflict_goes_away(hass: HomeAssistant, add_entry: AddEntry, repair: Repair):
    """With the same window, or with another model; a dialog that is still open says so."""
    entry = await add_entry(agent={"num_ctx": 4096})
    await repair.open(the_issue(hass, "num_ctx_conflict"))
    await change(hass, entry, model=PLAIN_MODEL, llm_hass_api=[])
    assert told(hass) == set()
    await change(hass, entry, model=MODEL)
    assert told(hass) == {"num_ctx_conflict"}
    await change(hass, entry, num_ctx=8192)
    assert told(hass) == set()
    await hass.config_entries.async_remove(entry.entry_id)
    assert (await repair.submit()).aborted == "not_there_any_more"


async def test_same_model_under_two_names_conflicts(
    hass: HomeAssistant, sim: Simulator, add_entry: AddEntry
):
    sim.install(SimModel("phi4:latest", capabilities=("completion", "tools")))
    await add_entry(
        agent={"model": "phi4", "num_ctx": 4096}, task={"model": "phi4:latest", "num_ctx": 8192}
    )
    assert told(hass) == {"num_ctx_conflict"}


# What leaves the home


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Return to what names lead. The first address is the one that is connected to."""
    known: dict[str, list[str]] = {}
    numeric = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        return [
            found
            for address in known.get(name, [name])
            for found in numeric(address, *args, **kwargs)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    known["gpu.local"] = ["127.0.0.1", "8.8.8.8"]
    return known


def named(sim: Simulator) -> str:
    return f"http://gpu.local:{sim.port}"


async def test_public_server_that_was_used(
    hass: HomeAssistant, sim: Simulator, names: dict[str, list[str]], repair: Repair
):
    entry = await add(hass, named(sim), {"model": MODEL}, options={})
    assert entry.state is ConfigEntryState.LOADED
    issue = the_issue(hass, "public_server_used")
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.translation_placeholders == {"server": "GPU box"}
    await (await repair.open(issue)).submit()
    assert repair.is_done
    await hass.async_block_till_done()
    assert options_of(entry) == {"allow_public_server": True}
    assert told(hass) == set()
    assert entry.state is ConfigEntryState.LOADED


async def test_public_server_that_is_refused(
    hass: HomeAssistant, sim: Simulator, names: dict[str, list[str]], repair: Repair
):
    entry = await add(hass, named(sim), {"model": MODEL})
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert sim.requests == []
    issue = the_issue(hass, "public_server_refused")
    assert issue.severity is ir.IssueSeverity.ERROR
    await repair.open(issue)
    assert repair.words["server"] == "GPU box"
    await repair.submit()
    assert repair.is_done
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert told(hass) == set()
    assert speech(await say(hass, "hello", agent_id="conversation.agent_0"))


async def test_public_server_that_moves_home(
    hass: HomeAssistant, sim: Simulator, names: dict[str, list[str]]
):
    entry = await add(hass, named(sim), {"model": MODEL})
    assert told(hass) == {"public_server_refused"}
    names["gpu.local"] = ["127.0.0.1"]
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert told(hass) == set()


async def test_server_that_moves_out_of_the_home(
    hass: HomeAssistant, sim: Simulator, names: dict[str, list[str]], repair: Repair
):
    """A name may lead elsewhere when the server comes back."""
    names["gpu.local"] = ["127.0.0.1"]
    entry = await add(hass, named(sim), {"model": MODEL})
    await sim.stop()
    await look_again(hass, entry)
    names["gpu.local"] = ["127.0.0.1", "8.8.8.8"]
    await sim.start()
    asked = len(sim.requests)
    await look_again(hass, entry)
    await say(hass, "hello", agent_id="conversation.agent_0")
    assert len(sim.requests) == asked
    await (await repair.open(the_issue(hass, "public_server_refused"))).submit()
    await hass.async_block_till_done()
    assert told(hass) == set()
    assert speech(await say(hass, "hello", agent_id="conversation.agent_0"))
    assert sim.chats


@pytest.mark.parametrize("end", ["remove", "disable"])
async def test_public_server_that_nobody_wants(
    hass: HomeAssistant, sim: Simulator, names: dict[str, list[str]], repair: Repair, end: str
):
    """It isn't loaded, so nothing is unloaded either."""
    entry = await add(hass, named(sim), {"model": MODEL})
    await repair.open(the_issue(hass, "public_server_refused"))
    if end == "remove":
        await hass.config_entries.async_remove(entry.entry_id)
        assert (await repair.submit()).aborted == "not_there_any_more"
    else:
        await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    assert told(hass) == set()


@pytest.mark.parametrize(
    ("options", "key"), [({}, "cloud_model_used"), (NOTHING_KEPT, "cloud_model_refused")]
)
async def test_cloud_model_is_allowed(
    hass: HomeAssistant,
    sim: Simulator,
    repair: Repair,
    options: dict[str, Any],
    key: str,
):
    sim.install(SimModel(CLOUD, capabilities=("completion", "tools")))
    entry = await add(hass, sim.url, {"model": CLOUD}, {"model": CLOUD}, options=options)
    assert told(hass) == {key}
    first, second = issues(hass, key)
    assert first.translation_placeholders == {"agent": "Agent 0", "model": CLOUD}
    assert second.translation_placeholders == {"agent": "Agent 1", "model": CLOUD}
    await say(hass, "hello", agent_id="conversation.agent_0")
    assert bool(sim.chats) == (key == "cloud_model_used")
    await (await repair.open(first)).choose("allow")
    assert repair.is_done
    await hass.async_block_till_done()
    assert options_of(entry) == {"allow_cloud_models": True}
    assert told(hass) == set()
    asked = len(sim.chats)
    assert speech(await say(hass, "hello", agent_id="conversation.agent_0"))
    assert len(sim.chats) == asked + 1


@pytest.mark.parametrize("options", [{}, NOTHING_KEPT])
async def test_cloud_model_is_replaced(
    hass: HomeAssistant, sim: Simulator, repair: Repair, options: dict[str, Any]
):
    entry = await add(hass, sim.url, {"model": CLOUD}, options=options)
    [key] = told(hass)
    await (await repair.open(the_issue(hass, key))).choose("choose")
    await repair.submit(model=MODEL)
    assert repair.is_done
    await hass.async_block_till_done()
    assert user_of(entry).data["model"] == MODEL
    assert told(hass) == set()


@pytest.mark.parametrize("path", ["choose", "allow"])
async def test_cloud_model_of_an_unloaded_server(
    hass: HomeAssistant, sim: Simulator, repair: Repair, path: str
):
    entry = await add(hass, sim.url, {"model": CLOUD})
    await repair.open(the_issue(hass, "cloud_model_refused"))
    await hass.config_entries.async_remove(entry.entry_id)
    assert (await repair.choose(path)).aborted == "not_there_any_more"


async def test_model_that_the_server_passes_on(
    hass: HomeAssistant, sim: Simulator, monkeypatch: pytest.MonkeyPatch
):
    """A cloud model can bear any name: the server tells that it isn't there."""
    name = "my-model:latest"
    assert not is_cloud_model(name)
    sim.install(SimModel(name, capabilities=("completion", "tools")))
    from custom_components.ollama.server import InstalledModel

    original = InstalledModel.from_answer

    def from_answer(model: Mapping[str, Any]) -> InstalledModel:
        host = "https://ollama.com:443" if model.get("name") == name else ""
        return original({**model, "remote_host": host})

    monkeypatch.setattr(InstalledModel, "from_answer", staticmethod(from_answer))
    await add(hass, sim.url, {"model": "my-model"})
    assert told(hass) == {"cloud_model_refused"}
    await say(hass, "hello", agent_id="conversation.agent_0")
    assert sim.chats == []


# As long as the cause is there, and no longer


async def test_issues_of_a_removed_server(hass: HomeAssistant, missing: MockConfigEntry):
    assert told(hass)
    await hass.config_entries.async_remove(missing.entry_id)
    assert told(hass) == set()


async def test_issues_of_a_disabled_server(hass: HomeAssistant, missing: MockConfigEntry):
    await hass.config_entries.async_set_disabled_by(missing.entry_id, ConfigEntryDisabler.USER)
    assert told(hass) == set()
    await hass.config_entries.async_set_disabled_by(missing.entry_id, None)
    await hass.async_block_till_done()
    assert told(hass) == {"model_missing"}


async def test_issues_of_another_server_stay(
    hass: HomeAssistant, sim: Simulator, missing: MockConfigEntry
):
    other = await add(hass, sim.url, {"model": "phi4"})
    assert len(issues(hass, "model_missing")) == 2
    await hass.config_entries.async_remove(other.entry_id)
    assert the_issue(hass, "model_missing").data["entry_id"] == missing.entry_id


async def test_renamed_agent(hass: HomeAssistant, missing: MockConfigEntry):
    hass.config_entries.async_update_subentry(missing, user_of(missing), title="Jarvis")
    await hass.async_block_till_done()
    assert the_issue(hass, "model_missing").translation_placeholders["agent"] == "Jarvis"


@pytest.mark.parametrize("is_away", [False, True])
@pytest.mark.parametrize(
    ("agent", "key"),
    [
        ({"model": NEW}, "model_missing"),
        ({"model": PLAIN_MODEL}, "model_without_tools"),
        ({"num_ctx": 2048, "prompt": LONG_PROMPT}, "context_too_small"),
        ({"num_ctx": 4096}, "num_ctx_conflict"),
        ({"model": CLOUD}, "cloud_model_used"),
    ],
)
async def test_ignored_issue_stays_ignored(
    hass: HomeAssistant,
    sim: Simulator,
    add_entry: AddEntry,
    agent: dict[str, Any],
    key: str,
    is_away: bool,
):
    """Over a reload, also one for which the server can't be asked."""
    entry = await add_entry(agent=agent)
    await say(hass, "hello")
    ir.async_ignore_issue(hass, DOMAIN, the_issue(hass, key).issue_id, True)
    if is_away:
        await sim.stop()
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert the_issue(hass, key).dismissed_version
    if is_away:
        await sim.start()
    await look_again(hass, entry)
    await say(hass, "hello")
    assert the_issue(hass, key).dismissed_version


async def test_issue_ids_hold_no_names(hass: HomeAssistant, missing: MockConfigEntry):
    """They are logged and saved."""
    issue = the_issue(hass, "model_missing")
    assert re.fullmatch(r"model_missing_[0-9A-Za-z]+", issue.issue_id)
