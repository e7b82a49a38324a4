"""A stand-in for a language model: a few rules, no model and no understanding.

For demonstrations and load tests without weights. It reads the tools it is offered, the texts it
is given and the last sentence of the user, in English: it can turn things on and off, open and
close them, set brightness and temperature, look a state up, and say what came of it.
"""

from collections.abc import Mapping, Sequence
import json
import re
from typing import Any

from .models import SimModel
from .replies import ChatRequest, Reply, ToolCall
from .schema import instance
from .standin_home import Device, best_device, devices
from .standin_tools import ACTIONS, Wish, find_tool, make_call, wishes

HONEST_NAME = "a stand-in with a few rules, not a language model"

STAND_IN_MODELS: tuple[SimModel, ...] = (
    SimModel(
        "stand-in:latest",
        size=1,
        parameter_size="0",
        quantization="none",
        family="stand-in",
        capabilities=("completion", "tools"),
        context_length=131_072,
    ),
    SimModel(
        "stand-in-thinking:latest",
        size=1,
        parameter_size="0",
        quantization="none",
        family="stand-in",
        capabilities=("completion", "tools", "thinking"),
        context_length=131_072,
    ),
    SimModel(
        "stand-in-plain:latest",
        size=1,
        parameter_size="0",
        quantization="none",
        family="stand-in",
        context_length=131_072,
    ),
)

_DONE: Mapping[str, str] = {
    "on": "Turned on",
    "off": "Turned off",
    "open": "Opened",
    "close": "Closed",
    "brightness": "Set the brightness of",
    "temperature": "Set the temperature of",
}
# More rounds of tools than this and it only talks.
_MOST_ROUNDS = 3


def stand_in(request: ChatRequest) -> Reply:
    """Answer by rules."""
    thinking = "Which of the tools fits what was said?" if request.tools else "What was said?"
    if request.format not in (None, ""):
        return Reply(_structured(request), thinking=thinking)
    results, rounds = _results(request.messages)
    wanted = wishes(request.last_user_text)
    calls = _calls(request, wanted, results, rounds)
    if calls:
        return Reply(tool_calls=calls, thinking=thinking)
    return Reply(_sentence(request, wanted, results), thinking=thinking)


def _structured(request: ChatRequest) -> str:
    if request.format == "json":
        return json.dumps({"answer": request.last_user_text[:60]}, ensure_ascii=False)
    return json.dumps(instance(request.format, request.last_user_text), ensure_ascii=False)


def _results(messages: Sequence[Mapping[str, Any]]) -> tuple[list[str], int]:
    """Return the tool results since the user last spoke, and the rounds of calls."""
    results: list[str] = []
    rounds = 0
    for message in reversed(messages):
        if message.get("role") == "user":
            break
        if message.get("role") == "tool":
            results.insert(0, str(message.get("content") or ""))
        elif message.get("tool_calls"):
            rounds += 1
    return results, rounds


def _known(request: ChatRequest, results: Sequence[str]) -> tuple[list[Device], str]:
    system = "\n".join(
        str(m.get("content") or "") for m in request.messages if m.get("role") == "system"
    )
    # A tool's result is newer than the system prompt: it comes first.
    context = "\n".join([*map(_result_text, results), system])
    return devices(context), context


def _result_text(result: str) -> str:
    """Return the text in a tool result; Home Assistant wraps it as JSON."""
    try:
        value = json.loads(result)
    except ValueError:
        return result
    if isinstance(value, dict) and isinstance(value.get("result"), str):
        return str(value["result"])
    return value if isinstance(value, str) else result


def _calls(
    request: ChatRequest, wanted: Sequence[Wish], results: Sequence[str], rounds: int
) -> tuple[ToolCall, ...]:
    if not request.tools or rounds >= _MOST_ROUNDS:
        return ()
    called = _called_since_user(request.messages)
    known, context = _known(request, results)
    calls: list[ToolCall] = []
    for wish in wanted:
        tool = find_tool(wish.kind, request.tools)
        if tool is None:
            continue
        call = make_call(wish, tool, known, context)
        if call.name not in called and call not in calls:
            calls.append(call)
    return tuple(calls)


def _called_since_user(messages: Sequence[Mapping[str, Any]]) -> set[str]:
    names: set[str] = set()
    for message in reversed(messages):
        if message.get("role") == "user":
            break
        names |= {call["function"]["name"] for call in message.get("tool_calls") or ()}
    return names


def _sentence(request: ChatRequest, wanted: Sequence[Wish], results: Sequence[str]) -> str:
    failure = next((text for result in results if (text := _failure(result))), None)
    if failure is not None:
        return f"That did not work: {failure.rstrip('.')}."
    known, _ = _known(request, results)
    said = [
        _action_sentence(wish, results) if wish.kind in ACTIONS else _state_sentence(wish, known)
        for wish in wanted
        if results or wish.kind == "read"
    ]
    if said:
        return " ".join(said)
    if wanted:
        return f"I have no tool for that. I am {HONEST_NAME}."
    text = " ".join(request.last_user_text.split())[:80]
    return f'I am {HONEST_NAME}. You said: "{text}"'


def _failure(result: str) -> str | None:
    try:
        value = json.loads(result)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    if value.get("error"):
        return str(value.get("error_text") or value["error"])
    if value.get("response_type") == "error" or value.get("success") is False:
        speech = value.get("speech") or {}
        plain = speech.get("plain") if isinstance(speech, dict) else None
        spoken = plain.get("speech") if isinstance(plain, dict) else None
        return str(spoken or value.get("message") or "the tool reported an error")
    return None


def _action_sentence(wish: Wish, results: Sequence[str]) -> str:
    names = [name for result in results for name in _changed(result)]
    shown = ", ".join(dict.fromkeys(names)) or wish.target
    return f"{_DONE[wish.kind]} {shown}."


def _changed(result: str) -> list[str]:
    """Return the names in the result of an intent."""
    try:
        value = json.loads(result)
    except ValueError:
        return []
    data = value.get("data") if isinstance(value, dict) else None
    success = data.get("success") if isinstance(data, dict) else None
    entries = success if isinstance(success, list) else []
    entities = [entry for entry in entries if entry.get("type") == "entity"]
    return [str(entry["name"]) for entry in entities or entries if entry.get("name")]


def _state_sentence(wish: Wish, known: Sequence[Device]) -> str:
    device = best_device(_asked(wish), [device for device in known if device.state])
    if device is None:
        return "I could not find that."
    unit = f" {device.unit}" if device.unit else ""
    return f"{device.names[0]} is {device.state}{unit}."


def _asked(wish: Wish) -> str:
    """Return the question without its question words."""
    return re.sub(r"\b(?:state|status|tell|me|how|where)\b", " ", wish.text, flags=re.IGNORECASE)
