"""What leads out of the home: refused in every form until its owner allows it."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ollama.const import DOMAIN
from custom_components.ollama.server import InstalledModel
from simulator import SimModel, Simulator

from ..common import MODEL, options_of, say, speech
from .helpers import (
    Names,
    add_agent,
    add_server,
    change_agent,
    change_options,
    change_server,
    new_key,
    subentry,
)
from .test_zeroconf import announce, known_entry

CLOUD = "gpt-oss:120b-cloud"
OTHER_CLOUD = "qwen3-coder:480b-cloud"
PUBLIC = "8.8.8.8"
BOTH = ("127.0.0.1", PUBLIC)
NOTHING_KEPT = {"cloud_models": [], "public_server": False}


def cores_entry(hass: HomeAssistant, url: str, model: str = MODEL, **more: Any) -> MockConfigEntry:
    """Add an entry as core's integration left it."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=url,
        version=3,
        minor_version=3,
        data={"url": url},
        subentries_data=[
            {
                "subentry_type": "conversation",
                "title": "Ollama Conversation",
                "unique_id": None,
                "data": {"model": model},
            }
        ],
        **more,
    )
    entry.add_to_hass(hass)
    return entry


async def load(hass: HomeAssistant, entry: ConfigEntry) -> ConfigEntryState:
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    return entry.state


def told(hass: HomeAssistant) -> set[str]:
    """Return which troubles there are."""
    return {issue.translation_key for issue in ir.async_get(hass).issues.values() if issue.active}


# The address of a server


@pytest.mark.parametrize(
    "typed",
    [
        "8.8.8.8",
        "http://8.8.8.8:11434",
        "https://8.8.8.8/ollama",
        "2001:4860:4860::8888",
        "http://[2001:4860:4860::8888]:11434",
        "::ffff:8.8.8.8",
        "http://134744072",
    ],
)
async def test_public_address(hass: HomeAssistant, sim: Simulator, names: Names, typed: str):
    """No connection is made: a test that tries one to anywhere but this host fails."""
    # One number for the whole address, as the system reads it.
    names["134744072"] = PUBLIC
    dialog = await (await add_server(hass)).submit(url=typed)
    assert dialog.step == "user"
    assert dialog.errors == {"base": "public_server"}
    assert dialog.values["url"] == typed
    assert dialog.values["advanced"]["allow_public_server"] is False
    await dialog.submit(url=sim.url)
    assert dialog.step == "model"


@pytest.mark.parametrize(
    "addresses",
    [
        (PUBLIC,),
        ("127.0.0.1", PUBLIC),
        (PUBLIC, "127.0.0.1"),
        ("127.0.0.1", "192.168.1.20", "2001:4860:4860::8888"),
    ],
)
async def test_every_address_of_a_name(
    hass: HomeAssistant, sim: Simulator, names: Names, addresses: tuple[str, ...]
):
    names["ollama.local"] = addresses
    dialog = await (await add_server(hass)).submit(url=f"ollama.local:{sim.port}")
    assert dialog.errors == {"base": "public_server"}
    assert sim.requests == []


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5", "192.168.1.20", "100.100.1.1"])
async def test_address_at_home(hass: HomeAssistant, sim: Simulator, names: Names, address: str):
    """Private networks, and those that somebody has made between his own devices."""
    names["ollama.local"] = ("127.0.0.1", address)
    dialog = await (await add_server(hass)).submit(url=f"ollama.local:{sim.port}")
    assert dialog.step == "model"
    dialog.close()


async def test_public_server_is_allowed(hass: HomeAssistant, sim: Simulator, names: Names):
    names["ollama.local"] = BOTH
    dialog = await (await add_server(hass)).submit(url=f"ollama.local:{sim.port}")
    assert dialog.errors == {"base": "public_server"}
    assert sim.requests == []
    await dialog.submit(allow_public_server=True)
    assert dialog.step == "model"
    entry = (await dialog.submit()).entry
    assert entry.data == {"url": f"http://ollama.local:{sim.port}"}
    assert entry.options == {"kept": NOTHING_KEPT, "allow_public_server": True}
    assert entry.state is ConfigEntryState.LOADED
    await say(hass, "hello")
    assert len(sim.chats) == 1
    assert "public_server_used" not in told(hass)


