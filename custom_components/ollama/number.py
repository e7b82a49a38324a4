"""The limit of requests."""

import math
from typing import override

from homeassistant.components.number import (
    DOMAIN as NUMBER_DOMAIN,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_REQUESTS_PER_HOUR
from .entity import OllamaServerEntity
from .runtime import OllamaConfigEntry
from .server import MOST_PER_HOUR

PARALLEL_UPDATES = 0

REQUESTS_PER_HOUR = NumberEntityDescription(
    key=CONF_REQUESTS_PER_HOUR,
    entity_category=EntityCategory.CONFIG,
    native_min_value=0,
    native_max_value=MOST_PER_HOUR,
    native_step=1,
    mode=NumberMode.BOX,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OllamaConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the limit of a server."""
    async_add_entities([RequestsPerHour(entry, REQUESTS_PER_HOUR)])


class RequestsPerHour(OllamaServerEntity, NumberEntity):
    """How many requests an hour are let through; 0 for all of them."""

    @property
    @override
    def available(self) -> bool:
        """Always: it is kept here, not by the server."""
        return True

    @property
    @override
    def native_value(self) -> int:
        """Return the limit in force."""
        return self._runtime.settings.rate_limits.per_hour

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Save the limit in the options, from where it comes into force.

        Raises ServiceValidationError for what Home Assistant's own check lets through.
        """
        if not math.isfinite(value):
            raise ServiceValidationError(
                translation_domain=NUMBER_DOMAIN,
                translation_key="out_of_range",
                translation_placeholders={
                    "value": str(value),
                    "entity_id": self.entity_id,
                    "min_value": str(self.native_min_value),
                    "max_value": str(self.native_max_value),
                },
            )
        # Up, so that no limit becomes 0, which is none.
        options = {**self._entry.options, CONF_REQUESTS_PER_HOUR: math.ceil(value)}
        self.hass.config_entries.async_update_entry(self._entry, options=options)
