"""What kind of sentence somebody said: a question, an order, or neither.

Only to tell whether an answer may claim an action: nothing is done by it.
"""

import re
from typing import Final

# How questions begin in the five languages; speech-to-text leaves out the mark.
_QUESTIONS: Final = (
    "is are was were did do does have has had what which who whose when where why how",
    "waarom wat wie waar wanneer welke hoe heb heeft had zijn",
    "war wer wo wann warum welche welcher welches wie hast hat habt haben ist sind",
    "quoi que quel quelle qui quand pourquoi comment combien avez as est sont",
    "qué quién cuándo dónde por cómo cuál cuánto has ha está están",
)
# Polite orders have a question's form.
_POLITE: Final = (
    "can could would will please kun kan wil zou kannst könntest würdest kann bitte peux peut "
    "pouvez pourrais pourriez veux puedes puede podrías podría quieres"
)
# Words of orders to a home. One of them in a sentence makes a claim in the answer matter.
_ORDERS: Final = (
    "turn switch set make put open close shut lock unlock start stop play pause resume dim "
    "brighten activate deactivate enable disable run trigger raise lower increase decrease "
    "arm disarm mute skip add remove clean dock lights light on off",
    "zet zetten doe doen maak open sluit vergrendel ontgrendel start stop speel pauzeer dim "
    "activeer schakel verhoog verlaag voeg verwijder aan uit licht lampen",
    "schalte schalt mach mache stell stelle öffne schließe sperre entsperre starte stoppe "
    "spiele spiel dimme aktiviere erhöhe senke füge entferne ein aus an licht lampen",
    "allume allumez éteins éteignez mets mettez règle ouvre ouvrez ferme fermez verrouille "
    "déverrouille démarre lance arrête joue active désactive augmente baisse ajoute lumière",
    "enciende apaga pon ponga abre cierra bloquea desbloquea inicia para reproduce pausa activa "
    "desactiva sube baja añade quita luz luces",
)
_QUESTION_WORDS: Final = frozenset(word for words in _QUESTIONS for word in words.split())
_POLITE_WORDS: Final = frozenset(_POLITE.split())
_ORDER_WORDS: Final = frozenset(word for words in _ORDERS for word in words.split())


# Greek and Arabic ones among them; in an address, a letter follows.
_MARK: Final = re.compile(r"[?\u037e\u061f]+(?![\w=&/])|\uff1f+")
_AROUND: Final = " \t\r\n\"'!.\u2026*_)]}\u00bb\u201c\u201d\u2019\u300d\u300f\uff09"
_CHOICE: Final = re.compile(r"\s*([-*\u2022+]|\d{1,2}[.)])\s")
_MOST_CHOICES: Final = 12
_LONGEST_CHOICE: Final = 40
"""Characters of what may follow a question in one line: "Kitchen or hall"."""
_MOST_WORDS_OF_CHOICE: Final = 5


def is_question(text: str) -> bool:
    """Whether a sentence asks something; polite orders ("can you ...") don't count."""
    words = _words(text)
    if not words or words[0] in _POLITE_WORDS:
        return False
    return text.strip().endswith("?") or words[0] in _QUESTION_WORDS


def is_order(text: str) -> bool:
    """Whether a sentence may tell to do something in the home."""
    return not is_question(text) and not _ORDER_WORDS.isdisjoint(_words(text))


def asks_back(answer: str) -> bool:
    """Whether an answer ends in a question, or in one and the choices for it."""
    marks = list(_MARK.finditer(answer))
    if not marks:
        return False
    rest = answer[marks[-1].end() :].strip(_AROUND)
    lines = [line for line in rest.splitlines() if line.strip()]
    if len(lines) <= _MOST_CHOICES and all(map(_CHOICE.match, lines)):
        return True  # or nothing follows at all
    return len(rest) <= _LONGEST_CHOICE and len(rest.split()) <= _MOST_WORDS_OF_CHOICE


def _words(text: str) -> list[str]:
    cleaned = "".join(letter if letter.isalnum() else " " for letter in text.lower())
    return cleaned.split()
