"""Values as people and models write them."""

from datetime import timedelta

from homeassistant.const import UnitOfTemperature
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ollama.home.amounts import read_number
from custom_components.ollama.home.colors import Color, parse_color
from custom_components.ollama.home.values import (
    ValueNotUnderstoodError,
    parse_bool,
    parse_duration,
    parse_number,
    parse_percent,
    parse_temperature,
)

C = UnitOfTemperature.CELSIUS
F = UnitOfTemperature.FAHRENHEIT


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("21", 21),
        ("21.5", 21.5),
        ("21,5", 21.5),
        (" 7 ", 7),
        ("-5", -5),
        ("\u22125", -5),
        ("+5", 5),
        ("1,000", 1000),
        ("1,000.5", 1000.5),
        ("1.000,5", 1000.5),
        ("1.000.000", 1_000_000),
        ("1 000", 1000),
        ("0,125", 0.125),
        ("2.700", 2.7),
        ("1/2", 0.5),
        ("2 1/2", 2.5),
        ("½", 0.5),
        ("2½", 2.5),
        ("1/0", None),
        ("twenty one", 21),
        ("twenty-one", 21),
        ("Twenty One", 21),
        ("one hundred", 100),
        ("a hundred", 100),
        ("one hundred and five", 105),
        ("two hundred fifty", 250),
        ("minus five", -5),
        ("twenty one point five", 21.5),
        ("two and a half", 2.5),
        ("half", 0.5),
        ("a half", 0.5),
        ("eenentwintig", 21),
        ("tweeëntwintig", 22),
        ("dertig", 30),
        ("einundzwanzig", 21),
        ("einundzwanzig komma fünf", 21.5),
        ("dreißig", 30),
        ("dreissig", 30),
        ("anderthalb", 1.5),
        ("vingt et un", 21),
        ("vingt-deux", 22),
        ("soixante-dix", 70),
        ("soixante-quinze", 75),
        ("quatre-vingts", 80),
        ("quatre-vingt-dix-sept", 97),
        ("veintiuno", 21),
        ("treinta y cinco", 35),
        ("veintidós", 22),
        ("1 2", None),
        ("one two", None),
        ("twenty eleven", None),
        ("", None),
        ("abc", None),
        ("5 apples", None),
        ("1e5", None),
        ("nan", None),
        ("inf", None),
        ("9" * 30, None),
    ],
)
def test_numbers(text: str, number: float | None) -> None:
    assert read_number(text) == (pytest.approx(number) if number is not None else None)


@pytest.mark.parametrize(
    ("value", "percent"),
    [
        (30, 30),
        (30.4, 30),
        (0, 0),
        (100, 100),
        (1, 1),
        (1.0, 1),
        (0.3, 30),
        (0.75, 75),
        ("30", 30),
        ("30%", 30),
        ("30 %", 30),
        ("30 percent", 30),
        ("30 per cent", 30),
        ("30 procent", 30),
        ("30 Prozent", 30),
        ("30 pour cent", 30),
        ("30 por ciento", 30),
        ("30,5 %", 30),
        ("0.3", 30),
        ("1%", 1),
        ("1/2", 50),
        ("half", 50),
        ("a half", 50),
        ("halfway", 50),
        ("half brightness", 50),
        ("helft", 50),
        ("de helft", 50),
        ("die Hälfte", 50),
        ("halb", 50),
        ("la moitié", 50),
        ("la mitad", 50),
        ("a quarter", 25),
        ("one third", 33),
        ("two thirds", 67),
        ("three quarters", 75),
        ("zwei Drittel", 67),
        ("drie kwart", 75),
        ("full", 100),
        ("full brightness", 100),
        ("MAX", 100),
        ("maximum", 100),
        ("voll", 100),
        ("máximo", 100),
        ("min", 1),
        ("minimum", 1),
        ("off", 0),
        ("dertig procent", 30),
        ("thirty percent", 30),
        ("fünfundzwanzig Prozent", 25),
        ("vingt pour cent", 20),
        ("cincuenta por ciento", 50),
    ],
)
def test_percent(value: object, percent: int) -> None:
    assert parse_percent(value) == percent


