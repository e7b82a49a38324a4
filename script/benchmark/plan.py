"""What is measured, in which units, and how much work is put into it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bench import Bench

PREFILL = 2000.0
"""Tokens of the prompt a second."""
GENERATION = 40.0
"""Tokens of the answer a second: a model of 8B on a graphics card of a PC."""
LOADING = 3.0
"""Seconds that a model takes to load."""

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


class ModelServerKind(StrEnum):
    """Which model server answers."""

    NEWER = "0.32.15"
    """The simulator as this release of Ollama, which finds several prompts again."""
    OLDER = "0.24.0"
    """As this one, which remembers what it read last."""
    REAL = "real"
    """The one at OLLAMA_URL."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure is to reach."""

    size: int
    """In homes of so many entities."""
    most: float
    of_ratio: bool = True
    """Whether it is meant for the ratio, and not for the value of ours."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. Less is better, in all of them."""

    key: str
    label: str
    unit: str
    combine: Combine
    floor: float
    """Share by which the two may differ before one is called better, on the quietest machine."""
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work goes into taking a measure once.

    Little, so that the two take turns often and meet the same disturbances.
    """

    turns: int
    """Turns one after another. CPU time is read for all of them at once."""
    chunks: int
    """Chunks of one long answer."""
    long_run: int
    """Turns after which a leak would show."""
    hurry: float = 1.0
    """What is paced by the clock runs so many times faster."""

    @property
    def pace(self) -> tuple[float, float, float]:
        """Return the speed of the machine that is simulated, as a model server takes it."""
        return GENERATION * self.hurry, PREFILL * self.hurry, LOADING / self.hurry


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
    server: ModelServerKind = ModelServerKind.NEWER
    own_api: bool = False
    """Whether ours has its own API, as a new agent of it has; else Assist, which core's has."""
    limit: float = 300.0
    """Seconds that one pass may take."""

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


FULL = Scope(rounds=7, passes=25, effort=Effort(turns=3, chunks=3000, long_run=10_000))
QUICK = Scope(
    rounds=1, passes=1, effort=Effort(turns=2, chunks=200, long_run=20, hurry=10), largest=50
)
