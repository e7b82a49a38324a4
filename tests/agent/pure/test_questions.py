"""Whether an answer asks something back."""

# ruff: noqa: RUF001 - punctuation of other scripts

import pytest

from custom_components.ollama.agent.questions import asks_back


@pytest.mark.parametrize(
    "answer",
    [
        "Which room do you mean?",
        "Which room do you mean? Kitchen or hall.",
        "Which one?\n\n- kitchen\n- hall",
        "Which one?\n1. The lamp in the kitchen that you bought last week\n2. The other one",
        "Which room do you mean?!",
        "Which room?…",
        "Which room (kitchen or hall?)",
        'He asks "which room?"',
        "**Which room?**",
        "هل تريد ذلك؟",
        "哪个房间？",
        "Ποιο δωμάτιο\u037e",
    ],
)
def test_it_asks(answer: str):
    assert asks_back(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Done.",
        "See example.com/?room=kitchen",
        "Why did it fail? The server was away for some minutes in the night.",
        "Is it on? Yes, and it has been on since seven o'clock in the morning.",
        "Which one?\n- This is a list\nand then some words that are none of it at all",
    ],
)
def test_it_tells(answer: str):
    assert not asks_back(answer)
