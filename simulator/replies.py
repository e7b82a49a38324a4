"""What a simulated model is asked and what it says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call the model makes. ``id`` is made up by the server when it is None."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says to one request.

    The server still does to it what a real one does: thinking only for a thinking model, the
    limits ``num_predict`` and ``num_ctx``, ``stop`` sequences, ``format``, calls of tools that
    were not offered, and the abort after more than 30 equal pieces in a row (so a stress test
    that repeats one word needs changing pieces).
    """

    content: str = ""
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    # The content in pieces, sent one per line as they are, also when ``format`` is given. May be
    # an endless iterable: it is read up to the limit of the request.
    chunks: Iterable[str] | None = None
    # False: the answer ends without a ``done: true`` line.
    done: bool = True
    done_reason: str = "stop"
    # Last line is ``{"error": ...}``; without any content before it the status is ``error_status``.
    error: str | None = None
    error_status: int = 500
    # These bytes instead of an answer, one line each, as they are (status 200, also non-stream).
    raw_lines: tuple[bytes, ...] | None = None
    # Seconds between the end of the prefill and the first token.
    delay: float = 0.0
    # Counts to report instead of the simulator's own.
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast the simulated machine is. None means instant.

    ``load_seconds`` holds for models that give none of their own. The prompt is read in batches
    of ``batch_tokens``; a cancelled request gives its slot back when its batch is finished.
    """

    load_seconds: float | None = None
    prefill_tokens_per_second: float | None = None
    generation_tokens_per_second: float | None = None
    batch_tokens: int = 64


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request for an answer as the brain sees it; ``generate`` comes as messages too."""

    kind: Literal["chat", "generate"]
    model: str
    messages: tuple[Mapping[str, Any], ...]
    tools: tuple[Mapping[str, Any], ...]
    format: Any
    think: bool | str | None
    options: Mapping[str, Any]
    stream: bool
    body: Mapping[str, Any]

    @property
    def last_user_text(self) -> str:
        """The content of the last user message, empty when there is none."""
        return next(
            (str(m.get("content", "")) for m in reversed(self.messages) if m.get("role") == "user"),
            "",
        )

    @property
    def tool_names(self) -> tuple[str, ...]:
        """The names of the tools offered, in order."""
        return tuple(str(tool["function"]["name"]) for tool in self.tools)


class Brain(Protocol):
    """What answers when no scripted reply waits."""

    def __call__(self, request: ChatRequest, /) -> Reply:
        """Return the reply to ``request``."""


def plain_brain(request: ChatRequest) -> Reply:
    """Say one fixed sentence (the one of the recordings)."""
    return Reply("The kitchen lamp is now on.")
