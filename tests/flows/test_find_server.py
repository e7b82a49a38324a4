"""Likely places are tried before the first form shows."""

import asyncio
from dataclasses import replace

from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.helpers.network import NoURLAvailableError
import pytest

from custom_components.ollama.const import DATA_TIME_LIMITS
from custom_components.ollama.flows import discovery
from simulator import Fault, Simulator

from ..conftest import SHORT_LIMITS
from .helpers import add_server

# Before any fixture puts another function in its place.
likely_hosts_of = discovery._likely_hosts


async def suggested(hass: HomeAssistant) -> str | None:
    dialog = await add_server(hass)
    url = dialog.values.get("url")
    dialog.close()
    return url


async def test_suggestion(hass: HomeAssistant, sim: Simulator, likely_hosts: list[str]):
    """The place that answers is filled in, and pressing the button twice is enough."""
    likely_hosts += ["127.0.0.1:1", f"127.0.0.1:{sim.port}"]
    dialog = await add_server(hass)
    assert dialog.values["url"] == sim.url
    assert [request.path for request in sim.requests] == ["/api/version"]
    await dialog.submit()
    assert (await dialog.submit()).entry.data == {"url": sim.url}


async def test_first_that_answers(hass: HomeAssistant, sim: Simulator, likely_hosts: list[str]):
    """All are tried at once: a slow one doesn't hold up the others."""
    async with Simulator() as slow:
        slow.fault(Fault.HANG, times=None)
        likely_hosts += [f"127.0.0.1:{slow.port}", f"127.0.0.1:{sim.port}"]
        assert await suggested(hass) == sim.url


async def test_nothing_found(hass: HomeAssistant, likely_hosts: list[str]):
    likely_hosts += ["127.0.0.1:1"]
    assert await suggested(hass) is None


@pytest.mark.parametrize("fault", [Fault.NOT_OLLAMA, Fault.HTTP_401, Fault.GARBAGE])
async def test_not_ollama(
    hass: HomeAssistant, sim: Simulator, likely_hosts: list[str], fault: Fault
):
    sim.fault(fault, times=None)
    likely_hosts += [f"127.0.0.1:{sim.port}"]
    assert await suggested(hass) is None


async def test_nobody_in_time(
    hass: HomeAssistant,
    sim: Simulator,
    likely_hosts: list[str],
    names: dict[str, str | None],
):
    """A silent server and a name that is never resolved don't outlast the limit.

    Not even where a single request may take longer than a test.
    """
    hass.data[DATA_TIME_LIMITS] = replace(SHORT_LIMITS, connect=600, short=600)
    sim.fault(Fault.HANG, times=None)
    names["ollama.local"] = None
    likely_hosts += ["ollama.local", f"127.0.0.1:{sim.port}"]
    assert await suggested(hass) is None
    async with asyncio.timeout(1):
        while not sim.requests[0].cancelled:
            await asyncio.sleep(0.01)


async def test_limit_is_for_all(
    hass: HomeAssistant,
    sim: Simulator,
    likely_hosts: list[str],
    names: dict[str, str | None],
    monkeypatch: pytest.MonkeyPatch,
):
    """It also holds where a single request has no end of its own."""
    monkeypatch.setattr(discovery, "_async_answers", lambda hass, url: asyncio.sleep(60))
    likely_hosts += [f"127.0.0.1:{sim.port}"]
    assert await suggested(hass) is None


async def test_known_ones_are_not_suggested(
    hass: HomeAssistant, sim: Simulator, likely_hosts: list[str], entry
):
    likely_hosts += [f"127.0.0.1:{sim.port}"]
    asked = len(sim.requests)
    assert await suggested(hass) is None
    assert len(sim.requests) == asked


async def test_likely_hosts(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch):
    """The usual names, and the address of the Home Assistant host itself."""
    usual = ["localhost", "host.docker.internal", "ollama.local"]
    for internal, host in (
        ("http://192.168.1.2:8123", "192.168.1.2"),
        ("http://[fd00::2]:8123", "[fd00::2]"),
    ):
        await async_process_ha_core_config(hass, {"internal_url": internal})
        assert likely_hosts_of(hass) == [*usual, host]

    def no_url(*_: object, **__: object) -> str:
        raise NoURLAvailableError

    for function in (no_url, lambda *_, **__: "/relative"):
        monkeypatch.setattr(discovery, "get_url", function)
        assert likely_hosts_of(hass) == usual


def test_usual_limit(hass: HomeAssistant):
    """Outside of tests all places together get a second."""
    assert type(hass.data[DATA_TIME_LIMITS])().probe == 1.0
