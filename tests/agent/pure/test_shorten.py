"""Texts that have to be short."""

from hypothesis import example, given, strategies as st
import pytest

from custom_components.ollama.agent.shorten import shortened

ELLIPSIS = "…"
WORDS = st.text(st.sampled_from("abcdéß-.,!?:…()'\"1"), min_size=1, max_size=12)
TEXTS = st.lists(st.tuples(WORDS, st.sampled_from([" ", "  ", "\n", "\t", "\n\n"]))).map(
    lambda parts: "".join(word + blank for word, blank in parts)
)


@given(st.text(), st.integers(1, 200))
def test_never_longer_and_always_a_beginning(text: str, most: int):
    short = shortened(text, most)
    assert len(short) <= most
    assert text.strip().startswith(short) or text.strip().startswith(short.removesuffix(ELLIPSIS))


@given(TEXTS, st.integers(1, 80))
@example("- abcdefgh ijk", 10)
@example(", word", 5)
def test_never_within_a_word(text: str, most: int):
    """Unless one word alone is longer than all that is allowed."""
    text = text.strip()
    short = shortened(text, most)
    kept = short if text.startswith(short) else short.removesuffix(ELLIPSIS)
    rest = text[len(kept) :]
    # What was cut off a word's end is punctuation.
    word = rest.split(maxsplit=1)[0] if rest and not rest[0].isspace() else ""
    if any(char.isalnum() for char in word):
        assert len(text.split(maxsplit=1)[0]) >= most
    assert bool(short) is bool(text)


@given(st.text(), st.integers(1, 200))
def test_what_fits_stays(text: str, most: int):
    short = shortened(text, most)
    if len(text.strip()) <= most:
        assert short == text.strip()
    assert shortened(short, most) == short


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("It rains. Take a coat.", 22, "It rains. Take a coat."),
        ("It rains. Take a coat.", 21, "It rains."),
        ("It rains. Take a coat.", 9, "It rains."),
        ("It rains. Take a coat.", 8, "It…"),
        ("Yes. The lamp in the kitchen is on now.", 30, "Yes. The lamp in the kitchen…"),
        ("Is it on? I think so, but I am not sure.", 25, "Is it on?"),
        ('He said "no." Then he left the house.', 20, 'He said "no."'),
        ("It is 21.5 degrees in there, they say.", 24, "It is 21.5 degrees in…"),
        ("Ask J. Smith about all of the lamps.", 20, "Ask J. Smith about…"),
        ("Milk\nBread\nButter and a lot of jam", 14, "Milk\nBread"),
        ("One, two, three, four", 12, "One, two…"),
        ("http://example.org/very/long", 12, "http://exam…"),
        ("灯已打开。现在是晚上八点钟。", 8, "灯已打开。"),
        ("word", 1, "…"),
    ],
)
def test_sentences(text: str, most: int, short: str):
    assert shortened(text, most) == short
