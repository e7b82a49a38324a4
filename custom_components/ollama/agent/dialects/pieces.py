"""What an answer is made of."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A call as the model wrote it, not repaired.

    Arguments without a name, as in `turn_on("Kitchen light")`, stand under "0", "1", ...;
    a text in place of the arguments stands under "input".
    """

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """Text that is meant for the user."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """Thinking that leaked into the content."""

    text: str


type Piece = Said | Thought | WrittenCall
