"""Asterisks, underscores and tildes: emphasis, arithmetic, or part of a name."""

# ruff: noqa: RUF001 - quotes and dashes that look alike

import unicodedata

from .spans import is_emoji

_BEFORE = frozenset("([{\"'“„‘«-–—/:,.;!?*_~…¡¿（「『《〈【，。：、；！？")
_INSIDE = frozenset("([\"'“„‘«*_`$€£~<¡¿-+#@…（「『《〈【")


class Emphasis:
    """The marks that are open in a line."""

    def __init__(self) -> None:
        """Begin with none."""
        self._open: list[str] = []

    def takes(self, run: str, before: str, following: str) -> bool:
        """Whether a run of marks between two characters opens or closes emphasis."""
        if run == "~":
            return False
        closes = run in self._open and not before.isspace()
        if closes and not (run[0] == "_" and following.isalnum()):
            while self._open.pop() != run:
                pass
            return True
        if not _may_precede(before) or not _may_begin(following):
            return False
        self._open.append(run)
        return True


def _may_precede(before: str) -> bool:
    if before.isspace() or before in _BEFORE or is_emoji(before):
        return True
    # Letters without case: Chinese, Japanese and Thai put no blanks between words.
    return not before.isascii() and unicodedata.category(before) == "Lo"


def _may_begin(following: str) -> bool:
    if not following:
        return False
    return following.isalnum() or following in _INSIDE or is_emoji(following)
