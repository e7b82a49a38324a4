"""Lights: brightness, colour, warmth."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.light import (
    ATTR_BRIGHTNESS_PCT,
    ATTR_BRIGHTNESS_STEP_PCT,
    ATTR_COLOR_TEMP_KELVIN,
    ATTR_RGB_COLOR,
    ATTR_SUPPORTED_COLOR_MODES,
    ATTR_TRANSITION,
    DOMAIN as LIGHT,
    SERVICE_TURN_ON,
    ColorMode,
)
import probatio

from ..acting import Call, async_act
from ..caller import Caller
from ..colors import parse_color
from ..inventory import ExposedEntity
from ..problem import ToolProblemError
from ..values import parse_number, parse_percent
from .base import STEP, TARGET, Arguments, HomeTool, Unsaid, schema
from .steps import step_of

_BYTE: Final = 255
_WHOLE: Final = 100
_STEP: Final = 20
"""In percent: what "brighter" means."""
_MOST_MIRED: Final = 1000

_COLOR_KEYS: Final = (
    "colour",
    "color_name",
    "rgb_color",
    "rgb",
    "hex",
    "hex_color",
    "temperature",
    "color_temp_kelvin",
    "kelvin",
    "color_temperature",
)
LIGHT_TAKES: Final[Mapping[str, tuple[str, ...]]] = {
    "brightness": ("dim",),
    "brightness_pct": ("brightness_percent", "brightness_percentage", "percent", "level"),
    "brightness_step_pct": ("brightness_step", "step"),
    "color": _COLOR_KEYS,
    "color_temp": ("mired", "mireds"),
    "transition": (),
}

_COLORED: Final = frozenset(
    {ColorMode.HS, ColorMode.RGB, ColorMode.RGBW, ColorMode.RGBWW, ColorMode.XY}
)
_NEEDS: Final[Mapping[str, tuple[frozenset[ColorMode], str]]] = {
    ATTR_RGB_COLOR: (_COLORED, "has no colors"),
    ATTR_COLOR_TEMP_KELVIN: (_COLORED | {ColorMode.COLOR_TEMP}, "has no color temperature"),
    ATTR_BRIGHTNESS_PCT: (frozenset(ColorMode) - {ColorMode.ONOFF}, "can't be dimmed"),
    ATTR_BRIGHTNESS_STEP_PCT: (frozenset(ColorMode) - {ColorMode.ONOFF}, "can't be dimmed"),
}


class SetLight(HomeTool):
    """Sets brightness and colour."""

    name = "set_light"
    description = "Set brightness (percent) or color of lights, such as red or warm white."
    parameters = schema(
        {**TARGET, probatio.Optional("brightness"): int, probatio.Optional("color"): str}
    )
    annotations = STEP
    needs_domains = frozenset({LIGHT})
    example = {"name": "Kitchen light", "brightness": 50}
    takes = LIGHT_TAKES
    repeats = frozenset({"on", "turn_on", "true"})

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Set what was given of brightness, colour and colour temperature."""
        data = light_data(arguments)
        if not set(data) - {ATTR_TRANSITION}:
            raise ToolProblemError("Pass a brightness in percent, or a color.")
        targets = arguments.targets((LIGHT,), unsaid=Unsaid.HERE)
        calls, unable = light_calls(caller, targets, SERVICE_TURN_ON, data)
        return await async_act(caller, self.name, calls, unable)


def light_calls(
    caller: Caller, lights: tuple[ExposedEntity, ...], service: str, data: Mapping[str, Any]
) -> tuple[list[Call], dict[str, str]]:
    """Return the call on those that can do it, and why others can't.

    Home Assistant would leave out what a light can't do and tell nobody. Raises
    ToolProblemError where no light can.
    """
    unable: dict[str, str] = {}
    able: list[ExposedEntity] = []
    for light in lights:
        state = caller.hass.states.get(light.entity_id)
        modes = state.attributes.get(ATTR_SUPPORTED_COLOR_MODES) if state is not None else None
        lacks = [
            reason
            for key, (needed, reason) in _NEEDS.items()
            if key in data and modes and not needed & set(modes)
        ]
        if lacks:
            unable[light.name] = lacks[0]
        else:
            able.append(light)
    if not able:
        raise ToolProblemError(
            "Nothing was done: "
            + "; ".join(f"{name} {reason}" for name, reason in unable.items())
            + "."
        )
    return [Call(LIGHT, service, tuple(able), data)], unable


def light_data(arguments: Arguments) -> dict[str, Any]:
    """Return the data of light.turn_on. Raises ValueNotUnderstoodError."""
    data: dict[str, Any] = {}
    if (percent := arguments.get("brightness_pct")) is not None:
        data[ATTR_BRIGHTNESS_PCT] = parse_percent(percent)
    if (brightness := arguments.get("brightness")) is not None:
        if (step := step_of(brightness, _STEP)) is not None:
            data[ATTR_BRIGHTNESS_STEP_PCT] = round(step)
        else:
            data[ATTR_BRIGHTNESS_PCT] = _brightness(brightness)
    if (written := arguments.get("brightness_step_pct")) is not None:
        data[ATTR_BRIGHTNESS_STEP_PCT] = _step(written)
    color = arguments.get("color")
    if (mired := arguments.get("color_temp")) is not None:
        is_mired = isinstance(mired, int | float) and mired < _MOST_MIRED
        color = f"{mired} mired" if is_mired else mired
    if color is not None:
        parsed = parse_color(color)
        if parsed.kelvin is not None:
            data[ATTR_COLOR_TEMP_KELVIN] = parsed.kelvin
        else:
            data[ATTR_RGB_COLOR] = parsed.rgb
    if (transition := arguments.get("transition")) is not None:
        data[ATTR_TRANSITION] = max(0.0, min(300.0, parse_number(transition)))
    return data


def _step(written: Any) -> int:
    step = step_of(written, _STEP)
    number = parse_number(written) if step is None else step
    return round(max(-_WHOLE, min(_WHOLE, number)))


def _brightness(value: Any) -> int:
    """Read a brightness in percent.

    A bare number above 100 can only be meant as Home Assistant's own scale to 255,
    which models know from its actions.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and _WHOLE < value <= _BYTE:
        return round(value / _BYTE * _WHOLE)
    return parse_percent(value)
