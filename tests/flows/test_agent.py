"""Adding and changing agents and AI tasks."""

import asyncio
from typing import Any

from homeassistant.components.ollama import config_flow as core
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState, UnknownSubEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import InvalidData
from homeassistant.helpers import device_registry as dr, entity_registry as er, llm
import probatio
import pytest

from custom_components.ollama.agent import AgentSettings
from custom_components.ollama.agent.settings import ToolCalling
from custom_components.ollama.const import DOMAIN
from custom_components.ollama.home import DEFAULT_RULES
from simulator import Fault, Reply, SimModel, Simulator

from ..common import (
    AGENT,
    EMBEDDING_MODEL,
    LEVELS_MODEL,
    MODEL,
    PLAIN_MODEL,
    THINKING_MODEL,
    ask_for_data,
    options_of,
    say,
    speech,
)
from .helpers import Dialog, add_agent, change_agent, subentry

KINDS = ("conversation", "ai_task_data")
NEW = "mistral-nemo:12b"
# As the field for templates keeps it.
PROMPT = llm.DEFAULT_INSTRUCTIONS_PROMPT.strip()
# What a form holds as it comes, for a model that doesn't think.
DEFAULTS = {"num_ctx": 8192.0, "max_history": 20.0, "keep_alive": -1.0}
AGENT_DEFAULTS = {
    **DEFAULTS,
    "prompt": PROMPT,
    "tool_calling": "auto",
    "plain_text": False,
    "prime": True,
}
# A context window that is left to us; core's integration finds a number all the same.
AUTO = {"num_ctx_auto": True, "num_ctx": 8192.0}
# How the choice of the home's own tools is kept.
CONTROL = {"llm_hass_api": ["assist"], "llm_apis": ["ollama"]}
OWN_KEYS = {"llm_apis", "tool_calling", "plain_text", "prime"}


class OtherAPI(llm.API):
    """A second way to control something."""

    async def async_get_api_instance(self, llm_context: llm.LLMContext) -> llm.APIInstance:
        return llm.APIInstance(self, "", llm_context, [])


async def settings_step(
    hass: HomeAssistant, entry: Any, kind: str = "conversation", **answers: Any
) -> Dialog:
    dialog = await (await add_agent(hass, entry, kind)).submit(**answers)
    assert dialog.step == "settings"
    assert dialog.errors == {}
    return dialog


def newest(entry: Any) -> Any:
    return list(entry.subentries.values())[-1]


# New ones


async def test_new_agent(hass: HomeAssistant, sim: Simulator, entry):
    dialog = await add_agent(hass, entry)
    assert dialog.step == "user"
    assert dialog.errors == {}
    assert dialog.fields == ["name", "model"]
    assert dialog.values == {"name": "Ollama Conversation", "model": MODEL}
    assert dialog.result["last_step"] is False
    await dialog.submit(name=" Jarvis ")
    assert dialog.step == "settings"
    assert dialog.words == {"model": MODEL, "abilities": "tools"}
    assert dialog.result["last_step"] is True
    assert dialog.field("sampling").options == {"collapsed": True}
    assert dialog.values == {
        "prompt": llm.DEFAULT_INSTRUCTIONS_PROMPT,
        "llm_hass_api": ["ollama"],
        "tool_calling": "auto",
        "plain_text": False,
        "max_history": 20,
        "keep_alive": -1,
        "sampling": {},
        "prime": True,
        "policy": {kind: rule.value for kind, rule in DEFAULT_RULES.items()}
        | {"labels": ["confirm"]},
    }
    await dialog.submit()
    await hass.async_block_till_done()
    made = newest(entry)
    assert (made.subentry_type, made.title, made.unique_id) == ("conversation", "Jarvis", None)
    assert made.data == {**AGENT_DEFAULTS, **AUTO, **CONTROL, "model": MODEL}
    assert options_of(entry) == {}
    assert all(isinstance(made.data[key], float) for key in DEFAULTS)
    assert hass.states.get("conversation.jarvis")
    assert speech(await say(hass, "hello", agent_id="conversation.jarvis"))


