"""The weather now and to come, from services of every kind."""

from datetime import UTC, datetime, timedelta
import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM
import pytest

from custom_components.ollama.home.facts.figures import invented
from custom_components.ollama.home.facts.outside import NothingToAskError
from custom_components.ollama.home.facts.reader import Facts
from custom_components.ollama.home.facts.weather import async_weather

from .furniture import NOON, READ_ALL, Sky, furnish, reader_for, somebody

DAYS = [
    {
        "datetime": f"2026-10-{day}T19:00:00+00:00",
        "condition": "rainy",
        "native_temperature": day,
        "native_templow": 3.04,
        "native_precipitation": 1.5,
        "precipitation_probability": 80,
        "native_wind_speed": 10,
    }
    for day in range(13, 24)
]


@pytest.fixture(autouse=True)
def _noon(freezer: Any) -> None:
    freezer.move_to(NOON)


def hours(start: datetime, count: int, **values: Any) -> list[dict[str, Any]]:
    return [
        {
            "datetime": (start + timedelta(hours=hour)).isoformat(),
            "condition": "cloudy",
            "native_temperature": hour,
            **values,
        }
        for hour in range(count)
    ]


async def weather(hass: HomeAssistant, named: str | None = None, user: Any = None) -> Facts:
    return await async_weather(await reader_for(hass, user), named)


