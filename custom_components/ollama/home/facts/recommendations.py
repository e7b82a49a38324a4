"""What somebody might see to, by plain rules."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from homeassistant.const import ATTR_DEVICE_CLASS, STATE_ON
from homeassistant.core import State
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ...const import DOMAIN
from .home_status import is_home
from .openings import JAMMED, doors, locks, open_ones, unlocked_ones, windows
from .outside import instant_of, moment_or_day, number_of
from .reader import Facts, Reader
from .telling import cut_names, singles
from .temperatures import celsius, outdoor

_AHEAD: Final = timedelta(hours=12)
"""How far ahead the weather matters to what is open now."""
_COLD: Final = 10.0  # °C
_FROST: Final = 0.0  # °C
_LOW_BATTERY: Final = 15.0  # %
_EMPTY: Final = 0.0
_FULL: Final = 100.0
_LIKELY: Final = 50.0  # %
_WET: Final = frozenset({
    "hail", "lightning-rainy", "pouring", "rainy", "snowy", "snowy-rainy",
})  # fmt: skip
# What people carry and charge anyway, and what shows itself here.
_CHARGED_DAILY: Final = frozenset({"mobile_app", DOMAIN})


async def async_recommendations(reader: Reader, forecast: Facts | None = None) -> Facts:
    """Return what to see to, the most pressing first; `forecast` are the facts of the weather."""
    items = [*_of_entrances(reader), *_of_windows(reader, forecast or {}), *_of_lights(reader)]
    if batteries := _low_batteries(reader):
        items.append({"kind": "batteries_low"} | cut_names(batteries))
    if (lowest := _frost(reader, forecast or {})) is not None:
        items.append({"kind": "frost", "names": [], "value": lowest})
    return {"items": items} if items else {}


def _of_entrances(reader: Reader) -> Iterator[Facts]:
    all_locks = locks(reader)
    jammed = [state for state in all_locks if state.state == JAMMED]
    for kind, states in (
        ("locks_jammed", jammed),
        ("doors_unlocked", unlocked_ones(all_locks)),
        ("doors_open", open_ones(doors(reader))),
    ):
        if states:
            yield {"kind": kind} | cut_names(states)


def _of_windows(reader: Reader, forecast: Facts) -> Iterator[Facts]:
    opened = open_ones(windows(reader))
    if not opened:
        return
    if _is_wet(reader, forecast):
        yield {"kind": "windows_open_in_rain"} | cut_names(opened)
    degrees = _outside(reader, forecast)
    if (measured := celsius(degrees)) is not None and measured < _COLD:
        yield {"kind": "windows_open_in_cold"} | cut_names(opened) | {"value": degrees}


def _of_lights(reader: Reader) -> Iterator[Facts]:
    lit = [state for state in singles(reader.states("light")) if state.state == STATE_ON]
    if lit and _is_nobody_home(reader):
        yield {"kind": "lights_on_nobody_home"} | cut_names(lit)


def _is_nobody_home(reader: Reader) -> bool:
    """Whether everybody is known to be away; of whom nothing is known may be at home."""
    people = reader.states("person")
    if not people or len(people) < len(reader.hass.states.async_entity_ids("person")):
        return False
    return not any(is_home(state) for state in people)


def _is_wet(reader: Reader, forecast: Facts) -> bool:
    """Whether it rains or snows, or soon will."""
    if now := _conditions(forecast.get("now")):
        current = now.get("condition")
    else:
        current = next((state.state for state in reader.states("weather")), None)
    return current in _WET or any(_is_wet_then(item) for item in _soon(reader, forecast))


def _is_wet_then(item: Facts) -> bool:
    probability = number_of(_conditions(item.get("precipitation_probability")).get("value"))
    if probability is not None:
        return probability >= _LIKELY
    return item.get("condition") in _WET


def _frost(reader: Reader, forecast: Facts) -> Facts | None:
    """Return the lowest temperature now or soon, if water freezes at it."""
    coldest = [_outside(reader, forecast)]
    coldest += [item.get("low") or item.get("temperature") for item in _soon(reader, forecast)]
    known = [
        (degrees, temperature)
        for temperature in coldest
        if temperature is not None and (degrees := celsius(temperature)) is not None
    ]
    if not known:
        return None
    lowest, temperature = min(known, key=lambda one: one[0])
    return temperature if lowest <= _FROST else None


def _outside(reader: Reader, forecast: Facts) -> Facts | None:
    return outdoor(reader) or _conditions(forecast.get("now")).get("temperature")


def _soon(reader: Reader, forecast: Facts) -> Iterator[Facts]:
    """Return what is forecast for the next hours, or for the days that they are in."""
    for item in forecast.get("forecast") or ():
        when = moment_or_day(item.get("time") or item.get("date"))
        if when is None:
            continue
        begin = dt_util.as_local(instant_of(when))
        if begin.date() >= reader.now.date() and begin <= reader.now + _AHEAD:
            yield item


def _conditions(value: Any) -> Facts:
    return value if isinstance(value, dict) else {}


def _low_batteries(reader: Reader) -> list[State]:
    """Return what runs low; of a device that tells its level only by that."""
    levels = list(_batteries(reader, "sensor"))
    devices = {device for _, device in levels if device}
    others = [one for one in _batteries(reader, "binary_sensor") if one[1] not in devices]
    return [state for state, _ in (*levels, *others) if _is_low(state)]


def _batteries(reader: Reader, domain: str) -> Iterator[tuple[State, str | None]]:
    """Yield what tells of a battery, with its device.

    That is of technical interest as a rule, and so not among a reader's states.
    """
    registry = er.async_get(reader.hass)
    for state in sorted(reader.hass.states.async_all(domain), key=lambda one: one.entity_id):
        entry = registry.async_get(state.entity_id)
        if (
            state.attributes.get(ATTR_DEVICE_CLASS) == "battery"
            and _is_low(state) is not None
            and _counts(entry)
            and reader.may_read(state.entity_id)
        ):
            yield state, entry.device_id if entry else None


def _counts(entry: er.RegistryEntry | None) -> bool:
    return entry is None or (entry.hidden_by is None and entry.platform not in _CHARGED_DAILY)


def _is_low(state: State) -> bool | None:
    """Return None if it doesn't say."""
    if state.domain == "binary_sensor":
        return {"on": True, "off": False}.get(state.state)
    try:
        level = float(state.state)
    except ValueError:
        return None
    return level <= _LOW_BATTERY if _EMPTY <= level <= _FULL else None
