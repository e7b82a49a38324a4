"""Whether a sentence is a yes, and whether it is a PIN."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ollama.agent.assent import Assent, assent, spoken_digits
from custom_components.ollama.agent.assent_words import FILLERS, NO, NUMBERS, POLITE, YES

YES_SENTENCES = (
    *("yes", "Yes.", "YES!", " yes ", "yeah", "Yep.", "yes please", "Yes, please.", "sure"),
    *("Sure.", "go ahead", "Go ahead!", "do it", "Yes, do it.", "okay", "OK", "ok.", "Okay, do it"),
    *("uh yes", "Uh, yes.", "hmm okay", "Hmm, okay.", "yes thank you", "of course", "yes yes"),
    *("do it now", "Yes, go ahead, please.", "yes I'm sure", "That's right.", "Absolutely!"),
    *("ja", "Ja.", "ja graag", "Ja, graag!", "doe maar", "Ja, doe maar.", "ja hoor", "zeker"),
    *("Oké", "oké, doe maar", "is goed", "Natuurlijk.", "ja alsjeblieft", "Graag."),
    *(
        "jawohl",
        "Jawohl!",
        "mach das",
        "Ja, mach das bitte.",
        "ja bitte",
        "natürlich",
        "Natürlich!",
    ),
    *("klar", "Na klar!", "gerne", "ja genau", "Selbstverständlich."),
    *(
        "oui",
        "Oui.",
        "oui s'il te plaît",
        "Oui, s\u2019il vous plaît.",
        "vas-y",
        "Vas-y !",
        "d'accord",
    ),
    *("D\u2019accord.", "bien sûr", "oui oui", "allez-y", "oui merci"),
    *("sí", "si", "Sí.", "¡Sí!", "sí por favor", "claro", "¡Claro que sí!", "adelante", "hazlo"),
    *("vale", "Sí, hazlo.", "por supuesto", "de acuerdo"),
    *("\u201cYes.\u201d", "\uff59\uff45\uff53", "ye\u200bs", "si\u0301"),
)

NO_SENTENCES = (
    *("no", "No.", "no thanks", "No, thank you.", "nope", "don't", "Don\u2019t do it!", "cancel"),
    *("stop", "never mind", "not now", "uh no", "uh uh"),
    *("nee", "Nee, dank je.", "nee hoor", "laat maar", "doe maar niet", "zeker niet"),
    *("nein", "Nein danke.", "lieber nicht", "abbrechen", "auf keinen Fall"),
    *("non", "Non merci.", "surtout pas", "annule", "bien sûr que non"),
    *("no gracias", "No, no.", "cancela", "claro que no", "mejor no", "déjalo"),
)

OTHER_SENTENCES = (
    *("", " ", ".", "yes but not the garage", "Yes, but only the front door.", "yesterday"),
    *("no yes", "yes no", "yes, turn off the light", "sure not", "not sure", "I'm not sure"),
    *("okay what is the time", "okay, and the garage?", "Yes?", "ok?", "sí?", "¿sí?", "yes..."),
    *("yes,", "yes -", "Yes…", "yes and lock the back door", "yes unlock the door", "maybe"),
    *("I think so", "I guess", "probably", "please", "thanks", "uh", "hmm", "right", "right now"),
    *("yes if nobody is home", "if yes", "yes in five minutes", "yes later", "who are you"),
    *("what", "are you sure", "say yes", "did I say yes", "he said yes", "yes sir no sir"),
    *("turn on the light", "unlock", "unlock the front door", "the yes man", "yessir", "eyes"),
    *("okay google", "ok computer", "ja maar", "Ja, maar niet de garage.", "ja nee", "nou ja"),
    *("jaja", "ja zet het licht aan", "ja straks", "misschien", "januari", "ja aber", "jein"),
    *("Ja, aber nur die Haustür.", "vielleicht", "ja nein", "klar nicht", "Jahr", "ja später"),
    *("oui mais", "Oui, mais pas le garage.", "peut-être", "oui non", "si tu veux", "ouïe"),
    *("s'il te plaît", "pas d'accord", "pas oui", "je ne suis pas d'accord", "merci", "danke"),
    *("si no", "sí pero no", "sí pero solo la puerta", "quizás", "si quieres", "no sé", "tal vez"),
    *(
        "por favor",
        "sin",
        "siesta",
        "no claro",
        "no sí",
        "yes 👎",
        "👍",
        "yes ❌",
        "1234",
        "yes 1234",
    ),
    *("да", "はい", "yes_no", "yes/no", "yes & no", "yes (not)", "y", "k", "don't yes", "ok stop"),
    "yes " * 50,
)

PINS = (
    *(("1234", "1234"), ("1 2 3 4", "1234"), ("1-2-3-4", "1234"), ("1, 2, 3, 4.", "1234")),
    *(("one two three four", "1234"), ("One, two, three, four.", "1234"), ("12 34", "1234")),
    *(("één twee drie vier", "1234"), ("eins zwei drei vier", "1234"), ("fünf null", None)),
    *(("un deux trois quatre", "1234"), ("uno dos tres cuatro", "1234"), ("cero nueve uno", "091")),
    *(("my pin is 1234", "1234"), ("My PIN is 1234.", "1234"), ("It's 1234", "1234")),
    *(("the code is one two three four", "1234"), ("twelve thirty-four", "1234")),
    *(("a1b2", "a1b2"), ("A 1 B 2", "a1b2"), ("A1B2.", "a1b2"), ("one oh four", "104")),
    *(("one o four", "104"), ("double seven eight", "778"), ("nineteen eighty-four", "1984")),
    *(("Yes, 1234", "1234"), ("uh 1234 please", "1234"), ("1234, thank you", "1234")),
    *(("mijn pincode is vier drie twee een", "4321"), ("de code is 1234", "1234")),
    *(("vierendertig zesenvijftig", "3456"), ("tweeëntwintig nul één", "2201")),
    *(("meine PIN lautet eins zwei drei vier", "1234"), ("der Code ist 1234", "1234")),
    *(("einundzwanzig fünfundsechzig", "2165"), ("zwölf vierunddreißig", "1234")),
    *(("mon code est un deux trois quatre", "1234"), ("c'est le 1234", "1234")),
    *(("quatre-vingt-dix-sept douze", "9712"), ("soixante et onze vingt et un", "7121")),
    *(("mi código es 1234", "1234"), ("la clave es treinta y cuatro doce", "3412")),
    *(
        ("veintidós cero uno", "2201"),
        ("١٢٣٤", "1234"),
        ("\uff11\uff12\uff13\uff14", "1234"),
        ("0000", "0000"),
    ),
    *(("", None), ("yes", None), ("no", None), ("hello", None), ("sesame", None), ("12", None)),
    *(("set the light to 1234", None), ("7 pm", None), ("21 °C", None), ("1234?", None)),
    *(("1234 and lock the door", None), ("what is my pin", None), ("my pin is", None)),
    *(("1234 my pin is 5678", None), ("1234 thanks 5678", None), ("not 1234", None)),
    *(("1" * 17, None), ("1" * 5000, None), ("пять 1234", None), ("1234 👍", None)),
    ("no 1234", None),
)


@pytest.mark.parametrize("text", YES_SENTENCES)
def test_yes(text):
    assert assent(text) is Assent.YES


@pytest.mark.parametrize("text", NO_SENTENCES)
def test_no(text):
    assert assent(text) is Assent.NO


@pytest.mark.parametrize("text", OTHER_SENTENCES)
def test_anything_else(text):
    assert assent(text) is Assent.OTHER


def test_the_tables_are_large_enough():
    assert len(NO_SENTENCES) + len(OTHER_SENTENCES) >= 60


@pytest.mark.parametrize(("text", "pin"), PINS)
def test_pins(text, pin):
    assert spoken_digits(text) == pin


@pytest.mark.parametrize("phrase", sorted(YES))
def test_every_word_of_assent_is_one(phrase):
    assert assent(phrase) is Assent.YES


@pytest.mark.parametrize("phrase", sorted(NO))
def test_every_word_of_refusal_is_one(phrase):
    assert assent(phrase) is Assent.NO


def test_no_word_has_two_meanings():
    assert not YES & NO
    assert not (YES | NO) & (POLITE | FILLERS)


def test_numbers_from_0_to_99():
    assert {str(number) for number in range(100)} == set(NUMBERS.values())


@given(st.text())
def test_no_text_raises(text):
    assent(text)
    pin = spoken_digits(text)
    assert pin is None or pin.isascii()
    assert pin is None or spoken_digits(pin) == pin


@given(st.text(min_size=1, max_size=30))
def test_a_yes_with_an_unknown_word_is_none(text):
    assert assent(f"yes garage {text}") is not Assent.YES
    assert assent(f"{text} garage yes") is not Assent.YES


@given(
    st.lists(st.sampled_from(sorted(YES)), max_size=3), st.sampled_from(sorted(NO)), st.booleans()
)
def test_a_no_anywhere_is_no_yes(words, refusal, first):
    text = " ".join([refusal, *words] if first else [*words, refusal])
    assert assent(text) is not Assent.YES


@given(st.from_regex(r"[0-9a-z]{3,16}", fullmatch=True))
def test_a_typed_pin_comes_back(pin):
    if any(character.isdigit() for character in pin):
        # Among digits only, an "o" is a zero.
        assert spoken_digits(pin) in (pin, pin.replace("o", "0"))
