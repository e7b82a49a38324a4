"""What the visual editor gives to the actions is what they take."""

from pathlib import Path
from typing import Any

from homeassistant.helpers.selector import selector, validate_selector
from homeassistant.util.yaml import load_yaml
import pytest

import custom_components.ollama
from custom_components.ollama.actions import ACTIONS, Action

SERVICES = Path(custom_components.ollama.__file__).parent / "services.yaml"
SEQUENCE = [{"action": "light.turn_on", "target": {"entity_id": "light.hall"}}]
IMAGE = {
    "media_content_id": "media-source://camera/camera.door",
    "media_content_type": "image/jpeg",
    "metadata": {"title": "Door", "thumbnail": None, "media_class": None, "children": []},
}
GIVEN: dict[str, list[Any]] = {
    "assist_pipeline": ["01jexample0000000000000000"],
    "boolean": [True, False],
    "text": ["Some text"],
    "language": ["en", "nl", "pt-BR"],
    "duration": [{"hours": 0, "minutes": 5, "seconds": 0}],
    "target": [
        {},
        {"entity_id": "scene.movie"},
        {"entity_id": ["scene.movie"], "area_id": ["living_room"], "label_id": ["cosy"]},
    ],
    "config_entry": ["01JEXAMPLE0000000000000000"],
}
"""What a selector of the frontend gives, by its kind."""
FIELDS: dict[tuple[str, str], list[Any]] = {
    ("ask", "structure"): [{"name": {"selector": {"text": None}}}],
    ("ask", "attachments"): [[IMAGE], [IMAGE, IMAGE], IMAGE],
    ("ask", "cache_for"): [{"days": 1, "hours": 0, "minutes": 0, "seconds": 0}],
    ("decide", "options"): [
        [{"id": "lock", "description": "Lock", "sequence": SEQUENCE}, {"id": "wait"}],
        [{"id": "lock", "sequence": []}],
    ],
    ("decide", "notify"): ["notify.mobile_app_phone"],
}
"""What more than the kind decides about."""


def fields_of(action: str) -> dict[str, dict[str, Any]]:
    """Return the fields of an action as the editor shows them, those in sections too."""
    fields: dict[str, dict[str, Any]] = {}
    for name, field in load_yaml(str(SERVICES))[action]["fields"].items():
        fields |= field.get("fields", {name: field})
    return fields


def given(action: str, name: str, config: dict[str, Any]) -> list[Any]:
    """Return what the editor may give for a field."""
    if (action, name) in FIELDS:
        return FIELDS[action, name]
    ((kind, options),) = config.items()
    options = options or {}
    match kind:
        case "number":
            return [options["min"], options["max"], float(options["min"])]
        case "select":
            chosen: list[str] = options["options"]
            return [chosen[:1], chosen, []] if options.get("multiple") else list(chosen)
        case "entity":
            entity_id = f"{options['filter']['domain']}.one"
            return [[entity_id], []] if options.get("multiple") else [entity_id]
        case _:
            return GIVEN[kind]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_the_editor_shows_every_field(action: Action) -> None:
    assert set(fields_of(action.name)) == set(map(str, action.fields))


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_an_action_takes_what_the_editor_gives(action: Action) -> None:
    fields = fields_of(action.name)
    needed = {
        name: given(action.name, name, field["selector"])[0]
        for name, field in fields.items()
        if field.get("required")
    }
    for name, field in fields.items():
        for value in given(action.name, name, field["selector"]):
            assert action.schema({**needed, name: value})


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_the_editor_can_show_the_defaults(action: Action) -> None:
    taken = action.schema(
        {
            name: given(action.name, name, field["selector"])[0]
            for name, field in fields_of(action.name).items()
            if field.get("required")
        }
    )
    for name, field in fields_of(action.name).items():
        validate_selector(field["selector"])
        if "default" in field:
            assert selector(field["selector"])(field["default"]) == taken[name]
