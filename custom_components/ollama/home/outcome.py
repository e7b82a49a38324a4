"""What is asked of the resolver, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .records import ExposedEntity


class How(StrEnum):
    """What led to the entities that were found."""

    ID = "id"
    NAME = "name"
    """The name or an alias, give or take case, articles, diacritics, spaces."""
    WORDS = "words"
    """The words of a name in another order, with its area or kind added or left out."""
    PART = "part"
    """Words that stand in this name only."""
    TYPO = "typo"
    AREA = "area"
    FLOOR = "floor"
    LABEL = "label"
    KIND = "kind"
    """By what it is: lights, the thermostat."""
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a model wrote; any part may be missing."""

    names: tuple[str, ...] = ()
    """Entity ids, names, aliases, areas, "all lights upstairs", "everything", "here"."""
    area: str | None = None
    floor: str | None = None
    label: str | None = None
    domains: frozenset[str] = frozenset()
    """What the tool can act on, or what the model asked for; empty for all."""
    device_classes: frozenset[str] = frozenset()
    here: str | None = None
    """Area id of the room in which somebody speaks."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was meant; never empty."""

    entities: tuple[ExposedEntity, ...]
    how: How


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several things fit equally; nothing may be done."""

    wanted: str
    candidates: tuple[ExposedEntity, ...]


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nothing fits; nothing may be done."""

    wanted: str
    nearest: tuple[str, ...]
    """Names of exposed things that look like it, best first; may be empty."""
