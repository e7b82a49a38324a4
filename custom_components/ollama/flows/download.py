"""A download as a step of any flow."""

import asyncio
import math
from typing import Any

from homeassistant.data_entry_flow import FlowHandler

from ..server import OllamaError, OllamaServer
from ..server.downloads import Progress, async_get_downloads
from .server import FormError

REFRESH_SECONDS = 1.0
"""At most this often the dialog is told how far the download is.

It needs the time to fetch one text before the next, or the end, comes.
"""

_BYTES_PER_MEGABYTE = 1_000_000
_BYTES_PER_GIGABYTE = 1_000_000_000


class DownloadStep:
    """What a flow shows while the server downloads a model.

    The download goes on when the dialog is closed; somebody who opens it again and
    asks for the same model joins it.
    """

    def __init__(
        self,
        flow: FlowHandler[Any, Any, Any],
        server: OllamaServer,
        model: str,
        entry_id: str | None = None,
    ) -> None:
        """Start the download, or join it; a server that is being added has no entry yet."""
        self._flow = flow
        self._download = async_get_downloads(flow.hass).async_start(server, model, entry_id)
        self._shown = self._download.progress
        self._news: asyncio.Task[None] | None = None

    @property
    def error(self) -> FormError | None:
        """Why it failed, in the server's own words where it gave any."""
        error: OllamaError | None = self._download.error
        return FormError.from_download(error, self._download.model) if error else None

    def async_show(self, *, then: str, failed: str) -> Any:
        """Return what the flow shows: how far it is, or which step comes next.

        The end is told to the task that the flow waits for, and to nobody before: the
        dialog would move on at the same time.
        """
        if self._download.done and self._news is None:
            return self._flow.async_show_progress_done(next_step_id=failed if self.error else then)
        news = self._async_news()
        shown = self._shown
        if shown.fetched:
            action = "download_ends"
        elif shown.total:
            action = "download"
        else:
            action = "download_begins"
        return self._flow.async_show_progress(
            step_id="download",
            progress_action=action,
            description_placeholders={
                "model": self._download.model,
                # Rounded as the dialog's own ring rounds it.
                "percent": str(math.ceil(shown.fraction * 100)),
                "completed": readable_size(shown.completed),
                "total": readable_size(shown.total),
            },
            progress_task=news,
        )

    def _async_news(self) -> asyncio.Task[None]:
        """Return a task that ends when there is something new to show.

        The dialog asks again after every change, and gets the same task and the same
        figures while that task waits: each task makes the flow look again when it ends,
        so one for every question would soon be hundreds.
        """
        if self._news is None:
            self._shown = self._download.progress
            self._news = self._flow.hass.async_create_background_task(
                self._async_wait(self._shown), "ollama download progress", eager_start=False
            )
            # Runs right before the callback with which the flow looks again.
            self._news.add_done_callback(self._forget_news)
        return self._news

    async def _async_wait(self, shown: Progress) -> None:
        # Not before the flow has announced its new text: the dialog drops its ring then.
        self._flow.async_update_progress(shown.fraction)
        await self._download.async_wait_for_news(shown)
        await asyncio.sleep(REFRESH_SECONDS)

    def _forget_news(self, _: asyncio.Task[None]) -> None:
        self._news = None


def readable_size(size: int) -> str:
    """Return a size in bytes as `ollama list` shows it: 523 MB, 5.2 GB."""
    if size < _BYTES_PER_GIGABYTE:
        return f"{round(size / _BYTES_PER_MEGABYTE)} MB"
    return f"{size / _BYTES_PER_GIGABYTE:.1f} GB"
