"""Facts as plain sentences, in the five languages."""

from datetime import datetime
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ollama.home.facts.figures import invented
from custom_components.ollama.home.facts.plain import async_plain, tell
from custom_components.ollama.home.facts.spoken import LANGUAGES, Words

# A Wednesday, noon in the tests' zone.
NOON = datetime(2026, 10, 14, 19, 0, tzinfo=dt_util.UTC)


@pytest.fixture(autouse=True)
def _noon(freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to(NOON)


def figure(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit}


def some(*names: str, count: int | None = None) -> dict[str, Any]:
    return {"count": len(names) if count is None else count, "names": list(names)}


FACTS: dict[str, dict[str, Any]] = {
    "calendar": {
        "events": [
            {"summary": "Dentist!", "start": "2026-10-14T14:30-07:00", "end": "2026-10-14T15:00-07:00",
             "all_day": False, "calendar": "Family", "location": "Main Street 5"},
            {"summary": "Holiday", "start": "2026-10-12", "end": "2026-10-15", "all_day": True},
            {"summary": "Garbage\nday", "start": "2026-10-15", "all_day": True},
            {"summary": "Choir", "start": "2026-10-16T02:15+00:00", "all_day": False},
            {"summary": "Exam", "start": "2026-10-19T09:00-07:00", "all_day": False},
            {"summary": "Trip", "start": "2026-12-24", "all_day": True},
        ],
        "count": 8,
    },
    "weather": {
        "name": "Home",
        "now": {"condition": "partlycloudy", "temperature": figure(12.34, "°C"),
                "humidity": figure(60, "%"), "wind_speed": figure(-0.04, "km/h")},
        "forecast": [
            {"date": "2026-10-15", "condition": "rainy", "temperature": figure(9, "°C"),
             "low": figure(-2.5, "°C"), "precipitation": figure(5.2, "mm"),
             "precipitation_probability": figure(80, "%")},
            {"time": "2026-10-14T15:00-07:00", "temperature": figure(11, "°C")},
        ],
    },
    "home": {
        "lights_on": some("Kitchen light"),
        "doors_unlocked": some("Front door", "Back door"),
        "doors_open": some(),
        "windows_open": some("Attic", "Bath", "Hall", count=7),
        "temperature_indoor": figure(21.46, "°C"),
        "temperature_outdoor": figure(-3, "°C"),
        "people_home": some("Anna", "Ben", "Carl"),
        "people_away": some(),
        "alarms": [{"name": "House alarm", "state": "armed_away"}, {"name": "Cellar", "state": "wet"}],
    },
    "activity": {
        "switched": [
            {"name": "TV", "times": 3, "last": "2026-10-14T11:00-07:00"},
            {"name": "Fan", "times": 1, "last": "2026-10-13T23:59-07:00"},
        ],
        "switched_count": 5,
        "people": [
            {"time": "2026-10-14T08:01-07:00", "name": "Anna", "state": "away"},
            {"time": "2026-10-14T09:30-07:00", "name": "Anna", "state": "Office"},
            {"time": "2026-10-14T11:45-07:00", "name": "Anna", "state": "home"},
        ],
    },
    "energy": {
        "from": "2026-10-14T00:00-07:00", "until": "2026-10-14T12:00-07:00",
        "grid_consumption": figure(5.25, "kWh"), "grid_return": figure(2, "kWh"),
        "solar_production": figure(10.5, "kWh"), "battery_charged": figure(1, "kWh"),
        "battery_discharged": figure(0.5, "kWh"), "gas": figure(1.2, "m³"),
        "water": figure(120, "L"), "cost": figure(3.256, "EUR"), "compensation": figure(0.5, "EUR"),
        "devices": [{"name": "Oven", "consumption": figure(2.1, "kWh")},
                    {"name": "TV", "consumption": figure(0.4, "kWh")}],
    },
    "security": {
        "locks": [{"name": "Front door", "state": "unlocked"}, {"name": "Shed", "state": "jammed"}],
        "doors_open": some(),
        "windows_open": some("Roof"),
        "alarms": [{"name": "House alarm", "state": "armed_away"}],
        "events": [
            {"time": "2026-10-14T07:05-07:00", "name": "Garage", "state": "open"},
            {"time": "2026-10-14T07:06-07:00", "name": "Front door", "state": "locked"},
            {"time": "2026-10-14T07:07-07:00", "name": "Siren", "state": "triggered"},
        ],
        "count": 4,
    },
    "tasks": {
        "open": [{"summary": "Mow", "due": "2026-10-13", "list": "Garden"},
                 {"summary": "Water", "due": "2026-10-17T18:00-07:00", "list": "Garden"},
                 {"summary": "Read", "list": "Me"}],
        "completed": [{"summary": "Cook", "list": "Me"}],
        "open_count": 3, "completed_count": 1,
    },
    "recommendations": {
        "items": [
            {"kind": "locks_jammed", "names": ["Shed"]},
            {"kind": "doors_unlocked", "names": ["Gate"]},
            {"kind": "doors_open", "names": ["Gate"]},
            {"kind": "windows_open_in_rain", "names": ["Roof"]},
            {"kind": "windows_open_in_cold", "names": ["Roof"], "value": figure(4, "°C")},
            {"kind": "lights_on_nobody_home", "names": ["Lamp", "Spot"], "count": 30},
            {"kind": "batteries_low", "names": ["Remote"]},
            {"kind": "frost", "names": [], "value": figure(-2.5, "°C")},
        ]
    },
}  # fmt: skip

ENGLISH = {
    "calendar": (
        "Today at 14:30: Dentist!, Main Street 5. Today, all day: Holiday. "
        "Tomorrow, all day: Garbage day. Tomorrow at 19:15: Choir. Monday at 09:00: Exam. "
        "Thursday 24/12, all day: Trip. Left out here: 2 more."
    ),
    "weather": (
        "The weather now: Partly cloudy, 12.3 °C, 60% humidity, wind 0 km/h. "
        "Tomorrow: Rainy, -2.5 °C to 9 °C, 5.2 mm of rain or snow, 80% chance of rain or snow. "
        "Today at 15:00: 11 °C."
    ),
    "home": (
        "Lights that are on: Kitchen light. Unlocked doors: Front door and Back door. "
        "No doors are open. Open windows: Attic, Bath, Hall and 4 more. "
        "At home: Anna, Ben and Carl. Nobody is away. "
        "It is 21.5 °C inside. It is -3 °C outside. House alarm: Armed away. Cellar: Wet."
    ),
    "activity": (
        "TV: switched 3 times, last today at 11:00. Fan: switched yesterday at 23:59. "
        "Left out here: 3 more. "
        "Today at 08:01, Anna: Away. Today at 09:30, Anna: Office. Today at 11:45, Anna: Home."
    ),
    "energy": (
        "Energy from today at 00:00 until today at 12:00. From the grid: 5.2 kWh. "
        "Fed into the grid: 2 kWh. From the sun: 10.5 kWh. Into the battery: 1 kWh. "
        "From the battery: 0.5 kWh. Gas: 1.2 m³. Water: 120 L. Cost: 3.26 EUR. "
        "Earned: 0.50 EUR. Used most: Oven 2.1 kWh and TV 0.4 kWh."
    ),
    "security": (
        "Front door: Unlocked. Shed: Jammed. No doors are open. Open windows: Roof. "
        "House alarm: Armed away. "
        "Today at 07:05, Garage: Open. Today at 07:06, Front door: Locked. "
        "Today at 07:07, Siren: Triggered. Left out here: 1 more."
    ),
    "tasks": (
        "To do: Mow (due yesterday), Water (due Saturday at 18:00) and Read. Done: Cook."
    ),
    "recommendations": (
        "Locks that are stuck: Shed. Unlocked doors: Gate. Open doors: Gate. "
        "Windows that are open although it is wet outside: Roof. "
        "Windows that are open although it is cold outside: Roof. "
        "Lights that are on although nobody is home: Lamp, Spot and 28 more. "
        "Batteries that are almost empty: Remote. Beware of frost: down to -2.5 °C."
    ),
}  # fmt: skip


@pytest.mark.parametrize("section", FACTS)
async def test_sections(hass: HomeAssistant, section: str):
    hass.config.currency = "EUR"
    assert await async_plain(hass, "en", {section: FACTS[section]}) == ENGLISH[section]


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        ("nl", ("Vandaag om 14:30: Dentist!, Main Street 5.", "Half bewolkt, 12,3 °C, 60% lucht",
                "Deuren die niet op slot zijn: Front door en Back door.", "Anna: Afwezig.",
                "Donderdag 24-12, de hele dag: Trip.", "Shed: Vastgelopen.", "tot 9 °C")),
        ("de", ("Heute um 14:30 Uhr: Dentist!", "Teilweise bewölkt, 12,3 °C, 60 % Luftfeucht",
                "Nicht verriegelte Türen: Front door und Back door.", "Anna: Abwesend.",
                "Donnerstag, 24.12., ganztägig: Trip.", "Shed: Verklemmt.", "-2,5 °C bis 9 °C")),
        ("fr", ("Aujourd'hui à 14:30 : Dentist!", "Éclaircies, 12,3 °C, 60 % d'humidité",
                "Portes non verrouillées : Front door et Back door.", "Anna : Absent.",
                "Jeudi 24/12, toute la journée : Trip.", "Shed : Bloqué.", "de -2,5 °C à 9 °C")),
        ("es", ("Hoy a las 14:30: Dentist!", "Parcialmente nublado, 12,3 °C, 60 % de humedad",
                "Puertas sin cerrar con llave: Front door y Back door.", "Anna: Fuera.",
                "El jueves 24/12, todo el día: Trip.", "Shed: Atascado.", "de -2,5 °C a 9 °C")),
    ],
)  # fmt: skip
async def test_languages(hass: HomeAssistant, language: str, parts: tuple[str, ...]):
    text = await async_plain(hass, language, FACTS)
    assert [part for part in parts if part not in text] == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_language_tells_all(hass: HomeAssistant, language: str):
    """Each section is a line of sentences that bears no mark, with nothing invented."""
    text = await async_plain(hass, language, FACTS)
    assert text.count("\n") == len(FACTS) - 1
    assert not re.search(r"[{}*_#`]|facts_|None|\.\.|[!?]\.", text)
    assert all(re.search(r"[.!]$", line) for line in text.split("\n"))
    assert invented(text, FACTS) == []
    sentences = [
        text for line in text.split("\n") for text in re.split(r"(?<=[.!]) (?=[A-ZÉÀ])", line)
    ]
    assert len(sentences) == len(set(sentences))
    english = await async_plain(hass, "en", FACTS)
    # What stands in the facts is told in all of them, and as often.
    for name in ("Dentist", "Garbage day", "Back door", "House alarm", "Siren", "Remote", "Oven"):
        assert text.count(name) == english.count(name) > 0


