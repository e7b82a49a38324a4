"""Tools as the API wants them, and the calls that come back."""

from collections.abc import Mapping
import json
from typing import Any

from homeassistant.helpers import llm
import probatio

import ollama

_OPENAPI_VERSION = "3.1.0"
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
            openapi_version=_OPENAPI_VERSION,
        ),
    }
    if tool.description:
        function["description"] = tool.description
    # Validated here once, and not by the library for every request of the turn.
    return ollama.Tool.model_validate({"type": "function", "function": function})


def describe_structure(structure: probatio.Schema, api: llm.APIInstance | None) -> dict[str, Any]:
    """Return the JSON schema for the `format` of a request."""
    serializer = api.custom_serializer if api else llm.selector_serializer
    schema: dict[str, Any] = probatio.to_openapi(
        structure, custom_serializer=serializer, openapi_version=_OPENAPI_VERSION
    )
    return schema


def read_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call's arguments without what small models add to them.

    Empty values are dropped, since an intent takes them for a name that it can't find,
    and lists and objects that were written as text are read.
    """
    return {
        key: _read_value(value)
        for key, value in arguments.items()
        if value is not None and value != ""
    }


def _read_value(value: Any) -> Any:
    if not isinstance(value, str) or value[:1] + value[-1:] not in ("[]", "{}"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value  # a text that only looks like JSON
