"""Models of every kind control the home, and none of them may pretend to."""

import json

from homeassistant.core import HomeAssistant
import pytest

from simulator import Reply, SimModel, Simulator, ToolCall

from .common import PLAIN_MODEL, roles, say, speech
from .replies import ASSIST, CALLS, OLLAMA
from .test_replies import add_agent, api, assert_did, done, home

__all__ = ["add_agent", "api", "home"]  # fixtures

THINKER = "deepseek-r1:7b"


def call_of(api: str, does: str) -> str:
    """Return a call as a model without tools writes it under the schema."""
    name, arguments = CALLS[does][api]
    return json.dumps({"tool": name, "arguments": arguments})


# Models without tools


async def test_model_without_tools_acts(
    hass: HomeAssistant, sim: Simulator, home, add_entry, api: str
):
    await add_entry(agent={"model": PLAIN_MODEL, "llm_apis": [api]})
    sim.script(
        Reply(chunks=[call_of(api, "on")]),
        Reply(chunks=['{"say": "It is ', "on", ' now."}']),
    )
    result = await say(hass, "turn on the kitchen light")
    await assert_did(hass, home, "on")
    assert speech(result) == "It is on now."
    first, second = sim.chats
    assert not first.body.get("tools")
    kinds = [schema["properties"] for schema in first.body["format"]["anyOf"]]
    assert "say" in kinds[0]
    assert CALLS["on"][api][0] in [kind["tool"]["enum"][0] for kind in kinds[1:]]
    assert CALLS["on"][api][0] in first.body["messages"][0]["content"]
    # Its template knows no tools: call and result are things said.
    assert roles(second) == ["system", "user", "assistant", "user"]
    assert second.body["messages"][3]["content"].startswith("Result of ")


async def test_what_is_said_is_streamed(hass: HomeAssistant, sim: Simulator, home, add_entry):
    """The words are spoken while the object is still growing."""
    await add_entry(agent={"model": PLAIN_MODEL, "llm_apis": [OLLAMA]})
    pieces = ['{"s', 'ay": "One', " \\u00e9", "\\n", 'two \\"', 'three\\""', "}"]
    sim.script(Reply(chunks=pieces))
    result = await say(hass, "count")
    assert speech(result) == 'One \u00e9\ntwo "three"'


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("Hello there.", "Hello there."),
        ('{"say": "Hello', "Hello"),
        ('```json\n{"say": "Hello"}\n```', "Hello"),
        ('{"say": "A \\x broken escape"}', "A x broken escape"),
        ('{"say": "\\ud83d\\ude00 fine"}', "\U0001f600 fine"),
    ],
)
async def test_model_that_ignores_the_schema(
    hass: HomeAssistant, sim: Simulator, home, add_entry, reply: str, answer: str
):
    await add_entry(agent={"model": PLAIN_MODEL, "llm_apis": [OLLAMA]})
    sim.script(Reply(chunks=[reply]))
    assert speech(await say(hass, "hello")) == answer


async def test_thinking_model_without_tools(
    hass: HomeAssistant, sim: Simulator, home, add_entry, api: str
):
    sim.install(SimModel(THINKER, 1, "7B", "Q4", "qwen2", ("completion", "thinking"), 32768))
    await add_entry(agent={"model": THINKER, "think": True, "llm_apis": [api]})
    sim.script(
        Reply(chunks=[call_of(api, "on")], thinking="The light."),
        Reply(chunks=['{"say": "Done it."}'], thinking="Say it."),
    )
    result = await say(hass, "turn on the kitchen light")
    await assert_did(hass, home, "on")
    assert speech(result) == "Done it."


async def test_memory_of_a_model_without_tools(
    hass: HomeAssistant, sim: Simulator, home, add_entry
):
    await add_entry(agent={"model": PLAIN_MODEL, "llm_apis": [OLLAMA]})
    sim.script(Reply(chunks=[call_of(OLLAMA, "on")]), Reply(chunks=['{"say": "It is on now."}']))
    result = await say(hass, "turn on the kitchen light")
    sim.script(Reply(chunks=['{"say": "The kitchen light."}']))
    await say(hass, "what was it", conversation_id=result.conversation_id)
    written = [
        json.loads(message["content"])
        for message in sim.chats[-1].body["messages"]
        if message["role"] == "assistant"
    ]
    assert [next(iter(one)) for one in written] == ["tool", "say"]