async def test_allowed_for_another_address(hass: HomeAssistant, sim: Simulator):
    """What was ticked for an address that didn't work is not kept for the next one."""
    dialog = await add_server(hass)
    await dialog.submit(url="http://127.0.0.1:1", allow_public_server=True)
    assert dialog.errors == {"base": "unreachable_refused"}
    await dialog.submit(url=sim.url, allow_public_server=False)
    assert (await dialog.submit()).entry.options == {"kept": NOTHING_KEPT}


@pytest.mark.parametrize("host", [PUBLIC, "2001:4860:4860::8888"])
async def test_announced(hass: HomeAssistant, host: str):
    """Nobody is asked about a server that must not be used."""
    assert (await announce(hass, 11434, host=host)).aborted == "cannot_connect"
    assert hass.config_entries.flow.async_progress() == []


async def test_announced_and_changed(hass: HomeAssistant, sim: Simulator, names: Names):
    names["ollama.local"] = BOTH
    dialog = await announce(hass, sim.port)
    sim.requests.clear()
    await dialog.submit(url=f"ollama.local:{sim.port}")
    assert dialog.step == "zeroconf_confirm"
    assert dialog.errors == {"base": "public_server"}
    assert sim.requests == []
    await dialog.submit(allow_public_server=True)
    assert (await dialog.submit()).entry.options["allow_public_server"] is True


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize("kept", [False, True])
async def test_announced_elsewhere(hass: HomeAssistant, allowed: bool, kept: bool):
    """A server that is known moves out of the home only where that is allowed."""
    options: dict[str, Any] = {"kept": {"cloud_models": [], "public_server": kept}}
    if allowed:
        options["allow_public_server"] = True
    before = "http://8.8.4.4:11434" if kept else "http://192.168.1.20:11434"
    entry = known_entry(hass, before, options=options, disabled_by=ConfigEntryDisabler.USER)
    assert (await announce(hass, 11434, host=PUBLIC)).aborted == "already_configured"
    assert entry.data["url"] == (f"http://{PUBLIC}:11434" if allowed else before)
    # Back home it follows.
    await announce(hass, 11434, host="192.168.1.21")
    assert entry.data["url"] == "http://192.168.1.21:11434"


async def test_reconfigure(hass: HomeAssistant, sim: Simulator, names: Names, entry):
    names["ollama.local"] = BOTH
    url = f"http://ollama.local:{sim.port}"
    before, options = dict(entry.data), dict(entry.options)
    sim.requests.clear()
    dialog = await (await change_server(hass, entry)).submit(url=url)
    assert dialog.step == "reconfigure"
    assert dialog.errors == {"base": "public_server"}
    assert (entry.data, entry.options) == (before, options)
    assert sim.requests == []
    await dialog.submit(allow_public_server=True)
    assert dialog.aborted == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data == {"url": url}
    assert entry.options == {"kept": NOTHING_KEPT, "allow_public_server": True}

    dialog = await change_server(hass, entry)
    assert dialog.values["advanced"]["allow_public_server"] is True
    await dialog.submit(allow_public_server=False)
    assert dialog.errors == {"base": "public_server"}
    await dialog.submit(url=sim.url)
    assert dialog.aborted == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.options == {"kept": NOTHING_KEPT}


async def test_new_key_of_a_server_that_moved_out(
    hass: HomeAssistant, sim: Simulator, names: Names
):
    """The name leads elsewhere by now: nobody there gets the key."""
    names["ollama.local"] = "127.0.0.1"
    entry = cores_entry(hass, f"http://ollama.local:{sim.port}", options={"kept": NOTHING_KEPT})
    assert await load(hass, entry) is ConfigEntryState.LOADED
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    names["ollama.local"] = BOTH
    sim.requests.clear()
    dialog = await (await new_key(hass, entry)).submit(api_key="secret")
    assert dialog.errors == {"base": "public_server"}
    assert sim.requests == []
    assert "api_key" not in entry.data


# A public server of core's


