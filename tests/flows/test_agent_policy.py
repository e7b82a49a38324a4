"""What an agent may do: chosen in its form, kept in the options of its server."""

import logging
from typing import Any

from homeassistant.config_entries import ConfigEntryState, UnknownSubEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import InvalidData
import pytest

from custom_components.ollama.flows.policy import policy_as_form, read_policy
from custom_components.ollama.home import DEFAULT_RULES, Kind, Policy, Rule
from simulator import Fault, Reply, Simulator, ToolCall

from ..common import AGENT, MODEL, options_of, say, speech
from ..policy_home import FRONT, agent_data, furnish
from .helpers import Dialog, add_agent, change_agent, change_server, subentry

PIN = "7391"
UNLOCKED = ("lock.unlock", "lock.front_door")
DEFAULT_FORM = {kind.value: rule.value for kind, rule in DEFAULT_RULES.items()} | {
    "labels": ["confirm"]
}
# One agent with all that its form saves, so that a visit of the form changes nothing.
AGENT_DATA = agent_data(
    model=MODEL,
    prompt="Be kind.",
    num_ctx=8192.0,
    max_history=20.0,
    keep_alive=-1.0,
    tool_calling="auto",
    plain_text=False,
    prime=True,
)


@pytest.fixture
async def agent(hass: HomeAssistant, add_entry) -> Any:
    """Return a loaded server with an agent that has the home's own tools."""
    return await add_entry(agent=AGENT_DATA)


async def form(hass: HomeAssistant, entry: Any, index: int = 0) -> Dialog:
    dialog = await (await change_agent(hass, entry, index=index)).submit()
    assert (dialog.step, dialog.errors) == ("settings", {})
    return dialog


async def change(hass: HomeAssistant, entry: Any, index: int = 0, **changes: Any) -> None:
    dialog = await (await form(hass, entry, index)).submit(**changes)
    assert dialog.aborted == "reconfigure_successful"
    await hass.async_block_till_done()


async def add(hass: HomeAssistant, entry: Any, **changes: Any) -> Any:
    """Add an agent, and return its subentry."""
    await (await (await add_agent(hass, entry)).submit(name="New")).submit(**changes)
    await hass.async_block_till_done()
    return subentry(entry, index=-1)


# An agent that is there


async def test_form(hass: HomeAssistant, agent):
    dialog = await form(hass, agent)
    assert dialog.field("policy").options == {"collapsed": True}
    assert list(dialog.field("policy").schema.schema) == [*Kind, "pin", "labels"]
    assert dialog.values["policy"] == DEFAULT_FORM
    with pytest.raises(InvalidData):
        await dialog.submit(unlock="perhaps")


async def test_default_is_not_kept(hass: HomeAssistant, agent):
    await change(hass, agent)
    assert options_of(agent) == {}
    assert subentry(agent).data == AGENT_DATA


async def test_saved_and_kept(hass: HomeAssistant, agent):
    """Only what differs from the default, out of the data that core's forms replace."""
    hass.config_entries.async_update_entry(agent, options={"mine": 1})
    chosen = {"unlock": "allow", "devices": "ask", "lists": "refuse", "pin": PIN, "labels": ["a"]}
    await change(hass, agent, **chosen)
    policies = {subentry(agent).subentry_id: chosen}
    assert options_of(agent) == {"mine": 1, "policies": policies}
    assert subentry(agent).data == AGENT_DATA
    assert (await form(hass, agent)).values["policy"] == DEFAULT_FORM | chosen
    # Another visit, a change of something else, core's form, a new address, a reload
    await change(hass, agent)
    await change(hass, agent, num_ctx=4096)
    hass.config_entries.async_update_subentry(agent, subentry(agent), data={"model": MODEL})
    await hass.async_block_till_done()
    await (await change_server(hass, agent)).submit(headers=["A: b"])
    await hass.config_entries.async_reload(agent.entry_id)
    await hass.async_block_till_done()
    assert options_of(agent) == {"mine": 1, "policies": policies}
    assert (await form(hass, agent)).values["policy"] == DEFAULT_FORM | chosen
    policy = Policy.from_data(policies[subentry(agent).subentry_id])
    assert policy.rules == DEFAULT_RULES | {
        Kind.UNLOCK: Rule.ALLOW,
        Kind.DEVICES: Rule.ASK,
        Kind.LISTS: Rule.REFUSE,
    }
    assert (policy.pin, policy.labels) == (PIN, {"a"})


