"""Talking to an agent: answers, tools, history, settings."""

import asyncio

from homeassistant.components import conversation
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import chat_session, llm
from homeassistant.loader import async_get_integration
import pytest

from simulator import Rates, Reply, SimModel, Simulator, ToolCall

from .common import (
    AGENT,
    EMBEDDING_MODEL,
    LEVELS_MODEL,
    PLAIN_MODEL,
    THINKING_MODEL,
    roles,
    say,
    speech,
)

TURN_ON = ToolCall("intent__HassTurnOn", {"name": "Kitchen light"})
TURN_OFF = ToolCall("intent__HassTurnOff", {"name": "Kitchen light"})


async def test_this_integration_is_tested(hass: HomeAssistant):
    """Core's integration has the same domain and would pass many of these tests."""
    integration = await async_get_integration(hass, "ollama")
    assert integration.overwrites_built_in
    assert not integration.is_built_in


@pytest.mark.parametrize("layout", ["template", "native", "parser"])
async def test_light_goes_on(hass: HomeAssistant, sim: Simulator, add_entry, kitchen_light, layout):
    """A call comes on a line of its own, or inside the last line: both are recorded."""
    sim.install(
        SimModel("mine:1b", 1, "1B", "Q4_0", "llama", ("completion", "tools"), 8192, layout=layout)
    )
    await add_entry(agent={"model": "mine:1b"})
    sim.script(Reply(tool_calls=(TURN_ON,)), Reply("The kitchen light is on."))
    result = await say(hass, "turn on the kitchen light")
    assert hass.states.get(kitchen_light).state == "on"
    assert speech(result) == "The kitchen light is on."
    assert result.response.response_type.value == "action_done"
    first, second = sim.chats
    assert roles(first) == ["system", "user"]
    assert roles(second) == ["system", "user", "assistant", "tool"]
    assert second.body["messages"][2]["tool_calls"] == [
        {"function": {"name": "intent__HassTurnOn", "arguments": {"name": "Kitchen light"}}}
    ]
    assert second.body["messages"][3]["tool_name"] == "intent__HassTurnOn"
    assert first.body["tools"] == second.body["tools"]


async def test_several_calls_in_one_answer(
    hass: HomeAssistant, sim: Simulator, entry, kitchen_light
):
    sim.script(
        Reply("I will do both.", tool_calls=(TURN_ON, ToolCall("homeassistant__GetLiveContext"))),
        Reply("Done."),
    )
    result = await say(hass, "turn on the kitchen light and tell me what is on")
    assert hass.states.get(kitchen_light).state == "on"
    messages = sim.chats[1].body["messages"]
    assert [message["role"] for message in messages[2:]] == ["assistant", "tool", "tool"]
    assert messages[2]["content"] == "I will do both."
    assert [message["tool_name"] for message in messages[3:]] == [
        "intent__HassTurnOn",
        "homeassistant__GetLiveContext",
    ]
    assert speech(result) == "Done."


async def test_failed_call_goes_back_to_the_model(
    hass: HomeAssistant, sim: Simulator, entry, kitchen_light
):
    sim.script(
        Reply(tool_calls=(ToolCall("no_such_tool", {"name": "Kitchen light"}),)),
        Reply(tool_calls=(TURN_ON,)),
        Reply("It is on now."),
    )
    # A built-in parser hands an unknown call on; a template drops it (fact 7).
    sim.install(
        SimModel(
            "qwen3:4b-instruct", 1, "4B", "Q4", "qwen3", ("completion", "tools"), 8192,
            layout="parser",
        )
    )  # fmt: skip
    result = await say(hass, "turn on the kitchen light")
    assert "no_such_tool" in sim.chats[1].body["messages"][-1]["content"]
    assert hass.states.get(kitchen_light).state == "on"
    assert speech(result) == "It is on now."


async def test_arguments_as_small_models_write_them(
    hass: HomeAssistant, sim: Simulator, entry, kitchen_light
):
    """Empty values and lists written as text would make the intent fail."""
    sim.script(
        Reply(
            tool_calls=(
                ToolCall(
                    "intent__HassTurnOn",
                    {"name": "Kitchen light", "area": "", "floor": None, "domain": '["light"]'},
                ),
            )
        ),
        Reply("On."),
    )
    await say(hass, "turn on the kitchen light")
    assert hass.states.get(kitchen_light).state == "on"
    call = sim.chats[1].body["messages"][2]["tool_calls"][0]
    assert call["function"]["arguments"] == {"name": "Kitchen light", "domain": ["light"]}


