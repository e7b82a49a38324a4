"""The agent that an action asks."""

from typing import Final

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components import conversation
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er

from ..agent import AgentSettings
from ..agents import Agent
from ..const import DOMAIN, SUBENTRY_CONVERSATION
from ..refusals import invalid
from ..runtime import OllamaConfigEntry

CONF_AGENT: Final = "agent"


async def async_agent_of(call: ServiceCall) -> Agent:
    """Return the agent that a call names, or the first there is.

    Raises ServiceValidationError, translated, and Unauthorized for an agent that the
    calling user may not even see.
    """
    hass, entity_id = call.hass, call.data.get(CONF_AGENT)
    agent = _first(hass) if entity_id is None else _named(hass, entity_id)
    if (user_id := call.context.user_id) is not None:
        user = await hass.auth.async_get_user(user_id)
        if user is None:
            raise UnknownUser(context=call.context, entity_id=agent.entity_id)
        if not user.permissions.check_entity(agent.entity_id, POLICY_READ):
            raise Unauthorized(context=call.context, entity_id=agent.entity_id)
    return agent


def _first(hass: HomeAssistant) -> Agent:
    entries: list[OllamaConfigEntry] = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    loaded = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        for subentry in entry.get_subentries_of_type(SUBENTRY_CONVERSATION):
            if entry in loaded and (agent := _agent(hass, entry, subentry.subentry_id)):
                return agent
    raise invalid("server_not_loaded" if entries and not loaded else "no_agent")


def _named(hass: HomeAssistant, entity_id: str) -> Agent:
    known = er.async_get(hass).async_get(entity_id)
    if known is None or known.platform != DOMAIN or known.domain != conversation.DOMAIN:
        raise invalid("agent_unknown", agent=entity_id)
    entry: OllamaConfigEntry | None = None
    if known.config_entry_id is not None:
        entry = hass.config_entries.async_get_entry(known.config_entry_id)
    if entry not in hass.config_entries.async_loaded_entries(DOMAIN):
        raise invalid("server_not_loaded")
    agent = _agent(hass, entry, known.config_subentry_id or "")
    if agent is None:
        raise invalid("agent_unknown", agent=entity_id)
    return agent


def _agent(hass: HomeAssistant, entry: OllamaConfigEntry, subentry_id: str) -> Agent | None:
    """Return an agent; None where it is disabled or gone."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(conversation.DOMAIN, DOMAIN, subentry_id)
    known = registry.async_get(entity_id) if entity_id else None
    if known is None or known.disabled_by is not None or subentry_id not in entry.subentries:
        return None
    return Agent(
        hass,
        entry,
        entry.runtime_data,
        subentry_id,
        known.entity_id,
        AgentSettings.from_data(entry.subentries[subentry_id].data),
    )
