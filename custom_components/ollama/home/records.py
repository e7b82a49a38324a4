"""What of the home is exposed to an assistant: a snapshot that knows how to be searched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .index import Index

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class Label:
    """A label."""

    label_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Floor:
    """A floor; `names` starts with its name, aliases follow."""

    floor_id: str
    names: tuple[str, ...]
    level: int | None = None

    @property
    def name(self) -> str:
        """The name to say."""
        return self.names[0]


@dataclass(frozen=True, slots=True)
class Area:
    """An area; `names` starts with its name, aliases follow."""

    area_id: str
    names: tuple[str, ...]
    floor_id: str | None = None

    @property
    def name(self) -> str:
        """The name to say."""
        return self.names[0]


@dataclass(frozen=True, slots=True)
class ExposedEntity:
    """An entity that the assistant may see; `names` starts with the one to say."""

    entity_id: str
    domain: str
    names: tuple[str, ...]
    area_id: str | None = None
    area_name: str | None = None
    floor_id: str | None = None
    floor_name: str | None = None
    labels: tuple[Label, ...] = ()
    """Its own labels, its device's and its area's."""
    device_class: str | None = None
    device_id: str | None = None
    device_name: str | None = None

    @property
    def name(self) -> str:
        """The name to say."""
        return self.names[0]

    @property
    def order(self) -> tuple[bool, str, str, str]:
        """Sorts by area, then name, then id; what has no area comes last."""
        return (
            self.area_name is None,
            (self.area_name or "").casefold(),
            self.names[0].casefold(),
            self.entity_id,
        )


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything exposed to one assistant; immutable."""

    entities: tuple[ExposedEntity, ...]
    areas: tuple[Area, ...]
    """Areas in which something is exposed."""
    floors: tuple[Floor, ...]
    """All floors: upstairs is what lies above the others."""
    labels: tuple[Label, ...]
    """Labels that something exposed carries."""
    version: int = 0
    by_id: Mapping[str, ExposedEntity] = field(default_factory=dict, compare=False, repr=False)
    domains: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    index: Index = field(default_factory=Index, compare=False, repr=False)
    """For the resolver only: it holds names of what is not exposed."""

    @classmethod
    def build(
        cls,
        entities: Iterable[ExposedEntity],
        *,
        areas: Iterable[Area] = (),
        floors: Iterable[Floor] = (),
        hidden: Collection[ExposedEntity] = (),
        version: int = 0,
    ) -> Inventory:
        """Return a snapshot in stable order.

        `hidden` are the entities that are not exposed. They are never returned; a name
        that fits one of them as well as, or better than, what is exposed finds nothing.
        """
        ordered = tuple(sorted(entities, key=lambda entity: entity.order))
        used_areas = {entity.area_id for entity in ordered}
        seen_areas = tuple(
            sorted(
                (area for area in areas if area.area_id in used_areas),
                key=lambda area: (area.name.casefold(), area.area_id),
            )
        )
        all_floors = tuple(
            sorted(
                floors,
                key=lambda floor: (
                    floor.level if floor.level is not None else 0,
                    floor.name.casefold(),
                ),
            )
        )
        labels = {label.label_id: label for entity in ordered for label in entity.labels}
        seen_labels = tuple(sorted(labels.values(), key=lambda label: label.name.casefold()))
        return cls(
            entities=ordered,
            areas=seen_areas,
            floors=all_floors,
            labels=seen_labels,
            version=version,
            by_id={entity.entity_id: entity for entity in ordered},
            domains=frozenset(entity.domain for entity in ordered),
            index=Index.build(ordered, tuple(hidden), seen_areas, all_floors, seen_labels),
        )

    def area(self, area_id: str | None) -> Area | None:
        """Return an area by its id."""
        return next((area for area in self.areas if area.area_id == area_id), None)

    def floor(self, floor_id: str | None) -> Floor | None:
        """Return a floor by its id."""
        return next((floor for floor in self.floors if floor.floor_id == floor_id), None)
