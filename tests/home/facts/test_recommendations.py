"""What somebody might see to."""

import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ollama.home.facts.activity import async_activity
from custom_components.ollama.home.facts.reader import Facts
from custom_components.ollama.home.facts.recommendations import async_recommendations
from custom_components.ollama.home.facts.security import async_security
from custom_components.ollama.home.facts.telling import MOST_NAMES

from .furniture import NOON, reader_for, somebody

CELSIUS = {"device_class": "temperature", "unit_of_measurement": "°C"}
LEVEL = {"device_class": "battery", "unit_of_measurement": "%"}
WINDOW = {"device_class": "window"}
# It is noon of the 14th.
TODAY, TOMORROW, SOON, LATE = (
    "2026-10-14", "2026-10-15", "2026-10-14T15:00-07:00", "2026-10-15T03:00-07:00",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _noon(freezer: Any) -> None:
    freezer.move_to(NOON)


def show(hass: HomeAssistant, entity_id: str, state: str, name: str, **attributes: Any) -> None:
    hass.states.async_set(entity_id, state, {"friendly_name": name, **attributes})


def degrees(value: float, unit: str = "°C") -> Facts:
    return {"value": value, "unit": unit}


async def advice(
    hass: HomeAssistant, forecast: Facts | None = None, user: Any = None
) -> list[Facts]:
    facts = await async_recommendations(await reader_for(hass, user), forecast)
    json.dumps(facts)
    assert facts.get("items") != []
    return facts.get("items", [])


async def kinds(hass: HomeAssistant, forecast: Facts | None = None) -> list[str]:
    return [item["kind"] for item in await advice(hass, forecast)]


async def test_nothing_to_see_to(hass: HomeAssistant) -> None:
    show(hass, "lock.front", "locked", "Front door")
    show(hass, "binary_sensor.window", "off", "Window", **WINDOW)
    show(hass, "light.kitchen", "on", "Kitchen light")
    show(hass, "person.anna", "home", "Anna")
    show(hass, "sensor.battery", "80", "Battery", **LEVEL)
    assert await async_recommendations(await reader_for(hass)) == {}


async def test_entrances(hass: HomeAssistant) -> None:
    show(hass, "lock.front", "unlocked", "Front door")
    show(hass, "lock.back", "jammed", "Back door")
    show(hass, "binary_sensor.cellar", "on", "Cellar door", device_class="door")
    assert await advice(hass) == [
        {"kind": "locks_jammed", "names": ["Back door"]},
        {"kind": "doors_unlocked", "names": ["Front door"]},
        {"kind": "doors_open", "names": ["Cellar door"]},
    ]


async def test_many_are_cut_and_counted(hass: HomeAssistant) -> None:
    for number in range(MOST_NAMES + 1):
        show(hass, f"lock.a{number:02}", "unlocked", f"Door {number}")
    (item,) = await advice(hass)
    assert item["count"] == MOST_NAMES + 1
    assert len(item["names"]) == MOST_NAMES


@pytest.mark.parametrize(
    ("forecast", "is_wet"),
    [
        ({"now": {"condition": "pouring"}}, True),
        ({"now": {"condition": "sunny"}}, False),
        ({"forecast": [{"date": TODAY, "condition": "rainy"}]}, True),
        ({"forecast": [{"date": TOMORROW, "condition": "rainy"}]}, True),
        ({"forecast": [{"date": "2026-10-16", "condition": "rainy"}]}, False),
        ({"forecast": [{"date": "2026-10-13", "condition": "rainy"}]}, False),
        ({"forecast": [{"time": SOON, "condition": "snowy"}]}, True),
        ({"forecast": [{"time": LATE, "condition": "rainy"}]}, False),
        ({"forecast": [{"time": SOON, "condition": "cloudy",
                        "precipitation_probability": {"value": 80, "unit": "%"}}]}, True),
        ({"forecast": [{"time": SOON, "condition": "rainy",
                        "precipitation_probability": {"value": 10, "unit": "%"}}]}, False),
        ({"forecast": [{"condition": "rainy"}, {"time": "soon", "condition": "rainy"}]}, False),
        ({"now": None, "forecast": None}, False),
    ],
)  # fmt: skip
async def test_windows_open_in_rain(hass: HomeAssistant, forecast: Facts, is_wet: bool) -> None:
    show(hass, "binary_sensor.window", "on", "Bathroom window", **WINDOW)
    expected = [{"kind": "windows_open_in_rain", "names": ["Bathroom window"]}] if is_wet else []
    assert await advice(hass, forecast) == expected
    hass.states.async_set("binary_sensor.window", "off", WINDOW)
    assert await kinds(hass, forecast) == []


async def test_rain_without_facts_of_the_weather(hass: HomeAssistant) -> None:
    show(hass, "binary_sensor.window", "on", "Bathroom window", **WINDOW)
    show(hass, "weather.home", "rainy", "Home", temperature=15, temperature_unit="°C")
    assert await kinds(hass) == ["windows_open_in_rain"]
    # What has been asked of the weather goes before.
    assert await kinds(hass, {"now": {"condition": "sunny"}}) == []


async def test_windows_open_in_cold(hass: HomeAssistant) -> None:
    show(hass, "binary_sensor.window", "on", "Bathroom window", **WINDOW)
    cold = {"kind": "windows_open_in_cold", "names": ["Bathroom window"]}
    assert await advice(hass, {"now": {"temperature": degrees(4)}}) == [
        cold | {"value": degrees(4)}
    ]
    fahrenheit = degrees(45, "°F")
    assert await advice(hass, {"now": {"temperature": fahrenheit}}) == [
        cold | {"value": fahrenheit}
    ]
    for nonsense in (degrees(15), degrees(4, "K"), degrees(4, "%"), {"value": "cold"}, 4):
        assert await advice(hass, {"now": {"temperature": nonsense}}) == []
    # The home's own sensor knows better.
    show(hass, "sensor.outdoor", "6.5", "Outdoor temperature", **CELSIUS)
    assert await advice(hass, {"now": {"temperature": degrees(15)}}) == [
        cold | {"value": degrees(6.5)}
    ]


async def test_lights_on_while_nobody_is_home(hass: HomeAssistant) -> None:
    show(hass, "light.kitchen", "on", "Kitchen light")
    show(hass, "light.hall", "off", "Hall light")
    assert await advice(hass) == []
    show(hass, "person.anna", "not_home", "Anna")
    lit = [{"kind": "lights_on_nobody_home", "names": ["Kitchen light"]}]
    assert await advice(hass) == lit
    # Ben may be at home.
    for state in ("unknown", "unavailable", "home"):
        show(hass, "person.ben", state, "Ben")
        assert await advice(hass) == []
    show(hass, "person.ben", "Office", "Ben")
    assert await advice(hass) == lit
    # Who may not see Ben is not told that he is away.
    entities = {"light.kitchen": True, "person.anna": True}
    guest = somebody(hass, {"entities": {"entity_ids": entities}})
    assert await advice(hass, user=guest) == []


async def test_low_batteries(hass: HomeAssistant) -> None:
    registry = er.async_get(hass)
    entry = MockConfigEntry(domain="test")
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("test", "motion")}
    )
    for domain, platform, unique_id, more in (
        ("sensor", "test", "motion", {"entity_category": er.EntityCategory.DIAGNOSTIC,
                                      "device_id": device.id}),
        ("binary_sensor", "test", "motion", {"device_id": device.id}),
        ("sensor", "mobile_app", "phone", {}),
        ("sensor", "test", "hidden", {"hidden_by": er.RegistryEntryHider.USER}),
    ):  # fmt: skip
        registry.async_get_or_create(
            domain, platform, unique_id, suggested_object_id=unique_id, **more
        )
    for name, level in (
        ("motion", "12"), ("phone", "3"), ("hidden", "3"), ("full", "90"), ("odd", "150"),
        ("gone", "unavailable"), ("nan", "nan"), ("edge", "15"), ("over", "16"),
    ):  # fmt: skip
        show(hass, f"sensor.{name}", level, name.capitalize(), **LEVEL)
    show(hass, "sensor.other", "3", "Other", unit_of_measurement="%")
    show(hass, "binary_sensor.motion", "on", "Motion low", device_class="battery")
    show(hass, "binary_sensor.remote", "on", "Remote", device_class="battery")
    show(hass, "binary_sensor.button", "off", "Button", device_class="battery")
    assert await advice(hass) == [{"kind": "batteries_low", "names": ["Edge", "Motion", "Remote"]}]
    guest = somebody(hass, {"entities": {"entity_ids": {"binary_sensor.remote": True}}})
    assert await advice(hass, user=guest) == [{"kind": "batteries_low", "names": ["Remote"]}]


