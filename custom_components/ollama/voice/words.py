"""How well a sentence was heard."""

import re
from typing import Final
import unicodedata

from rapidfuzz.distance import Levenshtein

_APOSTROPHES: Final = re.compile("['\u2019\u02bc]")
_UNSPACED: Final = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff])"
)
"""Letters of Thai, Lao, Burmese, Khmer, Japanese and Chinese, which put no blanks between words."""


def word_error_rate(reference: str, heard: str) -> float:
    """Return how many words are wrong, missing or too many, per word that was said.

    0 is perfect; more than 1 is possible, where more was heard than said. Case and
    punctuation don't count, accents do. So do spellings: "20" heard for "twenty" is an error.
    """
    said = _words(reference)
    return Levenshtein.distance(said, _words(heard)) / max(1, len(said))


def has_words(text: str) -> bool:
    """Whether a text says anything: marks, pictures and what can't be seen do not."""
    return bool(_words(text))


def _words(text: str) -> list[str]:
    """Return the words of a text; where words aren't set apart, each letter is one."""
    text = unicodedata.normalize("NFC", text).casefold()
    text = _UNSPACED.sub(r" \1 ", _APOSTROPHES.sub("", text))
    return "".join(map(_letter, text)).split()


def _letter(character: str) -> str:
    """Return what a character is in a word: a blank for a mark, nothing for what can't be seen."""
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    return " " if category[0] in "PS" else character
