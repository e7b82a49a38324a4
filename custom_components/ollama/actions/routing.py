"""Which kind of question a prompt is, by rules: no model is asked to choose a model.

All texts are compared without case and diacritics (by `fold`), so that the words below
stand without them. What is uncertain is general, for which every agent has a model.
"""

import re
from typing import Final

from ..home.names import fold
from ..settings import QueryType

_LOOKED_AT: Final = 8_000
"""Characters at the beginning of a prompt; what it is shows there."""
_SHORT_WORDS: Final = 14
_SHORT_CHARACTERS: Final = 90


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_WORD: Final = re.compile(r"[^\W_]+(?:\+\+|#)?")

# Signs that only code has. Each begins with what it needs, and none repeats within a repetition.
_SIGNS: Final = re.compile(
    r"""```|~~~
    |^[ \t]{0,20}(?:def|class)[ ]\w{1,60}[ ]?[(:{]
    |^[ \t]{0,20}(?:from[ ][\w.]{1,80}[ ])?import[ ][\w.*{ ,}]{1,80};?[ \t]{0,20}$
    |^[#](?:include\b|!/)
    |\bfunction[ ]?\w{0,60}\(|\b(?:console\.log|printf|println|system\.out)\b|\bprint\(
    |\bselect\b[^;\n]{1,200}\bfrom[ ]\w{1,60}[ ](?:where|join|group|order|limit)\b
    |\{\{|\{%|<\?php|</\w{1,20}>|\(\)[ ]?[;{]|=>|[!=]==?|&&|\|\||\w\+=
    |^[ \t]{0,20}[-]?[ ]?(?:trigger|action|condition|service|platform)s?:[ \t]{0,20}$
    |\btraceback[ ]\(most|\b\w{0,40}(?:exception|error):[ ]""",
    re.VERBOSE | re.MULTILINE,
)
_LANGUAGES: Final = _words(
    "python javascript typescript c++ c# php sql mysql sqlite postgresql html css bash powershell"
    " kotlin golang regex regexp yaml json xml jinja jinja2 micropython arduino dockerfile numpy"
    " nodejs webpack perl haskell matlab cython",
    # What is only ever said of code.
    "sourcecode codebase traceback stacktrace refactor debuggen debuggers programmiersprache"
    " programmeertaal quellcode quelltext broncode codeblock codesnippet regex",
)
_PHRASES: Final = re.compile(
    r"\b(?:source code|code source|codigo fuente|unit tests?|pull request|stack trace"
    r"|syntax error|compiler error|programming language|langage de programmation"
    r"|lenguaje de programacion|shell script|regular expression|expression reguliere"
    r"|expresion regular|regulare[rn]? ausdruck|reguliere expressie)\b"
)
_WRITES_CODE: Final = _words(
    "write create generate implement fix debug refactor review optimise optimize explain correct",
    "schrijf maak genereer implementeer repareer verbeter debug refactor leg optimaliseer",
    "schreib schreibe erstelle erzeuge implementiere korrigiere verbessere erklar erklare debugge"
    " optimiere programmiere",
    "ecris ecrivez cree creez genere implemente corrige corrigez explique expliquez optimise",
    "escribe escribeme crea genera implementa corrige explica explicame depura optimiza",
)
_CODE: Final = _words("code codes kode snippet codigo")
_PROGRAMS: Final = re.compile(
    r"\b(?:script|skript|program|programm?a?|programme|function|functie|funktion|fonction|funcion"
    r"|algorithm|algoritme|algorithmus|algorithme|algoritmo)s?,? "
    r"(?:that|which|to|in|die|dat|om|das|der|qui|pour|en|que|para)\b"
)
# Things of a home that have a code as well.
_HAS_A_CODE: Final = _words(
    "alarm alarms door doors lock locks gate gates garage safe pin zip postal postcode dress qr"
    " discount voucher promo coupon wifi entry access area dialling bank secret morse burglar bar",
    "alarmsysteem deur deuren slot sloten poort kluis pincode korting kortingscode toegang"
    " toegangscode alarmcode deurcode",
    "tur turen schloss tor garagentor tresor rabatt gutschein zugang zugangscode alarmanlage"
    " alarmcode turcode haustur postleitzahl",
    "alarme porte portes serrure portail coffre postale reduction acces banque digicode",
    "alarma puerta puertas cerradura porton caja fuerte descuento acceso banco cochera",
)
_CREATIVE: Final = _words(
    "poem poems poetry haiku haikus limerick limericks sonnet sonnets rhyme rhymes joke jokes"
    " fairytale fairytales riddle ballad",
    "gedicht gedichten gedichtje rijm rijmpje rijmpjes grap grapje grappen moppen mopje sprookje"
    " sprookjes raadsel raadsels limericks",
    "gedichte reim reime witz witze marchen ratsel kurzgeschichte gutenachtgeschichte ballade",
    "poeme poemes poesie blague blagues rime rimes comptine comptines devinette sonnet",
    "poema poemas poesia chiste chistes rima rimas adivinanza adivinanzas soneto trabalenguas",
)
_CREATIVE_IF_MADE: Final = _words(
    "story stories tale song songs lyrics verse verses slogan slogans speech ballad pun tagline",
    "verhaal verhaaltje verhalen lied liedje liedjes vers versje mop toespraak slagzin",
    "geschichte geschichten lied lieder vers verse strophe rede werbespruch",
    "histoire histoires chanson chansons conte contes discours poeme couplet",
    "cuento cuentos historia historias cancion canciones verso versos discurso eslogan lema",
)
_MAKES: Final = _words(
    "write compose invent tell create improvise imagine make sing",
    "schrijf verzin bedenk vertel maak dicht componeer zing",
    "schreib schreibe erfinde erzahl erzahle dichte komponiere reime sing singe denk",
    "ecris ecrivez invente inventez raconte racontez compose imagine redige chante",
    "escribe escribeme inventa inventame cuenta cuentame compon crea redacta canta imagina",
)
_FAIRY_TALES: Final = re.compile(
    r"\b(?:fairy tales?|bedtime stor(?:y|ies)|short stor(?:y|ies)|nursery rhymes?"
    r"|gute[ -]?nacht[ -]?geschichten?|conte de fees|cuento de hadas)\b"
)
# To play a song is no work of a poet.
_PLAYS: Final = _words(
    "play resume pause stop skip queue",
    "speel afspelen draai",
    "spiel spiele",
    "joue jouez mets arrete",
    "pon reproduce toca",
)
# What takes thought, however short it is asked.
_THINKS: Final = _words(
    "explain compare comparison analyse analyze summarise summarize summary difference"
    " differences advantages disadvantages pros plan recommend suggest advice consequences"
    " translate calculate prove describe essay email recipe history teach evaluate",
    "vergelijk analyseer verschil verschillen voordelen nadelen adviseer advies uitleg"
    " samenvatting vertaal bereken beschrijf recept geschiedenis leg",
    "erklar erklare vergleiche vergleich analysiere unterschied unterschiede"
    " vorteile nachteile zusammenfassung empfiehl rat ubersetze berechne beschreibe rezept",
    "explique expliquez compare comparez analyse difference differences avantages"
    " inconvenients resume conseil conseille traduis calcule decris recette",
    "explica explicame compara analiza diferencia diferencias ventajas desventajas resume"
    " resumen recomienda consejo traduce calcula describe receta",
)


