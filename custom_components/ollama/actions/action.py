"""What an action is."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
import probatio


@dataclass(frozen=True, slots=True)
class Action:
    """One action: its name without the domain, its fields, what it does, and who may."""

    name: str
    fields: dict[Any, Any]
    handler: Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]
    admin_only: bool = False
    supports_response: SupportsResponse = SupportsResponse.OPTIONAL

    @property
    def schema(self) -> probatio.Schema:
        """The schema of its data."""
        return probatio.Schema(self.fields)
