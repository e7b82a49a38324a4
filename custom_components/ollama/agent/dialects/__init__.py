"""What small models write in place of an answer: calls as text, thinking, tokens, Markdown.

`TextReader` takes the streamed content of an answer apart into what is said, what is thought,
and calls as the model wrote them. `MarkdownStripper` makes text fit for a loudspeaker.
Nothing here knows Home Assistant, the tools, or what a call means.
"""

from .cleaning import MarkdownStripper, strip_markdown
from .pieces import Piece, Said, Thought, WrittenCall
from .reader import TextReader

__all__ = [
    "MarkdownStripper",
    "Piece",
    "Said",
    "TextReader",
    "Thought",
    "WrittenCall",
    "strip_markdown",
]
