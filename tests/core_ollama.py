"""Several runs of Home Assistant on one disk: some load core's ollama, others this one.

A disk is a dictionary of what Home Assistant keeps in `.storage`. Each run reads it as a
real start does and writes it as a real stop does, so that what one integration leaves is
exactly what the other one finds.
"""

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from enum import Enum, auto
from itertools import product
import json
from typing import Any
from unittest.mock import patch

from homeassistant import bootstrap, core, loader
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.components.ollama.config_flow import OllamaConfigFlow as CoreConfigFlow
from homeassistant.config_entries import HANDLERS, ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    translation,
)
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from custom_components.ollama.config_flow import OllamaConfigFlow
from custom_components.ollama.const import CONF_KEPT, DATA_TIME_LIMITS, DOMAIN

from .common import MODEL

# Both flows register themselves under the same name, in a table of the whole process:
# whichever was imported last would run in every test.
HANDLERS[DOMAIN] = OllamaConfigFlow

type Disk = dict[str, Any]

LIGHT = "light.kitchen_light"


class Ollama(Enum):
    """Which ollama a run has."""

    NONE = auto()
    """None is loaded: a run to prepare a disk."""
    CORE = auto()
    """Core's, because this one is not installed, not yet or not any more."""
    CORE_SAFE_MODE = auto()
    """Core's, because Home Assistant was started in safe mode."""
    CORE_RECOVERY_MODE = auto()
    """Core's, because Home Assistant came up in recovery mode."""
    OURS = auto()

    @property
    def is_core(self) -> bool:
        """Whether core's integration is loaded."""
        return self.name.startswith("CORE")


@dataclass(frozen=True, slots=True)
class Homes:
    """Starts Home Assistant again and again.

    Must be made beside the fixture `hass`, which has put a dictionary, `storage`, in
    the place of all files in `.storage`.
    """

    storage: Disk
    config_dir: str

    @asynccontextmanager
    async def run(self, disk: Disk, which: Ollama) -> AsyncGenerator[HomeAssistant]:
        """Run Home Assistant on a disk, with a light in the kitchen; stop it at the end."""
        outer = core.async_get_hass()
        flow = CoreConfigFlow if which.is_core else OllamaConfigFlow
        with (
            patch.dict(self.storage, deepcopy(disk), clear=True),
            patch.dict(HANDLERS, {DOMAIN: flow}),
        ):
            async with async_test_home_assistant(
                load_registries=False,
                config_dir=self.config_dir,
                initial_state=CoreState.not_running,
            ) as hass:
                hass.data[DATA_TIME_LIMITS] = outer.data[DATA_TIME_LIMITS]
                try:
                    await _async_start(hass, which)
                    yield hass
                finally:
                    await _async_stop(hass)
                    core._hass.hass = outer
            disk.clear()
            disk.update(deepcopy(self.storage))


async def _async_start(hass: HomeAssistant, which: Ollama) -> None:
    hass.config.safe_mode = which is Ollama.CORE_SAFE_MODE
    hass.config.recovery_mode = which is Ollama.CORE_RECOVERY_MODE
    if which is not Ollama.CORE:
        # Let the loader look for custom integrations. The test plugin has put an empty
        # result there, which is what the loader finds where none is installed.
        del hass.data[loader.DATA_CUSTOM_COMPONENTS]
    assert await bootstrap.async_load_base_functionality(hass)
    # The plugin shares texts among all tests, by domain, and two have the same.
    cache = hass.data[translation.TRANSLATION_FLATTEN_CACHE]
    cache.cache_data = type(cache.cache_data)({}, {})
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, component, {})
    await _async_add_light(hass)
    if which is not Ollama.NONE:
        integration = await loader.async_get_integration(hass, DOMAIN)
        assert integration.is_built_in is which.is_core
        await async_setup_component(hass, DOMAIN, {})
    await hass.async_start()
    await hass.async_block_till_done()


async def _async_add_light(hass: HomeAssistant) -> None:
    """Add an exposed light that really switches, and is off."""
    lamp = {"target": {"entity_id": "input_boolean.lamp"}}
    light = {
        "name": "Kitchen light",
        "unique_id": "kitchen_light",
        "state": "{{ is_state('input_boolean.lamp', 'on') }}",
        "turn_on": {"action": "input_boolean.turn_on", **lamp},
        "turn_off": {"action": "input_boolean.turn_off", **lamp},
    }
    lamps = {"lamp": {"initial": False}}
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": lamps})
    assert await async_setup_component(hass, "template", {"template": {"light": light}})
    await hass.async_block_till_done()
    kitchen = ar.async_get(hass).async_get_or_create("Kitchen")
    er.async_get(hass).async_update_entity(LIGHT, area_id=kitchen.id)
    async_expose_entity(hass, "conversation", LIGHT, True)


async def _async_stop(hass: HomeAssistant) -> None:
    # What a run of more than some seconds does by itself.
    dr.async_cleanup(hass, dr.async_get(hass), er.async_get(hass))
    for entry in hass.config_entries.async_entries():
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_stop(force=True)


