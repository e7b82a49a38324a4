"""Ollama: local models on a server of your own, as the brain of a home."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    ConfigEntryNotReady,
    HomeAssistantError,
)
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from . import home, migration
from .const import CONF_POLICIES, CONF_POLICY, DOMAIN, MANUFACTURER
from .runtime import (
    CONNECTION_KEYS,
    OllamaConfigEntry,
    OllamaRuntime,
    connection_from,
    time_limits,
)
from .server import (
    AnswerInvalidError,
    AuthenticationError,
    OllamaError,
    OllamaServer,
    RequestRejectedError,
)

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = (Platform.AI_TASK, Platform.CONVERSATION)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up what all servers share, and bring the oldest entries up to date."""
    home.async_register(hass)
    await migration.async_migrate_version_1(hass)
    return True


async def async_migrate_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Bring an entry of core's up to date. Core's must be able to load the result."""
    return migration.async_migrate_entry(hass, entry)


async def async_setup_entry(hass: HomeAssistant, entry: OllamaConfigEntry) -> bool:
    """Set up a server.

    Once it has been loaded, it loads without its server too: the agents must be there
    to say that the server can't be reached.
    """
    _keep_policies(hass, entry)
    server = OllamaServer(
        # Core's integration lets options win over data, and entries may rely on it.
        connection_from({**entry.data, **entry.options}),
        time_limits(hass),
    )
    entry.async_on_unload(server.async_close)
    try:
        await server.models.async_refresh()
    except AuthenticationError as err:
        raise _for_entry(ConfigEntryAuthFailed, err) from err
    except (AnswerInvalidError, RequestRejectedError) as err:
        # It answers and isn't Ollama: trying again would not help.
        raise _for_entry(ConfigEntryError, err) from err
    except OllamaError as err:
        if not _was_loaded_before(hass, entry):
            raise _for_entry(ConfigEntryNotReady, err) from err

    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.entry_id)},
        name=entry.title,
        manufacturer=MANUFACTURER,
        entry_type=dr.DeviceEntryType.SERVICE,
    )
    entry.runtime_data = OllamaRuntime(server=server, device_id=device.id)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(entry.add_update_listener(_ReloadWhenNeeded(entry)))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: OllamaConfigEntry) -> bool:
    """Unload a server; its client closes after what is running has ended."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded and len(hass.config_entries.async_loaded_entries(DOMAIN)) <= 1:
        # Another agent that still uses the API makes a new one.
        home.async_close_inventory_cache(hass)
    return unloaded


def _keep_policies(hass: HomeAssistant, entry: OllamaConfigEntry) -> None:
    """Move the policies of new agents into the options, and drop those of removed ones.

    What guards the home stands there because core's forms replace the data of an agent.
    """
    before = entry.options.get(CONF_POLICIES) or {}
    policies = {key: value for key, value in before.items() if key in entry.subentries}
    for subentry in list(entry.subentries.values()):
        if CONF_POLICY not in subentry.data:
            continue
        data = dict(subentry.data)
        policies[subentry.subentry_id] = data.pop(CONF_POLICY)
        hass.config_entries.async_update_subentry(entry, subentry, data=data)
    if policies != before:
        options = {key: value for key, value in entry.options.items() if key != CONF_POLICIES}
        if policies:
            options[CONF_POLICIES] = policies
        hass.config_entries.async_update_entry(entry, options=options)


class _ReloadWhenNeeded:
    """Reloads after a change of the connection or of an agent, not of an option."""

    def __init__(self, entry: OllamaConfigEntry) -> None:
        """Remember what the entry was loaded with."""
        self._loaded_with = self._snapshot(entry)

    async def __call__(self, hass: HomeAssistant, entry: OllamaConfigEntry) -> None:
        """Look at what changed."""
        if self._snapshot(entry) != self._loaded_with:
            hass.config_entries.async_schedule_reload(entry.entry_id)

    @staticmethod
    def _snapshot(entry: OllamaConfigEntry) -> tuple[Mapping[str, Any], ...]:
        agents = {
            subentry.subentry_id: (subentry.title, dict(subentry.data))
            for subentry in entry.subentries.values()
        }
        # Core's integration lets a connection stand in the options.
        connection = {key: value for key, value in entry.options.items() if key in CONNECTION_KEYS}
        return (dict(entry.data), connection, agents)


def _was_loaded_before(hass: HomeAssistant, entry: OllamaConfigEntry) -> bool:
    """Whether this entry has loaded once, with core's integration or with this one."""
    return bool(dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id))


def _for_entry[T: HomeAssistantError](kind: type[T], err: OllamaError) -> T:
    """Return the error that Home Assistant wants from a set-up, with the same text."""
    return kind(
        translation_domain=err.translation_domain,
        translation_key=err.translation_key,
        translation_placeholders=err.translation_placeholders,
    )
