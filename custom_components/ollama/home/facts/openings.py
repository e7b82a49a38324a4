"""What closes, locks and guards the home: doors, windows, locks, alarms."""

from typing import Final

from homeassistant.const import ATTR_DEVICE_CLASS, STATE_ON
from homeassistant.core import State
from homeassistant.helpers import entity_registry as er

from .reader import Reader, name_of
from .signs import APPLIANCE, DOOR, MEANT_TO_BE_WET, OUTDOORS, WINDOW
from .telling import singles

JAMMED: Final = "jammed"
_OPEN: Final = frozenset({STATE_ON, "open", "opening"})
_UNLOCKED: Final = frozenset({STATE_ON, "unlocked", "unlocking", "open", "opening"})
_DOOR_COVERS: Final = frozenset({"door", "garage", "gate"})
_DOOR_SENSORS: Final = frozenset({"door", "garage_door", "opening"})
_HAZARDS: Final = frozenset(
    {"carbon_monoxide", "gas", "glass_break", "moisture", "safety", "smoke", "tamper"}
)


def doors(reader: Reader) -> list[State]:
    """Return the doors of the house that tell whether they are open."""
    covers = [state for state in reader.states("cover") if _class(state) in _DOOR_COVERS]
    sensors = [state for state in _contacts(reader) if not _is_window(state)]
    return singles([*covers, *_of_other_devices(reader, sensors, covers)])


def windows(reader: Reader) -> list[State]:
    """Return the windows that tell whether they are open."""
    covers = [state for state in reader.states("cover") if _class(state) == "window"]
    sensors = [state for state in _contacts(reader) if _is_window(state)]
    return singles([*covers, *_of_other_devices(reader, sensors, covers)])


def locks(reader: Reader) -> list[State]:
    """Return the locks, and the sensors of those that can't be moved from afar."""
    movable = reader.states("lock")
    sensors = [state for state in reader.states("binary_sensor") if _class(state) == "lock"]
    return singles([*movable, *_of_other_devices(reader, sensors, movable)])


def alarm_panels(reader: Reader) -> list[State]:
    """Return the alarm systems."""
    return singles(reader.states("alarm_control_panel"))


def hazard_sensors(reader: Reader) -> list[State]:
    """Return the sensors of smoke, leaks and the like."""
    return singles(
        [
            state
            for state in reader.states("binary_sensor")
            if _class(state) in _HAZARDS and not _is_meant_to_be_wet(reader, state)
        ]
    )


def alarms(reader: Reader) -> list[State]:
    """Return the alarm systems as they are, and what sensors warn of."""
    warning = [state for state in hazard_sensors(reader) if state.state == STATE_ON]
    return [*alarm_panels(reader), *warning]


def open_ones(states: list[State]) -> list[State]:
    """Return those of some doors or windows that are open."""
    return [state for state in states if state.state in _OPEN]


def unlocked_ones(states: list[State]) -> list[State]:
    """Return those of some locks that are unlocked."""
    return [state for state in states if state.state in _UNLOCKED]


def _contacts(reader: Reader) -> list[State]:
    return [
        state
        for state in reader.states("binary_sensor")
        if _class(state) == "window"
        or (_class(state) in _DOOR_SENSORS and not APPLIANCE.is_in(name_of(state)))
    ]


def _is_window(state: State) -> bool:
    """Whether a contact is a window's: most bridges call every contact a door or an opening."""
    name = name_of(state)
    return _class(state) == "window" or (WINDOW.is_in(name) and not DOOR.is_in(name))


def _is_meant_to_be_wet(reader: Reader, state: State) -> bool:
    names = (name_of(state), reader.area_of(state.entity_id))
    return _class(state) == "moisture" and (
        MEANT_TO_BE_WET.is_in(names[0]) or OUTDOORS.is_in(*names)
    )


def _of_other_devices(reader: Reader, sensors: list[State], things: list[State]) -> list[State]:
    """Return sensors without those that only tell what a thing of their device tells too."""
    devices = {_device(reader, state) for state in things} - {None}
    return [state for state in sensors if _device(reader, state) not in devices]


def _device(reader: Reader, state: State) -> str | None:
    entry = er.async_get(reader.hass).async_get(state.entity_id)
    return entry.device_id if entry else None


def _class(state: State) -> str:
    return str(state.attributes.get(ATTR_DEVICE_CLASS) or "")
