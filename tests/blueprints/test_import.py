"""Every blueprint is imported by its link, and every example makes an automation of it."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import selector
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import yaml

from .conftest import Use
from .helpers import AUTOMATIONS, BLUEPRINTS, EXAMPLES, FOLDER, NAMES, example

REPOSITORY = "https://github.com/ollama-for-home-assistant/ollama"
RAW = "https://raw.githubusercontent.com/ollama-for-home-assistant/ollama/main"
EXAMPLE_NAMES = sorted(file.stem for file in EXAMPLES.glob("*.yaml"))


class _Loader(yaml.SafeLoader):
    """Reads a blueprint as plain YAML."""


_Loader.add_constructor("!input", lambda loader, node: f"!input {node.value}")


def metadata(name: str) -> dict[str, Any]:
    text = (AUTOMATIONS / f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, _Loader)["blueprint"]  # noqa: S506 - derived from the safe one


def inputs(name: str) -> dict[str, dict[str, Any]]:
    """Return the inputs of a blueprint, out of their sections."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in metadata(name)["input"].items():
        found |= value.get("input", {key: value})
    return found


async def import_blueprint(
    hass_ws_client: WebSocketGenerator, hass: HomeAssistant, url: str
) -> str:
    """Import a blueprint as the dialog does, and save it; return its path."""
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "blueprint/import", "url": url})
    answer = await client.receive_json()
    assert answer["success"], answer
    result = answer["result"]
    assert result["validation_errors"] is None
    assert result["blueprint"]["metadata"]["domain"] == "automation"
    await client.send_json_auto_id(
        {
            "type": "blueprint/save",
            "domain": "automation",
            "path": result["suggested_filename"],
            "yaml": result["raw_data"],
            "source_url": url,
        }
    )
    answer = await client.receive_json()
    assert answer["success"], answer
    return f"{result['suggested_filename']}.yaml"


def test_all_are_there() -> None:
    assert NAMES == [
        "briefing",
        "decision",
        "door_watch",
        "phone_command",
        "scene_on_arrival",
        "sms_assistant",
        "telegram_chat",
    ]
    shown = {example(name)["use_blueprint"]["path"] for name in EXAMPLE_NAMES}
    assert shown == {f"{FOLDER}/{name}.yaml" for name in NAMES}
    folder = Path("blueprints/automation/ollama")
    assert BLUEPRINTS.parent / folder == AUTOMATIONS


@pytest.mark.parametrize("name", NAMES)
def test_it_is_described(name: str) -> None:
    about = metadata(name)
    assert about["name"].startswith("Ollama: ")
    assert about["source_url"] == f"{REPOSITORY}/blob/main/blueprints/automation/ollama/{name}.yaml"
    assert about["homeassistant"] == {"min_version": "2026.10.0"}
    assert len(about["description"]) > 100
    for key, field in inputs(name).items():
        assert field["name"], key
        assert "selector" in field, key


@pytest.mark.parametrize("name", NAMES)
def test_what_is_optional_has_a_default_that_its_selector_takes(name: str) -> None:
    for key, field in inputs(name).items():
        # Nothing at all is what every field may be left as.
        if default := field.get("default"):
            assert selector(field["selector"])(default) is not None, key


@pytest.mark.parametrize("name", NAMES)
async def test_it_is_imported_by_its_link(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    aioclient_mock: AiohttpClientMocker,
    name: str,
) -> None:
    assert await async_setup_component(hass, "automation", {})
    url = metadata(name)["source_url"]
    text = (AUTOMATIONS / f"{name}.yaml").read_text(encoding="utf-8")
    aioclient_mock.get(f"{RAW}/blueprints/automation/ollama/{name}.yaml", text=text)
    assert await import_blueprint(hass_ws_client, hass, url) == f"{FOLDER}/{name}.yaml"


# The one with MQTT runs where there is a broker: in the tests of text messages.
@pytest.mark.parametrize("name", [name for name in EXAMPLE_NAMES if name != "sms_mqtt"])
async def test_examples(hass: HomeAssistant, use: Use, phone: str, name: str) -> None:
    assert await async_setup_component(hass, "webhook", {})
    automation = example(name)["use_blueprint"]
    given = automation["input"]
    if "phone" in given:
        given["phone"] = phone
    entity_id = await use(Path(automation["path"]).stem, **given)
    state = hass.states.get(entity_id)
    assert state is not None
    assert state.state == "on"