@pytest.mark.parametrize(
    ("forecast", "value"),
    [
        ({"now": {"temperature": degrees(-1)}}, degrees(-1)),
        ({"forecast": [{"date": TOMORROW, "temperature": degrees(9), "low": degrees(-3)}]},
         degrees(-3)),
        ({"forecast": [{"time": SOON, "temperature": degrees(30, "°F")}]}, degrees(30, "°F")),
        ({"now": {"temperature": degrees(-1)},
          "forecast": [{"date": TODAY, "temperature": degrees(9), "low": degrees(-3)}]},
         degrees(-3)),
        ({"forecast": [{"date": TOMORROW, "temperature": degrees(9), "low": degrees(1)}]}, None),
        ({"forecast": [{"date": "2026-10-16", "low": degrees(-3)}]}, None),
    ],
)  # fmt: skip
async def test_frost(hass: HomeAssistant, forecast: Facts, value: Facts | None) -> None:
    expected = [] if value is None else [{"kind": "frost", "names": [], "value": value}]
    assert await advice(hass, forecast) == expected


async def test_the_past_without_a_recorder(hass: HomeAssistant) -> None:
    """The present is told all the same."""
    show(hass, "lock.front", "unlocked", "Front door")
    show(hass, "light.kitchen", "on", "Kitchen light")
    reader = await reader_for(hass)
    assert await async_activity(reader, reader.now.replace(hour=0)) == {}
    assert await async_security(reader, reader.now.replace(hour=0)) == {
        "locks": [{"name": "Front door", "state": "unlocked"}]
    }