async def test_new_task(hass: HomeAssistant, sim: Simulator, entry):
    """It has no instructions and no way to control the home."""
    dialog = await add_agent(hass, entry, "ai_task_data")
    assert dialog.values == {"name": "Ollama AI Task", "model": MODEL}
    await dialog.submit(name="")
    assert dialog.fields == ["num_ctx", "max_history", "keep_alive", "sampling"]
    await dialog.submit()
    await hass.async_block_till_done()
    made = newest(entry)
    assert (made.subentry_type, made.title) == ("ai_task_data", "Ollama AI Task")
    assert made.data == {**DEFAULTS, **AUTO, "model": MODEL}
    assert len(hass.states.async_entity_ids("ai_task")) == 2


@pytest.mark.parametrize("kind", KINDS)
async def test_same_layout_as_core(hass: HomeAssistant, sim: Simulator, entry, kind: str):
    """What this form saves under core's keys is what core's own form would, key by key."""
    await (await settings_step(hass, entry, kind, model=THINKING_MODEL)).submit(think="on")
    saved = newest(entry).data
    own = OWN_KEYS if kind == "conversation" else set()
    assert (OWN_KEYS | {"num_ctx_auto"}) & set(saved) == own | {"num_ctx_auto"}
    ours = {key: value for key, value in saved.items() if key not in own | {"num_ctx_auto"}}
    schema = probatio.Schema(
        core.ollama_config_option_schema(
            hass, True, kind, {}, [{"value": THINKING_MODEL, "label": THINKING_MODEL}]
        )
    )
    theirs = schema({"name": "any", "model": THINKING_MODEL, "think": True, **ours})
    theirs.pop("name")
    assert ours == theirs
    assert {key: type(value) for key, value in ours.items()} == {
        key: type(value) for key, value in theirs.items()
    }


@pytest.mark.parametrize("kind", KINDS)
async def test_all_settings(hass: HomeAssistant, sim: Simulator, entry, kind: str):
    """What is set reaches the server, in the API's own types."""
    dialog = await settings_step(hass, entry, kind, model=THINKING_MODEL, name="All")
    chosen = {
        "temperature": 0.4,
        "top_p": 0.85,
        "top_k": 30,
        "repeat_penalty": 1.15,
        "seed": 7,
        "num_predict": 300,
        "stop": ["END", "", "\n"],
    }
    await dialog.submit(num_ctx=4096, max_history=3, keep_alive=60, think="on", **chosen)
    await hass.async_block_till_done()
    data = newest(entry).data
    kept = {**chosen, "stop": ["END", "\n"]}
    assert data.items() >= kept.items()
    assert (
        data.items()
        >= {
            "num_ctx": 4096.0,
            "max_history": 3.0,
            "keep_alive": 60.0,
            "think": True,
        }.items()
    )
    assert "sampling" not in data
    settings = AgentSettings.from_data(data)
    assert settings.options == {**kept, "num_ctx": 4096}
    if kind == "conversation":
        await say(hass, "hello", agent_id="conversation.all")
    else:
        await ask_for_data(hass, entity_id="ai_task.all")
    body = sim.chats[-1].body
    assert body["options"] == {**kept, "num_ctx": 4096}
    assert (body["keep_alive"], body["think"]) == ("60s", True)


async def test_empty_fields_are_not_kept(hass: HomeAssistant, entry):
    dialog = await settings_step(hass, entry)
    await dialog.submit(
        prompt=None,
        llm_hass_api=[],
        tool_calling=None,
        plain_text=None,
        num_ctx=None,
        max_history=None,
        keep_alive=None,
        stop=[],
        pin=None,
    )
    assert newest(entry).data == {"model": MODEL, "prime": True, **AUTO}


async def test_name_of_an_agent(hass: HomeAssistant, entry):
    dialog = await settings_step(hass, entry, name="  ")
    await dialog.submit()
    assert newest(entry).title == "Ollama Conversation"


# What suits the model


