"""Real entities that answer calendars, forecasts and lists, and who asks them."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from homeassistant.components.calendar import CalendarEntity, CalendarEvent
from homeassistant.components.todo import TodoItem, TodoListEntity
from homeassistant.components.weather import WeatherEntity, WeatherEntityFeature
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity import Entity
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockUser, setup_test_component_platform

from custom_components.ollama.home.facts import Reader

NOON = datetime(2026, 10, 14, 19, 0, tzinfo=UTC)  # a Wednesday, in the tests' time zone

READ_ALL = {"entities": {"all": {"read": True}}}


class Diary(CalendarEntity):
    """A calendar that answers with everything that is in it."""

    _attr_should_poll = False
    breaks = False
    hangs = False

    def __init__(self, name: str, *events: CalendarEvent, available: bool = True) -> None:
        self._attr_name = name
        self._attr_available = available
        self.events = events
        self.contexts: list[Context | None] = []

    @property
    def event(self) -> CalendarEvent | None:
        return None

    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        self.contexts.append(self._context)
        if self.breaks:
            raise HomeAssistantError("The dentist's secret number is 12")
        if self.hangs:
            await asyncio.Event().wait()
        return list(self.events)


class Chores(TodoListEntity):
    """A list in memory."""

    _attr_should_poll = False

    def __init__(self, name: str, *items: TodoItem, available: bool = True) -> None:
        self._attr_name = name
        self._attr_available = available
        self._attr_todo_items = list(items)


class Sky(WeatherEntity):
    """A weather service."""

    _attr_should_poll = False
    _attr_condition = "sunny"
    _attr_native_temperature = 21.04
    _attr_native_temperature_unit = "°C"
    _attr_native_wind_speed = 3.6
    _attr_native_wind_speed_unit = "km/h"
    _attr_native_precipitation_unit = "mm"
    _attr_humidity = 55

    def __init__(self, name: str, **forecasts: list[Any] | Exception | None) -> None:
        self._attr_name = name
        self.forecasts = forecasts
        self._attr_supported_features = WeatherEntityFeature(0)
        for kind in forecasts:
            self._attr_supported_features |= WeatherEntityFeature[f"FORECAST_{kind.upper()}"]

    def _forecast(self, kind: str) -> list[Any] | None:
        forecast = self.forecasts[kind]
        if isinstance(forecast, Exception):
            raise forecast
        return forecast

    async def async_forecast_daily(self) -> list[Any] | None:
        return self._forecast("daily")

    async def async_forecast_hourly(self) -> list[Any] | None:
        return self._forecast("hourly")

    async def async_forecast_twice_daily(self) -> list[Any] | None:
        return self._forecast("twice_daily")


async def furnish(hass: HomeAssistant, domain: str, *entities: Entity) -> None:
    """Set up real entities of a domain."""
    setup_test_component_platform(hass, domain, entities)
    assert await async_setup_component(hass, domain, {domain: {"platform": "test"}})
    await hass.async_block_till_done()


async def reader_for(hass: HomeAssistant, user: MockUser | None = None) -> Reader:
    """Look at the home as an automation or as somebody."""
    return await Reader.async_from(hass, Context(user_id=user.id) if user else Context())


def somebody(hass: HomeAssistant, policy: dict[str, Any]) -> MockUser:
    """Return a user who isn't an administrator."""
    user = MockUser(name="Anna").add_to_hass(hass)
    user.mock_policy(policy)
    return user
