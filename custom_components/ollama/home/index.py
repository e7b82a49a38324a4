"""The tables in which the resolver looks names up; built once per snapshot of the home."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Final

from .names import Phrase, phrase, stem
from .things import SINGLE_WORDS, HasKind, Thing, kind_words, word_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .records import Area, ExposedEntity, Floor, Label

type Key = tuple[str, ...]
"""Sorted words: word order doesn't matter."""

# How much had to be left out of a name to make it fit; the least wins.
SAID_WHOLE: Final = 0
KIND_UNSAID: Final = 1
PLACE_UNSAID: Final = 2

_MOST_KIND_WORDS: Final = 3
_SHORTEST_PREFIX: Final = 3
_SHORTEST_KIND_SUFFIX: Final = 4
_SHORTEST_CORRECTED: Final = 4
_CACHED_WORDS: Final = 20_000
_LONG: Final = 6
# Short words for kinds, unless the home has them, are near words of another language: a
# stove is no store (French for a blind).
_LONG_KIND_WORDS: Final = frozenset(word for word in SINGLE_WORDS if len(word) >= _LONG)


@dataclass(frozen=True, slots=True)
class Hit:
    """A name that fits a key."""

    entity: ExposedEntity
    is_hidden: bool
    unsaid: int
    loose: str
    """The name, to tell whether an exposed entity has the same."""


@dataclass(frozen=True, slots=True)
class Place:
    """An area, a floor or a label, under one of its names."""

    kind: str
    """"area", "floor" or "label"."""
    place_id: str
    name: Phrase


@dataclass(slots=True)
class Index:
    """Lookup tables; read by the resolver, never changed after `build`."""

    literal: dict[str, list[Hit]] = field(default_factory=dict)
    loose: dict[str, list[Hit]] = field(default_factory=dict)
    stemmed: dict[str, list[Hit]] = field(default_factory=dict)
    by_key: dict[Key, list[Hit]] = field(default_factory=dict)
    """By the words' stems."""
    by_meaning: dict[Key, list[Hit]] = field(default_factory=dict)
    """By stems with words for kinds made equal: lamp is light."""
    by_word: dict[str, list[tuple[frozenset[str], Hit]]] = field(default_factory=dict)
    """Names by each of their words, for names that are said in part."""
    by_object_id: dict[str, list[Hit]] = field(default_factory=dict)
    hidden_ids: frozenset[str] = frozenset()
    places: list[Place] = field(default_factory=list)
    places_by_word: dict[str, list[Place]] = field(default_factory=dict)
    vocabulary: dict[str, str] = field(default_factory=dict)
    """Words of names and places with their stems."""
    stems: frozenset[str] = frozenset()
    correctable: tuple[str, ...] = ()
    """Words that a misspelled word may have been meant as."""

    @classmethod
    def build(
        cls,
        entities: tuple[ExposedEntity, ...],
        hidden: tuple[ExposedEntity, ...],
        areas: tuple[Area, ...],
        floors: tuple[Floor, ...],
        labels: tuple[Label, ...],
    ) -> Index:
        """Return the tables for what is exposed and what is hidden."""
        index = cls(hidden_ids=frozenset(entity.entity_id for entity in hidden))
        places: dict[str, list[Place]] = {}
        for kind, place_id, names in (
            *(("area", area.area_id, (*area.names, area.area_id)) for area in areas),
            *(("floor", floor.floor_id, (*floor.names, floor.floor_id)) for floor in floors),
            *(("label", label.label_id, (label.name, label.label_id)) for label in labels),
        ):
            places.setdefault(f"{kind} {place_id}", []).extend(
                index._add_place(kind, place_id, names)
            )
        for is_hidden, group in ((False, entities), (True, hidden)):
            for entity in group:
                index._add_entity(entity, is_hidden, places)
        index.stems = frozenset(index.vocabulary.values())
        index.correctable = tuple(
            word
            for word in {**index.vocabulary, **dict.fromkeys(_LONG_KIND_WORDS)}
            if len(word) >= _SHORTEST_CORRECTED and not word.isdecimal()
        )
        return index

    def _add_place(self, kind: str, place_id: str, names: Iterable[str]) -> list[Place]:
        added: dict[tuple[str, ...], Place] = {}
        for name in names:
            words = phrase(name)
            if words.stems and words.stems not in added:
                added[words.stems] = Place(kind, place_id, words)
        for place in added.values():
            self.places.append(place)
            self._add_words(place.name)
            self.places_by_word.setdefault(place.name.stems[0], []).append(place)
        return list(added.values())

    def _add_words(self, words: Phrase) -> None:
        self.vocabulary.update(zip(words.raw, words.stems, strict=True))

    def _add_entity(
        self, entity: ExposedEntity, is_hidden: bool, places: dict[str, list[Place]]
    ) -> None:
        own_places = tuple(
            place.name.stems
            for key in (f"area {entity.area_id}", f"floor {entity.floor_id}")
            for place in places.get(key, ())
        )
        object_id = phrase(entity.entity_id.partition(".")[2]).loose
        self.by_object_id.setdefault(object_id, []).append(
            Hit(entity, is_hidden, SAID_WHOLE, object_id)
        )
        seen: set[str] = set()
        for name in entity.names:
            words = phrase(name)
            hit = Hit(entity, is_hidden, SAID_WHOLE, words.loose)
            self.literal.setdefault(words.literal, []).append(hit)
            if not words.loose or words.loose in seen:
                continue
            seen.add(words.loose)
            self.loose.setdefault(words.loose, []).append(hit)
            self.stemmed.setdefault(words.key, []).append(hit)
            keys = _keys(words.raw, own_places, entity.domain, entity.device_class)
            self.vocabulary.update(keys.vocabulary)
            for whole in keys.wholes:
                for word in whole:
                    self.by_word.setdefault(word, []).append((whole, hit))
            for unsaid, by_key, by_meaning in keys.by_unsaid:
                found = Hit(entity, is_hidden, unsaid, words.loose) if unsaid else hit
                for key in by_key:
                    self.by_key.setdefault(key, []).append(found)
                for key in by_meaning:
                    self.by_meaning.setdefault(key, []).append(found)


