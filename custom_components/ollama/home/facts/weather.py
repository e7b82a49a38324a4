"""The weather now and to come."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.components.weather import (
    DOMAIN as WEATHER,
    SERVICE_GET_FORECASTS,
    WeatherEntityFeature,
)
from homeassistant.const import ATTR_SUPPORTED_FEATURES, PERCENTAGE
from homeassistant.core import State
from homeassistant.util import dt as dt_util

from .outside import (
    async_ask_each,
    chosen,
    figures,
    instant_of,
    moment_or_day,
    number_of,
    one_line,
    told,
)
from .reader import Facts, Reader, name_of

_LOGGER: Final = logging.getLogger(__name__)

_MOST_DAYS: Final = 3
_AHEAD: Final = timedelta(hours=24)
_STEP: Final = timedelta(hours=3)
_HOUR: Final = timedelta(hours=1)
_KINDS: Final = {
    "daily": WeatherEntityFeature.FORECAST_DAILY,
    "hourly": WeatherEntityFeature.FORECAST_HOURLY,
    "twice_daily": WeatherEntityFeature.FORECAST_TWICE_DAILY,
}

type _Item = tuple[datetime | date, Mapping[str, Any]]


async def async_weather(reader: Reader, weather: str | None) -> Facts:
    """Return the weather of one service, else of the first that there is."""
    states = chosen(reader, WEATHER, None if weather is None else (weather,))
    if not states:
        return {}
    state = states[0]
    attributes = state.attributes
    now = {"condition": state.state} | figures(
        {
            "temperature": (attributes.get("temperature"), attributes.get("temperature_unit")),
            "humidity": (attributes.get("humidity"), PERCENTAGE),
            "wind_speed": (attributes.get("wind_speed"), attributes.get("wind_speed_unit")),
        }
    )
    forecast = await _async_forecast(reader, state)
    facts: Facts = {"name": one_line(name_of(state)), "now": now}
    return facts | ({"forecast": forecast} if forecast else {})


async def _async_forecast(reader: Reader, state: State) -> list[Facts]:
    """Return what is to come, nothing where the service can't say."""
    features = number_of(state.attributes.get(ATTR_SUPPORTED_FEATURES)) or 0
    kind = next((kind for kind, feature in _KINDS.items() if int(features) & feature), None)
    if kind is None:
        return []
    try:
        ((_, answer),) = await async_ask_each(
            reader, WEATHER, SERVICE_GET_FORECASTS, (state,), {"type": kind}
        )
    except Exception as err:  # noqa: BLE001 - a service's own; the weather now is still known
        _LOGGER.warning("The weather forecast could not be read: %s", type(err).__name__)
        return []
    items = [
        (when, item)
        for item in answer.get("forecast") or []
        if (when := moment_or_day(item.get("datetime"))) is not None
    ]
    items.sort(key=lambda item: instant_of(item[0]))
    if kind == "daily":
        return _by_day(items, reader.now.date(), state)
    return _by_hours(items, reader.now, state)


def _by_day(items: Iterable[_Item], today: date, state: State) -> list[Facts]:
    # Services write the begin of a day, or its noon, in UTC: it is the day that it is here.
    days = ((dt_util.as_local(instant_of(when)).date(), item) for when, item in items)
    return [{"date": told(day)} | _told(item, state) for day, item in days if day >= today][
        :_MOST_DAYS
    ]


def _by_hours(items: Iterable[_Item], now: datetime, state: State) -> list[Facts]:
    """Return the hours to come in steps; rain adds up in a step, wind is its strongest."""
    now = dt_util.as_utc(now)
    steps: list[tuple[datetime, list[Mapping[str, Any]]]] = []
    for when, item in items:
        begin = instant_of(when)
        if not now - _HOUR < begin < now + _AHEAD:
            continue
        if steps and begin - steps[-1][0] < _STEP:
            steps[-1][1].append(item)
        else:
            steps.append((begin, [item]))
    return [
        {"time": told(dt_util.as_local(begin))} | _told(_merged(step), state)
        for begin, step in steps
    ]


def _merged(items: Sequence[Mapping[str, Any]]) -> Facts:
    def numbers(key: str) -> list[float]:
        return [number for item in items if (number := number_of(item.get(key))) is not None]

    return dict(items[0]) | {
        "precipitation": sum(rain) if (rain := numbers("precipitation")) else None,
        "precipitation_probability": max(numbers("precipitation_probability"), default=None),
        "wind_speed": max(numbers("wind_speed"), default=None),
    }


def _told(item: Mapping[str, Any], state: State) -> Facts:
    units = state.attributes
    temperature_unit = units.get("temperature_unit")
    condition = {"condition": str(item["condition"])} if item.get("condition") else {}
    return condition | figures(
        {
            "temperature": (item.get("temperature"), temperature_unit),
            "low": (item.get("templow"), temperature_unit),
            "precipitation": (item.get("precipitation"), units.get("precipitation_unit")),
            "precipitation_probability": (item.get("precipitation_probability"), PERCENTAGE),
            "wind_speed": (item.get("wind_speed"), units.get("wind_speed_unit")),
        }
    )
