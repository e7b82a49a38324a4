"""From the values of several rounds to a ratio, and what may be said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
import math
import statistics

from .plan import Combine, Contender, Figure, Measure

type Samples = list[Mapping[Contender, Sequence[float]]]
"""For each round (a pair of processes) the values of both, taken in turn."""

_FEWEST_ROUNDS = 3
"""Fewer do not tell how much they differ."""
UNKNOWN_NOISE = 0.10
"""Tolerance where the noise is not known, as a share."""
_MAD_TO_DEVIATION = 1.4826
_STANDARD_ERRORS = 2.0


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


def compare(measure: Measure, size: int, figure: Figure, samples: Samples) -> Comparison:
    """Compare the values of a figure."""
    core = _overall(figure, Contender.CORE, samples)
    ours = _overall(figure, Contender.OURS, samples)
    by_round = [_ratio_of(figure, of_round) for of_round in samples]
    ratio = statistics.median(by_round)
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
    return min(values) if combine is Combine.LEAST else statistics.median(values)


def tolerance(ratios: Sequence[float], floor: float) -> float:
    """Return the share by which a ratio may differ from 1 and still say nothing.

    Twice the standard error of the ratios of the rounds, at least `floor`. The error comes from
    the median of the deviations, since one round that something disturbed must not hide the rest.
    """
    if len(ratios) < _FEWEST_ROUNDS:
        return max(floor, UNKNOWN_NOISE)
    middle = statistics.median(ratios)
    deviation = _MAD_TO_DEVIATION * statistics.median(abs(ratio - middle) for ratio in ratios)
    return max(floor, _STANDARD_ERRORS * deviation / math.sqrt(len(ratios)))


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
