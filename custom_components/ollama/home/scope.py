"""What a request may reach, before any name is looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .places import Where
    from .records import ExposedEntity, Inventory
    from .things import Thing


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of the home. Tells of hidden entities too whether they would be in it."""

    inventory: Inventory
    here: str | None = None
    places: tuple[tuple[Where, ...], ...] = ()
    """All of them must hold an entity; one is enough inside of each."""
    domains: frozenset[str] | None = None
    kinds: frozenset[Thing] = frozenset()
    """What stands in place of a domain, as lights for light."""
    device_classes: frozenset[str] = frozenset()
    class_kinds: frozenset[Thing] = frozenset()
    limit: frozenset[str] | None = None
    """Domains that an entity id leaves, within those above."""

    def __contains__(self, entity: ExposedEntity) -> bool:
        """Whether an entity may be meant."""
        if self.limit is not None and entity.domain not in self.limit:
            return False
        if (
            self.domains is not None
            and entity.domain not in self.domains
            and not any(thing.includes(entity) for thing in self.kinds)
        ):
            return False
        if (
            self.device_classes
            and entity.device_class not in self.device_classes
            and not any(thing.includes(entity) for thing in self.class_kinds)
        ):
            return False
        return all(any(where.holds(entity) for where in either) for either in self.places)

    @property
    def is_empty(self) -> bool:
        """Whether nothing that is exposed lies in it."""
        return not any(entity in self for entity in self.inventory.entities)

    @property
    def has_place(self) -> bool:
        """Whether it is less than the whole home."""
        return bool(self.places)

    def members(self) -> tuple[ExposedEntity, ...]:
        """Return everything exposed in it, in the inventory's order."""
        return tuple(entity for entity in self.inventory.entities if entity in self)

    def in_here(self, entities: Iterable[ExposedEntity]) -> tuple[ExposedEntity, ...]:
        """Return those in the speaker's room."""
        if self.here is None:
            return ()
        return tuple(entity for entity in entities if entity.area_id == self.here)

    def limited_to(self, domains: frozenset[str]) -> Scope:
        """Return the part of it in some domains."""
        return replace(self, limit=domains)