async def test_public_server_of_cores(hass: HomeAssistant, sim: Simulator, names: Names):
    """It goes on, and is pointed out; the same address chosen later is refused."""
    names["ollama.local"] = names["other.local"] = BOTH
    url = f"http://ollama.local:{sim.port}"
    entry = cores_entry(hass, url)
    for _ in range(2):
        assert await load(hass, entry) is ConfigEntryState.LOADED
        assert entry.options == {"kept": {"cloud_models": [], "public_server": True}}
    assert told(hass) == {"public_server_used"}
    await say(hass, "hello")
    assert len(sim.chats) == 1

    # What else is changed doesn't take it away.
    dialog = await (await change_server(hass, entry)).submit(headers=["A: b"])
    assert dialog.aborted == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.options["kept"]["public_server"] is True

    dialog = await (await change_server(hass, entry)).submit(url=f"other.local:{sim.port}")
    assert dialog.errors == {"base": "public_server"}
    await dialog.submit(url=sim.url)
    assert dialog.aborted == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.options == {"kept": NOTHING_KEPT}
    assert told(hass) == set()
    dialog = await (await change_server(hass, entry)).submit(url=url)
    assert dialog.errors == {"base": "public_server"}


async def test_name_that_was_not_found_at_first(hass: HomeAssistant, sim: Simulator, names: Names):
    """What core's used is known once the name is."""
    entry = cores_entry(hass, f"http://ollama.local:{sim.port}")
    assert await load(hass, entry) is ConfigEntryState.SETUP_RETRY
    assert entry.options == {}
    names["ollama.local"] = BOTH
    assert await load(hass, entry) is ConfigEntryState.LOADED
    assert entry.options["kept"]["public_server"] is True


@pytest.mark.usefixtures("_may_be_refused")
async def test_server_that_moves_out(hass: HomeAssistant, sim: Simulator, names: Names):
    """Where it stood in the home at first, it may not be used anywhere else."""
    names["ollama.local"] = "127.0.0.1"
    entry = cores_entry(hass, f"http://ollama.local:{sim.port}")
    assert await load(hass, entry) is ConfigEntryState.LOADED
    names["ollama.local"] = BOTH
    sim.requests.clear()
    assert await load(hass, entry) is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "public_server"
    assert told(hass) == {"public_server_refused"}
    assert sim.requests == []


# Cloud models


