"""A server that is there: a new key, another address."""

from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ollama.const import DOMAIN
from simulator import Fault, Simulator

from ..common import AGENT, MODEL, TASK, options_of, say, speech
from .helpers import add_agent, change_server, new_key


def server_entry(hass: HomeAssistant, url: str, **more: Any) -> MockConfigEntry:
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=url,
        version=3,
        minor_version=3,
        data={"url": url, **more.pop("data", {})},
        subentries_data=[
            {
                "subentry_type": "conversation",
                "title": "Ollama Conversation",
                "unique_id": None,
                "data": {"model": MODEL, "num_ctx": 4096.0, "temperature": 0.5},
            }
        ],
        **more,
    )
    entry.add_to_hass(hass)
    return entry


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


# A new key


async def test_reauth(hass: HomeAssistant):
    """The entry could not be loaded: it asks for a key, and loads with it."""
    async with Simulator(api_key="new") as sim:
        entry = server_entry(hass, sim.url, data={"api_key": "old", "foreign": 1})
        await set_up(hass, entry)
        assert entry.state is ConfigEntryState.SETUP_ERROR
        dialog = await new_key(hass, entry)
        assert dialog.step == "reauth_confirm"
        assert dialog.words == {"name": sim.url}
        assert dialog.errors == {}
        assert dialog.values == {"api_key": "old", "headers": []}
        await dialog.submit(api_key="wrong")
        assert dialog.errors == {"base": "invalid_auth"}
        assert dialog.words["name"] == sim.url
        await dialog.submit(api_key="new")
        assert dialog.aborted == "reauth_successful"
        await hass.async_block_till_done()
        assert entry.data == {"url": sim.url, "api_key": "new", "foreign": 1}
        assert entry.state is ConfigEntryState.LOADED
        assert len(entry.subentries) == 1
        await hass.config_entries.async_unload(entry.entry_id)


async def test_reauth_with_the_same_key(hass: HomeAssistant, sim: Simulator):
    """The server was mended meanwhile: nothing changes, and yet the entry loads."""
    sim._api_key = "other"
    entry = server_entry(hass, sim.url, data={"api_key": "k"})
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    sim._api_key = "k"
    dialog = await (await new_key(hass, entry)).submit()
    assert dialog.aborted == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.data == {"url": sim.url, "api_key": "k"}
    assert entry.state is ConfigEntryState.LOADED


async def test_reauth_without_key(hass: HomeAssistant, sim: Simulator):
    """An emptied field takes the key away."""
    sim._api_key = "other"
    entry = server_entry(hass, sim.url, data={"api_key": "k"})
    await set_up(hass, entry)
    sim._api_key = None
    dialog = await (await new_key(hass, entry)).submit(api_key=None)
    assert dialog.aborted == "reauth_successful"
    assert entry.data == {"url": sim.url}


async def test_reauth_of_key_in_options(hass: HomeAssistant):
    """In core's integration a key in the options wins: it goes, and the new one counts."""
    async with Simulator(api_key="new") as sim:
        entry = server_entry(
            hass,
            "http://127.0.0.1:1",
            options={"url": sim.url, "api_key": "old", "foreign": 1},
        )
        await set_up(hass, entry)
        dialog = await new_key(hass, entry)
        assert dialog.values["api_key"] == "old"
        await dialog.submit(api_key="new")
        assert dialog.aborted == "reauth_successful"
        await hass.async_block_till_done()
        assert entry.data == {"url": "http://127.0.0.1:1", "api_key": "new"}
        assert options_of(entry) == {"url": sim.url, "foreign": 1}
        assert entry.state is ConfigEntryState.LOADED
        await hass.config_entries.async_unload(entry.entry_id)


async def test_reauth_with_headers(hass: HomeAssistant):
    async with Simulator(required_headers={"X-Token": "new"}, api_key="k") as sim:
        data = {"api_key": "k", "headers": {"X-Token": "old"}}
        entry = server_entry(hass, sim.url, data=data)
        hass.config_entries.async_update_entry(entry)
        entry.async_start_reauth(hass)
        await hass.async_block_till_done()
        dialog = await new_key(hass, entry)
        assert dialog.values == {"api_key": "k", "headers": ["X-Token: old"]}
        await dialog.submit(headers=["nonsense"])
        assert dialog.errors == {"base": "invalid_header"}
        assert dialog.values == {"api_key": "k", "headers": ["nonsense"]}
        await dialog.submit(headers=["X-Token: new"])
        assert dialog.aborted == "reauth_successful"
        assert entry.data == {**data, "url": sim.url, "headers": {"X-Token": "new"}}
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        await hass.config_entries.async_unload(entry.entry_id)


async def test_reauth_while_loaded(hass: HomeAssistant, sim: Simulator, entry):
    """A key that is refused later: the agent asks for a new one and uses it."""
    sim._api_key = "new"
    assert "refused access" in speech(await say(hass, "hello"))
    await hass.async_block_till_done()
    dialog = await (await new_key(hass, entry)).submit(api_key="new")
    assert dialog.aborted == "reauth_successful"
    await hass.async_block_till_done()
    assert "refused access" not in speech(await say(hass, "hello"))
    assert not hass.config_entries.flow.async_progress()


async def test_reauth_where_the_version_is_open(hass: HomeAssistant, sim: Simulator, entry):
    """A proxy may answer that to everyone: it doesn't show that the key is good."""
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    sim.fault(Fault.HTTP_401, path="/api/tags")
    dialog = await (await new_key(hass, entry)).submit(api_key="wrong")
    assert dialog.errors == {"base": "invalid_auth"}
    assert entry.data == {"url": sim.url}


