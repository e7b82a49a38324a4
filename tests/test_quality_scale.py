"""What of Home Assistant's quality scale a machine can check.

quality_scale.yaml says what holds. Each rule that is done is checked by a test, here or in
the module that is named below, or has a comment.
"""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
import yaml

from custom_components.ollama.actions import ACTIONS
from custom_components.ollama.config_flow import OllamaConfigFlow
from custom_components.ollama.const import DOMAIN
from custom_components.ollama.server import OllamaError

ROOT = Path(__file__).parent.parent
COMPONENT = ROOT / "custom_components" / "ollama"

# Where each rule is checked: a file of this folder, and a test in it.
CHECKED = {
    "action-setup": "test_quality_scale.py::test_actions_without_a_server",
    "action-exceptions": "test_model_actions.py",
    "async-dependency": "test_faults.py",
    "brands": "test_package.py::test_icon_images",
    "config-entry-unloading": "test_quality_scale.py::test_unloads",
    "config-flow": "flows/test_texts.py::test_config_fields",
    "config-flow-test-coverage": "flows/test_flow_faults.py::test_every_fault_is_tried",
    "dependency-transparency": "test_package.py::test_manifest_pins_what_core_pins",
    "devices": "test_quality_scale.py::test_devices",
    "diagnostics": "test_diagnostics.py",
    "docs-actions": "test_quality_scale.py::test_readme_tells_of_everything",
    "docs-configuration-parameters": "test_quality_scale.py::test_readme_tells_of_everything",
    "docs-data-update": "test_quality_scale.py::test_readme_has_a_place_for",
    "docs-examples": "test_quality_scale.py::test_readme_has_a_place_for",
    "docs-high-level-description": "test_quality_scale.py::test_readme_has_a_place_for",
    "docs-installation-instructions": "test_quality_scale.py::test_readme_has_a_place_for",
    "docs-installation-parameters": "test_quality_scale.py::test_readme_tells_of_everything",
    "docs-known-limitations": "test_quality_scale.py::test_readme_has_a_place_for",
    "docs-removal-instructions": "test_quality_scale.py::test_readme_has_a_place_for",
    "docs-supported-devices": "test_quality_scale.py::test_readme_has_a_place_for",
    "docs-supported-functions": "test_quality_scale.py::test_readme_tells_of_everything",
    "docs-troubleshooting": "test_quality_scale.py::test_readme_has_a_place_for",
    "docs-use-cases": "test_quality_scale.py::test_readme_has_a_place_for",
    "entity-category": "test_quality_scale.py::test_categories",
    "entity-event-setup": "test_quality_scale.py::test_unloads",
    "entity-translations": "test_quality_scale.py::test_entities_have_names_and_icons",
    "entity-unique-id": "test_quality_scale.py::test_entities_are_unique",
    "exception-translations": "test_quality_scale.py::test_errors_have_their_texts",
    "has-entity-name": "test_quality_scale.py::test_entities_are_unique",
    "icon-translations": "test_quality_scale.py::test_entities_have_names_and_icons",
    "integration-owner": "test_package.py::test_manifest_values",
    "log-when-unavailable": "test_coordinator.py",
    "parallel-updates": "test_quality_scale.py::test_platforms_say_how_many_at_once",
    "reauthentication-flow": "flows/test_change_server.py",
    "reconfiguration-flow": "test_quality_scale.py::test_flows_of_a_server",
    "repair-issues": "test_repairs.py",
    "runtime-data": "test_quality_scale.py::test_unloads",
    "strict-typing": "test_quality_scale.py::test_types_are_checked_strictly",
    "test-before-configure": "flows/test_add_server.py",
    "unique-config-entry": "flows/test_add_server.py::test_duplicate",
}


def rules() -> dict[str, dict[str, str]]:
    """Return status and comment of each rule."""
    scale = yaml.safe_load((COMPONENT / "quality_scale.yaml").read_text(encoding="utf-8"))
    return {
        name: answer if isinstance(answer, dict) else {"status": answer}
        for name, answer in scale["rules"].items()
    }


def texts() -> dict[str, Any]:
    return json.loads((COMPONENT / "translations" / "en.json").read_text(encoding="utf-8"))


def icons() -> dict[str, Any]:
    return json.loads((COMPONENT / "icons.json").read_text(encoding="utf-8"))


def sources() -> Iterator[ast.Module]:
    for file in sorted(COMPONENT.rglob("*.py")):
        yield ast.parse(file.read_text(encoding="utf-8"))


def test_nothing_is_left_to_do():
    assert [name for name, rule in rules().items() if rule["status"] == "todo"] == []


@pytest.mark.parametrize("name", [n for n, rule in rules().items() if rule["status"] == "done"])
def test_done_is_checked_or_explained(name: str):
    if name not in CHECKED:
        assert rules()[name].get("comment")
        return
    file, _, test = CHECKED[name].partition("::")
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    tests = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }
    assert test in tests if test else tests


def test_checked_rules_are_done():
    assert {name for name in CHECKED if rules()[name]["status"] != "done"} == set()


# Platforms and entities


def platforms() -> list[Path]:
    """Return the modules that Home Assistant loads for entities."""
    return [
        file
        for file in COMPONENT.glob("*.py")
        if "AddConfigEntryEntitiesCallback" in file.read_text(encoding="utf-8")
    ]


def test_platforms_say_how_many_at_once():
    assert len(platforms()) == 6
    for file in platforms():
        assert "\nPARALLEL_UPDATES = " in file.read_text(encoding="utf-8"), file.name


async def test_entities_are_unique(hass: HomeAssistant, entry):
    found = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert len(found) == 17
    assert len({(entity.domain, entity.unique_id) for entity in found}) == len(found)
    for entity in found:
        assert entity.has_entity_name
        assert entity.device_id


