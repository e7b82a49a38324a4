"""Tools and structures as the API wants them."""

from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakKeyDictionary

from homeassistant.helpers import llm
import probatio

import ollama

OPENAPI_VERSION = "3.1.0"
"""JSON schema as Ollama reads it: null as a type, not as `nullable`."""


def describe_tools(
    tools: Iterable[llm.Tool], schema: Callable[[str], dict[str, Any]]
) -> list[ollama.Tool]:
    """Return tools for the requests of a turn, in their order.

    `schema` returns the JSON schema of a tool by its name.
    """
    described = []
    for tool in tools:
        if (known := _DESCRIBED.get(tool)) is None:
            known = _DESCRIBED[tool] = _describe(tool, schema(tool.name))
        described.append(known)
    return described


_DESCRIBED: WeakKeyDictionary[llm.Tool, ollama.Tool] = WeakKeyDictionary()
"""Descriptions of tools that live longer than a turn, as those of the home do."""


def _describe(tool: llm.Tool, schema: dict[str, Any]) -> ollama.Tool:
    function: dict[str, Any] = {"name": tool.name, "parameters": schema}
    if tool.description:
        function["description"] = tool.description
    # Validated here once, and not by the library for every request of the turn.
    return ollama.Tool.model_validate({"type": "function", "function": function})


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
