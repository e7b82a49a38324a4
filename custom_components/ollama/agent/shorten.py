"""Texts that can be sent, of whole characters; or in an SMS, cut at a sentence, never in a word."""

import re
from typing import Final

_ELLIPSIS: Final = "…"
# A full stop after a single letter ends no sentence. Marks of Chinese and Japanese need no blank.
_END: Final = re.compile(
    "(?<![\\s.][A-Za-z])[.!?\u2026]+[\"'\u00bb\u201d\u2019)\\]]*(?=\\s|$)|[\u3002\uff01\uff1f]|\\n"
)
_LOOSE: Final = " \n\t,;:-\u2013"
"""What a cut text must not end in."""
_LEAST_SHARE: Final = 0.3
"""Sentences that are less than this of what is allowed tell too little."""


def whole(text: str) -> str:
    """Return a text with a mark in place of each half of a character."""
    return text.encode(errors="replace").decode()


def shortened(text: str, most: int) -> str:
    """Return a text of so many characters at most.

    Cut behind a sentence where that leaves enough, else behind a word.
    """
    text = text.strip()
    if len(text) <= most:
        return text
    ends = [match.end() for match in _END.finditer(text) if match.end() <= most]
    if ends and ends[-1] >= most * _LEAST_SHARE:
        return text[: ends[-1]].rstrip()
    # Room for the ellipsis, and not within a word.
    start = text[: most - len(_ELLIPSIS) + 1]
    words = re.match(r".*(?=\s)", start, re.DOTALL)
    # Nothing but marks, such as a dash before a long word, is kept as it is.
    kept = (words.group().rstrip(_LOOSE) or words.group().rstrip()) if words else ""
    # One word, such as an address, that is longer than all that is allowed.
    return (kept or start[:-1]) + _ELLIPSIS
