"""Which beginnings of prompts a server still remembers.

A server keeps what it has read of the last prompt of a model; newer ones keep several. Nobody
tells which, but the time that it took to read the next one does.
"""

from collections.abc import Callable, Generator, Iterable
import contextlib
from dataclasses import dataclass, field
from typing import Final

from .names import full_name

_LEAST_TOKENS: Final = 256
"""A prompt that is shorter takes no time worth measuring."""
_FAST: Final = 4.0
"""So many times faster than the slowest, and a prompt was not read but remembered."""
_SEVERAL: Final = 3
"""How many beginnings a server that keeps several is believed to keep."""
_OTHERS_SECONDS: Final = 30.0
"""So long a memory is relied on where others use the same server."""
_LOADING_SECONDS: Final = 5.0
"""A list of loaded models that is older than this answer may lack its model."""


@dataclass(slots=True)
class _Memory:
    """What is known of one model."""

    recent: list[int] = field(default_factory=list)
    """Beginnings that were sent, the last one last."""
    reading: int | None = None
    """The beginning that is being read, until that has come to its end."""
    slowest: float | None = None
    """Tokens a second; measured without any memory."""
    keeps_several: bool = False
    has_others: bool = False
    """Whether a beginning was forgotten although nobody here sent another one."""
    used_at: float = 0.0

    def forget(self) -> None:
        """Note that the model is no longer loaded."""
        self.recent.clear()
        self.slowest = None


class Prefixes:
    """Remembers what a server has read, by model."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Take a clock that only goes forward, in seconds."""
        self._now = now
        self._memories: dict[str, _Memory] = {}

    @contextlib.contextmanager
    def reading(self, model: str, prefix: int) -> Generator[None]:
        """Note that a prompt is being read; what is broken off leaves nothing to rely on."""
        memory = self._memories.setdefault(full_name(model), _Memory())
        memory.reading = prefix
        try:
            yield
        finally:
            if memory.reading is not None and not memory.keeps_several:
                memory.recent.clear()
            memory.reading = None

    def note(self, model: str, prefix: int, tokens: int, seconds: float) -> None:
        """Note that a prompt was read: how long it is, and how long it took."""
        memory = self._memories.setdefault(full_name(model), _Memory())
        if tokens >= _LEAST_TOKENS and seconds > 0:
            self._learn(memory, prefix, tokens / seconds)
        if prefix in memory.recent:
            memory.recent.remove(prefix)
        memory.recent.append(prefix)
        del memory.recent[:-_SEVERAL]
        memory.reading = None
        memory.used_at = self._now()

    def _learn(self, memory: _Memory, prefix: int, rate: float) -> None:
        slowest = memory.slowest
        memory.slowest = rate if slowest is None else min(rate, slowest)
        if slowest is None or prefix not in memory.recent:
            return
        was_remembered = rate > slowest * _FAST
        if memory.recent[-1] != prefix:
            memory.keeps_several = was_remembered
        else:
            memory.has_others = not was_remembered and rate < slowest * 2

    def is_warm(self, model: str, prefix: int) -> bool:
        """Whether a server most likely remembers a beginning."""
        memory = self._memories.get(full_name(model))
        if memory is None or prefix not in memory.recent:
            return False
        if memory.has_others and self._now() - memory.used_at > _OTHERS_SECONDS:
            return False
        if memory.keeps_several:
            return True
        return prefix == (memory.recent[-1] if memory.reading is None else memory.reading)

    def seconds_to_read(self, model: str, tokens: int) -> float:
        """Return how long a prompt takes that is not remembered; 0 where nothing was measured."""
        memory = self._memories.get(full_name(model))
        return tokens / memory.slowest if memory is not None and memory.slowest else 0.0

    def forget(self, model: str) -> None:
        """Note that a model was unloaded."""
        if (memory := self._memories.get(full_name(model))) is not None:
            memory.forget()

    def keep_only(self, models: Iterable[str]) -> None:
        """Note which models are loaded: what others have read went with them."""
        loaded = set(map(full_name, models))
        for name, memory in self._memories.items():
            if name not in loaded and self._now() - memory.used_at > _LOADING_SECONDS:
                memory.forget()
