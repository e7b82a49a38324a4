"""From names and places to what a tool acts on, or to a problem that helps."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from ..inventory import ExposedEntity, Inventory
from ..names import normalized
from ..outcome import How
from ..problem import ToolProblemError
from ..resolver import Ambiguous, Found, NotFound, Wanted, resolve
from ..words import EVERYTHING
from .listed import tool_for

_MOST_CANDIDATES: Final = 12
"""More would not be read out to anybody."""
_MOST_AREAS: Final = 60
_PLACES: Final = (How.AREA, How.FLOOR)
_GROUPS: Final = (How.AREA, How.FLOOR, How.LABEL, How.KIND, How.ALL)
_CERTAIN: Final = (How.ID, How.NAME)
_GUESSED: Final = (How.WORDS, How.PART, How.TYPO)
_EVERYTHING: Final = frozenset(EVERYTHING)


@dataclass(frozen=True, slots=True)
class Means:
    """What of a group a tool takes: a room that is turned off keeps its freezer."""

    area: frozenset[str] = frozenset()
    """Domains that the name of a place means; empty for all."""
    everything: frozenset[str] = frozenset()
    """Domains that everything in a place means."""
    only_one: bool = False
    """Whether a group may stand for one thing only."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Resolves the targets of one call."""

    inventory: Inventory
    to_read: bool
    """Whether what isn't clear may be all that fits."""

    def place(self, wanted: Wanted, allowed: frozenset[str]) -> tuple[ExposedEntity, ...]:
        """Return what is in a place. Raises ToolProblemError."""
        outcome = resolve(self.inventory, wanted)
        if isinstance(outcome, NotFound):
            # The place may be known, and only have nothing of the kind.
            wider = resolve(
                self.inventory, replace(wanted, domains=allowed, device_classes=frozenset())
            )
            if isinstance(wider, Found):
                kinds = ", ".join(sorted(wanted.device_classes or wanted.domains))
                raise ToolProblemError(
                    f"Nothing was done: there is no {kinds} there. Pass the name of a device.",
                    **candidates_of(wider.entities),
                )
        return self.checked(outcome)

    def named(
        self, names: tuple[str, ...], wanted: Wanted, means: Means
    ) -> tuple[ExposedEntity, ...]:
        """Resolve each name; the first that isn't found or isn't clear decides."""
        entities: dict[str, ExposedEntity] = {}
        for name in names:
            outcome = self._resolve_name(name, wanted)
            found = self.checked(outcome)
            how = outcome.how if isinstance(outcome, Found) else How.KIND
            if means.only_one and how in _GROUPS:
                found = counted(found, only_one=True)
            domains = frozenset[str]()
            if how is How.ALL or (how in _PLACES and _says_everything(name)):
                domains = means.everything or means.area
            elif how in _PLACES:
                domains = means.area
            if domains and not any(entity.domain in domains for entity in found):
                raise ToolProblemError(
                    f"Nothing was done: there is no {', '.join(sorted(domains))} there. "
                    "Pass the name of a device.",
                    **candidates_of(found),
                )
            entities |= {
                entity.entity_id: entity
                for entity in found
                if not domains or entity.domain in domains
            }
        return tuple(entities.values())

    def _resolve_name(self, name: str, wanted: Wanted) -> Found | Ambiguous | NotFound:
        """Resolve one name among what the tool can act on.

        Unless it is the very name of something else: "Hall door" is that lock, and no
        misspelled "Hall floor". Raises ToolProblemError.
        """
        outcome = resolve(self.inventory, replace(wanted, names=(name,)))
        if isinstance(outcome, Found) and outcome.how not in _GUESSED:
            return outcome
        other = resolve(
            self.inventory,
            replace(wanted, names=(name,), domains=frozenset(), device_classes=frozenset()),
        )
        if not isinstance(other, Found) or not wanted.domains:
            return outcome
        first = other.entities[0]
        is_other = all(entity.domain not in wanted.domains for entity in other.entities)
        if is_other and (
            other.how in _CERTAIN or (isinstance(outcome, NotFound) and len(other.entities) == 1)
        ):
            raise ToolProblemError(
                f"Nothing was done: {first.name} is a {first.domain}. Use {tool_for(first.domain)}."
            )
        return outcome

    def check_agrees(
        self, names: tuple[str, ...], entities: tuple[ExposedEntity, ...], wanted: Wanted
    ) -> None:
        """Refuse a call that names two different things. Raises ToolProblemError."""
        reached: set[str] = set()
        for name in names:
            outcome = resolve(self.inventory, replace(wanted, names=(name,)))
            if isinstance(outcome, Ambiguous):
                reached |= {entity.entity_id for entity in outcome.candidates}
            elif isinstance(outcome, Found):
                reached |= {entity.entity_id for entity in outcome.entities}
        if not {entity.entity_id for entity in entities} <= reached:
            raise ToolProblemError(
                f"Nothing was done: {', '.join(names)} is not what the other argument names. "
                "Pass one name."
            )

    def checked(self, outcome: Found | Ambiguous | NotFound) -> tuple[ExposedEntity, ...]:
        """Return what was found. Raises ToolProblemError."""
        match outcome:
            case Found(entities=entities):
                return entities
            case Ambiguous(candidates=candidates) if self.to_read:
                return candidates
            case Ambiguous(wanted=text, candidates=candidates):
                raise ToolProblemError(
                    f"Several match {text!r}. Ask the user which one is meant.",
                    **candidates_of(candidates),
                )
            case NotFound(wanted=text, nearest=nearest):
                what = repr(text) if text else "such device"
                raise ToolProblemError(
                    f"Nothing was done: there is no {what} here that this tool can use.",
                    **({"nearest": list(nearest)} if nearest else {"areas": self.areas()}),
                )

    def areas(self) -> list[str]:
        """Return the names of the areas, as a help."""
        return [area.name for area in self.inventory.areas[:_MOST_AREAS]]


def counted(entities: tuple[ExposedEntity, ...], *, only_one: bool) -> tuple[ExposedEntity, ...]:
    """Return what was found, unless it has to be one thing. Raises ToolProblemError."""
    if only_one and len(entities) > 1:
        raise ToolProblemError(
            "Several match. Ask the user which one is meant.", **candidates_of(entities)
        )
    return entities


def _says_everything(name: str) -> bool:
    return bool(_EVERYTHING & set(normalized(name).split()))


def candidates_of(entities: tuple[ExposedEntity, ...]) -> dict[str, Any]:
    """Return candidates for a problem; not all of a large home."""
    shown: dict[str, Any] = {"candidates": described(entities[:_MOST_CANDIDATES])}
    if len(entities) > _MOST_CANDIDATES:
        shown["more_candidates"] = len(entities) - _MOST_CANDIDATES
    return shown


def described(entities: Iterable[ExposedEntity]) -> list[dict[str, Any]]:
    """Tell candidates apart: the same name may stand in two areas."""
    return [
        {"name": entity.name, "entity_id": entity.entity_id}
        | ({"area": entity.area_name} if entity.area_name else {})
        for entity in entities
    ]