def kind_of_question(prompt: str, *, has_images: bool) -> QueryType:
    """Return the kind of a question; never raises."""
    if has_images:
        return QueryType.VISION
    # `fold` takes a backtick for an apostrophe: a fence is looked for before.
    start = prompt[:_LOOKED_AT]
    text = fold(start)
    words = _WORD.findall(text)
    known = frozenset(words)
    if _is_code(start, text, known):
        return QueryType.CODE
    if _is_creative(text, known):
        return QueryType.CREATIVE
    if len(prompt) <= _SHORT_CHARACTERS and len(words) <= _SHORT_WORDS and not known & _THINKS:
        return QueryType.FAST
    return QueryType.GENERAL


def _is_code(written: str, text: str, words: frozenset[str]) -> bool:
    if _SIGNS.search(written.lower()) or words & _LANGUAGES or _PHRASES.search(text):
        return True
    if not words & _WRITES_CODE or words & _HAS_A_CODE:
        return False
    return bool(words & _CODE or _PROGRAMS.search(text))


def _is_creative(text: str, words: frozenset[str]) -> bool:
    if words & _MAKES and words & (_CREATIVE | _CREATIVE_IF_MADE):
        return True
    return not words & _PLAYS and bool(words & _CREATIVE or _FAIRY_TALES.search(text))
