"""Figures of a text that the facts don't bear out."""

import math
from time import perf_counter

from hypothesis import assume, given, strategies as st
import pytest

from custom_components.ollama.home.facts.figures import invented
from tests.without_home import (
    _custom_integration,
    _home_assistant,
    _real_sockets,
    _time_limits,
    likely_hosts,
)

__all__ = [
    "_custom_integration",
    "_home_assistant",
    "_real_sockets",
    "_time_limits",
    "likely_hosts",
]


def figure(value: float, unit: str) -> dict[str, object]:
    return {"value": value, "unit": unit}


FACTS = {
    "home": {
        "temperature_indoor": figure(21.46, "°C"),
        "temperature_outdoor": figure(-3, "°C"),
        "lights_on": {"count": 2, "names": ["Desk lamp 40 W", "Kitchen light"]},
    },
    "weather": {
        "now": {"humidity": figure(60, "%"), "wind_speed": figure(12, "km/h")},
        "forecast": [
            {"date": "2026-10-14", "temperature": figure(8, "°C"), "low": figure(4.6, "°C")},
            {"precipitation": figure(5.2, "mm"), "pressure": figure(1013.2, "hPa")},
        ],
    },
    "energy": {
        "grid_consumption": figure(1234, "Wh"),
        "solar_production": figure(15.75, "kWh"),
        "grid_return": figure(-6.1, "kWh"),
        "gas": figure(1.5, "m³"),
        "cost": figure(3.25, "EUR"),
        "power": figure(2150, "W"),
        "sun": figure(740, "lx"),
        "battery": figure(3.1, "V"),
        "rate": figure(7, "mm/h"),
    },
    "calendar": {"events": [{"summary": "Bring 4 kg of flour, bake at 180 °C, pay $30"}]},
}

BORNE_OUT = [
    # temperatures: rounded, in words, in the other scale, below zero
    *("21.46 °C", "21.5 °C", "21 °C", "21,5 °C", "21.5°C", "21.5 ° C", "21 ℃", "21 C", "21°"),
    *("21 degrees", "21-degree", "21 degrees Celsius", "21 graden", "21 Grad", "21 degrés"),
    *("21 grados", "21 degrés Celsius", "21 grados centígrados", "21º", "71 °F", "70.6 °F"),
    *("71 degrees Fahrenheit", "71 F", "-3 °C", "\u22123 °C", "minus 3 degrees", "min 3 graden"),
    *("minus 3 Grad", "moins 3 degrés", "menos 3 grados", "3 degrees below zero"),
    *("3 Grad unter null", "3 graden onder nul", "3 degrés sous zéro", "3 grados bajo cero"),
    *("(-3 °C)", "outside: -3 °C", "outside \u20133 °C", "26.6 °F", "**21 °C**", "_21 °C_"),
    # ranges
    *("between 4.6 and 8 degrees", "from -3 to 8 °C", "4.6\u20138 °C", "4.6 - 8 °C", "-3/8 °C"),
    *("tussen 5 en 8 graden", "zwischen 5 und 8 Grad", "entre 5 et 8 degrés"),
    *("de 5 a 8 grados", "minus 3 bis 8 Grad", "min 3 tot plus 8 graden", "-3...8 °C"),
    # percent
    *("60%", "60 %", "60 percent", "60 per cent", "60 procent", "60 Prozent", "60 pour cent"),
    *("60 por ciento", "60.0 %"),
    # energy and power
    *("1234 Wh", "1,234 Wh", "1.234 Wh", "1 234 Wh", "1\u00a0234 Wh", "1'234 Wh", "1200 Wh"),
    *("1.2 kWh", "1,23 kWh", "1 kWh", "1.2 kilowatt-hours", "1,2 kilowattuur", "1.2kWh"),
    *("1,2 Kilowattstunden", "1,2 kilowattheures", "1,2 kilovatios hora", "15.75 kWh"),
    *("15.8 kWh", "16 kWh", "6.1 kWh", "-6.1 kWh", "4.4 MJ", "2.15 kW", "2150 watts", "2,2 kW"),
    *("2.150,0 W", "2,150.0 W"),
    # wind, rain, volume, pressure
    *("12 km/h", "12 kilometres per hour", "12 kilometer per uur", "12 Kilometer pro Stunde"),
    *("12 kilomètres par heure", "12 kilómetros por hora", "7.5 mph", "3.3 m/s", "6.5 knots"),
    *("5.2 mm", "5 millimetres", "5 Millimeter", "0.5 cm", "0.2 inches", "0.2in", "0.2 in."),
    *("0.2 in of rain", "1.5 m³", "1.5 m3", "1,5 Kubikmeter", "1500 L", "1500 litres"),
    *("1013 hPa", "1013 mbar", "1.013 bar", "1 bar", "1,01 bars"),
    # light, tension, and what else degrees are called
    *("740 lux", "740 lx", "3.1 V", "3 volts", "3100 mV", "21 deg", "21.5 deg C", "294.6 K"),
    *("295 kelvin", "270 K"),
    # money
    *("€3.25", "€ 3,25", "3,25 €", "EUR 3.25", "3 euros", "3,25 euro's", "325 cents", "3.3 EUR"),
    # what stands in strings, and units that are seldom told
    *("4 kg", "4 kilos", "180 degrees", "180 °C", "$30", "30 dollars", "40 W", "7 mm/h"),
    # without a unit
    *("2 lights", "at 7:30", "at 17.45", "on 2026-10-14", "14.10.2026", "CO2", "room 99"),
    *("7 h 30", "19 Uhr", "15 minutes", "99 in the kitchen", "99 m² of lawn", "5 d'entre eux"),
    *("99 l'un", "99 m'ont", "5G", "", "degrees", "°C", "1.2.3 °C"),
]

