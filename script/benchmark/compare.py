"""From the values of several rounds to a ratio, and what may be said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
import math
import statistics

from .plan import Combine, Contender, Figure, Measure, Target

type Samples = list[Mapping[Contender, Sequence[float]]]
"""For each round (a pair of processes) the values of both, taken in turn."""

_FEWEST_ROUNDS = 3
"""Fewer do not tell how much they differ."""
UNKNOWN_NOISE = 0.10
"""Tolerance where the noise is not known, as a share."""
_STUDENT = (12.7, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26)
"""Standard errors that 95 of 100 cases keep within, for 2, 3, 4 ... values (Student's t)."""
_STUDENT_MORE = 2.1


class Verdict(StrEnum):
    """What this integration is in a figure, next to core's."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of both integrations."""

    measure: str
    size: int
    """Exposed entities."""
    figure: Figure
    core: float
    ours: float
    ratio: float
    """Ours by core's; below 1 ours is better."""
    tolerance: float
    """Share by which the ratio may differ from 1 and still say nothing."""
    verdict: Verdict
    samples: Samples

    @property
    def target(self) -> Target | None:
        """What is to be reached in a home of this size."""
        return next((each for each in self.figure.targets if each.size == self.size), None)

    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        return (self.ratio if self.target.of_ratio else self.ours) <= self.target.most


def compare(measure: Measure, size: int, figure: Figure, samples: Samples) -> Comparison:
    """Compare the values of a figure."""
    core = _overall(figure, Contender.CORE, samples)
    ours = _overall(figure, Contender.OURS, samples)
    ratio = _ratio(ours, core)
    by_round = [_ratio_of(figure, of_round) for of_round in samples]
    accepted = figure.floor if measure.exact else tolerance(by_round, figure.floor)
    return Comparison(
        measure=measure.name,
        size=size,
        figure=figure,
        core=core,
        ours=ours,
        ratio=ratio,
        tolerance=accepted,
        verdict=verdict(ratio, accepted),
        samples=samples,
    )


def _overall(figure: Figure, who: Contender, samples: Samples) -> float:
    return combined(figure.combine, [value for of_round in samples for value in of_round[who]])


def _ratio_of(figure: Figure, of_round: Mapping[Contender, Sequence[float]]) -> float:
    return _ratio(
        combined(figure.combine, of_round[Contender.OURS]),
        combined(figure.combine, of_round[Contender.CORE]),
    )


def combined(combine: Combine, values: Sequence[float]) -> float:
    """Return one value for several."""
    if combine is Combine.MEDIAN or len(values) == 1:
        return statistics.median(values)
    return statistics.quantiles(values, n=4, method="inclusive")[0]


def tolerance(ratios: Sequence[float], floor: float) -> float:
    """Return the share by which a ratio may differ from 1 and still say nothing.

    Half the interval that holds the mean of the ratios of the rounds in 95 of 100 cases, and at
    least `floor`. Each round has processes of its own, so that this covers, beside what else the
    machine did, how they happened to lie in memory.
    """
    if not all(map(math.isfinite, ratios)):
        return floor
    if len(ratios) < _FEWEST_ROUNDS:
        return max(floor, UNKNOWN_NOISE)
    known = len(ratios) - 2 < len(_STUDENT)
    errors = _STUDENT[len(ratios) - 2] if known else _STUDENT_MORE
    return max(floor, errors * statistics.stdev(ratios) / math.sqrt(len(ratios)))


def verdict(ratio: float, accepted: float) -> Verdict:
    """Return what a ratio says, given its tolerance."""
    if ratio > 1 + accepted:
        return Verdict.WORSE
    if ratio < 1 - accepted:
        return Verdict.BETTER
    return Verdict.SAME


def _ratio(ours: float, core: float) -> float:
    if core:
        return ours / core
    return math.inf if ours else 1.0