@pytest.mark.parametrize("language", LANGUAGES)
async def test_nothing_to_tell(hass: HomeAssistant, language: str):
    nothing = {
        "calendar": {"events": [], "count": 0},
        "home": {key: some() for key in ("lights_on", "doors_unlocked", "doors_open",
                                         "windows_open", "people_home")},
        "tasks": {"open": [], "open_count": 0},
    }  # fmt: skip
    text = await async_plain(hass, language, nothing)
    assert len(re.findall(r"\.(?= |$)", text, re.MULTILINE)) == 7
    if language == "en":
        assert text == (
            "There is nothing in the calendar.\n"
            "No lights are on. All doors are locked. No doors are open. No windows are open. "
            "Nobody is home.\nThere is nothing left to do."
        )


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("nl-BE", "Binnen is het 21,5 °C."),
        ("de_CH", "Drinnen sind es 21,5 °C."),
        ("EN-GB", "It is 21.5 °C inside."),
        ("it", "It is 21.5 °C inside."),
        ("", "It is 21.5 °C inside."),
    ],
)
async def test_dialects_and_other_languages(hass: HomeAssistant, language: str, text: str):
    facts = {"home": {"temperature_indoor": figure(21.46, "°C")}}
    assert await async_plain(hass, language, facts) == text


