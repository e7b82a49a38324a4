"""What fits into the context window. A server cuts what doesn't, from the front and silently.

So it is cut here: whole exchanges, the oldest first, and many at once.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from homeassistant.components import conversation
from homeassistant.helpers.json import json_bytes

_SHARE_LEFT: Final = 0.5
"""Of the room for the history: so much of it is left, so that the next turns need no cut."""


def fitted(
    content: Sequence[conversation.Content], room: float, dropped: int
) -> tuple[list[conversation.Content], int]:
    """Return what of a talk is sent, and how many exchanges that leaves out.

    `room` is what earlier exchanges may take, in characters. `dropped` have been left out
    before and stay out, so that the prompt goes on beginning in the same way.
    """
    questions = [index for index, item in enumerate(content) if item.role == "user"]
    exchanges = [
        sum(characters_of(item) for item in content[start:end])
        for start, end in pairwise(questions)
    ]
    first = min(dropped, len(exchanges))
    left = sum(exchanges[first:])
    if left > room:
        while first < len(exchanges) and left > room * _SHARE_LEFT:
            left -= exchanges[first]
            first += 1
    if not first:
        return list(content), 0
    return [content[0], *content[questions[first] :]], first


def characters_of(item: conversation.Content) -> int:
    """Return how long something is in a prompt."""
    match item:
        case conversation.ToolResultContent():
            return len(json_bytes(item.result.data))
        case conversation.AssistantContent():
            calls = sum(len(json_bytes(call.tool_args)) for call in item.tool_calls or ())
            return len(item.content or "") + calls
        case _:
            return len(item.content)
