"""A download as a step of any flow."""

from typing import Any

from homeassistant.data_entry_flow import FlowHandler

from ..const import DATA_DOWNLOADS
from ..server import OllamaError, OllamaServer

REFRESH_SECONDS = 1.0
"""At most this often the dialog is told how far the download is."""

_BYTES_PER_GIGABYTE = 1_000_000_000


class DownloadStep:
    """What a flow shows while the server downloads a model.

    The download goes on when the dialog is closed; somebody who opens it again and
    asks for the same model joins it.
    """

    def __init__(self, flow: FlowHandler[Any, Any, Any], server: OllamaServer, model: str) -> None:
        """Start the download, or join it."""
        self._flow = flow
        self._download = flow.hass.data[DATA_DOWNLOADS].async_start(server, model)

    @property
    def error(self) -> OllamaError | None:
        """Why it failed."""
        return self._download.error

    def async_show(self, *, then: str, failed: str) -> Any:
        """Return what the flow shows: how far it is, or which step comes next."""
        if self._download.done:
            return self._flow.async_show_progress_done(next_step_id=failed if self.error else then)
        progress = self._download.progress
        return self._flow.async_show_progress(
            step_id="download",
            progress_action="download",
            description_placeholders={
                "model": self._download.model,
                "percent": str(int(progress.fraction * 100)),
                "completed": gigabytes(progress.completed),
                "total": gigabytes(progress.total),
            },
            # A new task each time: the flow looks again whenever one has ended.
            progress_task=self._flow.hass.async_create_task(
                self._async_wait(), "ollama download progress", eager_start=False
            ),
        )

    async def _async_wait(self) -> None:
        await self._download.async_wait_for_news(REFRESH_SECONDS)
        self._flow.async_update_progress(self._download.progress.fraction)


def gigabytes(size: int) -> str:
    """Return a size in bytes as people read it, as `ollama list` does: 5.2 GB."""
    return f"{size / _BYTES_PER_GIGABYTE:.1f} GB"
