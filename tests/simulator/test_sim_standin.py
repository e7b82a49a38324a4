"""The rule-based stand-in and the command that serves it."""

import asyncio
import json
from pathlib import Path
import signal
import sys
from typing import Any

import aiohttp
import pytest

from simulator import ChatRequest, Reply, Simulator
from simulator.schema import matches
from simulator.standin import HONEST_NAME, MANGLED_MODEL, STAND_IN_MODELS, stand_in
from simulator.standin_home import devices
from simulator.standin_structured import short_sentence

ROOT = Path(__file__).parents[2]
SYSTEM = """You are a voice assistant.
Static Context: An overview of the areas and the devices in this smart home:
- names: Kitchen light
  domain: light
  areas: Kitchen
- names: Hall lamp, Lantern
  domain: light
  areas: Hall
- names: Heating
  domain: climate
  areas: Living room
"""
LIVE = """Live Context: An overview:
- names: Living room temperature
  domain: sensor
  state: '21.4'
  areas: Living room
  attributes:
    unit_of_measurement: °C
- names: Kitchen light
  domain: light
  state: 'on'
  areas: Kitchen
"""
TEXT = {"type": "string"}


def tool(name: str, /, **properties: Any) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {
            "name": name,
            "parameters": {"type": "object", "properties": properties},
        },
    }


DOMAINS = {"type": "array", "items": {"type": "string", "enum": ["light", "cover"]}}
PERCENT = {"type": "integer", "minimum": 0, "maximum": 100}
TOOLS = [
    tool("assist__intent__HassTurnOn", name=TEXT, area=TEXT, domain=DOMAINS),
    tool("intent__HassTurnOff", name=TEXT),
    tool("HassLightSet", name=TEXT, brightness=PERCENT),
    tool("HassClimateSetTemperature", temperature={"type": "number"}, area=TEXT),
    tool("assist__GetLiveContext"),
]


def ask(
    text: str,
    *after: dict[str, Any],
    tools: list[dict[str, Any]] | None = None,
    wanted: Any = None,
    system: str = SYSTEM,
    model: str = "stand-in",
) -> Reply:
    messages = ({"role": "system", "content": system}, {"role": "user", "content": text}, *after)
    offered = tuple(TOOLS if tools is None else tools)
    return stand_in(ChatRequest("chat", model, messages, offered, wanted, None, {}, True, {}))


def after(name: str, result: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    call = {"role": "assistant", "tool_calls": [{"function": {"name": name, "arguments": {}}}]}
    return call, {"role": "tool", "content": json.dumps(result)}


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("Turn on the kitchen light", [("assist__intent__HassTurnOn", {"name": "Kitchen light"})]),
        ("turn off the hall lamp!", [("intent__HassTurnOff", {"name": "Hall lamp"})]),
        ("Please switch the lantern on", [("assist__intent__HassTurnOn", {"name": "Hall lamp"})]),
        (
            "Dim the kitchen light to 30 %",
            [("HassLightSet", {"name": "Kitchen light", "brightness": 30})],
        ),
        (
            "Set the living room temperature to 21.5 degrees",
            [("HassClimateSetTemperature", {"temperature": 21.5, "area": "Living room"})],
        ),
        ("What is the temperature inside?", [("assist__GetLiveContext", {})]),
        ("Is the kitchen light on?", [("assist__GetLiveContext", {})]),
        (
            "Turn on the kitchen light and turn off the hall lamp",
            [
                ("assist__intent__HassTurnOn", {"name": "Kitchen light"}),
                ("intent__HassTurnOff", {"name": "Hall lamp"}),
            ],
        ),
    ],
)
def test_calls(text: str, calls: list[tuple[str, dict[str, Any]]]) -> None:
    reply = ask(text)
    assert [(call.name, call.arguments) for call in reply.tool_calls] == calls
    assert not reply.content


@pytest.mark.parametrize(
    ("properties", "arguments"),
    [
        ({"name": TEXT}, {"name": "Kitchen light"}),
        ({"entity_id": TEXT}, {"entity_id": "light.kitchen"}),
        (
            {"entity_id": {"type": "array", "items": TEXT}},
            {"entity_id": ["light.kitchen"]},
        ),
        ({"area": TEXT}, {"area": "Kitchen"}),
    ],
)
def test_arguments_follow_the_schema(properties: dict[str, Any], arguments: dict[str, Any]) -> None:
    system = SYSTEM.replace("domain: light", "entity_id: light.kitchen\n  domain: light", 1)
    reply = ask("turn on the kitchen light", tools=[tool("turn_on", **properties)], system=system)
    assert reply.tool_calls[0].name == "turn_on"
    assert reply.tool_calls[0].arguments == arguments


