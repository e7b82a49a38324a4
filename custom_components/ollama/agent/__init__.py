"""One turn of a conversation or a task with a model."""

from .assent import spoken_digits
from .calls import Deed, done_in
from .data import as_data, without_data
from .explain import async_explain, async_reason, async_sentence
from .fitting import Fitter
from .prompt import (
    async_compose,
    async_instructions,
    async_provide_prompt,
    changes_by_itself,
)
from .query import (
    SOURCE_AI_TASK,
    SOURCE_BRIEFING,
    SOURCE_CONVERSATION,
    Asker,
    RateLimitError,
    RunningQuery,
    TooSoonError,
    async_query,
)
from .questions import asks_back
from .report import async_question, async_report, sentence_of
from .rounds import AnswerTooLongError
from .settings import AgentSettings
from .settle import async_settle, without_pin
from .shorten import shortened, whole
from .spoken import as_spoken
from .structure import async_generate_structured, async_generate_text
from .talk_state import async_get_talk_state
from .tools import describe_structure
from .turn import Turn, has_images

__all__ = [
    "SOURCE_AI_TASK",
    "SOURCE_BRIEFING",
    "SOURCE_CONVERSATION",
    "AgentSettings",
    "AnswerTooLongError",
    "Asker",
    "Deed",
    "Fitter",
    "RateLimitError",
    "RunningQuery",
    "TooSoonError",
    "Turn",
    "as_data",
    "as_spoken",
    "asks_back",
    "async_compose",
    "async_explain",
    "async_generate_structured",
    "async_generate_text",
    "async_get_talk_state",
    "async_instructions",
    "async_provide_prompt",
    "async_query",
    "async_question",
    "async_reason",
    "async_report",
    "async_sentence",
    "async_settle",
    "changes_by_itself",
    "describe_structure",
    "done_in",
    "has_images",
    "sentence_of",
    "shortened",
    "spoken_digits",
    "whole",
    "without_data",
    "without_pin",
]
