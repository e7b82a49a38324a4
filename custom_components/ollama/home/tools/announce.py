"""Messages through the home."""

from typing import Any, Final, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers import intent
import probatio

from ...const import DOMAIN
from ..acting import async_guard, async_within_limit
from ..caller import Caller
from ..inventory import Inventory
from ..policy import Kind
from ..problem import ToolProblemError
from .base import STEP, Arguments, HomeTool, schema

_SATELLITES: Final = "assist_satellite"


class Broadcast(HomeTool):
    """Speaks on all satellites."""

    name = "broadcast"
    description = "Say a message on all voice devices of the home."
    parameters = schema({probatio.Required("message"): str})
    annotations = STEP
    example = {"message": "Dinner is ready"}
    takes = {"message": ("text", "announcement", "content")}
    aims = False
    repeats = frozenset({"announce", "say"})

    @classmethod
    @override
    def is_useful(cls, hass: HomeAssistant, inventory: Inventory) -> bool:
        """Whether there are voice devices at all."""
        return _SATELLITES in hass.config.components

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Say it everywhere but on the device that was spoken to."""
        arguments.required("message")
        message = arguments.text("message") or ""
        return await async_guard(
            caller,
            caller.policy.rules[Kind.ANNOUNCEMENTS],
            self.name,
            (message,),
            lambda: _async_say(caller, message),
        )


async def _async_say(caller: Caller, message: str) -> dict[str, Any]:
    context = caller.llm_context
    try:
        finished, response = await async_within_limit(
            caller,
            intent.async_handle(
                caller.hass,
                DOMAIN,
                intent.INTENT_BROADCAST,
                {"message": {"value": message}},
                context=context.context,
                language=context.language,
                assistant=context.assistant,
                device_id=context.device_id,
            ),
            intent.INTENT_BROADCAST,
        )
    except intent.IntentError as err:
        raise ToolProblemError("Nothing was said: no voice device could say it.") from err
    result: dict[str, Any] = {"success": True, "action": Broadcast.name, "message": message}
    if not finished or response is None:
        return result | {"still_running": True}
    if not response.success_results:
        raise ToolProblemError("Nothing was said: there is no other voice device.")
    return result | {"targets": [target.name for target in response.success_results]}
