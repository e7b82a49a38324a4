"""Lengths of time: "5 minutes", "1h30", "half an hour", "00:05:00", "PT5M"."""

from collections.abc import Mapping
from datetime import timedelta
import math
import re
from typing import Final

from .amounts import read_number
from .misread import not_understood
from .names import fold

_SECOND: Final = 1
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_WEEK: Final = 604_800
_LONGEST: Final = 366 * _DAY  # seconds; nothing in a home waits longer
_UNITS: Final = {
    fold(word): seconds
    for words, seconds in (
        (("s sec secs second seconds seconde seconden sek sekunde sekunden secondes segundo"
         " segundos seg"), _SECOND),
        ("m min mins minute minutes minuut minuten minuto minutos mn", _MINUTE),
        ("h hr hrs hour hours u uur uren std stunde stunden heure heures hora horas", _HOUR),
        ("d day days dag dagen tag tage tagen jour jours día días", _DAY),
        ("w week weeks weken woche wochen semaine semaines semana semanas", _WEEK),
    )
    for word in words.split()
}  # fmt: skip
_WHOLE: Final = {
    fold(word): seconds
    for word, seconds in (
        ("halfuur", 1800), ("kwartier", 900), ("viertelstunde", 900), ("dreiviertelstunde", 2700),
        ("halbstunde", 1800),
    )
}  # fmt: skip
_SMALLER: Final = {_WEEK: _DAY, _DAY: _HOUR, _HOUR: _MINUTE, _MINUTE: _SECOND}
_QUARTERS: Final = frozenset({"quarter", "quarters", "kwart", "viertel", "quart", "cuarto"})
_HALVES: Final = frozenset(
    {"half", "halve", "halb", "halbe", "halben", "demi", "demie", "medio", "media"}
)
_AND: Final = frozenset({"and", "en", "und", "et", "y"})
_SKIPPED: Final = frozenset(
    {"for", "in", "of", "about", "after", "the", "d", "voor", "fur", "pour", "de", "van", "over"}
)
_ARTICLES: Final = frozenset(
    {"a", "an", "een", "ein", "eine", "einer", "einen", "un", "une", "una"}
)
_CLOCK: Final = re.compile(r"(\d{1,3}):(\d{2})(?::(\d{2}(?:\.\d+)?))?")
_ISO: Final = re.compile(
    r"p(?:(\d+(?:\.\d+)?)w)?(?:(\d+(?:\.\d+)?)d)?"
    r"(?:t(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?)?"
)
_TOKEN: Final = re.compile(r"\d+(?:[.,/]\d+)?|½|¼|¾|[^\W\d_]+")
_EXPECTED: Final = "a length of time"
_EXAMPLE: Final = '"5 minutes"'
_LONGEST_TEXT: Final = 100  # characters


def read_duration(value: object, bare_unit: str | None = None) -> timedelta:
    """Return a length of time, none below zero. Raises ValueNotUnderstoodError.

    A number alone is of `bare_unit` ("seconds"); without one it is refused, as models mean
    seconds by it, and people minutes. "1:30" is hours and minutes, as everywhere in Home
    Assistant.
    """
    seconds = _seconds(value, bare_unit)
    if seconds is None or not 0 <= seconds <= _LONGEST:
        raise not_understood(value, _EXPECTED, _EXAMPLE)
    return timedelta(seconds=seconds)


def _seconds(value: object, bare_unit: str | None) -> float | None:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return _from_mapping(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _bare(value, bare_unit)
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        return None
    text = fold(value).strip(" .!\"'")
    if (number := read_number(text)) is not None:
        return _bare(number, bare_unit)
    if match := _CLOCK.fullmatch(text):
        hours, minutes, seconds = match.groups()
        return int(hours) * _HOUR + int(minutes) * _MINUTE + float(seconds or 0)
    if (match := _ISO.fullmatch(text)) and any(match.groups()):
        units = (_WEEK, _DAY, _HOUR, _MINUTE, _SECOND)
        return sum(
            float(part or 0) * unit for part, unit in zip(match.groups(), units, strict=True)
        )
    return _from_words(_TOKEN.findall(text), text)


def _bare(number: float, unit: str | None) -> float | None:
    if not math.isfinite(number) or abs(number) > _LONGEST:
        return None
    if number == 0:
        return 0.0
    return number * _UNITS[fold(unit)] if unit else None


def _from_mapping(value: Mapping[object, object]) -> float | None:
    """Read {"hours": 1, "minutes": "30"}; every key has to be a unit."""
    total = 0.0
    for key, part in value.items():
        unit = _UNITS.get(fold(str(key)))
        number = read_number(str(part)) if not isinstance(part, bool) else None
        if unit is None or number is None or number < 0:
            return None
        total += number * unit
    return total if value else None


def _from_words(tokens: list[str], text: str) -> float | None:
    """Read numbers and units in turn; every word has to make sense."""
    if not tokens or "-" in text[:1]:
        return None
    total = 0.0
    used: set[int] = set()
    number: list[str] = []
    last: int | None = None
    for token in tokens:
        if token in _WHOLE:
            if (count := _count(number) if number else 1.0) is None:
                return None
            total += count * _WHOLE[token]
            number, last = [], _MINUTE
            continue
        # "d" is days after a number, and "of" in "quart d'heure"
        unit = _UNITS.get(token) if number or token not in _SKIPPED else None
        if unit is None:
            number.append(token)
            continue
        if token in _SKIPPED and not _count_is_number(number):
            continue
        if unit in used or (count := _count(number)) is None:
            return None
        used.add(unit)
        total += count * unit
        number, last = [], unit
    if not number:
        return total if last is not None else None
    return _with_rest(total, number, last)


def _with_rest(total: float, number: list[str], last: int | None) -> float | None:
    """Add what follows the last unit: "1 hour and a half", "1h30"."""
    if last is None:
        return None
    rest = [word for word in number if word not in _AND | _ARTICLES]
    if len(rest) == 1 and rest[0] in _HALVES:
        return total + last / 2
    if len(rest) == 1 and rest[0] in _QUARTERS:
        return total + last / 4
    smaller = _SMALLER.get(last)
    count = read_number(" ".join(rest)) if rest else None
    if smaller is None or count is None or count * smaller >= last:
        return None
    return total + count * smaller


def _count_is_number(words: list[str]) -> bool:
    return bool(words) and words[-1][0].isdecimal()


def _count(words: list[str]) -> float | None:
    """Return how many units the words before one say: an article is one ("an hour")."""
    if not words:
        return None  # "minutes 5"
    words = [word for word in words if word not in _SKIPPED]
    while words and words[0] in _AND:
        words = words[1:]
    rest = [word for word in words if word not in _ARTICLES]
    if not rest:
        return 1.0
    if rest[-1] in _QUARTERS:
        count = read_number(" ".join(rest[:-1])) if rest[:-1] else 1.0
        return count / 4 if count is not None else None
    if len(rest) == 1 and rest[0] in _HALVES:
        return 0.5
    number = read_number(" ".join(words))
    if number is None:
        number = read_number(" ".join(rest))
    return number if number is not None and number >= 0 else None
