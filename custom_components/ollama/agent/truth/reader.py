"""Finds in an answer the sentences that claim an action."""

from collections.abc import Iterator, Mapping
from enum import Enum
import re
from typing import Final, NamedTuple
import unicodedata

from .dutch import DUTCH
from .english import ENGLISH
from .french import FRENCH
from .german import GERMAN
from .grammar import POLITE, Grammar, Kind, Pattern
from .spanish import SPANISH

_MAX_TEXT: Final = 4000
"""Characters that are looked at: a claim stands at the beginning of an answer."""
_MAX_SENTENCE: Final = 600
_EARLY_SENTENCES: Final = 4
"""Later ones count only in the plainest form: a long text tells a story or explains."""

_QUOTED: Final = re.compile(r'"[^"\n]{0,300}"|“[^”\n]{0,300}”|«[^»\n]{0,300}»|„[^“”\n]{0,300}[“”]')
_WHOLLY_QUOTED: Final = re.compile(r'\s*["“«„]([^"“”«»„]*)["”»“]\s*')
_OPEN_QUOTE: Final = re.compile(r'["“«„]')
_LIST_MARK: Final = re.compile(r"(?m)^[ \t]*(?:[-*•+]|\d{1,2}[.)])[ \t]+")
_MARKUP: Final = re.compile(r"[*_`#~\[\]]+")
_SENTENCE_END: Final = re.compile(r"[!?;…]+|[.:]+(?=\s|$)|\n+")
_SHORT_FORMS: Final = (
    (re.compile("[\u2018\u2019\u02bc\u00b4`]"), "'"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"\bi'm\b"), "i am"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'s\b"), " \x00"),
    (re.compile(r"'"), " "),
    (re.compile(r" \x00"), " 's"),
)
_PAUSES: Final = re.compile("\\s[-\u2013\u2014]+\\s|[\u2013\u2014()]")
_TOKEN: Final = re.compile(r"\d+(?:[.:,]\d+)*\w*|'s|\w+|,|%|°\w?")

_GAP_WORDS: Final = 12
_POLITE: Final = rf"(?:(?:{POLITE})(?: ,)? ){{0,4}}"
_STARTS: Final[Mapping[str, str]] = {
    "^": rf"^ {_POLITE}",
    "&": rf"(?:^|(?<= ,)|(?<= and)|(?<= en)|(?<= und)|(?<= et)|(?<= y)) {_POLITE}",
}
_CLAUSE_ENDS: Final = ",$"
_CLAUSE_END: Final = r"(?:, |\$ )"


class Claim(Enum):
    """What an answer claims."""

    NONE = "none"
    DONE = "done"
    """Something was done, or is being done as the sentence is spoken."""
    PROMISED = "promised"
    """Something will be done; nothing is, where no call follows."""


class _Rule(NamedTuple):
    """A pattern, ready for use."""

    kind: Kind
    claim: Claim
    needs_home: bool
    find: re.Pattern[str]


class _Language(NamedTuple):
    """A grammar, ready for use."""

    rules: tuple[_Rule, ...]
    home: re.Pattern[str]
    negative: re.Pattern[str]
    supposed: re.Pattern[str]
    condition: re.Pattern[str]
    past: re.Pattern[str]
    clock: re.Pattern[str]
    finite: re.Pattern[str]


class _Sentence(NamedTuple):
    """A sentence as words between single spaces."""

    words: str
    number: int
    complete: bool
    """Whether its end has been seen."""
    listed: bool
    """It follows a colon or a bullet, or ends in a colon."""


def _words(alternatives: str) -> re.Pattern[str]:
    """Return a pattern of whole words; the space behind the last one isn't consumed."""
    return re.compile(rf" (?:{alternatives})(?= )")


def _compile(grammar: Grammar, text: str, *, loose: bool) -> re.Pattern[str] | None:
    """Return a pattern as a regular expression; None where it has no such verbs."""
    gap = rf"(?:(?!(?:{grammar.stops}) )\S+ ){{0,{_GAP_WORDS}}}?"
    expression = "" if text[0] in _STARTS else " "
    for item in text.split():
        if item in _STARTS:
            expression += _STARTS[item]
            continue
        if item in ("$", "..."):
            expression += _CLAUSE_END if item == "$" else gap
            continue
        count = {"?": "?", "*": "{0,4}"}.get(item[-1], "")
        alternatives = item[: len(item) - bool(count)]
        if alternatives[0] == "@":
            verbs = grammar.verbs[alternatives[1:]]
            alternatives = verbs.loose if loose else verbs.strong
            if not alternatives:
                return None
        # Twice: a list may name another list.
        for _ in range(2):
            alternatives = re.sub(r"<(\w+)>", lambda m: f"(?:{grammar.lists[m[1]]})", alternatives)
        expression += rf"(?:(?:{alternatives.replace('... ', gap)}) ){count}"
    return re.compile(expression)


def _rules(grammar: Grammar, pattern: Pattern) -> Iterator[_Rule]:
    """Yield a pattern's rules: one with strong verbs, one with loose ones."""
    claim = Claim.PROMISED if pattern.promise else Claim.DONE
    for loose in (False, True) if "@" in pattern.text else (False,):
        if find := _compile(grammar, pattern.text, loose=loose):
            yield _Rule(pattern.kind, claim, loose, find)


def _ready(grammar: Grammar) -> _Language:
    """Compile a grammar."""
    return _Language(
        rules=tuple(rule for pattern in grammar.patterns for rule in _rules(grammar, pattern)),
        home=_words(grammar.home),
        negative=_words(grammar.negative),
        supposed=_words(grammar.supposed),
        condition=_words(grammar.condition),
        past=_words(grammar.past),
        clock=_words(grammar.clock),
        finite=_words(grammar.finite),
    )


