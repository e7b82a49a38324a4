"""Watches a server: its version, its installed models, its loaded models."""

from dataclasses import dataclass
from datetime import timedelta
import logging
from typing import TYPE_CHECKING, Final, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError, HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .server import (
    AnswerInvalidError,
    AuthenticationError,
    InstalledModel,
    LoadedModel,
    OllamaError,
    OllamaServer,
    PublicServerError,
    QueryResult,
    RequestRejectedError,
    ServerUnreachableError,
    full_name,
)
from .server.transport import VersionMissingError

if TYPE_CHECKING:
    from .runtime import OllamaConfigEntry

_LOGGER = logging.getLogger(__name__)

IDLE_SECONDS: Final = 60.0
LOADED_SECONDS: Final = 15.0
"""While something is loaded: it can expire at any moment."""
PROBE_SECONDS: Final = 15.0
"""After the server went away; doubled each time that it is still away."""
MOST_PROBE_SECONDS: Final = 300.0
_MOST_LOOKED_UP: Final = 100
"""Models of which the abilities are asked for: each takes a request."""
_CLOCK_SLACK: Final = 1.0
"""Timers fire on whole seconds, so that an interval may seem to be a little shorter."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """What a server last told of itself."""

    version: str
    installed: tuple[InstalledModel, ...]
    loaded: tuple[LoadedModel, ...]

    @property
    def loaded_size(self) -> int:
        """Bytes of all loaded models, in whatever memory."""
        return sum(model.size for model in self.loaded)

    @property
    def gpu_size(self) -> int:
        """Bytes of all loaded models in the memory of the graphics card."""
        return sum(model.gpu_size for model in self.loaded)


class OllamaCoordinator(DataUpdateCoordinator[ServerState]):
    """Asks a server in turns; one that is away is only asked whether it is back."""

    config_entry: OllamaConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: OllamaConfigEntry,
        server: OllamaServer,
        *,
        name: str,
        was_loaded: bool,
    ) -> None:
        """Prepare; nothing is asked yet.

        The name is for the log. What has loaded before is known to be an Ollama server:
        something else that answers is a proxy in front of it, and may be gone in a minute.
        """
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=name,
            update_interval=timedelta(seconds=IDLE_SECONDS),
            always_update=False,
        )
        self._server = server
        self._was_loaded = was_loaded
        self._asked_less_at = float("-inf")
        self._probe_seconds = PROBE_SECONDS
        self._lists_asked_at = float("-inf")
        self._details_asked_for: set[str] = set()

    @property
    def last_error(self) -> str | None:
        """Translation key of why the server is away; None while it is there."""
        if self.last_update_success:
            return None
        return getattr(self.last_exception, "translation_key", None) or "unknown"

    @override
    async def _async_update_data(self) -> ServerState:
        try:
            state = await self._async_ask()
        except OllamaError as err:
            self._go_away(err)
            raise self._failure(err) from err
        self._probe_seconds = PROBE_SECONDS
        seconds = LOADED_SECONDS if state.loaded else IDLE_SECONDS
        self.update_interval = timedelta(seconds=seconds)
        self._look_up_details(state)
        return state

    def _look_up_details(self, state: ServerState) -> None:
        """Ask once for what each model can do, where the server doesn't list that."""
        catalog = self._server.models
        unknown = [
            model
            for model in state.installed
            if not model.capabilities
            and model.digest not in self._details_asked_for
            and catalog.known_details(model.name) is None
        ][:_MOST_LOOKED_UP]
        if not unknown:
            return
        self._details_asked_for |= {model.digest for model in unknown}

        async def look_up() -> None:
            await catalog.async_details_of_all(unknown)
            self.async_update_listeners()

        self.config_entry.async_create_background_task(
            self.hass, look_up(), f"{self.name} details of models"
        )

    async def _async_ask(self) -> ServerState:
        """Ask for what is due. Raises OllamaError."""
        now = self.hass.loop.time()
        away = self.data is None or not self.last_update_success
        if away:
            self._server.forget_address()
        if not away and now < self._lists_asked_at + IDLE_SECONDS - _CLOCK_SLACK:
            loaded = await self._server.async_running()
            return ServerState(self.data.version, self.data.installed, tuple(loaded))
        # Not at the end: whoever wants it all asked again meanwhile must not be overheard.
        self._lists_asked_at = now
        # First of all, and alone while the server is away: the lightest of all questions.
        version = await self._async_version()
        installed = await self._server.models.async_refresh()
        if version is None and not installed:
            # Neither version nor models: something else answers in the server's place.
            raise AnswerInvalidError
        loaded = await self._server.async_running()
        return ServerState(version or "", tuple(installed), tuple(loaded))

    async def _async_version(self) -> str | None:
        """Return the version, None where a server that is known tells none.

        Of a new one it is the version that tells it from something else. Raises OllamaError.
        """
        try:
            return await self._server.async_version()
        except AnswerInvalidError as err:
            is_known = self._was_loaded or self.data is not None
            if is_known and isinstance(err.__cause__, VersionMissingError):
                return None
            raise

    @callback
    def async_ask_all_next(self) -> None:
        """Ask for everything the next time, whenever that is."""
        self._lists_asked_at = float("-inf")

    async def async_ask_again(self) -> None:
        """Ask for everything at once: the models were changed."""
        self.async_ask_all_next()
        await self.async_refresh()

    @callback
    def async_note_result(self, result: QueryResult | None) -> None:
        """Learn from a query what it tells of the server."""
        if result is None or result.error is not None or not result.figures.generations:
            return
        loaded = () if self.data is None else self.data.loaded
        is_known = full_name(result.model) in {full_name(model.name) for model in loaded}
        if not self.last_update_success or not is_known:
            self.config_entry.async_create_background_task(
                self.hass, self.async_request_refresh(), f"{self.name} refresh after an answer"
            )

    @callback
    def async_note_download(self, event: Event) -> None:
        """Look at the models again after a download, whoever has started it."""
        if event.data.get("status") == "running":
            return

        async def look() -> None:
            await self.async_ask_again()
            # A model that is still missing is told of again, though nothing has changed.
            self.async_update_listeners()

        if event.data.get("config_entry_id") in (None, self.config_entry.entry_id):
            self.config_entry.async_create_background_task(
                self.hass, look(), f"{self.name} refresh after a download"
            )

    @callback
    def async_note_error(self, err: HomeAssistantError) -> None:
        """Learn from a failure: the key is refused, or the server is away."""
        is_loaded = self.config_entry.state is ConfigEntryState.LOADED
        if isinstance(err, AuthenticationError) and is_loaded:
            self.config_entry.async_start_reauth(self.hass)
        if not isinstance(err, ServerUnreachableError) or not self.last_update_success:
            return
        if self._shutdown_requested:
            return  # of a turn that has outlived its entry
        self._go_away(err)
        self.last_exception = err
        self._schedule_refresh()
        self.async_update_listeners()

    def _go_away(self, err: OllamaError) -> None:
        """Tell the log once, and ask less and less often."""
        self.update_interval = timedelta(seconds=self._probe_seconds)
        now = self.hass.loop.time()
        if now > self._asked_less_at + self._probe_seconds / 2 - _CLOCK_SLACK:
            # Not for those who press a button again and again.
            self._asked_less_at = now
            self._probe_seconds = min(2 * self._probe_seconds, MOST_PROBE_SECONDS)
        if not self.last_update_success:
            return
        # A failure at the set-up is told by Home Assistant. This marks it as told, so that
        # what is no error of the integration's isn't logged as one.
        self.last_update_success = False
        if self.config_entry.state is ConfigEntryState.LOADED:
            _LOGGER.warning("The server %s is not available: %s", self.name, err)

    def _failure(self, err: OllamaError) -> HomeAssistantError:
        """Return what Home Assistant wants for a failure."""
        kind: type[HomeAssistantError] = UpdateFailed
        if self.config_entry.state is not ConfigEntryState.SETUP_IN_PROGRESS:
            if isinstance(err, AuthenticationError):
                # Home Assistant would stop asking for good, also when a proxy was to blame.
                self.config_entry.async_start_reauth(self.hass)
        elif isinstance(err, AuthenticationError):
            kind = ConfigEntryAuthFailed
        elif isinstance(err, PublicServerError) or (
            isinstance(err, AnswerInvalidError | RequestRejectedError) and not self._was_loaded
        ):
            # It may not be used, or it answers and isn't Ollama: trying again would not help.
            kind = ConfigEntryError
        return kind(
            translation_domain=err.translation_domain,
            translation_key=err.translation_key,
            translation_placeholders=err.translation_placeholders,
        )
