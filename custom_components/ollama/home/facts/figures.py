"""Whether the figures of a text are those of the facts."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import re
from typing import Any, Final
import unicodedata

from .units import CELSIUS, converted, is_known, known_unit, money_before, unit_after

_NUMBER: Final = re.compile(
    # Not within a word (CO2), nor the minutes of a time.
    r"(?<![^\W_])(?<!\d[:.,])"
    r"(?:\d{1,3}(?:[ ']\d{3}){1,4}(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)*)"
)
_THOUSANDS: Final = re.compile(r"[1-9]\d{0,2}(?:([.,])\d{3})(?:\1\d{3})*")
_BOTH_MARKS: Final = re.compile(r"\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:\.\d{3})+,\d+")
_DECIMAL: Final = re.compile(r"\d+(?:[.,]\d+)?")
_MARKS: Final = re.compile(r"[.,]")

# At least 3 degrees is no minus; 3 - 8 has a dash between.
_MINUS_WORD: Final = re.compile(
    r"(?<!\w)(?<!au )(?<!du )(?<!al )(?<!lo )(?:minus|moins|menos|negative)\s{1,2}$", re.IGNORECASE
)
_PERHAPS_MINUS: Final = re.compile(
    r"(?:(?<!\w)min\s{1,2}|[-\u2013]\s|(?:^|[\s(])\u2013)$", re.IGNORECASE
)
_MINUS_SIGN: Final = re.compile(r"(?:^|[\s(\[=:,;/~\"'*])-$")
_LONGEST_SIGN: Final = 14
_BELOW_ZERO: Final = re.compile(
    r"\s(?:below|under|unter|onder|sous|(?:au[ -]dessous|en[ -]dessous) (?:de|du)|bajo"
    r"|por debajo de|sub)\s(?:the |dem |het |el |le )?"
    r"(?:zero|null|nul|zéro|cero|freezing|vriespunt|gefrierpunkt)\b",
    re.IGNORECASE,
)
_JOINT: Final = re.compile(
    r"\s{0,2}(?:[-/\u2013\u2014]|\.{2,3}|(?:\s|^)"
    r"(?:to|and|or|through|till?|until|bis|und|oder|tot|en|of|à|a|au|et|ou"
    r"|y|o|hasta|jusqu'à|t/m)\s)\s{0,2}(?:[-\u2013]|(?:minus|min|moins|menos) )?",
    re.IGNORECASE,
)
_LONGEST_JOINT: Final = 20

_SIGNS: Final = str.maketrans({"º": "°", "˚": "°", "\u2019": "'", "\u2212": "-"})

_EXACT: Final = 1e-6
"""What counting in binary may make of a figure, in relation to it."""
_ROUGH_FROM: Final = 100
_ROUGHLY: Final = 0.05
"""How far a large round number may be off."""
_LONGEST_UNIT: Final = 20
_LARGEST: Final = 1e15
_MOST_ZEROS: Final = 15


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the digits of a number may say."""

    value: float
    leeway: float
    """By how much a value may differ and still be told so."""


@dataclass(slots=True)
class _Number:
    start: int
    """With the currency before it."""
    end: int
    told_end: int
    """With the unit after it."""
    readings: tuple[_Reading, ...]
    units: list[str]
    below_zero: bool = False


def invented(text: str, facts: Any) -> list[str]:
    """Return the figures with a unit in a text that the facts don't bear out, as told.

    The facts are JSON; what stands in their strings bears out too. A figure may be rounded
    and told in another unit of its kind. Only digits with a unit are looked at: not numbers
    spelt as words, times, dates, durations, and counts.
    """
    known = _Known(facts)
    text = _plain(text)
    found = (
        _as_told(text, number)
        for number in _numbers(text, known.rare)
        if number.units and not known.bears_out(text, number)
    )
    return list(dict.fromkeys(found))


class _Known:
    """The figures of the facts."""

    def __init__(self, facts: Any) -> None:
        values: dict[str, set[float]] = {}
        written = []
        for node in _walk(facts):
            if isinstance(node, str):
                written.append(_plain(node))
            elif (figure := _figure(node)) is not None:
                values.setdefault(figure[1], set()).add(figure[0])
        self.rare = sorted((unit for unit in values if not is_known(unit)), key=len, reverse=True)
        for text in written:
            for number in _numbers(text, self.rare):
                for unit in number.units:
                    values.setdefault(unit, set()).update(_values(text, number))
        self._values = {unit: sorted(of_unit) for unit, of_unit in values.items()}

    def bears_out(self, text: str, number: _Number) -> bool:
        """Whether some fact is what a number says."""
        return any(
            self._has(value, reading.leeway, unit)
            for unit in number.units
            for reading in number.readings
            for value in _signed(text, number, reading.value)
        )

    def _has(self, value: float, leeway: float, unit: str) -> bool:
        for fact_unit, values in self._values.items():
            low = converted(value - leeway, unit, fact_unit)
            high = converted(value + leeway, unit, fact_unit)
            if low is None or high is None:
                continue
            if _is_between(values, low, high):
                return True
            # What was used up or paid may be told without its sign, a frost may not.
            if converted(0, unit, CELSIUS) is None and _is_between(values, -high, -low):
                return True
        return False


