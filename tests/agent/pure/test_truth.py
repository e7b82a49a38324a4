"""Whether an answer claims that something was done."""

import time

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ollama.agent.truth import Claim, claim, claim_in_prefix, claims_action

from .sentences import DONE, MISSED, NEITHER, PROMISED, TAKEN_FOR_CLAIMS
from .sentences_further import CLAIMS, NO_CLAIMS

HELD_BACK = 60


def rows(table):
    return [(language, text) for language, texts in table.items() for text in texts]


ALL_TEXTS = [text for table in (DONE, PROMISED, NEITHER) for _, text in rows(table)]


@pytest.mark.parametrize(("language", "text"), rows(DONE))
def test_done(language, text):
    assert claim(text) is Claim.DONE
    assert claim(text, language) is Claim.DONE
    assert claims_action(text)


@pytest.mark.parametrize(("language", "text"), rows(PROMISED))
def test_promised(language, text):
    assert claim(text) is Claim.PROMISED
    assert claim(text, language) is Claim.PROMISED
    assert claims_action(text)
    assert not claim_in_prefix(text)


@pytest.mark.parametrize(("language", "text"), rows(NEITHER))
def test_neither(language, text):
    assert claim(text) is Claim.NONE
    assert claim(text, language) is Claim.NONE
    assert not claims_action(text)


@pytest.mark.parametrize("text", MISSED)
def test_known_misses(text):
    """The documented limits are the real ones."""
    assert claim(text) is Claim.NONE


@pytest.mark.parametrize("text", TAKEN_FOR_CLAIMS)
def test_known_mistakes(text):
    assert claim(text) is Claim.DONE


def test_the_tables_are_large_enough():
    assert len(rows(DONE)) + len(rows(PROMISED)) >= 60
    assert len(rows(NEITHER)) >= 80


@pytest.mark.parametrize(("language", "text"), rows(NEITHER))
def test_no_beginning_of_an_innocent_text_is_a_claim(language, text):
    for length in range(len(text) + 1):
        assert not claim_in_prefix(text[:length]), text[:length]


@pytest.mark.parametrize(("language", "text"), rows(DONE))
def test_a_beginning_is_a_claim_only_where_the_whole_is(language, text):
    """Once seen it stays, and the whole with its end is always seen."""
    seen = [claim_in_prefix(text[:length]) for length in range(len(text) + 1)]
    assert seen == sorted(seen)
    assert claim_in_prefix(text + ("" if text[-1] in ".!" else ".") + " ")


@pytest.mark.parametrize(
    ("beginning", "expected"),
    [
        ("I've turned on the kitchen li", True),
        ("I've turned on the", False),
        ("I've turned on the ", True),
        ("I've turned on", False),
        ("I've turned on noth", False),
        ("I've turned on nothing", False),
        ("I have tur", False),
        ("The light is now on", False),
        ("The light is now on.", True),
        ("The light is now on p", False),
        ("Done", False),
        ("Done!", True),
        ("Done: one of three", False),
        ("Setting the thermostat to 21.", False),
        ("Setting the thermostat to 21. Any", True),
        ("Setting the thermostat to 21 is a good idea", False),
        ("\"I've turned on the light", False),
        ("Ich habe das Licht eingeschaltet und ", True),
        ("Ich habe das Licht ein", False),
    ],
)
def test_beginnings(beginning, expected):
    assert claim_in_prefix(beginning) is expected


def test_most_claims_are_seen_within_what_is_held_back():
    texts = [text for _, text in rows(DONE)]
    seen = [text for text in texts if claim_in_prefix(text[:HELD_BACK])]
    assert len(seen) / len(texts) > 0.8


@pytest.mark.parametrize("language", ["en-GB", "EN", "pt", "", "x", "\ud800"])
def test_any_hint_will_do(language):
    assert claims_action("I've turned on the light.", language)


def test_a_hint_leaves_its_language_and_english():
    assert claim("Ik heb de lamp aangezet.", "nl-BE") is Claim.DONE
    assert claim("Ik heb de lamp aangezet.", "fr") is Claim.NONE


def test_a_story_is_not_read_to_its_end():
    story = "It was dark. We were afraid. Nobody spoke. The house was old. I turned on the lamp."
    assert claim(story) is Claim.NONE


@given(st.text())
def test_no_text_raises(text):
    claim(text)
    claim_in_prefix(text)


@given(st.lists(st.sampled_from([word for text in ALL_TEXTS for word in text.split()])))
def test_no_row_of_words_raises(words):
    text = " ".join(words)
    assert claims_action(text) is (claim(text) is not Claim.NONE)
    claim_in_prefix(text)


@settings(deadline=None)
@given(
    st.text(
        alphabet=st.characters(codec="utf-8", categories=("L", "P", "S", "Z", "C")), max_size=80
    )
)
def test_strange_characters_do_not_raise(text):
    claim(f"I've turned on the {text}")
    claim_in_prefix(f"{text} light")


@pytest.mark.parametrize(
    "piece",
    ["I have ", "ik heb de ", "turned ", "ok, ", "is ", '"', "- ", "a", ", ", "se ha ahora "],
)
def test_long_texts_take_no_time(piece):
    started = time.perf_counter()
    claim(piece * 20_000)
    assert time.perf_counter() - started < 0.5


def test_precision_and_recall_on_other_sentences():
    found = [text for text in CLAIMS if claims_action(text)]
    wrong = [text for text in NO_CLAIMS if claims_action(text)]
    assert len(found) / len(CLAIMS) >= 0.9
    assert len(found) / (len(found) + len(wrong)) >= 0.98
