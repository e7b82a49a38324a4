"""Entries that older versions of core's integration made.

Core's own migrations, step by step with the same outcome: entity ids, unique ids,
device ids and disabled states stay what they would be under core's. The layouts:

* 1: an entry for each model; url and model in data, the agent's settings in options
* 2.1, 2.2: an entry for each server with `conversation` subentries; model in data
* 3.1: model in the subentries
* 3.2: an `ai_task_data` subentry is there
* 3.3: disabled agents of an enabled entry are disabled by a user or their device
"""

from types import MappingProxyType

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_MODEL, CONF_URL, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.typing import UNDEFINED, UndefinedType

from .const import (
    DEFAULT_AI_TASK_NAME,
    DEFAULT_TITLE,
    DOMAIN,
    ENTRY_MINOR_VERSION,
    ENTRY_VERSION,
    SUBENTRY_AI_TASK,
    SUBENTRY_CONVERSATION,
)


async def async_migrate_version_1(hass: HomeAssistant) -> None:
    """Gather the entries of version 1 by server; each becomes an agent of the first.

    The first enabled entry of a server is the one that stays.
    """
    entries = sorted(
        hass.config_entries.async_entries(DOMAIN, include_ignore=False),
        key=lambda entry: entry.disabled_by is not None,
    )
    entries = [entry for entry in entries if entry.version == 1]
    by_server: dict[str, list[ConfigEntry]] = {}
    for entry in entries:
        by_server.setdefault(entry.data[CONF_URL], []).append(entry)
    for parent, *others in by_server.values():
        for entry in (parent, *others):
            # The first of the sorted entries is disabled only if all of them are.
            _make_agent(hass, entry, parent)
        for entry in others:
            await hass.config_entries.async_remove(entry.entry_id)
        _add_ai_task(hass, parent)
        hass.config_entries.async_update_entry(
            parent,
            title=DEFAULT_TITLE,
            data={CONF_URL: parent.data[CONF_URL]},
            options={},
            version=ENTRY_VERSION,
            minor_version=ENTRY_MINOR_VERSION,
        )


def _make_agent(hass: HomeAssistant, entry: ConfigEntry, parent: ConfigEntry) -> None:
    """Turn an entry of version 1 into a subentry, and move its entity and device."""
    subentry = ConfigSubentry(
        data=MappingProxyType({**entry.options, CONF_MODEL: entry.data[CONF_MODEL]}),
        subentry_type=SUBENTRY_CONVERSATION,
        title=entry.title,
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(parent, subentry)
    parent_enabled = parent.disabled_by is None
    entities = er.async_get(hass)
    devices = dr.async_get(hass)
    device = devices.async_get_device_by_identifier((DOMAIN, entry.entry_id), entry.entry_id)
    entity_id = entities.async_get_entity_id(Platform.CONVERSATION, DOMAIN, entry.entry_id)
    if entity_id is not None:
        disabled_by = entities.entities[entity_id].disabled_by
        if parent_enabled and disabled_by is er.RegistryEntryDisabler.CONFIG_ENTRY:
            # Moved to an enabled entry it would be enabled, which nobody asked for.
            disabled_by = (
                er.RegistryEntryDisabler.DEVICE if device else er.RegistryEntryDisabler.USER
            )
        entities.async_update_entity(
            entity_id,
            config_entry_id=parent.entry_id,
            config_subentry_id=subentry.subentry_id,
            disabled_by=disabled_by,
            new_unique_id=subentry.subentry_id,
        )
    if device is not None:
        # Left alone, it follows the entry it moves to: the registry refuses an enabled
        # device in a disabled entry.
        device_disabled_by: dr.DeviceEntryDisabler | UndefinedType = UNDEFINED
        if parent_enabled and device.disabled_by is dr.DeviceEntryDisabler.CONFIG_ENTRY:
            device_disabled_by = dr.DeviceEntryDisabler.USER
        devices.async_update_device(
            device.id,
            disabled_by=device_disabled_by,
            new_identifiers={(DOMAIN, subentry.subentry_id)},
            new_config_entry_id=parent.entry_id,
            new_config_subentry_id=subentry.subentry_id,
        )


@callback
def async_migrate_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Bring an entry from version 2.1 or later to the current one.

    A higher minor version is one that a later release of core's wrote: it is taken as
    it is, since its keys stay readable.
    """
    if entry.version < ENTRY_VERSION:
        _move_model_to_agents(hass, entry)
    if (entry.version, entry.minor_version) == (3, 1):
        _add_ai_task(hass, entry)
        hass.config_entries.async_update_entry(entry, minor_version=2)
    if (entry.version, entry.minor_version) == (3, 2):
        _name_who_disabled(hass, entry)
        hass.config_entries.async_update_entry(entry, minor_version=3)
    return True


def _move_model_to_agents(hass: HomeAssistant, entry: ConfigEntry) -> None:
    for subentry in list(entry.get_subentries_of_type(SUBENTRY_CONVERSATION)):
        hass.config_entries.async_update_subentry(
            entry,
            subentry,
            data={**subentry.data, CONF_MODEL: entry.data[CONF_MODEL]},
        )
    hass.config_entries.async_update_entry(
        entry,
        data={CONF_URL: entry.data[CONF_URL]},
        version=3,
        minor_version=1,
    )


def _add_ai_task(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Add an AI task with the model of the first agent, where there is one."""
    model = next(
        (
            subentry.data[CONF_MODEL]
            for subentry in entry.subentries.values()
            if CONF_MODEL in subentry.data
        ),
        None,
    )
    if model is None:
        return
    hass.config_entries.async_add_subentry(
        entry,
        ConfigSubentry(
            data=MappingProxyType({CONF_MODEL: model}),
            subentry_type=SUBENTRY_AI_TASK,
            title=DEFAULT_AI_TASK_NAME,
            unique_id=None,
        ),
    )


def _name_who_disabled(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Mend what an early migration left: disabled by an entry that is enabled."""
    if entry.disabled_by is not None:
        return
    devices = dr.async_get(hass)
    for device in dr.async_entries_for_config_entry(devices, entry.entry_id):
        if device.disabled_by is dr.DeviceEntryDisabler.CONFIG_ENTRY:
            devices.async_update_device(device.id, disabled_by=dr.DeviceEntryDisabler.USER)
    entities = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(entities, entry.entry_id):
        if entity.disabled_by is er.RegistryEntryDisabler.CONFIG_ENTRY:
            entities.async_update_entity(
                entity.entity_id, disabled_by=er.RegistryEntryDisabler.DEVICE
            )