def test_unknown_names_and_required_arguments() -> None:
    offered = tool("turn_on", name=TEXT, mode={"enum": ["fast", "slow"]})
    offered["function"]["parameters"]["required"] = ["name", "mode"]
    reply = ask("turn on the garage fan slow", tools=[offered], system="You are an assistant.")
    assert reply.tool_calls[0].arguments == {"name": "garage fan slow", "mode": "slow"}


@pytest.mark.parametrize(
    ("text", "results", "said"),
    [
        (
            "What is the temperature in the living room?",
            after("assist__GetLiveContext", {"success": True, "result": LIVE}),
            "Living room temperature is 21.4 °C.",
        ),
        (
            "Is the kitchen light on?",
            after("assist__GetLiveContext", {"success": True, "result": LIVE}),
            "Kitchen light is on.",
        ),
        (
            "What is the state of the garden gate?",
            after("assist__GetLiveContext", {"success": True, "result": LIVE}),
            "I could not find that.",
        ),
        (
            "Turn on the kitchen light",
            after(
                "assist__intent__HassTurnOn",
                {
                    "response_type": "action_done",
                    "data": {"success": [{"name": "Kitchen light", "type": "entity"}]},
                },
            ),
            "Turned on Kitchen light.",
        ),
        (
            "Turn on the kitchen light",
            after("assist__intent__HassTurnOn", {"error": "X", "error_text": "no such device"}),
            "That did not work: no such device.",
        ),
        (
            "Turn off the hall lamp",
            after(
                "intent__HassTurnOff",
                {"response_type": "error", "speech": {"plain": {"speech": "Not today"}}},
            ),
            "That did not work: Not today.",
        ),
        (
            "Turn on the hall lamp",
            after("assist__intent__HassTurnOn", "done"),
            "Turned on hall lamp.",
        ),
    ],
)
def test_sentences_from_results(text: str, results: tuple[dict[str, Any], ...], said: str) -> None:
    reply = ask(text, *results)
    assert (reply.content, reply.tool_calls) == (said, ())


# What the integration's own API sends: a list by area, and tools with plain names.

HOME = """Answer in plain text.
You control this home with tools. Call a tool for each action.
Devices by area, with their kind where the name does not say it (other names in brackets):
# Ground floor
Kitchen (Cuisine) - Counter light, Kitchen light (Spots, Big light); switch: Coffee machine
Living room - Living room temperature, Sofa lamp [light.sofa]; sensor: Air (CO2, ppm)
# Outside
Garage - Garage door
No area - run: Good night

- Not a - device
"""
HOME_TOOLS = [
    tool("turn_on", name=TEXT, area=TEXT),
    tool("turn_off", name=TEXT, area=TEXT),
    tool("set_light", name=TEXT, area=TEXT, brightness={"type": "integer"}, color=TEXT),
    tool("set_temperature", name=TEXT, area=TEXT, temperature={"type": "number"}, mode=TEXT),
    tool("open", name=TEXT, area=TEXT),
    tool("close", name=TEXT, area=TEXT),
    tool("get_state", name=TEXT, area=TEXT, domain=TEXT, state=TEXT),
]
STATES = {
    "states": [
        {"name": "Living room temperature", "state": "21.5", "area": "Living room", "unit": "°C"},
        {"name": "Kitchen light", "state": "on", "area": "Kitchen"},
    ]
}


def test_devices_of_the_list() -> None:
    assert [(d.names, d.area, d.domain, d.entity_id) for d in devices(HOME)] == [
        (["Counter light"], "Kitchen", "", ""),
        (["Kitchen light", "Spots", "Big light"], "Kitchen", "", ""),
        (["Coffee machine"], "Kitchen", "switch", ""),
        (["Living room temperature"], "Living room", "", ""),
        (["Sofa lamp"], "Living room", "", "light.sofa"),
        (["Air", "CO2", "ppm"], "Living room", "sensor", ""),
        (["Garage door"], "Garage", "", ""),
        (["Good night"], "", "run", ""),
    ]


HOME_CALLS = [
    ("Turn on the kitchen light", "turn_on", {"name": "Kitchen light"}),
    ("Turn on the spots", "turn_on", {"name": "Kitchen light"}),
    (
        "Turn off all lights in the living room",
        "turn_off",
        {"name": "lights", "area": "Living room"},
    ),
    ("Dim the counter light to 30 %", "set_light", {"name": "Counter light", "brightness": 30}),
    ("Open the garage door", "open", {"name": "Garage door"}),
    ("Close the garage door", "close", {"name": "Garage door"}),
    (
        "What is the temperature in the living room?",
        "get_state",
        {"name": "Living room temperature"},
    ),
    ("Is anything on in the kitchen?", "get_state", {"area": "Kitchen"}),
    ("What is going on?", "get_state", {}),
]


