"""What becomes of a model's choice: asking a person by phone, and running what was chosen."""

from .decisions import async_get_decisions, async_setup_decisions
from .notices import Answer, Proposal, Urgency, phone_of
from .options import NONE, Ending, Option, async_options

__all__ = [
    "NONE",
    "Answer",
    "Ending",
    "Option",
    "Proposal",
    "Urgency",
    "async_get_decisions",
    "async_options",
    "async_setup_decisions",
    "phone_of",
]
