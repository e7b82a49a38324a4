"""Values as people and models write them.

Every reader takes what JSON can hold and returns a plain value, or raises
`ValueNotUnderstoodError`, whose text a model understands: what was expected, with an
example. Nothing is clamped: what lies outside its range was meant otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import math
import re
from typing import Final

from homeassistant.const import UnitOfTemperature
from homeassistant.util.unit_conversion import TemperatureConverter

from .amounts import read_number
from .duration import read_duration
from .misread import ValueNotUnderstoodError, not_understood
from .names import fold

__all__ = [
    "ValueNotUnderstoodError",
    "parse_bool",
    "parse_duration",
    "parse_number",
    "parse_percent",
    "parse_temperature",
]

parse_duration = read_duration


def _folded(*lines: str) -> frozenset[str]:
    return frozenset(fold(word) for line in lines for word in line.split())


_TRUE: Final = _folded(
    "true on yes y enable enabled active", "aan ja", "an ein ja wahr", "allumé marche oui vrai",
    "encendido encendida sí verdadero",
)  # fmt: skip
_FALSE: Final = _folded(
    "false off no n disable disabled inactive", "uit nee", "aus nein falsch",
    "éteint arrêt non faux", "apagado apagada no falso",
)  # fmt: skip

_MOST: Final = _folded(
    "full fully max maximum maximal highest brightest loudest complete",
    "vol volledig maximaal hoogste", "voll volle maximal höchste ganz",
    "plein pleine maximum maximal", "lleno llena máximo máxima tope completo",
)  # fmt: skip
_LEAST: Final = _folded(
    "min minimum minimal lowest dimmest quietest", "minimaal laagste", "minimal niedrigste",
    "minimal minimum", "mínimo mínima",
)  # fmt: skip
_NONE: Final = _folded("off none mute muted", "uit", "aus", "éteint", "apagado")
_FRACTIONS: Final = {
    fold(word): value
    for words, value in (
        ("half halfway halve helft hälfte halb halbe moitié demi mitad medio media middle", 1 / 2),
        ("quarter kwart viertel quart", 1 / 4),
        ("third derde drittel tiers tercio", 1 / 3),
        ("quarters kwarten dreiviertel", 3 / 4),
        ("thirds zweidrittel", 2 / 3),
    )
    for word in words.split()
}
_OF_THREE: Final = _folded("thirds", "derde", "drittel", "tiers", "tercios")
_OF_FOUR: Final = _folded("quarters quarter", "kwart kwarten", "viertel", "quarts", "cuartos")
_PERCENT: Final = re.compile(
    r"\s*(?:%|percent|per\s?cent|pct|procent|prozent|pour\s?cent|por\s?ciento)\s*"
)
_FILLERS: Final = _folded(
    "to at a an the one of brightness volume position level", "op de het een", "auf die das ein",
    "à la le un une", "al a la el un una",
)  # fmt: skip
_HUNDRED: Final = 100
_BYTE: Final = 255
_LEAST_PERCENT: Final = 1  # nought would turn off what was to be dimmed

_TEMPERATURE: Final = re.compile(r"(.+?)\s*(?:°|º|deg\b)?\s*([cfk])?$")
_UNIT_WORDS: Final = {
    **dict.fromkeys(("celsius", "centigrade", "celcius"), UnitOfTemperature.CELSIUS),
    "fahrenheit": UnitOfTemperature.FAHRENHEIT,
    "kelvin": UnitOfTemperature.KELVIN,
}
_UNIT_LETTERS: Final = {
    "c": UnitOfTemperature.CELSIUS,
    "f": UnitOfTemperature.FAHRENHEIT,
    "k": UnitOfTemperature.KELVIN,
}
_DEGREES: Final = _folded("degree degrees", "graad graden", "grad", "degré degrés", "grado grados")
_COLDEST: Final = -60.0  # °C that anything in a home is set to
_HOTTEST: Final = 110.0  # °C

_NUMBER_AND_UNIT: Final = re.compile(r"(.*?)\s*([^\d\s.,+-][^\d\s]{0,9})?")


def parse_bool(value: object) -> bool:
    """Return whether on or yes was meant. Raises ValueNotUnderstoodError."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    if isinstance(value, str):
        word = fold(value).strip(" .!\"'")
        if word in _TRUE or word == "1":
            return True
        if word in _FALSE or word == "0":
            return False
    raise not_understood(value, "on or off", "true")


def parse_number(value: object, unit: str | None = None) -> float:
    """Return a number. Raises ValueNotUnderstoodError.

    A unit after it has to be `unit`, if that is given; without, it is passed over.
    """
    if (number := _plain(value)) is not None:
        return number
    if isinstance(value, str):
        text = value.strip()
        if (number := read_number(text)) is not None:
            return number
        match = _NUMBER_AND_UNIT.fullmatch(text)
        if match and match[2] and (number := read_number(match[1])) is not None:
            if unit is None or fold(match[2]) == fold(unit):
                return number
            raise not_understood(value, f"a number in {unit}", f"{number:g}")
    raise not_understood(value, "a number", "21.5")