@pytest.mark.parametrize(("text", "name", "arguments"), HOME_CALLS)
def test_calls_of_the_home(text: str, name: str, arguments: dict[str, Any]) -> None:
    reply = ask(text, tools=HOME_TOOLS, system=HOME)
    assert [(call.name, call.arguments) for call in reply.tool_calls] == [(name, arguments)]
    assert not reply.content


@pytest.mark.parametrize(
    ("text", "name", "result", "said"),
    [
        (
            "Turn on the kitchen light",
            "turn_on",
            {"success": True, "action": "turn_on", "targets": ["Kitchen light"]},
            "Turned on Kitchen light.",
        ),
        (
            "Turn on the kitchen light",
            "turn_on",
            {"error": "Nothing was done: no such light.", "example": {"name": "Lamp"}},
            "That did not work: Nothing was done: no such light.",
        ),
        (
            "What is the temperature in the living room?",
            "get_state",
            STATES,
            "Living room temperature is 21.5 °C.",
        ),
        ("Is the kitchen light on?", "get_state", STATES, "Kitchen light is on."),
        ("Is the garage door open?", "get_state", {"states": []}, "I could not find that."),
    ],
)
def test_results_of_the_home(text: str, name: str, result: dict[str, Any], said: str) -> None:
    reply = ask(text, *after(name, result), tools=HOME_TOOLS, system=HOME)
    assert (reply.content, reply.tool_calls) == (said, ())
    # The same without tools, where results are said to the model.
    reply = ask(text, *told(name, result), tools=[], wanted=ANSWER, system=HOME)
    assert json.loads(reply.content) == {"say": said}


# Models without tools, under a schema.


def answer_schema(tools: list[dict[str, Any]]) -> dict[str, Any]:
    say = {"type": "object", "properties": {"say": TEXT}, "required": ["say"]}
    calls = [
        {
            "type": "object",
            "properties": {
                "tool": {"type": "string", "enum": [offered["function"]["name"]]},
                "arguments": offered["function"]["parameters"],
            },
            "required": ["tool", "arguments"],
        }
        for offered in tools
    ]
    return {"anyOf": [say, *calls]}


ANSWER = answer_schema(HOME_TOOLS)


