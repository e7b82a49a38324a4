"""What is tested here is plain text: no Home Assistant is built, no socket opened."""

import pytest


@pytest.fixture(autouse=True)
def _real_sockets():
    """Open nothing."""


@pytest.fixture(autouse=True)
def _custom_integration():
    """Load nothing."""


@pytest.fixture(autouse=True)
def likely_hosts():
    """Probe nothing."""
    return []


@pytest.fixture(autouse=True)
def _time_limits():
    """Wait for nothing."""


@pytest.fixture(autouse=True)
def _home_assistant():
    """Set nothing up."""
