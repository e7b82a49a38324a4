"""Fixtures for tests that need no Home Assistant: in the place of those that start one.

A conftest.py that imports them has them for its folder.
"""

import pytest


@pytest.fixture(autouse=True)
def _real_sockets() -> None:
    """Open no sockets."""


@pytest.fixture(autouse=True)
def _custom_integration() -> None:
    """Load no integration."""


@pytest.fixture(autouse=True)
def likely_hosts() -> list[str]:
    """Probe nothing."""
    return []


@pytest.fixture(autouse=True)
def _time_limits() -> None:
    """Wait for nothing."""


@pytest.fixture(autouse=True)
def _home_assistant() -> None:
    """Set up nothing."""
