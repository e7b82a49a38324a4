"""What was used and produced, from the recorder's statistics and the energy dashboard's settings."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
import json
import threading
from typing import Any

from homeassistant.components.recorder import get_instance, statistics
from homeassistant.components.recorder.db_schema import StatisticsShortTerm
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    async_import_statistics,
)
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.ollama.home.facts import energy
from custom_components.ollama.home.facts.energy import async_energy
from custom_components.ollama.home.facts.reader import Facts

from .furniture import NOON, READ_ALL, reader_for, somebody

MIDNIGHT = NOON - timedelta(hours=12)

GRID = {
    "type": "grid",
    "stat_energy_from": "sensor.grid",
    "stat_energy_to": "sensor.returned",
    "stat_cost": "sensor.cost",
    "entity_energy_price": None,
    "number_energy_price": None,
    "stat_compensation": "sensor.compensation",
    "entity_energy_price_export": None,
    "number_energy_price_export": None,
    "cost_adjustment_day": 0,
}
SOLAR = {
    "type": "solar",
    "stat_energy_from": "sensor.solar",
    "config_entry_solar_forecast": None,
}
BATTERY = {
    "type": "battery",
    "stat_energy_from": "sensor.discharged",
    "stat_energy_to": "sensor.charged",
}
GAS = {
    "type": "gas",
    "stat_energy_from": "sensor.gas",
    "stat_cost": "sensor.gas_cost",
    "entity_energy_price": None,
    "number_energy_price": None,
}
WATER = {**GAS, "type": "water", "stat_energy_from": "sensor.water", "stat_cost": None}

type Configure = Callable[..., Awaitable[None]]


@pytest.fixture(autouse=True)
def _custom_integration(recorder_mock: Any, enable_custom_integrations: None) -> None:
    """Start the recorder first of all."""


@pytest.fixture
async def configure(hass: HomeAssistant, hass_ws_client: Any, freezer: Any) -> Configure:
    """Return a function that saves the settings of the energy dashboard, as its owner does."""
    assert await async_setup_component(hass, "energy", {})
    await hass.async_block_till_done()
    client = await hass_ws_client(hass)
    freezer.move_to(NOON)

    async def save(*sources: dict[str, Any], devices: Any = ()) -> None:
        await client.send_json_auto_id(
            {
                "type": "energy/save_prefs",
                "energy_sources": list(sources),
                "device_consumption": list(devices),
            }
        )
        answer = await client.receive_json()
        assert answer["success"], answer
        await hass.async_block_till_done()

    return save


async def count(
    hass: HomeAssistant,
    statistic: str,
    *changes: float,
    unit: str | None = "kWh",
    until: datetime = NOON,
    name: str | None = None,
    ago: timedelta = timedelta(days=4),
    total: float = 5000.0,
) -> None:
    """Keep what a meter counted in each of the hours before noon; it began long before."""
    external = ":" in statistic
    unit_class = {"kWh": "energy", "Wh": "energy", "m³": "volume", "L": "volume"}.get(unit or "")
    first = until - timedelta(hours=len(changes))
    # Home Assistant was off for some days in between.
    rows = [{"start": first - ago, "state": total, "sum": total}]
    for hour, change in enumerate(changes):
        total += change
        rows.append({"start": first + timedelta(hours=hour), "state": total, "sum": total})
    (async_add_external_statistics if external else async_import_statistics)(
        hass,
        {
            "source": statistic.split(":", maxsplit=1)[0] if external else "recorder",
            "statistic_id": statistic,
            "name": name,
            "unit_of_measurement": unit,
            "unit_class": unit_class,
            "has_sum": True,
            "mean_type": StatisticMeanType.NONE,
        },
        rows,
    )
    await async_wait_recording_done(hass)


async def used(hass: HomeAssistant, since: datetime = MIDNIGHT, user: Any = None) -> Facts:
    return await async_energy(await reader_for(hass, user), since)


def kwh(value: float) -> Facts:
    return {"value": value, "unit": "kWh"}


async def test_the_day(hass: HomeAssistant, configure: Configure) -> None:
    hass.config.currency = "CHF"
    await configure(GRID, SOLAR, BATTERY, GAS, WATER)
    await count(hass, "sensor.grid", 1, 0.5, 0.125)
    await count(hass, "sensor.returned", 2000, unit="Wh")
    await count(hass, "sensor.solar", 3, 4)
    await count(hass, "sensor.discharged", 0.4)
    await count(hass, "sensor.charged", 0)
    await count(hass, "sensor.gas", 1.234, unit="m³")
    await count(hass, "sensor.water", 0.12, unit="m³")
    await count(hass, "sensor.cost", 0.7, 0.2, unit="CHF")
    await count(hass, "sensor.gas_cost", 1.5, unit=None)
    await count(hass, "sensor.compensation", 0.31, unit="CHF")
    facts = await used(hass)
    assert facts == {
        "from": "2026-10-14T00:00-07:00",
        "until": "2026-10-14T12:00-07:00",
        "grid_consumption": kwh(1.62),
        "grid_return": kwh(2.0),
        "solar_production": kwh(7.0),
        "battery_charged": kwh(0.0),
        "battery_discharged": kwh(0.4),
        "gas": {"value": 1.23, "unit": "m³"},
        "water": {"value": 120.0, "unit": "L"},
        "cost": {"value": 2.4, "unit": "CHF"},
        "compensation": {"value": 0.31, "unit": "CHF"},
    }
    json.dumps(facts)


async def test_only_since_then(hass: HomeAssistant, configure: Configure) -> None:
    await configure(GRID)
    await count(hass, "sensor.grid", 8, 4, 2, 1)
    facts = await used(hass, NOON - timedelta(hours=2))
    assert facts["grid_consumption"] == kwh(3.0)
    assert facts["from"] == "2026-10-14T10:00-07:00"


async def test_minutes_that_are_not_an_hour_yet(
    hass: HomeAssistant, configure: Configure, freezer: Any
) -> None:
    attributes = {
        "device_class": "energy", "state_class": "total_increasing", "unit_of_measurement": "kWh",
    }  # fmt: skip
    assert await async_setup_component(hass, "sensor", {})
    await configure(GRID)
    for place, state in enumerate(("10", "11.5", "13.5")):
        start = NOON + timedelta(minutes=5 * place)
        freezer.move_to(start + timedelta(seconds=10))
        hass.states.async_set("sensor.grid", state, attributes)
        await async_wait_recording_done(hass)
        freezer.move_to(start + timedelta(minutes=5))
        do_adhoc_statistics(hass, start=start)
        await async_wait_recording_done(hass)
    assert (await used(hass, NOON))["grid_consumption"] == kwh(3.5)


async def test_hours_and_the_minutes_after_them(
    hass: HomeAssistant, configure: Configure, freezer: Any
) -> None:
    """Also on the stroke of the hour, when the last one is not summed up yet."""
    await configure(GRID)
    hour = NOON - timedelta(hours=1)
    await count(hass, "sensor.grid", 1, 1, until=hour)
    metadata = statistics.get_metadata(hass, statistic_ids={"sensor.grid"})["sensor.grid"][1]
    rows = [
        {"start": hour + timedelta(minutes=minute), "sum": total}
        for minute, total in ((-5, 5002.0), (0, 5002.25), (55, 5003.5))
    ]
    get_instance(hass).async_import_statistics(metadata, rows, StatisticsShortTerm)
    await async_wait_recording_done(hass)
    for minute in (0, 5):
        freezer.move_to(NOON + timedelta(minutes=minute))
        assert (await used(hass))["grid_consumption"] == kwh(3.5)


async def test_a_meter_that_came_today(hass: HomeAssistant, configure: Configure) -> None:
    """What it counted in its life was not used today."""
    await configure(GRID)
    await count(hass, "sensor.grid", 1, 1, until=NOON, ago=timedelta(hours=2))
    assert (await used(hass))["grid_consumption"] == kwh(2.0)


async def test_a_meter_that_had_counted_nothing_yet(
    hass: HomeAssistant, configure: Configure, freezer: Any
) -> None:
    """Its first hour counts if it was there before, be it long ago."""
    devices = [{"stat_consumption": f"sensor.{name}"} for name in ("new", "known", "old")]
    await configure(devices=devices)
    await count(hass, "sensor.new", 2, 1, total=0, ago=timedelta(hours=-1))
    await count(hass, "sensor.known", 2, 1, total=0, ago=timedelta(hours=1))
    await count(hass, "sensor.old", 2, 1, total=0)
    found = {device["name"]: device["consumption"] for device in (await used(hass))["devices"]}
    assert found == {"sensor.new": kwh(1.0), "sensor.known": kwh(3.0), "sensor.old": kwh(3.0)}


async def test_minutes_of_a_meter_that_had_counted_nothing_yet(
    hass: HomeAssistant, configure: Configure, freezer: Any
) -> None:
    await configure(GRID)
    await count(hass, "sensor.grid", total=0)
    metadata = statistics.get_metadata(hass, statistic_ids={"sensor.grid"})["sensor.grid"][1]
    rows = [
        {"start": NOON + timedelta(minutes=minute), "sum": total}
        for minute, total in ((-5, 0.0), (0, 0.5), (5, 0.75))
    ]
    get_instance(hass).async_import_statistics(metadata, rows, StatisticsShortTerm)
    await async_wait_recording_done(hass)
    freezer.move_to(NOON + timedelta(minutes=10))
    assert (await used(hass, NOON))["grid_consumption"] == kwh(0.75)


async def test_a_day_of_25_hours(hass: HomeAssistant, configure: Configure, freezer: Any) -> None:
    end = datetime(2026, 11, 2, 8, tzinfo=dt_util.UTC)  # midnight
    freezer.move_to(end)
    await configure(GRID)
    await count(hass, "sensor.grid", *([1.0] * 30), until=end)
    sunday = dt_util.start_of_local_day(date(2026, 11, 1))
    facts = await used(hass, sunday)
    assert facts["grid_consumption"] == kwh(25.0)
    assert facts["from"] == "2026-11-01T00:00-07:00"
    assert facts["until"] == "2026-11-02T00:00-08:00"


async def test_several_sources_of_a_kind_add_up(hass: HomeAssistant, configure: Configure) -> None:
    night = {
        **GRID, "stat_energy_from": "power:night", "stat_energy_to": None, "stat_cost": None,
        "stat_compensation": None,
    }  # fmt: skip
    hot_gas = {**GAS, "stat_energy_from": "sensor.hot_gas", "stat_cost": None}
    await configure(GRID, night, SOLAR, {**SOLAR, "stat_energy_from": "sensor.dead"}, GAS, hot_gas)
    await count(hass, "sensor.grid", 1)
    await count(hass, "power:night", 2.5)
    await count(hass, "sensor.solar", 3)
    await count(hass, "sensor.gas", 1, unit="m³")
    await count(hass, "sensor.hot_gas", 11)
    facts = await used(hass)
    assert facts["grid_consumption"] == kwh(3.5)
    assert facts["solar_production"] == kwh(3.0)
    # Cubic metres and kilowatt hours don't.
    assert facts["gas"] == {"value": 1.0, "unit": "m³"}
    assert "cost" not in facts


async def test_in_the_units_of_the_home(hass: HomeAssistant, configure: Configure) -> None:
    hass.config.units = US_CUSTOMARY_SYSTEM
    await configure(GAS, WATER)
    await count(hass, "sensor.gas", 1, unit="m³")
    await count(hass, "sensor.water", 100, unit="L")
    facts = await used(hass)
    assert facts["gas"] == {"value": 35.31, "unit": "ft³"}
    assert facts["water"] == {"value": 26.42, "unit": "gal"}


async def test_devices_that_used_most(hass: HomeAssistant, configure: Configure) -> None:
    used_by = {"washer": 0.4, "oven": 2.0, "car": 11.0, "tv": 0.1, "pump": 0.9, "lamp": 0.05}
    await configure(
        devices=[
            {"stat_consumption": "sensor.idle"},
            {"stat_consumption": "plug:heater"},
            {"stat_consumption": "sensor.dead"},
            {"stat_consumption": "sensor.tank"},
            {"stat_consumption": "sensor.car", "name": "Electric\ncar"},
            *({"stat_consumption": f"sensor.{name}"} for name in used_by if name != "car"),
        ]
    )
    for name, value in used_by.items():
        await count(hass, f"sensor.{name}", value)
    await count(hass, "sensor.idle", 0.001)
    await count(hass, "plug:heater", 3, name="Heater")
    await count(hass, "sensor.tank", 99, unit="%")
    hass.states.async_set("sensor.oven", "1", {"friendly_name": "Oven energy"})
    assert (await used(hass))["devices"] == [
        {"name": "Electric car", "consumption": kwh(11.0)},
        {"name": "Heater", "consumption": kwh(3.0)},
        {"name": "Oven energy", "consumption": kwh(2.0)},
        {"name": "sensor.pump", "consumption": kwh(0.9)},
        {"name": "sensor.washer", "consumption": kwh(0.4)},
    ]


async def test_the_cost_that_home_assistant_works_out(
    hass: HomeAssistant, configure: Configure
) -> None:
    """From a price: the dashboard makes a sensor for it."""
    attributes = {
        "device_class": "energy", "state_class": "total_increasing", "unit_of_measurement": "kWh",
    }  # fmt: skip
    for meter in ("grid", "returned"):
        hass.states.async_set(f"sensor.{meter}", "1", attributes)
    priced = {
        **GRID, "stat_cost": None, "number_energy_price": 0.4, "stat_compensation": None,
        "number_energy_price_export": 0.1,
    }  # fmt: skip
    await configure(priced)
    for meter, change in (("grid_cost", 0.8), ("returned_compensation", 0.3)):
        assert hass.states.get(f"sensor.{meter}"), hass.states.async_entity_ids("sensor")
        await count(hass, f"sensor.{meter}", change, unit="EUR")
    facts = await used(hass)
    assert facts["cost"] == {"value": 0.8, "unit": "EUR"}
    assert facts["compensation"] == {"value": 0.3, "unit": "EUR"}


async def test_nonsense_is_left_out(hass: HomeAssistant, configure: Configure) -> None:
    water = {**WATER, "stat_energy_from": "sensor.odd"}
    await configure(GRID, SOLAR, water)
    await count(hass, "sensor.grid", -7)
    await count(hass, "sensor.cost", -0.5, unit="EUR")
    await count(hass, "sensor.odd", 4, unit="buckets")
    await count(hass, "sensor.solar", 4, until=NOON - timedelta(days=2))
    # A price below zero is no nonsense.
    facts = await used(hass)
    assert set(facts) == {"from", "until", "cost"}
    assert facts["cost"]["value"] == -0.5


async def test_nothing_to_tell(hass: HomeAssistant, configure: Configure) -> None:
    assert await used(hass) == {}
    await configure()
    assert await used(hass) == {}
    await configure(GRID)
    assert await used(hass) == {}


async def test_without_the_dashboard(hass: HomeAssistant) -> None:
    assert await used(hass) == {}


async def test_only_what_the_user_may_see(hass: HomeAssistant, configure: Configure) -> None:
    devices = [{"stat_consumption": "sensor.car"}, {"stat_consumption": "plug:heater"}]
    await configure(GRID, SOLAR, devices=devices)
    await count(hass, "sensor.grid", 1)
    await count(hass, "sensor.solar", 2)
    await count(hass, "sensor.car", 3)
    await count(hass, "plug:heater", 4, name="Heater")
    some = somebody(hass, {"entities": {"entity_ids": {"sensor.solar": True, "sensor.car": True}}})
    facts = await used(hass, user=some)
    assert set(facts) == {"from", "until", "solar_production", "devices"}
    assert [device["name"] for device in facts["devices"]] == ["sensor.car"]
    facts = await used(hass, user=somebody(hass, READ_ALL))
    assert facts["grid_consumption"] == kwh(1.0)
    assert len(facts["devices"]) == 2
    assert await used(hass, user=somebody(hass, {})) == {}


async def test_not_on_the_event_loop(
    hass: HomeAssistant, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    await configure(GRID)
    await count(hass, "sensor.grid", 1)
    threads = []

    def seen(*args: Any, **kwargs: Any) -> Any:
        threads.append(threading.current_thread())
        return statistics.statistics_during_period(*args, **kwargs)

    monkeypatch.setattr(energy, "statistics_during_period", seen)
    assert await used(hass)
    assert threads
    assert threading.main_thread() not in threads
