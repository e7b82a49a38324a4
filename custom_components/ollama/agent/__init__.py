"""One turn of a conversation or a task with a model."""

from .assent import spoken_digits
from .explain import async_explain, async_sentence
from .prompt import async_provide_prompt
from .report import async_question, async_report
from .settings import AgentSettings
from .settle import async_settle
from .structure import async_generate_structured, async_generate_text
from .turn import AnswerTooLongError, Turn

__all__ = [
    "AgentSettings",
    "AnswerTooLongError",
    "Turn",
    "async_explain",
    "async_generate_structured",
    "async_generate_text",
    "async_provide_prompt",
    "async_question",
    "async_report",
    "async_sentence",
    "async_settle",
    "spoken_digits",
]
