"""Registers the actions, whether a server is loaded or not."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.service import async_register_admin_service

from .actions import ACTIONS
from .const import DOMAIN


@callback
def async_register_actions(hass: HomeAssistant) -> None:
    """Register every action."""
    for action in ACTIONS:
        if action.admin_only:
            async_register_admin_service(
                hass,
                DOMAIN,
                action.name,
                action.handler,
                action.schema,
                action.supports_response,
            )
            continue
        hass.services.async_register(
            DOMAIN,
            action.name,
            action.handler,
            action.schema,
            action.supports_response,
        )
