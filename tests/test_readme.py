"""The examples of the README, run as they are written."""

from collections.abc import AsyncGenerator
from pathlib import Path
import re
from typing import Any

from homeassistant.components import automation
from homeassistant.components.assist_pipeline.runtime import KEY_ASSIST_PIPELINE
from homeassistant.components.calendar import CalendarEvent
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service
import yaml

from simulator import ChatRequest, Reply, Simulator
from simulator.standin import stand_in
from speech import ScriptedRecogniser, ToneSpeaker

from .actions.calling import clean_trace
from .home.facts.furniture import Diary, furnish
from .voice.pipelines import add_pipeline

README = Path(__file__).parent.parent / "README.md"
TRIGGER = {"trigger": "event", "event_type": "start_example"}
PROGRESS = ("ollama_pull_progress", {"status": "done", "model": "qwen3:8b"})


def examples() -> list[Any]:
    """Return every example of the README, named after the action that it uses."""
    found = []
    for text in re.findall(
        r"^```yaml\n(.*?)^```", README.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        example = yaml.safe_load(text)
        if "actions" in example:
            found.append(pytest.param(example, id=example["actions"][0]["action"]))
    return found


def test_every_action_for_automations_has_an_example() -> None:
    ids = {str(example.id) for example in examples()}
    assert ids >= {
        f"ollama.{name}"
        for name in ("ask", "decide", "select_scene", "briefing", "create_automation")
    }


class Home:
    """What the examples act on, and what came of it."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.messages = async_mock_service(hass, "notify", "notify")
        self.phone: list[ServiceCall] = []

        async def tap(call: ServiceCall) -> None:
            """Tap Execute, as somebody with the phone in the hand."""
            self.phone.append(call)
            for action in call.data.get("data", {}).get("actions", ()):
                if "EXECUTE" in action["action"]:
                    hass.bus.async_fire(
                        "mobile_app_notification_action", {"action": action["action"]}
                    )

        hass.services.async_register(
            "notify", "mobile_app_phone", tap, supports_response=SupportsResponse.NONE
        )


@pytest.fixture
async def home(hass: HomeAssistant, kitchen_light: str) -> Home:
    now = dt_util.now()
    await furnish(hass, "calendar", Diary("Family", CalendarEvent(now, now, "Dentist")))
    assert await async_setup_component(
        hass,
        "scene",
        {"scene": {"name": "Film", "id": "film", "entities": {kitchen_light: "on"}}},
    )
    assert await async_setup_component(hass, "script", {"script": {"lock_up": {"sequence": []}}})
    hass.states.async_set("light.garden_light", "off", {"friendly_name": "Garden light"})
    for entity_id in ("scene.film", "light.garden_light"):
        async_expose_entity(hass, "conversation", entity_id, True)
    return Home(hass)


@pytest.fixture
async def voice(hass: HomeAssistant, entry) -> AsyncGenerator[None]:
    """A voice pipeline that is preferred, and hears what is said."""
    async with ScriptedRecogniser() as whisper, ToneSpeaker(seconds_per_character=0.01) as piper:
        whisper.set_ear(lambda heard: piper.spoken[-1].text)
        pipeline = await add_pipeline(hass, whisper, piper)
        hass.data[KEY_ASSIST_PIPELINE].pipeline_store.async_set_preferred_item(pipeline.id)
        yield


@pytest.mark.usefixtures("voice")
@pytest.mark.parametrize("example", examples())
async def test_an_example(
    hass: HomeAssistant,
    entry,
    sim: Simulator,
    home: Home,
    hass_ws_client: Any,
    example: dict[str, Any],
) -> None:
    """It is a valid automation, runs to its end, and tells somebody where it says so."""
    asked: list[ChatRequest] = []

    def answer(request: ChatRequest) -> Reply:
        asked.append(request)
        return stand_in(request)

    sim.set_brain(answer)
    config = {"id": "example", "alias": "Example", "triggers": TRIGGER, **example}
    assert await async_setup_component(hass, automation.DOMAIN, {automation.DOMAIN: config})
    assert hass.states.get("automation.example").state == "on"
    failed: list[Any] = []
    hass.bus.async_listen("system_log_event", failed.append)
    for event, data in (("start_example", {}), PROGRESS):
        hass.bus.async_fire(event, data)
    await hass.async_block_till_done(wait_background_tasks=True)
    await clean_trace(hass, hass_ws_client, "example")
    if example["actions"][0]["action"].startswith(("ollama.", "ai_task.")):
        assert asked
    assert failed == []
    for call in home.messages:
        assert str(call.data["message"]).strip()
