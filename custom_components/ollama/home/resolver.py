"""From what a model wrote to exposed entities: the one way to a target.

The order, in which the first step that finds anything decides: an entity id; a name or
alias as it is written; the same without case, articles, diacritics and spaces; a group ("all
lights upstairs"); singulars and plurals, word order, words for kinds, an area mixed with a
name; names said in part; small misspellings of all of these. What remains finds nothing.

Two rules come before helpfulness. Nothing is ever dropped to reach something: every word
that was written has to be explained by what is found. And a thing that is not exposed, whose
name fits as well or better, makes the answer "nothing" (its name is never told).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rapidfuzz import fuzz, process

from .matching import resolve_name
from .names import normalized
from .outcome import Ambiguous, Found, How, NotFound, Wanted
from .places import find_place
from .scope import Scope
from .things import Thing, things_named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .places import Where
    from .records import ExposedEntity, Inventory

__all__ = ["Ambiguous", "Found", "How", "NotFound", "Wanted", "resolve"]

_MOST_NEAREST: Final = 3
_NEAR: Final = 55  # of 100: below, names only look alike by chance


def resolve(inventory: Inventory, wanted: Wanted) -> Found | Ambiguous | NotFound:
    """Return the exposed entities that were meant; never raises.

    With several names, one that isn't found or isn't clear decides: nothing of the rest is
    returned, so that nothing acts by half.
    """
    names = tuple(name.strip() for name in wanted.names if name.strip())
    scope = _scope(inventory, wanted)
    if isinstance(scope, NotFound):
        return scope
    if not names:
        return _without_names(scope, wanted)
    found: dict[str, ExposedEntity] = {}
    how: How | None = None
    for name in names:
        outcome = resolve_name(scope, name)
        if outcome is None:
            return NotFound(name, nearest(scope, name))
        if isinstance(outcome, Ambiguous):
            return outcome
        found |= {entity.entity_id: entity for entity in outcome.entities}
        how = how or outcome.how
    return Found(tuple(found.values()), how or How.NAME)


def _scope(inventory: Inventory, wanted: Wanted) -> Scope | NotFound:
    """Return what the constraints leave; each of them must be understood."""
    places: list[tuple[Where, ...]] = []
    for text, kinds in (
        (wanted.area, ("area", "floor")),
        (wanted.floor, ("floor", "area")),
        (wanted.label, ("label",)),
    ):
        if text is None or not text.strip():
            continue
        where = find_place(inventory, text, kinds, wanted.here)
        if where is None:
            return NotFound(text, _nearest_places(inventory, text, kinds))
        if where:
            places.append(where)
    scope = Scope(
        inventory,
        here=wanted.here,
        places=tuple(places),
        domains=_domains(inventory, wanted.domains),
        kinds=_kinds(wanted.domains, inventory),
        device_classes=wanted.device_classes,
        class_kinds=frozenset(
            thing for text in wanted.device_classes for thing in things_named(text)
        ),
    )
    if scope.is_empty:
        text = wanted.area or wanted.floor or wanted.label
        return NotFound(text or " ".join(wanted.names), ())
    return scope


def _domains(inventory: Inventory, written: Iterable[str]) -> frozenset[str] | None:
    """Return the domains that are asked for, None for all."""
    domains = frozenset(domain.strip().casefold() for domain in written if domain.strip())
    return domains or None


def _kinds(written: Iterable[str], inventory: Inventory) -> frozenset[Thing]:
    """Return what is meant by "lights" in place of a domain."""
    return frozenset(
        thing
        for domain in written
        if domain.strip().casefold() not in inventory.domains
        for thing in things_named(domain)
    )


def _without_names(scope: Scope, wanted: Wanted) -> Found | Ambiguous | NotFound:
    """Return all of a place; without one, what is of that kind in the speaker's room.

    Nothing at all said is no target, as nothing must be dropped to reach more.
    """
    text = wanted.area or wanted.floor or wanted.label
    if text and text.strip():
        how = How.AREA if wanted.area else How.FLOOR if wanted.floor else How.LABEL
        return Found(scope.members(), how)
    if not wanted.domains and not wanted.device_classes:
        return NotFound("", ())
    members = scope.members()
    if here := scope.in_here(members):
        return Found(here, How.KIND)
    if len(members) == 1:
        return Found(members, How.KIND)
    kinds = ", ".join(sorted(wanted.device_classes or wanted.domains))
    return Ambiguous(kinds, members)


def nearest(scope: Scope, text: str) -> tuple[str, ...]:
    """Return the names that look most like a text; of exposed things only."""
    inventory = scope.inventory
    for entities in (scope.members(), inventory.entities):
        choices = {
            f"{entity.entity_id} {place}": normalized(name)
            for entity in entities
            for place, name in enumerate(entity.names)
        }
        hits = process.extract(
            normalized(text),
            choices,
            scorer=fuzz.token_sort_ratio,
            score_cutoff=_NEAR,
            limit=_MOST_NEAREST * 2,
        )
        if hits:
            names = (inventory.by_id[key.partition(" ")[0]].name for _, _, key in hits)
            return tuple(dict.fromkeys(names))[:_MOST_NEAREST]
    return ()


def _nearest_places(inventory: Inventory, text: str, kinds: tuple[str, ...]) -> tuple[str, ...]:
    names = [
        *(area.name for area in inventory.areas if "area" in kinds),
        *(floor.name for floor in inventory.floors if "floor" in kinds),
        *(label.name for label in inventory.labels if "label" in kinds),
    ]
    hits = process.extract(
        normalized(text),
        [normalized(name) for name in names],
        scorer=fuzz.token_sort_ratio,
        score_cutoff=_NEAR,
        limit=_MOST_NEAREST,
    )
    return tuple(dict.fromkeys(names[place] for _, _, place in hits))
