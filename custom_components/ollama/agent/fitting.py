"""What fits into the context window. A server cuts what doesn't, from the front and silently.

So it is cut here: whole exchanges, the oldest first, and many at once.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from homeassistant.components import conversation
from homeassistant.helpers.json import json_dumps

from ..server import size_of

_SHARE_LEFT: Final = 0.5
"""Of the room for the history: so much of it is left, so that the next turns need no cut."""


def fitted(
    content: Sequence[conversation.Content],
    room: float,
    dropped: int,
    size: Callable[[conversation.Content], int],
) -> tuple[list[conversation.Content], int]:
    """Return what of a talk is sent, and how many exchanges that leaves out.

    `room` is what earlier exchanges may take, measured by `size`. `dropped` have been left out
    before and stay out, so that the prompt goes on beginning in the same way.
    """
    questions = [index for index, item in enumerate(content) if item.role == "user"]
    exchanges = [sum(map(size, content[start:end])) for start, end in pairwise(questions)]
    first = min(dropped, len(exchanges))
    left = sum(exchanges[first:])
    if left > room:
        while first < len(exchanges) and left > room * _SHARE_LEFT:
            left -= exchanges[first]
            first += 1
    if not first:
        return list(content), 0
    return [content[0], *content[questions[first] :]], first


def content_size(item: conversation.Content, attached: str = "") -> int:
    """Return how large something is in a prompt; `attached` is sent with a sentence."""
    match item:
        case conversation.ToolResultContent():
            return size_of("tool", json_dumps(item.result.data))
        case conversation.AssistantContent():
            calls = ((call.tool_name, call.tool_args) for call in item.tool_calls or ())
            return size_of("assistant", item.content or "", calls)
        case conversation.UserContent():
            return size_of("user", item.content + attached, images=len(item.attachments or ()))
        case _:
            return size_of(item.role, item.content)