async def test_other_languages_are_not_mixed(hass: HomeAssistant):
    facts = {"weather": {"now": {"condition": "sunny"}}}
    assert await async_plain(hass, "it", facts) == "The weather now: Sunny."


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (figure(0, "°C"), "0 °C"),
        (figure(-0.01, "°C"), "0 °C"),
        (figure(20, "°C"), "20 °C"),
        (figure(1234.56, "°C"), "1234.6 °C"),
        (figure(0.25, "in"), "0.25 in"),
    ],
)
async def test_figures(hass: HomeAssistant, fact: dict[str, Any], told: str):
    text = await async_plain(hass, "en", {"home": {"temperature_indoor": fact}})
    assert text == f"It is {told} inside."


@pytest.mark.parametrize(
    "fact",
    [
        *(None, 21, "21 °C", [], {}, {"value": 21}, {"unit": "°C"}),
        *({"value": value, "unit": "°C"} for value in (None, True, "21", [], 10**400)),
        *({"value": value, "unit": "°C"} for value in (float("nan"), float("inf"))),
        *({"value": 21, "unit": unit} for unit in ("", None, 1)),
    ],
)
async def test_odd_figures_are_left_out(hass: HomeAssistant, fact: object):
    facts = {"home": {"temperature_indoor": fact, "lights_on": some()}}
    assert await async_plain(hass, "en", facts) == "No lights are on."


