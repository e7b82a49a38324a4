"""How the home is now: in short, or room by room."""

import math
from typing import Final

from homeassistant.components.climate import ATTR_CURRENT_TEMPERATURE
from homeassistant.components.sensor import SensorDeviceClass, async_rounded_state
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_TEMPERATURE,
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_HOME,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.util import dt as dt_util

from ..inventory import async_prepare_inventory
from ..records import ExposedEntity
from .openings import alarms, doors, locks, open_ones, unlocked_ones, windows
from .outside import number_of, one_line, told as moment
from .reader import Facts, Reader
from .telling import counted, named_states, singles, told
from .temperatures import indoor, outdoor

MOST_ENTITIES: Final = 300
_NO_ROOM: Final = "No area"
_HOME_ZONE: Final = "zone.home"
# Their state is a time at which something was done, or nothing at all.
_STATELESS: Final = frozenset({
    "ai_task", "button", "conversation", "event", "image", "input_button", "notify", "scene",
    "stt", "tts", "wake_word",
})  # fmt: skip
# What else is shown of a kind beside its state, in the home's own unit.
_DEGREES: Final = {"climate": ATTR_CURRENT_TEMPERATURE, "weather": ATTR_TEMPERATURE}


async def async_home(reader: Reader) -> Facts:
    """Return what is on and open, how warm it is, who is home; only what the home has."""
    facts: Facts = {}
    if lights := singles(reader.states("light")):
        facts["lights_on"] = counted([state for state in lights if state.state == STATE_ON])
    if all_locks := locks(reader):
        facts["doors_unlocked"] = counted(unlocked_ones(all_locks))
    if all_doors := doors(reader):
        facts["doors_open"] = counted(open_ones(all_doors))
    if all_windows := windows(reader):
        facts["windows_open"] = counted(open_ones(all_windows))
    for key, temperature in (
        ("temperature_indoor", indoor(reader)),
        ("temperature_outdoor", outdoor(reader)),
    ):
        if temperature is not None:
            facts[key] = temperature
    if people := reader.states("person"):
        at_home = [state for state in people if is_home(state)]
        facts["people_home"] = counted(at_home)
        facts["people_away"] = counted([state for state in people if state not in at_home])
    if warning := alarms(reader):
        facts["alarms"] = named_states(warning)
    return facts


def is_home(person: State) -> bool:
    """Whether somebody is at home, maybe in a smaller zone within it."""
    zones = person.attributes.get("in_zones")
    return person.state == STATE_HOME or (isinstance(zones, list | tuple) and _HOME_ZONE in zones)


async def async_rooms(reader: Reader, assistant: str | None = None) -> Facts:
    """Return the states of what is exposed to an assistant, room by room."""
    inventory = await async_prepare_inventory(reader.hass, assistant)
    shown = [
        (entity, value)
        for entity in inventory.entities
        if (value := _value(reader, entity)) is not None
    ]
    rooms: dict[str, dict[str, str]] = {}
    for entity, value in shown[:MOST_ENTITIES]:
        room = rooms.setdefault(entity.area_name or _NO_ROOM, {})
        name = one_line(entity.name)
        room[f"{name} [{entity.entity_id}]" if name in room else name] = value
    if not rooms:
        return {}
    return {"rooms": rooms} | ({"device_count": len(shown)} if len(shown) > MOST_ENTITIES else {})


def _value(reader: Reader, entity: ExposedEntity) -> str | None:
    """Return a state in words with its unit; None if there is nothing to read."""
    state = reader.hass.states.get(entity.entity_id)
    if (
        state is None
        or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN, "")
        or entity.domain in _STATELESS
        or not reader.may_read(entity.entity_id)
    ):
        return None
    if entity.domain == "sensor":
        return _measured(reader.hass, state)
    return _with_unit(told(state, state.state), state) + _degrees(reader, state)


def _measured(hass: HomeAssistant, state: State) -> str | None:
    if state.attributes.get(ATTR_DEVICE_CLASS) == SensorDeviceClass.TIMESTAMP:
        parsed = dt_util.parse_datetime(state.state)
        return moment(dt_util.as_local(parsed)) if parsed else None
    if not _is_sound(state.state):
        return None
    return _with_unit(one_line(async_rounded_state(hass, state.entity_id, state)), state)


def _is_sound(value: str) -> bool:
    """Whether a value is a text, or a number that isn't nonsense."""
    try:
        return math.isfinite(float(value))
    except ValueError:
        return True


def _with_unit(value: str, state: State) -> str:
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    return f"{value} {unit}" if unit else value


def _degrees(reader: Reader, state: State) -> str:
    degrees = number_of(state.attributes.get(_DEGREES.get(state.domain, "")))
    if degrees is None:
        return ""
    unit = state.attributes.get("temperature_unit") or reader.hass.config.units.temperature_unit
    return f", {degrees:g} {unit}"
