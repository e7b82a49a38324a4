"""How warm it is, in the rooms and outside, in the home's own unit."""

from collections.abc import Iterable
import math
from statistics import fmean
from typing import Any, Final

from homeassistant.components.climate import ATTR_CURRENT_TEMPERATURE
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_TEMPERATURE,
    ATTR_UNIT_OF_MEASUREMENT,
    UnitOfTemperature,
)
from homeassistant.core import State
from homeassistant.helpers import area_registry as ar
from homeassistant.util.unit_conversion import TemperatureConverter

from .reader import Facts, Reader, figure, name_of
from .signs import APPLIANCE, BETWEEN, DOOR, NO_AIR, OUTDOORS, WINDOW
from .telling import singles

type Range = tuple[float, float]

# °C; what lies outside is no such temperature, or a sensor that fails.
_ROOM: Final[Range] = (5.0, 40.0)
_ANYWHERE: Final[Range] = (-50.0, 60.0)
_WEATHER_UNIT: Final = "temperature_unit"


def indoor(reader: Reader) -> Facts | None:
    """Return the mean of the rooms.

    Of the sensors that the owner gave to the areas; without these, of the thermostats;
    without these, of the sensors that may be of rooms.
    """
    areas = [area for area in _areas(reader) if not _is_no_room(area.name)]
    return _mean(
        reader, _of_areas(reader, areas) or _of_climates(reader) or _of_room_sensors(reader)
    )


def outdoor(reader: Reader) -> Facts | None:
    """Return what the home's own sensors measure outside, else what the weather service says."""
    areas = [area for area in _areas(reader) if _is_outdoors(area.name)]
    return _mean(
        reader,
        _of_areas(reader, areas) or _of_outdoor_sensors(reader) or _of_weather(reader)[:1],
    )


def celsius(temperature: object) -> float | None:
    """Return a figure's degrees in °C; None for what is no temperature."""
    if not isinstance(temperature, dict):
        return None
    return _in_celsius(temperature.get("value"), temperature.get("unit"), _ANYWHERE)


def _mean(reader: Reader, values: list[float]) -> Facts | None:
    """Return the mean of temperatures in °C as a figure."""
    if not values:
        return None
    unit = str(reader.hass.config.units.temperature_unit)
    degrees = TemperatureConverter.convert(fmean(values), UnitOfTemperature.CELSIUS, unit)
    return figure(degrees, unit)


def _areas(reader: Reader) -> Iterable[ar.AreaEntry]:
    return ar.async_get(reader.hass).async_list_areas()


def _of_areas(reader: Reader, areas: list[ar.AreaEntry]) -> list[float]:
    chosen = dict.fromkeys(area.temperature_entity_id for area in areas)
    states = [
        state
        for entity_id in reader.allowed(entity_id for entity_id in chosen if entity_id)
        if (state := reader.hass.states.get(entity_id)) is not None
    ]
    return _measured(states, _ANYWHERE)


def _of_climates(reader: Reader) -> list[float]:
    """Return what thermostats measure; of those without a room only if no other does."""
    unit = reader.hass.config.units.temperature_unit
    in_rooms: list[float] = []
    elsewhere: list[float] = []
    for state in singles(reader.states("climate")):
        room = reader.area_of(state.entity_id)
        degrees = _in_celsius(state.attributes.get(ATTR_CURRENT_TEMPERATURE), unit, _ROOM)
        if degrees is not None and not _is_no_room(name_of(state), room):
            (in_rooms if room else elsewhere).append(degrees)
    return in_rooms or elsewhere


def _of_room_sensors(reader: Reader) -> list[float]:
    states = [
        state
        for state in _sensors(reader)
        if (room := reader.area_of(state.entity_id)) and not _is_no_room(name_of(state), room)
    ]
    return _measured(states, _ROOM)


def _of_outdoor_sensors(reader: Reader) -> list[float]:
    states = [
        state
        for state in _sensors(reader)
        if _is_outdoors(name := name_of(state), reader.area_of(state.entity_id))
        and not _is_no_air(name)
        # The sensor of the garden door is on the inside.
        and not DOOR.is_in(name)
        and not WINDOW.is_in(name)
    ]
    return _measured(states, _ANYWHERE)


def _of_weather(reader: Reader) -> list[float]:
    return [
        degrees
        for state in reader.states("weather")
        if (
            degrees := _in_celsius(
                state.attributes.get(ATTR_TEMPERATURE),
                state.attributes.get(_WEATHER_UNIT),
                _ANYWHERE,
            )
        )
        is not None
    ]


def _sensors(reader: Reader) -> list[State]:
    return [
        state
        for state in singles(reader.states("sensor"))
        if state.attributes.get(ATTR_DEVICE_CLASS) == SensorDeviceClass.TEMPERATURE
    ]


def _measured(states: list[State], within: Range) -> list[float]:
    return [
        degrees
        for state in states
        if (
            degrees := _in_celsius(
                state.state, state.attributes.get(ATTR_UNIT_OF_MEASUREMENT), within
            )
        )
        is not None
    ]


def _in_celsius(value: Any, unit: Any, within: Range) -> float | None:
    # An attribute may be anything.
    if not isinstance(unit, str) or unit not in TemperatureConverter.VALID_UNITS:
        return None
    if isinstance(value, bool):
        return None
    try:
        degrees = TemperatureConverter.convert(float(value), unit, UnitOfTemperature.CELSIUS)
    except TypeError, ValueError, OverflowError:
        return None
    lowest, highest = within
    return degrees if math.isfinite(degrees) and lowest <= degrees <= highest else None


def _is_outdoors(*names: str | None) -> bool:
    return OUTDOORS.is_in(*names) and not BETWEEN.is_in(*names)


def _is_no_room(*names: str | None) -> bool:
    return OUTDOORS.is_in(*names) or BETWEEN.is_in(*names) or _is_no_air(*names)


def _is_no_air(*names: str | None) -> bool:
    return APPLIANCE.is_in(*names) or NO_AIR.is_in(*names)
