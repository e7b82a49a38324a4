"""Tools and structures as the API wants them."""

from typing import Any

from homeassistant.helpers import llm
import probatio

import ollama

OPENAPI_VERSION = "3.1.0"
"""JSON schema as Ollama reads it: null as a type, not as `nullable`."""


def describe_tools(api: llm.APIInstance | None) -> list[ollama.Tool]:
    """Return the tools of an API for the requests of a turn, in the API's order."""
    if api is None:
        return []
    return [_describe(tool, api) for tool in api.tools]


def _describe(tool: llm.Tool, api: llm.APIInstance) -> ollama.Tool:
    function: dict[str, Any] = {
        "name": tool.name,
        "parameters": probatio.to_openapi(
            tool.parameters,
            custom_serializer=api.custom_serializer,
            openapi_version=OPENAPI_VERSION,
        ),
    }
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