async def test_last_round_offers_no_tools(
    hass: HomeAssistant, sim: Simulator, entry, kitchen_light
):
    """A model that calls for ever still has to answer."""
    sim.script(*[Reply(tool_calls=(TURN_ON,)) for _ in range(9)], Reply("That is enough."))
    result = await say(hass, "turn on the kitchen light")
    assert len(sim.chats) == 10
    assert all("tools" in chat.body for chat in sim.chats[:9])
    assert not sim.chats[9].body.get("tools")
    assert speech(result) == "That is enough."


async def test_call_without_tools_offered_is_not_made(
    hass: HomeAssistant, sim: Simulator, add_entry, kitchen_light
):
    await add_entry(agent={"llm_hass_api": []})
    sim.install(
        SimModel(
            "qwen3:4b-instruct", 1, "4B", "Q4", "qwen3", ("completion", "tools"), 8192,
            layout="parser",
        )
    )  # fmt: skip
    sim.script(Reply("I only talk.", tool_calls=(TURN_ON,)))
    result = await say(hass, "turn on the kitchen light")
    assert speech(result) == "I only talk."
    assert hass.states.get(kitchen_light).state == "off"


async def test_conversation_is_remembered(hass: HomeAssistant, sim: Simulator, entry):
    sim.script(Reply("Hello Anna."), Reply("Anna."))
    first = await say(hass, "My name is Anna.")
    await say(hass, "What is my name?", conversation_id=first.conversation_id)
    messages = sim.chats[1].body["messages"]
    assert [message["content"] for message in messages[1:]] == [
        "My name is Anna.",
        "Hello Anna.",
        "What is my name?",
    ]


async def test_history_is_cut_in_front_of_a_question(
    hass: HomeAssistant, sim: Simulator, add_entry, kitchen_light
):
    """Two exchanges are kept, each with its calls and their results."""
    await add_entry(agent={"max_history": 2.0})
    conversation_id = None
    for number in range(4):
        sim.script(Reply(tool_calls=(TURN_ON,)), Reply(f"Answer {number}."))
        result = await say(hass, f"Question {number}", conversation_id=conversation_id)
        conversation_id = result.conversation_id
    last = sim.chats[-1]
    assert roles(last) == [
        "system",
        *["user", "assistant", "tool", "assistant"] * 2,
        *["user", "assistant", "tool"],
    ]
    assert last.body["messages"][1]["content"] == "Question 1"


async def test_whole_history_is_kept_when_unlimited(hass: HomeAssistant, sim: Simulator, add_entry):
    await add_entry(agent={"max_history": 0})
    conversation_id = None
    for number in range(5):
        sim.script(Reply(f"Answer {number}."))
        result = await say(hass, f"Question {number}", conversation_id=conversation_id)
        conversation_id = result.conversation_id
    assert roles(sim.chats[-1]) == ["system", *["user", "assistant"] * 4, "user"]


async def test_thinking_is_kept_apart(
    hass: HomeAssistant, sim: Simulator, add_entry, kitchen_light
):
    await add_entry(agent={"model": THINKING_MODEL, "think": True})
    sim.script(
        Reply(thinking="The light, so the tool.", tool_calls=(TURN_ON,)),
        Reply("It is on.", thinking="Say it."),
        Reply("You are welcome."),
    )
    result = await say(hass, "turn on the kitchen light")
    assert speech(result) == "It is on."
    assert sim.chats[0].body["think"] is True
    # Between its calls the model gets its thinking back, in a later turn it doesn't.
    assert sim.chats[1].body["messages"][2]["thinking"] == "The light, so the tool."
    await say(hass, "thanks", conversation_id=result.conversation_id)
    assert all("thinking" not in message for message in sim.chats[2].body["messages"])


@pytest.mark.parametrize(
    ("model", "saved", "sent"),
    [
        (THINKING_MODEL, None, False),
        (THINKING_MODEL, False, False),
        (THINKING_MODEL, True, True),
        # Chosen when the agent had a model with levels.
        (THINKING_MODEL, "high", True),
        (LEVELS_MODEL, "high", "high"),
        # A model that can't think refuses to be told to (fact 10).
        ("qwen3:4b-instruct", True, None),
    ],
)
async def test_think_suits_the_model(
    hass: HomeAssistant, sim: Simulator, add_entry, model, saved, sent
):
    await add_entry(agent={"model": model, **({} if saved is None else {"think": saved})})
    assert speech(await say(hass, "hello")) == "The kitchen lamp is now on."
    assert sim.chats[0].body.get("think") == sent


