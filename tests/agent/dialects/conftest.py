"""These tests are about texts: they need neither Home Assistant nor a server."""

import pytest


@pytest.fixture(autouse=True)
def _real_sockets() -> None:
    """Nothing is connected."""


@pytest.fixture(autouse=True)
def _custom_integration() -> None:
    """Nothing is loaded."""


@pytest.fixture(autouse=True)
def likely_hosts() -> list[str]:
    """Nothing is probed."""
    return []


@pytest.fixture(autouse=True)
def _time_limits() -> None:
    """Nothing is waited for."""


@pytest.fixture(autouse=True)
def _home_assistant() -> None:
    """Nothing is set up."""