async def test_a_day_is_the_one_here(hass: HomeAssistant, freezer: Any) -> None:
    """East of Greenwich a day begins on the day before in UTC."""
    await hass.config.async_set_time_zone("Europe/Amsterdam")
    freezer.move_to(datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
    days = [
        {"datetime": f"2026-11-{day}T23:00:00+00:00", "condition": condition}
        for day, condition in ((19, "fog"), (20, "rainy"), (21, "sunny"))
    ]
    await furnish(hass, "weather", Sky("Home", daily=days))
    forecast = (await weather(hass))["forecast"]
    assert [(day["date"], day["condition"]) for day in forecast] == [
        ("2026-11-21", "rainy"),
        ("2026-11-22", "sunny"),
    ]


async def test_days(hass: HomeAssistant) -> None:
    await furnish(hass, "weather", Sky("Home", daily=DAYS, hourly=HomeAssistantError()))
    facts = await weather(hass)
    assert facts["name"] == "Home"
    assert facts["now"] == {
        "condition": "sunny",
        "temperature": {"value": 21.0, "unit": "°C"},
        "humidity": {"value": 55, "unit": "%"},
        "wind_speed": {"value": 3.6, "unit": "km/h"},
    }
    assert [day["date"] for day in facts["forecast"]] == ["2026-10-14", "2026-10-15", "2026-10-16"]
    assert facts["forecast"][0] == {
        "date": "2026-10-14",
        "condition": "rainy",
        "temperature": {"value": 14.0, "unit": "°C"},
        "low": {"value": 3.0, "unit": "°C"},
        "precipitation": {"value": 1.5, "unit": "mm"},
        "precipitation_probability": {"value": 80.0, "unit": "%"},
        "wind_speed": {"value": 10.0, "unit": "km/h"},
    }
    json.dumps(facts)


async def test_hours_in_steps(hass: HomeAssistant) -> None:
    """Rain in the last hour of a step is rain in that step."""
    forecast = hours(NOON - timedelta(hours=3), 40, native_precipitation=0.0)
    forecast[5] |= {
        "native_precipitation": 2.0, "precipitation_probability": 90, "native_wind_speed": 30,
    }  # fmt: skip
    await furnish(hass, "weather", Sky("Home", hourly=forecast))
    steps = (await weather(hass))["forecast"]
    assert [step["time"] for step in steps] == [
        "2026-10-14T12:00-07:00",
        "2026-10-14T15:00-07:00",
        "2026-10-14T18:00-07:00",
        "2026-10-14T21:00-07:00",
        "2026-10-15T00:00-07:00",
        "2026-10-15T03:00-07:00",
        "2026-10-15T06:00-07:00",
        "2026-10-15T09:00-07:00",
    ]
    assert steps[0] == {
        "time": "2026-10-14T12:00-07:00",
        "condition": "cloudy",
        "temperature": {"value": 3.0, "unit": "°C"},
        "precipitation": {"value": 2.0, "unit": "mm"},
        "precipitation_probability": {"value": 90.0, "unit": "%"},
        "wind_speed": {"value": 30.0, "unit": "km/h"},
    }
    assert steps[1]["precipitation"] == {"value": 0.0, "unit": "mm"}
    assert "wind_speed" not in steps[1]


async def test_hours_over_the_end_of_summer_time(hass: HomeAssistant, freezer: Any) -> None:
    start = datetime(2026, 11, 1, 7, 0, tzinfo=UTC)  # midnight; two hours are called one
    freezer.move_to(start)
    await furnish(hass, "weather", Sky("Home", hourly=hours(start, 12)))
    assert [step["time"] for step in (await weather(hass))["forecast"]] == [
        "2026-11-01T00:00-07:00",
        "2026-11-01T02:00-08:00",
        "2026-11-01T05:00-08:00",
        "2026-11-01T08:00-08:00",
    ]


async def test_half_days(hass: HomeAssistant) -> None:
    forecast = [
        {"datetime": when, "native_temperature": temperature, "is_daytime": temperature > 10}
        for when, temperature in (
            ("2026-10-14T19:00:00+00:00", 20),
            ("2026-10-15T01:00:00+00:00", 5),
            ("2026-10-15T20:00:00+00:00", 21),
        )
    ]
    await furnish(hass, "weather", Sky("Home", twice_daily=forecast))
    assert (await weather(hass))["forecast"] == [
        {"time": "2026-10-14T12:00-07:00", "temperature": {"value": 20.0, "unit": "°C"}},
        {"time": "2026-10-14T18:00-07:00", "temperature": {"value": 5.0, "unit": "°C"}},
    ]


async def test_in_the_units_of_the_home(hass: HomeAssistant) -> None:
    hass.config.units = US_CUSTOMARY_SYSTEM
    await furnish(hass, "weather", Sky("Home", daily=DAYS))
    facts = await weather(hass)
    assert facts["now"]["temperature"] == {"value": 70, "unit": "°F"}
    assert facts["forecast"][0]["temperature"] == {"value": 57.0, "unit": "°F"}
    assert facts["forecast"][0]["precipitation"]["unit"] == "in"
    assert facts["forecast"][0]["wind_speed"]["unit"] == "mph"


@pytest.mark.parametrize("kind", ["daily", "hourly"])
async def test_a_little_rain_in_inches(hass: HomeAssistant, kind: str) -> None:
    """0.04 in are a millimetre: no dry day."""
    hass.config.units = US_CUSTOMARY_SYSTEM
    forecast = [
        {**item, "native_precipitation": rain}
        for item, rain in zip(hours(NOON, 4), (0.5, 0.25, 0.25, 0.3), strict=True)
    ]
    await furnish(hass, "weather", Sky("Home", **{kind: forecast}))
    rain = (await weather(hass))["forecast"][0]["precipitation"]
    assert rain == {"value": 0.04 if kind == "hourly" else 0.02, "unit": "in"}
    assert invented("Some 0.05 inches of rain.", {"rain": {"value": 0.05, "unit": "in"}}) == []
    assert invented(f"It will be {rain['value']} inches.", [rain]) == []
    assert invented("It will be 0.1 inches.", [rain]) == ["0.1 inches"]


@pytest.mark.parametrize(
    "forecast", [HomeAssistantError("Secret street 1"), KeyError("Secret street 1"), None, []]
)
async def test_no_forecast_leaves_the_weather_now(
    hass: HomeAssistant, forecast: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await furnish(hass, "weather", Sky("Home", daily=forecast))
    facts = await weather(hass)
    assert facts["now"]["condition"] == "sunny"
    assert "forecast" not in facts
    ours = [record for record in caplog.records if "ollama" in record.name]
    assert bool(ours) is isinstance(forecast, Exception)
    assert not any("Secret" in record.getMessage() for record in ours)


async def test_a_service_without_a_forecast(hass: HomeAssistant) -> None:
    await furnish(hass, "weather", Sky("Home"))
    assert set(await weather(hass)) == {"name", "now"}


async def test_nonsense_is_left_out(hass: HomeAssistant) -> None:
    nonsense = {
        "temperature": float("nan"), "temperature_unit": "°C", "humidity": "wet",
        "wind_speed": None, "supported_features": None,
    }  # fmt: skip
    hass.states.async_set("weather.home", "fog", nonsense)
    assert await weather(hass) == {"name": "weather.home", "now": {"condition": "fog"}}
    odd = [{"datetime": "soon"}, {"datetime": "2026-10-14T99:00"}, {}, DAYS[1]]
    await furnish(hass, "weather", Sky("Odd", daily=odd))
    (day,) = (await weather(hass, "weather.odd"))["forecast"]
    assert day["date"] == "2026-10-14"


async def test_the_one_named_else_the_first_that_answers(hass: HomeAssistant) -> None:
    assert await weather(hass) == {}
    away = Sky("Away", daily=DAYS)
    away._attr_available = False
    await furnish(hass, "weather", away, Sky("Home", daily=DAYS), Sky("Mountain", daily=DAYS))
    assert (await weather(hass))["name"] == "Home"
    assert (await weather(hass, "weather.mountain"))["name"] == "Mountain"
    for named in ("weather.away", "weather.gone"):
        with pytest.raises(NothingToAskError):
            await weather(hass, named)


async def test_only_what_the_user_may_see(hass: HomeAssistant) -> None:
    await furnish(hass, "weather", Sky("Home", daily=DAYS), Sky("Mountain", daily=DAYS))
    user = somebody(hass, {"entities": {"entity_ids": {"weather.mountain": True}}})
    assert (await weather(hass, user=user))["name"] == "Mountain"
    with pytest.raises(NothingToAskError):
        await weather(hass, "weather.home", user)
    assert (await weather(hass, user=somebody(hass, READ_ALL)))["forecast"]
