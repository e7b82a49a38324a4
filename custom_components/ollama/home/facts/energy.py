"""What was used and produced, as the energy dashboard counts it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Literal

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.recorder.statistics import (
    StatisticsRow,
    get_metadata,
    statistics_during_period,
)
from homeassistant.const import UnitOfEnergy, UnitOfVolume
from homeassistant.core import HomeAssistant, valid_entity_id
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import EnergyConverter, VolumeConverter
from homeassistant.util.unit_system import METRIC_SYSTEM

from .outside import number_of, one_line, told
from .reader import Facts, Reader, figure, name_of

_ENERGY: Final = "energy"
_RECORDER: Final = "recorder"
_MOST_DEVICES: Final = 5
_DIGITS: Final = 2
_EVER: Final = datetime.fromtimestamp(0, UTC)
_DAY: Final = timedelta(days=1)
_HOUR: Final = 3600  # seconds
_UNITS: Final[dict[str, str]] = {
    EnergyConverter.UNIT_CLASS: UnitOfEnergy.KILO_WATT_HOUR,
    VolumeConverter.UNIT_CLASS: UnitOfVolume.CUBIC_METERS,
}
_FROM: Final = "stat_energy_from"
_TO: Final = "stat_energy_to"
# What is told: the type of a source, and where it keeps its statistic.
_AMOUNTS: Final = {
    "grid_consumption": ("grid", _FROM),
    "grid_return": ("grid", _TO),
    "solar_production": ("solar", _FROM),
    "battery_charged": ("battery", _TO),
    "battery_discharged": ("battery", _FROM),
    "gas": ("gas", _FROM),
    "water": ("water", _FROM),
}
_MONEY: Final = {"cost": ("stat_cost", _FROM), "compensation": ("stat_compensation", _TO)}

type _Source = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Change:
    value: float
    unit: str
    name: str | None


async def async_energy(reader: Reader, since: datetime) -> Facts:
    """Return what the energy dashboard would show from some time until now."""
    hass = reader.hass
    if not {_ENERGY, _RECORDER} <= hass.config.components:
        return {}
    preferences = (await async_get_manager(hass)).data
    if preferences is None:
        return {}
    sources: list[_Source] = list(preferences["energy_sources"])
    devices: list[_Source] = list(preferences["device_consumption"])
    amounts = {fact: _statistics(sources, *of) for fact, of in _AMOUNTS.items()}
    money = {fact: _sums_of_money(hass, sources, *keys) for fact, keys in _MONEY.items()}
    wanted = {one for some in (*amounts.values(), *money.values()) for one in some}
    wanted |= {device["stat_consumption"] for device in devices}
    if not (readable := _readable(reader, wanted)):
        return {}
    changes = await get_instance(hass).async_add_executor_job(
        _changes, hass, since, _volume_units(hass, amounts), readable
    )
    facts = _amounts(amounts, changes)
    for fact, statistics in money.items():
        if paid := [changes[one].value for one in statistics if one in changes]:
            facts[fact] = figure(sum(paid), hass.config.currency, _DIGITS)
    if told_devices := _devices(hass, devices, changes):
        facts["devices"] = told_devices
    if not facts:
        return {}
    return {"from": told(dt_util.as_local(since)), "until": told(reader.now)} | facts


def _statistics(sources: Iterable[_Source], kind: str, key: str) -> list[str]:
    return [source[key] for source in sources if source["type"] == kind and source.get(key)]


def _sums_of_money(
    hass: HomeAssistant, sources: Iterable[_Source], key: str, meter: str
) -> list[str]:
    """Return the statistics named for it, else those that are made for a meter's price."""
    made: Mapping[str, str] = hass.data[_ENERGY]["cost_sensors"]
    found = (
        source.get(key) or made.get(source.get(meter) or "")
        for source in sources
        if source["type"] in ("grid", "gas", "water")
    )
    return [statistic for statistic in found if statistic]


def _volume_units(hass: HomeAssistant, amounts: Mapping[str, list[str]]) -> dict[str, str]:
    """Return the units of volume that the dashboard shows, by statistic."""
    metric = hass.config.units is METRIC_SYSTEM
    gas = (UnitOfVolume.CUBIC_METERS if metric else UnitOfVolume.CUBIC_FEET).value
    water = (UnitOfVolume.LITERS if metric else UnitOfVolume.GALLONS).value
    return dict.fromkeys(amounts["gas"], gas) | dict.fromkeys(amounts["water"], water)


