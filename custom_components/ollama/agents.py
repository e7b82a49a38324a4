"""An agent or an AI task of a server, as entities and actions use it."""

import contextlib
from dataclasses import dataclass, replace

from homeassistant.components import conversation
from homeassistant.const import CONF_MODEL
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .agent import AgentSettings, Asker, Fitter, RunningQuery, Turn, async_query, has_images
from .const import CONF_POLICIES
from .home import Policy
from .runtime import OllamaConfigEntry, OllamaRuntime
from .server import Capability, OllamaError, Query, full_name
from .settings import QueryType


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent or AI task, and the server behind it.

    The runtime is kept: a turn that is under way ends with it when the entry reloads.
    """

    hass: HomeAssistant
    entry: OllamaConfigEntry
    runtime: OllamaRuntime
    subentry_id: str
    entity_id: str
    settings: AgentSettings

    def query(self, asker: Asker) -> contextlib.AbstractAsyncContextManager[RunningQuery]:
        """Return what every query of this agent passes through."""
        runtime = self.runtime
        return async_query(
            self.hass,
            runtime.records.usage,
            runtime.records.limiter,
            runtime.settings.rate_limits,
            runtime.settings.log_queries,
            asker,
        )

    async def async_settings(self, chat_log: conversation.ChatLog) -> AgentSettings:
        """Return the settings for a talk: with images, of a model that can see them."""
        vision = self.runtime.settings.models.get(QueryType.VISION)
        if vision is None or not has_images(chat_log):
            return self.settings
        try:
            details = await self.runtime.server.models.async_details(self.settings.model)
        except OllamaError:
            return self.settings  # what is wrong is told by the turn
        if details.can(Capability.VISION):
            return self.settings
        return replace(self.settings, model=vision)

    def turn(self, query: Query, settings: AgentSettings, *, spoken: bool = False) -> Turn:
        """Return a turn with this agent's settings."""
        return Turn(
            hass=self.hass,
            server=self.runtime.server,
            settings=settings,
            query=query,
            agent_id=self.entity_id,
            fitter=Fitter(
                hass=self.hass,
                settings=settings,
                query=query,
                usage=self.runtime.records.usage,
                agent_id=self.entity_id,
                windows=self.runtime.records.windows,
                fixed_window=fixed_window(self.entry, settings),
            ),
            strip_markdown=self.settings.plain_text,
            spoken=spoken,
        )

    async def async_with_room(self, settings: AgentSettings) -> AgentSettings:
        """Return settings with the context window that may be reached: what a prompt may fill."""
        models = self.runtime.server.models
        details = models.known_details(settings.model)
        if self.runtime.coordinator.last_update_success:
            # Otherwise nobody is to wait for it twice.
            try:
                self.runtime.server.check_model(settings.model)
                details = await models.async_details(settings.model)
            except OllamaError:
                return settings  # what is wrong is told by the turn
        if details is None:
            return settings
        limit = details.context_length
        if not settings.automatic_window:
            most = settings.num_ctx
        elif (fixed := fixed_window(self.entry, settings)) is not None:
            most = fixed
        else:
            most = self.runtime.records.windows.largest(settings.model, limit)
        return settings.with_num_ctx(min(most, limit or most))

    def policy(self) -> Policy:
        """Return what this agent may do; it stands in the entry, out of core's reach."""
        policies = self.entry.options.get(CONF_POLICIES) or {}
        return Policy.from_data(policies.get(self.subentry_id) or {})

    def note_failure(self, err: HomeAssistantError) -> None:
        """Let a failure be known to whom it concerns, with a reload under way too."""
        self.runtime.coordinator.async_note_error(err)


def fixed_window(entry: OllamaConfigEntry, settings: AgentSettings) -> int | None:
    """Return the context window that the owner has set for another user of the same model.

    Who leaves it to us gets that then: two windows would have the server load the model again
    and again. None where nobody has set any, and for who has set his own.
    """
    if not settings.automatic_window:
        return None
    model = full_name(settings.model)
    others = (
        AgentSettings.from_data(subentry.data)
        for subentry in entry.subentries.values()
        if full_name(subentry.data.get(CONF_MODEL, "")) == model
    )
    return max((one.num_ctx for one in others if not one.automatic_window), default=None)


def window_of(entry: OllamaConfigEntry, settings: AgentSettings) -> int:
    """Return the context window with which a model is loaded for an agent, in tokens."""
    if not settings.automatic_window:
        return settings.num_ctx
    runtime = entry.runtime_data
    details = runtime.server.models.known_details(settings.model)
    fixed = fixed_window(entry, settings)
    limit = details.context_length if details else None
    return runtime.records.windows.of(settings.model, limit) if fixed is None else fixed
