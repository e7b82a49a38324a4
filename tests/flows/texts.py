"""Checks that what a flow shows has its texts, and can be sent to a browser."""

from collections.abc import Mapping
from functools import cache
import json
from pathlib import Path
import string
from typing import Any

from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.json import json_bytes
from homeassistant.helpers.selector import SelectSelector
import probatio

import custom_components.ollama
from custom_components.ollama.home import Kind

# Named by what they are about: there is nothing to add.
SELF_EXPLANATORY = frozenset(Kind)


@cache
def english() -> dict[str, Any]:
    file = Path(custom_components.ollama.__file__).parent / "translations" / "en.json"
    return json.loads(file.read_text(encoding="utf-8"))


def check_texts(result: Mapping[str, Any], *place: str) -> None:
    """Check one result of a flow whose texts stand at `place`."""
    texts = english()
    for key in place:
        texts = texts[key]
    given = set(result.get("description_placeholders") or {})
    match result["type"]:
        case FlowResultType.FORM:
            step = texts["step"][result["step_id"]]
            assert step["title"]
            _check_fields(result["data_schema"], step)
            _check_placeholders(step.get("description", ""), given)
            for where, error in (result["errors"] or {}).items():
                assert where == "base" or where in result["data_schema"].schema
                _check_placeholders(texts["error"][error], given)
            json_bytes(
                probatio.to_field_list(
                    result["data_schema"], custom_serializer=cv.custom_serializer
                )
            )
        case FlowResultType.SHOW_PROGRESS:
            assert texts["step"][result["step_id"]]["title"]
            _check_placeholders(texts["progress"][result["progress_action"]], given)
        case FlowResultType.ABORT if result.get("translation_domain") is None:
            _check_placeholders(texts["abort"][result["reason"]], given)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _check_placeholders(text: str, given: set[str]) -> None:
    assert placeholders(text) <= given, text


def _check_fields(schema: probatio.Schema, texts: Mapping[str, Any]) -> None:
    for key, field in schema.schema.items():
        if isinstance(field, section):
            assert texts["sections"][key.schema]["name"]
            _check_fields(field.schema, texts["sections"][key.schema])
            continue
        assert texts["data"][key.schema]
        assert key.schema in SELF_EXPLANATORY or texts["data_description"][key.schema]
        if isinstance(field, SelectSelector) and (name := field.config.get("translation_key")):
            options = english()["selector"][name]["options"]
            assert set(field.config["options"]) <= set(options)