@dataclass(frozen=True, slots=True)
class _Keys:
    """Under what a name is entered. Depends on little, so that a rebuild costs little."""

    vocabulary: tuple[tuple[str, str], ...]
    wholes: tuple[frozenset[str], ...]
    by_unsaid: tuple[tuple[int, tuple[Key, ...], tuple[Key, ...]], ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    domain: str
    device_class: str | None


@lru_cache(maxsize=_CACHED_WORDS)
def _keys(
    raw: tuple[str, ...],
    places: tuple[tuple[str, ...], ...],
    domain: str,
    device_class: str | None,
) -> _Keys:
    """Return the keys of a name, whole and without the words that go without saying."""
    kind = _Kind(domain, device_class)
    ways = [raw]
    if (split := _kind_split_off(raw, kind)) is not None:
        ways.append(split)
    costs: dict[tuple[bool, Key], int] = {}
    for way in ways:
        cuts = {way: SAID_WHOLE}
        for place in places:
            if rest := without(way, place):
                cuts.setdefault(rest, PLACE_UNSAID)
        for cut, unsaid in cuts.items():
            for rest, more in _without_kind_words(cut, kind):
                cost = unsaid + more
                for entry in (
                    (False, tuple(sorted(stem(word) for word in rest))),
                    (True, meaning(rest)),
                ):
                    costs[entry] = min(cost, costs.get(entry, cost))
    return _Keys(
        tuple((word, stem(word)) for way in ways for word in way),
        tuple(frozenset(stem(word) for word in way) for way in ways),
        tuple(
            (
                cost,
                tuple(key for (means, key), other in costs.items() if other == cost and not means),
                tuple(key for (means, key), other in costs.items() if other == cost and means),
            )
            for cost in sorted(set(costs.values()))
        ),
    )


def without(raw: tuple[str, ...], stems: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return words without some others (given as stems); None where one is missing."""
    rest = list(raw)
    for wanted in stems:
        for place, word in enumerate(rest):
            if stem(word) == wanted:
                del rest[place]
                break
        else:
            return None
    return tuple(rest)


def meaning(raw: tuple[str, ...]) -> Key:
    """Return the sorted stems of a text, with words for kinds replaced by the kind."""
    key: list[str] = []
    place = 0
    for begin, end, word in kind_words(raw):
        key += (stem(other) for other in raw[place:begin])
        key.append(f"@{word.thing.key}")
        place = end
    key += (stem(other) for other in raw[place:])
    return tuple(sorted(key))


def _without_kind_words(raw: tuple[str, ...], kind: HasKind) -> list[tuple[tuple[str, ...], int]]:
    """Return a name whole and with the words left out that only say what kind it is."""
    own = [found for found in kind_words(raw) if found[2].thing.includes(kind)]
    own = own[:_MOST_KIND_WORDS]
    cuts = [(raw, SAID_WHOLE)]
    for count in range(1, len(own) + 1):
        for dropped in combinations(own, count):
            gone = {place for begin, end, _ in dropped for place in range(begin, end)}
            rest = tuple(word for place, word in enumerate(raw) if place not in gone)
            if rest:
                cuts.append((rest, KIND_UNSAID))
    return cuts


def _kind_split_off(raw: tuple[str, ...], kind: HasKind) -> tuple[str, ...] | None:
    """Take a compound apart, if its end says what the entity is: Wohnzimmerlampe."""
    result: list[str] = []
    for word in raw:
        parts = _split_kind(word)
        if parts is not None and parts[2].includes(kind):
            result += parts[:2]
        else:
            result.append(word)
    return tuple(result) if len(result) > len(raw) else None


@lru_cache(maxsize=_CACHED_WORDS)
def _split_kind(word: str) -> tuple[str, str, Thing] | None:
    """Return how a compound begins, and the kind at its end; the longest end."""
    for place in range(_SHORTEST_PREFIX, len(word) - _SHORTEST_KIND_SUFFIX + 1):
        if (kind := word_for((word[place:],))) is not None:
            return word[:place], word[place:], kind.thing
    return None
