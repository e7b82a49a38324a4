"""What is said to the agent, and what the model says to that."""

from itertools import batched

AREAS = (
    "Kitchen",
    "Living room",
    "Dining room",
    "Hallway",
    "Bedroom",
    "Children's room",
    "Guest room",
    "Office",
    "Bathroom",
    "Garage",
    "Cellar",
    "Garden",
)
LIGHT = f"{AREAS[0]} ceiling light"
"""Name of the light that is switched; there is one in every home, whatever its size."""
LIGHT_ID = "light.kitchen_ceiling_light"

ASK = "What is the weather like on Mars?"
ANSWER = "Cold and dusty, as it is on most days."
SWITCH = f"Turn on the {LIGHT}"
SWITCHED = f"The {LIGHT} is on."

SPEAK = "How was the day?"
SPOKEN = (
    "It was a quiet day. The living room stayed at twenty one degrees, and the heating ran for "
    "two hours in the morning. The washing machine finished at noon, and somebody rang the bell "
    "at three. The front door was locked all afternoon, nobody has left a window open, and the "
    "garden will need no water, since it is going to rain until tomorrow."
)
"""Sixty words."""
_TOKEN = 4
"""Characters of a token, about."""

_TELL = "Tell me a story of {chunks} words"


def tell(chunks: int) -> str:
    """Return the request for an answer of so many chunks."""
    return _TELL.format(chunks=chunks)


def told(sentence: str) -> int | None:
    """Return how many chunks a sentence asks for, None when it is another one."""
    start, _, end = _TELL.partition("{chunks}")
    if not sentence.startswith(start) or not sentence.endswith(end):
        return None
    return int(sentence.removeprefix(start).removesuffix(end))


def story(chunks: int) -> list[str]:
    """Return the answer, chunk by chunk.

    A server gives up when a model says the same again and again, so the words change.
    """
    return [f"word{index % 10} " for index in range(chunks)]


def spoken() -> list[str]:
    """Return the answer that is listened to, token by token."""
    return ["".join(token) for token in batched(SPOKEN, _TOKEN, strict=False)]


def expected(sentence: str) -> str:
    """Return what the agent has to answer."""
    if sentence == SWITCH:
        return SWITCHED
    if sentence == SPEAK:
        return SPOKEN
    if chunks := told(sentence):
        return "".join(story(chunks))
    return ANSWER
