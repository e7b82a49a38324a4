"""What the page about the system shows of the servers."""

from collections.abc import Iterable
from typing import Any, Final

from homeassistant.components import system_health
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

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
        "reachable": _async_reachable(entries, runtimes),
        "version": _side_by_side(state.version if state else None for state in states),
        "installed_models": _side_by_side(
            len(state.installed) if state else None for state in states
        ),
        "loaded_models": _side_by_side(len(state.loaded) if state else None for state in states),
        "last_error": _side_by_side(
            runtime.coordinator.last_error or runtime.records.usage.last_error
            for runtime in runtimes
        ),
    }


async def _async_reachable(entries: list[OllamaConfigEntry], runtimes: list[OllamaRuntime]) -> Any:
    """Ask each server now; one that fails stands for all."""
    if len(runtimes) < len(entries):
        return {"type": "failed", "error": "not loaded"}
    for runtime in runtimes:
        try:
            await runtime.server.async_version()
        except OllamaError as err:
            return {"type": "failed", "error": err.translation_key}
    return "ok"


def _side_by_side(values: Iterable[Any]) -> str:
    return ", ".join(_NOTHING if value is None else str(value) for value in values) or _NOTHING
