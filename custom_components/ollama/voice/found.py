"""Speech servers that Home Assistant knows of, or has discovered."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.service_info.hassio import HassioServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from ..server.lenient import as_text
from .records import Part, Place

WYOMING: Final = "wyoming"
"""Home Assistant's own integration of speech servers."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """A server that Home Assistant has discovered and nobody has set up yet."""

    place: Place
    title: str
    flow_id: str
    """Of the flow that waits for somebody to confirm it."""


@callback
def known_entries(hass: HomeAssistant) -> list[ConfigEntry]:
    """Return the entries of Home Assistant's own integration, disabled ones too."""
    return hass.config_entries.async_entries(WYOMING, include_ignore=False)


@callback
def place_of(entry: ConfigEntry) -> Place:
    """Return where the server of an entry listens."""
    return Place(as_text(entry.data.get(CONF_HOST)), int(entry.data.get(CONF_PORT) or 0))


@callback
def entity_of(hass: HomeAssistant, entry: ConfigEntry, part: Part) -> str | None:
    """Return the entity of an entry that does a part; None where there is none in use."""
    for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        if entity.domain == part.value and entity.disabled_by is None:
            return entity.entity_id
    return None


@callback
def discovered(hass: HomeAssistant) -> list[Discovered]:
    """Return the servers that were discovered on the network or among the apps."""
    return [
        *_discovered_as(hass, ZeroconfServiceInfo, _announced),
        *_discovered_as(hass, HassioServiceInfo, _of_app),
    ]


def _discovered_as(
    hass: HomeAssistant, kind: type, read: Callable[[Any], Place | None]
) -> Iterator[Discovered]:
    """Yield what was discovered in one way; a flow tells its data only to a matcher."""
    places: list[Place] = []

    def note(info: Any) -> bool:
        if (place := read(info)) is not None:
            places.append(place)
        return place is not None

    flows = hass.config_entries.flow.async_progress_by_init_data_type(
        kind, note, include_uninitialized=True
    )
    for place, flow in zip(places, flows, strict=True):
        if flow["handler"] == WYOMING and "step_id" in flow:
            named = flow["context"].get("title_placeholders") or {}
            yield Discovered(place, named.get("name") or place.host, flow["flow_id"])


def _announced(info: ZeroconfServiceInfo) -> Place | None:
    return Place(info.host, info.port) if info.port else None


def _of_app(info: HassioServiceInfo) -> Place | None:
    try:
        uri = urlsplit(as_text(info.config.get("uri")))
        return Place(uri.hostname, uri.port) if uri.hostname and uri.port else None
    except ValueError:
        return None
