"""How many requests there may be, and when the next one is free.

Times are those of a clock that only goes forward, so that setting the clock changes nothing.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
import math
from typing import Final

HOUR: Final = 3600.0
MOST_PER_HOUR: Final = 10_000
"""The highest limit that can be set, and so what has to be remembered."""
_SHARE_FOR_PEOPLE: Final = 10
"""Of each so many requests of an hour, one is kept for people: an automation that has run
wild must not leave a family without its voice."""


class Requester(Enum):
    """Who asks."""

    PERSON = auto()
    """By voice or text, known or not."""
    ADMIN = auto()
    """Never refused, so that nobody locks himself out of his own home; counted all the same."""
    AUTOMATION = auto()
    BACKGROUND = auto()
    """What the integration does by itself. Neither counted here nor refused."""


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The limits; 0 stands for none."""

    per_hour: int = 0
    per_hour_and_user: int = 0
    seconds_between: float = 0.0


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request may not be made now."""

    wait: float
    """Seconds until it may."""
    too_soon: bool
    """Whether it came too soon after the one before, rather than being one too many."""


class RateLimiter:
    """Counts requests in a sliding hour.

    A request is counted when it is let through, once, whatever becomes of it.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        """Take a clock, in seconds."""
        self._now = now
        self._all: deque[float] = deque(maxlen=MOST_PER_HOUR)
        self._by_user: dict[str, deque[float]] = {}
        self._last: dict[str, float] = {}
        self.refused = 0

    def take(
        self, limits: RateLimits, requester: Requester, user_id: str | None, place: str = ""
    ) -> Refused | None:
        """Count a request, or return why it is refused.

        `place` tells people apart who have no user: the satellite or device they speak to.
        """
        if requester is Requester.BACKGROUND:
            return None
        now = self._now()
        self._forget(now)
        who = user_id or f"{requester.name} {place}"
        if requester is not Requester.ADMIN:
            waits = list(self._waits(limits, requester, user_id, who, now))
            if waits:
                self.refused += 1
                return max(waits, key=lambda refused: refused.wait)
        self._all.append(now)
        self._last[who] = now
        if user_id:
            known = self._by_user.setdefault(user_id, deque(maxlen=MOST_PER_HOUR))
            known.append(now)
        return None

    def _waits(
        self,
        limits: RateLimits,
        requester: Requester,
        user_id: str | None,
        who: str,
        now: float,
    ) -> Iterator[Refused]:
        """Yield each limit that a request would break."""
        allowed = limits.per_hour
        if requester is Requester.AUTOMATION:
            allowed -= allowed // _SHARE_FOR_PEOPLE
        if allowed and len(self._all) >= allowed:
            yield Refused(self._all[-allowed] + HOUR - now, too_soon=False)
        own = self._by_user.get(user_id or "", ())
        allowed = limits.per_hour_and_user
        if allowed and len(own) >= allowed:
            yield Refused(own[-allowed] + HOUR - now, too_soon=False)
        free = self._last.get(who, -math.inf) + limits.seconds_between
        if free > now:
            yield Refused(free - now, too_soon=True)

    def _forget(self, now: float) -> None:
        """Drop what is an hour old, and who has asked nothing since."""
        _drop(self._all, now)
        for user_id, times in list(self._by_user.items()):
            _drop(times, now)
            if not times:
                del self._by_user[user_id]
        if len(self._last) > len(self._all):
            self._last = {who: at for who, at in self._last.items() if at + HOUR > now}


def _drop(times: deque[float], now: float) -> None:
    # The same sum as in the wait that is told: what is rounded is rounded alike.
    while times and times[0] + HOUR <= now:
        times.popleft()