async def test_changed_and_reset(hass: HomeAssistant, agent):
    """What is set to the default again leaves nothing behind."""
    await change(hass, agent, unlock="refuse", pin=PIN, labels=["a", "b"])
    await change(hass, agent, unlock="allow", pin="4711", labels=["b"])
    [policy] = agent.options["policies"].values()
    assert policy == {"unlock": "allow", "pin": "4711", "labels": ["b"]}
    await change(hass, agent, pin=None, labels=["confirm"])
    [policy] = agent.options["policies"].values()
    assert policy == {"unlock": "allow"}
    # An emptied field means the default as well.
    await change(hass, agent, unlock=None)
    assert options_of(agent) == {}
    assert (await form(hass, agent)).values["policy"] == DEFAULT_FORM


@pytest.mark.parametrize("emptied", [None, []])
async def test_no_labels(hass: HomeAssistant, agent, emptied: list[str] | None):
    """A browser leaves the emptied field out; nobody wants the usual label back then."""
    await change(hass, agent, labels=emptied)
    [policy] = agent.options["policies"].values()
    assert policy == {"labels": []}
    assert (await form(hass, agent)).values["policy"]["labels"] == []
    assert Policy.from_data(policy).labels == frozenset()


async def test_each_agent_has_its_own(hass: HomeAssistant, agent):
    new = await add(hass, agent)
    await change(hass, agent, 0, unlock="refuse")
    await change(hass, agent, 1, unlock="allow", pin=PIN)
    first = subentry(agent).subentry_id
    assert agent.options["policies"] == {
        first: {"unlock": "refuse"},
        new.subentry_id: {"unlock": "allow", "pin": PIN},
    }
    await change(hass, agent, 1, unlock="ask", pin=None)
    assert agent.options["policies"] == {first: {"unlock": "refuse"}}
    assert (await form(hass, agent, 1)).values["policy"] == DEFAULT_FORM


async def test_in_force_at_once(hass: HomeAssistant, sim: Simulator, agent):
    """Nothing is loaded anew, and the next sentence is under the new policy."""
    home = await furnish(hass)
    runtime = agent.runtime_data

    async def ask() -> str:
        sim.clear_script()
        sim.script(Reply(tool_calls=(ToolCall("unlock", FRONT),)), *[Reply("As you wish.")] * 3)
        return speech(await say(hass, "unlock the front door"))

    await change(hass, agent, unlock="refuse")
    assert not (await ask()).startswith("Shall I")
    await change(hass, agent, unlock="ask", pin=PIN)
    assert await ask() == "Shall I unlock Front door? What is the PIN?"
    assert await home.done() == []
    await change(hass, agent, unlock="allow", pin=None)
    await ask()
    assert await home.done() == [UNLOCKED]
    assert agent.runtime_data is runtime
    # Anything else does load it anew.
    await change(hass, agent, unlock="refuse", num_ctx=4096)
    assert agent.runtime_data is not runtime
    await ask()
    assert await home.done() == [UNLOCKED]


async def test_while_server_is_down(hass: HomeAssistant, sim: Simulator, agent):
    """Who may do what doesn't depend on the server."""
    sim.fault(Fault.REFUSE)
    dialog = await change_agent(hass, agent)
    assert dialog.errors == {"base": "unreachable_refused"}
    await (await dialog.submit()).submit(unlock="refuse")
    assert dialog.aborted == "reconfigure_successful"
    await hass.async_block_till_done()
    assert agent.options["policies"] == {subentry(agent).subentry_id: {"unlock": "refuse"}}
    assert agent.state is ConfigEntryState.LOADED