def parse_percent(value: object) -> int:
    """Return a whole number of percent from 0 to 100. Raises ValueNotUnderstoodError.

    A number between 0 and 1 is a share (0.3 is 30 %); 1 is one percent, 1.0 too, as JSON
    doesn't tell them apart. What is above 100 is refused: it may be on the scale to 255.
    """
    if (number := _plain(value)) is not None:
        return _percent(value, number, is_share=0 < number < 1)
    if not isinstance(value, str):
        raise not_understood(value, "a percentage", "50")
    text = fold(value).strip(" .!\"'")
    bare = _PERCENT.sub(" ", text).strip()
    if (number := read_number(bare)) is not None and bare not in _FRACTIONS:
        # "a half" and "1/2" are shares too
        return _percent(value, number, is_share=0 < number < 1 and bare == text)
    if (share := _share(bare)) is not None:
        return share
    raise not_understood(value, "a percentage from 0 to 100", "50")


def _percent(written: object, number: float, *, is_share: bool) -> int:
    if is_share:
        number *= _HUNDRED
    if 0 <= number <= _HUNDRED:
        return round(number)
    if _HUNDRED < number <= _BYTE:
        raise not_understood(written, "a percentage from 0 to 100 (255 of 255 is 100)", "50")
    raise not_understood(written, "a percentage from 0 to 100", "50")


def _share(text: str) -> int | None:
    """Return the percentage that words mean: half, a quarter, full."""
    words = [word for word in re.split(r"[\s'-]+", text) if word and word not in _FILLERS]
    if len(words) == 2:  # noqa: PLR2004 - "three quarters", "zwei drittel"
        count = read_number(words[0])
        parts = 4 if words[1] in _OF_FOUR else 3 if words[1] in _OF_THREE else 0
        if count is not None and parts and 0 < count <= parts:
            return round(count / parts * _HUNDRED)
    if len(words) != 1:
        return None
    word = words[0]
    if word in _MOST:
        return _HUNDRED
    if word in _LEAST:
        return _LEAST_PERCENT
    if word in _NONE:
        return 0
    if word in _FRACTIONS:
        return round(_FRACTIONS[word] * _HUNDRED)
    return None


def parse_temperature(value: object, unit: str) -> float:
    """Return a temperature in `unit`, the home's own. Raises ValueNotUnderstoodError.

    A number without a unit is in `unit`. What was written in another one is converted and
    rounded to a tenth of a degree.
    """
    if isinstance(value, Mapping):
        value = _from_mapping(value)
    written_unit: str | None = None
    if (number := _plain(value)) is None:
        reading = _read_temperature(value)
        if reading is None:
            raise not_understood(value, "a temperature", _example(unit))
        number, written_unit = reading.number, reading.unit
    degrees = TemperatureConverter.convert(number, written_unit or unit, UnitOfTemperature.CELSIUS)
    if not _COLDEST <= degrees <= _HOTTEST:
        raise not_understood(value, f"a temperature of a home in {unit}", _example(unit))
    if written_unit in (None, unit):
        return number
    return round(TemperatureConverter.convert(number, written_unit, unit), 1)


@dataclass(frozen=True, slots=True)
class _Temperature:
    number: float
    unit: str | None


def _read_temperature(value: object) -> _Temperature | None:
    if not isinstance(value, str):
        return None
    unit: str | None = None
    words: list[str] = []
    for word in fold(value).strip(" .!\"'").split():
        if word in _UNIT_WORDS:
            unit = _UNIT_WORDS[word]
        elif word not in _DEGREES:
            words.append(word)
    text = " ".join(words)
    match = _TEMPERATURE.fullmatch(text)
    if match is None:
        return None
    if match[2]:
        if unit is not None and unit != _UNIT_LETTERS[match[2]]:
            return None
        number = read_number(match[1])
        return _Temperature(number, _UNIT_LETTERS[match[2]]) if number is not None else None
    number = read_number(match[1])
    return _Temperature(number, unit) if number is not None else None


def _from_mapping(value: Mapping[object, object]) -> object:
    """Return {"value": 70, "unit": "F"} as "70 F"."""
    number = next(
        (value[key] for key in ("value", "temperature", "degrees", "amount") if key in value), None
    )
    unit = next((value[key] for key in ("unit", "units", "scale") if key in value), "")
    return f"{number} {unit}".strip()


def _example(unit: str) -> str:
    return "70" if unit == UnitOfTemperature.FAHRENHEIT else "21"


def _plain(value: object) -> float | None:
    """Return a JSON number; truth values and what is not finite are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int) and abs(value) > 10**15:
        return None
    return value if math.isfinite(value) else None
