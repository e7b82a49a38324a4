"""One text against the names of the home, by steps from the exact to the likely."""

from __future__ import annotations

from itertools import combinations
import re
from typing import TYPE_CHECKING, Final

from .choice import HiddenFitsError, choose, choose_exact
from .groups import Counted, counted, resolve_group
from .ids import id_parts, resolve_id
from .index import KIND_UNSAID, PLACE_UNSAID, Hit, meaning
from .names import Phrase, joined, phrase, split_list, stem
from .outcome import Ambiguous, Found, How
from .partial import resolve_part
from .places import Reading, readings
from .spelling import corrections, respacings
from .things import Thing, all_included, kind_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .records import ExposedEntity
    from .scope import Scope

_AROUND: Final = " \t\r\n\"'`“”„«»[]{}<>*.!?:;,"
_NAME_AND_ID: Final = re.compile(r"^(?P<name>.+?)\s*[(\[](?P<id>[a-z_]+\.[a-z0-9_]+)[)\]]$")
_PLACES: Final = frozenset({How.AREA, How.FLOOR, How.LABEL, How.ALL})
_LONGEST: Final = 300  # characters
_MOST_KINDS: Final = 4  # words for kinds in one text
_MOST_PARTS: Final = 20  # of a list


def resolve_name(scope: Scope, text: str) -> Found | Ambiguous | None:
    """Return what a text means, None if nothing or if something hidden fits better."""
    text = text[:_LONGEST]
    try:
        return _resolve(scope, text) or _resolve_typo(scope, text) or _resolve_list(scope, text)
    except HiddenFitsError:
        return None


def _resolve(scope: Scope, text: str) -> Found | Ambiguous | None:
    """Go through the steps that take the words as they are written."""
    text = text.strip(_AROUND) or text.strip()
    if both := _NAME_AND_ID.match(text):
        return _resolve_name_and_id(scope, both["name"], both["id"])
    if (parts := id_parts(scope.inventory, text)) is not None:
        return resolve_id(scope, text, parts, resolve_words)
    words = phrase(text)
    if (outcome := _resolve_exact(scope, text, words)) is not None:
        return outcome
    if "_" in text and (outcome := resolve_id(scope, text, ("", text), None)) is not None:
        return outcome
    for raw in respacings(scope.inventory.index, words.raw):
        if (outcome := resolve_words(scope, text, raw)) is not None:
            return outcome
    for raw in respacings(scope.inventory.index, words.raw):
        if (outcome := resolve_part(scope, text, counted(raw))) is not None:
            return outcome
    return None


def _resolve_name_and_id(scope: Scope, name: str, entity_id: str) -> Found | None:
    """Read "Lamp (light.lamp)", as a list of devices has it: both must mean the same."""
    by_id, by_name = _resolve(scope, entity_id), _resolve(scope, name)
    if not isinstance(by_id, Found):
        return None
    candidates = (
        ()
        if by_name is None
        else (by_name.entities if isinstance(by_name, Found) else by_name.candidates)
    )
    return by_id if set(by_id.entities) <= set(candidates) else None


def _resolve_exact(scope: Scope, text: str, words: Phrase) -> Found | Ambiguous | None:
    """Look for the very name, then for it without case, articles, diacritics and spaces."""
    index = scope.inventory.index
    hidden = False
    for hits in (index.literal.get(words.literal, ()), index.loose.get(words.loose, ())):
        inside = [hit for hit in hits if hit.entity in scope]
        if not any(not hit.is_hidden for hit in inside):
            hidden = hidden or bool(inside)
            continue
        count = counted(words.raw)
        if count.only_kinds and not any(hit.entity.area_id == scope.here for hit in inside):
            # "light" is rather the light of this room than one of that name elsewhere.
            group = resolve_group(scope, text, count) if scope.here else None
            if isinstance(group, Found) and scope.in_here(group.entities):
                return group
        return choose_exact(scope, text, inside, How.NAME)
    if entity := _all_names_of_one(scope, text):
        return entity
    if hidden:
        return _group_despite_hidden(scope, text, counted(words.raw))
    return None


