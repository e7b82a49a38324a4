"""Numbers in text: digits of any notation, fractions, and number words."""

import re
from typing import Final

from .names import fold
from .numerals import cardinals, joined_number

_DIGITS: Final = re.compile(r"[-+\u2212\u2013]?\s*(?:\d[\d.,'\s]*\d|\d)")
_FRACTION: Final = re.compile(r"(?:(\d+)\s+)?(\d+)\s*/\s*(\d+)")
_SPACED: Final = re.compile(r"\d{1,3}(?:[ ']\d{3})+(?:[.,]\d+)?|[\d.,]+")
_COMMA_THOUSANDS: Final = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+")
_WORD: Final = re.compile(r"[^\W\d_]+|\d+")
_SINGLE_GLYPHS: Final = {"½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅓": " 1/3", "⅔": " 2/3"}
_MOST_DIGITS: Final = 12

_NUMBERS: Final = {fold(word): number for word, number in cardinals().items()}
_MINUS: Final = frozenset({"minus", "min", "moins", "menos", "negative"})
_POINT: Final = frozenset({"point", "punt", "komma", "comma", "coma", "virgule", "punto"})
_AND: Final = frozenset({"and", "en", "und", "et", "y"})
_ARTICLES: Final = frozenset({"a", "an"})
HALF: Final = frozenset({
    "half", "halve", "halver", "halb", "halbe", "halben", "halber", "halbes", "hälfte", "helft",
    "demi", "demie", "moitié", "medio", "media", "mitad",
})  # fmt: skip
_HALF: Final = frozenset(fold(word) for word in HALF)
_WHOLE_WITH_HALF: Final = {
    fold(word): value
    for word, value in (("anderthalb", 1.5), ("eineinhalb", 1.5), ("anderhalf", 1.5),
                        ("anderhalve", 1.5), ("zweieinhalb", 2.5), ("dreieinhalb", 3.5))
}  # fmt: skip


def read_number(text: str) -> float | None:
    """Return the number that a whole text is, None if it is none.

    "21", "21,5", "1.000,5", "1/2", "2 1/2", "½", "twenty one", "eenentwintig", "minus five",
    "twenty one point five", "two and a half".
    """
    for glyph, written in _SINGLE_GLYPHS.items():
        text = text.replace(glyph, written)
    text = text.strip()
    if not text:
        return None
    if (fraction := _FRACTION.fullmatch(text)) is not None:
        whole, over, under = fraction.groups()
        if max(len(part or "") for part in fraction.groups()) > _MOST_DIGITS or not int(under):
            return None
        return int(whole or 0) + int(over) / int(under)
    if _DIGITS.fullmatch(text):
        return _from_digits(text)
    return _from_words(text)


def _from_digits(text: str) -> float | None:
    text = text.replace("\u2212", "-").replace("\u2013", "-")
    sign = -1 if text.startswith("-") else 1
    text = text.lstrip("+- ")
    if not _SPACED.fullmatch(text):
        return None  # "1 2" is two numbers
    text = text.replace(" ", "").replace("'", "")
    if sum(char.isdecimal() for char in text) > _MOST_DIGITS:
        return None
    # The last of dot and comma is the decimal mark. A comma alone before just three digits
    # parts thousands: "2,700" kelvin; nobody sets a thermostat to 21,500.
    if _COMMA_THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    if text.count(".") > 1 or (text.rfind(",") > text.rfind(".") >= 0):
        text = text.replace(".", "")
    if text.count(",") > 1 or (text.rfind(".") > text.rfind(",") >= 0):
        text = text.replace(",", "")
    try:
        return sign * float(text.replace(",", "."))
    except ValueError:
        return None


def _from_words(text: str) -> float | None:
    words = _WORD.findall(fold(text))
    if not words or sum(map(len, words)) != len(re.sub(r"[\s_-]", "", fold(text))):
        return None
    if words[0] in _MINUS and len(words) > 1:
        rest = _positive(words[1:])
        return -rest if rest is not None else None
    return _positive(words)


def _positive(words: list[str]) -> float | None:
    for place, word in enumerate(words):
        if word in _POINT and 0 < place < len(words) - 1:
            whole, tenths = _cardinal(words[:place]), _after_point(words[place + 1 :])
            return whole + tenths if whole is not None and tenths is not None else None
    if words[-1] in _HALF:
        rest = [word for word in words[:-1] if word not in _AND | _ARTICLES]
        if not rest or rest in (["un"], ["une"], ["een"], ["ein"], ["eine"], ["una"], ["la"]):
            return 0.5
        whole = _cardinal(rest)
        return whole + 0.5 if whole is not None and len(words) > 1 else None
    if len(words) == 1 and words[0] in _WHOLE_WITH_HALF:
        return _WHOLE_WITH_HALF[words[0]]
    return _cardinal(words)


def _cardinal(words: list[str]) -> float | None:
    values: list[int] = []
    for word in words:
        if word in _AND and values:
            continue
        if word in _ARTICLES and len(words) > 1:
            continue  # "a hundred"
        if word.isdecimal() and len(words) == 1 and len(word) <= _MOST_DIGITS:
            return float(word)
        if word not in _NUMBERS:
            return None
        values.append(_NUMBERS[word])
    total = joined_number(values) if values else None
    return float(total) if total is not None else None


def _after_point(words: list[str]) -> float | None:
    """Return what follows the point: "five" is 0.5, "two five" is 0.25."""
    digits = ""
    for word in words:
        number = _NUMBERS.get(word)
        if word.isdecimal():
            digits += word
        elif number is not None:
            digits += str(number)
        else:
            return None
    return float(f"0.{digits}") if len(digits) <= _MOST_DIGITS else None
