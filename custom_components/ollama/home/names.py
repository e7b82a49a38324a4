"""What makes two ways of writing a name the same.

Case, diacritics, punctuation, underscores, hyphens, camel case, articles and possessives
go; number words become digits; plurals become singulars (by `stem`, a rule of thumb that
only has to do the same to both sides). Numbers always stay, and stay apart from letters.
"""

from dataclasses import dataclass
from functools import lru_cache
import re
from typing import Final
import unicodedata

from .numerals import cardinals, joined_number, ordinals
from .words import AND, ARTICLES, ON, PREPOSITIONS

_CACHED_NAMES: Final = 20_000  # texts; a large home has some thousands of names
_LONGEST: Final = 300  # characters that are looked at: no name is longer
_DIGITS_OF_NUMBERS: Final = 9

_CAMEL: Final = re.compile(r"(?<=[^\W\d_][a-zà-ÿ])(?=[A-ZÀ-Þ][a-zà-ÿ]{2})")
_TOKEN: Final = re.compile(r"[^\W\d_]+|\d+")
_ELISION: Final = re.compile(r"\b(?:[ldjmtsnc]|qu)'(?=\w)")
_POSSESSIVE: Final = re.compile(r"'s\b")
_ORDINAL: Final = re.compile(r"(\d+)(?:st|nd|rd|th|ste|er|ere|eme|de(?=\s)|e(?=\s))\b")
_APOSTROPHES: Final = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "`": "'", "\u00b4": "'", "º": " ", "ª": " "}
)
_LETTERS: Final = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "\u0131": "i", "&": " and "}
)
_SHORTEST_STEMMED: Final = 4
_SHORTEST_E: Final = 5
_SHORTEST_EN: Final = 6


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text taken apart."""

    literal: str
    """Trimmed and case folded, else as it was written."""
    raw: tuple[str, ...]
    """Words without articles; numbers as digits."""
    stems: tuple[str, ...]
    """The same words in the singular."""
    loose: str
    """`raw` as one text without spaces, numbers marked off."""
    key: str
    """`stems` as one text without spaces, numbers marked off."""


def fold(text: str) -> str:
    """Return a text without case and diacritics."""
    text = text.translate(_APOSTROPHES).casefold().translate(_LETTERS)
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _folded(words: frozenset[str]) -> frozenset[str]:
    return frozenset(fold(word) for word in words)


_ARTICLES: Final = _folded(ARTICLES)
_DROPPED: Final = _ARTICLES | _folded(PREPOSITIONS)
_ON: Final = _folded(ON)
_NUMBERS: Final = {fold(word): number for word, number in cardinals().items()}
_ALL_NUMBERS: Final = _NUMBERS | {fold(word): number for word, number in ordinals().items()}
_JOINTS: Final = frozenset({"and", "et", "y", "en", "und"})


@lru_cache(maxsize=_CACHED_NAMES)
def phrase(text: str) -> Phrase:
    """Take a text apart; never raises."""
    text = text[:_LONGEST]
    raw = _without_articles(_with_numbers(_tokens(text)))
    stems = tuple(stem(word) for word in raw)
    return Phrase(text.strip().casefold(), raw, stems, joined(raw), joined(stems))


def normalized(text: str) -> str:
    """Return the words that count, with spaces between them: "The Lämp_2" is "lamp 2"."""
    return " ".join(phrase(text).raw)


def joined(words: tuple[str, ...]) -> str:
    """Return words as one text; "1 2" and "12" stay different."""
    return "".join(f"|{word}|" if word.isdecimal() else word for word in words)


@lru_cache(maxsize=_CACHED_NAMES)
def stem(word: str) -> str:
    """Return a word's singular, roughly, and German ae, oe, ue as a, o, u."""
    if len(word) < _SHORTEST_STEMMED or not word.isascii():
        return word
    word = word.replace("ae", "a").replace("oe", "o").replace("ue", "u")
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if word.endswith("en") and len(word) >= _SHORTEST_EN:
        return word[:-2]
    if word.endswith("e") and len(word) >= _SHORTEST_E:
        return word[:-1]
    return word


def _tokens(text: str) -> list[str]:
    text = fold(_CAMEL.sub(" ", text))
    if "'" in text:
        text = _POSSESSIVE.sub("", _ELISION.sub("", text)).replace("'", "")
    text = _ORDINAL.sub(r"\1 ", text.replace("_", " "))
    return [_plain_number(token) for token in _TOKEN.findall(text)]


def _plain_number(token: str) -> str:
    """Return 02 as 2; digits of other scripts as ours."""
    if not token.isdecimal() or len(token) > _DIGITS_OF_NUMBERS:
        return token
    return str(int(token))


def _with_numbers(tokens: list[str]) -> list[str]:
    """Turn number words into digits: "lamp twenty one" into lamp 21."""
    result: list[str] = []
    place = 0
    while place < len(tokens):
        length, number = _number_at(tokens, place)
        if number is None:
            result.append(tokens[place])
            place += 1
            continue
        result.append(str(number))
        place += length
    return result


def _number_at(tokens: list[str], place: int) -> tuple[int, int | None]:
    token = tokens[place]
    if token not in _ALL_NUMBERS:
        return 1, None
    if token in _ARTICLES and place < len(tokens) - 1:
        return 1, None  # "een lamp", "une lampe", but "lamp een"
    if token not in _NUMBERS:
        return 1, _ALL_NUMBERS[token]
    values = [_NUMBERS[token]]
    end = place + 1
    while end < len(tokens):
        following = end + 1 if tokens[end] in _JOINTS and end + 1 < len(tokens) else end
        value = _NUMBERS.get(tokens[following])
        if value is None or joined_number([*values, value]) is None:
            break
        values.append(value)
        end = following + 1
    return end - place, joined_number(values)


def _without_articles(tokens: list[str]) -> tuple[str, ...]:
    """Drop what never tells two names apart; the last word stays whatever it is."""
    kept: list[str] = []
    last = len(tokens) - 1
    for place, token in enumerate(tokens):
        if place == last:
            kept.append(token)
        elif token in _DROPPED:
            continue
        elif token in _ON and tokens[place + 1] in _ARTICLES:
            continue  # "the lamp on the desk", but "turned on"
        else:
            kept.append(token)
    return tuple(kept)


def split_list(text: str) -> list[str]:
    """Return the parts of "a, b and c"; one part where it isn't a list."""
    parts = [part.strip() for part in _LIST.split(text)]
    return [part for part in parts if part]


_LIST: Final = re.compile(rf"[,;\n]|\s(?:{'|'.join(AND)}|&|\+)\s", re.IGNORECASE)
