"""What was found, for people and for programs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import os
import platform
from typing import Any

import homeassistant.const

from .compare import Comparison, Verdict
from .plan import Contender, Measure, Target
from .runner import Outcome

_COLUMNS = ("core", "ours", "ours/core", "tolerance", "", "")
_LABEL_WIDTH = 46
_WIDTHS = (14, 14, 11, 11, 8, 0)
_WHOLE_FROM = 100
"""Numbers from here on are shown without decimals."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the bench and what it was made with."""

    outcome: Outcome
    measures: Sequence[Measure]
    rounds: int
    quick: bool
    duration: float
    """Seconds."""


def table(run: Run) -> str:
    """Return the figures as plain text."""
    return "\n".join([*_header(run), *_rows(run), "", *_footer(run)])


def as_json(run: Run) -> dict[str, Any]:
    """Return everything, every single sample included."""
    return {
        "home_assistant": homeassistant.const.__version__,
        "integrations": {str(name): text for name, text in run.outcome.integrations.items()},
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "rounds": run.rounds,
        "quick": run.quick,
        "duration": round(run.duration, 1),
        "figures": [_as_json(found) for found in run.outcome.comparisons],
    }


def _as_json(found: Comparison) -> dict[str, Any]:
    return {
        "measure": found.measure,
        "entities": found.size,
        "figure": found.figure.key,
        "label": found.figure.label,
        "unit": found.figure.unit,
        "combine": str(found.figure.combine),
        "core": found.core,
        "ours": found.ours,
        "ratio": found.ratio,
        "tolerance": found.tolerance,
        "verdict": str(found.verdict),
        "target": target(found),
        "met": found.is_met,
        "rounds": [
            {str(who): list(values) for who, values in of_round.items()}
            for of_round in found.samples
        ],
    }


def _header(run: Run) -> Iterator[str]:
    integrations = run.outcome.integrations
    yield (
        f"Home Assistant {homeassistant.const.__version__}, Python {platform.python_version()}, "
        f"{os.cpu_count()} processors, {run.rounds} round(s)"
    )
    yield f"core: {integrations.get(Contender.CORE, '-')}"
    yield f"ours: {integrations.get(Contender.OURS, '-')}"
    if run.quick:
        yield "A quick run shows that the bench works; its figures prove nothing."


def _rows(run: Run) -> Iterator[str]:
    for measure in run.measures:
        yield ""
        yield f"{measure.name}: {measure.about}"
        yield _row("", _COLUMNS)
        for found in run.outcome.comparisons:
            if found.measure == measure.name:
                unit = found.figure.unit
                cells = (
                    f"{number(found.core)} {unit}",
                    f"{number(found.ours)} {unit}",
                    f"{found.ratio:.3f}",
                    f"±{found.tolerance:.3f}",
                    str(found.verdict),
                    target(found),
                )
                yield _row(f"{found.size:>6,} entities  {found.figure.label}", cells)


def target(found: Comparison) -> str:
    """Return what is to be reached and whether it is, nothing where there is no target."""
    if found.target is None:
        return ""
    whose = "ours/core" if found.target.of_ratio else "ours"
    return f"{whose} <= {found.target.most:g}: {_outcome(found, found.target)}"


def _outcome(found: Comparison, aim: Target) -> str:
    if found.is_met:
        return "met"
    is_noise = aim.of_ratio and found.ratio <= aim.most + found.tolerance
    return "missed by noise" if is_noise else "MISSED"


def _row(label: str, cells: Sequence[str]) -> str:
    aligned = "".join(
        f"{cell:>{width}}" if width else f"  {cell}"
        for cell, width in zip(cells, _WIDTHS, strict=True)
    )
    return f"{label:<{_LABEL_WIDTH}}{aligned}".rstrip()


def number(value: float) -> str:
    """Return a number as it is read best: whole when it is large."""
    return f"{value:,.0f}" if abs(value) >= _WHOLE_FROM else f"{value:.2f}"


def _footer(run: Run) -> Iterator[str]:
    found = run.outcome.comparisons
    counts = {verdict: sum(each.verdict is verdict for each in found) for verdict in Verdict}
    yield (
        f"{len(found)} figures: {counts[Verdict.BETTER]} better than core's, "
        f"{counts[Verdict.SAME]} the same, {counts[Verdict.WORSE]} worse. "
        f"{run.duration / 60:.1f} minutes."
    )
    aims = [each.is_met for each in found if each.target]
    if aims:
        yield f"{sum(map(bool, aims))} of {len(aims)} targets met."
    yield (
        "Less is better everywhere. The tolerance comes from how much the rounds differ; it is at "
        "least 2 %\nfor CPU, 3 % for time, 1 % for memory, 0.1 % for bytes."
    )