def _group_despite_hidden(scope: Scope, text: str, count: Counted) -> Found | None:
    """Take a name of something hidden for a place or for all of a kind, if it says so.

    A speaker that is called Kitchen and not exposed does not hide the kitchen.
    """
    outcome = resolve_group(scope, text, count)
    if isinstance(outcome, Found) and (count.is_all or outcome.how is not How.KIND):
        return outcome
    raise HiddenFitsError


def _all_names_of_one(scope: Scope, text: str) -> Found | None:
    """Read "Ceiling light, luz": small models write a name with its aliases."""
    if "," not in text:
        return None
    tables = scope.inventory.index.loose
    owners = [
        {hit.entity for hit in tables.get(phrase(part).loose, ()) if not hit.is_hidden}
        for part in text.split(",")
    ]
    common = [entity for entity in set.intersection(*owners) if entity in scope]
    return Found((common[0],), How.NAME) if len(common) == 1 else None


def resolve_words(
    scope: Scope, text: str, raw: tuple[str, ...], *, groups: bool = True
) -> Found | Ambiguous | None:
    """Look for words as a group and as a name, in the order that the words suggest."""
    if not raw:
        return None
    count = counted(raw)
    if count.is_all and (hits := _stemmed(scope, raw)):
        return choose(scope, text, hits, How.NAME)  # of something called All Lights
    if groups and count.group_first:
        if (outcome := resolve_group(scope, text, count)) is not None:
            return outcome
        groups = False
    if (outcome := _resolve_stems(scope, text, count)) is not None:
        return outcome
    for by_meaning in (False, True):
        if (outcome := _resolve_words(scope, text, count, by_meaning=by_meaning)) is not None:
            return outcome
    return resolve_group(scope, text, count) if groups else None


def _resolve_stems(scope: Scope, text: str, count: Counted) -> Found | Ambiguous | None:
    hits = _stemmed(scope, count.raw)
    return choose(scope, text, hits, How.NAME) if hits else None


def _stemmed(scope: Scope, raw: tuple[str, ...]) -> list[Hit]:
    key = joined(tuple(stem(word) for word in raw))
    return [hit for hit in scope.inventory.index.stemmed.get(key, ()) if hit.entity in scope]


def _resolve_words(
    scope: Scope, text: str, count: Counted, *, by_meaning: bool
) -> Found | Ambiguous | None:
    """Match all words of a text with a name, its area and its kind; the least unsaid wins."""
    best: list[Hit] = []
    least: int | None = None
    index = scope.inventory.index
    table = index.by_meaning if by_meaning else index.by_key
    for reading in readings(scope.inventory, count.raw, scope.here):
        for rest, dropped in _cuts(reading):
            if by_meaning and _is_only_kinds(rest):
                continue  # "light" is no name of a lamp
            key = meaning(rest) if by_meaning else tuple(sorted(stem(word) for word in rest))
            for hit in table.get(key, ()):
                entity = hit.entity
                if entity not in scope or not reading.holds(entity):
                    continue
                if dropped and not all_included(dropped, entity):
                    continue
                cost = _cost(hit, reading, scope) + (KIND_UNSAID if dropped else 0)
                if least is None or cost < least:
                    best, least = [], cost
                if cost == least:
                    best.append(hit)
    return choose(scope, text, best, How.WORDS) if best else None


def _cost(hit: Hit, reading: Reading, scope: Scope) -> int:
    unsaid = hit.unsaid
    if unsaid >= PLACE_UNSAID and (reading.where or scope.has_place):
        unsaid -= PLACE_UNSAID  # the place was said, only elsewhere
    return unsaid + len(reading.where)


