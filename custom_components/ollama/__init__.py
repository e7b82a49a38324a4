"""Ollama: local models on a server of your own, as the brain of a home."""

from collections.abc import Callable, Mapping
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_URL, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType
from yarl import URL

from . import home, migration
from .const import (
    CONF_ALLOW_PUBLIC_SERVER,
    CONF_POLICIES,
    CONF_POLICY,
    DEFAULT_TITLE,
    DOMAIN,
    EVENT_PULL_PROGRESS,
    MANUFACTURER,
)
from .coordinator import OllamaCoordinator
from .deciding import async_setup_decisions
from .keeping import async_keep_models, async_keep_server
from .records import async_get_records, async_keep_records, async_remove_records
from .runtime import (
    CONNECTION_KEYS,
    OllamaConfigEntry,
    OllamaRuntime,
    connection_from,
    shown_name,
    time_limits,
    url_of,
)
from .server import OllamaServer, PublicServerError, host_of
from .services import async_register_actions
from .settings import ServerSettings
from .troubles import (
    async_forget_troubles,
    async_report_public_server,
    async_watch_troubles,
)
from .voice.health import async_watch_voices
from .voice.keeping import async_keep_pipelines, async_remove_pipelines

_LOGGER = logging.getLogger(__name__)

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = (
    Platform.AI_TASK,
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CONVERSATION,
    Platform.NUMBER,
    Platform.SENSOR,
)
_IN_USE = (
    ConfigEntryState.LOADED,
    ConfigEntryState.SETUP_IN_PROGRESS,
    ConfigEntryState.UNLOAD_IN_PROGRESS,
)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up what all servers share, and bring the oldest entries up to date."""
    home.async_register(hass)
    async_register_actions(hass)
    await async_setup_decisions(hass)
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
    await async_keep_pipelines(hass, entry)
    await async_keep_server(hass, entry)
    settings = ServerSettings.from_options(entry.options)
    records = await async_get_records(hass, entry.entry_id)
    records.queue.resize(settings.max_parallel)
    server = OllamaServer(
        # Core's integration lets options win over data, and entries may rely on it.
        connection_from({**entry.data, **entry.options}),
        time_limits(hass),
        settings.privacy,
        records.queue,
        records.prefixes,
    )
    entry.async_on_unload(server.async_close)
    was_loaded = _was_loaded_before(hass, entry)
    coordinator = OllamaCoordinator(
        hass, entry, server, name=shown_name(entry), was_loaded=was_loaded
    )
    try:
        await coordinator.async_config_entry_first_refresh()
    except ConfigEntryNotReady as err:
        if not was_loaded:
            raise
        _LOGGER.warning("The server %s is not available: %s", coordinator.name, err)
    except ConfigEntryError as err:
        if err.translation_key == PublicServerError.key:
            async_report_public_server(hass, entry)
        raise

    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.entry_id)},
        name=_device_name(hass, entry),
        manufacturer=MANUFACTURER,
        entry_type=dr.DeviceEntryType.SERVICE,
    )
    entry.runtime_data = OllamaRuntime(server, coordinator, records, settings, device.id)
    entry.runtime_data.voices = async_watch_voices(hass, entry)
    entry.async_on_unload(records.usage.listen(coordinator.async_note_result))
    entry.async_on_unload(coordinator.async_add_listener(entry.runtime_data.async_look_at_loaded))
    entry.async_on_unload(_keep_version(hass, coordinator, device.id))
    entry.async_on_unload(
        hass.bus.async_listen(EVENT_PULL_PROGRESS, coordinator.async_note_download)
    )
    entry.async_on_unload(async_keep_records(hass, entry.entry_id, records))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(entry.add_update_listener(_ReloadWhenNeeded(entry)))
    async_keep_models(hass, entry)
    entry.async_on_unload(async_watch_troubles(hass, entry))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: OllamaConfigEntry) -> bool:
    """Unload a server; its client closes after what is running has ended."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded and not any(
        other.entry_id != entry.entry_id and other.state in _IN_USE
        for other in hass.config_entries.async_entries(DOMAIN)
    ):
        # Another agent that still uses the API makes a new one.
        home.async_close_inventory_cache(hass)
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: OllamaConfigEntry) -> None:
    """Forget what was kept of a server."""
    async_forget_troubles(hass, entry)
    await async_remove_pipelines(hass, entry)
    await async_remove_records(hass, entry.entry_id)


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
        """Put in force what changed, by a reload only where there is no other way."""
        entry.runtime_data.apply(ServerSettings.from_options(entry.options))
        if self._snapshot(entry) != self._loaded_with:
            hass.config_entries.async_schedule_reload(entry.entry_id)

    @staticmethod
    def _snapshot(entry: OllamaConfigEntry) -> tuple[Mapping[str, Any], ...]:
        agents = {
            subentry.subentry_id: (subentry.title, dict(subentry.data))
            for subentry in entry.subentries.values()
        }
        # Core's integration lets a connection stand in the options. Whether the address may
        # be used is decided when the entry loads.
        keys = (*CONNECTION_KEYS, CONF_ALLOW_PUBLIC_SERVER)
        connection = {key: value for key, value in entry.options.items() if key in keys}
        return (dict(entry.data), connection, agents)


def _device_name(hass: HomeAssistant, entry: OllamaConfigEntry) -> str:
    """Return what the entities' names begin with: not an address, where one server is all.

    A title that the owner chose is the name.
    """
    url = url_of(entry)
    if entry.title != url:
        return entry.title
    servers = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    if servers[0].entry_id == entry.entry_id:
        return DEFAULT_TITLE
    host = host_of(url)
    others = (other for other in servers if other.entry_id != entry.entry_id)
    if host in {host_of(other.data.get(CONF_URL, "")) for other in others}:
        # A graphics card each, perhaps: the port tells them apart.
        host = f"{host}:{URL(url).port}"
    return f"{DEFAULT_TITLE} {host}"


@callback
def _keep_version(
    hass: HomeAssistant, coordinator: OllamaCoordinator, device_id: str
) -> Callable[[], None]:
    """Show the last known version on the server's device; returns what ends that."""

    @callback
    def keep() -> None:
        if coordinator.last_update_success and (version := coordinator.data.version):
            dr.async_get(hass).async_update_device(device_id, sw_version=version)

    keep()
    return coordinator.async_add_listener(keep)


def _was_loaded_before(hass: HomeAssistant, entry: OllamaConfigEntry) -> bool:
    """Whether this entry has loaded once, with core's integration or with this one."""
    return bool(dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id))
