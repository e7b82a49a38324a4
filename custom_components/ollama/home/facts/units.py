"""Units as they are written and said in the five languages, and what makes them one another."""

import re
from typing import Final

CELSIUS: Final = "°C"
FAHRENHEIT: Final = "°F"
DEGREES: Final = "°"
"""Degrees of whatever scale."""
# How many of a scale's degrees make one of Celsius, and where 0 °C is on it.
_SCALES: Final = {CELSIUS: (1.0, 0.0), FAHRENHEIT: (1.8, 32.0), "K": (1.0, 273.15)}

# Units of one kind, each in terms of the first.
_KINDS: Final[tuple[dict[str, float], ...]] = (
    {"Wh": 1, "kWh": 1e3, "MWh": 1e6, "GWh": 1e9, "kJ": 1 / 3.6, "MJ": 1e3 / 3.6, "GJ": 1e6 / 3.6},
    {"W": 1, "kW": 1e3, "MW": 1e6},
    {"mm": 1, "cm": 10, "m": 1e3, "km": 1e6, "in": 25.4, "ft": 304.8, "mi": 1_609_344},
    {"m/s": 1, "km/h": 1 / 3.6, "mph": 0.44704, "kn": 1852 / 3600, "ft/s": 0.3048},
    {"L": 1, "mL": 1e-3, "m3": 1e3, "gal": 3.785411784, "ft3": 28.316846592, "CCF": 2831.6846592},
    {"kg": 1, "g": 1e-3, "lb": 0.45359237},
    {"hPa": 1, "kPa": 10, "bar": 1e3, "inHg": 33.8638866667, "mmHg": 1.33322387415,
     "psi": 68.9475729},
    {"EUR": 1, "euro cent": 0.01},
    {"USD": 1, "dollar cent": 0.01},
    {"GBP": 1, "penny": 0.01},
    {"CHF": 1},
    {"%": 1},
    {"ppm": 1},
    {"lx": 1},
    {"V": 1, "mV": 1e-3},
    {"Beaufort": 1},
)  # fmt: skip
_PLACES: Final = {
    unit: (kind, factor) for kind, units in enumerate(_KINDS) for unit, factor in units.items()
}
_DOLLARS: Final = frozenset({"$", "USD", "CAD", "AUD", "NZD"})
_SYMBOLS: Final = {
    "℃": CELSIUS, "℉": FAHRENHEIT, "€": "EUR", "£": "GBP", "mbar": "hPa", "Bft": "Beaufort",
    "l": "L", "ml": "mL", "m³": "m3", "ft³": "ft3", "kt": "kn",
} | dict.fromkeys(_DOLLARS, "USD")  # fmt: skip

