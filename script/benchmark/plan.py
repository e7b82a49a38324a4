"""What is measured, in which units, and how much work is put into it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bench import Bench

type Taken = dict[str, float]
"""One value for each figure of a measure, by the figure's key."""


class Contender(StrEnum):
    """Whose integration runs."""

    CORE = "core"
    OURS = "ours"


class Combine(StrEnum):
    """How several values become one.

    The lower quartile for CPU time: what else runs on the machine adds to it, by spoiling caches,
    and leaves it alone at best. The least of all would do on a quiet machine; on a busy one it
    comes down to luck.
    """

    MEDIAN = "median"
    QUARTILE = "lower quartile"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. Less is better, in all of them."""

    key: str
    label: str
    unit: str
    combine: Combine
    floor: float
    """Share by which the two may differ before one is called better, on the quietest machine."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work goes into taking a measure once.

    Little, so that the two take turns often and meet the same disturbances.
    """

    turns: int
    """Turns one after another. CPU time is read for all of them at once."""
    chunks: int
    """Chunks of one long answer."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is measured, for homes of several sizes."""

    name: str
    about: str
    sizes: tuple[int, ...]
    """Numbers of exposed entities."""
    figures: tuple[Figure, ...]
    take: Callable[[Bench, Effort], Awaitable[Taken]]
    rounds: int | None = None
    """Overrides the scope's; 1 for what is the same in every process."""
    passes: int | None = None
    """Overrides the scope's; 1 for what a process can tell only once."""

    @property
    def exact(self) -> bool:
        """Whether there is nothing that a repetition would tell."""
        return self.rounds == 1


@dataclass(frozen=True, slots=True)
class Scope:
    """How much of everything a run does."""

    rounds: int
    """Pairs of fresh processes, one for each integration, in which a measure is taken."""
    passes: int
    """How often each of the two takes the measure, in turn with the other."""
    effort: Effort
    largest: int | None = None
    """The largest home, in entities; None for all sizes."""

    def sizes(self, measure: Measure) -> tuple[int, ...]:
        """Return the sizes of a measure that are in scope, never none."""
        if self.largest is None:
            return measure.sizes
        return tuple(size for size in measure.sizes if size <= self.largest) or measure.sizes[:1]


FULL = Scope(rounds=7, passes=25, effort=Effort(turns=3, chunks=3000))
QUICK = Scope(rounds=1, passes=1, effort=Effort(turns=2, chunks=200), largest=50)
