"""What an entry of core's may go on using (promise 7).

Core's integration knows no rules for cloud models and public servers. Where this one takes
its place, what was in use stays in use, and repairs point it out; what is chosen later is
held to the rules.
"""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_MODEL, CONF_URL
from homeassistant.core import HomeAssistant

from .const import CONF_KEPT, CONF_KEPT_CLOUD_MODELS, CONF_KEPT_PUBLIC_SERVER
from .runtime import time_limits
from .server import HostKind, async_addresses, is_cloud_model, kind_of


async def async_keep_what_was_used(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remember, the first time that an entry is loaded, what it uses then.

    An address that can't be looked up now is looked at when the entry is loaded again.
    """
    before: Mapping[str, Any] = entry.options.get(CONF_KEPT) or {}
    kept = dict(before)
    if CONF_KEPT_CLOUD_MODELS not in kept:
        models = {subentry.data.get(CONF_MODEL, "") for subentry in entry.subentries.values()}
        kept[CONF_KEPT_CLOUD_MODELS] = sorted(filter(is_cloud_model, models))
    if CONF_KEPT_PUBLIC_SERVER not in kept:
        url = {**entry.data, **entry.options}[CONF_URL]
        kind = kind_of(await async_addresses(url, time_limits(hass).connect))
        if kind is not HostKind.UNKNOWN:
            kept[CONF_KEPT_PUBLIC_SERVER] = kind is HostKind.PUBLIC
    if kept != before:
        hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_KEPT: kept})
