"""Names that are said in part: "ceiling light" for Kitchen Ceiling Light, if there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .choice import HiddenFitsError, choose
from .names import stem
from .outcome import Ambiguous, Found, How
from .places import readings
from .things import is_kind_word, kind_words

if TYPE_CHECKING:
    from .groups import Counted
    from .index import Hit
    from .places import Reading
    from .scope import Scope


_SHORTEST_SAID: Final = 3  # letters; one or two are chance


@dataclass(frozen=True, slots=True)
class _Fit:
    hit: Hit
    unsaid: int
    is_literal: bool
    """Whether all words stand in the name, none only says what kind of thing it is."""


def resolve_part(scope: Scope, text: str, count: Counted) -> Found | Ambiguous | None:
    """Return the entity in whose name alone all words stand.

    With "all", or a plural for things in one room, all such entities. Hidden entities
    whose names have fewer words unsaid, or as few, make it nothing.
    """
    for reading in readings(scope.inventory, count.raw, scope.here):
        fits = _fits(scope, reading)
        if not fits:
            continue
        exposed = [fit for fit in fits if not fit.hit.is_hidden]
        if not exposed:
            raise HiddenFitsError
        entities = tuple(
            sorted({fit.hit.entity for fit in exposed}, key=lambda entity: entity.order)
        )
        one_room = len({entity.area_id for entity in entities}) == 1
        if count.is_all or (count.is_many and one_room):
            return Found(entities, How.PART)
        most = max(fit.unsaid for fit in exposed)
        rivals = [fit.hit for fit in fits if fit.hit.is_hidden and fit.unsaid <= most]
        return choose(scope, text, [fit.hit for fit in exposed] + rivals, How.PART)
    return None


def _fits(scope: Scope, reading: Reading) -> list[_Fit]:
    kinds = kind_words(reading.rest)
    explained = {place for begin, end, _ in kinds for place in range(begin, end)}
    core = [stem(word) for place, word in enumerate(reading.rest) if place not in explained]
    if not any(len(word) >= _SHORTEST_SAID and not word.isdecimal() for word in core):
        return []
    by_word = scope.inventory.index.by_word
    rarest = min((by_word.get(word, []) for word in core), key=len)
    fits: list[_Fit] = []
    for whole, hit in rarest:
        if not whole.issuperset(core):
            continue
        if hit.entity not in scope or not reading.holds(hit.entity):
            continue
        said = set(core)
        only_by_kind = False
        for begin, end, word in kinds:
            stems = {stem(part) for part in reading.rest[begin:end]}
            if stems <= whole:
                said |= stems
            elif word.thing.includes(hit.entity):
                only_by_kind = True
            else:
                break
        else:
            unsaid = whole - said
            # The door lock is not the lock of the gate, though it is a door's too.
            if only_by_kind and any(is_kind_word(word) for word in unsaid):
                continue
            fits.append(_Fit(hit, len(unsaid), not only_by_kind))
    return [fit for fit in fits if fit.is_literal] or fits
