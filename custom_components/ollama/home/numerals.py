"""Number words of the five languages up to 999, for names and for values."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

_TEN: Final = 10
_HUNDRED: Final = 100

_FIRST_TENS: Final = 20
"""Below it French counts on after soixante and quatre-vingt."""

# From zero to nineteen; what has several forms has them behind a slash.
_ONES: Final = (
    (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
        " fifteen sixteen seventeen eighteen nineteen"
    ),
    (
        "nul een/één twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien"
        " vijftien zestien zeventien achttien negentien"
    ),
    (
        "null eins/ein/eine zwei/zwo drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn"
        " vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn"
    ),
    (
        "zéro un/une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze"
        " quinze seize dix-sept dix-huit dix-neuf"
    ),
    (
        "cero uno/un/una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce"
        " quince dieciséis diecisiete dieciocho diecinueve"
    ),
)
_TENS: Final = (
    "twenty thirty forty fifty sixty seventy eighty ninety",
    "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "vingt/vingts trente quarante cinquante soixante septante huitante/octante nonante",
    "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
)
_HUNDREDS: Final = ("hundred", "honderd", "hundert/einhundert", "cent/cents", "cien/ciento")
_ORDINALS: Final = (
    "first second third fourth fifth sixth seventh eighth ninth tenth",
    "eerste tweede derde vierde vijfde zesde zevende achtste negende tiende",
    (
        "erster/erste/ersten/erstes zweiter/zweite/zweiten/zweites dritter/dritte/dritten/drittes"
        " vierter/vierte/vierten/viertes fünfter/fünfte/fünften"
    ),
    "premier/première deuxième troisième quatrième cinquième",
    "primero/primer/primera segundo/segunda tercero/tercer/tercera cuarto/cuarta quinto/quinta",
)
# Spanish cuarto is a room and a quarter, second is a unit of time in names of no device.
_NOT_ORDINAL: Final = frozenset({"cuarto", "cuarta"})


def _counted(lines: Iterable[str], start: int, step: int) -> Iterator[tuple[str, int]]:
    for line in lines:
        for place, forms in enumerate(line.split()):
            for form in forms.split("/"):
                yield form, start + place * step


def _compounds() -> Iterator[tuple[str, int]]:
    """Yield what is written as one word: einundzwanzig, eenentwintig, veintiuno."""
    for ones_line, tens_line, joints in (
        (_ONES[1], _TENS[1], ("en", "ën")),
        (_ONES[2], _TENS[2], ("und",)),
    ):
        for ones, one in _counted([" ".join(ones_line.split()[1:10])], 1, 1):
            for tens, ten in _counted([tens_line], 20, _TEN):
                for joint in joints:
                    yield f"{ones}{joint}{tens}", ten + one
    for ones, one in _counted([" ".join(_ONES[4].split()[1:10])], 1, 1):
        yield f"veinti{ones}", 20 + one


@cache
def cardinals() -> dict[str, int]:
    """Return every number word of one word with its number, case folded."""
    words = dict(_counted(_ONES, 0, 1))
    words |= dict(_counted(_TENS, 20, _TEN))
    words |= {form: _HUNDRED for line in _HUNDREDS for form in line.split("/")}
    words |= dict(_compounds())
    return {word.casefold(): number for word, number in words.items() if "-" not in word}


@cache
def ordinals() -> dict[str, int]:
    """Return every ordinal word with its number, case folded."""
    return {
        word.casefold(): number
        for word, number in _counted(_ORDINALS, 1, 1)
        if word not in _NOT_ORDINAL
    }


def joined_number(numbers: list[int]) -> int | None:
    """Return what a row of number words says: [20, 1] is 21, [2, 100, 5] is 205.

    French counts in twenties: [60, 10, 5] is 75, [4, 20, 10] is 90. None where the row is
    no number ([1, 2]).
    """
    total = numbers[0]
    for number in numbers[1:]:
        if number == _HUNDRED and 0 < total < _TEN:
            total *= _HUNDRED
        elif number == 20 and total == 4:  # noqa: PLR2004 - quatre-vingts
            total = 80
        elif _fits(total, number):
            total += number
        else:
            return None
    return total


def _fits(total: int, number: int) -> bool:
    """Whether a smaller number may follow: after a hundred, after a ten, after French 60, 80."""
    if total % _HUNDRED == 0 and total > 0:
        return number < _HUNDRED
    if total % _HUNDRED in (60, 80):
        return number < _FIRST_TENS
    if total % _TEN == 0 and total % _HUNDRED != _TEN and total > 0:
        return 0 < number < _TEN
    return total % _HUNDRED in (_TEN, 70, 90) and 6 < number < _TEN  # noqa: PLR2004 - dix-sept
