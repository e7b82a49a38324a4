"""Tools for models that have none.

Such a model answers under a schema: either it calls a tool, or it says something. What
it says is spoken while the object is still growing.
"""

from collections.abc import Sequence
import json
import re
from typing import Any, Final

from homeassistant.components import conversation
from homeassistant.helpers.json import json_dumps

import ollama

from .dialects.lenient_json import UnreadableError, read_json
from .dialects.pieces import Piece, Said, WrittenCall

SAY: Final = "say"
TOOL: Final = "tool"
ARGUMENTS: Final = "arguments"

_FENCE: Final = "```"

# What of a JSON string can be read: a character outside the basic plane is two escapes.
_COMPLETE: Final = re.compile(
    r"""(?:[^"\\]|\\["\\/bfnrt]
    |\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}
    |\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4})*""",
    re.VERBOSE,
)
_LONGEST_ESCAPE: Final = len(r"\ud83d\ude00")


def answer_schema(tools: Sequence[ollama.Tool]) -> dict[str, Any]:
    """Return the schema of an answer: something said, or the call of one tool."""
    says = {
        "type": "object",
        "properties": {SAY: {"type": "string"}},
        "required": [SAY],
        "additionalProperties": False,
    }
    return {"anyOf": [says, *(_call_schema(tool) for tool in tools)]}


def _call_schema(tool: ollama.Tool) -> dict[str, Any]:
    function = tool.function
    parameters = function.parameters if function else None
    return {
        "type": "object",
        "properties": {
            TOOL: {"type": "string", "enum": [function.name if function else ""]},
            ARGUMENTS: (
                parameters.model_dump(exclude_none=True) if parameters else {"type": "object"}
            ),
        },
        "required": [TOOL, ARGUMENTS],
        "additionalProperties": False,
    }


def describe_for_prompt(tools: Sequence[ollama.Tool]) -> str:
    """Return the tools as text; such models have no place for them in their template."""
    lines = [
        "Answer with one JSON object and nothing else. To use a tool:",
        '{"tool": "<name>", "arguments": {...}}',
        "You then get its result, and answer again. To speak to the user:",
        '{"say": "<text>"}',
        "Tools:",
    ]
    for tool in tools:
        function = tool.function
        if function is None:
            continue
        properties = (function.parameters.properties if function.parameters else None) or {}
        arguments = ", ".join(
            name + (f" ({', '.join(map(str, item.enum))})" if item.enum else "")
            for name, item in properties.items()
        )
        lines.append(f"- {function.name}({arguments}): {function.description or ''}".rstrip(": "))
    return "\n".join(lines)


def as_plain_messages(
    content: Sequence[conversation.Content], messages: Sequence[ollama.Message], tools: str
) -> list[ollama.Message]:
    """Return messages for a model whose template knows no tools.

    Calls and answers take the shape that the model itself writes under the schema, and
    results come as something that is said to it.
    """
    plain: list[ollama.Message] = []
    for item, message in zip(content, messages, strict=True):
        match item:
            case conversation.SystemContent():
                plain.append(ollama.Message(role="system", content=f"{message.content}\n\n{tools}"))
            case conversation.AssistantContent():
                plain += _as_written(item)
            case conversation.ToolResultContent():
                text = f"Result of {item.tool_name}: {json_dumps(item.result.data)}"
                plain.append(ollama.Message(role="user", content=text))
            case _:
                plain.append(message)
    return plain


def _as_written(item: conversation.AssistantContent) -> list[ollama.Message]:
    written: list[dict[str, Any]] = [
        {TOOL: call.tool_name, ARGUMENTS: call.tool_args} for call in item.tool_calls or ()
    ]
    if not written:
        written = [{SAY: item.content or ""}]
    return [
        ollama.Message(role="assistant", content=json.dumps(call, ensure_ascii=False, default=str))
        for call in written
    ]


class SayReader:
    """Reads an answer under the schema; the counterpart of the dialects' TextReader."""

    def __init__(self) -> None:
        """Start before the first character."""
        self._text = ""
        self._said_to: int | None = None
        """How far the text that is said has been read; None until it begins."""
        self._finished = False

    def words(self, text: str) -> str | None:
        """Return nothing: under a schema words can't be told from what stands around them."""

    def feed(self, text: str) -> list[Piece]:
        """Return what is said in what has come so far."""
        self._text += text
        if self._finished:
            return []
        if self._said_to is None:
            start = _start_of_say(self._text)
            if start is None:
                return []
            self._said_to = start
        said, self._said_to, self._finished = _read_string(self._text, self._said_to)
        return [Said(said)] if said else []

    def close(self, *, complete: bool = True) -> list[Piece]:
        """Return the call, if it was one; one that was cut off is none."""
        if self._said_to is not None or not complete:
            return []
        text = self._text.strip()
        if text.startswith(_FENCE):
            # A model that doesn't know the schema puts its JSON into a block of code.
            text = text.strip("`").removeprefix("json").strip()
        try:
            read = read_json(text)
        except UnreadableError:
            read = None
        if isinstance(read, dict) and isinstance(read.get(TOOL), str):
            arguments = read.get(ARGUMENTS)
            return [WrittenCall(read[TOOL], arguments if isinstance(arguments, dict) else {})]
        if isinstance(read, dict) and isinstance(read.get(SAY), str):
            return [Said(read[SAY])]
        # A model that ignores the schema still says something.
        return [Said(text)] if text and not text.startswith("{") else []


def _start_of_say(text: str) -> int | None:
    """Return where the said text begins, once `{"say": "` is there."""
    position = 0
    for part in ("{", f'"{SAY}"', ":", '"'):
        while position < len(text) and text[position].isspace():
            position += 1
        if not text.startswith(part, position):
            return None
        position += len(part)
    return position


def _read_string(text: str, position: int) -> tuple[str, int, bool]:
    """Read on in a JSON string; returns what was read, to where, and whether it ended.

    An escape that isn't complete yet is left for the next time.
    """
    read: list[str] = []
    while True:
        match = _COMPLETE.match(text, position)
        end = match.end() if match else position
        # Control characters in a string are a mistake that is easily forgiven.
        read.append(json.loads(f'"{text[position:end]}"', strict=False))
        position = end
        if text.startswith('"', position):
            return "".join(read), position + 1, True
        if len(text) - position < _LONGEST_ESCAPE:
            return "".join(read), position, False
        position += 1  # the backslash of something that is no escape