def told(name: str, result: Any, arguments: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
    call = json.dumps({"tool": name, "arguments": arguments or {}})
    return (
        {"role": "assistant", "content": call},
        {"role": "user", "content": f"Result of {name}: {json.dumps(result)}"},
    )


@pytest.mark.parametrize(("text", "name", "arguments"), HOME_CALLS)
def test_calls_under_a_schema(text: str, name: str, arguments: dict[str, Any]) -> None:
    reply = ask(text, tools=[], wanted=ANSWER, system=HOME)
    assert not reply.tool_calls
    value = json.loads(reply.content)
    assert value == {"tool": name, "arguments": arguments}
    assert matches(value, ANSWER)


def test_calls_of_assist_under_a_schema() -> None:
    reply = ask("Turn on the kitchen light", tools=[], wanted=answer_schema(TOOLS))
    assert json.loads(reply.content) == {
        "tool": "assist__intent__HassTurnOn",
        "arguments": {"name": "Kitchen light"},
    }


def test_one_call_after_another_under_a_schema() -> None:
    text = "Turn on the kitchen light and the counter light"
    done: list[dict[str, Any]] = []
    for name in ("Kitchen light", "Counter light"):
        reply = ask(text, *done, tools=[], wanted=ANSWER, system=HOME)
        value = json.loads(reply.content)
        assert value == {"tool": "turn_on", "arguments": {"name": name}}
        done += told("turn_on", {"success": True, "targets": [name]}, value["arguments"])
    reply = ask(text, *done, tools=[], wanted=ANSWER, system=HOME)
    assert "Kitchen light, Counter light" in json.loads(reply.content)["say"]


def test_the_next_sentence_under_a_schema() -> None:
    earlier = told("turn_on", {"success": True, "targets": ["Kitchen light"]})
    later = {"role": "user", "content": "Turn off the kitchen light"}
    reply = ask("Turn on the kitchen light", *earlier, later, wanted=ANSWER, system=HOME, tools=[])
    assert json.loads(reply.content)["tool"] == "turn_off"


def test_only_talk_under_a_schema() -> None:
    assert HONEST_NAME in json.loads(ask("Hello", wanted=ANSWER).content)["say"]


# The one that writes badly.


@pytest.mark.parametrize(
    ("text", "tools", "written"),
    [
        (
            "Turn on the kitchen light",
            HOME_TOOLS,
            "{'name': 'light.turn_on', 'arguments': {'name': 'the kithen light'}}",
        ),
        (
            "Turn off the kitchen light",
            TOOLS,
            "{'name': 'light.turn_off', 'arguments': {'name': 'the kithen light'}}",
        ),
        (
            "Open the garage door",
            HOME_TOOLS,
            "{'name': 'cover.open_cover', 'arguments': {'name': 'the garge door'}}",
        ),
        (
            "Turn on the coffee machine",
            HOME_TOOLS,
            "{'name': 'homeassistant.turn_on', 'arguments': {'name': 'the coffee macine'}}",
        ),
        ("What is going on?", HOME_TOOLS, "{'name': 'get_state', 'arguments': {}}"),
    ],
)
def test_mangled_calls(text: str, tools: list[dict[str, Any]], written: str) -> None:
    reply = ask(text, tools=tools, system=HOME, model=MANGLED_MODEL)
    assert (reply.content, reply.tool_calls) == (f"<tool_call>{written}", ())
    assert ask(text, tools=tools, system=HOME, model="stand-in-mangled") == reply


def test_only_calls_are_mangled() -> None:
    done = after("turn_on", {"success": True, "targets": ["Kitchen light"]})
    reply = ask("Turn on the kitchen light", *done, tools=HOME_TOOLS, model=MANGLED_MODEL)
    assert reply.content == "Turned on Kitchen light."


def test_it_says_what_it_is() -> None:
    for reply in (ask("Hello"), ask("turn on the lamp", tools=[])):
        assert HONEST_NAME in reply.content
    assert all(model.name.startswith("stand-in") for model in STAND_IN_MODELS)
    assert {model.family for model in STAND_IN_MODELS} == {"stand-in"}


def test_structured_answer() -> None:
    schema = {
        "type": "object",
        "properties": {"mood": {"enum": ["calm", "urgent"]}, "text": TEXT},
        "required": ["mood", "text"],
    }
    value = json.loads(ask("The cellar is under water, this is urgent", wanted=schema).content)
    assert value["mood"] == "urgent"
    assert isinstance(value["text"], str)
    assert value["text"]
    assert json.loads(ask("Anything", wanted="json").content)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Anna writes: the cellar is wet! Is it urgent?", "The cellar is wet!"),
        ("The washing  machine\nis done", "The washing machine is done"),
        ("At 21.5 degrees. And then?", "At 21.5 degrees."),
        ("word " * 40, "Word " + "word " * 18 + "word …"),
        ("", "Nothing was said."),
    ],
)
def test_texts_are_whole_sentences(text: str, sentence: str) -> None:
    assert short_sentence(text) == sentence
    schema = {
        "type": "object",
        "properties": {"texts": {"type": "array", "items": {"$ref": "#/$defs/text"}}},
        "$defs": {"text": TEXT},
    }
    assert json.loads(ask(text, wanted=schema).content) == {"texts": [sentence]}


def test_limits_of_texts_hold() -> None:
    schema = {
        "type": "object",
        "properties": {
            "short": {"type": "string", "maxLength": 5},
            "mood": {"type": "string", "enum": ["calm", "urgent"]},
        },
    }
    value = json.loads(ask("The cellar is under water", wanted=schema).content)
    assert value["mood"] == "calm"
    assert 0 < len(value["short"]) <= 5


async def test_whole_turn_over_http(session: aiohttp.ClientSession) -> None:
    async with Simulator(models=STAND_IN_MODELS, brain=stand_in) as sim:
        body: dict[str, Any] = {
            "model": "stand-in",
            "stream": False,
            "tools": TOOLS,
            "messages": [
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": "Turn off the hall lamp"},
            ],
        }
        async with session.post(f"{sim.url}/api/chat", json=body) as answer:
            message = (await answer.json())["message"]
        assert message["tool_calls"][0]["function"]["name"] == "intent__HassTurnOff"
        body["messages"] += [message, {"role": "tool", "content": '{"success": true}'}]
        async with session.post(f"{sim.url}/api/chat", json=body) as answer:
            assert (await answer.json())["message"]["content"] == "Turned off hall lamp."


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_command_line(sent: signal.Signals, session: aiohttp.ClientSession) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "simulator", "--port", "0", "--delay", "0.01", "--version", "0.24.0"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            first = (await process.stdout.readline()).decode()
            second = (await process.stdout.readline()).decode()
        url = first.split()[-1]
        assert HONEST_NAME in second
        async with session.get(f"{url}/api/version") as answer:
            assert await answer.json() == {"version": "0.24.0"}
        async with session.get(f"{url}/api/tags") as answer:
            names = {model["name"] for model in (await answer.json())["models"]}
        assert names == {model.name for model in STAND_IN_MODELS}
        process.send_signal(sent)
        async with asyncio.timeout(10):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
