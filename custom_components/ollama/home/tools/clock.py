"""Date and time."""

from typing import Any, override

from homeassistant.util import dt as dt_util

from ..caller import Caller
from .base import READ, Arguments, HomeTool, schema


class GetDateTime(HomeTool):
    """Tells date and time.

    Its name ends as Home Assistant wants it, which then adds no clock to the prompt: a
    clock would make every prompt a new one.
    """

    name = "GetDateTime"
    description = "Get the current date and time."
    parameters = schema({})
    annotations = READ
    aims = False
    takes = {"timezone": ("time_zone", "tz"), "format": ()}

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Return the local time."""
        now = dt_util.now()
        return {
            "date": now.strftime("%Y-%m-%d"),
            "time": now.strftime("%H:%M"),
            "weekday": now.strftime("%A"),
            "timezone": now.strftime("%Z"),
        }
