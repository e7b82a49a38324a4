"""The steps of the tour that automations are made of: the actions, with their real responses."""

from collections.abc import Mapping
import json
from typing import TYPE_CHECKING, Any

from .client import HomeAssistant, Json
from .household import CALENDAR, TODO_LIST, WEATHER
from .integration import DOMAIN

if TYPE_CHECKING:
    from .tour import Account

LOCK = "lock.front_door_lock"
SCENE = "scene.movie_night"
_DULL = ("usage", "conversation_id", "yaml")


class NotAsExpectedError(Exception):
    """A step did not do what it should."""


def expect(held: bool, otherwise: str) -> None:
    """Raise NotAsExpectedError with the words given unless something held."""
    if not held:
        raise NotAsExpectedError(otherwise)


async def question(ha: HomeAssistant, account: Account) -> None:
    """Ask for data."""
    answer = await _act(
        ha,
        account,
        "ask",
        prompt="Is it a good day to dry the laundry outside?",
        structure={
            "dry_outside": {"selector": {"boolean": {}}, "required": True},
            "why": {"selector": {"text": {}}, "required": True},
        },
    )
    data = answer["data"]
    expect(isinstance(data["dry_outside"], bool), "'dry_outside' is not a boolean")
    expect(bool(data["why"]), "there is no reason")
    expect(not answer["tool_calls"], "something was called, and nothing may be")


async def decision(ha: HomeAssistant, account: Account) -> None:
    """Let the model choose what to do about an open door, and do it."""
    await ha.post("/api/services/lock/unlock", {"entity_id": LOCK})
    expect((await ha.state(LOCK))["state"] == "unlocked", "the door could not be unlocked")
    answer = await _act(
        ha,
        account,
        "decide",
        situation="It is night, everybody is in bed, and the front door is unlocked.",
        options=[
            {
                "id": "lock_up",
                "description": "Lock the front door",
                "sequence": [{"action": "lock.lock", "target": {"entity_id": LOCK}}],
            },
            {"id": "wait", "description": "Somebody is in the garden: wait", "sequence": []},
        ],
        mode="execute",
    )
    state = (await ha.state(LOCK))["state"]
    account.tell("state", f"{LOCK}  unlocked → {state}")
    expect(answer["action"] == "lock_up", "another option was chosen")
    expect(answer["executed"] and answer["outcome"] == "executed", "it was not carried out")
    expect(state == "locked", f"the door is '{state}'")


async def scene(ha: HomeAssistant, account: Account) -> None:
    """Let the model choose a scene."""
    answer = await _act(ha, account, "select_scene", request="We want to watch a movie")
    lamp = (await ha.state("light.reading_lamp"))["state"]
    account.tell("state", f"light.reading_lamp  {lamp}")
    expect(answer["scene"] == SCENE, "another scene was chosen")
    expect(answer["activated"] is True, "it was not activated")
    expect(lamp == "on", "the scene did not turn on its lamp")


async def briefing(ha: HomeAssistant, account: Account) -> None:
    """Gather the facts of the day, and have them worded."""
    wanted = ["calendar", "weather", "tasks", "energy", "home"]
    answer = await _act(
        ha,
        account,
        "briefing",
        kind="custom",
        sections=wanted,
        calendars=[CALENDAR],
        weather=WEATHER,
        todo_lists=[TODO_LIST],
    )
    sections = answer["sections"]
    expect(not answer["failed_sections"], "a section could not be read")
    expect(list(sections) == wanted, "sections are missing")
    expect(sections["calendar"]["events"][0]["summary"] == "Dentist", "no appointment")
    expect(sections["energy"]["grid_consumption"]["value"] > 0, "no energy")
    expect(not answer["plain"], "the model did not word it")
    expect("Dentist" in answer["response"], "the briefing leaves out the appointment")


async def automation(ha: HomeAssistant, account: Account) -> None:
    """Make an automation from a sentence."""
    answer = await _act(
        ha,
        account,
        "create_automation",
        description="Turn on the garden light at sunset",
        save=True,
    )
    for line in answer["yaml"].strip().splitlines():
        account.tell("", line)
    expect(answer["valid"], f"it is not valid: {answer['errors']}")
    saved = await ha.state(answer["saved_as"])
    account.tell("state", f"{answer['saved_as']}  {saved['state']}")
    expect(saved["state"] == "off", "it is on, and nobody has looked at it yet")


async def _act(ha: HomeAssistant, account: Account, name: str, **data: Any) -> Json:
    account.tell("action", f"{DOMAIN}.{name}  {_shown(data)}")
    answer: Json = await ha.action(DOMAIN, name, data)
    for key, value in answer.items():
        if key not in _DULL:
            account.tell(key, _shown(value), wide=True)
    return answer


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and "sequence" in value:
        value = {key: item for key, item in value.items() if key != "sequence"}
    return json.dumps(value, ensure_ascii=False)
