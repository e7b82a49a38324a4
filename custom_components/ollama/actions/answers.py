"""Answers that are kept for a while, so that the same question isn't asked twice."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
import contextlib
from dataclasses import dataclass, field
from datetime import timedelta
import hashlib
from typing import Any, Final
from weakref import WeakValueDictionary

from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import json_bytes
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN

_MOST_KEPT: Final = 200


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was given."""

    text: str
    model: str
    data: Any = None


@dataclass(slots=True)
class Answers:
    """The answers of all servers, in memory only, and found by a digest of the question."""

    _kept: dict[str, tuple[float, KeptAnswer]] = field(default_factory=dict)
    """When each expires on the loop's clock; those kept last stand last."""
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    @contextlib.asynccontextmanager
    async def async_only_one(self, key: str) -> AsyncGenerator[None]:
        """Let the same question be asked once at a time: the next one finds the answer."""
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        async with lock:
            yield

    def find(self, key: str) -> KeptAnswer | None:
        """Return what was kept, unless it has expired."""
        now = asyncio.get_running_loop().time()
        expires, answer = self._kept.get(key, (0.0, None))
        return answer if expires > now else None

    def keep(self, key: str, answer: KeptAnswer, duration: timedelta) -> None:
        """Keep an answer for so long; the oldest ones go where there are too many."""
        now = asyncio.get_running_loop().time()
        self._kept = {kept: item for kept, item in self._kept.items() if item[0] > now}
        self._kept.pop(key, None)
        while len(self._kept) >= _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (now + duration.total_seconds(), answer)


_ANSWERS: Final[HassKey[Answers]] = HassKey(f"{DOMAIN}_answers")


def async_get_answers(hass: HomeAssistant) -> Answers:
    """Return the answers that Home Assistant keeps."""
    return hass.data.setdefault(_ANSWERS, Answers())


def key_of(parts: Iterable[Any]) -> str:
    """Return a digest of all that a request is made of."""
    return hashlib.sha256(json_bytes([_plain(part) for part in parts])).hexdigest()


def _plain(part: Any) -> Any:
    return part.hex() if isinstance(part, bytes) else part