@pytest.mark.parametrize(
    "start", ["", "soon", "2026-13-40", "2026-10-14T99:00", 5, None, "0001-01-01T00:00+14:00"]
)
async def test_odd_times_are_left_out(hass: HomeAssistant, start: object):
    facts = {"calendar": {"events": [{"summary": "Odd", "start": start},
                                     {"summary": "Even", "start": "2026-10-14T20:00:00"}]}}  # fmt: skip
    assert await async_plain(hass, "en", facts) == "Today at 20:00: Even."


async def test_unknown_is_left_out(hass: HomeAssistant):
    facts: Any = {
        "horoscope": {"events": []},
        "home": {"ghosts": some("Boo"), "alarms": [{"name": "Nameless"}, {"state": "open"}, 3]},
        "weather": [],
        "recommendations": {"items": [{"kind": "dance", "names": ["Anna"]}, {"kind": "frost"},
                                      {"kind": ["frost"]}, {"kind": "doors_open", "names": []}]},
    }  # fmt: skip
    assert await async_plain(hass, "en", facts) == ""


async def test_outside_texts_stay_texts(hass: HomeAssistant):
    """No template is filled in twice, and no text runs on or takes a second line."""
    facts = {"tasks": {"open": [{"summary": "{names} {0} {\n" + "x" * 500}], "open_count": 1}}
    text = await async_plain(hass, "en", facts)
    assert text.startswith("To do: {names} {0} { xxx")
    assert len(text) < 220
    assert "\n" not in text


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["2026-10-14", "9999-12-31T23:59+00:00", "sunny", "frost", "°C", "home"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(sorted({
            "count", "names", "value", "unit", "name", "state", "time", "start", "summary",
            "all_day", "condition", "temperature", "low", "now", "date", "kind", "consumption",
            "times", "last", "due", *(key for facts in FACTS.values() for key in facts),
        })), inner, max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


async def test_no_facts_fail(hass: HomeAssistant):
    words = {language: await Words.async_in(hass, language) for language in LANGUAGES}

    @settings(max_examples=200, deadline=None)
    @given(
        st.sampled_from(LANGUAGES),
        st.dictionaries(
            st.sampled_from(sorted(FACTS)),
            st.one_of(
                values,
                st.sampled_from(list(FACTS.values())).flatmap(
                    lambda facts: st.dictionaries(st.sampled_from(sorted(facts)), values)
                ),
            ),
        ),
    )
    def check(language: str, facts: Any) -> None:
        text = tell(words[language], facts)
        assert text == "" or text.strip() == text

    check()
