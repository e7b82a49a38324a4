"""Hours that pass in a moment."""

import asyncio
from collections.abc import Generator
import contextlib
from datetime import UTC, datetime, timedelta
import time
from typing import Any

from freezegun import freeze_time
from homeassistant.core import HomeAssistant
from homeassistant.util.async_ import get_scheduled_timer_handles


class Clock:
    """Moves the calendar and the timers of the event loop together, as real time does.

    The event loop itself runs on, so that requests are really sent and answered.
    """

    def __init__(self, hass: HomeAssistant, calendar: Any, start: datetime) -> None:
        self._hass = hass
        self._calendar = calendar
        self._ahead = 0.0
        self._loop_at_zero = self.time()
        self._calendar_at_zero = start

    def time(self) -> float:
        """The event loop's clock."""
        # Of all clocks the one that stays real while the calendar is frozen.
        return time.clock_gettime(time.CLOCK_MONOTONIC) + self._ahead

    @property
    def now(self) -> float:
        """Seconds since the test began, whatever the calendar says."""
        return self.time() - self._loop_at_zero

    async def wait(self, seconds: float) -> None:
        """Let time pass, from timer to timer: each has its effect before the next is due."""
        end = self.time() + seconds
        while (due := self._next_timer()) <= end:
            await self._jump(due)
        await self._jump(end)

    async def wait_until(self, moment: datetime) -> None:
        """Let time pass until the calendar shows a moment."""
        await self.wait((moment - datetime.now(UTC)).total_seconds())

    def set(self, moment: datetime) -> None:
        """Set the clock on the wall; timers don't notice."""
        self._calendar_at_zero = moment - timedelta(seconds=self.now)
        self._show()

    def _next_timer(self) -> float:
        timers = get_scheduled_timer_handles(self._hass.loop)
        return min((t.when() for t in timers if not t.cancelled()), default=float("inf"))

    async def _jump(self, due: float) -> None:
        self._ahead += max(0.0, due - self.time())
        self._show()
        # Timers that are due come after what is ready, and start tasks.
        for _ in range(3):
            await asyncio.sleep(0)
        await self._hass.async_block_till_done(wait_background_tasks=True)

    def _show(self) -> None:
        self._calendar.move_to(self._calendar_at_zero + timedelta(seconds=self.now))


@contextlib.contextmanager
def passing_time(hass: HomeAssistant, start: datetime) -> Generator[Clock]:
    """Take the time into one's own hands, from a moment on."""
    with freeze_time(start) as calendar:
        clock = Clock(hass, calendar, start)
        usual = hass.loop.time
        hass.loop.time = clock.time
        try:
            yield clock
        finally:
            hass.loop.time = usual
