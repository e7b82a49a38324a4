"""A stand-in for an Ollama server: real HTTP on loopback, in the recorded shapes.

It loads no model and knows nothing: answers are scripted or come from small rules. Formats and
behaviour follow recordings of Ollama 0.32.15 and 0.24.0 (tests/conformance/recordings).
"""

from .faults import Fault
from .models import DEFAULT_MODELS, SimModel
from .recording import RecordedRequest, Timings
from .replies import Brain, ChatRequest, Rates, Reply, ToolCall, plain_brain
from .server import Simulator

__all__ = [
    "DEFAULT_MODELS",
    "Brain",
    "ChatRequest",
    "Fault",
    "Rates",
    "RecordedRequest",
    "Reply",
    "SimModel",
    "Simulator",
    "Timings",
    "ToolCall",
    "plain_brain",
]
