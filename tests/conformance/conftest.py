"""Fixtures of the conformance tests."""

import pytest


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
