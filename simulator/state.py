"""What the handlers of one simulated server share."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
import random
from typing import Any

from .models import ModelStore, SimModel
from .pulls import PullBook
from .recording import RecordedRequest
from .replies import Brain, ChatRequest, Rates, Reply
from .responder import Responder
from .scheduler import Limits, Scheduler
from .versions import Behaviour


@dataclass(eq=False)
class State:
    """The simulated server behind the HTTP layer."""

    version: str
    behaviour: Behaviour
    store: ModelStore
    scheduler: Scheduler
    limits: Limits
    rates: Rates
    brain: Brain
    pulls: PullBook
    script: deque[Reply] = field(default_factory=deque)
    # For ids of tool calls: different, but the same in every run.
    ids: random.Random = field(default_factory=lambda: random.Random(0))

    def reply(self, request: ChatRequest) -> Reply:
        """Return the next scripted reply, or what the brain says.

        A request for a single token (``num_predict`` 1) only warms the prompt cache: it
        leaves the script to the request it prepares.
        """
        if self.script and request.options.get("num_predict") != 1:
            return self.script.popleft()
        return self.brain(request)

    def capabilities(self, model: SimModel) -> tuple[str, ...]:
        """Return what ``model`` can do on this version (fact 8)."""
        if model.layout == "native" and not self.behaviour.jinja_templates:
            return tuple(c for c in model.capabilities if c != "tools")
        return model.capabilities


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way through a handler."""

    state: State
    body: bytes
    path: str
    responder: Responder
    record: RecordedRequest
    # Monotonic nanoseconds.
    received: int
    headers: Mapping[str, Any] = field(default_factory=dict)
