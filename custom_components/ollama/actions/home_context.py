"""What an action tells a model of the home, beside the question."""

from enum import StrEnum
import re
from typing import Any, Final

from homeassistant.core import ServiceCall
from homeassistant.helpers.json import json_dumps

from ..home.facts import Reader, async_home, async_rooms

_CLOCK: Final = "now"
_FRACTION: Final = re.compile(r"-?\d+\.\d+")


class HomeContext(StrEnum):
    """How much of the home goes with a question."""

    NONE = "none"
    SUMMARY = "summary"
    """Counts, temperatures, people, alarms."""
    FULL = "full"
    """The states of all exposed devices as well."""


async def async_home_context(call: ServiceCall, kind: HomeContext) -> dict[str, Any] | None:
    """Return the state of the home as data; None where none is wanted."""
    if kind is HomeContext.NONE:
        return None
    reader = await Reader.async_from(call.hass, call.context)
    facts = {_CLOCK: reader.now.strftime("%A %Y-%m-%d %H:%M"), "home": await async_home(reader)}
    if kind is HomeContext.FULL:
        facts |= await async_rooms(reader)
    return facts


def without_noise(context: dict[str, Any] | None) -> str:
    """Return a context as text that stays the same until something really changes.

    Without the clock, and figures as whole numbers: whole degrees.
    """
    if context is None:
        return ""
    text = json_dumps({key: value for key, value in context.items() if key != _CLOCK})
    return _FRACTION.sub(lambda number: str(round(float(number.group()))), text)