@pytest.mark.parametrize(
    ("model", "options", "abilities"),
    [
        (MODEL, None, "tools"),
        (PLAIN_MODEL, None, "text only"),
        (THINKING_MODEL, ["off", "on"], "tools, thinking"),
        (LEVELS_MODEL, ["low", "medium", "high"], "tools, thinking"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
async def test_thinking(
    hass: HomeAssistant, entry, kind: str, model: str, options: list[str] | None, abilities: str
):
    """A switch, or levels, or nothing where the model can't."""
    dialog = await settings_step(hass, entry, kind, model=model)
    assert dialog.words == {"model": model, "abilities": abilities}
    if options is None:
        assert "think" not in dialog.fields
        await dialog.submit()
        assert "think" not in newest(entry).data
        return
    assert dialog.field("think").config["options"] == options
    assert dialog.values["think"] == options[0]
    await dialog.submit(think=options[-1])
    assert newest(entry).data["think"] == (True if options[-1] == "on" else "high")


@pytest.mark.parametrize(
    ("saved", "model", "shown", "kept"),
    [
        (False, THINKING_MODEL, "off", False),
        (True, THINKING_MODEL, "on", True),
        ("high", THINKING_MODEL, "on", True),
        (None, LEVELS_MODEL, "low", "low"),
        (False, LEVELS_MODEL, "low", "low"),
        (True, LEVELS_MODEL, "medium", "medium"),
        ("high", LEVELS_MODEL, "high", "high"),
        ("strange", LEVELS_MODEL, "medium", "medium"),
    ],
)
async def test_thinking_saved_before(
    hass: HomeAssistant, add_entry, saved: Any, model: str, shown: str, kept: Any
):
    """What core's integration or another model left is shown as what comes nearest."""
    entry = await add_entry(agent={"model": model} | ({} if saved is None else {"think": saved}))
    dialog = await (await change_agent(hass, entry)).submit()
    assert dialog.values["think"] == shown
    await dialog.submit()
    assert subentry(entry).data["think"] == kept


@pytest.mark.parametrize("kind", KINDS)
async def test_thinking_goes_with_a_model_that_cannot(hass: HomeAssistant, add_entry, kind: str):
    """Core's integration would send it, and the server would refuse every sentence."""
    data = {"model": LEVELS_MODEL, "think": "high"}
    entry = await add_entry(agent=data, task=data)
    dialog = await (await change_agent(hass, entry, kind)).submit(model=MODEL)
    assert "think" not in dialog.fields
    await dialog.submit()
    await hass.async_block_till_done()
    assert "think" not in subentry(entry, kind).data
    dialog = await (await change_agent(hass, entry, kind)).submit(model=LEVELS_MODEL)
    assert dialog.values["think"] == "low"


async def test_thinking_is_kept_while_nothing_is_known(hass: HomeAssistant, sim, add_entry):
    """The server lists its models but doesn't tell what they can do."""
    entry = await add_entry(agent={"model": LEVELS_MODEL, "think": "high"})
    sim.fault(Fault.HTTP_500, path="/api/show", times=None)
    dialog = await (await change_agent(hass, entry)).submit()
    assert "think" not in dialog.fields
    await dialog.submit()
    assert subentry(entry).data["think"] == "high"


@pytest.mark.parametrize(
    ("apis", "kept"), [(["ollama"], CONTROL), (["assist"], {"llm_hass_api": ["assist"]}), ([], {})]
)
async def test_model_without_tools(
    hass: HomeAssistant, entry, apis: list[str], kept: dict[str, Any]
):
    """It may control the home as any other, since its tools are called in another way."""
    dialog = await settings_step(hass, entry, model=PLAIN_MODEL)
    assert dialog.words == {"model": PLAIN_MODEL, "abilities": "text only"}
    assert dialog.values["llm_hass_api"] == ["ollama"]
    await dialog.submit(llm_hass_api=apis)
    assert newest(entry).data == {**AGENT_DEFAULTS, **AUTO, **kept, "model": PLAIN_MODEL}


async def test_tasks_need_no_tools(hass: HomeAssistant, entry):
    await (await settings_step(hass, entry, "ai_task_data", model=PLAIN_MODEL)).submit()
    assert newest(entry).data["model"] == PLAIN_MODEL


@pytest.mark.parametrize("kind", KINDS)
async def test_embedding_model(hass: HomeAssistant, entry, kind: str):
    """It is not in the list, and refused when typed."""
    dialog = await add_agent(hass, entry, kind)
    options = [option["value"] for option in dialog.field("model").config["options"]]
    assert EMBEDDING_MODEL not in options
    await dialog.submit(model=EMBEDDING_MODEL)
    assert dialog.step == "user"
    assert dialog.errors == {"model": "model_only_embeds"}
    await dialog.submit(model=MODEL)
    assert dialog.step == "settings"


@pytest.mark.parametrize("kind", KINDS)
async def test_no_model_at_all(hass: HomeAssistant, entry, kind: str):
    dialog = await (await add_agent(hass, entry, kind)).submit(model=" ")
    assert dialog.errors == {"model": "model_empty"}
    await dialog.submit(model=MODEL)
    assert dialog.step == "settings"


@pytest.mark.parametrize(
    ("saved", "context_length", "shown", "limits"),
    [
        (None, 131_072, 8192, (2048, 131_072)),
        (None, 4096, 4096, (2048, 4096)),
        (32_768, 8192, 8192, (2048, 8192)),
        (1024, 8192, 2048, (2048, 8192)),
        (8192, 1024, 1024, (1024, 1024)),
    ],
)
async def test_context_window(
    hass: HomeAssistant,
    sim: Simulator,
    add_entry,
    saved: int | None,
    context_length: int,
    shown: int,
    limits: tuple[int, int],
):
    """Never more than the model takes, and what was saved before is brought into the range."""
    sim.install(
        SimModel("m:1", context_length=context_length, capabilities=("completion", "tools"))
    )
    entry = await add_entry(agent={"model": "m:1"} | ({"num_ctx": saved} if saved else {}))
    dialog = await (await change_agent(hass, entry)).submit()
    config = dialog.field("num_ctx").config
    assert (config["min"], config["max"]) == limits
    assert dialog.values["num_ctx"] == shown
    with pytest.raises(InvalidData):
        await dialog.submit(num_ctx=context_length + 1)
    await dialog.submit()
    assert subentry(entry).data["num_ctx"] == shown


@pytest.mark.parametrize(
    ("chosen", "kept"),
    [
        (["ollama"], CONTROL),
        (["assist", "other"], {"llm_hass_api": ["assist", "other"]}),
        (["other"], {"llm_hass_api": ["other"]}),
        (
            ["other", "ollama"],
            {"llm_hass_api": ["other", "assist"], "llm_apis": ["other", "ollama"]},
        ),
        (
            ["assist", "ollama"],
            {"llm_hass_api": ["assist"], "llm_apis": ["assist", "ollama"]},
        ),
        ([], {}),
    ],
)
async def test_apis(hass: HomeAssistant, entry, chosen: list[str], kept: dict[str, Any]):
    """All that can be chosen are offered by name, several at once.

    What is ours stands under a key of ours, and core's key holds only what core knows.
    """
    llm.async_register_api(hass, OtherAPI(hass=hass, id="other", name="Other things"))
    dialog = await settings_step(hass, entry)
    config = dialog.field("llm_hass_api").config
    offered = {option["value"]: option["label"] for option in config["options"]}
    assert offered["other"] == "Other things"
    assert set(offered) == {"assist", "ollama", "other"}
    assert config["multiple"] is True
    await dialog.submit(llm_hass_api=chosen)
    await hass.async_block_till_done()
    data = newest(entry).data
    assert data == {**AGENT_DEFAULTS, **AUTO, **kept, "model": MODEL}
    assert AgentSettings.from_data(data).apis == tuple(chosen)
    # And it is shown as it was chosen.
    dialog = await (await change_agent(hass, entry, index=-1)).submit()
    assert dialog.values["llm_hass_api"] == chosen


async def test_own_api_removed_again(hass: HomeAssistant, sim: Simulator, add_entry):
    """Neither key may bring back what was taken away."""
    entry = await add_entry(agent={**CONTROL})
    dialog = await (await change_agent(hass, entry)).submit()
    assert dialog.values["llm_hass_api"] == ["ollama"]
    await dialog.submit(llm_hass_api=["assist"])
    await hass.async_block_till_done()
    assert subentry(entry).data == {**AGENT_DEFAULTS, "llm_hass_api": ["assist"], "model": MODEL}
    dialog = await (await change_agent(hass, entry)).submit()
    assert dialog.values["llm_hass_api"] == ["assist"]
    await dialog.submit(llm_hass_api=["ollama"])
    await hass.async_block_till_done()
    assert subentry(entry).data == {**AGENT_DEFAULTS, **CONTROL, "model": MODEL}
    await (await (await change_agent(hass, entry)).submit()).submit(llm_hass_api=[])
    await hass.async_block_till_done()
    assert subentry(entry).data == {**AGENT_DEFAULTS, "model": MODEL}
    assert hass.states.get(AGENT).attributes["supported_features"] == 0
    await say(hass, "hello")
    assert not sim.chats[-1].body.get("tools")


async def test_core_replaced_the_choice(hass: HomeAssistant, add_entry):
    """Core's form keeps only what it knows: the agent has Assist, as it says there."""
    entry = await add_entry(agent={**AGENT_DEFAULTS, **CONTROL})
    agent = subentry(entry)
    schema = probatio.Schema(
        core.ollama_config_option_schema(hass, False, "conversation", agent.data, [])
    )
    shown = {
        key.schema: value
        for key in schema.schema
        if (value := (key.description or {}).get("suggested_value")) is not None
    }
    assert shown["llm_hass_api"] == ["assist"]
    hass.config_entries.async_update_subentry(entry, agent, data=schema(shown))
    await hass.async_block_till_done()
    assert not OWN_KEYS & set(subentry(entry).data)
    assert AgentSettings.from_data(subentry(entry).data).apis == ("assist",)
    dialog = await (await change_agent(hass, entry)).submit()
    assert dialog.values["llm_hass_api"] == ["assist"]
    await dialog.submit()
    assert subentry(entry).data == {**AGENT_DEFAULTS, "llm_hass_api": ["assist"], "model": MODEL}


@pytest.mark.parametrize("way", ToolCalling)
async def test_tool_calling(hass: HomeAssistant, entry, way: ToolCalling):
    dialog = await settings_step(hass, entry)
    assert dialog.field("tool_calling").config["options"] == [*ToolCalling]
    await dialog.submit(tool_calling=way.value)
    data = newest(entry).data
    assert data["tool_calling"] == way.value
    assert type(data["tool_calling"]) is str
    assert AgentSettings.from_data(data).tool_calling is way


async def test_plain_text(hass: HomeAssistant, sim: Simulator, entry):
    """It reaches the agent, and is shown and taken back as it was set."""
    dialog = await (await change_agent(hass, entry)).submit()
    assert (dialog.values["tool_calling"], dialog.values["plain_text"]) == ("auto", False)
    await dialog.submit(tool_calling="off", plain_text=True)
    await hass.async_block_till_done()
    data = subentry(entry).data
    assert (data["tool_calling"], data["plain_text"]) == ("off", True)
    sim.clear_script()
    sim.script(Reply("That is **bold**."))
    assert speech(await say(hass, "hello")) == "That is bold."
    assert not sim.chats[-1].body.get("tools")
    dialog = await (await change_agent(hass, entry)).submit()
    assert (dialog.values["tool_calling"], dialog.values["plain_text"]) == ("off", True)
    await dialog.submit(tool_calling="auto", plain_text=False)
    assert subentry(entry).data == {**AGENT_DEFAULTS, "llm_hass_api": ["assist"], "model": MODEL}


@pytest.mark.parametrize(
    ("saved", "shown"),
    [
        ({"llm_hass_api": "assist"}, ["assist"]),
        ({"llm_hass_api": ["assist", "gone"]}, ["assist"]),
        ({"llm_hass_api": ["gone"]}, []),
        ({"llm_hass_api": []}, []),
        ({**CONTROL, "llm_apis": ["gone", "ollama"]}, ["ollama"]),
        ({**CONTROL, "llm_apis": []}, ["assist"]),
    ],
)
async def test_apis_saved_before(
    hass: HomeAssistant, add_entry, saved: dict[str, Any], shown: list[str]
):
    """Older entries hold a single one; one that is gone can't be shown."""
    entry = await add_entry(agent=saved)
    dialog = await (await change_agent(hass, entry)).submit()
    assert dialog.values["llm_hass_api"] == shown


# The context window, left to us


@pytest.mark.parametrize("kind", KINDS)
async def test_window_left_to_us(hass: HomeAssistant, sim: Simulator, entry, kind: str):
    """Empty, it is so; a number is obeyed; and it can be left to us again."""
    dialog = await (await change_agent(hass, entry, kind)).submit()
    assert dialog.values["num_ctx"] == 8192, "what core's integration has made keeps its own"
    await dialog.submit(num_ctx=None)
    await hass.async_block_till_done()
    assert subentry(entry, kind).data.items() >= AUTO.items()
    dialog = await (await change_agent(hass, entry, kind)).submit()
    assert "num_ctx" not in dialog.values
    await dialog.submit()
    await hass.async_block_till_done()
    assert AgentSettings.from_data(subentry(entry, kind).data).automatic_window
    dialog = await (await change_agent(hass, entry, kind)).submit()
    await dialog.submit(num_ctx=4096)
    await hass.async_block_till_done()
    data = subentry(entry, kind).data
    assert "num_ctx_auto" not in data
    assert data["num_ctx"] == 4096
    dialog = await (await change_agent(hass, entry, kind)).submit()
    assert dialog.values["num_ctx"] == 4096


async def test_window_left_to_us_with_a_small_model(hass: HomeAssistant, sim: Simulator, entry):
    """The number that is there for core's integration is none that the model can't take."""
    sim.install(SimModel("m:1", context_length=3000, capabilities=("completion", "tools")))
    await (await settings_step(hass, entry, model="m:1")).submit()
    assert newest(entry).data.items() >= {"num_ctx_auto": True, "num_ctx": 3000.0}.items()


@pytest.mark.parametrize("kind", KINDS)
async def test_window_in_use(hass: HomeAssistant, sim: Simulator, entry, kind: str):
    """A new one follows what the others of its model have."""
    await (await settings_step(hass, entry, kind, name="New")).submit()
    await hass.async_block_till_done()
    for agent in (subentry(entry), subentry(entry, "ai_task_data")):
        hass.config_entries.async_update_subentry(
            entry, agent, data={**agent.data, "num_ctx": 5000.0}
        )
        await hass.async_block_till_done()
    if kind == "conversation":
        await say(hass, "hello", agent_id="conversation.new")
    else:
        await ask_for_data(hass, entity_id="ai_task.new")
    assert sim.chats[-1].body["options"]["num_ctx"] == 5000


# Answers that are prepared


async def test_prepared_answers_switched_off(hass: HomeAssistant, entry):
    dialog = await (await change_agent(hass, entry)).submit()
    assert dialog.values["prime"] is True
    await dialog.submit(prime=False)
    await hass.async_block_till_done()
    assert subentry(entry).data["prime"] is False
    dialog = await (await change_agent(hass, entry)).submit()
    assert dialog.values["prime"] is False


async def test_tasks_prepare_nothing(hass: HomeAssistant, entry):
    assert "prime" not in (await settings_step(hass, entry, "ai_task_data")).fields


@pytest.mark.parametrize(
    "prompt",
    [
        "It is {{ now() }}.",
        "The sun is {{ states('sun.sun') }}.",
        "{% for light in states.light %}{{ light.name }}{% endfor %}",
        "{{ utcnow().hour }}",
        "{{ is_state('sun.sun', 'up') }}",
        "You speak with {{ user_name }}.",
        "{{ user_name.upper() }}",
        "They stand before {{ llm_context.device_id }}.",
        "{% if user_name %}{{ now() }}{% endif %}",
    ],
)
async def test_instructions_that_change(hass: HomeAssistant, entry, prompt: str):
    """They are warned of, once: whoever sends the form again means it."""
    dialog = await settings_step(hass, entry)
    await dialog.submit(prompt=prompt, num_ctx=4096, temperature=0.3, unlock="refuse")
    assert dialog.step == "settings"
    assert dialog.errors == {"prompt": "prompt_changes"}
    assert dialog.values["prompt"] == prompt
    assert dialog.values["num_ctx"] == 4096, "nothing else is lost"
    assert dialog.values["sampling"] == {"temperature": 0.3}
    assert dialog.values["policy"]["unlock"] == "refuse"
    await dialog.submit()
    data = newest(entry).data
    assert (data["prompt"], data["num_ctx"], data["temperature"]) == (prompt, 4096, 0.3)


async def test_another_mistake_is_warned_of_again(hass: HomeAssistant, entry):
    dialog = await settings_step(hass, entry)
    await dialog.submit(prompt="It is {{ now() }}.")
    assert dialog.errors
    await dialog.submit(prompt="It is {{ now().hour }} o'clock.")
    assert dialog.errors == {"prompt": "prompt_changes"}
    await dialog.submit(prompt="Be brief.")
    assert newest(entry).data["prompt"] == "Be brief."


@pytest.mark.parametrize("prompt", ["Be brief.", "You help in {{ ha_name }}.", "{{ 1 + 1 }}", ""])
async def test_instructions_that_stay(hass: HomeAssistant, entry, prompt: str):
    dialog = await settings_step(hass, entry)
    await dialog.submit(prompt=prompt)
    assert newest(entry).data.get("prompt", "") == prompt


async def test_instructions_that_are_there_already(hass: HomeAssistant, add_entry):
    """Nobody is told of them each time that he changes something else."""
    entry = await add_entry(agent={"prompt": "It is {{ now() }}."})
    dialog = await (await change_agent(hass, entry)).submit()
    await dialog.submit(max_history=3)
    assert dialog.aborted == "reconfigure_successful"
    assert subentry(entry).data["max_history"] == 3


# Changing them


async def test_change_agent(hass: HomeAssistant, sim: Simulator, add_entry):
    """Name, entity and id stay; keys that the form doesn't know stay too."""
    entry = await add_entry(agent={"temperature": 0.5, "later": {"a": 1}, "num_ctx": 4096})
    before = subentry(entry)
    entities = er.async_get(hass)
    entity = entities.async_get(AGENT)
    dialog = await change_agent(hass, entry)
    assert dialog.step == "reconfigure"
    assert dialog.fields == ["model"]
    assert dialog.values == {"model": MODEL}
    await dialog.submit(model=THINKING_MODEL)
    assert dialog.values["num_ctx"] == 4096
    assert dialog.values["sampling"] == {"temperature": 0.5}
    await dialog.submit(temperature=None, top_k=10, think="on")
    assert dialog.aborted == "reconfigure_successful"
    await hass.async_block_till_done()
    after = subentry(entry)
    assert (after.subentry_id, after.title) == (before.subentry_id, before.title)
    assert after.data == {
        **AGENT_DEFAULTS,
        "num_ctx": 4096.0,
        "model": THINKING_MODEL,
        "llm_hass_api": ["assist"],
        "later": {"a": 1},
        "top_k": 10.0,
        "think": True,
    }
    assert entities.async_get(AGENT).id == entity.id
    device = dr.async_get(hass).async_get(entity.device_id)
    assert (device.model, device.sw_version) == ("qwen3", "8b")
    await say(hass, "hello")
    assert sim.chats[-1].body["model"] == THINKING_MODEL


async def test_change_task(hass: HomeAssistant, entry):
    dialog = await (await change_agent(hass, entry, "ai_task_data")).submit()
    await dialog.submit(num_ctx=4096)
    assert dialog.aborted == "reconfigure_successful"
    assert subentry(entry, "ai_task_data").data == {**DEFAULTS, "num_ctx": 4096.0, "model": MODEL}


async def test_change_agent_whose_model_is_gone(hass: HomeAssistant, sim: Simulator, entry):
    """Its name stands in the form, and pressing the button downloads it again."""
    sim.remove(MODEL)
    dialog = await change_agent(hass, entry)
    assert dialog.values == {"model": MODEL}
    await dialog.submit()
    assert dialog.step == "download"
    await dialog.after_progress()
    assert dialog.step == "settings"


async def test_change_of_removed_agent(hass: HomeAssistant, entry):
    """Somebody removes it while the dialog is open."""
    dialog = await (await change_agent(hass, entry)).submit()
    hass.config_entries.async_remove_subentry(entry, subentry(entry).subentry_id)
    await hass.async_block_till_done()
    with pytest.raises(UnknownSubEntry):
        await dialog.submit()


# The server is not there


@pytest.mark.parametrize("kind", KINDS)
async def test_change_while_server_is_down(hass: HomeAssistant, sim: Simulator, entry, kind: str):
    """The settings of what is in use can be changed, what is hidden meanwhile stays."""
    hass.config_entries.async_update_subentry(
        entry,
        subentry(entry, kind),
        data={**subentry(entry, kind).data, "model": LEVELS_MODEL, "think": "high"},
    )
    await hass.async_block_till_done()
    sim.fault(Fault.REFUSE)
    dialog = await change_agent(hass, entry, kind)
    assert dialog.step == "reconfigure"
    assert dialog.errors == {"base": "unreachable_refused"}
    assert dialog.values == {"model": LEVELS_MODEL}
    await dialog.submit()
    assert dialog.step == "settings"
    assert dialog.words == {
        "model": LEVELS_MODEL,
        "abilities": "not known while the server cannot be reached",
    }
    assert "think" not in dialog.fields
    await dialog.submit(num_ctx=500_000)
    assert dialog.aborted == "reconfigure_successful"
    data = subentry(entry, kind).data
    assert (data["think"], data["num_ctx"]) == ("high", 500_000)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_other_model_while_server_is_down(hass: HomeAssistant, sim: Simulator, entry):
    """Whether it has to be downloaded can't be known."""
    sim.fault(Fault.REFUSE)
    dialog = await (await change_agent(hass, entry)).submit(model="qwen3:8b")
    assert dialog.step == "reconfigure"
    assert dialog.errors == {"base": "unreachable_refused"}
    assert dialog.values == {"model": "qwen3:8b"}
    sim.clear_faults()
    await dialog.submit()
    assert dialog.step == "settings"


@pytest.mark.parametrize("kind", KINDS)
async def test_entry_not_loaded(hass: HomeAssistant, entry, kind: str):
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    assert (await add_agent(hass, entry, kind)).aborted == "entry_not_loaded"
    assert (await change_agent(hass, entry, kind)).aborted == "entry_not_loaded"


@pytest.mark.parametrize("kind", KINDS)
async def test_entry_unloaded_meanwhile(hass: HomeAssistant, sim: Simulator, entry, kind: str):
    """At any step; what was filled in already is saved."""
    early = await add_agent(hass, entry, kind)
    downloading = await (await add_agent(hass, entry, kind)).submit(model=NEW)
    late = await settings_step(hass, entry, kind, name="Late")
    await hass.config_entries.async_unload(entry.entry_id)
    assert (await early.submit()).aborted == "entry_not_loaded"
    await downloading.after_progress()
    assert downloading.aborted == "entry_not_loaded"
    await late.submit()
    assert newest(entry).title == "Late"


# The download


@pytest.mark.parametrize("kind", KINDS)
async def test_download(hass: HomeAssistant, sim: Simulator, entry, kind: str):
    sim.pull_plan(
        NEW, seconds=0.2, model=SimModel(NEW, capabilities=("completion", "tools", "thinking"))
    )
    dialog = await (await add_agent(hass, entry, kind)).submit(model=NEW, name="New")
    assert dialog.step == "download"
    assert dialog.words["model"] == NEW
    await dialog.after_progress()
    assert dialog.step == "settings"
    assert dialog.words == {"model": NEW, "abilities": "tools, thinking"}
    await dialog.submit()
    await hass.async_block_till_done()
    assert newest(entry).title == "New"
    assert newest(entry).data["model"] == NEW


async def test_download_fails(hass: HomeAssistant, sim: Simulator, entry):
    """Name and model stay in the form, with the server's words above."""
    sim.pull_plan(NEW, error="no space left on device", fail_after=0.5)
    dialog = await (await add_agent(hass, entry)).submit(model=NEW, name="New")
    await dialog.after_progress()
    assert dialog.step == "user"
    assert dialog.errors == {"base": "download_failed"}
    assert dialog.words == {"model": NEW, "detail": "no space left on device"}
    assert dialog.values == {"name": "New", "model": NEW}
    assert (await dialog.refresh()).errors == {"base": "download_failed"}
    sim.pull_plan(NEW, model=SimModel(NEW))
    await dialog.submit()
    await dialog.after_progress()
    assert dialog.step == "settings"
    await dialog.submit(llm_hass_api=[])
    assert newest(entry).title == "New"


async def test_download_fails_while_changing(hass: HomeAssistant, sim: Simulator, entry):
    sim.pull_plan(NEW, error="no space left on device")
    dialog = await (await change_agent(hass, entry)).submit(model=NEW)
    await dialog.after_progress()
    assert dialog.step == "reconfigure"
    assert dialog.errors == {"base": "download_failed"}
    assert subentry(entry).data["model"] == MODEL
    await dialog.submit(model=MODEL)
    assert dialog.step == "settings"


async def test_close_the_dialog(hass: HomeAssistant, sim: Simulator, entry):
    """The download goes on, also over a reload of the server, and is joined."""
    sim.pull_plan(NEW, seconds=1.0, model=SimModel(NEW))
    dialog = await (await add_agent(hass, entry)).submit(model=NEW)
    await asyncio.sleep(0.1)
    dialog.close()
    await hass.config_entries.async_reload(entry.entry_id)
    again = await (await add_agent(hass, entry)).submit(model=NEW)
    assert again.step == "download"
    await again.after_progress()
    assert again.step == "settings"
    assert [r.path for r in sim.requests].count("/api/pull") == 1


async def test_other_types_are_not_offered(hass: HomeAssistant, entry):
    """Unknown subentries of a later version do no harm."""
    assert set(entry.supported_subentry_types) == {*KINDS, "voice_pipeline"}
    assert hass.config_entries.async_entries(DOMAIN) == [entry]
