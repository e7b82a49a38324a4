"""Which versions of Ollama have all that is used here."""

from typing import Final

from awesomeversion import AwesomeVersion, AwesomeVersionException

OLDEST_VERSION: Final = AwesomeVersion("0.9.0")
"""The first with streamed tool calls (0.8) and `think` (0.9)."""

_DEVELOPMENT_VERSION: Final = "0.0.0"
"""What a server says that was built from source without a tag."""


def is_too_old(version: str) -> bool:
    """Whether a server's version is older than the oldest that is supported."""
    if version == _DEVELOPMENT_VERSION:
        return False
    try:
        return AwesomeVersion(version) < OLDEST_VERSION
    except AwesomeVersionException:
        return False  # a build with a name of its own: its owner knows
