"""What becomes of whitespace around that which is taken out of a text."""

from typing import Protocol

_MAX_SPACE = 8


class Writer(Protocol):
    """Puts a text together of which something is taken out."""

    removed: bool
    """Whether something was taken out since the last character that was said."""

    def say(self, char: str) -> None:
        """Pass on a character that isn't whitespace."""

    def space(self, char: str) -> None:
        """Pass on whitespace."""

    def begin_block(self) -> None:
        """Note that the line is a heading, an item of a list, or a row of a table."""

    def begin_cell(self) -> None:
        """Note that another cell of a row begins."""

    def skip_emoji(self) -> None:
        """Note that an emoji was taken out."""

    def close(self) -> None:
        """Pass on what was held back."""

    def take(self) -> str:
        """Return what can be said so far, and forget it."""


class PlainWriter:
    """Leaves whitespace as it is, but for what stood around something that is gone."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.removed = False
        self._out: list[str] = []
        self._space = ""
        self._said = False
        self._cell = ""
        """What is said before the next cell."""

    def say(self, char: str) -> None:
        """Pass on a character that isn't whitespace."""
        if self.removed and self._space:
            self._space = "\n" if "\n" in self._space else " "
        if self._cell:
            self._out.append(self._cell if self._said else "")
        elif self._said or not self.removed:
            self._out.append(self._space)
        self._out.append(char)
        self._space = self._cell = ""
        self.removed = False
        self._said = True

    def space(self, char: str) -> None:
        """Pass on whitespace."""
        if char == "\n":
            self._cell = ""
        self._space += char
        if self.removed:
            self._space = "\n" if "\n" in self._space else " "
        elif len(self._space) > _MAX_SPACE:
            self._out.append(self._space)
            self._space = ""

    def begin_block(self) -> None:
        """Note a heading, an item, or a row: nothing is done about it."""

    def begin_cell(self) -> None:
        """Note that another cell of a row begins."""
        self._cell = ", "
        self.removed = True

    def skip_emoji(self) -> None:
        """Note that an emoji was taken out."""
        self.removed = True

    def close(self) -> None:
        """Pass on what was held back."""
        if not self.removed:
            self._out.append(self._space)
        self._space = ""

    def take(self) -> str:
        """Return what can be said so far, and forget it."""
        out, self._out = self._out, []
        return "".join(out)