async def test_server_that_refuses_tools_after_all(
    hass: HomeAssistant, sim: Simulator, home, add_agent, api: str
):
    """What a model can do may have changed since it was read."""
    entry = await add_agent()
    await entry.runtime_data.server.models.async_details("qwen3:4b-instruct")
    sim.install(SimModel("qwen3:4b-instruct", 1, "4B", "Q4", "qwen3", ("completion",), 8192))
    sim.script(Reply(chunks=[call_of(api, "on")]), Reply(chunks=['{"say": "Done it."}']))
    assert speech(await say(hass, "turn on the kitchen light")) == "Done it."
    await assert_did(hass, home, "on")
    assert [chat.status for chat in sim.chats] == [400, 200, 200]


async def test_call_that_vanishes_in_the_server(
    hass: HomeAssistant, sim: Simulator, home, add_agent, api: str
):
    """A template drops a call of a tool that wasn't offered: nothing comes (fact 7)."""
    sim.install(
        SimModel("qwen3:4b-instruct", 1, "4B", "Q4", "llama", ("completion", "tools"), 8192)
    )
    await add_agent()
    sim.script(
        Reply(tool_calls=(ToolCall("kitchen_light_on"),)),
        Reply(chunks=[call_of(api, "on")]),
        Reply(chunks=['{"say": "Done it."}']),
    )
    assert speech(await say(hass, "turn on the kitchen light")) == "Done it."
    await assert_did(hass, home, "on")
    assert "format" in sim.chats[1].body


@pytest.mark.parametrize(
    ("setting", "model", "has_tools", "has_format"),
    [
        ("auto", "qwen3:4b-instruct", True, False),
        ("native", "qwen3:4b-instruct", True, False),
        ("structured", "qwen3:4b-instruct", False, True),
        ("off", "qwen3:4b-instruct", False, False),
        ("auto", PLAIN_MODEL, False, True),
        ("off", PLAIN_MODEL, False, False),
    ],
)
async def test_way_of_calling(
    hass: HomeAssistant, sim: Simulator, home, add_entry, setting, model, has_tools, has_format
):
    await add_entry(agent={"model": model, "llm_apis": [OLLAMA], "tool_calling": setting})
    sim.script(Reply(chunks=['{"say": "Hi."}' if has_format else "Hi."]))
    assert speech(await say(hass, "hello")) == "Hi."
    assert bool(sim.chats[0].body.get("tools")) is has_tools
    assert bool(sim.chats[0].body.get("format")) is has_format


# Truth


async def test_claim_without_a_call_is_not_passed_on(
    hass: HomeAssistant, sim: Simulator, home, add_agent, api: str
):
    await add_agent()
    name, arguments = CALLS["on"][api]
    sim.script(
        Reply("I've turned on the kitchen light."),
        Reply(tool_calls=(ToolCall(name, arguments),)),
        Reply("The kitchen light is on now."),
    )
    result = await say(hass, "turn on the kitchen light")
    await assert_did(hass, home, "on")
    assert speech(result) == "The kitchen light is on now."
    asked = sim.chats[1].body["messages"][-2:]
    assert asked[0] == {"role": "assistant", "content": "I've turned on the kitchen light."}
    assert asked[1]["content"].startswith("You have called no tool")


async def test_claim_that_is_insisted_on(hass: HomeAssistant, sim: Simulator, home, add_agent):
    await add_agent()
    sim.script(*[Reply("Done! I turned on the kitchen light.")] * 2)
    result = await say(hass, "turn on the kitchen light")
    assert speech(result) == "I have not done that. Please say it again in other words."
    assert result.response.response_type.value == "error"
    assert done(home) == []
    assert len(sim.chats) == 2


async def test_admission_after_being_asked(hass: HomeAssistant, sim: Simulator, home, add_agent):
    await add_agent()
    sim.script(Reply("I turned on the disco ball."), Reply("There is no disco ball here."))
    assert speech(await say(hass, "disco")) == "There is no disco ball here."


async def test_claim_in_front_of_its_call(
    hass: HomeAssistant, sim: Simulator, home, add_agent, api: str
):
    """Models announce what they then do: that is no lie."""
    await add_agent()
    name, arguments = CALLS["on"][api]
    sim.script(
        Reply(
            "I'm turning on the kitchen light for you right now, it will only take a moment.",
            tool_calls=(ToolCall(name, arguments),),
        ),
        Reply("There you go."),
    )
    assert speech(await say(hass, "turn on the kitchen light")) == "There you go."
    await assert_did(hass, home, "on")
    assert len(sim.chats) == 2


