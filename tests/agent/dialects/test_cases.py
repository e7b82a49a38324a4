"""Each answer of the tables gives its pieces, however the stream is cut."""

import pytest

from custom_components.ollama.agent.dialects import Piece, Said, TextReader, Thought

from .cases import ALL, Case, knows


def merged(pieces: list[Piece]) -> list[Piece]:
    """Return the pieces with texts put together that belong together."""
    result: list[Piece] = []
    for piece in pieces:
        last = result[-1] if result else None
        if isinstance(piece, Said) and isinstance(last, Said):
            result[-1] = Said(last.text + piece.text)
        elif isinstance(piece, Thought) and isinstance(last, Thought):
            result[-1] = Thought(last.text + piece.text)
        else:
            result.append(piece)
    return result


def read(text: str, *, size: int = 0, complete: bool = True, calls: bool = True) -> list[Piece]:
    """Return what a reader makes of a text that comes in chunks of a size."""
    reader = TextReader(knows, calls=calls)
    size = size or len(text) or 1
    pieces: list[Piece] = []
    for start in range(0, len(text), size):
        pieces += reader.feed(text[start : start + size])
    return merged(pieces + reader.close(complete=complete))


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_case(case: Case) -> None:
    """The text gives its pieces, at once and in small chunks."""
    expected = merged(case.pieces)
    for size in (0, 1, 3, 7):
        assert read(case.text, size=size) == expected
