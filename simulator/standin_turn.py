"""What the stand-in reads of a conversation: what was said last, and what came of it since.

Results of tools come as messages of a tool, or, to models without tools, as user messages
``Result of NAME: {...}``; those are nothing that the user said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import json
import re
from typing import Any

from .standin_home import Device, devices

TOOL = "tool"
ARGUMENTS = "arguments"

# Where and when something was said, which is no part of it.
_SAID = re.compile(r"\n\[said [^\]\n]*\]\Z")
_RESULT = re.compile(r"Result of [\w.-]+: (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Turn:
    """The last sentence of the user and what happened since."""

    text: str
    # Results of tools, in order.
    results: tuple[str, ...]
    # Names of the tools called.
    called: frozenset[str]
    # Answers that called tools.
    rounds: int


def read_turn(messages: Sequence[Mapping[str, Any]]) -> Turn:
    """Read from the last message back to the user's."""
    results: list[str] = []
    called: set[str] = set()
    rounds = 0
    text = ""
    for message in reversed(messages):
        result = _result(message)
        if result is not None:
            results.insert(0, result)
        elif message.get("role") == "user":
            text = _SAID.sub("", str(message.get("content") or ""))
            break
        elif names := _called(message):
            called |= names
            rounds += 1
    return Turn(text, tuple(results), frozenset(called), rounds)


def _result(message: Mapping[str, Any]) -> str | None:
    content = str(message.get("content") or "")
    if message.get("role") == "tool":
        return content
    match = _RESULT.fullmatch(content) if message.get("role") == "user" else None
    return match.group(1) if match else None


def _called(message: Mapping[str, Any]) -> set[str]:
    """Return the tools that an answer called, also as the text of a model without tools."""
    if calls := message.get("tool_calls"):
        return {str(call["function"]["name"]) for call in calls}
    written = _read(str(message.get("content") or ""))
    return {str(written[TOOL])} if isinstance(written, dict) and TOOL in written else set()


def failure(result: str) -> str | None:
    """Return what went wrong, None when nothing did."""
    value = _read(result)
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


def changed(result: str) -> list[str]:
    """Return the names of what a tool acted on."""
    value = _read(result)
    if not isinstance(value, dict):
        return []
    if isinstance(targets := value.get("targets"), list):
        return [str(name) for name in targets]
    # As the result of an intent, which is Assist's.
    data = value.get("data")
    success = data.get("success") if isinstance(data, dict) else None
    entries = success if isinstance(success, list) else []
    entities = [entry for entry in entries if entry.get("type") == "entity"]
    return [str(entry["name"]) for entry in entities or entries if entry.get("name")]


def devices_in(result: str) -> list[Device]:
    """Return the devices that a result tells of."""
    value = _read(result)
    states = value.get("states") if isinstance(value, dict) else None
    if isinstance(states, list):
        return [
            Device(
                names=[str(state["name"])],
                area=str(state.get("area") or ""),
                state=str(state.get("state") or ""),
                unit=str(state.get("unit") or ""),
            )
            for state in states
            if isinstance(state, dict) and state.get("name")
        ]
    return devices(result_text(result))


def result_text(result: str) -> str:
    """Return the text in a tool result; Home Assistant wraps it as JSON."""
    value = _read(result)
    if isinstance(value, dict) and isinstance(value.get("result"), str):
        return str(value["result"])
    return value if isinstance(value, str) else result


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
