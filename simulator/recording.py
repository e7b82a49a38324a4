"""What the simulator remembers of every request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Timings:
    """Monotonic seconds; None for what has not happened."""

    received_at: float
    # The request got its turn (chat and generate).
    started_at: float | None = None
    first_line_at: float | None = None
    finished_at: float | None = None


@dataclass(slots=True)
class RecordedRequest:
    """One request. Filled in while it is answered, so read it again after a while."""

    method: str
    path: str
    headers: Mapping[str, str]
    # The JSON body, empty when there is none or it is no object.
    body: Mapping[str, Any]
    timings: Timings
    # None until headers were sent.
    status: int | None = None
    # The client closed the connection (or the server stopped) before the end.
    cancelled: bool = False
    # The whole answer was sent.
    finished: bool = False
    # Lines sent so far.
    lines: int = 0
    # Tokens of the prompt, and how many of them were still known (chat and generate).
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    # Whole old messages that did not fit the window.
    dropped_messages: int = 0
    # Tokens generated so far.
    completion_tokens: int = 0
