"""Which speech servers a form offers: those set up, those discovered, and likely ones."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..runtime import time_limits, url_of
from ..server import host_of
from ..voice.found import discovered, entity_of, known_entries, place_of
from ..voice.probe import DEFAULT_PORTS, VoiceServerError, async_probe, shown
from ..voice.records import Part, Place, Server

LIKELY_HOSTS = ("localhost", "core-whisper", "core-piper", "core-openwakeword")
"""Of a machine that runs all, and of Home Assistant's own apps."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A server that can be chosen for a part."""

    place: Place
    title: str
    parts: frozenset[Part]


async def async_offered(hass: HomeAssistant, entry: ConfigEntry) -> list[Offered]:
    """Return the servers that can be chosen: set up ones, then discovered, then likely ones."""
    set_up = list(_set_up(hass))
    found = {one.place: one.title for one in discovered(hass)}
    places = _without(found, (one.place for one in set_up))
    likely = _without(_likely(entry), (*places, *(one.place for one in set_up)))
    answers, guesses = await asyncio.gather(_async_ask(hass, places), _async_ask(hass, likely))
    named = [_offered(server, found[server.place]) for server in answers]
    return set_up + named + list(_needed(guesses, set_up + named))


def offered_for(part: Part, offered: Iterable[Offered]) -> list[Offered]:
    """Return those of the servers that do a part."""
    return [one for one in offered if part in one.parts]


def place_selector(offered: Iterable[Offered]) -> SelectSelector:
    """Return a list of servers; any other can be typed."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[
                SelectOptionDict(value=shown(one.place), label=f"{one.title} · {shown(one.place)}")
                for one in offered
            ],
            custom_value=True,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


@callback
def _set_up(hass: HomeAssistant) -> Iterator[Offered]:
    for entry in known_entries(hass):
        parts = frozenset(part for part in Part if entity_of(hass, entry, part))
        if parts and entry.disabled_by is None:
            yield Offered(place_of(entry), entry.title, parts)


def _likely(entry: ConfigEntry) -> list[Place]:
    """Return the usual ports of the likely hosts; the graphics card is on the server's."""
    hosts = [host_of(url_of(entry)), *LIKELY_HOSTS]
    return [
        Place(host, port) for host, port in product(filter(None, hosts), DEFAULT_PORTS.values())
    ]


def _needed(guesses: Iterable[Server], known: Iterable[Offered]) -> Iterator[Offered]:
    """Yield a server for each part that nothing known does: one machine has many names."""
    missing = set(Part) - {part for one in known for part in one.parts}
    for server in guesses:
        offered = _offered(server, server.services[0].name)
        if offered.parts & missing:
            missing -= offered.parts
            yield offered


def _offered(server: Server, title: str) -> Offered:
    return Offered(server.place, title, frozenset(service.part for service in server.services))


def _without(places: Iterable[Place], others: Iterable[Place]) -> list[Place]:
    known = set(others)
    return [place for place in dict.fromkeys(places) if place not in known]


async def _async_ask(hass: HomeAssistant, places: Iterable[Place]) -> list[Server]:
    """Return those that answer soon: a form must not wait for the others."""
    answers = await asyncio.gather(*(_async_answer(hass, place) for place in places))
    return [server for server in answers if server is not None]


async def _async_answer(hass: HomeAssistant, place: Place) -> Server | None:
    limits = time_limits(hass)
    limits = replace(limits, voice_connect=limits.probe, voice_info=limits.probe)
    try:
        async with asyncio.timeout(limits.probe):
            return await async_probe(place, limits)
    except VoiceServerError, TimeoutError:
        return None
