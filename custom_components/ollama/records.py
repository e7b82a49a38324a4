"""What is remembered of a server as long as Home Assistant runs, and from day to day.

It outlives a reload of the entry, so that a query which is under way then is counted, and
a limit can't be escaped by reloading.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DATA_RECORDS, DOMAIN
from .server import Day, QueryResult, RateLimiter, Usage

_VERSION: Final = 1
_SAVE_DELAY: Final = 60.0
"""Seconds after a query until the counters are written; they are at a shutdown, too."""


@dataclass(frozen=True, slots=True)
class ServerRecords:
    """Counters and limits of one server."""

    usage: Usage
    limiter: RateLimiter


async def async_get_records(hass: HomeAssistant, entry_id: str) -> ServerRecords:
    """Return a server's records; the first time what an earlier run has saved is read."""
    known = hass.data.setdefault(DATA_RECORDS, {})
    if entry_id not in known:
        usage = Usage(hass.loop.time, lambda: dt_util.now().date())
        known[entry_id] = ServerRecords(usage, RateLimiter(hass.loop.time))
        saved = await _store(hass, entry_id).async_load()
        if (day := Day.from_dict(saved)) is not None:
            usage.restore(day)
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

    @callback
    def save(_: QueryResult | None) -> None:
        store.async_delay_save(lambda: usage.day.as_dict(), _SAVE_DELAY)  # noqa: PLW0108 # each day is another object

    stop_listening = usage.listen(save)
    midnight = _Midnight(hass, usage)

    async def stop() -> None:
        stop_listening()
        midnight.stop()
        await store.async_save(usage.day.as_dict())

    return stop


async def async_remove_records(hass: HomeAssistant, entry_id: str) -> None:
    """Forget a server that was removed."""
    hass.data.get(DATA_RECORDS, {}).pop(entry_id, None)
    await _store(hass, entry_id).async_remove()


def _store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    return Store(hass, _VERSION, f"{DOMAIN}.usage.{entry_id}")


class _Midnight:
    """Turns the day at local midnight, whatever the clock does in between."""

    def __init__(self, hass: HomeAssistant, usage: Usage) -> None:
        self._hass = hass
        self._usage = usage
        self._cancel: CALLBACK_TYPE | None = None
        self._wait()

    def stop(self) -> None:
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    @callback
    def _wait(self) -> None:
        # The start of tomorrow, which may be 23 or 25 hours after the start of today.
        today = dt_util.start_of_local_day()
        tomorrow = dt_util.start_of_local_day(today.date() + timedelta(days=1))
        self._cancel = async_track_point_in_utc_time(self._hass, self._turn, tomorrow)

    @callback
    def _turn(self, _: Any) -> None:
        self._usage.turn_of_day()
        self._wait()
