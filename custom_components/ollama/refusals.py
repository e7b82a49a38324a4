"""Errors with a text that is translated."""

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN


def invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """Return the error with the translated text of a key, for the caller's own mistake."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def failure(key: str, **placeholders: str) -> HomeAssistantError:
    """Return the error with the translated text of a key, for what went wrong."""
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
