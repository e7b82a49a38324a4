"""Fixtures of the tests of the simulator."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from simulator import Simulator
from tests.simulator.helpers import MODEL


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """These tests talk to a real server on loopback."""


# The fixtures below stand in for those of tests/conftest.py that set up a Home Assistant for
# every test: nothing here has one.


@pytest.fixture
def _custom_integration() -> None:
    """No integration is loaded."""


@pytest.fixture
def likely_hosts() -> list[str]:
    """Nothing is discovered."""
    return []


@pytest.fixture
def _time_limits() -> None:
    """Nothing reads them."""


@pytest.fixture
def _home_assistant() -> None:
    """None is set up."""


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    """An instant server with one model that can do everything."""
    async with Simulator(models=(MODEL,)) as simulator:
        yield simulator


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that does not wait for ever."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as found:
        yield found