INVENTED = [
    *("25 °C", "22 °C", "21.4 °C", "21.0 °C", "25 degrees", "25-degree", "25C", "25°", "25 graden"),
    *("25 Grad", "25 degrés", "25 grados", "77 °F", "3 °C", "3 degrees", "-8 °C", "minus 8 Grad"),
    *("8 degrees below zero", "3 Grad über null", "au moins 3 degrés", "al menos 3 grados"),
    *("21 %", "60 degrees", "12 °C", "8 %", "61 %", "2 °C", "2 kWh", "99 pour cent", "14 °C"),
    *("1.3 kWh", "1300 Wh", "1234 kWh", "1234 W", "5 kWh", "15.6 kWh", "12 kWh", "3 kW"),
    *("12 mph", "12 m/s", "20 km/h", "20 km / h", "12 km", "52 mm", "5 cm", "5 inches", "99 in."),
    *("€4", "4 €", "$3.25", "£3.25", "3.25 dollars", "3.20 €", "EUR 4", "4 Euro", "400 cents"),
    *("25 deg", "25 deg C", "25 deg. outside", "1.2 bar", "1,2 bares", "100 lux", "100 lx"),
    *("25 K", "298 kelvins", "12 V", "230 volts", "5000 mV"),
    *("5 kg", "185 °C", "60 W", "8 mm/h", "1020 hPa", "2 litres", "12 m³", "1\u202f500 kWh"),
    *("1" * 400 + " °C", "1" + "0" * 400 + " W"),
]


@pytest.mark.parametrize("told", BORNE_OUT)
def test_borne_out(told: str):
    assert invented(f"Today it is {told}", FACTS) == []
    assert invented(told, FACTS) == []
    assert invented(f"So, {told}, I am told; 2 more.", FACTS) == []


@pytest.mark.parametrize("told", INVENTED, ids=lambda told: told[:20])
def test_invented(told: str):
    assert len(invented(f"Today it is {told}", FACTS)) == 1
    assert len(invented(told, FACTS)) == 1
    assert len(invented(f"{told}, while it is 21 °C inside.", FACTS)) == 1


def test_as_told():
    text = "It is 25 °C inside, -8 degrees outside, €9.99 was paid for 12,5 kWh; 25 °C, 21 °C."
    assert invented(text, FACTS) == ["25 °C", "-8 degrees", "€9.99", "12,5 kWh"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("between 4 and 8 degrees", ["4 and 8 degrees"]),
        ("between 8 and 14 degrees", ["14 degrees"]),
        ("6 to 14 degrees", ["6 to 14 degrees", "14 degrees"]),
        ("7, 9 and 8 degrees", ["9 and 8 degrees"]),
        ("8 °C and 9 lights", []),
        ("at 9:30 and 8 degrees", []),
    ],
)
def test_ranges(text: str, found: list[str]):
    assert invented(text, FACTS) == found


