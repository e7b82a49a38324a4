"""Timers of the device that was spoken to."""

from datetime import timedelta
from typing import Any, Final, override

from homeassistant.components.intent import async_device_supports_timers
from homeassistant.helpers import intent
import probatio

from ...const import DOMAIN
from ..caller import Caller
from ..problem import ToolProblemError
from ..values import parse_duration
from .base import CHANGE, Arguments, HomeTool, schema

_INTENTS: Final = {
    "start": intent.INTENT_START_TIMER,
    "cancel": intent.INTENT_CANCEL_TIMER,
    "cancel_all": intent.INTENT_CANCEL_ALL_TIMERS,
    "add": intent.INTENT_INCREASE_TIMER,
    "subtract": intent.INTENT_DECREASE_TIMER,
    "pause": intent.INTENT_PAUSE_TIMER,
    "resume": intent.INTENT_UNPAUSE_TIMER,
    "status": intent.INTENT_TIMER_STATUS,
}
_SAME: Final = {
    "set": "start",
    "create": "start",
    "set_timer": "start",
    "start_timer": "start",
    "stop": "cancel",
    "delete": "cancel",
    "cancel_timer": "cancel",
    "increase": "add",
    "extend": "add",
    "decrease": "subtract",
    "reduce": "subtract",
    "unpause": "resume",
    "continue": "resume",
    "get": "status",
    "list": "status",
    "check": "status",
}
_WITH_DURATION: Final = ("start", "add", "subtract")
_UNITS: Final = ("hours", "minutes", "seconds")


class Timer(HomeTool):
    """Starts and changes timers."""

    name = "timer"
    description = "Start, change or ask about a timer."
    parameters = schema(
        {
            probatio.Required("action"): probatio.In(list(_INTENTS)),
            probatio.Optional("duration", description="Such as 5 minutes"): str,
            probatio.Optional("name"): str,
        }
    )
    annotations = CHANGE
    example = {"action": "start", "duration": "5 minutes"}
    takes = {
        "action": ("command", "service"),
        "duration": ("time", "length", "amount"),
        "name": ("label", "title", "timer_name", "timer"),
        "area": ("room",),
        "hours": ("hour",),
        "minutes": ("minute",),
        "seconds": ("second",),
    }
    aims = False

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Hand it to Home Assistant's timers, which ring on the device."""
        device_id = caller.llm_context.device_id
        if not device_id or not async_device_supports_timers(caller.hass, device_id):
            raise ToolProblemError("The device that the user speaks to has no timers.")
        duration = _duration(arguments)
        action = arguments.choice("action", _INTENTS, _SAME) or (
            "status" if duration is None else "start"
        )
        if duration is None and action in _WITH_DURATION:
            arguments.required("duration")
        which = {key: text for key in ("name", "area") if (text := arguments.text(key))}
        slots = which | _parts(duration, "" if action in _WITH_DURATION else "start_")
        if action == "start":
            slots.pop("area", None)
        elif action not in ("status", "cancel_all"):
            filters = which if action in _WITH_DURATION else slots
            await _async_check(caller, filters)
        response = await _async_handle(caller, action, slots)
        result: dict[str, Any] = {"success": True, "action": f"timer_{action}"}
        if action == "status":
            result["timers"] = _shown(response)
        return result


async def _async_check(caller: Caller, filters: dict[str, Any]) -> None:
    """Refuse what fits no timer: of a single one, Home Assistant asks no name."""
    if filters and not _shown(await _async_handle(caller, "status", filters)):
        every = _shown(await _async_handle(caller, "status", {}))
        raise ToolProblemError("Nothing was done: there is no such timer.", timers=every)


def _duration(arguments: Arguments) -> timedelta | None:
    """Return a length of time, written as one text or by its units."""
    parts = {unit: value for unit in _UNITS if (value := arguments.get(unit)) is not None}
    written = parts or arguments.get("duration")
    return None if written is None else parse_duration(written)


def _parts(duration: timedelta | None, prefix: str) -> dict[str, Any]:
    """Return a length of time in the slots of an intent."""
    if duration is None:
        return {}
    seconds = round(duration.total_seconds())
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    parts = {"hours": hours, "minutes": minutes, "seconds": seconds}
    if not any(parts.values()):
        raise ToolProblemError("A timer needs a time, such as 5 minutes.")
    return {f"{prefix}{unit}": value for unit, value in parts.items() if value}


def _shown(response: intent.IntentResponse) -> list[dict[str, Any]]:
    """Return what a model can say of timers."""
    timers: list[dict[str, Any]] = response.speech_slots.get("timers", [])
    return [
        {
            "left": str(timedelta(seconds=round(timer["total_seconds_left"]))),
            "length": str(
                timedelta(
                    hours=timer["start_hours"],
                    minutes=timer["start_minutes"],
                    seconds=timer["start_seconds"],
                )
            ),
            "running": bool(timer["is_active"]),
        }
        | ({"name": timer["name"]} if timer["name"] else {})
        for timer in timers
    ]


async def _async_handle(
    caller: Caller, action: str, slots: dict[str, Any]
) -> intent.IntentResponse:
    context = caller.llm_context
    try:
        return await intent.async_handle(
            caller.hass,
            DOMAIN,
            _INTENTS[action],
            {key: {"value": value} for key, value in slots.items()},
            context=context.context,
            language=context.language,
            assistant=context.assistant,
            device_id=context.device_id,
        )
    except intent.IntentError as err:
        if action == "status":
            raise ToolProblemError("There is no such timer.") from err
        timers = _shown(await _async_handle(caller, "status", {}))
        raise ToolProblemError(
            "Nothing was done: several timers match. Ask the user which one is meant."
            if len(timers) > 1
            else "Nothing was done: there is no such timer.",
            timers=timers,
        ) from err
