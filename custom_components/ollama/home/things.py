"""Kinds of things and the words people have for them, in the five languages.

A kind is what "lights", "blinds" or "the garage door" mean: entities of a domain, or of a
domain and a device class. One word may stand for several domains: "door" is the lock of a
door, its sensor, and a door that moves.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from .kinds import THINGS, HasKind, Thing
from .names import phrase, stem
from .words import DEVICES

__all__ = [
    "SINGLE_WORDS", "HasKind", "Thing", "Word", "all_included", "is_kind_word", "kind_words",
    "things_named", "word_for",
]  # fmt: skip

BY_KEY: Final = {thing.key: thing for thing in THINGS}


@dataclass(frozen=True, slots=True)
class Word:
    """What a word for a kind says."""

    thing: Thing
    is_many: bool
    is_mass: bool


def _words() -> dict[tuple[str, ...], Word]:
    table: dict[tuple[str, ...], Word] = {}
    for thing in THINGS:
        for texts, is_many, is_mass in (
            (thing.mass, False, True),
            (thing.one, False, False),
            (thing.many, True, False),
        ):
            for text in texts:
                table.setdefault(phrase(text).raw, Word(thing, is_many, is_mass))
    for text in DEVICES:
        table.setdefault(phrase(text).raw, Word(BY_KEY["device"], text.endswith("s"), False))
    return table


_WORDS: Final = _words()
_BY_STEMS: Final = {tuple(stem(part) for part in raw): word for raw, word in _WORDS.items()}
_LONGEST_WORD: Final = max(len(raw) for raw in _WORDS)
_BEGINNINGS: Final = frozenset(
    raw[0] for table in (_WORDS, _BY_STEMS) for raw in table if len(raw) > 1
)
SINGLE_WORDS: Final = frozenset(raw[0] for raw in _WORDS if len(raw) == 1)
_CACHED_WORDS: Final = 20_000
MANY_ENDINGS: Final = ("s", "n")


def word_for(raw: tuple[str, ...]) -> Word | None:
    """Return the kind that words name, in singular or plural."""
    if (word := _WORDS.get(raw)) is not None:
        return word
    stems = tuple(stem(part) for part in raw)
    # What is its own stem is no plural: "port" isn't the French "porte".
    if stems == raw or (word := _BY_STEMS.get(stems)) is None:
        return None
    # A plural that the table doesn't have: "thermometers" by its stem.
    return Word(word.thing, raw[-1].endswith(MANY_ENDINGS), is_mass=False)


@lru_cache(maxsize=_CACHED_WORDS)
def _beginning(word: str) -> tuple[Word | None, bool]:
    """Return the kind that one word names, and whether several words may begin with it."""
    return word_for((word,)), word in _BEGINNINGS or stem(word) in _BEGINNINGS


def kind_words(raw: tuple[str, ...]) -> list[tuple[int, int, Word]]:
    """Return the words for kinds in a text: where each begins and ends. The longest first."""
    found: list[tuple[int, int, Word]] = []
    place = 0
    while place < len(raw):
        word, is_longer = _beginning(raw[place])
        end = place + 1
        if is_longer:
            for length in range(_LONGEST_WORD, 1, -1):
                longer = word_for(raw[place : place + length])
                if longer is not None and place + length <= len(raw):
                    word, end = longer, place + length
                    break
        if word is not None:
            found.append((place, end, word))
        place = end
    return found


def things_named(text: str) -> frozenset[Thing]:
    """Return the kinds that a domain or device class, as a model writes it, means."""
    raw = phrase(text).raw
    word = word_for(raw)
    return frozenset({word.thing}) if word is not None else frozenset()


def is_kind_word(raw: str) -> bool:
    """Whether one word names a kind."""
    return _beginning(raw)[0] is not None


def all_included(things: Iterable[Thing], entity: HasKind) -> bool:
    """Whether an entity is of every one of some kinds."""
    return all(thing.includes(entity) for thing in things)
