"""Downloads of models: one at a time for each model of each server.

A download belongs to Home Assistant, not to the dialog that started it: it goes on when
the dialog is closed, and somebody who asks again joins it. How far it is, is told by
events and in the log.
"""

import asyncio
from collections.abc import Hashable
import contextlib
from dataclasses import dataclass
import logging
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.singleton import singleton

import ollama

from ..const import DATA_DOWNLOADS, EVENT_PULL_PROGRESS
from .address import comparable
from .errors import (
    AnswerCutError,
    AnswerInvalidError,
    OllamaError,
    ServerUnreachableError,
    TooSlowError,
)
from .lenient import as_count
from .names import full_name

if TYPE_CHECKING:
    from .client import OllamaServer

_LOGGER = logging.getLogger(__name__)

# Lines of pull_ok_stream.jsonl: after the last file, and the very last one.
_STATUS_FETCHED = "verifying sha256 digest"
_STATUS_DONE = "success"

_MOST_RESUMED: Final = 5
"""So often a download is taken up again that breaks off without getting any further."""

EVENT_SECONDS: Final = 1.0
"""At most this often an event tells how far a download is."""
_LOGGED_STEP: Final = 0.1
"""Share of the whole after which the log tells it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download is; both figures in bytes, over all files seen so far."""

    completed: int = 0
    total: int = 0
    fetched: bool = False
    """Whether all files are there. The server checks them then, a large one for minutes."""

    @property
    def fraction(self) -> float:
        """Between 0 and 1; 0 while the size isn't known."""
        return min(1.0, max(0.0, self.completed / self.total)) if self.total else 0.0


class Download:
    """One running or finished download."""

    def __init__(self, model: str) -> None:
        """Start at nothing."""
        self.model = model
        self.progress = Progress()
        self.error: OllamaError | None = None
        self._files: dict[str, tuple[int, int]] = {}
        self._changed = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self._ended.is_set()

    async def async_wait_for_news(self, known: Progress) -> None:
        """Wait until the progress isn't `known` any more, or the download is done.

        The download itself keeps the time limit: it ends in every case.
        """
        while self.progress == known and not self.done:
            await self._changed.wait()

    async def async_wait_for_end(self, seconds: float | None = None) -> None:
        """Wait until the download is done, or so long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)

    async def async_run(self, server: OllamaServer) -> None:
        """Read the progress until the end; an error is kept, not raised."""
        try:
            await self._read_to_the_end(server)
        except OllamaError as err:
            words = (err.translation_placeholders or {}).get("detail") or err.translation_key
            _LOGGER.warning("Download of %s failed: %s", self.model, words)
            self.error = err
        except asyncio.CancelledError:
            # Whoever still watches must not take it for complete.
            self.error = AnswerCutError()
            raise
        except Exception:
            _LOGGER.exception("Download of %s failed", self.model)
            self.error = AnswerInvalidError()
        finally:
            self._ended.set()
            server.models.forget(self.model)
            self._changed.set()

    async def _read_to_the_end(self, server: OllamaServer) -> None:
        """Take a download up again that breaks off: the server has kept what was there.

        Raises OllamaError for one that hasn't begun, or gets no further any more.
        """
        failures = furthest = 0
        while True:
            try:
                return await self._read(server)
            except (AnswerCutError, ServerUnreachableError) as err:
                failures = 0 if self.progress.completed > furthest else failures + 1
                furthest = max(furthest, self.progress.completed)
                if not self.progress.completed or failures >= _MOST_RESUMED:
                    raise
                _LOGGER.info("Download of %s broke off (%s)", self.model, err.translation_key)
            await asyncio.sleep(server.limits.pull_retry)

    async def _read(self, server: OllamaServer) -> None:
        """Read lines as long as they tell something new. Raises OllamaError.

        A server whose download has stalled goes on sending the same lines.
        """
        patience = server.limits.pull_chunk
        now = asyncio.get_running_loop().time
        told: set[str | None] = set()
        furthest = 0
        try:
            async with (
                asyncio.timeout(patience) as limit,
                contextlib.aclosing(server.async_pull(self.model)) as lines,
            ):
                async for line in lines:
                    self._publish(line)
                    if line.status == _STATUS_DONE:
                        return
                    if line.status not in told or self.progress.completed > furthest:
                        limit.reschedule(now() + patience)
                    told.add(line.status)
                    furthest = max(furthest, self.progress.completed)
        except TimeoutError as err:
            raise TooSlowError from err

    def _publish(self, line: ollama.ProgressResponse) -> None:
        if line.digest and line.total:
            # `completed` is left out while it is 0 (fact 22).
            self._files[line.digest] = (as_count(line.completed), as_count(line.total))
        self.progress = Progress(
            completed=sum(completed for completed, _ in self._files.values()),
            total=sum(total for _, total in self._files.values()),
            fetched=not line.digest and (self.progress.fetched or line.status == _STATUS_FETCHED),
        )
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class Downloads:
    """The downloads of all servers."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start with none."""
        self._hass = hass
        self._running: dict[tuple[Hashable, str], Download] = {}

    @callback
    def async_is_running(self, server: OllamaServer, model: str) -> bool:
        """Whether a model is being downloaded right now."""
        return self._key(server, model) in self._running

    @callback
    def async_start(
        self, server: OllamaServer, model: str, entry_id: str | None = None
    ) -> Download:
        """Start a download, or join the one that is running.

        The events name the entry, where there is one. Raises CloudModelError.
        """
        server.check_model(model)
        key = self._key(server, model)
        if (running := self._running.get(key)) is not None:
            return running
        download = self._running[key] = Download(model)

        async def run() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._async_tell(download, entry_id))
                try:
                    await download.async_run(server)
                finally:
                    del self._running[key]

        # Home Assistant owns the task and cancels it when it stops.
        self._hass.async_create_background_task(run(), f"ollama download of {model}")
        return download

    @staticmethod
    def _key(server: OllamaServer, model: str) -> tuple[Hashable, str]:
        # A server may have been added twice, with its address written in two ways.
        return (comparable(server.connection.url), full_name(model))

    async def _async_tell(self, download: Download, entry_id: str | None) -> None:
        """Tell how far a download is until it has ended, by events and in the log."""
        _LOGGER.info("Download of %s begins", download.model)
        logged = 0.0
        while not download.done:
            shown = download.progress
            self._fire(download, entry_id)
            if shown.fraction >= logged + _LOGGED_STEP:
                logged = shown.fraction
                _LOGGER.info("Download of %s: %d %%", download.model, 100 * logged)
            await download.async_wait_for_news(shown)
            await download.async_wait_for_end(EVENT_SECONDS)
        self._fire(download, entry_id)
        if download.error is None:
            _LOGGER.info("Download of %s is complete", download.model)

    def _fire(self, download: Download, entry_id: str | None) -> None:
        progress = download.progress
        status = "running"
        if download.done:
            status = "failed" if download.error else "done"
        data: dict[str, Any] = {
            "config_entry_id": entry_id,
            "model": download.model,
            "status": status,
            "completed": progress.completed,
            "total": progress.total,
            "percent": 100 if status == "done" else int(100 * progress.fraction),
        }
        if download.error is not None:
            data["error"] = download.error.translation_key
        self._hass.bus.async_fire(EVENT_PULL_PROGRESS, data)


@callback
@singleton(DATA_DOWNLOADS)
def async_get_downloads(hass: HomeAssistant) -> Downloads:
    """Return the downloads; made here, since the first server's flow runs before set-up."""
    return Downloads(hass)
