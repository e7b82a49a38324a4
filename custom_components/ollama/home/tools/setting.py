"""Fans, humidifiers, numbers and choices."""

from collections.abc import Iterable
from typing import Any, Final, override

from homeassistant.components.fan import (
    ATTR_DIRECTION,
    ATTR_OSCILLATING,
    ATTR_PERCENTAGE,
    ATTR_PERCENTAGE_STEP,
    ATTR_PRESET_MODE,
    ATTR_PRESET_MODES,
    DOMAIN as FAN,
    SERVICE_DECREASE_SPEED,
    SERVICE_INCREASE_SPEED,
    SERVICE_OSCILLATE,
    SERVICE_SET_DIRECTION,
    SERVICE_SET_PERCENTAGE,
    SERVICE_SET_PRESET_MODE,
)
from homeassistant.components.humidifier import (
    ATTR_AVAILABLE_MODES,
    ATTR_HUMIDITY,
    DOMAIN as HUMIDIFIER,
    SERVICE_SET_HUMIDITY,
    SERVICE_SET_MODE,
)
from homeassistant.const import ATTR_MODE, SERVICE_TURN_OFF, SERVICE_TURN_ON
import probatio

from ..acting import Call, async_act
from ..caller import Caller
from ..inventory import ExposedEntity
from ..names import normalized
from ..problem import ToolProblemError
from ..values import ValueNotUnderstoodError, parse_bool, parse_number, parse_percent
from .base import STEP, TARGET, Arguments, HomeTool, Unsaid, schema
from .steps import step_of

_NUMBERS: Final = ("number", "input_number")
_SELECTS: Final = ("select", "input_select")
_TEXTS: Final = ("text", "input_text")
_SETTABLE: Final = frozenset({*_NUMBERS, *_SELECTS, *_TEXTS, HUMIDIFIER})

_SPEEDS: Final = {"low": 33, "slow": 33, "medium": 66, "middle": 66, "high": 100, "fast": 100}
_SWITCHES: Final = {"off": SERVICE_TURN_OFF, "on": SERVICE_TURN_ON}
_DIRECTIONS: Final = ("forward", "reverse")
_SAME_DIRECTIONS: Final = {"forwards": "forward", "backward": "reverse", "backwards": "reverse"}
_USUAL_STEP: Final = 10


