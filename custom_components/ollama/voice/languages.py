"""Which languages two engines have in common, however they write them."""

from collections.abc import Sequence
import re

from homeassistant.const import MATCH_ALL
from homeassistant.generated.languages import LANGUAGES
from homeassistant.util import language as language_util
from homeassistant.util.language import Dialect

_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
_SCRIPT_LETTERS = 4
_REGION_LETTERS = 2


def common_languages(stt: Sequence[str], tts: Sequence[str]) -> list[str]:
    """Return the languages that are both heard and spoken, as Home Assistant writes them.

    Who hears `en` hears `en_US` too: the more exact of two tags is returned. Two regions of
    one language understand each other; both are then covered by the language alone.
    """
    heard, spoken = _readable(stt, tts), _readable(tts, stt)
    exact: set[str] = set()
    loose: set[str] = set()
    for spoken_tag in spoken:
        for heard_tag in heard:
            one, other = Dialect.parse(heard_tag), Dialect.parse(spoken_tag)
            if not language_util.is_language_match(one.language, other.language):
                continue
            if _same_kind(one, other):
                exact.add(heard_tag if _exactness(one) > _exactness(other) else spoken_tag)
            else:
                loose.add(other.language)
    covered = {Dialect.parse(tag).language for tag in exact}
    return sorted(exact | (loose - covered))


def best_match(language: str, offered: Sequence[str]) -> str | None:
    """Return the offered tag, as it is written there, that suits a language best."""
    wanted = _as_tag(language)
    for tag in offered:
        if _as_tag(tag) == wanted:
            return tag
    named = {_as_tag(tag): tag for tag in offered if _TAG.fullmatch(tag)}
    if found := language_util.matches(wanted, named):
        return named[found[0]]
    return MATCH_ALL if MATCH_ALL in offered else None


def _readable(tags: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return tags in one spelling; who can do every language can do the other's."""
    if MATCH_ALL in tags:
        tags = sorted(LANGUAGES) if MATCH_ALL in others else others
    return list(dict.fromkeys(_as_tag(tag) for tag in tags if _TAG.fullmatch(tag)))


def _as_tag(text: str) -> str:
    """Return a tag in the spelling of BCP 47: `en_us` is `en-US`, `zh_hant` is `zh-Hant`."""
    language, *rest = language_util.SEPARATOR_RE.split(text)
    return "-".join([language.lower(), *map(_as_subtag, rest)])


def _as_subtag(text: str) -> str:
    if len(text) == _REGION_LETTERS:
        return text.upper()
    return text.title() if len(text) == _SCRIPT_LETTERS and text.isalpha() else text.lower()


def _same_kind(one: Dialect, other: Dialect) -> bool:
    """Whether one tag is the other, or more exact than the other."""
    if one.region is None and one.code is None:
        return True
    if other.region is None and other.code is None:
        return True
    if (one.region is None) != (other.region is None):
        return one.score(other)[0] > 0  # a script and a region, such as zh-Hans and zh-CN
    return (one.region, one.code) == (other.region, other.code)


def _exactness(dialect: Dialect) -> int:
    return (dialect.region is not None) + (dialect.code is not None)
