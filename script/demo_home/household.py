"""What a family has beside devices: a calendar, a list, the weather, and an energy meter."""

from datetime import UTC, datetime, timedelta
from typing import Any

from .client import HomeAssistant, Json
from .flows import ENTRY_FLOW, walk

CALENDAR = "calendar.family"
TODO_LIST = "todo.chores"
WEATHER = "weather.home"
_METER = "sensor.house_energy"
_HOURS = 30
_KWH_AN_HOUR = 0.4


def template_entities() -> dict[str, list[Json]]:
    """Return the weather and the meter as Home Assistant's configuration."""
    days = ("rainy", "partlycloudy", "sunny")
    forecast = ", ".join(
        f"{{'datetime': (today_at() + timedelta(days={day})).isoformat(), "
        f"'condition': '{condition}', 'temperature': {11 + day}, 'templow': {4 + day}, "
        f"'precipitation': {3.2 if day == 0 else 0}}}"
        for day, condition in enumerate(days)
    )
    return {
        "weather": [
            {
                "name": "Home",
                "unique_id": "home_weather",
                "condition": "rainy",
                "temperature": "9.3",
                "temperature_unit": "°C",
                "humidity": "84",
                "forecast_daily": f"{{{{ [{forecast}] }}}}",
            }
        ],
        "sensor": [
            {
                "name": "House energy",
                "unique_id": "house_energy",
                "state": str(_HOURS * _KWH_AN_HOUR),
                "unit_of_measurement": "kWh",
                "device_class": "energy",
                "state_class": "total_increasing",
            }
        ],
    }


async def move_in(ha: HomeAssistant) -> None:
    """Set up calendar and list through their dialogs, and fill everything in."""
    await walk(ha, ENTRY_FLOW, "local_calendar", {"calendar_name": "Family"})
    await walk(ha, ENTRY_FLOW, "local_todo", {"todo_list_name": "Chores"})
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    await _do(
        ha,
        "calendar",
        "create_event",
        entity_id=CALENDAR,
        summary="Dentist",
        start_date_time=(now + timedelta(hours=3)).isoformat(),
        end_date_time=(now + timedelta(hours=4)).isoformat(),
    )
    for item in ("Water the plants", "Buy milk"):
        await _do(ha, "todo", "add_item", entity_id=TODO_LIST, item=item)
    await ha.command(
        "recorder/import_statistics",
        metadata={
            "has_sum": True,
            "mean_type": 0,
            "name": None,
            "source": "recorder",
            "statistic_id": _METER,
            "unit_class": "energy",
            "unit_of_measurement": "kWh",
        },
        stats=[
            {
                "start": (now - timedelta(hours=_HOURS - hour)).isoformat(),
                "state": round(hour * _KWH_AN_HOUR, 1),
                "sum": round(hour * _KWH_AN_HOUR, 1),
            }
            for hour in range(_HOURS)
        ],
    )
    await ha.command("energy/save_prefs", energy_sources=[_grid()])


def _grid() -> Json:
    return {
        "type": "grid",
        "stat_energy_from": _METER,
        "stat_energy_to": None,
        "stat_cost": None,
        "entity_energy_price": None,
        "number_energy_price": None,
        "stat_compensation": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
        "cost_adjustment_day": 0.0,
    }


async def _do(ha: HomeAssistant, domain: str, action: str, **data: Any) -> None:
    await ha.post(f"/api/services/{domain}/{action}", data)