class SetFan(HomeTool):
    """Sets a fan's speed."""

    name = "set_fan"
    description = "Set the speed (percent) or mode of a fan."
    parameters = schema({**TARGET, probatio.Required("speed"): str})
    annotations = STEP
    needs_domains = frozenset({FAN})
    example = {"name": "Bedroom fan", "speed": "50"}
    takes = {
        "speed": (ATTR_PERCENTAGE, "percent", "value", "level"),
        "mode": (ATTR_PRESET_MODE, "preset"),
        ATTR_OSCILLATING: ("oscillate", "oscillation"),
        ATTR_DIRECTION: (),
    }
    repeats = frozenset({"on", "turn_on", "set_speed", "set_percentage"})

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Set speed, mode, oscillation and direction, whatever was given."""
        speed, mode = arguments.get("speed"), arguments.get("mode")
        oscillating = arguments.get(ATTR_OSCILLATING)
        direction = arguments.choice(ATTR_DIRECTION, _DIRECTIONS, _SAME_DIRECTIONS)
        if all(value is None for value in (speed, mode, oscillating, direction)):
            arguments.required("speed")
        data = {ATTR_OSCILLATING: parse_bool(oscillating)} if oscillating is not None else {}
        targets = arguments.targets((FAN,), unsaid=Unsaid.HERE)
        calls = [
            self._call(caller, entity, value)
            for entity in targets
            for value in (mode, speed)
            if value is not None
        ]
        if data:
            calls.append(Call(FAN, SERVICE_OSCILLATE, targets, data))
        if direction is not None:
            calls.append(Call(FAN, SERVICE_SET_DIRECTION, targets, {ATTR_DIRECTION: direction}))
        return await async_act(caller, self.name, calls)

    @staticmethod
    def _call(caller: Caller, entity: ExposedEntity, speed: Any) -> Call:
        one = (entity,)
        modes = _options(caller, entity, ATTR_PRESET_MODES)
        if (mode := _find(modes, speed)) is not None:
            return Call(FAN, SERVICE_SET_PRESET_MODE, one, {ATTR_PRESET_MODE: mode})
        word = str(speed).strip().lower()
        if (service := _SWITCHES.get(word)) is not None:
            return Call(FAN, service, one, {})
        if (step := step_of(speed, _USUAL_STEP)) is not None:
            service = SERVICE_INCREASE_SPEED if step > 0 else SERVICE_DECREASE_SPEED
            size = min(100, round(abs(step)))
            data = {} if size == _USUAL_STEP else {ATTR_PERCENTAGE_STEP: size}
            return Call(FAN, service, one, data)
        percent = _SPEEDS.get(word)
        try:
            percent = parse_percent(speed) if percent is None else percent
        except ValueNotUnderstoodError as err:
            raise ToolProblemError(str(err), modes=modes) from err
        return Call(FAN, SERVICE_SET_PERCENTAGE, one, {ATTR_PERCENTAGE: percent})


class SetValue(HomeTool):
    """Sets a number, a choice, a text or a humidity."""

    name = "set_value"
    description = "Set a number, an option, a text, or the humidity or mode of a humidifier."
    parameters = schema({**TARGET, probatio.Required("value"): str})
    annotations = STEP
    needs_domains = _SETTABLE
    example = {"name": "Wake-up volume", "value": "30"}
    takes = {
        "value": (
            "option", "humidity", "mode", "number", "text", "state", "percentage", "level",
        ),
    }  # fmt: skip
    repeats = frozenset({"set_humidity", "select_option", "set_mode", "set"})

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Set one thing, or the same value of several that are named."""
        value = arguments.required("value")
        targets = arguments.targets(_SETTABLE, each_named=True)
        calls = [self._call(caller, entity, value) for entity in targets]
        return await async_act(caller, self.name, calls)

    @staticmethod
    def _call(caller: Caller, entity: ExposedEntity, value: Any) -> Call:
        one = (entity,)
        if isinstance(value, list | dict):
            raise ToolProblemError("Pass the value as a number or as a text.")
        if entity.domain in _NUMBERS:
            return Call(entity.domain, "set_value", one, {"value": parse_number(value)})
        if entity.domain in _TEXTS:
            return Call(entity.domain, "set_value", one, {"value": str(value)})
        if entity.domain in _SELECTS:
            options = _options(caller, entity, "options")
            if (option := _find(options, value)) is None:
                raise ToolProblemError(
                    f"Nothing was done: {entity.name} has no option {value!r}.", options=options
                )
            return Call(entity.domain, "select_option", one, {"option": option})
        modes = _options(caller, entity, ATTR_AVAILABLE_MODES)
        if (mode := _find(modes, value)) is not None:
            return Call(HUMIDIFIER, SERVICE_SET_MODE, one, {ATTR_MODE: mode})
        try:
            percent = parse_percent(value)
        except ValueNotUnderstoodError as err:
            raise ToolProblemError(str(err), modes=modes) from err
        return Call(HUMIDIFIER, SERVICE_SET_HUMIDITY, one, {ATTR_HUMIDITY: percent})


def _options(caller: Caller, entity: ExposedEntity, attribute: str) -> list[str]:
    state = caller.hass.states.get(entity.entity_id)
    return list(state.attributes.get(attribute) or ()) if state is not None else []


def _find(options: Iterable[str], wanted: Any) -> str | None:
    """Find an option however it is written."""
    text = normalized(str(wanted))
    return next((option for option in options if normalized(str(option)) == text), None)