async def test_settings_are_sent(hass: HomeAssistant, sim: Simulator, add_entry):
    """Forms save every number as a float; the server refuses some of them so."""
    await add_entry(
        agent={
            "num_ctx": 16384.0,
            "keep_alive": 120.0,
            "temperature": 0.5,
            "top_p": 0.9,
            "top_k": 40.0,
            "repeat_penalty": 1.1,
            "seed": 7.0,
            "num_predict": 200.0,
            "stop": ["User:"],
        }
    )
    await say(hass, "hello")
    body = sim.chats[0].body
    assert body["options"] == {
        "num_ctx": 16384,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
        "repeat_penalty": 1.1,
        "seed": 7,
        "num_predict": 200,
        "stop": ["User:"],
    }
    assert isinstance(body["options"]["num_ctx"], int)
    assert body["keep_alive"] == "120s"
    assert sim.chats[0].status == 200


async def test_defaults_are_cores(hass: HomeAssistant, sim: Simulator, entry):
    await say(hass, "hello")
    body = sim.chats[0].body
    assert body["options"] == {"num_ctx": 8192}
    assert body["keep_alive"] == -1


async def test_follow_up_listens_after_a_question(hass: HomeAssistant, sim: Simulator, entry):
    sim.script(Reply("Which lamp do you mean?"), Reply("Fine."))
    assert (await say(hass, "turn it on")).continue_conversation
    assert not (await say(hass, "never mind")).continue_conversation


@pytest.mark.parametrize("apis", [[], ["assist"], ["ollama"], ["assist", "ollama"]])
async def test_a_voice_can_begin_early(
    hass: HomeAssistant, sim: Simulator, add_entry, apis: list[str]
):
    """Every agent is told, once, to begin with a short sentence."""
    await add_entry(agent={"llm_hass_api": apis})
    await say(hass, "hello")
    assert sim.chats[0].body["messages"][0]["content"].lower().count("a short sentence") == 1


async def test_prompt_is_a_template(hass: HomeAssistant, sim: Simulator, add_entry):
    await add_entry(agent={"prompt": "You live in {{ ha_name }}.", "llm_hass_api": []})
    await say(hass, "hello", extra_system_prompt="Answer like a pirate.")
    system = sim.chats[0].body["messages"][0]["content"]
    assert system.startswith("You live in test home.")
    assert system.endswith("Answer like a pirate.")


async def test_template_with_a_mistake(hass: HomeAssistant, sim: Simulator, add_entry):
    await add_entry(agent={"prompt": "{{ no_such_function() }}"})
    result = await say(hass, "hello")
    assert speech(result).startswith("The instructions of this agent contain a mistake: ")
    assert "no_such_function" in speech(result)
    assert result.response.response_type.value == "error"
    assert not sim.chats


async def test_api_that_is_gone(hass: HomeAssistant, sim: Simulator, add_entry):
    await add_entry(agent={"llm_hass_api": ["assist", "my_api"]})
    assert "my_api" in speech(await say(hass, "hello"))
    assert not sim.chats


class _MyTool(llm.Tool):
    name = "water_plants"
    description = "Water the plants"
    integration = "ollama"
    calls = 0

    async def async_call(self, hass, tool_input, llm_context):
        self.calls += 1
        return llm.ToolResult(data={"watered": True})


class _MyApi(llm.API):
    tool = _MyTool()

    async def async_get_api_instance(self, llm_context):
        return llm.APIInstance(
            api=self, api_prompt="There are plants.", llm_context=llm_context, tools=[self.tool]
        )


async def test_several_apis_at_once(hass: HomeAssistant, sim: Simulator, add_entry, kitchen_light):
    api = _MyApi(hass=hass, id="my_api", name="My API")
    llm.async_register_api(hass, api)
    await add_entry(agent={"llm_hass_api": ["assist", "my_api"]})
    await say(hass, "hello")
    names = [tool["function"]["name"] for tool in sim.chats[0].body["tools"]]
    water = next(name for name in names if name.endswith("water_plants"))
    turn_on = next(name for name in names if name.endswith("HassTurnOn"))
    sim.script(
        Reply(tool_calls=(ToolCall(water), ToolCall(turn_on, {"name": "Kitchen light"}))),
        Reply("Both done."),
    )
    assert speech(await say(hass, "water the plants and turn on the light")) == "Both done."
    assert api.tool.calls == 1
    assert hass.states.get(kitchen_light).state == "on"