# A disk of old

ABSENT = "absent"
"""In the place of who disabled it: there is no such entity or device."""


@dataclass(frozen=True, slots=True)
class _Agent:
    """An entity and its device; without a subentry, as version 1 had them."""

    entry: MockConfigEntry
    subentry_id: str | None
    domain: str
    entity: str | None
    device: str | None

    @property
    def unique_id(self) -> str:
        return self.subentry_id or self.entry.entry_id

    @property
    def name(self) -> str:
        if self.subentry_id is None:
            return self.entry.title
        return self.entry.subentries[self.subentry_id].title


class Past:
    """Puts entries, devices and entities on a disk as old releases left them."""

    def __init__(self, url: str) -> None:
        """Start empty; `url` is where a server really answers."""
        self.url = url
        self._entries: list[MockConfigEntry] = []
        self._agents: list[_Agent] = []

    def entry(self, title: str, *, disabled: bool = False, **fields: Any) -> MockConfigEntry:
        """Add an entry without agents."""
        entry = MockConfigEntry(
            domain=DOMAIN,
            title=title,
            entry_id=f"entry-{len(self._entries)}",
            disabled_by=ConfigEntryDisabler.USER if disabled else None,
            **fields,
        )
        self._entries.append(entry)
        return entry

    def model(
        self,
        title: str,
        *,
        url: str | None = None,
        model: str = MODEL,
        disabled: bool = False,
        entity: str | None = None,
        device: str | None = None,
        **options: Any,
    ) -> None:
        """Add an entry of version 1: one model, one agent.

        `entity` and `device` tell who disabled them, or that they are absent.
        """
        entry = self.entry(
            title,
            disabled=disabled,
            data={"url": url or self.url, "model": model},
            options={"prompt": f"You are {title}.", **options},
        )
        self._agents.append(_Agent(entry, None, "conversation", entity, device))

    def server(
        self,
        version: str,
        *subentries: tuple[str, str, dict[str, Any]],
        states: Collection[tuple[str | None, str | None]] = ((None, None),),
        more: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> MockConfigEntry:
        """Add an entry of a later version, with each subentry in each of the states.

        A subentry is a type, a title and data; a state tells who disabled the entity
        and who its device; `more` is further entry data.
        """
        major, minor = version.split(".")
        number = len(self._entries)
        made: list[dict[str, Any]] = []
        agents: list[tuple[str, str, str | None, str | None]] = []
        for (kind, title, data), (entity, device) in product(subentries, states):
            subentry_id = f"subentry-{number}-{len(made)}"
            made.append(
                {
                    "subentry_id": subentry_id,
                    "subentry_type": kind,
                    "title": title if len(states) == 1 else f"{title} {entity} {device}",
                    "unique_id": None,
                    "data": data,
                }
            )
            domain = {"conversation": "conversation", "ai_task_data": "ai_task"}.get(kind)
            if domain is not None:
                agents.append((subentry_id, domain, entity, device))
        entry = self.entry(
            f"Server of {version}",
            version=int(major),
            minor_version=int(minor),
            data={"url": self.url, **(more or {})},
            subentries_data=made,
            **fields,
        )
        self._agents += [_Agent(entry, *agent) for agent in agents]
        return entry

    async def async_write(self, homes: Homes) -> Disk:
        """Return the disk."""
        disk: Disk = {}
        disabled_by: dict[str, str | None] = {}
        async with homes.run(disk, Ollama.NONE) as hass:
            for entry in self._entries:
                entry.add_to_hass(hass)
            for agent in self._agents:
                disabled_by |= _register(hass, agent)
            hass.config_entries._async_schedule_save()
        # Not through the registries: today's refuse some of what old ones allowed.
        for item in _stored(disk, DEVICES, "devices") + _stored(disk, ENTITIES, "entities"):
            if item["id"] in disabled_by:
                item["disabled_by"] = disabled_by[item["id"]]
        return disk


def _register(hass: HomeAssistant, agent: _Agent) -> dict[str, str | None]:
    """Register an agent's device and entity; return who disabled them, by id."""
    disabled_by: dict[str, str | None] = {}
    device_id = None
    if agent.device != ABSENT:
        device_id = (
            dr.async_get(hass)
            .async_get_or_create(
                config_entry_id=agent.entry.entry_id,
                config_subentry_id=agent.subentry_id,
                identifiers={(DOMAIN, agent.unique_id)},
                name=agent.name,
                entry_type=dr.DeviceEntryType.SERVICE,
            )
            .id
        )
        dr.async_get(hass).async_update_device(device_id, name_by_user=f"My {agent.name}")
        disabled_by[device_id] = agent.device
    if agent.entity != ABSENT:
        entity = er.async_get(hass).async_get_or_create(
            agent.domain,
            DOMAIN,
            agent.unique_id,
            config_entry=agent.entry,
            config_subentry_id=agent.subentry_id,
            device_id=device_id,
            has_entity_name=True,
            # Not what the integration would call it today.
            suggested_object_id=f"my_{agent.name}",
        )
        er.async_get(hass).async_update_entity(entity.entity_id, icon="mdi:robot")
        disabled_by[entity.id] = agent.entity
    return disabled_by


# What is on a disk

ENTRIES = "core.config_entries"
DEVICES = "core.device_registry"
ENTITIES = "core.entity_registry"

WHEN = ("created_at", "modified_at", "orphaned_timestamp")
"""What differs from run to run."""


def _stored(disk: Disk, store: str, part: str) -> list[dict[str, Any]]:
    """Return a list of a store, empty where the store was never written."""
    return disk[store]["data"][part] if store in disk else []


def stored_entries(disk: Disk) -> list[dict[str, Any]]:
    """Return the entries of ollama."""
    return [entry for entry in _stored(disk, ENTRIES, "entries") if entry["domain"] == DOMAIN]


def stored_entities(disk: Disk) -> list[dict[str, Any]]:
    """Return the entities of ollama."""
    return [item for item in _stored(disk, ENTITIES, "entities") if item["platform"] == DOMAIN]


def stored_devices(disk: Disk) -> list[dict[str, Any]]:
    """Return the devices of ollama."""
    ids = {entry["entry_id"] for entry in stored_entries(disk)}
    return [item for item in _stored(disk, DEVICES, "devices") if item["config_entry_id"] in ids]


def is_server(device: Mapping[str, Any]) -> bool:
    """Whether it is the device of a server, which core's integration doesn't have."""
    return bool(device["identifiers"] == [[DOMAIN, device["config_entry_id"]]])


SERVER_ENTITIES = frozenset(
    {
        "binary_sensor status",
        "button unload_models",
        "number requests_per_hour",
        *(
            f"sensor {key}"
            for key in (
                "errors_today",
                "installed_models",
                "loaded_model_gpu_memory",
                "loaded_model_size",
                "loaded_models",
                "queue",
                "requests_today",
                "response_time",
                "time_to_first_token",
                "tokens_per_second",
                "tokens_today",
                "version",
            )
        ),
    }
)
"""The entities of each server, by domain and the end of their unique ids."""


def is_of_server(entity: Mapping[str, Any]) -> bool:
    """Whether it is an entity of a server's device, which core's doesn't have either."""
    return server_entity(entity) in SERVER_ENTITIES


def server_entity(entity: Mapping[str, Any]) -> str:
    """Return an entity of a server as SERVER_ENTITIES names it, else nothing."""
    entry_id, _, key = entity["unique_id"].partition("_")
    if entry_id != entity["config_entry_id"] or entity["config_subentry_id"] is not None:
        return ""
    domain = entity["entity_id"].partition(".")[0]
    return f"{domain} {key}"


def outcome(disk: Disk, before: Disk) -> dict[str, dict[str, Any]]:
    """Return all that is kept of ollama, with names in the place of new random ids.

    Ids that were there before stay as they are: they must not change.
    """
    known = json.dumps(before)
    found: dict[str, list[dict[str, Any]]] = {
        "entries": stored_entries(disk),
        "devices": stored_devices(disk),
        "entities": stored_entities(disk),
        "deleted_devices": _stored(disk, DEVICES, "deleted_devices"),
        "deleted_entities": _stored(disk, ENTITIES, "deleted_entities"),
    }

    def named(names: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
        text = json.dumps(found)
        for old, new in names.items():
            if old not in known:
                text = text.replace(old, new)
        return json.loads(text)

    names: dict[str, str] = {}
    for entry in found["entries"]:
        count: dict[str, int] = {}
        for subentry in entry["subentries"]:
            kind = subentry["subentry_type"]
            count[kind] = count.get(kind, 0) + 1
            names[subentry["subentry_id"]] = f"{entry['entry_id']} {kind} {count[kind]}"
    found = named(names)
    found = named({item["id"]: f"device {item['identifiers']}" for item in found["devices"]})
    found = named({item["id"]: f"entity {item['entity_id']}" for item in found["entities"]})
    for entry in found["entries"]:
        entry["subentries"] = {item["subentry_id"]: item for item in entry["subentries"]}
    keys = {"entries": "entry_id", "entities": "entity_id"}
    return {
        part: {item[keys.get(part, "id")]: _without(item, WHEN) for item in items}
        for part, items in found.items()
    }


def without_ours(found: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Take away what this integration adds.

    The server's device and its entities, the agents' icons, and what was in use at first.
    """
    return found | {
        "entries": {
            key: entry | {"options": _without(entry["options"], (CONF_KEPT,))}
            for key, entry in found["entries"].items()
        },
        "devices": {
            key: _without(device, ("via_device_id",))
            for key, device in found["devices"].items()
            if not is_server(device)
        },
        "entities": {
            key: _without(entity, ("translation_key",))
            for key, entity in found["entities"].items()
            if not is_of_server(entity)
        },
    }


def _without(item: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in keys}
