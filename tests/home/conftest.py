"""A furnished home whose actions are recorded, and the API that offers its tools."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    llm,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ollama.home import API_ID, Policy, async_register, current_policy
from custom_components.ollama.home.policy import Kind, Rule

ALLOW_ALL = Policy(rules=dict.fromkeys(Kind, Rule.ALLOW))

RGB = {"supported_color_modes": ["rgb", "color_temp"], "supported_features": 32}
DIMS = {"supported_color_modes": ["brightness"]}
PLAIN = {"supported_color_modes": ["onoff"]}
HEATS = {
    "supported_features": 1,
    "hvac_modes": ["heat", "cool", "off"],
    "preset_modes": ["away", "Home office"],
    "fan_modes": ["auto", "high"],
    "temperature": 19.0,
    "current_temperature": 20.5,
}
PLAYS = {"supported_features": 4_194_304 | 512 | 4 | 1, "volume_level": 0.4}
BLINDS = {"supported_features": 255, "device_class": "blind"}

# entity id, name, area, exposed, state, attributes
PIECES: tuple[tuple[str, str, str | None, bool, str, dict[str, Any]], ...] = (
    ("light.kitchen_ceiling", "Kitchen ceiling light", "Kitchen", True, "on", RGB),
    ("light.kitchen_table", "Kitchen table lamp", "Kitchen", True, "off", DIMS),
    ("light.bedroom", "Bedroom light", "Bedroom", True, "off", RGB),
    ("light.attic", "Attic light", "Attic", True, "off", PLAIN),
    ("light.secret", "Secret lamp", "Kitchen", False, "off", RGB),
    ("light.dead", "Porch light", "Porch", True, "unavailable", RGB),
    ("switch.coffee", "Coffee maker", "Kitchen", True, "off", {}),
    ("switch.freezer", "Freezer", "Kitchen", True, "on", {}),
    ("input_boolean.guests", "Guest mode", None, True, "off", {}),
    ("fan.bedroom", "Bedroom fan", "Bedroom", True, "off", {"preset_modes": ["Sleep"]}),
    ("climate.living", "Living room thermostat", "Living room", True, "heat", HEATS),
    ("climate.bedroom", "Bedroom heater", "Bedroom", True, "off", HEATS),
    ("water_heater.boiler", "Boiler", "Porch", True, "eco", {"operation_list": ["eco", "gas"]}),
    ("cover.bedroom", "Bedroom blinds", "Bedroom", True, "open", BLINDS),
    ("cover.slats", "Office slats", "Office", True, "open", {"supported_features": 240}),
    ("cover.garage", "Garage door", "Garage", True, "closed",
     {"supported_features": 3, "device_class": "garage"}),
    ("valve.water", "Water main", "Kitchen", True, "open", {}),
    ("lock.front", "Front door", "Hall", True, "locked", {}),
    ("lock.back", "Back door", "Kitchen", True, "locked", {}),
    ("lock.smart", "Smart lock", "Hall", False, "locked", {}),
    ("media_player.kitchen", "Kitchen speaker", "Kitchen", True, "playing", PLAYS),
    ("media_player.tv", "Television", "Living room", True, "off",
     {"source_list": ["HDMI 1", "Netflix"], "device_class": "tv"}),
    ("vacuum.robot", "Robot", "Hall", True, "docked", {}),
    ("lawn_mower.garden", "Mower", "Garden", True, "docked", {}),
    ("humidifier.bedroom", "Bedroom humidifier", "Bedroom", True, "on",
     {"available_modes": ["Auto", "Baby"]}),
    ("number.volume", "Doorbell volume", "Hall", True, "3", {}),
    ("input_number.target", "Wake-up volume", None, True, "30", {}),
    ("select.mode", "Washer programme", "Porch", True, "Eco", {"options": ["Eco", "Fast 40°"]}),
    ("text.note", "Note", None, True, "hello", {}),
    ("alarm_control_panel.home", "House alarm", "Hall", True, "disarmed", {}),
    ("script.movie", "Movie night", "Living room", True, "off", {}),
    ("scene.sunset", "Sunset", "Living room", True, "unknown", {}),
    ("automation.night", "Night routine", None, True, "on", {}),
    ("button.reboot", "Router restart", "Office", True, "unknown", {}),
    ("sensor.outdoor", "Outdoor temperature", "Garden", True, "3.456",
     {"device_class": "temperature", "unit_of_measurement": "°C"}),
    ("binary_sensor.window", "Bedroom window", "Bedroom", True, "on", {"device_class": "window"}),
    ("person.anna", "Anna", None, True, "home", {}),
)  # fmt: skip

# What the home can do, recorded instead of done.
ACTIONS = [
    "light.turn_on",
    "light.turn_off",
    "switch.turn_on",
    "switch.turn_off",
    "input_boolean.turn_on",
    "input_boolean.turn_off",
    "fan.turn_on",
    "fan.turn_off",
    "fan.set_percentage",
    "fan.set_preset_mode",
    "fan.oscillate",
    "fan.set_direction",
    "fan.increase_speed",
    "climate.set_temperature",
    "climate.set_hvac_mode",
    "climate.set_preset_mode",
    "climate.set_fan_mode",
    "climate.turn_on",
    "climate.turn_off",
    "water_heater.set_temperature",
    "water_heater.set_operation_mode",
    "cover.open_cover",
    "cover.close_cover",
    "cover.stop_cover",
    "cover.set_cover_position",
    "cover.set_cover_tilt_position",
    "cover.open_cover_tilt",
    "cover.close_cover_tilt",
    "cover.stop_cover_tilt",
    "valve.open_valve",
    "valve.close_valve",
    "valve.stop_valve",
    "valve.set_valve_position",
    "lock.lock",
    "lock.unlock",
    "media_player.media_play",
    "media_player.media_pause",
    "media_player.media_stop",
    "media_player.media_next_track",
    "media_player.media_previous_track",
    "media_player.volume_set",
    "media_player.volume_mute",
    "media_player.volume_up",
    "media_player.volume_down",
    "media_player.select_source",
    "media_player.play_media",
    "media_player.turn_on",
    "media_player.turn_off",
    "vacuum.start",
    "vacuum.stop",
    "vacuum.pause",
    "vacuum.return_to_base",
    "vacuum.locate",
    "vacuum.clean_area",
    "lawn_mower.start_mowing",
    "lawn_mower.dock",
    "lawn_mower.pause",
    "humidifier.set_humidity",
    "humidifier.set_mode",
    "humidifier.turn_on",
    "humidifier.turn_off",
    "number.set_value",
    "input_number.set_value",
    "select.select_option",
    "text.set_value",
    "alarm_control_panel.alarm_arm_away",
    "alarm_control_panel.alarm_arm_home",
    "alarm_control_panel.alarm_disarm",
    "script.turn_on",
    "scene.turn_on",
    "automation.trigger",
    "automation.turn_off",
    "automation.turn_on",
    "script.turn_off",
    "button.press",
    "homeassistant.turn_on",
    "homeassistant.turn_off",
]

FLOORS = {
    "Ground floor": (0, ("Kitchen", "Hall", "Living room", "Garage")),
    "Upper floor": (1, ("Bedroom", "Office", "Attic")),
}

type Done = list[tuple[str, tuple[str, ...], dict[str, Any]]]


@dataclass
class FurnishedHome:
    """The home under test."""

    hass: HomeAssistant
    calls: list[ServiceCall] = field(default_factory=list)
    policy: Policy = ALLOW_ALL

    async def call(
        self, tool: str, arguments: dict[str, Any], context: llm.LLMContext | None = None
    ) -> llm.ToolResult:
        """Call a tool as an agent does, and wait until everything is done."""
        token = current_policy.set(self.policy)
        try:
            api = await llm.async_get_api(self.hass, API_ID, context or llm_context())
            return await api.async_call_tool(llm.ToolInput(tool_name=tool, tool_args=arguments))
        finally:
            current_policy.reset(token)

    def done(self) -> Done:
        """Return what was done since it was last asked: action, entities, data."""
        found: Done = []
        for call in self.calls:
            data = dict(call.data)
            ids = data.pop("entity_id")
            found.append((f"{call.domain}.{call.service}", tuple(ids), data))
        self.calls.clear()
        return found

    def satellite_in(self, area: str) -> llm.LLMContext:
        """Return the context of somebody who speaks in a room."""
        entry = MockConfigEntry(domain="test")
        entry.add_to_hass(self.hass)
        device = dr.async_get(self.hass).async_get_or_create(
            config_entry_id=entry.entry_id, identifiers={("test", area)}
        )
        area_id = ar.async_get(self.hass).async_get_or_create(area).id
        dr.async_get(self.hass).async_update_device(device.id, area_id=area_id)
        return llm_context(device_id=device.id)


def llm_context(
    *, device_id: str | None = None, user_id: str | None = None, language: str = "en"
) -> llm.LLMContext:
    """Return the context of a call."""
    return llm.LLMContext(
        platform="test",
        context=Context(user_id=user_id),
        language=language,
        assistant="conversation",
        device_id=device_id,
    )


def put(
    hass: HomeAssistant,
    entity_id: str,
    name: str,
    *,
    area: str | None = None,
    exposed: bool = True,
    state: str = "off",
    attributes: dict[str, Any] | None = None,
    aliases: tuple[str, ...] = (),
) -> None:
    """Put an entity without a platform into the home."""
    domain, _, object_id = entity_id.partition(".")
    registry = er.async_get(hass)
    registry.async_get_or_create(
        domain, "test", object_id, suggested_object_id=object_id, original_name=name
    )
    area_id = ar.async_get(hass).async_get_or_create(area).id if area else None
    registry.async_update_entity(entity_id, area_id=area_id, aliases=[er.COMPUTED_NAME, *aliases])
    hass.states.async_set(entity_id, state, {"friendly_name": name, **(attributes or {})})
    async_expose_entity(hass, "conversation", entity_id, exposed)


@pytest.fixture
def offer_api(hass: HomeAssistant) -> None:
    """Register the API."""
    async_register(hass)


@pytest.fixture
async def furnished(hass: HomeAssistant, offer_api: None) -> FurnishedHome:
    """Return a home of all kinds of things, whose actions are recorded."""
    home = FurnishedHome(hass)
    for entity_id, name, area, exposed, state, attributes in PIECES:
        put(hass, entity_id, name, area=area, exposed=exposed, state=state, attributes=attributes)
    floors, areas = fr.async_get(hass), ar.async_get(hass)
    for floor, (level, rooms) in FLOORS.items():
        floor_id = floors.async_create(floor, level=level).floor_id
        for room in rooms:
            areas.async_update(areas.async_get_or_create(room).id, floor_id=floor_id)
    record(hass, home.calls)
    await hass.async_block_till_done()
    return home


def record(hass: HomeAssistant, calls: list[ServiceCall], actions: list[str] = ACTIONS) -> None:
    """Record actions instead of doing them."""
    for action in actions:
        domain, _, service = action.partition(".")
        hass.services.async_register(
            domain, service, calls.append, supports_response=SupportsResponse.NONE
        )


type CallTool = Callable[..., Awaitable[llm.ToolResult]]
