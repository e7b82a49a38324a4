"""Faults on demand: what a speech server can do wrong."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """One way to fail."""

    # Takes everything and never answers.
    HANG = "hang"
    # Waits before each event that it sends.
    SLOW = "slow"
    # Closes the connection: a speaker after half of the audio, a recogniser while it listens.
    CUT = "cut"
    # An error event in place of the answer.
    ERROR = "error"
    # A recogniser has heard nothing; a speaker sends a beginning and an end, and no audio.
    EMPTY = "empty"
    # A speaker announces another sample rate than its audio has.
    WRONG_RATE = "wrong_rate"
    # A speaker sends zeros, as many as its words would take.
    SILENCE = "silence"
    # A speaker does not stop before it has spoken for ten minutes.
    LONG = "long"


@dataclass(slots=True)
class _Active:
    fault: Fault
    delay: float
    describe: bool
    times: int | None


NO_FAULT_DELAY = 0.0
DEFAULT_DELAY = 0.2


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong with one request. `delay`: seconds before each event."""

    fault: Fault | None = None
    delay: float = NO_FAULT_DELAY


class FaultBook:
    """The faults that wait for requests."""

    def __init__(self) -> None:
        self._active: list[_Active] = []

    def add(self, fault: Fault, *, times: int | None, delay: float, describe: bool) -> None:
        """Let the next requests fail. `times` None: until cleared."""
        self._active.append(_Active(fault, delay, describe, times))

    def clear(self) -> None:
        """Do everything right again."""
        self._active.clear()

    def take(self, *, describe: bool = False) -> Trouble:
        """Return what goes wrong with a request that begins now."""
        active = next((one for one in self._active if one.describe is describe), None)
        if active is None:
            return Trouble()
        if active.times is not None:
            active.times -= 1
            if active.times <= 0:
                self._active.remove(active)
        delay = active.delay if active.fault is Fault.SLOW else NO_FAULT_DELAY
        return Trouble(active.fault, delay)
