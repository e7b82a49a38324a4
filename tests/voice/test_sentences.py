"""What is said to try a pipeline out, in many languages."""

import pytest

from custom_components.ollama.voice.sentences import neutral_sentence

# Of Piper's voices.
SPOKEN = (
    "ar bg ca cs cy da de el en es eu fa fi fr hi hu id is it ka kk lb lv ml ne nl no pl pt ro ru "
    "sk sl sq sr sv sw te tr uk ur vi zh"
)


def test_each_language_has_its_own():
    found = [neutral_sentence(language) for language in SPOKEN.split()]
    assert all(found)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("tag", ["no", "no_NO", "nb-NO", "nn", "nn-NO"])
def test_norwegian_by_any_name(tag):
    assert neutral_sentence(tag) == "Hva er hovedstaden i Frankrike?"


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("EN_us", "en"),
        ("pt-BR", "pt"),
        ("es_419", "es"),
        ("zh_CN", "zh"),
        ("zh-Hans", "zh"),
        ("zh-Hant", "zh-TW"),
        ("sr_RS", "sr"),
        ("sr_latn", "sr-Latn"),
    ],
)
def test_regions_and_scripts(tag, language):
    assert neutral_sentence(tag) == neutral_sentence(language)


def test_each_script_has_its_own():
    assert len({neutral_sentence(tag) for tag in ("zh", "zh-TW", "sr", "sr-Latn")}) == 4


@pytest.mark.parametrize("tag", ["", "*", "haw", "xx-XX", "multilingual"])
def test_no_sentence(tag):
    assert neutral_sentence(tag) is None
