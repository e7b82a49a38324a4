"""Entity ids as models write them: right, with another domain, misspelled, made up."""

from __future__ import annotations

from collections.abc import Callable
import re
from typing import TYPE_CHECKING, Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from .choice import HiddenFitsError, choose, choose_exact
from .kinds import THINGS
from .names import phrase, stem
from .outcome import Ambiguous, Found, How
from .spelling import is_distinguishing, is_known, is_misspelling
from .things import things_named

if TYPE_CHECKING:
    from .index import Hit
    from .records import Inventory
    from .scope import Scope

_ID: Final = re.compile(r"([a-z][a-z_]*)\.([\w-]+)")
_DOMAIN_AND_NAME: Final = re.compile(r"([a-z][a-z_]*)\s*[.:/]\s*(.+)")
_DOMAINS: Final = frozenset(domain for thing in THINGS for domain in thing.domains) | {
    "event", "fan", "group", "image", "input_datetime", "input_number", "input_select",
    "input_text", "notify", "number", "person", "remote", "select", "siren", "sun", "text",
    "time", "timer", "update", "zone",
}  # fmt: skip
# Domains that models take for each other, and none of which does harm in place of another.
_RELATED: Final = (
    frozenset({"light", "switch", "fan", "input_boolean", "group", "outlet", "siren"}),
    frozenset({"cover", "valve"}),
    frozenset({"climate", "water_heater", "humidifier"}),
    frozenset({"scene", "script", "automation", "button", "input_button"}),
    frozenset({"number", "input_number"}),
    frozenset({"select", "input_select"}),
    frozenset({"sensor", "binary_sensor"}),
    frozenset({"media_player", "remote"}),
)
_MOST_IDS: Final = 8

type WordsResolver = Callable[..., Found | Ambiguous | None]


def id_parts(inventory: Inventory, text: str) -> tuple[str, str] | None:
    """Return domain and object id of a text that is an entity id, or looks like one."""
    text = text.strip().casefold()
    if match := _ID.fullmatch(text):
        return match[1], match[2]
    match = _DOMAIN_AND_NAME.fullmatch(text)
    if match and (match[1] in _DOMAINS or match[1] in inventory.domains):
        return match[1], match[2]
    return None


def resolve_id(
    scope: Scope, text: str, parts: tuple[str, str], resolve_words: WordsResolver | None
) -> Found | Ambiguous | None:
    """Return the entity of an id; an id that is not known means one thing or nothing.

    Never a group: a made-up id must not reach more than it names. Raises HiddenFitsError.
    """
    domain, object_id = parts
    entity_id = f"{domain}.{object_id}"
    inventory = scope.inventory
    if entity_id in inventory.by_id:
        entity = inventory.by_id[entity_id]
        return Found((entity,), How.ID) if entity in scope else None
    if entity_id in inventory.index.hidden_ids:
        raise HiddenFitsError
    scope = scope.limited_to(_possible_domains(scope, domain)) if domain else scope
    words = phrase(object_id)
    hits = [hit for hit in inventory.index.by_object_id.get(words.loose, ()) if hit.entity in scope]
    if hits:
        return choose(scope, text, hits, How.ID)
    if resolve_words is not None:
        exact = [hit for hit in inventory.index.loose.get(words.loose, ()) if hit.entity in scope]
        if any(not hit.is_hidden for hit in exact):
            return choose_exact(scope, text, exact, How.ID)
        if exact:
            raise HiddenFitsError
        if (outcome := resolve_words(scope, text, words.raw, groups=False)) is not None:
            return outcome
    hits = _misspelled(scope, words.raw)
    return choose(scope, text, hits, How.TYPO) if hits else None


def _possible_domains(scope: Scope, domain: str) -> frozenset[str]:
    """Return the domains that may have been meant by the one in an id."""
    for related in _RELATED:
        if domain in related:
            return related
    if domain in _DOMAINS or domain in scope.inventory.domains:
        return frozenset({domain})
    named = frozenset(other for thing in things_named(domain) for other in thing.domains)
    # A word that is no domain ("home.lamp") says nothing of the kind.
    return named or scope.inventory.domains


def _misspelled(scope: Scope, raw: tuple[str, ...]) -> list[Hit]:
    """Return the ids that differ by small misspellings only, the fewest wrong letters."""
    index = scope.inventory.index
    written = phrase("_".join(raw)).loose
    near = process.extract(
        written, index.by_object_id.keys(), scorer=OSA.distance, score_cutoff=2, limit=_MOST_IDS
    )
    best: list[Hit] = []
    fewest: int | None = None
    for loose, _, _ in near:
        for hit in index.by_object_id[loose]:
            if hit.entity not in scope:
                continue
            object_id = phrase(hit.entity.entity_id.partition(".")[2]).raw
            edits = _edits(scope.inventory, raw, object_id)
            if edits is None or (fewest is not None and edits > fewest):
                continue
            if fewest is None or edits < fewest:
                best, fewest = [], edits
            best.append(hit)
    return best


def _edits(inventory: Inventory, raw: tuple[str, ...], other: tuple[str, ...]) -> int | None:
    if len(raw) != len(other):
        if any(is_distinguishing(word) for word in (*raw, *other)):
            return None
        raw, other = ("".join(raw),), ("".join(other),)
    total = 0
    for word, wanted in zip(raw, other, strict=True):
        if stem(word) == stem(wanted):
            continue
        if is_known(inventory.index, word) or wanted.isdecimal():
            return None
        if (edits := is_misspelling(word, wanted)) is None:
            return None
        total += edits
    return total
