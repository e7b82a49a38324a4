"""Alarm panels."""

from typing import Any, Final, override

from homeassistant.components.alarm_control_panel import DOMAIN as ALARM
from homeassistant.const import (
    SERVICE_ALARM_ARM_AWAY,
    SERVICE_ALARM_ARM_HOME,
    SERVICE_ALARM_ARM_NIGHT,
    SERVICE_ALARM_ARM_VACATION,
    SERVICE_ALARM_DISARM,
)
import probatio

from ..acting import Call, async_act
from ..caller import Caller
from .base import GUARDED, Arguments, HomeTool, Unsaid, schema

_SERVICES: Final = {
    "arm_away": SERVICE_ALARM_ARM_AWAY,
    "arm_home": SERVICE_ALARM_ARM_HOME,
    "arm_night": SERVICE_ALARM_ARM_NIGHT,
    "arm_vacation": SERVICE_ALARM_ARM_VACATION,
    "disarm": SERVICE_ALARM_DISARM,
}
_SAME: Final = {
    "arm": "arm_away",
    "away": "arm_away",
    "home": "arm_home",
    "stay": "arm_home",
    "night": "arm_night",
    "vacation": "arm_vacation",
    "disarmed": "disarm",
    "off": "disarm",
    **{f"alarm_{action}": action for action in _SERVICES},
    **{f"armed_{action.removeprefix('arm_')}": action for action in _SERVICES},
}


class Alarm(HomeTool):
    """Arms and disarms."""

    name = "alarm"
    description = "Arm or disarm an alarm panel."
    parameters = schema(
        {
            probatio.Optional("name"): str,
            probatio.Required("action"): probatio.In(list(_SERVICES)),
            probatio.Optional("code"): str,
        }
    )
    annotations = GUARDED
    needs_domains = frozenset({ALARM})
    example = {"action": "arm_away"}
    takes = {"action": ("mode", "state", "command", "service"), "code": ("pin", "password")}

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Arm or disarm; most homes have one panel, which needs no name then."""
        arguments.required("action")
        action = arguments.choice("action", _SERVICES, _SAME) or ""
        targets = arguments.targets((ALARM,), unsaid=Unsaid.ONLY, each_named=True)
        code = arguments.text("code")
        data = {"code": code} if code else {}
        return await async_act(
            caller, f"alarm_{action}", [Call(ALARM, _SERVICES[action], targets, data)]
        )
