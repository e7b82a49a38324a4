"""How those who read a part of the stream tell the reader what to do next."""

from dataclasses import dataclass, field
from typing import Protocol

from .pieces import Piece


@dataclass(slots=True)
class Outcome:
    """What a character has brought to an end."""

    pieces: list[Piece] = field(default_factory=list)
    rest: str = ""
    """Was taken, but doesn't belong to it: to be read again."""
    plain: str = ""
    """Was taken, and is text: to be said, before the rest is read."""
    blind: bool = False
    """The rest holds no unmarked call: it was looked at already."""
    answer: bool = False
    """The plain text begins an answer in JSON: no call is looked for inside of it."""
    removed: bool = False
    """Something was taken out of the text: the whitespace around it is trimmed."""
    unreadable: bool = False
    """A call was announced that can't be read."""
    in_fence: bool = False
    """The opening of a fence was taken: its end is to be taken, too."""
    then: Mode | None = None
    """Who reads from here on; nobody: it is text."""


class Mode(Protocol):
    """Reads a part of the stream that isn't plain text."""

    @property
    def holding(self) -> bool:
        """Whether text is held back that may have to be said."""
        ...

    def step(self, char: str) -> Outcome | None:
        """Take the next character; None: there is more to come."""
        ...

    def finish(self, *, complete: bool) -> Outcome:
        """The stream has ended."""
        ...