@pytest.fixture
def cloud(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server know cloud models, as one does whose owner has signed in."""
    monkeypatch.setattr("simulator.chat.is_cloud", lambda name: False)
    for name in (CLOUD, OTHER_CLOUD):
        sim.install(SimModel(name, capabilities=("completion", "tools")))


def sent(sim: Simulator) -> set[str]:
    """Return which requests name a model that they use or get."""
    return {request.path for request in sim.requests} & {
        "/api/chat",
        "/api/generate",
        "/api/embed",
        "/api/pull",
    }


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize("model", [CLOUD, "deepseek-v3.1:671b-cloud", " KIMI-K2:Cloud "])
async def test_cloud_model(hass: HomeAssistant, sim: Simulator, model: str):
    """Whether it is there already or would be downloaded."""
    dialog = await (await add_server(hass)).submit(url=sim.url)
    await dialog.submit(model=model)
    assert dialog.step == "model"
    assert dialog.errors == {"model": "cloud_model"}
    assert dialog.values["model"] == model.strip()
    assert sent(sim) == set()
    await dialog.submit(model=MODEL)
    assert options_of(dialog.entry) == {}


async def test_cloud_model_by_another_name(hass: HomeAssistant, sim: Simulator, passed_on: str):
    dialog = await (await add_server(hass)).submit(url=sim.url)
    await dialog.submit(model=passed_on)
    assert dialog.errors == {"model": "cloud_model"}
    assert sent(sim) == set()


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize("kind", ["conversation", "ai_task_data"])
@pytest.mark.parametrize("model", [CLOUD, "kimi-k2:cloud"])
async def test_cloud_model_of_agent(
    hass: HomeAssistant, sim: Simulator, entry, kind: str, model: str
):
    dialog = await (await add_agent(hass, entry, kind)).submit(model=model)
    assert (dialog.step, dialog.errors) == ("user", {"model": "cloud_model"})
    dialog.close()
    dialog = await (await change_agent(hass, entry, kind)).submit(model=model)
    assert (dialog.step, dialog.errors) == ("reconfigure", {"model": "cloud_model"})
    assert subentry(entry, kind).data["model"] == MODEL
    assert sent(sim) == set()


@pytest.mark.parametrize("listed", [False, True])
async def test_cloud_model_of_agent_by_another_name(
    hass: HomeAssistant, sim: Simulator, passed_on: str, entry, listed: bool
):
    """Also one that has come since the form was shown."""
    if not listed:
        sim.remove(passed_on)
    dialog = await add_agent(hass, entry)
    if not listed:
        sim.install(SimModel(passed_on))
    await dialog.submit(model=passed_on)
    assert (dialog.step, dialog.errors) == ("user", {"model": "cloud_model"})
    assert sent(sim) == set()


@pytest.mark.usefixtures("cloud")
async def test_cloud_model_is_allowed(hass: HomeAssistant, sim: Simulator, entry):
    await (await change_options(hass, entry)).submit(allow_cloud_models=True)
    dialog = await (await change_agent(hass, entry)).submit(model=CLOUD)
    assert dialog.step == "settings"
    await dialog.submit()
    await hass.async_block_till_done()
    await say(hass, "hello")
    assert sim.chats[-1].body["model"] == CLOUD


@pytest.mark.usefixtures("cloud")
async def test_cloud_model_of_cores(hass: HomeAssistant, sim: Simulator):
    """It goes on, and is pointed out; its settings can be changed, its model only to others."""
    entry = cores_entry(hass, sim.url, CLOUD)
    for _ in range(2):
        assert await load(hass, entry) is ConfigEntryState.LOADED
        assert entry.options == {"kept": {"cloud_models": [CLOUD], "public_server": False}}
    assert told(hass) == {"cloud_model_used"}
    await say(hass, "hello")
    assert sim.chats[-1].body["model"] == CLOUD

    dialog = await (await change_agent(hass, entry)).submit()
    assert dialog.step == "settings"
    await dialog.submit(max_history=3)
    await hass.async_block_till_done()
    assert subentry(entry).data["max_history"] == 3
    await say(hass, "hello")
    assert len(sim.chats) == 2

    dialog = await (await change_agent(hass, entry)).submit(model=OTHER_CLOUD)
    assert dialog.errors == {"model": "cloud_model"}


async def test_cloud_model_of_cores_under_another_name(
    hass: HomeAssistant, sim: Simulator, monkeypatch: pytest.MonkeyPatch
):
    """Only the server's list tells; while the server is away, what was used is not refused."""
    listed = InstalledModel.from_answer

    def passed_on(model: Mapping[str, Any]) -> InstalledModel:
        # The simulator passes nothing on.
        return listed({**model, "remote_host": "https://elsewhere"})

    monkeypatch.setattr(InstalledModel, "from_answer", passed_on)
    entry = cores_entry(hass, sim.url)
    assert await load(hass, entry) is ConfigEntryState.LOADED
    assert entry.options == {"kept": {"cloud_models": [MODEL], "public_server": False}}
    assert told(hass) == {"cloud_model_used"}
    await say(hass, "hello")
    assert len(sim.chats) == 1


@pytest.mark.usefixtures("cloud")
async def test_cloud_models_of_cores_without_the_server(hass: HomeAssistant, sim: Simulator):
    """What was in use is found out when the server is back, without a reload."""
    entry = cores_entry(hass, sim.url, CLOUD)
    assert await load(hass, entry) is ConfigEntryState.LOADED
    hass.config_entries.async_update_entry(entry, options={})
    await sim.stop()
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert entry.options == {"kept": {"public_server": False}}
    await sim.start()
    await say(hass, "hello")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert sim.chats[-1].body["model"] == CLOUD
    assert entry.options == {"kept": {"cloud_models": [CLOUD], "public_server": False}}


@pytest.mark.usefixtures("cloud")
async def test_cloud_model_chosen_later(hass: HomeAssistant, sim: Simulator):
    """Wherever it was chosen, such as in core's form meanwhile: nothing is said to it."""
    entry = cores_entry(hass, sim.url)
    assert await load(hass, entry) is ConfigEntryState.LOADED
    agent = subentry(entry)
    hass.config_entries.async_update_subentry(entry, agent, data={**agent.data, "model": CLOUD})
    await hass.async_block_till_done()
    assert await load(hass, entry) is ConfigEntryState.LOADED
    assert entry.options == {"kept": NOTHING_KEPT}
    assert told(hass) == {"cloud_model_refused"}
    answer = speech(await say(hass, "hello"))
    assert CLOUD in answer
    assert sent(sim) == set()
    # Its settings are changed together with its model only.
    dialog = await (await change_agent(hass, entry)).submit()
    assert dialog.errors == {"model": "cloud_model"}
