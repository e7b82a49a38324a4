"""The form of the tables that tell how people say that something was done.

A list of words is a text with `|` between its entries; an entry may have several words,
and `...` in it stands for a few words that don't matter. Texts are lower case with their
accents: "apagué" (I turned off) and "apague" (turn off!) are told apart by nothing else.
An apostrophe is a space ("j'ai" is "j ai") except in English short forms, which are
written out ("I've" is "i have", "can't" is "ca not", "door's" is "door 's").

A pattern is a row of items: a list of words, `<name>` for a list of the language, `@name`
for its verbs, `...` for a few words. `?` behind an item: it may be missing, `*`: up to four
of them. `^` stands for the beginning of a sentence and `&` for that of a clause, polite
words passed over; `$` for the end of a clause.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple


class Kind(Enum):
    """How much of a sentence must have been seen before a pattern counts."""

    FIRM = "firm"
    """What follows doesn't take it back."""
    OPEN = "open"
    """A time or a condition later in the sentence takes it back."""
    BARE = "bare"
    """A sentence without a subject: only the whole of it tells what it is."""


class Verbs(NamedTuple):
    """One form of the verbs of a language."""

    strong: str
    """They speak of a device whatever follows."""
    loose: str = ""
    """They do so only with a word of the home in the sentence."""


class Pattern(NamedTuple):
    """One way to say it."""

    kind: Kind
    text: str
    promise: bool = False


class Grammar(NamedTuple):
    """One language."""

    lists: Mapping[str, str]
    verbs: Mapping[str, Verbs]
    patterns: tuple[Pattern, ...]
    home: str
    """Words of the home: regular expressions, each of a whole word."""
    negative: str
    """In the same clause they turn it round."""
    supposed: str
    """Before it they make a condition, an instruction or a report of speech of it."""
    condition: str
    """Anywhere in the sentence they take back what isn't firm: conditions and habits."""
    past: str
    """A day or a year: a report of what was. Regular expressions."""
    clock: str
    """A time of day: a report, unless it is what was set. Regular expressions."""
    stops: str
    """`...` doesn't reach across these."""
    finite: str
    """Verbs that make a statement of a sentence that begins without a subject."""


POLITE: Final = (
    "ok|okay|oké|oke|okey|sure|sure thing|alright|all right|certainly|of course|great|perfect|"
    "got it|absolutely|understood|yes|no problem|my pleasure|sorry|ah|oh|hi|hello|good|well|"
    "ja|ja hoor|natuurlijk|prima|goed|geen probleem|zeker|tuurlijk|begrepen|uiteraard|"
    "klar|alles klar|gerne|gern|natürlich|kein problem|verstanden|gut|in ordnung|sicher|"
    "selbstverständlich|d accord|bien sûr|très bien|parfait|entendu|oui|pas de problème|"
    "certainement|compris|avec plaisir|vale|claro|claro que sí|por supuesto|perfecto|"
    "de acuerdo|bien|sí|muy bien|entendido|con gusto|sin problema|genial"
)
"""What stands before an answer, in any language."""