def _readable(reader: Reader, statistics: Iterable[str]) -> set[str]:
    """Leave out what the user may not see. What belongs to no entity is for those who see all."""
    sees_all = reader.user_id is None or (
        reader.user is not None and reader.user.permissions.access_all_entities(POLICY_READ)
    )
    return {
        one for one in statistics if (reader.may_read(one) if valid_entity_id(one) else sees_all)
    }


def _changes(
    hass: HomeAssistant,
    since: datetime,
    volume_units: Mapping[str, str],
    statistics: set[str],
) -> dict[str, _Change]:
    """Read how much each statistic has grown; runs in the recorder's executor."""
    since = dt_util.as_utc(since)
    hours = statistics_during_period(
        hass, since, None, statistics, "hour", _UNITS, {"change", "sum"}
    )
    # The last full hour is summed up only when it is over: on its stroke it is not there yet.
    recently = dt_util.utcnow().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    minutes = statistics_during_period(
        hass, max(since, recently), None, statistics, "5minute", _UNITS, {"change", "sum"}
    )
    found = {}
    for statistic, (_, metadata) in get_metadata(hass, statistic_ids=statistics).items():
        known_before = partial(_is_known_before, hass, statistic)
        value = number_of(
            _growth(hours.get(statistic) or [], minutes.get(statistic) or [], known_before)
        )
        if value is None:
            continue
        unit = _UNITS.get(metadata["unit_class"] or "") or ""
        if (shown := volume_units.get(statistic)) and unit == UnitOfVolume.CUBIC_METERS:
            value, unit = VolumeConverter.convert(value, unit, shown), shown
        found[statistic] = _Change(value, unit, metadata["name"])
    return found


def _is_known_before(hass: HomeAssistant, statistic: str, row: StatisticsRow) -> bool:
    """Whether there is a sum from before a row, of an hour or of minutes like itself."""
    start = dt_util.utc_from_timestamp(row["start"])
    kind: Literal["hour", "5minute"] = "hour" if row["end"] - row["start"] >= _HOUR else "5minute"
    # All that there ever was may be much, and is hardly ever needed.
    return any(
        statistics_during_period(hass, since, start, {statistic}, kind, None, {"sum"})
        for since in (start - _DAY, _EVER)
    )


def _growth(
    hours: list[StatisticsRow],
    minutes: list[StatisticsRow],
    known_before: Callable[[StatisticsRow], bool],
) -> float | None:
    """Return by how much the sum grew: in full hours, and in the minutes after them."""
    changes = _steps(hours or minutes, known_before)
    last_sum = hours[-1].get("sum") if hours else None
    sums = [row.get("sum") for row in minutes if hours and row["start"] >= hours[-1]["end"]]
    if sums and sums[-1] is not None and last_sum is not None:
        changes.append(sums[-1] - last_sum)
    return sum(changes) if changes else None


def _steps(rows: list[StatisticsRow], known_before: Callable[[StatisticsRow], bool]) -> list[float]:
    # Before the first row ever the recorder takes the sum for nothing: of a meter that was
    # imported with its past, that would be all that it ever counted.
    if rows and rows[0].get("change") == rows[0].get("sum") and not known_before(rows[0]):
        rows = rows[1:]
    return [change for row in rows if (change := row.get("change")) is not None]


def _amounts(amounts: Mapping[str, Iterable[str]], changes: Mapping[str, _Change]) -> Facts:
    """Add up what was used and produced; a meter that counted backwards tells nothing."""
    facts: Facts = {}
    for fact, statistics in amounts.items():
        found = [changes[one] for one in statistics if one in changes]
        found = [change for change in found if change.unit and change.value >= 0]
        if found:
            # Gas can be counted in two ways, which don't add up.
            unit = found[0].unit
            total = sum(change.value for change in found if change.unit == unit)
            facts[fact] = figure(total, unit, _DIGITS)
    return facts


def _devices(
    hass: HomeAssistant, devices: Iterable[_Source], changes: Mapping[str, _Change]
) -> list[Facts]:
    """Return what used most."""
    found = [
        (change, device)
        for device in devices
        if (change := changes.get(device["stat_consumption"])) and change.unit
        if round(change.value, _DIGITS) > 0
    ]
    found.sort(key=lambda one: one[0].value, reverse=True)
    return [
        {
            "name": _name(hass, device, change),
            "consumption": figure(change.value, change.unit, _DIGITS),
        }
        for change, device in found[:_MOST_DEVICES]
    ]


def _name(hass: HomeAssistant, device: _Source, change: _Change) -> str:
    statistic = device["stat_consumption"]
    state = hass.states.get(statistic)
    return one_line(device.get("name") or change.name or (state and name_of(state)) or statistic)