def _is_between(values: list[float], low: float, high: float) -> bool:
    place = bisect_left(values, low)
    return place < len(values) and values[place] <= high


def _walk(facts: Any) -> Iterator[Any]:
    """Yield the strings and the mappings, however deep."""
    nodes = [facts]
    while nodes:
        node = nodes.pop()
        if isinstance(node, Mapping):
            yield node
            nodes += node.values()
        elif isinstance(node, list | tuple):
            nodes += node
        elif isinstance(node, str):
            yield node


def _figure(node: Mapping[str, Any]) -> tuple[float, str] | None:
    value, unit = node.get("value"), node.get("unit")
    if isinstance(value, bool) or not isinstance(value, int | float) or not isinstance(unit, str):
        return None
    if not unit.strip() or len(unit) > _LONGEST_UNIT or not abs(value) <= _LARGEST:
        return None
    return value, known_unit(_plain(unit))


def _plain(text: str) -> str:
    """Return a text with one way to write each sign."""
    return unicodedata.normalize("NFKC", text.translate(_SIGNS))


def _numbers(text: str, rare: list[str]) -> list[_Number]:
    """Return all numbers of a text, those without a unit too."""
    numbers: list[_Number] = []
    for found in _NUMBER.finditer(text):
        number = _Number(found.start(), found.end(), found.end(), _readings(found[0]), [])
        if (money := money_before(text, number.start)) is not None:
            number.units, number.start = [money[0]], money[1]
        elif (unit := _unit_after(text, number.end, rare)) is not None:
            number.units, number.told_end = unit
            number.below_zero = _BELOW_ZERO.match(text, number.told_end) is not None
        numbers.append(number)
        if number.units:
            _share_unit(text, numbers)
    return [number for number in numbers if number.readings]


def _unit_after(text: str, place: int, rare: list[str]) -> tuple[list[str], int] | None:
    """Return the units that follow a number; first those of the facts that have no words."""
    start = place + (text[place : place + 1] == " ")
    for unit in rare:
        end = start + len(unit)
        if text[start:end].casefold() == unit.casefold() and not text[end : end + 1].isalnum():
            return [unit], end
    return unit_after(text, place)


def _share_unit(text: str, numbers: list[_Number]) -> None:
    """Give the first number of a range its unit: 3 to 8 degrees."""
    for place in range(len(numbers) - 1, 0, -1):
        before, number = numbers[place - 1], numbers[place]
        between = text[before.end : number.start]
        if before.units or len(between) > _LONGEST_JOINT or not _JOINT.fullmatch(between):
            return
        before.units, before.below_zero = number.units, number.below_zero
        before.told_end = number.told_end


def _readings(written: str) -> tuple[_Reading, ...]:
    """Return what digits may say: 1.234 is a decimal here and thousands there."""
    pieces = re.split(r"[ ']", written)
    candidates = {"".join(pieces), pieces[-1]}
    return tuple(reading for digits in candidates for reading in _read(digits))


def _read(digits: str) -> Iterator[_Reading]:
    if _DECIMAL.fullmatch(digits):
        yield _reading(digits.replace(",", "."))
    elif _BOTH_MARKS.fullmatch(digits):
        mark = max(digits.rfind("."), digits.rfind(","))
        yield _reading(_MARKS.sub("", digits[:mark]) + "." + digits[mark + 1 :])
    if _THOUSANDS.fullmatch(digits):
        yield _reading(_MARKS.sub("", digits))


def _reading(digits: str) -> _Reading:
    value = min(float(digits), 10 * _LARGEST)
    whole, _, decimals = digits.partition(".")
    leeway = 0.5 * 10.0 ** -len(decimals)
    if not decimals and value >= _ROUGH_FROM:
        zeros = min(len(whole) - len(whole.rstrip("0")), _MOST_ZEROS)
        leeway = max(leeway, min(0.5 * 10.0**zeros, _ROUGHLY * value))
    return _Reading(value, leeway + _EXACT * max(1.0, value))


def _values(text: str, number: _Number) -> Iterator[float]:
    for reading in number.readings:
        yield from _signed(text, number, reading.value)


def _signed(text: str, number: _Number, value: float) -> tuple[float, ...]:
    """Return what a number may be with its sign."""
    before = text[max(0, number.start - _LONGEST_SIGN) : number.start]
    if number.below_zero or _MINUS_WORD.search(before) or _MINUS_SIGN.search(before):
        return (-value,)
    return (value, -value) if _PERHAPS_MINUS.search(before) else (value,)


def _as_told(text: str, number: _Number) -> str:
    start = number.start
    if _MINUS_SIGN.search(text[max(0, start - _LONGEST_SIGN) : start]):
        start -= 1
    return text[start : number.told_end]
