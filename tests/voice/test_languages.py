"""Which languages a pipeline can have."""

from homeassistant.util.language import matches
import pytest

from custom_components.ollama.voice.languages import best_match, common_languages


@pytest.mark.parametrize(
    ("stt", "tts", "common"),
    [
        (["en"], ["en"], ["en"]),
        (["en"], ["en_US"], ["en-US"]),
        (["en", "nl", "zh"], ["en_US", "en_GB", "nl_NL"], ["en-GB", "en-US", "nl-NL"]),
        (["en-US"], ["en"], ["en-US"]),
        (["en-US"], ["en_US", "en_GB"], ["en-US"]),
        (["en-US", "en-GB"], ["en_GB", "de_DE"], ["en-GB"]),
        (["en"], ["en", "en_US"], ["en", "en-US"]),
        (["EN_us"], ["en-us"], ["en-US"]),
        (["en"], ["en_IN"], ["en-IN"]),
        # Two regions of a language understand each other.
        (["en-US"], ["en_GB"], ["en"]),
        (["es-MX"], ["es_419"], ["es"]),
        # Scripts and regions.
        (["zh"], ["zh_CN"], ["zh-CN"]),
        (["zh-Hans"], ["zh_CN"], ["zh-CN"]),
        (["zh-Hant"], ["zh_CN", "zh_TW"], ["zh-TW"]),
        (["sr"], ["sr_latn"], ["sr-Latn"]),
        # Old and new codes of one language.
        (["no"], ["nb_NO"], ["nb-NO"]),
        (["he"], ["iw"], ["iw"]),
        # Whoever can do all can do what the other can.
        (["*"], ["nl_NL", "kk_KZ"], ["kk-KZ", "nl-NL"]),
        (["en", "fr"], ["*"], ["en", "fr"]),
        (["en", "en", "en_US"], ["en_US", "en-US"], ["en-US"]),
        (["en"], ["nl_NL"], []),
        (["en"], [], []),
        ([], ["en"], []),
        (["", "multilingual", "e", "en us", "4"], ["en"], []),
        (["zh"], ["zh-CN-x-private"], ["zh-CN-x-private"]),
        (["yue", "haw"], ["yue", "haw"], ["haw", "yue"]),
    ],
)
def test_common_languages(stt: list[str], tts: list[str], common: list[str]) -> None:
    assert common_languages(stt, tts) == common


def test_both_can_do_everything() -> None:
    common = common_languages(["*"], ["*"])
    assert {"en", "nl", "de", "fr", "es", "zh-Hans"} <= set(common)


@pytest.mark.parametrize(
    ("language", "offered", "best"),
    [
        ("en-US", ["en_GB", "en_US"], "en_US"),
        ("en", ["en_GB", "en_US"], "en_US"),
        ("en", ["en_US", "en"], "en"),
        ("en-GB", ["en", "de"], "en"),
        ("en-GB", ["en_US"], "en_US"),
        ("de", ["de_AT", "de_DE"], "de_DE"),
        ("nb", ["no"], "no"),
        ("zh-Hant", ["zh_CN", "zh_TW"], "zh_TW"),
        ("zh-hans", ["zh_Hant", "zh_HANS"], "zh_HANS"),
        ("nl", ["en", "*"], "*"),
        ("en", ["*", "en"], "en"),
        ("nl", ["en_US", "", "multilingual"], None),
        ("nl", [], None),
    ],
)
def test_best_match(language: str, offered: list[str], best: str | None) -> None:
    assert best_match(language, offered) == best


@pytest.mark.parametrize(
    ("stt", "tts"),
    [
        (["en", "nl"], ["en_US", "nl_NL", "nl_BE"]),
        (["en-US"], ["en_GB"]),
        (["zh-Hans", "no"], ["zh_CN", "nb_NO"]),
        (["*"], ["en_US"]),
    ],
)
def test_what_is_common_fits_both(stt: list[str], tts: list[str]) -> None:
    """Also by the reckoning of Home Assistant's own pipelines."""
    assert common_languages(stt, tts)
    for language in common_languages(stt, tts):
        for offered in (stt, tts):
            assert best_match(language, offered) in offered
            assert "*" in offered or matches(language, offered)
