"""``keep_alive`` values and Go durations (observed_keep_alive_values.json)."""

import re
from typing import Any

from .errors import ApiError

FOREVER = float("inf")
# Largest Go duration: 2**63 - 1 nanoseconds, some 292 years.
MAX_SECONDS = 9223372036.854775807

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)([a-zµμ]*)")


def parse_duration(text: str) -> float:
    """Return seconds; raise ValueError with the words of Go's ``time.ParseDuration``."""
    sign = -1.0 if text.startswith("-") else 1.0
    rest = text.lstrip("+-") if text[:1] in "+-" else text
    if rest == "0":
        return 0.0
    if not rest:
        message = f'time: invalid duration "{text}"'
        raise ValueError(message)
    seconds = 0.0
    while rest:
        part = _PART.match(rest)
        if part is None:
            message = f'time: invalid duration "{text}"'
            raise ValueError(message)
        number, unit = part.groups()
        if not unit:
            message = f'time: missing unit in duration "{text}"'
            raise ValueError(message)
        if unit not in _UNITS:
            message = f'time: unknown unit "{unit}" in duration "{text}"'
            raise ValueError(message)
        seconds += float(number) * _UNITS[unit]
        rest = rest[part.end() :]
    return sign * seconds


def parse_keep_alive(value: Any) -> float | None:
    """Return seconds, FOREVER, or None when the request gives none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ApiError(400, f"Unsupported type: '{type(value).__name__}'")
    if isinstance(value, str):
        try:
            seconds = parse_duration(value)
        except ValueError as error:
            raise ApiError(400, str(error)) from error
    else:
        seconds = float(value)
    return FOREVER if seconds < 0 else seconds
