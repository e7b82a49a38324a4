"""What the actions that manage models have in common."""

from typing import Any, Final

from homeassistant.const import CONF_MODEL
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, service
import probatio

from ..const import DOMAIN
from ..runtime import OllamaConfigEntry

CONF_CONFIG_ENTRY: Final = "config_entry"

MODEL_FIELDS: Final[dict[Any, Any]] = {
    probatio.Optional(CONF_CONFIG_ENTRY): cv.string,
    probatio.Required(CONF_MODEL): cv.string,
}


def entry_of(call: ServiceCall) -> OllamaConfigEntry:
    """Return the server that a call names, or the only one there is.

    Raises ServiceValidationError, translated.
    """
    entry_id = call.data.get(CONF_CONFIG_ENTRY)
    if entry_id is None and len(call.hass.config_entries.async_loaded_entries(DOMAIN)) > 1:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="several_servers")
    entry: OllamaConfigEntry = service.async_get_config_entry(call.hass, DOMAIN, entry_id)
    return entry


def model_of(call: ServiceCall) -> str:
    """Return the name of the model. Raises ServiceValidationError for an empty one."""
    model: str = call.data[CONF_MODEL].strip()
    if not model:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="model_empty")
    return model


def response(model: str, status: str) -> ServiceResponse:
    """Return what every one of these actions answers."""
    return {"model": model, "status": status}
