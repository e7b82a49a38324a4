"""One turn of a conversation or a task with a model."""

from .explain import async_explain
from .prompt import async_provide_prompt
from .settings import AgentSettings
from .structure import async_generate_structured, async_generate_text
from .turn import Turn

__all__ = [
    "AgentSettings",
    "Turn",
    "async_explain",
    "async_generate_structured",
    "async_generate_text",
    "async_provide_prompt",
]
