"""Downloading, deleting, loading and unloading the models of a server."""

from collections.abc import Generator, Iterable
import contextlib
from typing import Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_MODEL
from homeassistant.core import HomeAssistant

from .agent import AgentSettings
from .agents import window_of
from .const import DOMAIN, SUBENTRY_CONVERSATION
from .refusals import invalid
from .runtime import OllamaConfigEntry, url_of
from .server import (
    ModelMissingError,
    OllamaError,
    full_name,
    of_download,
    same_server,
)
from .server.downloads import async_get_downloads
from .settings import ServerSettings

STATUS_STARTED: Final = "started"
STATUS_RUNNING: Final = "running"
STATUS_DONE: Final = "done"


def users_of(entry: OllamaConfigEntry, model: str) -> list[ConfigSubentry]:
    """Return the agents and tasks of a server that use a model, agents first."""
    name = full_name(model)
    users = [
        subentry
        for subentry in entry.subentries.values()
        if full_name(subentry.data.get(CONF_MODEL, "")) == name
    ]
    return sorted(users, key=lambda user: user.subentry_type != SUBENTRY_CONVERSATION)


def _entries_of_server(hass: HomeAssistant, entry: OllamaConfigEntry) -> list[OllamaConfigEntry]:
    """Return all entries with the server of this one: it may have been added twice."""
    url = url_of(entry)
    return [
        other
        for other in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        if same_server(url_of(other), url)
    ]


async def async_pull(
    hass: HomeAssistant, entry: OllamaConfigEntry, model: str, *, wait: bool
) -> str:
    """Download a model, or join the download that is running; return the status.

    It raises OllamaError when the download fails at once, and with `wait` whenever it fails;
    otherwise the event and the log tell.
    """
    runtime = entry.runtime_data
    downloads = async_get_downloads(hass)
    joined = downloads.async_is_running(runtime.server, model)
    download = downloads.async_start(runtime.server, model, entry.entry_id)
    # A name that doesn't exist is known in a moment. The download keeps the other limits itself.
    await download.async_wait_for_end(None if wait else runtime.server.limits.first_news)
    if not download.done:
        return STATUS_RUNNING if joined else STATUS_STARTED
    await runtime.coordinator.async_ask_again()
    if (err := download.error) is not None:
        with _noted(entry):
            raise of_download(err, model)
    return STATUS_DONE


async def async_delete(
    hass: HomeAssistant, entry: OllamaConfigEntry, model: str, *, force: bool
) -> None:
    """Delete a model from the server.

    Raises OllamaError, and ServiceValidationError while somebody uses it.
    """
    runtime = entry.runtime_data
    if async_get_downloads(hass).async_is_running(runtime.server, model):
        raise invalid("model_downloading", model=model)
    if not force:
        _refuse_in_use(_entries_of_server(hass, entry), model)
    with _noted(entry):
        await runtime.server.async_delete(model)
    await runtime.coordinator.async_ask_again()


def _refuse_in_use(entries: Iterable[OllamaConfigEntry], model: str) -> None:
    """Raise ServiceValidationError for a model that some entry of its server uses."""
    names: list[str] = []
    routed: set[str] = set()
    for entry in entries:
        names += [user.title for user in users_of(entry, model)]
        routed |= set(map(full_name, ServerSettings.from_options(entry.options).models.values()))
    if names:
        raise invalid("model_in_use", model=model, agents=", ".join(names))
    if full_name(model) in routed:
        raise invalid("model_in_settings", model=model)


async def async_load(entry: OllamaConfigEntry, model: str) -> None:
    """Load a model as its first agent will use it: else it would be loaded anew then.

    Raises OllamaError.
    """
    runtime = entry.runtime_data
    users = users_of(entry, model)
    settings = AgentSettings.from_data(users[0].data) if users else None
    with _noted(entry):
        await runtime.server.async_load(
            model,
            num_ctx=window_of(entry, settings) if settings else None,
            keep_alive=settings.keep_alive if settings else None,
        )
    await runtime.coordinator.async_ask_again()


async def async_unload(entry: OllamaConfigEntry, model: str) -> None:
    """Take a model out of memory. Raises OllamaError."""
    runtime = entry.runtime_data
    with _noted(entry):
        await runtime.server.async_unload(model)
    await runtime.coordinator.async_ask_again()


async def async_unload_all(entry: OllamaConfigEntry) -> None:
    """Take every model out of memory, also those that others have loaded.

    Raises OllamaError.
    """
    runtime = entry.runtime_data
    failure: OllamaError | None = None
    try:
        with _noted(entry):
            for model in await runtime.server.async_running():
                try:
                    await runtime.server.async_unload(model.name)
                except OllamaError as err:
                    failure = failure or err
            if failure is not None:
                raise failure
    finally:
        await runtime.coordinator.async_ask_again()


@contextlib.contextmanager
def _noted(entry: OllamaConfigEntry) -> Generator[None]:
    """Let a failure be known to those whom it concerns."""
    coordinator = entry.runtime_data.coordinator
    try:
        yield
    except ModelMissingError as err:
        # There is no agent here for whom another could be chosen.
        raise ModelMissingError("model_not_there", **(err.translation_placeholders or {})) from err
    except OllamaError as err:
        coordinator.async_note_error(err)
        raise
