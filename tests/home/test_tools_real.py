"""Calls that really change something: templates, helpers, groups, scenes, scripts."""

from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .conftest import FurnishedHome

SWITCH = {
    "turn_on": {"action": "input_boolean.turn_on", "target": {"entity_id": "input_boolean.lamp"}},
    "turn_off": {"action": "input_boolean.turn_off", "target": {"entity_id": "input_boolean.lamp"}},
}
COVER = {
    "open_cover": {
        "action": "input_boolean.turn_on",
        "target": {"entity_id": "input_boolean.gate"},
    },
    "close_cover": {
        "action": "input_boolean.turn_off",
        "target": {"entity_id": "input_boolean.gate"},
    },
}
CONFIG: dict[str, Any] = {
    "light": [{"platform": "group", "name": "All lamps", "entities": ["light.lamp"]}],
    "input_boolean": {"lamp": {}, "gate": {}, "guests": {"name": "Guest mode"}},
    "input_number": {
        "target": {"name": "Wake-up volume", "min": 0, "max": 50, "initial": 10},
    },
    "input_select": {"mode": {"name": "House mode", "options": ["Home", "Away now"]}},
    "input_text": {"note": {"name": "Note", "max": 10}},
    "input_button": {"bell": {"name": "Bell"}},
    "template": [
        {"light": {"name": "Lamp", "state": "{{ is_state('input_boolean.lamp', 'on') }}", **SWITCH}},
        {"cover": {"name": "Shutter", "state": "{{ is_state('input_boolean.gate', 'on') }}", **COVER}},
        {"sensor": {"name": "Warmth", "state": "21.4", "unit_of_measurement": "°C",
                    "device_class": "temperature"}},
    ],
    "scene": [{"name": "Cosy", "entities": {"input_boolean.lamp": "on"}}],
    "script": {"party": {"alias": "Party", "sequence": [
        {"action": "input_boolean.turn_on", "target": {"entity_id": "input_boolean.guests"}}]}},
    "automation": [{"alias": "Leave", "id": "leave", "triggers": [], "conditions": [
        {"condition": "state", "entity_id": "input_boolean.lamp", "state": "on"}], "actions": [
        {"action": "input_boolean.turn_off", "target": {"entity_id": "input_boolean.guests"}}]}],
}  # fmt: skip
EXPOSED = (
    "input_boolean.guests", "input_number.target", "input_select.mode", "input_text.note",
    "input_button.bell", "light.lamp", "light.all_lamps", "cover.shutter", "sensor.warmth",
    "scene.cosy", "script.party", "automation.leave",
)  # fmt: skip


async def test_real_home(hass: HomeAssistant, offer_api: None) -> None:
    for domain, config in CONFIG.items():
        assert await async_setup_component(hass, domain, {domain: config})
    await hass.async_block_till_done()
    for entity_id in EXPOSED:
        assert hass.states.get(entity_id), entity_id
        async_expose_entity(hass, "conversation", entity_id, True)
    home = FurnishedHome(hass)

    async def does(tool: str, changed: str, expected: str, /, **arguments: Any) -> None:
        result = await home.call(tool, arguments)
        assert not result.error, (tool, arguments, result.data)
        await hass.async_block_till_done()
        assert hass.states.get(changed).state == expected, (tool, arguments)

    async def refuses(tool: str, told: str, /, **arguments: Any) -> None:
        before = {state.entity_id: state.state for state in hass.states.async_all()}
        result = await home.call(tool, arguments)
        await hass.async_block_till_done()
        assert result.error
        assert told in result.data["error"]
        assert {state.entity_id: state.state for state in hass.states.async_all()} == before

    await does("turn_on", "light.lamp", "on", name="lamp")
    await does("turn_off", "light.lamp", "off", entity_id="light.all_lamps")
    await does("run", "light.lamp", "on", name="cosy")
    await does("open", "cover.shutter", "open", name="the shutter")
    await does("set_position", "cover.shutter", "closed", name="Shutter", position="closed")
    await does("turn_on", "input_boolean.guests", "on", name="guest mode")
    await does("run", "input_boolean.guests", "off", name="Leave")
    await does("run", "input_boolean.guests", "on", name="party")
    await does("turn_off", "light.lamp", "off", name="Lamp")
    # Its condition doesn't hold now.
    await does("run", "input_boolean.guests", "on", name="Leave")
    await does("set_value", "input_number.target", "30.0", name="wake-up volume", value="30")
    await does("set_value", "input_select.mode", "Away now", name="house mode", value="away_now")
    await does("set_value", "input_text.note", "Hello", name="Note", value="Hello")
    bell = hass.states.get("input_button.bell").state
    assert not (await home.call("run", {"name": "bell"})).error
    assert hass.states.get("input_button.bell").state != bell
    await refuses("set_value", "51", name="wake-up volume", value="51")
    await refuses("set_light", "can't be dimmed", name="Lamp", brightness=20)
    await refuses("set_position", "Shutter", name="Shutter", position="40")
    states = (await home.call("get_state", {"name": "warmth"})).data["states"]
    assert states == [{"name": "Warmth", "state": "21.4", "unit": "°C", "kind": "temperature"}]
