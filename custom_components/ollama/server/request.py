"""What is sent to a server, and how it is reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import ssl
from typing import Any, Literal

import ollama

from .sizes import message_size

type Think = bool | Literal["low", "medium", "high"]

KEEP_LOADED_FOREVER = -1
"""The number, not the text: the server refuses "-1" (fact 19 of the recordings)."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How a server is reached. Key and headers are secrets: never in a repr."""

    url: str
    ssl_context: ssl.SSLContext = field(repr=False)
    api_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def all_headers(self) -> dict[str, str]:
        """The extra headers, and the key as a bearer token.

        A header holds ASCII only; what else was pasted with a key, such as a space of no
        width, is no part of it.
        """
        headers = dict(self.headers)
        if self.api_key and (key := self.api_key.strip()):
            headers["Authorization"] = f"Bearer {key}"
        return {name: value.encode("ascii", "ignore").decode() for name, value in headers.items()}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request to `/api/chat`; the fields are the API's own."""

    model: str
    messages: Sequence[ollama.Message] = field(repr=False)
    tools: Sequence[ollama.Tool] | None = field(default=None, repr=False)
    options: Mapping[str, Any] | None = None
    keep_alive: float | str | None = None
    think: Think | None = None
    format: dict[str, Any] | None = field(default=None, repr=False)
    tool_size: int = 0
    """How large the tools are as JSON, in bytes."""

    @property
    def size(self) -> int:
        """How large the prompt is in bytes, tools included."""
        return self.tool_size + sum(map(message_size, self.messages))

    @property
    def least_size(self) -> int:
        """The same without earlier turns: instructions, tools, and what was said last."""
        system = sum(message_size(m) for m in self.messages if m.role == "system")
        said = next((m for m in reversed(self.messages) if m.role == "user"), None)
        return self.tool_size + system + (message_size(said) if said else 0)

    @property
    def prefix(self) -> int:
        """What tells one beginning of a prompt from another: all before the talk."""
        tools = tuple(tool.function.name if tool.function else "" for tool in self.tools or ())
        first = self.messages[0] if self.messages else None
        system = first.content if first is not None and first.role == "system" else ""
        return hash((self.num_ctx, tools, self.tool_size, system))

    @property
    def has_images(self) -> bool:
        """Whether there is something in the prompt that isn't text."""
        return any(message.images for message in self.messages)

    @property
    def num_ctx(self) -> int:
        """The context window in tokens; 0 when it isn't set."""
        return int((self.options or {}).get("num_ctx") or 0)
