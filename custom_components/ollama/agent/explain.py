"""Sentences in the listener's language."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import translation
from homeassistant.util.language import Dialect

from ..const import DOMAIN


async def async_explain(hass: HomeAssistant, err: HomeAssistantError, language: str) -> str:
    """Return the text of a translated error in a language.

    `str(err)` is always English, and a family doesn't have to speak it.
    """
    if err.translation_key is None:
        return str(err)
    return await async_sentence(
        hass,
        language,
        err.translation_key,
        domain=err.translation_domain or DOMAIN,
        **(err.translation_placeholders or {}),
    )


async def async_reason(hass: HomeAssistant, language: str, key: str) -> str:
    """Return the text for the key of an error alone; the key where the text needs more."""
    try:
        return await async_sentence(hass, language, key)
    except KeyError:
        return key


async def async_sentence(
    hass: HomeAssistant, language: str, key: str, *, domain: str = DOMAIN, **placeholders: str
) -> str:
    """Return a sentence of the translations; ours are the same in all regions of a language.

    All that is spoken stands among the exceptions: Home Assistant has no section for
    sentences, and this one keeps its texts on the server's side.
    """
    if domain == DOMAIN:
        language = Dialect.parse(language).language
    texts = await translation.async_get_translations(hass, language, "exceptions", {domain})
    text = texts.get(f"component.{domain}.exceptions.{key}.message", key)
    return text.format(**placeholders)
