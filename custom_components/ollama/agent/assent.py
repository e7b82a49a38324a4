"""The answer to "Shall I unlock the front door?", read without the model.

It is the whole sentence that must be a yes. Every word has to be known: to ask once more
costs a moment, a lock opened for "yes, but not the garage" costs more.
"""

from collections.abc import Collection, Iterator
from enum import Enum
import re
from typing import Final
import unicodedata

from .assent_words import FILLERS, NO, NUMBERS, PIN_LEADS, POLITE, TIMES, YES

MIN_PIN: Final = 3
MAX_PIN: Final = 16
"""Characters of a PIN."""

_MAX_TEXT: Final = 100
"""Characters; a longer sentence is something else."""
_LONGEST_PHRASE: Final = max(len(phrase.split()) for phrase in (*YES, *NO, *POLITE, *PIN_LEADS))
_ALLOWED: Final = re.compile(r"[\w\s.,;:!'\"-]*")
_UNFINISHED: Final = re.compile(r"(?:[,;:-]|\.\.)\s*$")
_APOSTROPHES: Final = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc\u00b4`", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014", "-")
    | {"\u00a1": "!"}
)
_WORD: Final = re.compile(r"[^\W_]+")


class Assent(Enum):
    """What was answered."""

    YES = "yes"
    NO = "no"
    OTHER = "other"
    """Neither, or both, or more than that."""


def assent(text: str) -> Assent:
    """Return whether a sentence is a yes, a no, or anything else."""
    plain = _plain(text)
    if plain is None or _UNFINISHED.search(plain):
        return Assent.OTHER
    answers: set[Assent] = set()
    for phrase in _phrases(plain, YES | NO | POLITE | FILLERS):
        if phrase is None:
            return Assent.OTHER
        if phrase in NO:
            answers.add(Assent.NO)
        elif phrase in YES:
            answers.add(Assent.YES)
    return answers.pop() if len(answers) == 1 else Assent.OTHER


def spoken_digits(text: str) -> str | None:
    """Return the PIN that a sentence consists of, in digits and lower case letters.

    Words around it may be "my PIN is", a yes, a please; anything else, and a text that
    isn't long enough or has letters only in the form of a word, gives None. Compare it
    with a PIN that has been through this as well.
    """
    plain = _plain(text)
    if plain is None:
        return None
    around = (YES | POLITE | FILLERS | PIN_LEADS) - {"oh"}
    pin = ""
    times = 1
    ended = False
    for phrase in _phrases(plain, around | NUMBERS.keys() | TIMES.keys(), or_characters=True):
        if phrase is None:
            return None
        if phrase in TIMES:
            times = TIMES[phrase]
            continue
        if phrase in around and phrase not in NUMBERS:
            # In front anything of these, behind it no second beginning.
            if pin and phrase in PIN_LEADS:
                return None
            ended = bool(pin) and phrase not in FILLERS
            continue
        if ended:
            return None
        pin += NUMBERS.get(phrase, phrase) * times
        times = 1
    if not any(character.isalpha() and character != "o" for character in pin):
        # "One o four": a zero.
        pin = pin.replace("o", "0")
    if pin.isalpha():
        # Spelled letters that make a word, which alone is none.
        return None
    return pin if MIN_PIN <= len(pin) <= MAX_PIN else None


def _plain(text: str) -> str | None:
    """Return a text in lower case and without accents; None where it can't be an answer."""
    if len(text) > _MAX_TEXT:
        return None
    decomposed = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES)).casefold()
    plain = "".join(
        character
        for character in decomposed
        # Accents, and marks that nobody sees
        if unicodedata.category(character) not in ("Mn", "Cf")
    )
    # A question mark asks back; other signs, such as a crossed thumb, may turn it round.
    return plain if _ALLOWED.fullmatch(plain) else None


def _phrases(
    plain: str, known: Collection[str], *, or_characters: bool = False
) -> Iterator[str | None]:
    """Yield the longest known phrases that make up a text; None for what isn't known.

    `or_characters` lets pass single letters and words with a digit in them.
    """
    words = _WORD.findall(plain)
    start = 0
    while start < len(words):
        for length in range(min(_LONGEST_PHRASE, len(words) - start), 0, -1):
            phrase = " ".join(words[start : start + length])
            if phrase in known:
                yield phrase
                start += length
                break
        else:
            word = words[start]
            yield _characters(word) if or_characters else None
            start += 1


def _characters(word: str) -> str | None:
    """Return a word that is part of a PIN in ASCII, or None."""
    ascii_word = "".join(
        str(unicodedata.decimal(character)) if character.isdecimal() else character
        for character in word
    )
    if not ascii_word.isascii():
        return None
    if len(ascii_word) == 1 or any(character.isdigit() for character in ascii_word):
        return ascii_word
    return None
