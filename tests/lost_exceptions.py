"""Exceptions that nobody has seen fail the test that lost them.

asyncio tells of a future or a task whose exception was never looked at when it is thrown
away: at some later time, in the middle of another test.
"""

from collections.abc import Generator
import gc
import logging

import pytest

_TOLD_BY = ("asyncio", "homeassistant")
"""Loggers: Home Assistant's handler of exceptions writes to its own."""


class _Lost(logging.Handler):
    """Keeps what was told of lost exceptions."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._told: list[str] = []

    def take(self) -> list[str]:
        """Return what was told since this was asked last."""
        told, self._told = self._told, []
        return told

    def emit(self, record: logging.LogRecord) -> None:
        if "never retrieved" in (message := record.getMessage()):
            error = record.exc_info[1] if record.exc_info else None
            self._told.append(f"{error!r}: {message}")


_lost = _Lost()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Listen; and leave what was imported out of all later collections: they become quick."""
    for name in _TOLD_BY:
        logging.getLogger(name).addHandler(_lost)
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Throw away what a test has left, and look."""
    try:
        yield
    finally:
        gc.collect()
        lost = _lost.take()
    if lost:
        pytest.fail("An exception was lost: " + "\n".join(lost), pytrace=False)
