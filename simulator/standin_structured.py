"""How the stand-in answers under a JSON schema."""

from collections.abc import Mapping, Sequence
import json
from typing import Any

from .replies import ToolCall
from .schema import instance
from .standin_turn import ARGUMENTS, TOOL

SAY = "say"

_LONGEST_SENTENCE = 100
# A string that has one of these is not free to be any sentence.
_LIMITS = frozenset({"enum", "const", "maxLength", "minLength", "pattern", "format"})


def tools_in(schema: Any) -> tuple[Mapping[str, Any], ...]:
    """Return the tools that a schema lets the model call, as they are offered otherwise.

    The schema is a choice between ``{"say": ...}`` and ``{"tool": ..., "arguments": ...}``, which
    is how models without tools are given some. Empty for every other schema.
    """
    options = schema.get("anyOf") if isinstance(schema, Mapping) else None
    found: list[Mapping[str, Any]] = []
    for option in options if isinstance(options, list) else []:
        properties: Mapping[str, Any] = option.get("properties") or {}
        names = (properties.get(TOOL) or {}).get("enum") or ()
        found += [
            {"function": {"name": name, "parameters": properties.get(ARGUMENTS) or {}}}
            for name in names
        ]
    return tuple(found)


def written_call(call: ToolCall) -> str:
    """Return a call as such a schema wants it."""
    return json.dumps({TOOL: call.name, ARGUMENTS: dict(call.arguments)}, ensure_ascii=False)


def written_speech(text: str) -> str:
    """Return something said as such a schema wants it."""
    return json.dumps({SAY: text}, ensure_ascii=False)


def filled(schema: Any, text: str) -> str:
    """Return an instance of any schema; strings that may be anything are a short sentence."""
    if schema == "json":
        return json.dumps({"answer": short_sentence(text)}, ensure_ascii=False)
    value = instance(_with_sentence(schema, short_sentence(text)), text)
    return json.dumps(value, ensure_ascii=False)


def short_sentence(text: str) -> str:
    """Return the first sentence of ``text``, without who says it."""
    words = " ".join(text.split()).replace("? ", "?\n").replace("! ", "!\n").replace(". ", ".\n")
    first = words.partition("\n")[0].rpartition(": ")[2]
    if len(first) > _LONGEST_SENTENCE:
        first = first[:_LONGEST_SENTENCE].rpartition(" ")[0] + " …"
    return (first[:1].upper() + first[1:]) or "Nothing was said."


def _with_sentence(schema: Any, sentence: str) -> Any:
    if isinstance(schema, Mapping):
        if schema.get("type") == "string" and not _LIMITS & schema.keys():
            return {**schema, "const": sentence}
        return {key: _with_sentence(value, sentence) for key, value in schema.items()}
    if isinstance(schema, Sequence) and not isinstance(schema, str):
        return [_with_sentence(value, sentence) for value in schema]
    return schema
