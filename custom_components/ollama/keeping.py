"""What an entry of core's may go on using (promise 7).

Core's integration knows no rules for cloud models and public servers. Where this one takes
its place, what was in use stays in use, and repairs point it out; what is chosen later is
held to the rules.
"""

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_MODEL, CONF_URL
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from .const import CONF_KEPT, CONF_KEPT_CLOUD_MODELS, CONF_KEPT_PUBLIC_SERVER
from .runtime import OllamaConfigEntry, time_limits
from .server import HostKind, async_addresses, is_cloud_model, kind_of


async def async_keep_server(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remember, the first time that an entry is loaded, whether its server is public.

    An address that can't be looked up now is looked at when the entry is loaded again.
    """
    if CONF_KEPT_PUBLIC_SERVER in (entry.options.get(CONF_KEPT) or {}):
        return
    url = {**entry.data, **entry.options}[CONF_URL]
    kind = kind_of(await async_addresses(url, time_limits(hass).connect))
    if kind is not HostKind.UNKNOWN:
        _keep(hass, entry, CONF_KEPT_PUBLIC_SERVER, kind is HostKind.PUBLIC)


@callback
def async_keep_models(hass: HomeAssistant, entry: OllamaConfigEntry) -> None:
    """Remember which cloud models an entry uses, once the server has listed its models.

    A cloud model can bear any name: only the list tells.
    """
    if CONF_KEPT_CLOUD_MODELS in (entry.options.get(CONF_KEPT) or {}):
        return
    runtime = entry.runtime_data
    stop: CALLBACK_TYPE | None = None

    @callback
    def keep() -> None:
        if not runtime.coordinator.last_update_success:
            return
        if stop is not None:
            stop()
        used = {user.data.get(CONF_MODEL, "") for user in entry.subentries.values()}
        listed = runtime.server.models
        models = [
            model
            for model in sorted(filter(None, used))
            if is_cloud_model(model) or listed.is_remote(model)
        ]
        _keep(hass, entry, CONF_KEPT_CLOUD_MODELS, models)

    if runtime.coordinator.last_update_success:
        keep()
    else:
        stop = runtime.coordinator.async_add_listener(keep)


def _keep(hass: HomeAssistant, entry: ConfigEntry, key: str, value: bool | list[str]) -> None:
    kept = {**(entry.options.get(CONF_KEPT) or {}), key: value}
    hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_KEPT: kept})
