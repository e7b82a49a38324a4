"""Walking through flows as the web interface does."""

import asyncio
from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowManager, FlowResultType, section
import probatio

from custom_components.ollama.const import DOMAIN

type Result = Mapping[str, Any]
type Names = dict[str, str | tuple[str, ...] | None]
"""What names lead to."""


class Dialog:
    """One dialog: what it shows, and what is done in it."""

    def __init__(self, manager: FlowManager, result: Result) -> None:
        self._manager = manager
        self.result = result

    @property
    def step(self) -> str:
        """The form or the progress that is shown."""
        assert self.result["type"] in (FlowResultType.FORM, FlowResultType.SHOW_PROGRESS)
        return self.result["step_id"]

    @property
    def errors(self) -> dict[str, str]:
        assert self.result["type"] is FlowResultType.FORM
        return self.result["errors"]

    @property
    def words(self) -> Mapping[str, str]:
        """What fills the placeholders of the texts."""
        return self.result["description_placeholders"]

    @property
    def aborted(self) -> str:
        assert self.result["type"] is FlowResultType.ABORT
        return self.result["reason"]

    @property
    def entry(self) -> ConfigEntry:
        """The entry that was made."""
        assert self.result["type"] is FlowResultType.CREATE_ENTRY
        return self.result["result"]

    @property
    def saved(self) -> Mapping[str, Any]:
        """The options that were saved."""
        assert self.result["type"] is FlowResultType.CREATE_ENTRY
        return self.result["data"]

    @property
    def values(self) -> dict[str, Any]:
        """What stands in the form, sections as nested values."""
        return _values(self.result["data_schema"])

    @property
    def fields(self) -> list[str]:
        return [str(key) for key in self.result["data_schema"].schema]

    def field(self, name: str) -> Any:
        """The selector of a field, or a section."""
        return self.result["data_schema"].schema[name]

    async def submit(self, **changes: Any) -> Dialog:
        """Change some fields, press the button, and see what comes.

        None empties a field. The fields of a section are changed by their own names.
        """
        self.result = await self._manager.async_configure(
            self.result["flow_id"], _changed(self.result["data_schema"], changes)
        )
        return self

    async def refresh(self) -> Dialog:
        """Look again, as the dialog does when it is told that something changed."""
        self.result = await self._manager.async_configure(self.result["flow_id"])
        return self

    async def after_progress(self) -> Dialog:
        """Look again and again until no progress is shown any more."""
        async with asyncio.timeout(5):
            while self.result["type"] is FlowResultType.SHOW_PROGRESS:
                await asyncio.sleep(0.01)
                await self.refresh()
        return self

    def close(self) -> None:
        self._manager.async_abort(self.result["flow_id"])


def _values(schema: probatio.Schema) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, field in schema.schema.items():
        if isinstance(field, section):
            values[key.schema] = _values(field.schema)
            continue
        value = (key.description or {}).get("suggested_value")
        if value is None and not isinstance(key.default, type(probatio.UNDEFINED)):
            value = key.default()
        if value is not None:
            values[key.schema] = value
    return values


def _changed(schema: probatio.Schema, changes: dict[str, Any]) -> dict[str, Any]:
    """Return what stands in a form with changes, each in the section where it belongs."""
    values = _values(schema)
    places = {
        inside.schema: values[key.schema]
        for key, field in schema.schema.items()
        if isinstance(field, section)
        for inside in field.schema.schema
    }
    for key, value in changes.items():
        target = places.get(key, values)
        if value is None:
            target.pop(key, None)
        else:
            target[key] = value
    return values


async def change_options(hass: HomeAssistant, entry: ConfigEntry) -> Dialog:
    """Open the dialog with the settings of a server."""
    manager = hass.config_entries.options
    return Dialog(manager, await manager.async_init(entry.entry_id))


async def add_server(hass: HomeAssistant) -> Dialog:
    """Open the dialog that adds a server."""
    manager = hass.config_entries.flow
    return Dialog(manager, await manager.async_init(DOMAIN, context={"source": SOURCE_USER}))


async def add_agent(hass: HomeAssistant, entry: ConfigEntry, kind: str = "conversation") -> Dialog:
    """Open the dialog that adds an agent or an AI task."""
    manager = hass.config_entries.subentries
    return Dialog(
        manager,
        await manager.async_init((entry.entry_id, kind), context={"source": SOURCE_USER}),
    )


async def change_agent(
    hass: HomeAssistant, entry: ConfigEntry, kind: str = "conversation", index: int = 0
) -> Dialog:
    """Open the dialog that changes an agent or AI task, the first one unless told otherwise."""
    manager = hass.config_entries.subentries
    result = await manager.async_init(
        (entry.entry_id, kind),
        context={
            "source": SOURCE_RECONFIGURE,
            "subentry_id": subentry(entry, kind, index).subentry_id,
        },
    )
    return Dialog(manager, result)


async def change_server(hass: HomeAssistant, entry: ConfigEntry) -> Dialog:
    """Open the dialog that changes how a server is reached."""
    manager = hass.config_entries.flow
    result = await manager.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )
    return Dialog(manager, result)


async def new_key(hass: HomeAssistant, entry: ConfigEntry) -> Dialog:
    """Open the dialog that asks for a new key, which the entry has started."""
    [flow] = [
        flow
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        if flow["context"].get("entry_id") == entry.entry_id
    ]
    return await Dialog(hass.config_entries.flow, flow).refresh()


def subentry(entry: ConfigEntry, kind: str = "conversation", index: int = 0) -> Any:
    return list(entry.get_subentries_of_type(kind))[index]
