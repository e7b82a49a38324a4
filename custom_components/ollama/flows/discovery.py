"""Where a server is likely to be found."""

import asyncio
from collections.abc import Collection
import contextlib
from dataclasses import replace

from homeassistant.core import HomeAssistant
from homeassistant.helpers.network import NoURLAvailableError, get_url
from yarl import URL

from ..runtime import connection_from, time_limits
from ..server import OllamaError, OllamaServer, complete_url, same_server

LIKELY_HOSTS = ("localhost", "host.docker.internal", "ollama.local")


async def async_find_server(hass: HomeAssistant, known: Collection[str]) -> str | None:
    """Return the address of the first likely place that answers as Ollama.

    `known` are the addresses that have an entry already. All places together get one
    short limit: a form must not wait for a name that can't be resolved.
    """
    urls = [
        url
        for url in dict.fromkeys(complete_url(host) for host in _likely_hosts(hass))
        if not any(same_server(url, other) for other in known)
    ]
    limit = time_limits(hass).probe
    tasks = [
        hass.async_create_background_task(_async_answers(hass, url), f"ollama probe of {url}")
        for url in urls
    ]
    try:
        async with asyncio.timeout(limit):
            for answer in asyncio.as_completed(tasks):
                if (url := await answer) is not None:
                    return url
    except TimeoutError:
        # Nothing answered in time, and the user types the address.
        return None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return None


def _likely_hosts(hass: HomeAssistant) -> list[str]:
    """Return the likely names, and the address of the Home Assistant host itself."""
    hosts = list(LIKELY_HOSTS)
    with contextlib.suppress(NoURLAvailableError):
        internal = URL(get_url(hass, allow_external=False, allow_cloud=False))
        if internal.host:
            hosts.append(f"[{internal.host}]" if ":" in internal.host else internal.host)
    return hosts


async def _async_answers(hass: HomeAssistant, url: str) -> str | None:
    limit = time_limits(hass).probe
    server = OllamaServer(
        connection_from({"url": url}), replace(time_limits(hass), connect=limit, short=limit)
    )
    try:
        await server.async_version()
    except OllamaError:
        return None
    finally:
        await server.async_close()
    return url