def test_strange_policy_shows_what_is_in_force():
    """Whatever a later version or a mistake left, the form can be saved."""
    shown = policy_as_form({"unlock": "sometimes", "lock": "refuse", "pin": 1234, "labels": "a"})
    assert shown == DEFAULT_FORM | {"lock": "refuse", "pin": "1234", "labels": ["a"]}
    assert read_policy(shown) == {"lock": "refuse", "pin": "1234", "labels": ["a"]}


# The PIN


@pytest.mark.parametrize(
    "pin", ["12", "12345678901234567", "secret", "?1234", "12\N{SNOWMAN}34", "my code"]
)
@pytest.mark.parametrize("new", [True, False])
async def test_invalid_pin(hass: HomeAssistant, agent, pin: str, new: bool):
    """Nothing is saved, and all that was filled in stays."""
    if new:
        dialog = await (await add_agent(hass, agent)).submit(name="New")
    else:
        dialog = await form(hass, agent)
    before = dict(agent.subentries)
    await dialog.submit(
        pin=pin, unlock="refuse", labels=None, num_ctx=4096, top_k=3, prompt=None, plain_text=True
    )
    assert (dialog.step, dialog.errors) == ("settings", {"base": "invalid_pin"})
    assert dialog.words == {"model": MODEL, "abilities": "tools"}
    assert dialog.values["policy"] == {
        key: value
        for key, value in (DEFAULT_FORM | {"pin": pin, "unlock": "refuse"}).items()
        if key != "labels"
    }
    assert dialog.values["sampling"] == {"top_k": 3}
    assert (dialog.values["num_ctx"], dialog.values["plain_text"]) == (4096, True)
    assert "prompt" not in dialog.values
    assert options_of(agent) == {}
    assert dict(agent.subentries) == before
    await dialog.submit(pin=PIN)
    await hass.async_block_till_done()
    saved = subentry(agent, index=-1)
    assert agent.options["policies"] == {
        saved.subentry_id: {"unlock": "refuse", "pin": PIN, "labels": []}
    }
    assert (saved.data["num_ctx"], saved.data["top_k"]) == (4096, 3)
    assert "prompt" not in saved.data


@pytest.mark.parametrize(
    ("pin", "kept"), [("123", "123"), (" 1234 ", "1234"), ("A1B2", "A1B2"), ("9" * 16, "9" * 16)]
)
async def test_valid_pin(hass: HomeAssistant, agent, pin: str, kept: str):
    await change(hass, agent, pin=pin)
    assert agent.options["policies"] == {subentry(agent).subentry_id: {"pin": kept}}


async def test_blank_pin_is_none(hass: HomeAssistant, agent):
    await change(hass, agent, pin=PIN)
    await change(hass, agent, pin="  ")
    assert options_of(agent) == {}


async def test_pin_is_not_told(
    hass: HomeAssistant, sim: Simulator, agent, caplog: pytest.LogCaptureFixture
):
    """Neither in the log, nor in what is printed of an object, nor in a state."""
    caplog.set_level(logging.DEBUG)
    # So long that no moment or id contains them by chance.
    pin, other = "739150284617", "481263795024"
    await change(hass, agent, pin=pin)
    await (await form(hass, agent)).submit(pin=f"?{pin}")
    await add(hass, agent, pin=other)
    await say(hass, "hello")
    entities = [hass.data["conversation"].get_entity(AGENT)]
    entities.append(hass.data["conversation"].get_entity("conversation.new"))
    assert all(entities)
    assert [entity._agent.policy().pin for entity in entities] == [pin, other]
    for secret in (pin, other):
        assert secret not in caplog.text
        assert secret not in repr([entity._agent.policy() for entity in entities])
        assert secret not in repr([*map(repr, entities), agent, agent.runtime_data])
        assert secret not in repr([vars(entity).get("_settings") for entity in entities])
        assert secret not in repr(dict(agent.subentries))
        assert secret not in repr(hass.states.async_all())
        assert secret not in str(sim.chats[-1].body)
    with pytest.raises(ValueError, match="not a PIN") as info:
        read_policy({"pin": f"?{pin}"})
    assert pin not in str(info.value)