async def test_claim_spoken_already_is_corrected(
    hass: HomeAssistant, sim: Simulator, home, add_agent
):
    await add_agent()
    text = (
        "Let me have a look at what there is in your kitchen before anything else happens. "
        "I have turned on the kitchen light."
    )
    sim.script(Reply(text))
    result = await say(hass, "turn on the kitchen light")
    assert speech(result) == "Correction: I have not done that."
    sim.script(Reply("Sorry."))
    await say(hass, "why", conversation_id=result.conversation_id)
    assert sim.chats[-1].body["messages"][2]["content"] == text


async def test_true_claim_about_an_earlier_turn(
    hass: HomeAssistant, sim: Simulator, home, add_agent, api: str
):
    await add_agent()
    name, arguments = CALLS["on"][api]
    sim.script(Reply(tool_calls=(ToolCall(name, arguments),)), Reply("There you go."))
    result = await say(hass, "turn on the kitchen light")
    sim.script(Reply("Yes, I turned on the kitchen light."))
    result = await say(hass, "did you do it", conversation_id=result.conversation_id)
    assert speech(result) == "Yes, I turned on the kitchen light."
    assert len(sim.chats) == 3


async def test_agent_that_only_talks_may_say_anything(
    hass: HomeAssistant, sim: Simulator, add_entry
):
    await add_entry(agent={"llm_hass_api": []})
    sim.script(Reply("I turned on the radio, said the dwarf."))
    assert speech(await say(hass, "a story")).startswith("I turned on the radio")


# Empty answers and loops


async def test_silence_is_asked_about_once(hass: HomeAssistant, sim: Simulator, add_entry):
    await add_entry(agent={"llm_hass_api": []})
    sim.script(Reply(""), Reply("Here I am."))
    assert speech(await say(hass, "hello")) == "Here I am."
    assert len(sim.chats) == 2


async def test_silence_after_an_action(
    hass: HomeAssistant, sim: Simulator, home, add_agent, api: str
):
    """What was really done is said, and nothing is done twice."""
    await add_agent()
    name, arguments = CALLS["on"][api]
    sim.script(Reply(tool_calls=(ToolCall(name, arguments),)), Reply(""))
    assert speech(await say(hass, "on")) == "I turned on Kitchen light."
    await assert_did(hass, home, "on")
    assert len(sim.chats) == 2


async def test_call_that_fails_again_and_again(
    hass: HomeAssistant, sim: Simulator, home, add_agent, api: str
):
    await add_agent()
    name, _ = CALLS["on"][api]
    bad = Reply(tool_calls=(ToolCall(name, {"name": "Disco ball"}),))
    sim.script(bad, bad, Reply("There is no disco ball."), bad, bad)
    assert speech(await say(hass, "disco")) == "There is no disco ball."
    assert len(sim.chats) == 3
    assert not sim.chats[2].body.get("tools")


async def test_turn_that_takes_too_long(
    hass: HomeAssistant, sim: Simulator, home, add_agent, api: str, monkeypatch
):
    entry = await add_agent()
    server = entry.runtime_data.server
    from dataclasses import replace

    server.limits = replace(server.limits, turn=0.0)
    name, arguments = CALLS["on"][api]
    sim.script(Reply(tool_calls=(ToolCall(name, arguments),)), Reply("It is on now."))
    assert speech(await say(hass, "on"))
    assert not sim.chats[0].body.get("tools")


# Cleaning


@pytest.mark.parametrize(
    ("reply", "spoken"),
    [
        ("<think>Hm.</think>Hello.", "Hello."),
        ("Hello.<|im_end|>", "Hello."),
        ("Hello.<|eot_id|>", "Hello."),
        ("Hello.</s>", "Hello."),
    ],
)
async def test_leftovers_of_templates(
    hass: HomeAssistant, sim: Simulator, home, add_agent, reply: str, spoken: str
):
    await add_agent()
    sim.script(Reply(reply))
    assert speech(await say(hass, "hello")) == spoken


MARKDOWN = "**Two** things:\n- `milk`\n- bread"


async def test_satellite_hears_no_markdown(hass: HomeAssistant, sim: Simulator, add_agent, home):
    await add_agent()
    sim.script(Reply(MARKDOWN), Reply(MARKDOWN))
    spoken = speech(await say(hass, "list", satellite_id="assist_satellite.kitchen"))
    assert not set("*`") & set(spoken)
    assert "milk" in spoken
    assert speech(await say(hass, "list")) == MARKDOWN


async def test_agent_of_plain_text(hass: HomeAssistant, sim: Simulator, home, add_entry):
    await add_entry(agent={"llm_apis": [ASSIST], "plain_text": True})
    sim.script(Reply(MARKDOWN))
    assert not set("*`") & set(speech(await say(hass, "list")))
