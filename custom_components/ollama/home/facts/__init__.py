"""What is so in the home and what was, as data: for questions and briefings.

Read for its owner, not for an assistant: what may be touched by speech doesn't limit it,
the permissions of the user who asks do. No function here knows of a model.
"""

from .figures import invented
from .gather import Gathered, Section, Wanted, async_gather
from .home_status import async_home, async_rooms
from .plain import async_plain
from .reader import Facts, Reader
from .weather import async_weather

__all__ = [
    "Facts",
    "Gathered",
    "Reader",
    "Section",
    "Wanted",
    "async_gather",
    "async_home",
    "async_plain",
    "async_rooms",
    "async_weather",
    "invented",
]
