"""What the entities of an agent have in common."""

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_MODEL
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity import Entity

from .agent import AgentSettings, Turn
from .const import CONF_POLICIES, DOMAIN, MANUFACTURER
from .home import Policy
from .runtime import OllamaConfigEntry
from .server import AuthenticationError


class OllamaAgentEntity(Entity):
    """An agent or an AI task: one subentry, one device, one entity.

    Unique id and identifiers are core's, so that ids and history stay when one
    integration takes the other's place.
    """

    _attr_has_entity_name = True
    _attr_name = None

    def __init__(self, entry: OllamaConfigEntry, subentry: ConfigSubentry) -> None:
        """Read the subentry."""
        self._entry = entry
        self._settings = AgentSettings.from_data(subentry.data)
        self._attr_unique_id = subentry.subentry_id
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

    def _turn(self, *, strip_markdown: bool = False) -> Turn:
        """Return a turn with this agent's settings."""
        return Turn(
            hass=self.hass,
            server=self._entry.runtime_data.server,
            settings=self._settings,
            agent_id=self.entity_id,
            strip_markdown=strip_markdown or self._settings.plain_text,
        )

    def _policy(self) -> Policy:
        """Return what this agent may do; it stands in the entry, out of core's reach."""
        policies = self._entry.options.get(CONF_POLICIES) or {}
        return Policy.from_data(policies.get(self.unique_id) or {})

    def _note_failure(self, err: HomeAssistantError) -> None:
        """Ask the owner for a new key where the server refused the old one."""
        if isinstance(err, AuthenticationError):
            self._entry.async_start_reauth(self.hass)
