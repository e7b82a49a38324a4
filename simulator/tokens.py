"""How the simulator counts and cuts tokens: simple, deterministic, no vocabulary.

Counting: a control marker such as ``<|im_start|>`` is one token, everything else is one token
per four bytes of UTF-8, rounded up. Cutting (for streaming): one piece per word, with the space
in front of it, as most vocabularies do; a word longer than 16 characters is cut into more pieces.
The two do not add up to each other and need not: a prompt is counted, an answer is cut.
"""

from collections.abc import Callable
import re

TokenCounter = Callable[[str], int]

BYTES_PER_TOKEN = 4
_MARKER = re.compile(r"<\|[a-z_]+\|>")
_PIECE = re.compile(r"\s?\S{1,16}|\s")


def count_tokens(text: str) -> int:
    """Return the number of tokens in ``text``: markers, plus one per four bytes."""
    rest, markers = _MARKER.subn("", text)
    return markers + -(-len(rest.encode()) // BYTES_PER_TOKEN)


def split_pieces(text: str) -> list[str]:
    """Cut ``text`` into the pieces a stream delivers it in; joined they are the text again."""
    return _PIECE.findall(text)


def common_prefix(first: str, second: str) -> int:
    """Return how many leading characters the two texts share."""
    limit = min(len(first), len(second))
    if first[:limit] == second[:limit]:
        return limit
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if first.startswith(second[:middle]):
            low = middle
        else:
            high = middle - 1
    return low


def take_tokens(text: str, tokens: int, counter: TokenCounter) -> str:
    """Return the longest beginning of ``text`` that has at most ``tokens`` tokens."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if counter(text[:middle]) <= tokens:
            low = middle
        else:
            high = middle - 1
    return text[:low]


def take_last_tokens(text: str, tokens: int, counter: TokenCounter) -> str:
    """Return the longest end of ``text`` that has at most ``tokens`` tokens."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high) // 2
        if counter(text[middle:]) <= tokens:
            high = middle
        else:
            low = middle + 1
    return text[low:]
