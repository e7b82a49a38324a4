"""What entities have in common: those of an agent, and those of a server."""

import contextlib
from dataclasses import replace
from typing import override

from homeassistant.components import conversation
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_MODEL
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .agent import AgentSettings, Asker, RunningQuery, Turn, async_query, has_images
from .const import CONF_POLICIES, DOMAIN, MANUFACTURER
from .coordinator import OllamaCoordinator
from .home import Policy
from .runtime import OllamaConfigEntry
from .server import Capability, OllamaError, QueryResult
from .settings import QueryType


class OllamaAgentEntity(Entity):
    """An agent or an AI task: one subentry, one device, one entity.

    Unique id and identifiers are core's, so that ids and history stay when one
    integration takes the other's place.
    """

    _attr_has_entity_name = True
    _attr_name = None

    def __init__(self, entry: OllamaConfigEntry, subentry: ConfigSubentry) -> None:
        """Read the subentry.

        The runtime is kept: a turn that is under way ends with it when the entry reloads.
        """
        self._entry = entry
        self._runtime = entry.runtime_data
        self._settings = AgentSettings.from_data(subentry.data)
        self._attr_unique_id = self._subentry_id = subentry.subentry_id
        name, _, tag = subentry.data[CONF_MODEL].partition(":")
        self._attr_device_info = dr.DeviceInfo(
            identifiers={(DOMAIN, subentry.subentry_id)},
            name=subentry.title,
            manufacturer=MANUFACTURER,
            model=name,
            sw_version=tag or "latest",
            entry_type=dr.DeviceEntryType.SERVICE,
            via_device_id=entry.runtime_data.device_id,
        )

    def _query(self, asker: Asker) -> contextlib.AbstractAsyncContextManager[RunningQuery]:
        """Return what every query of this agent passes through."""
        runtime = self._runtime
        return async_query(
            self.hass,
            runtime.records.usage,
            runtime.records.limiter,
            runtime.settings.rate_limits,
            runtime.settings.log_queries,
            asker,
        )

    async def _async_settings(self, chat_log: conversation.ChatLog) -> AgentSettings:
        """Return the settings for a talk: with images, of a model that can see them."""
        vision = self._runtime.settings.models.get(QueryType.VISION)
        if vision is None or not has_images(chat_log):
            return self._settings
        try:
            details = await self._runtime.server.models.async_details(self._settings.model)
        except OllamaError:
            return self._settings  # what is wrong is told by the turn
        if details.can(Capability.VISION):
            return self._settings
        return replace(self._settings, model=vision)

    def _turn(
        self, query: RunningQuery, settings: AgentSettings, *, strip_markdown: bool = False
    ) -> Turn:
        """Return a turn with this agent's settings."""
        runtime = self._runtime
        return Turn(
            hass=self.hass,
            server=runtime.server,
            settings=settings,
            query=query.meter,
            usage=runtime.records.usage,
            agent_id=self.entity_id,
            strip_markdown=strip_markdown or self._settings.plain_text,
        )

    def _policy(self) -> Policy:
        """Return what this agent may do; it stands in the entry, out of core's reach."""
        policies = self._entry.options.get(CONF_POLICIES) or {}
        return Policy.from_data(policies.get(self._subentry_id) or {})

    def _note_failure(self, err: HomeAssistantError) -> None:
        """Let a failure be known to whom it concerns, with a reload under way too."""
        self._runtime.coordinator.async_note_error(err)


class OllamaServerEntity(CoordinatorEntity[OllamaCoordinator]):
    """An entity of the server's device."""

    _attr_has_entity_name = True

    def __init__(self, entry: OllamaConfigEntry, description: EntityDescription) -> None:
        """Take what it is."""
        super().__init__(entry.runtime_data.coordinator)
        self.entity_description = description
        self._entry = entry
        self._runtime = entry.runtime_data
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = dr.DeviceInfo(identifiers={(DOMAIN, entry.entry_id)})

    @override
    async def async_update(self) -> None:
        """Ask the server for everything: somebody wants to know it now."""
        self.coordinator.async_ask_all_next()
        await super().async_update()


class OllamaUsageEntity(OllamaServerEntity):
    """An entity that shows what was asked of the server, also while that is away."""

    @property
    @override
    def available(self) -> bool:
        """Always: its figures are kept here."""
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the counters."""
        await super().async_added_to_hass()
        usage = self._runtime.records.usage
        self.async_on_remove(usage.listen(self._handle_result))

    @callback
    def _handle_result(self, _: QueryResult | None) -> None:
        self.async_write_ha_state()
