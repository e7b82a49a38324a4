"""What is remembered of a server as long as Home Assistant runs, and from day to day.

It outlives a reload of the entry, so that a query which is under way then is counted, and
a limit can't be escaped by reloading.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_time_change, async_track_time_interval
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DATA_RECORDS, DOMAIN
from .server import (
    DEFAULT_PARALLEL,
    Day,
    Prefixes,
    QueryResult,
    RateLimiter,
    RequestQueue,
    Usage,
    Windows,
)
from .server.lenient import as_mapping

_LOGGER = logging.getLogger(__name__)

_VERSION: Final = 1
_WINDOWS: Final = "windows"
_LEARNED: Final = "bytes_per_token"
_LOOK_AT_CLOCK: Final = timedelta(minutes=1)
_SAVE_DELAY: Final = 60.0
"""Seconds after a query until the counters are written; they are at a shutdown, too."""


@dataclass(frozen=True, slots=True)
class ServerRecords:
    """Counters, limits and the queue of one server."""

    usage: Usage
    limiter: RateLimiter
    queue: RequestQueue
    windows: Windows
    prefixes: Prefixes
    spoken_to: dict[str, str] = field(default_factory=dict)
    """The agent that was spoken to last, by model."""


async def async_get_records(hass: HomeAssistant, entry_id: str) -> ServerRecords:
    """Return a server's records; the first time what an earlier run has saved is read."""
    known = hass.data.setdefault(DATA_RECORDS, {})
    if entry_id not in known:
        usage = Usage(hass.loop.time, dt_util.now)
        queue = RequestQueue(DEFAULT_PARALLEL, usage.tell)
        known[entry_id] = ServerRecords(
            usage, RateLimiter(hass.loop.time), queue, Windows(), Prefixes(hass.loop.time)
        )
        try:
            saved = await _store(hass, entry_id).async_load()
        except HomeAssistantError, NotImplementedError:
            # Of a later version, or unreadable. Counters must never keep an agent from answering.
            _LOGGER.exception("The counters of an earlier run could not be read")
            saved = None
        if (day := Day.from_dict(saved)) is not None:
            usage.restore(day)
        known[entry_id].windows.restore(as_mapping(saved).get(_WINDOWS))
        usage.restore_learned(as_mapping(saved).get(_LEARNED))
    return known[entry_id]


@callback
def async_keep_records(
    hass: HomeAssistant, entry_id: str, records: ServerRecords
) -> Callable[[], Coroutine[Any, Any, None]]:
    """Save the counters when they change, and begin a new day at midnight.

    Returns what ends that; what is not written yet is written then.
    """
    store = _store(hass, entry_id)
    usage = records.usage
    is_waiting = False

    @callback
    def save(_: QueryResult | None) -> None:
        nonlocal is_waiting
        if not is_waiting:
            # A store would wait anew with each change, in a busy home for ever.
            is_waiting = True
            store.async_delay_save(counters, _SAVE_DELAY)

    @callback
    def counters() -> dict[str, Any]:
        nonlocal is_waiting
        is_waiting = False
        return {
            **usage.day.as_dict(),
            _WINDOWS: records.windows.as_dict(),
            _LEARNED: dict(usage.learned),
        }

    @callback
    def turn_of_day(_: datetime) -> None:
        usage.turn_of_day()

    endings = (
        usage.listen(save),
        # Each minute: nobody tells when the clock is set, or the time zone.
        async_track_time_change(hass, turn_of_day, second=0),
        # After a step back the other sleeps until it is as late again as it was.
        async_track_time_interval(hass, turn_of_day, _LOOK_AT_CLOCK),
    )
    if usage.day.all.requests:
        # Some may have ended while nobody was here to save them.
        save(None)

    async def stop() -> None:
        for end in endings:
            end()
        await store.async_save(counters())

    return stop


async def async_remove_records(hass: HomeAssistant, entry_id: str) -> None:
    """Forget a server that was removed."""
    hass.data.get(DATA_RECORDS, {}).pop(entry_id, None)
    await _store(hass, entry_id).async_remove()


def _store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    return Store(hass, _VERSION, f"{DOMAIN}.usage.{entry_id}")
