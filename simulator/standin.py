"""A stand-in for a language model: a few rules, no model and no understanding.

For demonstrations and load tests without weights. It reads the tools it is offered, the texts it
is given and the last sentence of the user, in English: it can turn things on and off, open and
close them, set brightness and temperature, look a state up, and say what came of it. As
``stand-in-plain`` it has no tools, and calls them under a schema; as ``stand-in-mangled`` it
writes its calls badly, on purpose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
import json

from .models import ModelName, SimModel
from .replies import ChatRequest, Reply, ToolCall
from .standin_data import answer_in_schema, split_data, told
from .standin_home import Device, best_device, devices
from .standin_mangled import mangled
from .standin_structured import filled, tools_in, written_call, written_speech
from .standin_tools import ACTIONS, Wish, find_tool, make_call, wishes
from .standin_turn import Turn, changed, devices_in, failure, read_turn, result_text

HONEST_NAME = "a stand-in with a few rules, not a language model"
# It writes its calls badly, to show that they are understood.
MANGLED_MODEL = "stand-in-mangled:latest"

# The last is the newest, which lists show first: what writes badly on purpose comes last there.
STAND_IN_MODELS: tuple[SimModel, ...] = (
    SimModel(
        MANGLED_MODEL,
        size=1,
        parameter_size="0",
        quantization="none",
        family="stand-in",
        capabilities=("completion", "tools"),
        context_length=131_072,
        vram_share=1.0,
    ),
    SimModel(
        "stand-in:latest",
        size=1,
        parameter_size="0",
        quantization="none",
        family="stand-in",
        capabilities=("completion", "tools"),
        context_length=131_072,
        vram_share=1.0,
    ),
    SimModel(
        "stand-in-thinking:latest",
        size=1,
        parameter_size="0",
        quantization="none",
        family="stand-in",
        capabilities=("completion", "tools", "thinking"),
        context_length=131_072,
        vram_share=1.0,
    ),
    SimModel(
        "stand-in-plain:latest",
        size=1,
        parameter_size="0",
        quantization="none",
        family="stand-in",
        context_length=131_072,
        vram_share=1.0,
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
    turn = read_turn(request.messages)
    said, data = split_data(turn.text)
    turn = replace(turn, text=said)
    under_schema = tools_in(request.format)
    tools = under_schema or request.tools
    thinking = "Which of the tools fits what was said?" if tools else "What was said?"
    if not under_schema and request.format not in (None, ""):
        answer = answer_in_schema(request.format, said, data)
        if answer is not None:
            return Reply(json.dumps(answer, ensure_ascii=False), thinking=thinking)
        return Reply(filled(request.format, turn.text), thinking=thinking)
    if isinstance(data, Mapping) and not tools and not wishes(said):
        return Reply(told(data), thinking=thinking)
    wanted = wishes(turn.text)
    known, context = _known(request, turn)
    calls = [
        make_call(wish, tool, known, context)
        for wish in wanted
        if (tool := find_tool(wish.kind, tools)) is not None
    ]
    speech = _sentence(turn, wanted, known)
    if under_schema:
        # One call in each answer: the next one follows the result of the last.
        call = next(iter(calls[len(turn.results) :]), None)
        written = written_speech(speech) if call is None else written_call(call)
        return Reply(written, thinking=thinking)
    if not (calls := _not_yet_made(calls, turn)):
        return Reply(speech, thinking=thinking)
    if ModelName.parse(request.model).short == MANGLED_MODEL:
        return Reply(mangled(calls), thinking=thinking)
    return Reply(tool_calls=tuple(calls), thinking=thinking)


def _not_yet_made(calls: Sequence[ToolCall], turn: Turn) -> list[ToolCall]:
    if turn.rounds >= _MOST_ROUNDS:
        return []
    new: list[ToolCall] = []
    for call in calls:
        if call.name not in turn.called and call not in new:
            new.append(call)
    return new


def _known(request: ChatRequest, turn: Turn) -> tuple[list[Device], str]:
    system = "\n".join(
        str(m.get("content") or "") for m in request.messages if m.get("role") == "system"
    )
    # A tool's result is newer than the system prompt: it comes first.
    context = "\n".join([*map(result_text, turn.results), system])
    told = [device for result in turn.results for device in devices_in(result)]
    return [*told, *devices(system)], context


def _sentence(turn: Turn, wanted: Sequence[Wish], known: Sequence[Device]) -> str:
    problem = next((text for result in turn.results if (text := failure(result))), None)
    if problem is not None:
        return f"That did not work: {problem.rstrip('.')}."
    said = [
        _action_sentence(wish, turn.results)
        if wish.kind in ACTIONS
        else _state_sentence(wish, known)
        for wish in wanted
        if turn.results or wish.kind == "read"
    ]
    if said:
        return " ".join(said)
    if wanted:
        return f"I have no tool for that. I am {HONEST_NAME}."
    text = " ".join(turn.text.split())[:80]
    return f'I am {HONEST_NAME}. You said: "{text}"'


def _action_sentence(wish: Wish, results: Sequence[str]) -> str:
    names = [name for result in results for name in changed(result)]
    shown = ", ".join(dict.fromkeys(names)) or wish.target
    return f"{_DONE[wish.kind]} {shown}."


def _state_sentence(wish: Wish, known: Sequence[Device]) -> str:
    device = best_device(wish.aim, [device for device in known if device.state])
    if device is None:
        return "I could not find that."
    unit = f" {device.unit}" if device.unit else ""
    return f"{device.names[0]} is {device.state}{unit}."
