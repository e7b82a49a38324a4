"""How well a sentence was heard."""

import pytest

from custom_components.ollama.voice.words import has_words, word_error_rate


@pytest.mark.parametrize(
    ("said", "heard", "rate"),
    [
        pytest.param("turn on the light", "turn on the light", 0.0, id="heard well"),
        pytest.param("turn on the light", "turn off the light", 0.25, id="another word"),
        pytest.param("turn on the light", "turn the light", 0.25, id="a word missing"),
        pytest.param("turn on the light", "turn on on the light", 0.25, id="a word too many"),
        pytest.param("turn on the light", "the light turn on", 1.0, id="another order"),
        pytest.param("turn on the light", "", 1.0, id="nothing"),
        pytest.param("stop", "oh please stop it", 3.0, id="far too much"),
        pytest.param("", "", 0.0, id="nothing said, nothing heard"),
        pytest.param("...", "two words", 2.0, id="nothing said"),
        pytest.param("twenty degrees", "20 degrees", 0.5, id="figures are another spelling"),
        pytest.param("打开厨房的灯", "打开客房的灯", 1 / 6, id="letters where there are no blanks"),
        pytest.param("เปิดไฟ", "เปิดไป", 1 / 6, id="Thai"),
    ],
)
def test_errors_per_word(said, heard, rate):
    assert word_error_rate(said, heard) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Turn on the light!", "  turn ON, the\nlight. ", id="case and punctuation"),
        pytest.param("What's up?", "What\u2019s up?", id="apostrophes"),
        pytest.param("the living-room lamp", "the living room lamp", id="hyphens"),
        pytest.param("Encienda la lámpara", "encienda la la\u0301mpara", id="composed or not"),
        pytest.param("Schließ die Straße", "SCHLIESS DIE STRASSE", id="German capitals"),
        pytest.param("¿Está abierta?", "está abierta", id="Spanish marks"),
        pytest.param("«Ouvre la porte»", "ouvre la porte", id="French quotes"),
        pytest.param("カーテンを開けて。", "カーテン を 開けて", id="Japanese, set apart or not"),
        pytest.param("clim\u00adbing", "climbing", id="what can't be seen"),
        pytest.param("वह बत्ती जलाओ।", "वह बत्ती जलाओ", id="vowel signs are no punctuation"),
    ],
)
def test_same_words(one, other):
    assert word_error_rate(one, other) == 0
    assert word_error_rate(one, other) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("schon", "schön"),
        ("la lampara", "la lámpara"),
        ("twenty", "20"),
        ("on off", "off on"),
        ("बत्ती", "बत्ता"),
        ("lamp", ""),
    ],
)
def test_other_words(one, other):
    assert word_error_rate(one, other) > 0
    assert word_error_rate(one, other) > 0


@pytest.mark.parametrize("text", ["", " ", "!?", "...", "¿…?", "\u200b", "👍", "—"])
def test_nothing_is_said(text):
    assert not has_words(text)


@pytest.mark.parametrize("text", ["a", "20", "Stop!", "开", "é", "\u200bno"])
def test_something_is_said(text):
    assert has_words(text)
