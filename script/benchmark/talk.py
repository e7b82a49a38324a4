"""What is said to the agent, and what the model says to that."""

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


def expected(sentence: str) -> str:
    """Return what the agent has to answer."""
    if sentence == SWITCH:
        return SWITCHED
    if chunks := told(sentence):
        return "".join(story(chunks))
    return ANSWER
