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
from simulator.standin import HONEST_NAME, STAND_IN_MODELS, stand_in

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
) -> Reply:
    messages = ({"role": "system", "content": system}, {"role": "user", "content": text}, *after)
    offered = tuple(TOOLS if tools is None else tools)
    return stand_in(ChatRequest("chat", "stand-in", messages, offered, wanted, None, {}, True, {}))


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