def test_no_facts():
    for facts in (None, {}, [], 21, {"count": 21}, {"date": "2026-10-21"}, "21"):
        assert invented("It is 21 °C.", facts) == ["21 °C"]


@pytest.mark.parametrize(
    "fact",
    [
        {"value": True, "unit": "°C"},
        {"value": "1", "unit": "°C"},
        {"value": None, "unit": "°C"},
        {"value": math.nan, "unit": "°C"},
        {"value": math.inf, "unit": "°C"},
        {"value": 10**400, "unit": "°C"},
        {"value": 1, "unit": ""},
        {"value": 1, "unit": None},
        {"value": 1, "unit": ["°C"]},
        {"value": 1},
        {"unit": "°C"},
    ],
)
def test_odd_figures(fact: dict[str, object]):
    assert invented("It is 1 °C.", [fact]) == ["1 °C"]


def test_deep_facts():
    facts: object = figure(21, "°C")
    for _ in range(5000):
        facts = {"in": [facts]}
    assert invented("21 °C, 22 °C", facts) == ["22 °C"]


# Properties

UNITS = {
    "°C": ("°C", "degrees", "graden", "Grad", "degrés", "grados"),
    "°F": ("°F", "degrees"),
    "%": ("%", "percent", "procent", "Prozent", "pour cent", "por ciento"),
    "kWh": ("kWh", "kilowattuur"),
    "W": ("W", "watt"),
    "km/h": ("km/h",),
    "mm": ("mm",),
    "L": ("L", "liter"),
    "EUR": ("€", "EUR", "euro"),
    "lx": ("lx",),
}
units = st.sampled_from([(unit, word) for unit, words in UNITS.items() for word in words])
values = st.integers(-99_999, 99_999).map(lambda tenths: tenths / 10)


def written(value: float, decimals: int, mark: str) -> str:
    return f"{value:.{decimals}f}".replace(".", mark)


@given(values, units, st.integers(0, 2), st.sampled_from(".,"))
def test_each_fact_may_be_told(value: float, unit: tuple[str, str], decimals: int, mark: str):
    facts = {"a": [figure(value, unit[0])], "b": {"count": 5}}
    text = f"It is {written(value, decimals, mark)} {unit[1]} now."
    # What rounds to nothing has lost its sign.
    assume(float(f"{value:.{decimals}f}") != 0)
    assert invented(text, facts) == []


@given(values, units, st.floats(0.11, 3), st.sampled_from((-1, 1)), st.sampled_from(".,"))
def test_each_change_is_found(
    value: float, unit: tuple[str, str], change: float, sign: int, mark: str
):
    other = round(value * (1 + sign * change), 1)
    assume(abs(abs(other) - abs(value)) > max(0.1, 0.1 * abs(value)))
    text = f"It is {written(other, 1, mark)} {unit[1]} now."
    assert invented(text, {"a": figure(value, unit[0])}) == [f"{written(other, 1, mark)} {unit[1]}"]


@given(values, st.sampled_from(list(UNITS)), st.sampled_from(list(UNITS)[:-1]))
def test_another_unit_does_not_bear_out(value: float, unit: str, other: str):
    assume(unit != other and {unit, other} != {"°C", "°F"})
    assert len(invented(f"{value} {other}", [figure(value, unit)])) == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(), inner, max_size=4)
        | st.fixed_dictionaries({"value": inner, "unit": inner})
    ),
    max_leaves=20,
)


@given(st.text(st.sampled_from("0123456789.,:-\u2013' °CFkWh%€$minus and to")), json_values)
def test_never_fails(text: str, facts: object):
    found = invented(text, facts)
    assert all(any(char.isdigit() for char in figure) for figure in found)
    # What is told bears itself out.
    assert invented(text, [text]) == []


@pytest.mark.parametrize(
    "piece",
    [
        *("1 ", "111 ", "1", "1.", "1,111", "1-", "-", " ", "€", "3 to ", "3 degrees ", "minus "),
        *("kilowatt ", "3 °C below ", "1 to 1 degrees ", "21 °C, ", "1'111", "$1", "1 kilowatt "),
    ],
)
def test_time_is_linear(piece: str):
    def seconds(size: int) -> float:
        text = (piece * size)[:size] + " °C"
        start = perf_counter()
        invented(text, FACTS)
        invented("21 °C", {"text": text})
        return perf_counter() - start

    assert seconds(100_000) < max(2.0, 40 * seconds(10_000))
