"""What is tested here is plain text: no Home Assistant is built, no socket opened."""

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
