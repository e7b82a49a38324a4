"""Groups: "all lights upstairs", "the kitchen", "blinds", "everything here"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .names import fold, phrase, stem
from .outcome import Ambiguous, Found, How
from .places import readings
from .things import Word, all_included, kind_words
from .words import ALL, BOTH, EVERYTHING, HOME

if TYPE_CHECKING:
    from .places import Reading
    from .records import ExposedEntity
    from .scope import Scope

_ALL: Final = frozenset(fold(word) for word in ALL)
_BOTH: Final = frozenset(fold(word) for word in BOTH)
_EVERYTHING: Final = frozenset(fold(word) for word in EVERYTHING)
_HOME: Final = frozenset(fold(word) for word in HOME)
_PLACES: Final = {"area": How.AREA, "floor": How.FLOOR, "label": How.LABEL}
_TWO: Final = 2


@dataclass(frozen=True, slots=True)
class Counted:
    """A text without its "all", and what its words say of how many are meant."""

    raw: tuple[str, ...]
    is_all: bool
    is_both: bool
    is_many: bool
    is_mass: bool
    only_kinds: bool
    """Nothing but words for kinds: "lights"."""

    @property
    def group_first(self) -> bool:
        """Whether more than one thing is meant before any name is thought of."""
        return self.is_all or self.is_many or (self.is_mass and self.only_kinds)


def counted(raw: tuple[str, ...]) -> Counted:
    """Take "all", "both" and plurals out of a text."""
    rest = tuple(word for word in raw if word not in _ALL)
    is_all = len(rest) < len(raw)
    if is_all and not rest and not any(word in _EVERYTHING for word in raw):
        rest, is_all = raw, False  # "both" alone, "every" alone
    kinds = kind_words(rest)
    return Counted(
        rest,
        is_all=is_all,
        is_both=any(word in _BOTH for word in raw),
        is_many=any(word.is_many for _, _, word in kinds),
        is_mass=any(word.is_mass for _, _, word in kinds),
        only_kinds=bool(kinds) and sum(end - begin for begin, end, _ in kinds) == len(rest),
    )


def resolve_group(scope: Scope, text: str, count: Counted) -> Found | Ambiguous | None:
    """Return the entities of a place, of a kind, or of both; None if the text is no group."""
    for reading in readings(scope.inventory, count.raw, scope.here):
        words = _kinds(reading.rest, has_kinds_elsewhere=count.is_all)
        if words is None:
            continue
        if not words and not reading.where and not count.is_all:
            continue
        things = [word.thing for word in words]
        members = tuple(
            entity
            for entity in scope.members()
            if reading.holds(entity) and all_included(things, entity)
        )
        if members:
            return _outcome(scope, text, count, reading, words, members)
    return None


def _kinds(raw: tuple[str, ...], *, has_kinds_elsewhere: bool) -> list[Word] | None:
    """Return the kinds that a text consists of, or None if it has other words."""
    found = kind_words(raw)
    explained = {place for begin, end, _ in found for place in range(begin, end)}
    others = [word for place, word in enumerate(raw) if place not in explained]
    if not others:
        return [word for _, _, word in found]
    # "all lights in the house", "the whole house", "house lights"; "the house" is nothing.
    if all(word in _HOME for word in others) and (found or has_kinds_elsewhere):
        return [word for _, _, word in found]
    return None


def _outcome(
    scope: Scope,
    text: str,
    count: Counted,
    reading: Reading,
    words: list[Word],
    members: tuple[ExposedEntity, ...],
) -> Found | Ambiguous:
    how = _how(count, reading, words)
    if len(members) == 1:
        return Found(members, how)
    if count.is_both:
        return Found(members, how) if len(members) == _TWO else Ambiguous(text, members)
    if count.is_all or not words or _is_home(reading, words):
        return Found(members, how)
    in_here = scope.in_here(members)
    if count.is_many or count.is_mass:
        if reading.where or scope.has_place:
            return Found(members, how)
        if in_here:
            return Found(in_here, how)
        # All in one room: there is nothing to choose. Else the whole home takes an "all".
        if len({entity.area_id for entity in members}) == 1:
            return Found(members, how)
        return Ambiguous(text, members)
    if len(in_here) == 1:
        return Found(in_here, how)
    if reading.where or scope.has_place or in_here:
        called_so = _called_so(in_here or members, reading)
        if len(called_so) == 1:
            return Found(called_so, how)
    return Ambiguous(text, in_here or members)


def _called_so(members: tuple[ExposedEntity, ...], reading: Reading) -> tuple[ExposedEntity, ...]:
    """Return those with the very word in a name: of a room's lights, "lamp" is the lamp."""
    said = {stem(word) for word in reading.rest}
    return tuple(
        entity
        for entity in members
        if any(said <= set(phrase(name).stems) for name in entity.names)
    )


def _is_home(reading: Reading, words: list[Word]) -> bool:
    """Whether the text names the home as the place: "house lights"."""
    return any(word.is_many or word.is_mass for word in words) and any(
        word in _HOME for word in reading.rest
    )


def _how(count: Counted, reading: Reading, words: list[Word]) -> How:
    if words:
        return How.KIND
    if reading.where:
        return _PLACES[reading.where[0].kind]
    return How.ALL if count.is_all else How.KIND
