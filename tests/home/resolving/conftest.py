"""These tests need no Home Assistant: the fixtures that start one do nothing here."""

from tests.without_home import (
    _custom_integration,
    _home_assistant,
    _real_sockets,
    _time_limits,
    likely_hosts,
)

__all__ = [
    "_custom_integration",
    "_home_assistant",
    "_real_sockets",
    "_time_limits",
    "likely_hosts",
]
