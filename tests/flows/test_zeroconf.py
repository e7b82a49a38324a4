"""Servers that announce themselves."""

from ipaddress import ip_address

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_ZEROCONF,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ollama.const import DOMAIN
from custom_components.ollama.server import Privacy
from simulator import Fault, Simulator

from .helpers import Dialog, add_server

NAME = "study._ollama._tcp.local."


async def announce(
    hass: HomeAssistant, port: int | None, *, host: str = "127.0.0.1", name: str = NAME
) -> Dialog:
    address = ip_address(host)
    info = ZeroconfServiceInfo(
        ip_address=address,
        ip_addresses=[address],
        port=port,
        hostname="study.local.",
        type="_ollama._tcp.local.",
        name=name,
        properties={},
    )
    manager = hass.config_entries.flow
    result = await manager.async_init(DOMAIN, context={"source": SOURCE_ZEROCONF}, data=info)
    return Dialog(manager, result)


def known_entry(hass: HomeAssistant, url: str, **more: object) -> MockConfigEntry:
    values = {"unique_id": NAME, "title": url, "data": {"url": url, "api_key": "k"}}
    entry = MockConfigEntry(domain=DOMAIN, version=3, minor_version=3, **{**values, **more})
    entry.add_to_hass(hass)
    return entry


async def test_new(hass: HomeAssistant, sim: Simulator):
    dialog = await announce(hass, sim.port)
    assert dialog.step == "zeroconf_confirm"
    assert dialog.errors == {}
    assert dialog.values["url"] == sim.url
    [flow] = hass.config_entries.flow.async_progress()
    assert flow["context"]["title_placeholders"] == {"name": "study"}
    # The dialog opens later than the flow was made.
    await dialog.refresh()
    assert dialog.values["url"] == sim.url
    await dialog.submit()
    assert dialog.step == "model"
    entry = (await dialog.submit()).entry
    assert entry.unique_id == NAME
    assert entry.data == {"url": sim.url}
    assert entry.state is ConfigEntryState.LOADED


async def test_usual_port(hass: HomeAssistant, sim: Simulator, ollama_port):
    ollama_port(sim.port)
    dialog = await announce(hass, None)
    assert dialog.values["url"] == sim.url


async def test_ipv6(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch):
    """An address of the newer kind stands in brackets."""
    asked = []

    async def check(hass: HomeAssistant, data: dict[str, str], privacy: Privacy) -> None:
        assert privacy == Privacy()
        asked.append(data["url"])

    monkeypatch.setattr("custom_components.ollama.config_flow.async_check_server", check)
    dialog = await announce(hass, 11434, host="fd00::1")
    assert asked == [dialog.values["url"]] == ["http://[fd00::1]:11434"]


async def test_needs_key(hass: HomeAssistant):
    """It says so when the dialog is opened, and takes the key."""
    async with Simulator(api_key="right") as sim:
        dialog = await announce(hass, sim.port)
        assert dialog.errors == {"base": "invalid_auth"}
        await dialog.refresh()
        assert dialog.step == "zeroconf_confirm"
        assert dialog.errors == {"base": "invalid_auth"}
        await dialog.submit(api_key="wrong")
        assert dialog.errors == {"base": "invalid_auth"}
        await dialog.submit(api_key="right")
        entry = (await dialog.submit(model=None)).entry
        assert entry.data == {"url": sim.url, "api_key": "right"}
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("fault", [Fault.NOT_OLLAMA, Fault.REFUSE, Fault.HTTP_500])
async def test_not_ollama(hass: HomeAssistant, sim: Simulator, fault: Fault):
    """Nobody is bothered with what can't be used; a later announcement is taken."""
    sim.fault(fault, times=None)
    dialog = await announce(hass, sim.port)
    assert dialog.aborted == "cannot_connect"
    assert hass.config_entries.flow.async_progress() == []
    sim.clear_faults()
    assert (await announce(hass, sim.port)).step == "zeroconf_confirm"