@pytest.mark.parametrize(
    "value",
    [150, -1, 101, 255, 256, "150%", "255", "-5%", "", "bright", "a lot", None, True, False, [], {},
     float("nan"), float("inf"), "half past", "five quarters", "30 40", "+10 more", 10**400],
)  # fmt: skip
def test_no_percent(value: object) -> None:
    with pytest.raises(ValueNotUnderstoodError) as error:
        parse_percent(value)
    assert "percentage" in str(error.value)
    assert "50" in str(error.value)


@pytest.mark.parametrize(
    ("value", "unit", "degrees"),
    [
        (21, C, 21),
        (21.5, C, 21.5),
        ("21", C, 21),
        ("21,5", C, 21.5),
        ("21 °C", C, 21),
        ("21°", C, 21),
        ("21C", C, 21),
        ("21 degrees", C, 21),
        ("21 degrees celsius", C, 21),
        ("21 graden", C, 21),
        ("21 Grad", C, 21),
        ("21 Grad Celsius", C, 21),
        ("21 degrés", C, 21),
        ("21 grados", C, 21),
        ("twenty one", C, 21),
        ("twenty one degrees", C, 21),
        ("eenentwintig graden", C, 21),
        ("einundzwanzig Grad", C, 21),
        ("70F", C, 21.1),
        ("70 °F", C, 21.1),
        ("70 degrees Fahrenheit", C, 21.1),
        ("70", F, 70),
        ("70F", F, 70),
        ("21 °C", F, 69.8),
        ("294.15 K", C, 21),
        ("-5", C, -5),
        ("minus five degrees", C, -5),
        ({"value": 70, "unit": "F"}, C, 21.1),
        ({"temperature": 21}, C, 21),
        ("60", C, 60),
    ],
)
def test_temperature(value: object, unit: str, degrees: float) -> None:
    assert parse_temperature(value, unit) == pytest.approx(degrees)


@pytest.mark.parametrize(
    "value",
    [None, True, "", "warm", "hot", "70 C F", "21 C extra", 500, -300, "999F", [], {}, "C", "°",
     float("nan"), {"unit": "C"}, "+2 warmer"],
)  # fmt: skip
def test_no_temperature(value: object) -> None:
    with pytest.raises(ValueNotUnderstoodError, match="temperature"):
        parse_temperature(value, C)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5 minutes", 300),
        ("5 min", 300),
        ("5m", 300),
        ("five minutes", 300),
        ("a minute", 60),
        ("an hour", 3600),
        ("one hour", 3600),
        ("1h", 3600),
        ("1h30", 5400),
        ("1h30m", 5400),
        ("1 h 30 min", 5400),
        ("1 hour and 30 minutes", 5400),
        ("1 hour, 30 minutes and 10 seconds", 5410),
        ("an hour and a half", 5400),
        ("one and a half hours", 5400),
        ("1.5 hours", 5400),
        ("1,5 uur", 5400),
        ("half an hour", 1800),
        ("half hour", 1800),
        ("a quarter of an hour", 900),
        ("three quarters of an hour", 2700),
        ("90 s", 90),
        ("90s", 90),
        ("90 seconds", 90),
        ("2 days", 172_800),
        ("1 week", 604_800),
        ("for 10 minutes", 600),
        ("in 10 minutes", 600),
        ("twenty five minutes", 1500),
        ("1m30s", 90),
        ("1m30", 90),
        ("00:05:00", 300),
        ("0:05:00", 300),
        ("1:30", 5400),
        ("00:00:10.5", 10.5),
        ("PT5M", 300),
        ("PT1H30M", 5400),
        ("P1DT2H", 93_600),
        ("pt90s", 90),
        ({"minutes": 5}, 300),
        ({"hours": 1, "minutes": "30"}, 5400),
        ({"seconds": 90.5}, 90.5),
        (timedelta(minutes=5), 300),
        ("5 minuten", 300),
        ("vijf minuten", 300),
        ("een uur", 3600),
        ("een half uur", 1800),
        ("een halfuur", 1800),
        ("een kwartier", 900),
        ("anderhalf uur", 5400),
        ("fünf Minuten", 300),
        ("eine Stunde", 3600),
        ("eine halbe Stunde", 1800),
        ("eine Viertelstunde", 900),
        ("anderthalb Stunden", 5400),
        ("eine Stunde und zehn Minuten", 4200),
        ("cinq minutes", 300),
        ("une heure", 3600),
        ("une demi-heure", 1800),
        ("une heure et demie", 5400),
        ("un quart d'heure", 900),
        ("cinco minutos", 300),
        ("media hora", 1800),
        ("una hora y media", 5400),
        ("un cuarto de hora", 900),
        (0, 0),
        ("0 seconds", 0),
    ],
)
def test_duration(value: object, seconds: float) -> None:
    assert parse_duration(value).total_seconds() == pytest.approx(seconds)


