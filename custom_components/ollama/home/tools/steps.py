"""Values that say how much more or less: "+10", "up", "a bit warmer"."""

import re
from typing import Any, Final

from ..names import normalized
from ..values import ValueNotUnderstoodError, parse_number

_SIGNED: Final = re.compile(r"\s*([+-])\s*(\d.*)")
_UP: Final = frozenset(
    {"up", "more", "higher", "increase", "raise", "brighter", "warmer", "hotter", "louder",
     "faster"}
)  # fmt: skip
_DOWN: Final = frozenset(
    {"down", "less", "lower", "decrease", "reduce", "dimmer", "darker", "cooler", "colder",
     "quieter", "softer", "slower"}
)  # fmt: skip
_FILLERS: Final = frozenset({"bit", "little", "it", "by", "make", "much", "slightly"})


def step_of(value: Any, usual: float) -> float | None:
    """Return how far a text goes up or down; None for a value that stands for itself.

    A sign makes a step, as nothing in a home that is set so goes below zero. `usual` is
    the step of a text without a number.
    """
    if not isinstance(value, str):
        return None
    if match := _SIGNED.fullmatch(value):
        number = parse_number(match[2])
        return number if match[1] == "+" else -number
    words = [word for word in normalized(value).split() if word not in _FILLERS]
    for direction, sign in ((_UP, 1), (_DOWN, -1)):
        if not words or words[0] not in direction:
            continue
        try:
            return sign * (parse_number(" ".join(words[1:])) if words[1:] else usual)
        except ValueNotUnderstoodError:
            return None
    return None
