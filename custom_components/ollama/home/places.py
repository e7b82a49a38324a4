"""Where: areas, floors, labels, here, upstairs, as people write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .index import Place, without
from .names import fold, phrase, split_list, stem
from .spelling import is_distinguishing, is_known, is_misspelling
from .words import (
    ALL,
    BASEMENT,
    DOWNSTAIRS,
    EVERYTHING,
    GROUND_FLOOR,
    HERE,
    HOME,
    ROOM,
    THIS,
    UPSTAIRS,
)

if TYPE_CHECKING:
    from .records import ExposedEntity, Inventory

_ALL: Final = frozenset(fold(word) for word in ALL)
_EVERYTHING: Final = frozenset(fold(word) for word in EVERYTHING)
_HOME: Final = frozenset(fold(word) for word in HOME)
_HERE: Final = frozenset(fold(word) for word in HERE)
_THIS: Final = frozenset(fold(word) for word in THIS)
_ROOM: Final = frozenset(fold(word) for word in ROOM)
_WHOLE: Final = _ALL | _EVERYTHING | _HOME
_ROOM_STEMS: Final = frozenset(stem(word) for word in _ROOM)
_UPSTAIRS: Final = frozenset(fold(word) for word in UPSTAIRS)
_DOWNSTAIRS: Final = frozenset(fold(word) for word in DOWNSTAIRS)
_BASEMENT: Final = frozenset(fold(word) for word in BASEMENT)
_GROUND_FLOOR: Final = frozenset(phrase(words).raw for words in GROUND_FLOOR)
_MOST_READINGS: Final = 12


@dataclass(frozen=True, slots=True)
class Where:
    """Some areas, floors or labels."""

    kind: str
    """"area", "floor" or "label"."""
    ids: frozenset[str]

    def holds(self, entity: ExposedEntity) -> bool:
        """Whether an entity is there."""
        if self.kind == "area":
            return entity.area_id in self.ids
        if self.kind == "floor":
            return entity.floor_id in self.ids
        return any(label.label_id in self.ids for label in entity.labels)


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to take a text: the words that say where, and the rest."""

    rest: tuple[str, ...]
    where: tuple[Where, ...] = ()

    def holds(self, entity: ExposedEntity) -> bool:
        """Whether an entity is where the text says."""
        return all(where.holds(entity) for where in self.where)


def readings(inventory: Inventory, raw: tuple[str, ...], here: str | None) -> list[Reading]:
    """Return every way to take words of a text as places, fewest places first."""
    options = _options(inventory, raw, here)
    found = [Reading(raw)]
    seen = {found[0]}
    for reading in found:  # grows while it is read: each place may join those before
        if len(reading.where) > 1:
            continue
        for stems, where in options:
            rest = without(reading.rest, stems)
            if rest is None or where in reading.where:
                continue
            more = Reading(rest, (*reading.where, where))
            if more not in seen and len(found) < _MOST_READINGS:
                seen.add(more)
                found.append(more)
    return found


def _options(
    inventory: Inventory, raw: tuple[str, ...], here: str | None
) -> list[tuple[tuple[str, ...], Where]]:
    """Return the places that a text names, with the words that name them."""
    stems = [stem(word) for word in raw]
    grouped: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    for word in dict.fromkeys(stems):
        for place in inventory.index.places_by_word.get(word, ()):
            if all(stems.count(part) >= place.name.stems.count(part) for part in place.name.stems):
                grouped.setdefault((place.kind, place.name.stems), set()).add(place.place_id)
    named = [words for _, words in grouped]
    options = [
        (words, Where(kind, frozenset(ids)))
        for (kind, words), ids in grouped.items()
        # "bath room" is not the area "bath" where there is a "bath room"
        if not any(set(words) < set(other) for other in named)
    ]
    options.extend(_relative(inventory, raw, here))
    return options


def _relative(
    inventory: Inventory, raw: tuple[str, ...], here: str | None
) -> list[tuple[tuple[str, ...], Where]]:
    """Return the places that depend on where the speaker is, and on levels."""
    found: list[tuple[tuple[str, ...], Where]] = []
    for place, word in enumerate(raw):
        following = raw[place + 1] if place + 1 < len(raw) else ""
        if word in _THIS and following in _ROOM:
            found.append(((stem(word), stem(following)), Where("area", _ids(here))))
        elif word in _HERE:
            found.append(((stem(word),), Where("area", _ids(here))))
        if (levels := _levels(inventory, word, here)) is not None:
            found.append(((stem(word),), Where("floor", levels)))
        if raw[place : place + 2] in _GROUND_FLOOR or raw[place : place + 3] in _GROUND_FLOOR:
            length = 3 if raw[place : place + 3] in _GROUND_FLOOR else 2
            words = tuple(stem(part) for part in raw[place : place + length])
            found.append((words, Where("floor", _floors(inventory, 0, 0))))
        elif (word,) in _GROUND_FLOOR:
            found.append(((stem(word),), Where("floor", _floors(inventory, 0, 0))))
    return found