async def test_reauth_starts_once(hass: HomeAssistant, entry):
    for _ in range(2):
        entry.async_start_reauth(hass)
        await hass.async_block_till_done()
    [flow] = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH


# Another address


async def test_reconfigure(hass: HomeAssistant, sim: Simulator, entry):
    """The agents keep their settings, their entities and their ids."""
    registry = er.async_get(hass)
    before = {
        entity.entity_id: (entity.unique_id, entity.id)
        for entity in er.async_entries_for_config_entry(registry, entry.entry_id)
    }
    assert {AGENT, TASK} <= set(before)
    subentries = dict(entry.subentries)
    hass.config_entries.async_update_entry(entry, options={"mine": 1})
    async with Simulator() as other:
        dialog = await change_server(hass, entry)
        assert dialog.step == "reconfigure"
        assert dialog.errors == {}
        assert dialog.values == {
            "url": sim.url,
            "advanced": {"verify_ssl": True, "headers": [], "allow_public_server": False},
        }
        assert dialog.result["last_step"] is True
        await dialog.submit(url=f"127.0.0.1:{other.port}/", headers=["A: b"])
        assert dialog.aborted == "reconfigure_successful"
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert entry.title == other.url
        assert entry.data == {"url": other.url, "headers": {"A": "b"}}
        assert options_of(entry) == {"mine": 1}
        assert dict(entry.subentries) == subentries
        after = {
            entity.entity_id: (entity.unique_id, entity.id)
            for entity in er.async_entries_for_config_entry(registry, entry.entry_id)
        }
        assert after == before
        await say(hass, "hello")
        assert len(other.chats) == 1
        await hass.config_entries.async_unload(entry.entry_id)


async def test_reconfigure_keeps_own_title(hass: HomeAssistant, sim: Simulator, entry):
    hass.config_entries.async_update_entry(entry, title="Study")
    async with Simulator() as other:
        await (await change_server(hass, entry)).submit(url=other.url)
        assert entry.title == "Study"
        await hass.async_block_till_done()
        await hass.config_entries.async_unload(entry.entry_id)


async def test_reconfigure_with_nothing_new(hass: HomeAssistant, sim: Simulator, entry):
    """It is not its own duplicate, and nothing is reloaded."""
    device = entry.runtime_data
    dialog = await (await change_server(hass, entry)).submit(url=f" {sim.url}/ ")
    assert dialog.aborted == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.data == {"url": sim.url}
    assert entry.runtime_data is device


async def test_reconfigure_of_connection_in_options(hass: HomeAssistant, sim: Simulator):
    """What is in use is shown, and then stands in the data only."""
    entry = server_entry(
        hass,
        "http://127.0.0.1:1",
        options={"url": sim.url, "api_key": "k", "mine": 1},
        data={"foreign": 1},
    )
    await set_up(hass, entry)
    dialog = await change_server(hass, entry)
    assert dialog.values["url"] == sim.url
    assert dialog.values["api_key"] == "k"
    await dialog.submit(api_key=None)
    assert dialog.aborted == "reconfigure_successful"
    assert entry.data == {"url": sim.url, "foreign": 1}
    assert options_of(entry) == {"mine": 1}


async def test_reconfigure_takes_away(hass: HomeAssistant, tls_sim: Simulator):
    """What is emptied is gone, and what was switched off shows as it is."""
    data = {"api_key": "k", "headers": {"A": "b"}, "verify_ssl": False}
    entry = server_entry(hass, tls_sim.url, data=data)
    await set_up(hass, entry)
    dialog = await change_server(hass, entry)
    assert dialog.values == {
        "url": tls_sim.url,
        "api_key": "k",
        "advanced": {"verify_ssl": False, "headers": ["A: b"], "allow_public_server": False},
    }
    await dialog.submit(api_key=None, headers=[])
    assert dialog.aborted == "reconfigure_successful"
    assert entry.data == {"url": tls_sim.url, "verify_ssl": False}
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(entry.entry_id)


async def test_reconfigure_of_broken_entry(hass: HomeAssistant, sim: Simulator):
    """It is loaded with what was changed."""
    entry = server_entry(hass, "http://127.0.0.1:1")
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    dialog = await change_server(hass, entry)
    await dialog.submit(url="http://[")
    assert dialog.errors == {"url": "invalid_url"}
    await dialog.submit(url=sim.url)
    assert dialog.aborted == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_reconfigure_to_duplicate(hass: HomeAssistant, sim: Simulator, entry):
    other = server_entry(hass, "http://127.0.0.1:1")
    dialog = await change_server(hass, other)
    await dialog.submit(url=f"{sim.url}/api")
    assert dialog.aborted == "already_configured"
    assert other.data["url"] == "http://127.0.0.1:1"
    assert entry.data["url"] == sim.url


async def test_reconfigure_with_open_dialog(hass: HomeAssistant, sim: Simulator, entry):
    """A dialog for an agent that is open meanwhile goes on with the new connection."""
    agent = await add_agent(hass, entry)
    async with Simulator() as other:
        await (await change_server(hass, entry)).submit(url=other.url)
        await hass.async_block_till_done()
        await agent.submit()
        assert agent.step == "settings"
        assert "/api/show" in [request.path for request in other.requests]
        await hass.config_entries.async_unload(entry.entry_id)


async def test_key_that_is_none(hass: HomeAssistant, sim: Simulator, entry):
    dialog = await (await change_server(hass, entry)).submit(api_key="schlüssel")
    assert dialog.errors == {"api_key": "invalid_api_key"}
    dialog.close()
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    dialog = await (await new_key(hass, entry)).submit(api_key="schlüssel")
    assert dialog.errors == {"api_key": "invalid_api_key"}
    assert entry.data == {"url": sim.url}