async def test_agent_without_control_says_so(hass: HomeAssistant, add_entry):
    await add_entry(agent={"llm_hass_api": []})
    assert hass.states.get(AGENT).attributes["supported_features"] == 0


async def test_agent_with_control_says_so(hass: HomeAssistant, entry):
    assert (
        hass.states.get(AGENT).attributes["supported_features"]
        == conversation.ConversationEntityFeature.CONTROL
    )


async def test_old_agent_id_works(hass: HomeAssistant, sim: Simulator, entry):
    """Pipelines from before there were agent entities name the entry."""
    result = await say(hass, "hello", agent_id=entry.entry_id)
    assert speech(result) == "The kitchen lamp is now on."
    assert await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ValueError, match="not found"):
        await say(hass, "hello", agent_id=entry.entry_id)


async def test_model_that_cannot_talk(hass: HomeAssistant, sim: Simulator, add_entry):
    await add_entry(agent={"model": EMBEDDING_MODEL})
    assert speech(await say(hass, "hello")).startswith(
        "The model nomic-embed-text:latest cannot answer:"
    )
    assert not sim.chats


async def test_model_without_tools_talks(hass: HomeAssistant, sim: Simulator, add_entry):
    await add_entry(agent={"model": PLAIN_MODEL, "llm_hass_api": []})
    assert speech(await say(hass, "hello")) == "The kitchen lamp is now on."


async def test_abilities_are_read_once(hass: HomeAssistant, sim: Simulator, entry):
    await say(hass, "hello")
    await say(hass, "hello")
    assert [request.path for request in sim.requests].count("/api/show") == 1
    # A new digest is a new model: what it can do is read again.
    sim.install(
        SimModel(
            "qwen3:4b-instruct", 1, "4B", "Q4", "qwen3", ("completion",), 8192, digest="f" * 64
        )
    )
    await entry.runtime_data.server.models.async_refresh()
    await say(hass, "hello")
    assert [bool(chat.body.get("tools")) for chat in sim.chats] == [True, True, False]


@pytest.mark.parametrize(
    ("apis", "held"),
    [
        ([], 0),
        # Sixty characters may be held back: speech starts there anyway.
        (["assist"], 60),
    ],
)
async def test_deltas_come_as_they_are_generated(
    hass: HomeAssistant, sim: Simulator, add_entry, apis, held
):
    """The first words can be spoken while the model goes on."""
    await add_entry(agent={"llm_hass_api": apis})
    pieces = [f"piece number {number}, " for number in range(10)]
    sim.set_rates(Rates(generation_tokens_per_second=100))
    sim.script(Reply(chunks=pieces))
    seen: list[str] = []
    with (
        chat_session.async_get_chat_session(hass) as session,
        conversation.async_get_chat_log(
            hass,
            session,
            conversation.ConversationInput(
                text="count",
                context=Context(),
                conversation_id=session.conversation_id,
                device_id=None,
                satellite_id=None,
                language="en",
                agent_id=AGENT,
            ),
            chat_log_delta_listener=lambda log, delta: seen.append(delta.get("content")),
        ),
    ):
        result = await say(hass, "turn it on", conversation_id=session.conversation_id)
    texts = [text for text in seen if text]
    assert "".join(texts) == "".join(pieces)
    assert len(texts[0]) <= held + len(pieces[0])
    assert len(texts) >= len(pieces) - 4
    assert speech(result) == "".join(pieces)


async def test_cancelled_turn_stops_the_server(hass: HomeAssistant, sim: Simulator, entry):
    """A satellite that hangs up must not leave the server generating."""
    sim.set_rates(Rates(generation_tokens_per_second=20))
    sim.script(Reply(chunks=(f"word {number} " for number in range(1000))))
    task = hass.async_create_task(say(hass, "tell me a story"))
    async with asyncio.timeout(2):
        while not sim.chats or sim.chats[0].lines < 2:
            await asyncio.sleep(0.01)
    assert sim.generating == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(2):
        while sim.generating:
            await asyncio.sleep(0.01)
    assert sim.chats[0].cancelled
    assert speech(await say(hass, "hello")) == "The kitchen lamp is now on."
