"""A lean Home Assistant with a furnished home and one of the two integrations."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
import socket
from types import MappingProxyType
from typing import Any

from homeassistant import bootstrap, loader
from homeassistant.auth import auth_manager_from_config
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntries,
    ConfigEntry,
    ConfigEntryState,
    ConfigSubentryData,
)
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from .furniture import DOMAINS, furnish
from .plan import Contender

DOMAIN = "ollama"
_LEAST_TOKENS = 8_192
_TOKENS_PER_ENTITY = 32


@dataclass(frozen=True, slots=True)
class Home:
    """A Home Assistant that is running, and the agent in it."""

    hass: HomeAssistant
    agent_id: str
    integration: str
    """Which integration was loaded, in words."""


@asynccontextmanager
async def open_home(
    config_dir: Path,
    contender: Contender,
    component: Path,
    *,
    size: int,
    url: str,
    model: str,
    own_api: bool = False,
) -> AsyncIterator[Home]:
    """Have a home with `size` exposed entities as long as the block runs.

    It is put together from Home Assistant's own parts as its start does it, without what a
    sentence never meets: frontend, recorder, network. `own_api`: ours has its own API in place of
    Assist; core's integration doesn't know that setting.
    """
    if contender is Contender.OURS:
        custom = config_dir / "custom_components"
        custom.mkdir()
        # A package in one place: without this file the one of this clone would be part of it.
        (custom / "__init__.py").touch()
        (custom / DOMAIN).symlink_to(component.resolve(), target_is_directory=True)

    hass = HomeAssistant(str(config_dir))
    hass.config.skip_pip = True
    hass.config.location_name = "Bench"
    # The way in which people get core's integration back without removing this one.
    hass.config.safe_mode = contender is Contender.CORE
    loader.async_setup(hass)
    hass.config_entries = ConfigEntries(hass, {})
    if not await bootstrap.async_load_base_functionality(hass):
        raise RuntimeError("Home Assistant's registries could not be loaded")
    hass.auth = await auth_manager_from_config(hass, [], [])
    # Its usual port may be taken, by a demo that stays open.
    config = {"http": {"server_host": "127.0.0.1", "server_port": _free_port()}}
    for domain in ("homeassistant", "conversation", *DOMAINS):
        if not await async_setup_component(hass, domain, config):
            raise RuntimeError(f"{domain} could not be set up")
    await furnish(hass, size)
    integration = await _check_integration(hass, contender, component)
    agent = {"model": model, "llm_hass_api": ["assist"], "num_ctx": _window(size)}
    if own_api:
        agent["llm_apis"] = ["ollama"]
    agent_id = await _add_entry(hass, url, agent)
    # Not before: the registries are then saved minutes later, and not while something is measured.
    hass.set_state(CoreState.running)
    await hass.async_block_till_done()
    try:
        yield Home(hass, agent_id, integration)
    finally:
        await hass.async_stop(force=True)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


async def _check_integration(hass: HomeAssistant, contender: Contender, component: Path) -> str:
    """Return which integration will be loaded. Raises RuntimeError when it is the wrong one."""
    integration = await loader.async_get_integration(hass, DOMAIN)
    if integration.is_built_in is not (contender is Contender.CORE):
        raise RuntimeError(f"found {integration.file_path}, which is not {contender}'s")
    if integration.is_built_in:
        return "built into Home Assistant"
    if integration.file_path.resolve() != component.resolve():
        raise RuntimeError(f"found {integration.file_path} in place of {component}")
    return f"version {integration.version}"


def _window(size: int) -> int:
    """Return a context window in tokens: more than is needed, so that nothing is cut."""
    return 1 << (_LEAST_TOKENS + _TOKENS_PER_ENTITY * size).bit_length()


async def _add_entry(hass: HomeAssistant, url: str, agent: Mapping[str, Any]) -> str:
    """Add an entry as core's integration makes it; return the agent's entity id.

    There is an AI task of the same model beside the agent.
    """
    task = {"model": agent["model"], "num_ctx": agent["num_ctx"]}
    entry: ConfigEntry[Any] = ConfigEntry(
        data={"url": url},
        discovery_keys=MappingProxyType({}),
        domain=DOMAIN,
        minor_version=3,
        options={},
        source=SOURCE_USER,
        subentries_data=[
            ConfigSubentryData(data=data, subentry_type=kind, title=title, unique_id=None)
            for data, kind, title in (
                (agent, "conversation", "Agent"),
                (task, "ai_task_data", "Task"),
            )
        ],
        title="Ollama",
        unique_id=None,
        version=3,
    )
    await hass.config_entries.async_add(entry)
    await hass.async_block_till_done()
    if entry.state is not ConfigEntryState.LOADED:
        raise RuntimeError(f"the entry did not load: {entry.state} {entry.reason or ''}")
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return next(found.entity_id for found in entities if found.domain == "conversation")