async def test_entities_have_names_and_icons(hass: HomeAssistant, entry):
    for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        key = entity.translation_key
        assert key
        if entity.config_subentry_id is None:
            assert texts()["entity"][entity.domain][key]["name"]
        icon = icons()["entity"].get(entity.domain, {}).get(key)
        assert icon or entity.original_device_class, entity.entity_id


async def test_categories(hass: HomeAssistant, entry):
    """What isn't for every day is told apart, and not offered to assistants."""
    found = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    by_category: dict[EntityCategory | None, set[str]] = {}
    for entity in found:
        key = entity.unique_id.removeprefix(f"{entry.entry_id}_")
        by_category.setdefault(entity.entity_category, set()).add(key)
    assert by_category[EntityCategory.CONFIG] == {"requests_per_hour"}
    assert by_category[EntityCategory.DIAGNOSTIC] >= {"status", "version", "queue"}


async def test_devices(hass: HomeAssistant, entry):
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    identifiers = {identifier for device in devices for _, identifier in device.identifiers}
    assert identifiers == {entry.entry_id, *entry.subentries}


async def test_unloads(hass: HomeAssistant, entry):
    """Nothing listens any more, and nothing is kept with the entry."""
    usage = entry.runtime_data.records.usage
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert not hasattr(entry, "runtime_data")
    assert not usage._listeners
    assert {
        state.state for state in hass.states.async_all() if state.name.startswith("Ollama")
    } == {"unavailable"}


def test_flows_of_a_server():
    for step in ("user", "reconfigure", "reauth", "zeroconf"):
        assert hasattr(OllamaConfigFlow, f"async_step_{step}")
    assert OllamaConfigFlow.async_get_options_flow is not None


# Actions


async def test_actions_without_a_server(hass: HomeAssistant):
    """An automation that uses them is valid before the server is there."""

    assert await async_setup_component(hass, DOMAIN, {})
    assert set(hass.services.async_services_for_domain(DOMAIN)) == {
        action.name for action in ACTIONS
    }


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_actions_are_described(action):
    described = yaml.safe_load((COMPONENT / "services.yaml").read_text(encoding="utf-8"))
    fields = {str(key) for key in action.fields}
    shown: set[str] = set()
    for name, field in described[action.name]["fields"].items():
        shown |= set(field["fields"]) if "fields" in field else {name}
    named = texts()["services"][action.name]
    assert shown == fields == set(named["fields"])
    assert named["name"]
    assert named["description"]
    assert all(text["name"] and text["description"] for text in named["fields"].values())
    assert icons()["services"][action.name]["service"].startswith("mdi:")


# Errors


def kinds_of_errors(base: type[OllamaError] = OllamaError) -> Iterator[type[OllamaError]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds_of_errors(kind)


def keys_of_errors() -> set[str]:
    """Return the keys that errors are made with, as far as they are written out."""
    keys: set[str] = set()
    errors = {kind.__name__ for kind in kinds_of_errors()}
    for tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name in errors:
                keys |= {
                    line.value.value
                    for line in node.body
                    if isinstance(line, ast.Assign)
                    and getattr(line.targets[0], "id", "") == "key"
                    and isinstance(line.value, ast.Constant)
                }
            if not isinstance(node, ast.Call):
                continue
            given = [word.value for word in node.keywords if word.arg == "translation_key"]
            if getattr(node.func, "id", "") in {"_invalid", *errors}:
                given += node.args[:1]
            keys |= {value.value for value in given if isinstance(value, ast.Constant)}
    # What is told to a model is English, and no key.
    return {key for key in keys if re.fullmatch(r"[a-z_]+", key)}


def test_errors_have_their_texts():
    known = texts()["exceptions"]
    # Options of the dialogs' lists are translated too, under another heading.
    elsewhere = set(texts()["selector"])
    forms = {
        key
        for part in (texts()["config"], texts()["options"], *texts()["config_subentries"].values())
        for key in part["error"]
    }
    # Home Assistant's own text.
    elsewhere.add("out_of_range")
    assert sorted(keys_of_errors() - set(known) - elsewhere - forms) == []


def test_texts_of_errors_are_used():
    written = {
        node.value
        for tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    built = ("unreachable_", "confirm_", "done_")
    unused = {
        key for key in texts()["exceptions"] if key not in written and not key.startswith(built)
    }
    assert unused == set()


# Types


def test_types_are_checked_strictly():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = project.partition("[tool.mypy]")[2].partition("\n[")[0]
    assert "strict = true" in section
    assert '"custom_components"' in section


# The README


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "heading",
    [
        "# Ollama for Home Assistant",
        "## Install",
        "## Add a server",
        "## What an agent can do",
        "## Watch and manage the server",
        "## When something goes wrong",
        "## Known limits",
        "## Remove it",
    ],
)
def test_readme_has_a_place_for(heading: str):
    assert f"\n{heading}\n" in f"\n{readme()}"


def test_readme_tells_of_everything():
    """Each action, each event, each entity, and each field of the settings."""
    told = readme()
    missing = [action.name for action in ACTIONS if f"`ollama.{action.name}`" not in told]
    missing += [
        name
        for name in ("ollama_query_requested", "ollama_query_processed", "ollama_pull_progress")
        if f"`{name}`" not in told
    ]
    for entities in texts()["entity"].values():
        missing += [entity["name"] for entity in entities.values() if entity["name"] not in told]
    options = texts()["options"]["step"]["init"]["sections"]
    for name in ("limits", "privacy"):
        missing += [field for field in options[name]["data"].values() if field not in told]
    server = texts()["config"]["step"]["user"]
    for fields in (server, server["sections"]["advanced"]):
        missing += [field for field in fields["data"].values() if field not in told]
    assert missing == []
