"""How the home is now."""

import json
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ollama.home.facts.home_status import (
    MOST_ENTITIES,
    async_home,
    async_rooms,
)
from custom_components.ollama.home.facts.reader import Facts
from custom_components.ollama.home.facts.telling import MOST_NAMES
from custom_components.ollama.home.facts.weather import async_weather

from ..conftest import put
from .furniture import reader_for, somebody

NOTHING = {"count": 0, "names": []}
CELSIUS = {"device_class": "temperature", "unit_of_measurement": "°C"}


def one(name: str) -> Facts:
    return {"count": 1, "names": [name]}


def show(hass: HomeAssistant, which: str, state: str, name: str, **attributes: Any) -> None:
    hass.states.async_set(which, state, {"friendly_name": name, **attributes})


def contact(hass: HomeAssistant, entity_id: str, name: str, device_class: str) -> None:
    """Put an open door or window into the home."""
    show(hass, f"binary_sensor.{entity_id}", "on", name, device_class=device_class)


def degrees(value: float, unit: str = "°C") -> Facts:
    return {"value": value, "unit": unit}


def of_one_device(hass: HomeAssistant, *entity_ids: str) -> None:
    entry = MockConfigEntry(domain="test")
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("test", entity_ids[0])}
    )
    for entity_id in entity_ids:
        domain, _, object_id = entity_id.partition(".")
        er.async_get(hass).async_get_or_create(
            domain, "test", object_id, suggested_object_id=object_id, device_id=device.id
        )


async def home(hass: HomeAssistant, user: Any = None) -> Facts:
    facts = await async_home(await reader_for(hass, user))
    json.dumps(facts)
    return facts


async def test_an_empty_home(hass: HomeAssistant) -> None:
    assert await home(hass) == {}


async def test_everything(hass: HomeAssistant) -> None:
    show(hass, "light.kitchen", "on", "Kitchen light")
    show(hass, "light.hall", "off", "Hall light")
    show(hass, "lock.front", "locked", "Front door")
    show(hass, "lock.back", "unlocked", "Back door")
    contact(hass, "cellar", "Cellar door", "door")
    show(hass, "cover.garage", "open", "Garage", device_class="garage")
    show(hass, "cover.blind", "open", "Blind", device_class="blind")
    show(hass, "binary_sensor.bath", "off", "Bathroom window", device_class="window")
    show(hass, "climate.living", "heat", "Living room", current_temperature=20.46)
    show(hass, "weather.home", "sunny", "Home", temperature=11.9, temperature_unit="°C")
    show(hass, "person.anna", "home", "Anna")
    show(hass, "person.ben", "Office", "Ben")
    show(hass, "alarm_control_panel.home", "armed_away", "House alarm")
    assert await home(hass) == {
        "lights_on": one("Kitchen light"),
        "doors_unlocked": one("Back door"),
        "doors_open": {"count": 2, "names": ["Garage", "Cellar door"]},
        "windows_open": NOTHING,
        "temperature_indoor": degrees(20.5),
        "temperature_outdoor": degrees(11.9),
        "people_home": one("Anna"),
        "people_away": one("Ben"),
        "alarms": [{"name": "House alarm", "state": "armed_away"}],
    }


@pytest.mark.parametrize("state", ["unavailable", "unknown", ""])
async def test_what_has_no_value_is_left_out(hass: HomeAssistant, state: str) -> None:
    for entity_id in (
        "light.a", "lock.a", "cover.a", "binary_sensor.a", "climate.a", "weather.a", "person.a",
        "alarm_control_panel.a", "sensor.a",
    ):  # fmt: skip
        show(hass, entity_id, state, "A", **CELSIUS)
    assert await home(hass) == {}


async def test_only_what_the_user_may_see(hass: HomeAssistant) -> None:
    show(hass, "light.kitchen", "on", "Kitchen light")
    show(hass, "light.study", "on", "Study light")
    show(hass, "lock.front", "unlocked", "Front door")
    show(hass, "climate.living", "heat", "Living room", current_temperature=20)
    show(hass, "sensor.study", "15", "Study", **CELSIUS)
    ar.async_get(hass).async_create("Study", temperature_entity_id="sensor.study")
    guest = somebody(hass, {"entities": {"entity_ids": {"light.kitchen": True}}})
    assert await home(hass, guest) == {"lights_on": one("Kitchen light")}
    assert await home(hass, somebody(hass, {})) == {}
    assert (await home(hass))["lights_on"]["count"] == 2


async def test_a_group_counts_as_its_members(hass: HomeAssistant) -> None:
    show(hass, "light.left", "on", "Left")
    show(hass, "light.right", "off", "Right")
    show(hass, "light.both", "on", "Both", entity_id=["light.left", "light.right"])
    show(hass, "light.room", "on", "Hue room", is_hue_group=True)
    assert (await home(hass))["lights_on"] == one("Left")


