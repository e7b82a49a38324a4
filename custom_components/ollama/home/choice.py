"""Which of several names that fit equally is meant, and when none may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .outcome import Ambiguous, Found, How

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .index import Hit
    from .records import ExposedEntity
    from .scope import Scope


class HiddenFitsError(Exception):
    """Something that is not exposed fits as well or better: nothing is found."""


def choose_exact(scope: Scope, text: str, hits: list[Hit], how: How) -> Found | Ambiguous:
    """Choose among things that are called just so; at least one of them is exposed.

    What is hidden counts only in the speaker's own room, where it is what they mean.
    """
    exposed = _unique(hit for hit in hits if not hit.is_hidden)
    if _is_hidden_here(scope, hits, exposed):
        raise HiddenFitsError
    return _choose(scope, text, exposed, how)


def choose(scope: Scope, text: str, hits: list[Hit], how: How) -> Found | Ambiguous:
    """Choose among things that fit equally; there is at least one, maybe hidden.

    A hidden thing with the very name of an exposed one doesn't count: by that name the
    exposed one is reached anyway (a switch behind the light that is made of it).
    """
    exposed = _unique(hit for hit in hits if not hit.is_hidden)
    names = {hit.loose for hit in hits if not hit.is_hidden}
    rivals = any(hit.is_hidden and hit.loose not in names for hit in hits)
    if not exposed or (rivals and len(exposed) == 1) or _is_hidden_here(scope, hits, exposed):
        raise HiddenFitsError
    outcome = _choose(scope, text, exposed, how)
    if rivals and isinstance(outcome, Found):
        raise HiddenFitsError
    return outcome


def _is_hidden_here(scope: Scope, hits: Iterable[Hit], exposed: tuple[ExposedEntity, ...]) -> bool:
    if scope.here is None or any(entity.area_id in (scope.here, None) for entity in exposed):
        return False
    return any(hit.is_hidden and hit.entity.area_id == scope.here for hit in hits)


def _choose(
    scope: Scope, text: str, entities: tuple[ExposedEntity, ...], how: How
) -> Found | Ambiguous:
    if len(entities) == 1:
        return Found(entities, how)
    in_here = scope.in_here(entities)
    if len(in_here) == 1:
        return Found(in_here, how)
    return Ambiguous(text, in_here or entities)


def _unique(hits: Iterable[Hit]) -> tuple[ExposedEntity, ...]:
    """Return the entities in the inventory's order, each once."""
    entities = {hit.entity.entity_id: hit.entity for hit in hits}
    return tuple(sorted(entities.values(), key=lambda entity: entity.order))