def test_duration_of_a_number() -> None:
    assert parse_duration(90, "seconds") == timedelta(seconds=90)
    assert parse_duration("5", bare_unit="minutes") == timedelta(minutes=5)
    with pytest.raises(ValueNotUnderstoodError):
        parse_duration(5)


@pytest.mark.parametrize(
    "value",
    [None, True, "", "5", 5, "-5 minutes", "soon", "a while", "minutes 5", "5 minutes 5 minutes",
     "5 apples", "1h90", "ten", {}, {"minutes": -5}, {"eggs": 3}, {"minutes": True}, [],
     "99999 days", float("inf"), "5 minutes or so", "P", "PT", "1:2:3:4", "x" * 1000],
)  # fmt: skip
def test_no_duration(value: object) -> None:
    with pytest.raises(ValueNotUnderstoodError, match="length of time"):
        parse_duration(value)


RED = (255, 0, 0)
BLUE = (0, 0, 255)


@pytest.mark.parametrize(
    ("value", "rgb"),
    [
        ("red", RED),
        ("RED", RED),
        ("Red ", RED),
        ("the color red", RED),
        ("bright red", RED),
        ("#ff0000", RED),
        ("ff0000", RED),
        ("#F00", RED),
        ("0xFF0000", RED),
        ("#ff8800", (255, 136, 0)),
        ("rgb(255,0,0)", RED),
        ("RGB (255, 0, 0)", RED),
        ("255,0,0", RED),
        ("255 0 0", RED),
        ("[255, 0, 0]", RED),
        ([255, 0, 0], RED),
        ((255, 0, 0), RED),
        (["255", "0", "0"], RED),
        ([1.0, 0.5, 0.0], (255, 128, 0)),
        ({"r": 255, "g": 0, "b": 0}, RED),
        ({"red": 255, "green": 0, "blue": 0}, RED),
        ({"name": "red"}, RED),
        ({"rgb_color": [255, 0, 0]}, RED),
        ("hsl(0, 100%, 50%)", RED),
        ("hsv(240, 100, 100)", BLUE),
        ("dark blue", (0, 0, 139)),
        ("dark_blue", (0, 0, 139)),
        ("light blue", (173, 216, 230)),
        ("dark sea green", (143, 188, 143)),
        ("white", (255, 255, 255)),
        ("orange", (255, 165, 0)),
        ("rood", RED),
        ("donkerrood", (139, 0, 0)),
        ("lichtblauw", (173, 216, 230)),
        ("rot", RED),
        ("grün", (0, 128, 0)),
        ("hellblau", (173, 216, 230)),
        ("dunkelblau", (0, 0, 139)),
        ("weiß", (255, 255, 255)),
        ("rouge", RED),
        ("bleu clair", (173, 216, 230)),
        ("bleu foncé", (0, 0, 139)),
        ("rojo", RED),
        ("azul oscuro", (0, 0, 139)),
        ("morado", (128, 0, 128)),
        ("purpel", (128, 0, 128)),
        ("yelow", (255, 255, 0)),
    ],
)
def test_color(value: object, rgb: tuple[int, int, int]) -> None:
    assert parse_color(value) == Color(rgb=rgb)


@pytest.mark.parametrize(
    ("value", "kelvin"),
    [
        ("warm white", 2700),
        ("Warm White", 2700),
        ("warm_white", 2700),
        ("warm", 2700),
        ("warmweiß", 2700),
        ("warm wit", 2700),
        ("blanc chaud", 2700),
        ("blanco cálido", 2700),
        ("soft white", 3000),
        ("neutral white", 4000),
        ("cool white", 5000),
        ("kaltweiß", 5000),
        ("daylight", 6500),
        ("Tageslicht", 6500),
        ("daglicht", 6500),
        ("candlelight", 2000),
        ("2700K", 2700),
        ("2700 K", 2700),
        ("2,700K", 2700),
        ("2700 kelvin", 2700),
        ("2700", 2700),
        (2700, 2700),
        (2700.0, 2700),
        ({"kelvin": 2700}, 2700),
        ({"color_temp_kelvin": "2700"}, 2700),
        ("370 mired", 2702),
    ],
)
def test_white(value: object, kelvin: int) -> None:
    assert parse_color(value) == Color(kelvin=kelvin)