async def test_a_group_stands_for_hidden_members(hass: HomeAssistant) -> None:
    registry = er.async_get(hass)
    put(hass, "light.left", "Left", state="on")
    registry.async_update_entity("light.left", hidden_by=er.RegistryEntryHider.USER)
    show(hass, "light.both", "on", "Both", entity_id=["light.left"])
    assert (await home(hass))["lights_on"] == one("Both")


async def test_names_are_cut_and_counted(hass: HomeAssistant) -> None:
    for number in range(MOST_NAMES + 5):
        show(hass, f"light.a{number:02}", "on", f"Lamp\n{number} {'x' * 300}")
    lights = (await home(hass))["lights_on"]
    assert lights["count"] == MOST_NAMES + 5
    assert len(lights["names"]) == MOST_NAMES
    assert lights["names"][0].startswith("Lamp 0 xxx")
    assert all(len(name) <= 200 for name in lights["names"])


@pytest.mark.parametrize(
    ("name", "device_class", "kind"),
    [
        ("Kitchen window", "opening", "windows_open"),
        ("Badezimmerfenster", "door", "windows_open"),
        ("Keukenraam", "door", "windows_open"),
        ("Garage window", "door", "windows_open"),
        ("Fenêtre de la cuisine", "opening", "windows_open"),
        ("Ventana del baño", "door", "windows_open"),
        ("Front", "opening", "doors_open"),
        ("Window side door", "door", "doors_open"),
        ("Garage", "garage_door", "doors_open"),
        ("Left", "window", "windows_open"),
    ],
)
async def test_a_contact_is_a_doors_or_a_windows(
    hass: HomeAssistant, name: str, device_class: str, kind: str
) -> None:
    """Bridges call any contact a door: the name tells."""
    contact(hass, "contact", name, device_class)
    assert await home(hass) == {kind: one(name)}


@pytest.mark.parametrize(
    "name", ["Fridge door", "Wasmachine deur", "Kühlschranktür", "Porte du four", "Puerta nevera"]
)
async def test_doors_of_appliances_are_no_doors(hass: HomeAssistant, name: str) -> None:
    contact(hass, "door", name, "door")
    assert await home(hass) == {}


async def test_sensors_of_a_thing_that_tells_itself(hass: HomeAssistant) -> None:
    of_one_device(hass, "cover.garage", "binary_sensor.garage")
    show(hass, "cover.garage", "open", "Garage door", device_class="garage")
    contact(hass, "garage", "Garage door contact", "garage_door")
    of_one_device(hass, "lock.front", "binary_sensor.front")
    show(hass, "lock.front", "unlocked", "Front door")
    contact(hass, "front", "Front door bolt", "lock")
    contact(hass, "cellar", "Cellar bolt", "lock")
    facts = await home(hass)
    assert facts["doors_open"] == one("Garage door")
    assert facts["doors_unlocked"] == {"count": 2, "names": ["Front door", "Cellar bolt"]}


async def test_in_a_small_zone_within_the_home(hass: HomeAssistant) -> None:
    show(hass, "person.anna", "Garden", "Anna", in_zones=["zone.garden", "zone.home"])
    assert (await home(hass))["people_home"] == one("Anna")


@pytest.mark.parametrize(
    ("name", "device_class", "state"),
    [
        ("Kitchen smoke", "smoke", "smoke"),
        ("Boiler", "carbon_monoxide", "carbon monoxide"),
        ("Drain", "moisture", "wet"),
    ],
)
async def test_hazards_are_alarms(
    hass: HomeAssistant, name: str, device_class: str, state: str
) -> None:
    contact(hass, "hazard", name, device_class)
    show(hass, "binary_sensor.calm", "off", "Calm", device_class=device_class)
    contact(hass, "rain", "Rain sensor", "moisture")
    assert await home(hass) == {"alarms": [{"name": name, "state": state}]}


async def test_temperatures_of_areas_go_first(hass: HomeAssistant) -> None:
    areas = ar.async_get(hass)
    for area, state, unit in (
        ("Kitchen", "20", "°C"),
        ("Bedroom", "64.4", "°F"),
        ("Attic", "nan", "°C"),
        ("Cellar", "999", "°C"),
        ("Garage", "5", "°C"),
        ("Garden", "8.04", "°C"),
    ):
        sensor = f"sensor.{area.lower()}"
        show(hass, sensor, state, area, **CELSIUS | {"unit_of_measurement": unit})
        areas.async_create(area, temperature_entity_id=sensor)
    show(hass, "sensor.gone", "30", "Hall", **CELSIUS)
    areas.async_create("Hall", temperature_entity_id="sensor.gone")
    hass.states.async_remove("sensor.gone")
    show(hass, "climate.hall", "heat", "Hall", current_temperature=30)
    show(hass, "weather.home", "sunny", "Home", temperature=11.9, temperature_unit="°C")
    assert await home(hass) == {
        "temperature_indoor": degrees(19.0),
        "temperature_outdoor": degrees(8.0),
    }


