"""Which pipelines were made here: these are removed with their subentry, and no others.

That stands in the options of the entry, since a subentry can be removed while this integration
isn't there.
"""

from collections.abc import Mapping
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..server.lenient import as_mapping, as_text
from .assembly import async_remove
from .settings import CONF_PIPELINE, SUBENTRY_VOICE

CONF_PIPELINES: Final = "pipelines"


async def async_keep_pipelines(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remember the pipelines of an entry, and remove those of subentries that are gone."""
    left = {
        subentry_id: pipeline
        for subentry_id, pipeline in _remembered(entry).items()
        if subentry_id not in entry.subentries and not await async_remove(hass, pipeline)
    }
    pipelines = left | _made(entry)
    if pipelines == _remembered(entry):
        return
    options = {key: value for key, value in entry.options.items() if key != CONF_PIPELINES}
    if pipelines:
        options[CONF_PIPELINES] = pipelines
    hass.config_entries.async_update_entry(entry, options=options)


async def async_remove_pipelines(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remove all pipelines that were made for an entry."""
    for pipeline in {*_remembered(entry).values(), *_made(entry).values()}:
        await async_remove(hass, pipeline)


def _remembered(entry: ConfigEntry) -> Mapping[str, str]:
    saved = as_mapping(entry.options.get(CONF_PIPELINES))
    return {key: as_text(pipeline) for key, pipeline in saved.items()}


def _made(entry: ConfigEntry) -> dict[str, str]:
    return {
        subentry.subentry_id: pipeline
        for subentry in entry.get_subentries_of_type(SUBENTRY_VOICE)
        if (pipeline := as_text(subentry.data.get(CONF_PIPELINE)))
    }
