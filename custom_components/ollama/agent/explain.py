"""A failure as a sentence in the listener's language."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import translation

from ..const import DOMAIN


async def async_explain(hass: HomeAssistant, err: HomeAssistantError, language: str) -> str:
    """Return the text of a translated error in a language.

    `str(err)` is always English, and a family doesn't have to speak it.
    """
    domain = err.translation_domain or DOMAIN
    texts = await translation.async_get_translations(hass, language, "exceptions", {domain})
    text = texts.get(f"component.{domain}.exceptions.{err.translation_key}.message")
    if text is None:
        return str(err)
    return text.format(**(err.translation_placeholders or {}))