async def test_too_old(hass: HomeAssistant):
    async with Simulator(version="0.5.0") as sim:
        assert (await announce(hass, sim.port)).aborted == "cannot_connect"


async def test_certificate(hass: HomeAssistant, tls_sim: Simulator):
    """Announcements don't tell of https, and http isn't understood there."""
    assert (await announce(hass, tls_sim.port)).aborted == "cannot_connect"


async def test_known(hass: HomeAssistant, sim: Simulator):
    entry = known_entry(hass, sim.url)
    dialog = await announce(hass, sim.port)
    assert dialog.aborted == "already_configured"
    assert entry.data == {"url": sim.url, "api_key": "k"}
    # It was only looked at again, because it isn't loaded.
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_known_by_address(hass: HomeAssistant, sim: Simulator, entry):
    """One that was added by hand has no name to be known by."""
    asked = len(sim.requests)
    assert (await announce(hass, sim.port)).aborted == "already_configured"
    assert len(sim.requests) == asked
    assert entry.unique_id is None


async def test_moved(hass: HomeAssistant, sim: Simulator):
    """A new address is taken, with everything else as it was, and the entry comes back."""
    entry = known_entry(hass, "http://127.0.0.1:1")
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert (await announce(hass, sim.port)).aborted == "already_configured"
    await hass.async_block_till_done()
    assert entry.data == {"url": sim.url, "api_key": "k"}
    assert entry.title == sim.url
    assert entry.state is ConfigEntryState.LOADED


async def test_moved_with_own_title(hass: HomeAssistant, sim: Simulator):
    entry = known_entry(
        hass, "http://127.0.0.1:1", title="Study", disabled_by=ConfigEntryDisabler.USER
    )
    await announce(hass, sim.port)
    assert entry.title == "Study"
    assert entry.data["url"] == sim.url


async def test_disabled_stays_off(hass: HomeAssistant, sim: Simulator):
    entry = known_entry(hass, "http://127.0.0.1:1", disabled_by=ConfigEntryDisabler.USER)
    await announce(hass, sim.port)
    await hass.async_block_till_done()
    assert entry.data["url"] == sim.url
    assert entry.state is ConfigEntryState.NOT_LOADED


@pytest.mark.parametrize(
    "chosen", ["http://study.local:11434", "https://127.0.0.1", "https://ollama.example/here"]
)
async def test_chosen_address_stays(hass: HomeAssistant, sim: Simulator, chosen: str):
    """A name or a proxy was the owner's choice."""
    entry = known_entry(hass, chosen, disabled_by=ConfigEntryDisabler.USER)
    assert (await announce(hass, sim.port)).aborted == "already_configured"
    assert entry.data["url"] == chosen


async def test_ignored(hass: HomeAssistant, sim: Simulator):
    entry = known_entry(hass, "", source=SOURCE_IGNORE, data={})
    assert (await announce(hass, sim.port)).aborted == "already_configured"
    assert entry.data == {}
    assert sim.requests == []


async def test_ignored_can_be_added_by_hand(hass: HomeAssistant, sim: Simulator):
    known_entry(hass, "", source=SOURCE_IGNORE, data={})
    dialog = await (await add_server(hass)).submit(url=sim.url)
    assert (await dialog.submit()).entry


async def test_announced_twice(hass: HomeAssistant, sim: Simulator):
    await announce(hass, sim.port)
    again = await announce(hass, sim.port)
    assert again.aborted == "already_in_progress"


async def test_added_by_hand_meanwhile(hass: HomeAssistant, sim: Simulator):
    """What was discovered is not offered any more; another server still is."""
    async with Simulator() as other:
        await announce(hass, sim.port)
        await announce(hass, other.port, name=f"attic.{NAME}")
        dialog = await (await add_server(hass)).submit(url=sim.url)
        await dialog.submit()
        [flow] = hass.config_entries.flow.async_progress()
        assert flow["context"]["unique_id"] == f"attic.{NAME}"