def _ids(here: str | None) -> frozenset[str]:
    """Return the speaker's area: nowhere, if it isn't known."""
    return frozenset({here}) if here else frozenset()


def _levels(inventory: Inventory, word: str, here: str | None) -> frozenset[str] | None:
    """Return the floors that lie above or below; None if the word says neither."""
    area = inventory.area(here)
    floor = inventory.floor(area.floor_id) if area else None
    level = floor.level if floor else None
    if word in _UPSTAIRS:
        above = _floors(inventory, level + 1, None) if level is not None else frozenset()
        return above or _floors(inventory, 1, None)
    if word in _DOWNSTAIRS:
        below = _floors(inventory, None, level - 1) if level is not None else frozenset()
        return below or _floors(inventory, None, 0)
    if word in _BASEMENT:
        return _floors(inventory, None, -1) or None
    return None


def _floors(inventory: Inventory, lowest: int | None, highest: int | None) -> frozenset[str]:
    return frozenset(
        floor.floor_id
        for floor in inventory.floors
        if floor.level is not None
        and (lowest is None or floor.level >= lowest)
        and (highest is None or floor.level <= highest)
    )


def find_place(
    inventory: Inventory, text: str, kinds: tuple[str, ...], here: str | None
) -> tuple[Where, ...] | None:
    """Return the places that a whole text means, any of which will do.

    An empty tuple means everywhere. None if the text is no place: never a reason to look
    somewhere else.
    """
    words = phrase(text)
    if found := _exact(inventory, text, kinds):
        return found
    relative = [
        where
        for stems, where in _relative(inventory, words.raw, here)
        if len(stems) == len(words.raw)
    ]
    if relative:
        return tuple(where for where in relative if where.ids) or None
    if _means_everywhere(words.raw):
        return ()
    if found := _misspelled(inventory, words.raw, kinds):
        return found
    parts = split_list(text)
    if len(parts) > 1:
        places = [find_place(inventory, part, kinds, here) for part in parts]
        if all(places):
            return tuple(where for part in places if part for where in part)
    return None


def _means_everywhere(raw: tuple[str, ...]) -> bool:
    """Whether a text is "all rooms", "the whole house", "everywhere"; "room" alone is not."""
    return any(word in _WHOLE for word in raw) and all(
        word in _WHOLE or stem(word) in _ROOM_STEMS for word in raw
    )


def _exact(inventory: Inventory, text: str, kinds: tuple[str, ...]) -> tuple[Where, ...]:
    """Return places by their names, the closest way of writing that fits any."""
    words = phrase(text)
    if not words.key:
        return ()
    for attribute in ("literal", "loose", "key"):
        wanted = getattr(words, attribute)
        for kind in kinds:
            ids = frozenset(
                place.place_id
                for place in inventory.index.places
                if place.kind == kind and getattr(place.name, attribute) == wanted
            )
            if ids:
                return (Where(kind, ids),)
    return ()


def _misspelled(
    inventory: Inventory, raw: tuple[str, ...], kinds: tuple[str, ...]
) -> tuple[Where, ...]:
    """Return the one place whose name differs by small misspellings only."""
    best: dict[tuple[str, str], int] = {}
    for place in inventory.index.places:
        if place.kind not in kinds:
            continue
        if (edits := _edits(inventory, raw, place)) is not None:
            key = (place.kind, place.place_id)
            best[key] = min(edits, best.get(key, edits))
    if not best:
        return ()
    fewest = min(best.values())
    nearest = [key for key, edits in best.items() if edits == fewest]
    if len(nearest) > 1:
        return ()
    kind, place_id = nearest[0]
    return (Where(kind, frozenset({place_id})),)


def _edits(inventory: Inventory, raw: tuple[str, ...], place: Place) -> int | None:
    """Return how many letters differ from a place's name, or None if it is another."""
    name = place.name.raw
    if len(name) != len(raw):
        if any(is_distinguishing(word) for word in (*name, *raw)):
            return None
        name, raw = ("".join(name),), ("".join(raw),)
    total = 0
    for word, other in zip(raw, name, strict=True):
        if stem(word) == stem(other):
            continue
        if is_known(inventory.index, word) or other.isdecimal():
            return None
        if (edits := is_misspelling(word, other)) is None:
            return None
        total += edits
    return total
