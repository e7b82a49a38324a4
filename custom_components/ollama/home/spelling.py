"""Small misspellings: which word of the home another word was probably meant to be.

Careful by design: a wrong device that acts is worse than a question. A word that the home
or the language knows is never a misspelling; numbers and words of three letters never are.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from .names import fold, stem
from .things import SINGLE_WORDS, is_kind_word
from .words import (
    ALL,
    BASEMENT,
    DEVICES,
    DISTINGUISHING,
    DOWNSTAIRS,
    EVERYTHING,
    HERE,
    HOME,
    ROOM,
    ROOMS,
    THIS,
    UPSTAIRS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .index import Index

_ONE_EDIT_FROM: Final = 4  # letters: "lanp", but not "fna"
_LETTER_MISSING_FROM: Final = 3  # letters: "dor" for door, beside another word
_ALONE_FROM: Final = 5  # letters of a text of one word: "lump" alone may be anything
_TWO_EDITS_FROM: Final = 10  # letters: "livng rom" in one word, compounds
_FIRST_LETTER_FREE_FROM: Final = 6  # shorter words are told apart by it: hall, wall; porch, torch
_FIRST_LETTER_EXTRA_FROM: Final = 5  # letters of the longer word: "ights", "xlamp"
_MOST_EDITS: Final = 3  # in all words of a text together
_MOST_WORDS: Final = 2  # misspelled in one text
_MOST_SUGGESTIONS: Final = 4  # for one word
_SHORTEST_PART: Final = 3  # letters of a part of a compound
_JOINTS: Final = ("", "s", "n", "en", "es")

_KNOWN: Final = frozenset(
    fold(word)
    for words in (
        DISTINGUISHING, ALL, EVERYTHING, HOME, DEVICES, HERE, THIS, ROOM, UPSTAIRS, DOWNSTAIRS,
        BASEMENT, ROOMS, SINGLE_WORDS,
    )
    for word in words
)  # fmt: skip
_DISTINGUISHING: Final = frozenset(fold(word) for word in DISTINGUISHING)


def edits_allowed(word: str, other: str) -> int:
    """Return how many letters of a word may be wrong, added, missing or swapped."""
    length = min(len(word), len(other))
    if length == _LETTER_MISSING_FROM and len(other) == length + 1:
        return 1
    if length < _ONE_EDIT_FROM:
        return 0
    return 2 if length >= _TWO_EDITS_FROM else 1


def is_misspelling(word: str, other: str, *, is_alone: bool = False) -> int | None:
    """Return the number of wrong letters if one word may stand for another, else None.

    The first letter counts more: short words are told apart by it (hall, wall), and those
    of compounds (Ostfenster, Westfenster). Beside other words one too many or one missing
    there is still seen.
    """
    allowed = edits_allowed(word, other)
    distance = OSA.distance(word, other, score_cutoff=allowed)
    if distance > allowed:
        return None
    if word[0] == other[0] or distance == 0 or word[:2] == other[1::-1]:
        return distance
    if distance > 1:
        return None
    if len(word) != len(other) and not is_alone:
        return distance if max(len(word), len(other)) >= _FIRST_LETTER_EXTRA_FROM else None
    return distance if min(len(word), len(other)) >= _FIRST_LETTER_FREE_FROM else None


def is_known(index: Index, word: str) -> bool:
    """Whether a word needs no correction."""
    return (
        word.isdecimal()
        or word in _KNOWN
        or word in index.vocabulary
        or stem(word) in index.stems
        or is_kind_word(word)
    )


def is_distinguishing(word: str) -> bool:
    """Whether a word tells things apart, as left and right do."""
    return word.isdecimal() or word in _DISTINGUISHING


def corrections(index: Index, raw: tuple[str, ...]) -> list[list[tuple[str, ...]]]:
    """Return what a misspelled text may have been, by the number of wrong letters.

    Empty where no word is misspelled, or one can't be explained.
    """
    unknown = [place for place, word in enumerate(raw) if not is_known(index, word)]
    if not unknown or len(unknown) > _MOST_WORDS:
        return []
    choices: list[list[tuple[int, str]]] = []
    for place in unknown:
        if len(raw) == 1 and len(raw[place]) < _ALONE_FROM:
            return []
        suggestions = _suggestions(index, raw[place], is_alone=len(raw) == 1)
        if not suggestions:
            return []
        choices.append(suggestions)
    by_edits: dict[int, list[tuple[str, ...]]] = {}
    for chosen in product(*choices):
        edits = sum(distance for distance, _ in chosen)
        if edits > _MOST_EDITS:
            continue
        words = list(raw)
        for place, (_, word) in zip(unknown, chosen, strict=True):
            words[place] = word
        by_edits.setdefault(edits, []).append(tuple(words))
    return [by_edits[edits] for edits in sorted(by_edits)]


def _suggestions(index: Index, word: str, *, is_alone: bool) -> list[tuple[int, str]]:
    if len(word) < _LETTER_MISSING_FROM:
        return []
    found = process.extract(
        word,
        index.correctable,
        scorer=OSA.distance,
        score_cutoff=2 if len(word) >= _TWO_EDITS_FROM else 1,
        limit=_MOST_SUGGESTIONS * 2,
    )
    suggestions = {
        other: distance
        for other, _, _ in found
        if (distance := is_misspelling(word, other, is_alone=is_alone))
    }
    # With a wrong first letter it has to be the only one: "ganna" is Anna or Hanna.
    odd = [distance for other, distance in suggestions.items() if other[0] != word[0]]
    if odd:
        suggestions |= {other: near for other, near, _ in found if 0 < near <= max(odd)}
    return sorted((distance, other) for other, distance in suggestions.items())[:_MOST_SUGGESTIONS]


def respacings(index: Index, raw: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield a text with its spaces moved: "bed room" is bedroom, Küchenlampe is Küche Lampe."""
    yield raw
    for place in range(len(raw) - 1):
        word = raw[place] + raw[place + 1]
        if word in index.vocabulary and not word.isdecimal():
            yield (*raw[:place], word, *raw[place + 2 :])
    for place, word in enumerate(raw):
        if is_known(index, word):
            continue
        for parts in _split(index, word):
            yield (*raw[:place], *parts, *raw[place + 1 :])


def _split(index: Index, word: str) -> Iterator[tuple[str, str]]:
    for place in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
        last = word[place:]
        if last not in index.vocabulary and not is_kind_word(last):
            continue
        for joint in _JOINTS:
            first = word[:place].removesuffix(joint) if joint else word[:place]
            if (not joint or word[:place].endswith(joint)) and first in index.vocabulary:
                yield first, last
                break
