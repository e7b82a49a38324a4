"""Tools and structures as the API wants them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.helpers import llm
import probatio

import ollama

from ..server import text_size

OPENAPI_VERSION = "3.1.0"
"""JSON schema as Ollama reads it: null as a type, not as `nullable`."""


@dataclass(frozen=True, slots=True)
class Described:
    """A tool as it is sent, and the JSON schema of its arguments."""

    schema: dict[str, Any]
    tool: ollama.Tool
    size: int
    """How large it is as JSON, in bytes."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A description, and what it was made of."""

    parameters: tuple[tuple[Any, Any], ...]
    text: str | None
    serializer: Callable[[Any], Any] | None
    described: Described

    def is_of(self, tool: llm.Tool, serializer: Callable[[Any], Any] | None) -> bool:
        """Whether a tool still consists of the very same parts.

        Assist makes its tools anew for each turn, of validators that stay. They are held
        here, so that none of them can be another one in the same place.
        """
        if self.text != tool.description or self.serializer is not serializer:
            return False
        if not isinstance(tool.parameters.schema, Mapping):
            return False
        items = tool.parameters.schema.items()
        return len(items) == len(self.parameters) and all(
            key is known_key and value is known_value
            for (key, value), (known_key, known_value) in zip(items, self.parameters, strict=True)
        )


_KNOWN: dict[str, _Known] = {}
_MOST_KNOWN = 500


def describe(tool: llm.Tool, serializer: Callable[[Any], Any] | None) -> Described:
    """Return how a tool is sent; turning its schema into JSON is half the work of a turn."""
    known = _KNOWN.get(tool.name)
    if known is not None and known.is_of(tool, serializer):
        return known.described
    schema: dict[str, Any] = probatio.to_openapi(
        tool.parameters, custom_serializer=serializer, openapi_version=OPENAPI_VERSION
    )
    function: dict[str, Any] = {"name": tool.name, "parameters": schema}
    if tool.description:
        function["description"] = tool.description
    # Validated here once, and not by the library for every request.
    sent = ollama.Tool.model_validate({"type": "function", "function": function})
    described = Described(schema, sent, text_size(sent.model_dump_json(exclude_none=True)))
    if len(_KNOWN) >= _MOST_KNOWN:
        _KNOWN.clear()
    if isinstance(tool.parameters.schema, Mapping):
        _KNOWN[tool.name] = _Known(
            tuple(tool.parameters.schema.items()), tool.description, serializer, described
        )
    return described


def describe_structure(structure: probatio.Schema) -> dict[str, Any]:
    """Return the JSON schema for the `format` of a request.

    Structures are made of selectors, whatever API is offered beside them.
    """
    schema: dict[str, Any] = probatio.to_openapi(
        structure,
        custom_serializer=llm.selector_serializer,
        openapi_version=OPENAPI_VERSION,
    )
    return schema