async def test_thermostats_of_rooms_go_before_others(hass: HomeAssistant) -> None:
    put(
        hass, "climate.living", "Living", area="Living room", attributes={"current_temperature": 20}
    )
    put(hass, "climate.patio", "Heater", area="Patio", attributes={"current_temperature": 9})
    show(hass, "climate.car", "off", "Car", current_temperature=33)
    show(hass, "climate.pool", "heat", "Pool", current_temperature=28)
    show(hass, "climate.broken", "heat", "Broken", current_temperature="warm")
    assert await home(hass) == {"temperature_indoor": degrees(20.0)}
    hass.states.async_remove("climate.living")
    assert await home(hass) == {"temperature_indoor": degrees(33.0)}


@pytest.mark.parametrize(
    "name",
    [
        "Fridge temperature", "Vriezer", "Kühlschranktemperatur", "Congélateur", "Nevera",
        "CPU temperature", "Pool temperature", "Warmwasser", "Eau chaude", "Zieltemperatur",
        "Dew point", "Garden door temperature", "Gartentür Temperatur",
    ],
)  # fmt: skip
async def test_temperatures_of_things_are_not_those_of_rooms(
    hass: HomeAssistant, name: str
) -> None:
    put(hass, "sensor.kitchen", "Kitchen", area="Kitchen", state="20", attributes=CELSIUS)
    put(hass, "sensor.thing", name, area="Kitchen", state="30", attributes=CELSIUS)
    put(hass, "sensor.oven", "Roast", area="Kitchen", state="180", attributes=CELSIUS)
    put(hass, "sensor.nowhere", "Nowhere", state="30", attributes=CELSIUS)
    put(hass, "sensor.unitless", "Odd", area="Kitchen", state="30",
        attributes={"device_class": "temperature"})  # fmt: skip
    put(hass, "sensor.inside", "Inside", area="Kitchen", state="30", attributes=CELSIUS)
    er.async_get(hass).async_update_entity(
        "sensor.inside", entity_category=EntityCategory.DIAGNOSTIC
    )
    assert await home(hass) == {"temperature_indoor": degrees(20.0)}


@pytest.mark.parametrize(
    ("name", "area"),
    [
        ("Outdoor temperature", None), ("Buitentemperatuur", None), ("Außentemperatur", "Hall"),
        ("Température extérieure", None), ("Temperatura exterior", None), ("North", "Garden"),
        ("North", "Terrasse"),
    ],
)  # fmt: skip
async def test_a_sensor_outside(hass: HomeAssistant, name: str, area: str | None) -> None:
    """It goes before the weather service, and isn't a room."""
    put(hass, "sensor.a", name, area=area, state="7.5", attributes=CELSIUS)
    put(hass, "sensor.b", "Winter garden", area="Wintergarten", state="18", attributes=CELSIUS)
    show(hass, "weather.home", "sunny", "Home", temperature=11.9, temperature_unit="°C")
    assert await home(hass) == {"temperature_outdoor": degrees(7.5)}


async def test_temperatures_in_the_homes_own_unit(hass: HomeAssistant) -> None:
    hass.config.units = US_CUSTOMARY_SYSTEM
    put(hass, "sensor.kitchen", "Kitchen", area="Kitchen", state="20", attributes=CELSIUS)
    show(hass, "weather.home", "sunny", "Home", temperature=10, temperature_unit="°C")
    assert await home(hass) == {
        "temperature_indoor": degrees(68.0, "°F"),
        "temperature_outdoor": degrees(50.0, "°F"),
    }


@pytest.mark.parametrize("temperature", [None, True, "warm", float("inf"), 400])
async def test_a_weather_service_that_talks_nonsense(
    hass: HomeAssistant, temperature: object
) -> None:
    show(hass, "weather.a", "sunny", "A", temperature=temperature, temperature_unit="°C")
    assert await home(hass) == {}


@pytest.mark.parametrize("unit", [{"in": "°C"}, ["°C"], 5, None])
async def test_units_of_any_type(hass: HomeAssistant, unit: object) -> None:
    show(hass, "weather.home", "sunny", "Home", temperature=20, temperature_unit=unit)
    measured = {"device_class": "temperature", "unit_of_measurement": unit}
    show(hass, "sensor.outside", "20", "Outside", **measured)
    assert await home(hass) == {}