_DEGREE: Final = r"(?:°|degrees?|deg|degr[ée]s?|graden|grad|graad|grados?)"
# How the units are written and said, compound ones first. What a word may mean is parted by "|".
_WRITTEN: Final = {
    CELSIUS: rf"(?:{_DEGREE}\s{{0,2}})?(?:celsius|cent[ií]grad[oe]s?|(?-i:C))",
    FAHRENHEIT: rf"(?:{_DEGREE}\s{{0,2}})?(?:fahrenheit|(?-i:F))",
    DEGREES: _DEGREE,
    "K": r"(?-i:K)|kelvins?",
    "%": r"%|per\s?cent|procent|prozent|pour\s?cents?|por\s?ciento",
    "kWh": r"k\.?w\.?h|kilo\s?watt[ -]?(?:hours?|u(?:ur|ren)|stunden?)"
           r"|kilowatt(?:s[ -]?|[ -])?heures?|kilovatios?[ -]hora",
    "MWh": r"mwh|mega\s?watt[ -]?(?:hours?|u(?:ur|ren)|stunden?)"
           r"|m[ée]gawatt(?:s[ -]?|[ -])?heures?|megavatios?[ -]hora",
    "GWh": r"gwh",
    "Wh": r"wh|watt[ -]?(?:hours?|u(?:ur|ren)|stunden?)|watt(?:s[ -]?|[ -])?heures?"
          r"|vatios?[ -]hora",
    "kJ": r"kj|kilojoules?", "MJ": r"mj|megajoules?", "GJ": r"gj|gigajoules?",
    "kW": r"kw|kilo\s?watts?|kilovatios?", "MW": r"mw|mega\s?watts?|m[ée]gawatts?|megavatios?",
    "W": r"w|watts?|vatios?",
    "km/h": r"km\s?/\s?[hu]|km/uur|kmh|kph|stundenkilometern?|kilom[eèé]t(?:er|re)s?\s(?:per|an)"
            r"\s(?:hour|uur)|km\sper\suur|kilometern?\spro\sstunde"
            r"|kilom[èe]tres?(?:\s(?:par|à\sl'))?\s?heure|kil[óo]metros?\s(?:por|a\sla)\shora",
    "m/s": r"m\s?/\s?s(?:ec)?|met(?:er|re)s?\sper\ssecond[es]?|metern?\spro\ssekunde"
           r"|m[èe]tres?\spar\sseconde|metros?\spor\ssegundo",
    "mph": r"mph|mi/h|miles?\s(?:per|an)\shour|mijl\sper\suur|meilen\spro\sstunde"
           r"|milles?\s(?:par|à\sl')\s?heure|millas?\spor\shora",
    "ft/s": r"ft/s|feet\sper\ssecond",
    "kn": r"kn|kts?|knots?|knoten|knopen|n[oœ]e?uds?|nudos?",
    "Beaufort": r"bft|beaufort",
    "m3": r"m3|cubic\smet(?:er|re)s?|kubieke\smeters?|kubikmetern?|m[èe]tres?\scubes?"
          r"|metros?\sc[úu]bicos?",
    "ft3": r"ft3|cubic\sf(?:ee|oo)t", "CCF": r"ccf",
    "L": r"l|lit(?:er|re)s?|litern|litros?", "mL": r"ml|millilit(?:er|re)s?|mililitros?",
    "gal": r"gal|gallons?|galones|gal[óo]n",
    "mm": r"mm|mil+im[eèé]t(?:er|ern|re|ro)s?", "cm": r"cm|[cz]ent[ií]m[eèé]t(?:er|ern|re|ro)s?",
    "km": r"km|kil[oó]m[eèé]t(?:er|ern|re|ro)s?", "m": r"(?-i:m)|m[eèé]t(?:er|ern|re|ro)s?",
    "in": r"inch(?:es)?|pouces?|pulgadas?|duim|(?<=\d)in|in(?=\s{0,2}(?:[.,;:!?)]|$))"
          r"|in(?=\sof\s(?:rain|snow|water|precip))",
    "ft": r"ft|f(?:ee|oo)t", "mi": r"miles?|mijl(?:en)?|meilen?|millas?",
    "kg": r"kg|kilos?|kilogram(?:m|me|s|mes|os)?", "g": r"(?-i:g)|gramm?e?s?|gramos?",
    "hPa": r"hpa|mbar|hectopascals?|hektopascal|millibars?", "kPa": r"kpa",
    "bar": r"bars?|bares",
    "inHg": r"inhg", "mmHg": r"mmhg", "psi": r"psi", "ppm": r"ppm",
    "lx": r"lx|lux", "V": r"(?-i:V)|volts?|voltios?", "mV": r"mv|millivolts?|milivoltios?",
    "EUR": r"€|eur|euro's|euros?", "USD": r"(?:us|ca?|au?|nz)?\$|usd|cad|aud|nzd"
           r"|dollars?|d[óo]lar(?:es)?",
    "GBP": r"£|gbp|livres?\ssterling|libras?\sesterlinas?|pfund\ssterling",
    "GBP|lb": r"pounds?|ponden|pond|pfund", "lb": r"lbs?", "penny": r"pence|penny",
    "CHF": r"chf|franken|francs?|francos?\ssuizos?",
    "euro cent|dollar cent": r"(?:euro)?cents?|centimes?|c[ée]ntimos?|ct",
}  # fmt: skip
_OPTIONS: Final = tuple(units.split("|") for units in _WRITTEN)
_AFTER: Final = re.compile(
    # After a number and its hyphen; not the first letter of what goes on: "m²", "5 d'entre eux".
    r"\s{0,2}(?:-(?=[^\W\d]))?(?:"
    + "|".join(f"({written})" for written in _WRITTEN.values())
    + r")(?!\w)(?!'\w)",
    re.IGNORECASE,
)
_BEFORE: Final = re.compile(
    r"(?<!\w)(?:(€|eur)|((?:us|ca?|au?|nz)?\$|usd)|(£|gbp)|(chf))\s{0,2}-?$", re.IGNORECASE
)
_MONEY: Final = ("EUR", "USD", "GBP", "CHF")
_LONGEST_MONEY: Final = 8


def known_unit(symbol: str) -> str:
    """Return the unit that Home Assistant writes in some way; itself where it is a rare one."""
    symbol = symbol.strip()
    return _SYMBOLS.get(symbol, symbol)


def is_known(unit: str) -> bool:
    """Whether the words for a unit are known."""
    return unit in _PLACES or unit in _SCALES or unit == DEGREES


def unit_after(text: str, place: int) -> tuple[list[str], int] | None:
    """Return what a unit written at a place may be, and where it ends."""
    if (found := _AFTER.match(text, place)) is None:
        return None
    return _OPTIONS[(found.lastindex or 1) - 1], found.end()


def money_before(text: str, place: int) -> tuple[str, int] | None:
    """Return the currency written before a place, and where it begins."""
    start = max(0, place - _LONGEST_MONEY)
    if (found := _BEFORE.search(text[start:place])) is None:
        return None
    return _MONEY[(found.lastindex or 1) - 1], start + found.start()


def converted(value: float, unit: str, to: str) -> float | None:
    """Return a value in another unit, None where that is no unit of the same kind."""
    if unit == to or (DEGREES in (unit, to) and {unit, to} <= {DEGREES, CELSIUS, FAHRENHEIT}):
        return value
    if unit in _SCALES and to in _SCALES:
        (size, zero), (other_size, other_zero) = _SCALES[unit], _SCALES[to]
        return (value - zero) / size * other_size + other_zero
    kind, factor = _PLACES.get(unit, (None, 1.0))
    other_kind, other = _PLACES.get(to, (None, 1.0))
    return value * factor / other if kind is not None and kind == other_kind else None
