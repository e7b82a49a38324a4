"""What is said to a caller who asks for what can't be."""

from homeassistant.exceptions import ServiceValidationError

from .const import DOMAIN


def invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """Return the error with the translated text of a key, for the caller's own mistake."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