# A new one


async def test_new_agent(hass: HomeAssistant, agent):
    """Its id is known only when it is there: what was chosen is moved then."""
    await change(hass, agent, lock="ask")
    dialog = await (await add_agent(hass, agent)).submit(name="New")
    # Nothing of the first agent's policy.
    assert dialog.values["policy"] == DEFAULT_FORM
    await dialog.submit(unlock="refuse", pin=PIN)
    await hass.async_block_till_done()
    new = subentry(agent, index=-1)
    assert "policy" not in new.data
    assert agent.options["policies"] == {
        subentry(agent).subentry_id: {"lock": "ask"},
        new.subentry_id: {"unlock": "refuse", "pin": PIN},
    }
    assert hass.states.get("conversation.new")
    values = (await form(hass, agent, -1)).values["policy"]
    assert values == DEFAULT_FORM | {"unlock": "refuse", "pin": PIN}
    # It is moved once: what is chosen later isn't overwritten.
    await change(hass, agent, -1, unlock="ask", pin=None)
    await hass.config_entries.async_reload(agent.entry_id)
    assert agent.options["policies"] == {subentry(agent).subentry_id: {"lock": "ask"}}


async def test_new_agent_with_defaults(hass: HomeAssistant, agent):
    new = await add(hass, agent)
    assert "policy" not in new.data
    assert options_of(agent) == {}


async def test_new_agent_of_unloaded_server(hass: HomeAssistant, sim: Simulator, agent):
    """It is moved when the server is loaded the next time, even if that fails."""
    dialog = await (await add_agent(hass, agent)).submit(name="New")
    await hass.config_entries.async_unload(agent.entry_id)
    await dialog.submit(unlock="refuse")
    new = subentry(agent, index=-1)
    assert new.data["policy"] == {"unlock": "refuse"}
    assert options_of(agent) == {}
    sim.fault(Fault.HTTP_401)
    await hass.config_entries.async_setup(agent.entry_id)
    assert agent.state is ConfigEntryState.SETUP_ERROR
    assert agent.options["policies"] == {new.subentry_id: {"unlock": "refuse"}}
    assert "policy" not in subentry(agent, index=-1).data


async def test_task_has_no_policy(hass: HomeAssistant, agent):
    dialog = await (await add_agent(hass, agent, "ai_task_data")).submit()
    assert "policy" not in dialog.fields
    await dialog.submit()
    await hass.async_block_till_done()
    assert "policy" not in subentry(agent, "ai_task_data", -1).data
    assert options_of(agent) == {}


# One that is gone


async def test_removed_agent(hass: HomeAssistant, agent):
    """A policy, and with it a PIN, doesn't outlive its agent."""
    new = await add(hass, agent, pin=PIN)
    await change(hass, agent, 0, unlock="refuse")
    hass.config_entries.async_update_entry(agent, options={**agent.options, "mine": 1})
    first = subentry(agent).subentry_id
    hass.config_entries.async_remove_subentry(agent, new.subentry_id)
    await hass.async_block_till_done()
    assert options_of(agent) == {"mine": 1, "policies": {first: {"unlock": "refuse"}}}
    hass.config_entries.async_remove_subentry(agent, first)
    await hass.async_block_till_done()
    assert options_of(agent) == {"mine": 1}


async def test_removed_while_it_is_changed(hass: HomeAssistant, agent):
    """The dialog that comes too late leaves no policy behind."""
    dialog = await form(hass, agent)
    hass.config_entries.async_remove_subentry(agent, subentry(agent).subentry_id)
    await hass.async_block_till_done()
    with pytest.raises(UnknownSubEntry):
        await dialog.submit(unlock="refuse", pin=PIN)
    assert options_of(agent) == {}


async def test_removed_while_unloaded(hass: HomeAssistant, agent):
    await change(hass, agent, pin=PIN)
    await hass.config_entries.async_unload(agent.entry_id)
    hass.config_entries.async_remove_subentry(agent, subentry(agent).subentry_id)
    await hass.config_entries.async_setup(agent.entry_id)
    assert options_of(agent) == {}
