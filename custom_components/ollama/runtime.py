"""What a loaded entry keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_API_KEY, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.ssl import (
    get_default_context,
    get_default_no_verify_context,
)

from .const import CONF_HEADERS, DATA_TIME_LIMITS, DEFAULT_TITLE
from .coordinator import OllamaCoordinator
from .records import ServerRecords
from .server import Connection, OllamaServer, TimeLimits, host_of
from .settings import ServerSettings

if TYPE_CHECKING:
    from .voice.health import VoiceHealth

CONNECTION_KEYS = (CONF_URL, CONF_API_KEY, CONF_VERIFY_SSL, CONF_HEADERS)


@dataclass(slots=True)
class OllamaRuntime:
    """The server behind an entry, what is known of it, and the device that stands for it."""

    server: OllamaServer
    coordinator: OllamaCoordinator
    records: ServerRecords
    settings: ServerSettings
    device_id: str
    voices: Mapping[str, VoiceHealth] = field(default_factory=dict)
    """Its voice pipelines, by the ids of their subentries."""

    @callback
    def apply(self, settings: ServerSettings) -> None:
        """Put changed settings in force, while whatever is under way goes on."""
        self.settings = settings
        self.server.privacy = settings.privacy
        self.server.queue.resize(settings.max_parallel)
        self.coordinator.async_update_listeners()

    @callback
    def async_look_at_loaded(self) -> None:
        """Learn from what is loaded which context windows fit, and what was forgotten."""
        if self.coordinator.data is None or not self.coordinator.last_update_success:
            return
        loaded = self.coordinator.data.loaded
        for model in loaded:
            self.records.windows.note(model)
        self.records.prefixes.keep_only(model.name for model in loaded)


type OllamaConfigEntry = ConfigEntry[OllamaRuntime]


def url_of(entry: ConfigEntry) -> str:
    """Return the address in use: as in core's integration, one in the options wins."""
    url: str = {**entry.data, **entry.options}.get(CONF_URL, "")
    return url


def shown_name(entry: ConfigEntry) -> str:
    """Return how a server is called in the log and in repairs.

    A title that is an address may hold a password: entries of core's can.
    """
    url = url_of(entry)
    return entry.title if entry.title != url else host_of(url) or DEFAULT_TITLE


def time_limits(hass: HomeAssistant) -> TimeLimits:
    """Return the time limits in force; tests put shorter ones in their place."""
    return hass.data.get(DATA_TIME_LIMITS) or TimeLimits()


def connection_from(data: Mapping[str, Any]) -> Connection:
    """Read how a server is reached from entry data, core's keys and our own."""
    return Connection(
        url=data[CONF_URL],
        api_key=data.get(CONF_API_KEY),
        headers=data.get(CONF_HEADERS) or {},
        ssl_context=(
            get_default_context()
            if data.get(CONF_VERIFY_SSL, True)
            else get_default_no_verify_context()
        ),
    )
