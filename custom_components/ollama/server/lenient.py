"""Reading an answer that may hold anything.

A server of another version, a proxy or a fork may leave fields out or fill them oddly. The
library refuses such an answer whole; here one odd field costs only itself.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
import math
from typing import Any, Final

_MOST: Final = 2**48
"""What a count or a size can be: 256 TiB. More is an error of the server's, and the sum of a
day must stay a number of 64 bits, which is all that can be saved."""
_FOR_EVER: Final = 2300
"""Ollama writes "for ever" as a date in the year 2319 (fact 18 of the recordings)."""
_NEVER_SET: Final = 1970


def as_mapping(value: Any) -> Mapping[str, Any]:
    """Return an object, an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def as_objects(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list, none for anything else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def as_text(value: Any) -> str:
    """Return a text, an empty one for anything else.

    Halves of surrogate pairs, which JSON can spell, go: no state could hold them.
    """
    if not isinstance(value, str):
        return ""
    return value.encode(errors="ignore").decode().strip()


def as_texts(value: Any) -> tuple[str, ...]:
    """Return the texts of a list."""
    return tuple(filter(None, map(as_text, value))) if isinstance(value, list) else ()


def as_count(value: Any) -> int:
    """Return a whole number from 0 up, 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    if isinstance(value, float) and not math.isfinite(value):
        return 0
    return min(max(0, int(value)), _MOST)


def as_number(value: Any, otherwise: float, least: float, most: float) -> float:
    """Return a number within bounds; what is no number gives another one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    if isinstance(value, float) and math.isnan(value):
        return otherwise
    return float(min(max(value, least), most))


def as_seconds(value: Any) -> float:
    """Return nanoseconds of the server's as seconds, 0 for anything else."""
    return as_count(value) / 1e9


def as_time(value: Any) -> datetime | None:
    """Return a moment with its zone; None for never, for ever, and what is no date."""
    try:
        moment = datetime.fromisoformat(as_text(value))
    except ValueError:
        return None
    if not _NEVER_SET <= moment.year < _FOR_EVER:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