@pytest.mark.parametrize(
    "value",
    [None, True, "", "greenish", "colour", "random", "black", "noir", [0, 0, 0], "#gg0000", "rgb(1,2)",
     "rgb(256,0,0)", [1, 2], [1, 2, 3, 4], [300, 0, 0], ["a", "b", "c"], [True, 0, 0], 255, 370,
     50_000, -1, {}, {"x": 1}, {"r": 1}, "100K", "270000", "hsl(400,0,0)", "x" * 1000, b"red"],
)  # fmt: skip
def test_no_color(value: object) -> None:
    with pytest.raises(ValueNotUnderstoodError):
        parse_color(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((value, True) for value in (True, 1, "on", "ON", "true", "yes", "1", "aan", "ja", "an",
                                      "ein", "allumé", "oui", "encendido", "sí", "enabled")),
        *((value, False) for value in (False, 0, "off", "false", "no", "0", "uit", "nee", "aus",
                                       "nein", "éteint", "non", "apagado", "disable")),
    ],
)  # fmt: skip
def test_bool(value: object, expected: bool) -> None:
    assert parse_bool(value) is expected


@pytest.mark.parametrize("value", [None, 2, "", "maybe", "none", [], {}, 0.5])
def test_no_bool(value: object) -> None:
    with pytest.raises(ValueNotUnderstoodError, match="on or off"):
        parse_bool(value)


@pytest.mark.parametrize(
    ("value", "unit", "number"),
    [
        (5, None, 5),
        ("5", None, 5),
        ("21,5", None, 21.5),
        ("5 %", None, 5),
        ("100 W", None, 100),
        ("100W", "W", 100),
        ("21 °C", "°C", 21),
        ("twenty", None, 20),
        ("ten minutes", None, 10),
        ("-3", None, -3),
    ],
)
def test_number_with_unit(value: object, unit: str | None, number: float) -> None:
    assert parse_number(value, unit) == pytest.approx(number)


@pytest.mark.parametrize(
    ("value", "unit"),
    [(None, None), (True, None), ("", None), ("many", None), ("70 °F", "°C"), ([], None),
     (float("nan"), None), ("5 big red apples", None)],
)  # fmt: skip
def test_no_number(value: object, unit: str | None) -> None:
    with pytest.raises(ValueNotUnderstoodError, match="a number"):
        parse_number(value, unit)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
    | st.from_regex(r"[0-9 .,:/a-z°%#()-]{0,20}", fullmatch=True),
    lambda children: st.lists(children, max_size=4)
    | st.dictionaries(st.sampled_from(["r", "g", "b", "minutes", "value", "unit", "x"]), children),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(json)
def test_nothing_else_is_raised(value: object) -> None:
    """Whatever JSON holds is read, or refused with the one error."""
    for read, check in (
        (parse_bool, lambda result: isinstance(result, bool)),
        (parse_number, lambda result: isinstance(result, int | float)),
        (parse_percent, lambda result: 0 <= result <= 100),
        (lambda value: parse_temperature(value, C), lambda result: -61 < result < 111),
        (parse_duration, lambda result: timedelta() <= result <= timedelta(days=366)),
        (lambda value: parse_duration(value, "minutes"), lambda result: result >= timedelta()),
        (
            parse_color,
            lambda result: (
                (result.rgb is None) != (result.kelvin is None)
                and all(0 <= part <= 255 for part in result.rgb or ())
            ),
        ),
    ):
        try:
            result = read(value)
        except ValueNotUnderstoodError:
            continue
        assert check(result)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 100))
def test_percent_round_trip(percent: int) -> None:
    for written in (percent, str(percent), f"{percent}%", f"{percent} procent"):
        assert parse_percent(written) == percent
