"""How much room something takes in a prompt, in bytes of UTF-8.

Bytes make about as many tokens in any language; characters do not.
"""

from collections.abc import Iterable, Mapping
import json
from typing import Any, Final

import ollama

_MESSAGE: Final = 24
"""The marks that a template puts around each message."""
_RESULT: Final = 40
"""What it puts around the result of a tool besides."""
_CALL: Final = 60
"""And around each call of one."""
_IMAGE: Final = 4096
"""What an image takes, roughly: about as much as a thousand tokens."""


def text_size(text: str) -> int:
    """Return how large a text is."""
    return len(text) if text.isascii() else len(text.encode(errors="replace"))


def size_of(
    role: str,
    text: str,
    calls: Iterable[tuple[str, Mapping[str, Any]]] = (),
    images: int = 0,
) -> int:
    """Return how large a message is, with the calls of tools and the images in it."""
    size = _MESSAGE + text_size(text) + images * _IMAGE
    if role == "tool":
        size += _RESULT
    for name, arguments in calls:
        written = json.dumps(arguments, ensure_ascii=False, default=str)
        size += _CALL + text_size(name) + text_size(written)
    return size


def message_size(message: ollama.Message) -> int:
    """Return how large a message of the API is, without what the model thought."""
    return size_of(
        message.role,
        message.content or "",
        ((call.function.name, call.function.arguments) for call in message.tool_calls or ()),
        len(message.images or ()),
    )
