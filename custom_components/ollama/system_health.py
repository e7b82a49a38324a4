"""What the page about the system shows of the servers."""

from collections.abc import Iterable
from typing import Any, Final

from homeassistant.components import system_health
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .agent import async_reason
from .const import DOMAIN
from .runtime import OllamaConfigEntry, OllamaRuntime
from .server import OllamaError

_NOTHING: Final = "-"


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register what is shown."""
    register.async_register_info(_async_info, f"/config/integrations/integration/{DOMAIN}")


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return it; several servers stand side by side, in the order in which they were added."""
    entries: list[OllamaConfigEntry] = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    runtimes = [entry.runtime_data for entry in entries if entry.state is ConfigEntryState.LOADED]
    states = [runtime.coordinator.data for runtime in runtimes]
    return {
        "servers": len(entries),
        "reachable": _async_reachable(hass, entries, runtimes),
        "version": _side_by_side(state.version if state else None for state in states),
        "installed_models": _side_by_side(
            len(state.installed) if state else None for state in states
        ),
        "loaded_models": _side_by_side(len(state.loaded) if state else None for state in states),
        "last_error": _side_by_side([await _async_error(hass, one) for one in runtimes]),
    }


async def _async_reachable(
    hass: HomeAssistant, entries: list[OllamaConfigEntry], runtimes: list[OllamaRuntime]
) -> Any:
    """Ask each server now; one that fails stands for all."""
    if len(runtimes) < len(entries):
        return await _async_failed(hass, "server_not_loaded")
    for runtime in runtimes:
        try:
            await runtime.server.async_version()
        except OllamaError as err:
            return await _async_failed(hass, err.translation_key or "")
    return "ok"


async def _async_failed(hass: HomeAssistant, error: str) -> dict[str, str]:
    return {"type": "failed", "error": await async_reason(hass, hass.config.language, error)}


async def _async_error(hass: HomeAssistant, runtime: OllamaRuntime) -> str | None:
    """Return why a server is away, or else what its last failed query met."""
    error = runtime.coordinator.last_error or runtime.records.usage.last_error
    return await async_reason(hass, hass.config.language, error) if error else None


def _side_by_side(values: Iterable[Any]) -> str:
    return ", ".join(_NOTHING if value is None else str(value) for value in values) or _NOTHING