# Made at import, which Home Assistant does outside of its event loop.
_LANGUAGES: Final[Mapping[str, _Language]] = {
    code: _ready(grammar)
    for code, grammar in (
        ("en", ENGLISH),
        ("nl", DUTCH),
        ("de", GERMAN),
        ("fr", FRENCH),
        ("es", SPANISH),
    )
}


def claim(text: str, language: str | None = None) -> Claim:
    """Return what a whole answer claims.

    `language` ("nl", "en-GB") leaves that language and English, which small models fall
    back to; without it, or with another one, all five are tried.
    """
    return _strongest(_read(text, whole=True), language)


def claims_action(text: str, language: str | None = None) -> bool:
    """Return whether an answer says that an action was, is being or will be carried out."""
    return claim(text, language) is not Claim.NONE


def claim_in_prefix(text: str, language: str | None = None) -> bool:
    """Return whether the beginning of an answer already claims that something was done.

    What may be cut in the middle of a word is left out of account, and so is a sentence
    that its end could still turn into something else. Promises don't count: a call may
    follow.
    """
    return _strongest(_read(text, whole=False), language) is Claim.DONE


def _strongest(sentences: Iterator[_Sentence], language: str | None) -> Claim:
    """Return the strongest claim among sentences."""
    code = (language or "")[:2].lower()
    codes = dict.fromkeys((code, "en")) if code in _LANGUAGES else _LANGUAGES
    found = Claim.NONE
    for sentence in sentences:
        for candidate in codes:
            match _claim_of(sentence, _LANGUAGES[candidate]):
                case Claim.DONE:
                    return Claim.DONE
                case Claim.PROMISED:
                    found = Claim.PROMISED
    return found


def _read(text: str, *, whole: bool) -> Iterator[_Sentence]:
    """Yield the sentences of a text that aren't questions."""
    text = unicodedata.normalize("NFC", text[:_MAX_TEXT].lower())
    if whole and (quoted := _WHOLLY_QUOTED.fullmatch(text)):
        text = quoted[1]
    # Quoted is what somebody else says, or a name.
    text = _QUOTED.sub(" x ", text)
    if not whole:
        # An open quote may go on to be what somebody says.
        text = _OPEN_QUOTE.split(text, maxsplit=1)[0]
    text = _MARKUP.sub(" ", _LIST_MARK.sub(" : ", text))
    for pattern, replacement in _SHORT_FORMS:
        text = pattern.sub(replacement, text)
    text = _PAUSES.sub(" , ", text)

    start = 0
    number = 0
    listed = False
    for end in _SENTENCE_END.finditer(text):
        if not whole and end.end() == len(text) and text[end.start() - 1 : end.start()].isdigit():
            # "21." may become "21.5".
            break
        body = text[start : end.start()]
        start = end.end()
        if "?" not in end[0] and "¿" not in body and (tokens := _TOKEN.findall(body)):
            yield _sentence(tokens, number, listed=listed or ":" in end[0])
        number += bool(body.strip())
        listed = ":" in end[0]
    rest = text[start:]
    tokens = _TOKEN.findall(rest)
    if not whole and rest[-1:].isalnum():
        tokens = tokens[:-1]
    if tokens and "¿" not in rest:
        yield _sentence(tokens, number, listed=listed, complete=whole)


def _sentence(tokens: list[str], number: int, *, listed: bool, complete: bool = True) -> _Sentence:
    """Return a sentence of tokens, `$` behind it where its end was seen."""
    words = f" {' '.join(tokens)}"[:_MAX_SENTENCE] + (" $ " if complete else " ")
    return _Sentence(words, number, complete, listed)


def _claim_of(sentence: _Sentence, language: _Language) -> Claim:
    """Return what a sentence claims in a language."""
    found = Claim.NONE
    for rule in language.rules:
        if rule.claim is found or not _may_apply(rule, sentence):
            continue
        match = rule.find.search(sentence.words)
        if match is None or _taken_back(rule, match, sentence, language):
            continue
        if rule.claim is Claim.DONE:
            return Claim.DONE
        found = rule.claim
    return found


def _may_apply(rule: _Rule, sentence: _Sentence) -> bool:
    """Return whether enough of a sentence is known for a rule."""
    if rule.kind is Kind.FIRM:
        return True
    if not sentence.complete or sentence.number >= _EARLY_SENTENCES:
        return False
    return rule.kind is Kind.OPEN or not sentence.listed


def _taken_back(
    rule: _Rule, match: re.Match[str], sentence: _Sentence, language: _Language
) -> bool:
    """Return whether other words of a sentence make something else of a claim."""
    words = sentence.words
    first, last = match.start(), match.end() - 1
    clause = words.rfind(" , ", 0, first + 1) + 1
    firm = rule.kind is Kind.FIRM
    if not sentence.complete and last + 1 >= len(words):
        # The next word may be "nothing".
        return True
    if language.negative.search(words, clause, last + 1) or language.negative.match(words, last):
        return True
    if language.supposed.search(words, 0, first + 1):
        return True
    if rule.needs_home and not language.home.search(words):
        return True
    if language.past.search(words, clause if firm else 0):
        return True
    if not (firm and rule.needs_home) and language.clock.search(words):
        return True
    if not firm and language.condition.search(words):
        return True
    if rule.kind is not Kind.BARE or words[last - 1] in _CLAUSE_ENDS:
        return False
    rest_of_clause = words[last:].partition(" ,")[0] + " "
    return bool(language.finite.search(rest_of_clause))
