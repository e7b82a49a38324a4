"""Faults on demand: what can go wrong between a client and a server."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """One way to fail. The first group replaces the answer, the second spoils it."""

    # Nothing listens on the port. Lasts until clear_faults(), whatever ``times`` says.
    REFUSE = "refuse"
    # The request is accepted and never answered.
    HANG = "hang"
    # A body that is not JSON.
    GARBAGE = "garbage"
    HTTP_500 = "http_500"
    HTTP_503 = "http_503"
    HTTP_401 = "http_401"
    HTTP_403_EMPTY = "http_403_empty"
    HTTP_404 = "http_404"
    # An HTML page with status 200, as a captive portal or a proxy's login page.
    WRONG_CONTENT_TYPE = "wrong_content_type"
    # Some other web server: an HTML page at "/", HTML 404 pages elsewhere.
    NOT_OLLAMA = "not_ollama"

    # After ``after_chunks`` lines: silence, the connection stays open.
    HANG_MID_STREAM = "hang_mid_stream"
    # After ``after_chunks`` lines: half a line, then the connection is closed.
    CUT_MID_STREAM = "cut_mid_stream"
    # After ``after_chunks`` lines: a line that is not JSON, then the rest.
    GARBAGE_MID_STREAM = "garbage_mid_stream"
    # Everything in pieces of a few bytes, ``delay`` seconds apart.
    SLOW_DRIP = "slow_drip"
    # The lines so far again and again, until the client goes.
    ENDLESS_STREAM = "endless_stream"


REPLACING = frozenset(
    {
        Fault.HANG,
        Fault.GARBAGE,
        Fault.HTTP_500,
        Fault.HTTP_503,
        Fault.HTTP_401,
        Fault.HTTP_403_EMPTY,
        Fault.HTTP_404,
        Fault.WRONG_CONTENT_TYPE,
        Fault.NOT_OLLAMA,
    }
)
DRIP_BYTES = 7
GARBAGE_LINE = b"<<< this is not JSON >>>\n"


@dataclass(slots=True)
class ActiveFault:
    """A fault that waits for requests. ``times`` None: until cleared."""

    fault: Fault
    path: str | None
    times: int | None
    after_chunks: int
    delay: float


class FaultBook:
    """The faults that wait, first come, first served."""

    def __init__(self) -> None:
        """Start without faults."""
        self._active: list[ActiveFault] = []

    def add(self, fault: ActiveFault) -> None:
        """Let ``fault`` happen to the next matching requests."""
        self._active.append(fault)

    def clear(self) -> None:
        """Nothing goes wrong any more; what already does, goes on."""
        self._active.clear()

    def take(self, path: str) -> ActiveFault | None:
        """Return the fault for a request of ``path``, if there is one, and use it up."""
        for fault in self._active:
            if fault.path not in (None, path):
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._active.remove(fault)
            return fault
        return None
