"""The weather to come."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.weather import (
    DOMAIN as WEATHER,
    SERVICE_GET_FORECASTS,
    WeatherEntityFeature,
)
from homeassistant.const import ATTR_SUPPORTED_FEATURES
from homeassistant.core import State
from homeassistant.util import dt as dt_util
import probatio

from ..acting import async_ask
from ..caller import Caller
from ..problem import ToolProblemError
from .base import READ, Arguments, HomeTool, Unsaid, schema

_KINDS: Final = {
    "daily": WeatherEntityFeature.FORECAST_DAILY,
    "hourly": WeatherEntityFeature.FORECAST_HOURLY,
    "twice_daily": WeatherEntityFeature.FORECAST_TWICE_DAILY,
}
_MOST: Final = {"daily": 7, "hourly": 24, "twice_daily": 8}
_KEYS: Final = (
    "condition",
    "temperature",
    "templow",
    "precipitation",
    "precipitation_probability",
    "wind_speed",
    "is_daytime",
)
_UNITS: Final = ("temperature_unit", "wind_speed_unit", "precipitation_unit")


class GetForecast(HomeTool):
    """Reads a forecast."""

    name = "get_forecast"
    description = "Get the weather now and the forecast, daily or hourly."
    parameters = schema(
        {
            probatio.Optional("name"): str,
            probatio.Optional("type"): probatio.In(["daily", "hourly"]),
        }
    )
    annotations = READ
    needs_domains = frozenset({WEATHER})
    example = {"type": "daily"}
    takes = {"type": ("kind", "period", "forecast_type", "when", "days", "hours")}

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Return the weather now, and the forecast that the service has."""
        # Homes with several services have them for the same place.
        entity = arguments.targets((WEATHER,), unsaid=Unsaid.ALL)[0]
        state = caller.hass.states.get(entity.entity_id)
        if state is None or not caller.may_read(entity.entity_id):
            raise ToolProblemError(f"The user may not see {entity.name}.")
        kind = _kind(state, (arguments.text("type") or "daily").lower())
        now = {"condition": state.state} | _present(state.attributes)
        units = {key: state.attributes[key] for key in _UNITS if key in state.attributes}
        if kind is None:
            return {"now": now, **units}
        answer = await async_ask(caller, WEATHER, SERVICE_GET_FORECASTS, (entity,), {"type": kind})
        forecast = (answer.get(entity.entity_id) or {}).get("forecast") or []
        return {
            "now": now,
            "forecast": [_one(item, kind) for item in forecast[: _MOST[kind]]],
            **units,
        }


def _kind(state: State, wanted: str) -> str | None:
    """Return the kind wanted, or another one that the service has."""
    if "hour" in wanted:
        wanted = "hourly"
    features = state.attributes.get(ATTR_SUPPORTED_FEATURES, 0)
    has = [kind for kind, feature in _KINDS.items() if features & feature]
    return wanted if wanted in has else next(iter(has), None)


def _present(attributes: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("temperature", "humidity", "wind_speed", "cloud_coverage")
    return {key: attributes[key] for key in keys if attributes.get(key) is not None}


def _one(item: Mapping[str, Any], kind: str) -> dict[str, Any]:
    when = dt_util.parse_datetime(str(item.get("datetime", "")))
    shape = "%a %H:%M" if kind == "hourly" else "%a %Y-%m-%d"
    return {"when": dt_util.as_local(when).strftime(shape) if when else ""} | {
        key: item[key] for key in _KEYS if item.get(key) is not None
    }