def _cuts(reading: Reading) -> Iterator[tuple[tuple[str, ...], list[Thing]]]:
    """Yield a text as it is, and with the words left out that only name a kind."""
    if not reading.rest:
        return
    yield reading.rest, []
    kinds = kind_words(reading.rest)
    if len(kinds) > _MOST_KINDS:
        return  # no name has so many, and the ways to leave some out double with each
    for number in range(1, len(kinds) + 1):
        for dropped in combinations(kinds, number):
            gone = {place for begin, end, _ in dropped for place in range(begin, end)}
            rest = tuple(word for place, word in enumerate(reading.rest) if place not in gone)
            if rest:
                yield rest, [word.thing for _, _, word in dropped]


def _is_only_kinds(raw: tuple[str, ...]) -> bool:
    return sum(end - begin for begin, end, _ in kind_words(raw)) == len(raw)


def _resolve_list(scope: Scope, text: str) -> Found | Ambiguous | None:
    """Read "the desk lamp and the blinds"; each part has to be found."""
    parts = split_list(text)
    if not 1 < len(parts) <= _MOST_PARTS:
        return None
    tail = phrase(parts[-1]).raw
    kinds = kind_words(tail)
    shared = " ".join(tail[kinds[-1][0] :]) if kinds and kinds[-1][1] == len(tail) else ""
    found: dict[str, ExposedEntity] = {}
    are_places: set[bool] = set()
    previous = ""
    for part in parts:
        outcome = _resolve_part_of_list(scope, part, previous, shared)
        if outcome is None or isinstance(outcome, Ambiguous):
            return outcome
        found |= {entity.entity_id: entity for entity in outcome.entities}
        are_places.add(outcome.how in _PLACES)
        if not part.isdecimal():
            previous = part
    # "kitchen and hall", but not "kitchen, ceiling lamp": that never means all of the kitchen.
    return Found(tuple(found.values()), How.NAME) if len(are_places) == 1 else None


def _resolve_part_of_list(
    scope: Scope, part: str, previous: str, shared: str
) -> Found | Ambiguous | None:
    """Complete a part by its neighbours: "kitchen and hall lights", "lamp 1 and 2"."""
    raw = phrase(part).raw
    if all(word.isdecimal() for word in raw):
        before = [word for word in phrase(previous).raw if not word.isdecimal()]
        return _resolve_any(scope, " ".join((*before, *raw))) if before else None
    if not shared or kind_words(raw):
        return _resolve_any(scope, part)
    return _resolve_any(scope, f"{part} {shared}") or _resolve_any(scope, part)


def _resolve_any(scope: Scope, text: str) -> Found | Ambiguous | None:
    return _resolve(scope, text) or _resolve_typo(scope, text, groups=False)


def _resolve_typo(scope: Scope, text: str, *, groups: bool = True) -> Found | Ambiguous | None:
    """Try what misspelled words may have been; the fewest wrong letters win."""
    index = scope.inventory.index
    if id_parts(scope.inventory, text.strip(_AROUND)) is not None:
        return None
    for variants in corrections(index, phrase(text.strip(_AROUND)).raw):
        outcomes = [
            outcome
            for raw in variants
            if (outcome := _resolve_corrected(scope, text, raw, groups=groups)) is not None
        ]
        if not outcomes:
            continue
        entities = {
            entity.entity_id: entity
            for outcome in outcomes
            for entity in (outcome.entities if isinstance(outcome, Found) else outcome.candidates)
        }
        first = outcomes[0]
        if isinstance(first, Found) and all(
            isinstance(outcome, Found) and set(outcome.entities) == set(first.entities)
            for outcome in outcomes
        ):
            return Found(first.entities, How.TYPO)
        return Ambiguous(text, tuple(entities.values()))
    return None


def _resolve_corrected(
    scope: Scope, text: str, raw: tuple[str, ...], *, groups: bool
) -> Found | Ambiguous | None:
    loose = scope.inventory.index.loose.get(joined(raw), ())
    if hits := [hit for hit in loose if hit.entity in scope]:
        return choose(scope, text, hits, How.TYPO)
    return resolve_words(scope, text, raw, groups=groups)