async def test_numbers_of_any_size(hass: HomeAssistant) -> None:
    huge = 10**400
    show(hass, "weather.home", "sunny", "Home", temperature=huge, temperature_unit="°C")
    show(hass, "climate.hall", "heat", "Hall", current_temperature=huge)
    for entity_id in ("weather.home", "climate.hall"):
        async_expose_entity(hass, "conversation", entity_id, True)
    assert await home(hass) == {}
    rooms = (await async_rooms(await reader_for(hass)))["rooms"]
    assert rooms == {"No area": {"Hall": "heat", "Home": "sunny"}}
    facts = await async_weather(await reader_for(hass), None)
    assert facts["now"] == {"condition": "sunny"}


@pytest.mark.parametrize("name", [5, ["Lamp"], {"name": "Lamp"}, True])
async def test_names_of_any_type(hass: HomeAssistant, name: object) -> None:
    hass.states.async_set("light.lamp", "on", {"friendly_name": name})
    async_expose_entity(hass, "conversation", "light.lamp", True)
    assert (await home(hass))["lights_on"] == one(str(name))
    facts = await async_rooms(await reader_for(hass))
    assert facts == {"rooms": {"No area": {str(name): "on"}}}


async def test_room_by_room(hass: HomeAssistant) -> None:
    put(hass, "light.kitchen", "Light", area="Kitchen", state="on")
    put(hass, "climate.kitchen", "Heating", area="Kitchen", state="heat",
        attributes={"current_temperature": 20.5})  # fmt: skip
    put(hass, "sensor.kitchen", "Temperature", area="Kitchen", state="20.44", attributes=CELSIUS)
    put(hass, "sensor.kitchen_2", "Temperature", area="Kitchen", state="21", attributes=CELSIUS)
    put(hass, "sensor.nan", "Power", area="Kitchen", state="nan")
    put(hass, "sensor.wake", "Alarm clock", area="Bedroom", state="2026-10-14T14:30:59+00:00",
        attributes={"device_class": "timestamp"})  # fmt: skip
    put(hass, "sensor.wake_2", "Odd clock", state="soon", attributes={"device_class": "timestamp"})
    put(hass, "binary_sensor.window", "Window", area="Bedroom", state="on",
        attributes={"device_class": "window"})  # fmt: skip
    put(hass, "sensor.note", "Note", state="two\nlines")
    put(hass, "weather.home", "Weather", state="sunny",
        attributes={"temperature": 53, "temperature_unit": "°F"})  # fmt: skip
    put(hass, "person.anna", "Anna", state="not_home")
    put(hass, "input_number.volume", "Volume", state="30", attributes={"unit_of_measurement": "%"})
    put(hass, "scene.movie", "Movie", state="2026-10-14T14:30:59+00:00")
    put(hass, "light.dead", "Dead", area="Kitchen", state="unavailable")
    put(hass, "light.secret", "Secret", area="Kitchen", state="on", exposed=False)
    facts = await async_rooms(await reader_for(hass))
    assert facts == {
        "rooms": {
            "Bedroom": {"Alarm clock": "2026-10-14T07:30-07:00", "Window": "open"},
            "Kitchen": {
                "Heating": "heat, 20.5 °C",
                "Light": "on",
                "Temperature": "20.44 °C",
                "Temperature [sensor.kitchen_2]": "21 °C",
            },
            "No area": {
                "Anna": "away",
                "Note": "two lines",
                "Volume": "30 %",
                "Weather": "sunny, 53 °F",
            },
        }
    }
    guest = somebody(hass, {"entities": {"entity_ids": {"light.kitchen": {"read": True}}}})
    assert await async_rooms(await reader_for(hass, guest)) == {
        "rooms": {"Kitchen": {"Light": "on"}}
    }
    assert await async_rooms(await reader_for(hass, somebody(hass, {}))) == {}


async def test_a_large_home_is_cut_and_counted(hass: HomeAssistant) -> None:
    for number in range(MOST_ENTITIES + 7):
        hass.states.async_set(f"light.a{number:03}", "on")
        async_expose_entity(hass, "conversation", f"light.a{number:03}", True)
    facts = await async_rooms(await reader_for(hass))
    assert facts["device_count"] == MOST_ENTITIES + 7
    assert len(facts["rooms"]["No area"]) == MOST_ENTITIES


async def test_the_sensor_of_a_door_to_the_garden_is_inside(hass: HomeAssistant) -> None:
    put(hass, "sensor.a", "Garden door temperature", area="Kitchen", state="20", attributes=CELSIUS)
    assert await home(hass) == {}
