"""A time limit for many short waits, one after another."""

import asyncio
import math


class Patience:
    """Ends a wait that takes too long, as `asyncio.timeout` does, at a tenth of its cost.

    A stream has thousands of waits and hardly ever an end of patience: one timer stays
    armed and looks, when it fires, whether the limit has moved on in the meantime.
    """

    def __init__(self, whole: float) -> None:
        """Take the limit for all waits together, in seconds."""
        self._loop = asyncio.get_running_loop()
        self._time = self._loop.time
        self._end = self._time() + whole
        self._deadline: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for = math.inf
        """When the timer fires."""
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._expired = False

    def close(self) -> None:
        """Take the timer back."""
        if self._timer is not None:
            self._timer.cancel()

    def begin(self, seconds: float) -> None:
        """Begin a wait, which has to end with `end` or with `is_over`."""
        task = self._task = asyncio.current_task()
        self._cancelling = task.cancelling() if task else 0
        deadline = self._time() + seconds
        deadline = min(deadline, self._end)
        self._deadline = deadline
        if deadline < self._armed_for:
            self._arm(deadline)

    def end(self) -> None:
        """End a wait: what was waited for has come, if only in the last moment."""
        self._deadline = None
        if self._expired and self._task is not None:
            self._expired = False
            self._task.uncancel()

    def is_over(self) -> bool:
        """Whether a wait was cancelled here, and by nobody else."""
        self._deadline = None
        if not self._expired or self._task is None:
            return False
        self._expired = False
        return self._task.uncancel() <= self._cancelling

    def _arm(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._look)
        self._armed_for = deadline

    def _look(self) -> None:
        self._timer, self._armed_for = None, math.inf
        if self._deadline is None:
            return  # nothing is waited for; the next wait arms it again
        if self._time() < self._deadline:
            self._arm(self._deadline)
            return
        self._expired = True
        if self._task is not None:
            self._task.cancel()
