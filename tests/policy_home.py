"""A home with doors, and ways around its locks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

# What is recorded instead of done.
ACTIONS = (
    "alarm_control_panel.alarm_arm_away",
    "alarm_control_panel.alarm_disarm",
    "button.press",
    "cover.close_cover",
    "cover.open_cover",
    "cover.open_cover_tilt",
    "cover.set_cover_position",
    "cover.set_cover_tilt_position",
    "cover.stop_cover",
    "cover.toggle",
    "light.turn_off",
    "light.turn_on",
    "lock.lock",
    "lock.open",
    "lock.unlock",
    "media_player.turn_on",
    "switch.turn_off",
    "switch.turn_on",
)
HARMLESS = frozenset(
    {"light.turn_on", "light.turn_off", "lock.lock", "cover.close_cover", "cover.stop_cover"}
)

MOVES = {"supported_features": 15}
TILTS = {"supported_features": 240}
ENTITIES: tuple[tuple[str, str, str, bool, dict[str, Any]], ...] = (
    # entity id, name, area, exposed, attributes
    ("light.kitchen_light", "Kitchen light", "Kitchen", True, {}),
    ("light.hall_light", "Hall light", "Hall", True, {}),
    ("lock.front_door", "Front door", "Hall", True, {}),
    ("lock.back_door", "Back door", "Kitchen", True, {}),
    ("lock.cellar", "Cellar hatch", "Cellar", False, {}),
    ("cover.garage_door", "Garage door", "Garage", True, {"device_class": "garage", **MOVES}),
    ("cover.gate", "Gate", "Garden", True, {"device_class": "gate", **MOVES}),
    ("cover.blinds", "Blinds", "Kitchen", True, {"device_class": "blind", **MOVES}),
    ("cover.flap", "Flap door", "Garden", True, {"device_class": "door", **TILTS}),
    ("alarm_control_panel.house", "House alarm", "Hall", True, {}),
    ("media_player.tv", "Television", "Kitchen", True, {}),
    ("switch.coffee", "Coffee maker", "Kitchen", True, {}),
    ("switch.gate_motor", "Gate motor", "Garden", True, {}),
    ("switch.strike", "Door strike", "Hall", True, {}),
    ("lock.strike", "Strike lock", "Hall", False, {}),
    ("button.unlatch", "Unlatch", "Hall", True, {}),
    ("button.restart", "Restart", "Kitchen", True, {}),
    (
        "lock.all",
        "All locks",
        "Hall",
        True,
        {"entity_id": ["lock.front_door", "lock.back_door"]},
    ),
    (
        "cover.all",
        "All covers",
        "Hall",
        True,
        {"entity_id": ["cover.blinds", "cover.garage_door"], **MOVES},
    ),
)
# A group in a group in a group, with the garage door at the bottom.
DEPTH = 9
GROUPS = {
    "group.downstairs": ["light.kitchen_light", "lock.front_door"],
    **{f"group.level_{depth}": [f"group.level_{depth + 1}"] for depth in range(DEPTH)},
    f"group.level_{DEPTH}": ["cover.garage_door"],
    "group.round": ["group.round_again"],
    "group.round_again": ["group.round", "light.hall_light"],
}

UNLOCK_FRONT = {"action": "lock.unlock", "target": {"entity_id": "lock.front_door"}}
LIGHT_ON = {"action": "light.turn_on", "target": {"entity_id": "light.hall_light"}}
SCRIPTS: Mapping[str, Any] = {
    "movie": LIGHT_ON,
    "marked": LIGHT_ON,
    "lock_up": {"action": "lock.lock", "target": {"entity_id": "lock.front_door"}},
    "leave": UNLOCK_FRONT,
    "by_area": {"action": "lock.unlock", "target": {"area_id": "hall"}},
    "by_template": {"action": "lock.unlock", "target": {"entity_id": "{{ door }}"}},
    "template_action": {"action": "{{ what }}", "target": {"entity_id": "{{ door }}"}},
    "in_a_branch": {
        "if": "{{ true }}",
        "then": [{"repeat": {"count": 1, "sequence": [UNLOCK_FRONT]}}],
    },
    "calls_script": {"action": "script.leave"},
    "starts_script": {"action": "script.turn_on", "target": {"entity_id": "script.leave"}},
    "starts_any": {"action": "script.turn_on", "target": {"entity_id": "{{ it }}"}},
    "scene_inside": {"scene": "scene.open_house"},
    "triggers": {
        "action": "automation.trigger",
        "target": {"entity_id": "automation.visitors"},
    },
    "covers_here": {"action": "cover.open_cover", "target": {"area_id": "garage"}},
    "cover_group": {"action": "cover.open_cover", "target": {"entity_id": "cover.all"}},
    "disarms": {
        "action": "alarm_control_panel.alarm_disarm",
        "target": {"entity_id": "alarm_control_panel.house"},
    },
    "runs_itself": {"if": "{{ false }}", "then": [{"action": "script.runs_itself"}]},
}
AUTOMATIONS = [
    {
        "id": "visitors",
        "alias": "Visitors",
        "triggers": {"trigger": "event", "event_type": "visitors"},
        "actions": [UNLOCK_FRONT],
    },
    {
        "id": "watcher",
        "alias": "Watcher",
        "triggers": {"trigger": "state", "entity_id": "lock.front_door"},
        "actions": [LIGHT_ON],
    },
    {
        "id": "gate_call",
        "alias": "Gate call",
        "triggers": {"trigger": "state", "entity_id": "input_button.gate_call"},
        "actions": [{"action": "cover.open_cover", "target": {"entity_id": "cover.gate"}}],
    },
]
SCENES = [
    {"id": "open_house", "name": "Open house", "entities": {"lock.front_door": "unlocked"}},
    {"id": "good_night", "name": "Good night", "entities": {"lock.front_door": "locked"}},
    {"id": "evening", "name": "Evening", "entities": {"light.hall_light": "on"}},
]


@dataclass
class Home:
    """What was called in it."""

    hass: HomeAssistant
    calls: list[ServiceCall] = field(default_factory=list)

    async def done(self) -> list[tuple[str, str]]:
        """Return actions with their entities, in order."""
        await self.hass.async_block_till_done()
        found = []
        for call in self.calls:
            entity_ids = call.data.get("entity_id", [])
            if isinstance(entity_ids, str):
                entity_ids = [entity_ids]
            found += [(f"{call.domain}.{call.service}", one) for one in entity_ids]
        return found

    async def risky(self) -> list[tuple[str, str]]:
        """Return what of it has to be agreed to."""
        return [one for one in await self.done() if one[0] not in HARMLESS]


async def furnish(hass: HomeAssistant) -> Home:
    """Set the home up."""
    areas = ar.async_get(hass)
    registry = er.async_get(hass)
    lr.async_get(hass).async_create("confirm")
    # All whose actions are recorded: set up later, they would put their own in the place.
    for domain in sorted({action.partition(".")[0] for action in ACTIONS}):
        assert await async_setup_component(hass, domain, {})
    for entity_id, name, area, exposed, attributes in ENTITIES:
        domain, _, object_id = entity_id.partition(".")
        registry.async_get_or_create(
            domain, "test", object_id, suggested_object_id=object_id, original_name=name
        )
        aliases = [er.COMPUTED_NAME, "main entrance"] if object_id == "front_door" else None
        registry.async_update_entity(
            entity_id,
            area_id=areas.async_get_or_create(area).id,
            **({"aliases": aliases} if aliases else {}),
        )
        hass.states.async_set(entity_id, "off", {"friendly_name": name, **attributes})
        async_expose_entity(hass, "conversation", entity_id, exposed)
    registry.async_update_entity("switch.gate_motor", labels={"confirm"})
    _put_on_one_device(hass, "lock.front_door", "button.unlatch")
    _show_as_lock(hass, "switch.strike", "lock.strike")
    home = Home(hass)
    for action in ACTIONS:
        domain, _, service = action.partition(".")
        hass.services.async_register(domain, service, home.calls.append)
    for entity_id, members in GROUPS.items():
        name = entity_id.partition(".")[2].replace("_", " ").capitalize()
        hass.states.async_set(entity_id, "off", {"friendly_name": name, "entity_id": members})
        async_expose_entity(hass, "conversation", entity_id, True)
    scripts = {name: {"sequence": [step]} for name, step in SCRIPTS.items()}
    assert await async_setup_component(hass, "input_button", {"input_button": {"gate_call": {}}})
    assert await async_setup_component(hass, "scene", {"scene": SCENES})
    assert await async_setup_component(hass, "automation", {"automation": AUTOMATIONS})
    assert await async_setup_component(hass, "script", {"script": scripts})
    await hass.async_block_till_done()
    registry.async_update_entity("script.marked", labels={"confirm"})
    for domain in ("script", "scene", "automation", "input_button"):
        for entity_id in hass.states.async_entity_ids(domain):
            async_expose_entity(hass, "conversation", entity_id, True)
    await hass.async_block_till_done()
    return home


def _put_on_one_device(hass: HomeAssistant, *entity_ids: str) -> None:
    entry = MockConfigEntry(domain="test")
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("test", "door")}, name="Door"
    )
    for entity_id in entity_ids:
        er.async_get(hass).async_update_entity(entity_id, device_id=device.id)


def _show_as_lock(hass: HomeAssistant, switch: str, wrapper: str) -> None:
    """Do what the helper "switch as X" leaves in the registries."""
    entry = MockConfigEntry(
        domain="switch_as_x", options={"entity_id": switch, "target_domain": "lock"}
    )
    entry.add_to_hass(hass)
    er.async_get(hass).async_update_entity(wrapper, config_entry_id=entry.entry_id)


@dataclass(frozen=True)
class Attack:
    """A call that would open something, and what must become of it."""

    id: str
    tool: str
    arguments: dict[str, Any]
    asks: bool | None = True
    """Whether somebody is asked; else the model gets an error. None where both will do."""


FRONT = {"name": "Front door"}
GARAGE = {"name": "Garage door"}
BY_NAME = [
    Attack("name", "unlock", FRONT),
    Attack("entity_id", "unlock", {"entity_id": "lock.front_door"}),
    Attack("alias", "unlock", {"name": "the main entrance"}),
    Attack("typo", "unlock", {"name": "Frnt door"}),
    Attack("list", "unlock", {"name": ["Front door", "Back door"]}),
    Attack("area", "unlock", {"area": "Hall"}),
    Attack("area_and_domain", "unlock", {"area": "Kitchen", "domain": "lock"}),
    Attack("all", "unlock", {"name": "all locks"}),
    Attack("every_door", "unlock", {"name": "all doors"}),
    Attack("everything", "unlock", {"name": "everything"}, asks=None),
    Attack("domain_only", "unlock", {"domain": "lock"}, asks=False),
    Attack("id_all", "unlock", {"entity_id": "all"}, asks=None),
]
BY_COVER = [
    Attack("open_garage", "open", GARAGE),
    Attack("open_gate", "open", {"name": "gate"}),
    Attack("open_area", "open", {"area": "Garage"}),
    Attack("open_everything", "open", {"name": "everything"}, asks=None),
    Attack("open_all_covers", "open", {"name": "all covers"}),
    Attack("open_covers", "open", {"name": "all cover"}),
    Attack("position", "set_position", {**GARAGE, "position": 100}),
    Attack("position_word", "set_position", {**GARAGE, "position": "open"}, asks=None),
    Attack("position_one", "set_position", {**GARAGE, "position": 1}),
    Attack("tilt", "open", {"name": "Flap door"}),
    Attack("position_of_tilt", "set_position", {"name": "Flap door", "position": 100}),
    Attack("tilt_position", "set_position", {"name": "Flap door", "tilt_position": 100}, asks=None),
    Attack("tilt_only", "set_position", {**GARAGE, "tilt_position": 100}, asks=None),
    Attack("disarm", "alarm", {"action": "disarm"}),
    Attack("disarm_by_name", "alarm", {"name": "House alarm", "action": "alarm_disarm"}),
]
BY_GROUP = [
    Attack("lock_group", "unlock", {"entity_id": "lock.all"}),
    Attack("cover_group", "open", {"entity_id": "cover.all"}),
    Attack("cover_group_position", "set_position", {"entity_id": "cover.all", "position": 100}),
    Attack("group_on", "turn_on", {"entity_id": "group.downstairs"}),
    Attack("group_off", "turn_off", {"entity_id": "group.downstairs"}),
    Attack("group_nested", "turn_on", {"entity_id": "group.level_0"}),
    Attack("group_unlock", "unlock", {"entity_id": "group.downstairs"}, asks=False),
]
BY_SCRIPT = [
    *(
        Attack(f"script_{name}", "run", {"name": f"script.{name}"})
        for name in SCRIPTS
        if name not in ("movie", "runs_itself")
    ),
    Attack("script_on", "turn_on", {"name": "script.leave"}),
    Attack(
        "script_variables",
        "run",
        {"name": "script.by_template", "variables": {"door": "lock.cellar"}},
        asks=None,
    ),
    Attack("scene", "run", {"name": "Open house"}),
    Attack("scene_on", "turn_on", {"entity_id": "scene.open_house"}),
    Attack("scene_locking", "run", {"name": "Good night"}),
    Attack("automation", "run", {"name": "Visitors"}),
    Attack("automation_on", "turn_on", {"name": "Visitors"}),
    Attack("button", "run", {"name": "Unlatch"}),
    Attack("button_of_automation", "run", {"name": "input_button.gate_call"}),
    Attack("marked_switch", "turn_on", {"name": "Gate motor"}),
    Attack("switch_as_lock", "turn_off", {"name": "Door strike"}),
]
BY_OTHER_TOOL = [
    Attack("turn_on_lock", "turn_on", FRONT, asks=False),
    Attack("turn_off_lock", "turn_off", FRONT, asks=False),
    Attack("turn_off_lock_domain", "turn_off", {**FRONT, "domain": "lock"}, asks=False),
    Attack("turn_off_locks_of_area", "turn_off", {"area": "Hall", "domain": "lock"}, asks=False),
    Attack("turn_on_garage", "turn_on", GARAGE, asks=False),
    Attack("turn_off_alarm", "turn_off", {"name": "House alarm"}, asks=False),
    Attack("open_lock", "open", FRONT, asks=False),
    Attack("run_lock", "run", FRONT, asks=False),
    Attack("set_value_lock", "set_value", {**FRONT, "value": "unlocked"}, asks=False),
    Attack("media_lock", "media", {**FRONT, "action": "turn_off"}, asks=False),
    Attack("unlock_with_service", "unlock", {**FRONT, "service": "lock"}, asks=None),
]
IN_ODD_WORDS = [
    Attack("service", "lock.unlock", {"entity_id": "lock.front_door"}),
    Attack("service_latch", "lock.open", {"entity_id": "lock.front_door"}, asks=False),
    Attack("cover_toggle", "cover.toggle", {"entity_id": "cover.garage_door"}, asks=False),
    Attack("cover_service", "cover.open_cover", {"entity_id": "cover.garage_door"}),
    Attack("intent", "HassTurnOff", {**FRONT, "domain": "lock"}, asks=False),
    Attack("intent_open", "HassOpenCover", GARAGE),
    Attack(
        "call_service",
        "call_service",
        {"domain": "lock", "service": "unlock", "target": {"entity_id": "lock.front_door"}},
    ),
    Attack(
        "call_service_target",
        "call_service",
        {"domain": "cover", "service": "open_cover", "data": {"entity_id": "cover.garage_door"}},
    ),
    Attack(
        "execute_services",
        "execute_services",
        {
            "list": [
                {
                    "domain": "lock",
                    "service": "unlock",
                    "service_data": {"entity_id": "lock.front_door"},
                }
            ]
        },
    ),
    Attack("confirmed", "unlock", {**FRONT, "confirmed": True, "confirm": "yes"}, asks=None),
    Attack("pin_of_its_own", "unlock", {**FRONT, "pin": "1234"}, asks=None),
]
HIDDEN = [
    Attack("hidden_id", "unlock", {"entity_id": "lock.cellar"}, asks=False),
    Attack("hidden_name", "unlock", {"name": "Cellar hatch"}, asks=False),
    Attack("hidden_area", "unlock", {"area": "Cellar"}, asks=False),
]

FAMILIES = {
    "name": BY_NAME,
    "cover": BY_COVER,
    "group": BY_GROUP,
    "script": BY_SCRIPT,
    "other_tool": BY_OTHER_TOOL,
    "odd_words": IN_ODD_WORDS,
    "hidden": HIDDEN,
}

type AddAgent = Callable[..., Awaitable[MockConfigEntry]]


def agent_data(**more: Any) -> dict[str, Any]:
    """Return an agent that has the home's own tools and nothing of Assist."""
    return {"llm_hass_api": ["assist"], "llm_apis": ["ollama"], **more}


def set_policy(hass: HomeAssistant, entry: MockConfigEntry, index: int = 0, **policy: Any) -> None:
    """Choose a policy for one of an entry's agents, as the form does."""
    agents = list(entry.get_subentries_of_type("conversation"))
    policies = dict(entry.options.get("policies") or {})
    policies[agents[index].subentry_id] = policy
    hass.config_entries.async_update_entry(entry, options={**entry.options, "policies": policies})
