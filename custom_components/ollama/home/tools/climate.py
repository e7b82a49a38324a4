"""Heating and cooling."""

from typing import Any, Final, override

from homeassistant.components.climate import (
    ATTR_FAN_MODE,
    ATTR_FAN_MODES,
    ATTR_HVAC_MODE,
    ATTR_HVAC_MODES,
    ATTR_PRESET_MODE,
    ATTR_PRESET_MODES,
    ATTR_SWING_MODE,
    ATTR_SWING_MODES,
    ATTR_TARGET_TEMP_HIGH,
    ATTR_TARGET_TEMP_LOW,
    DOMAIN as CLIMATE,
    SERVICE_SET_FAN_MODE,
    SERVICE_SET_HVAC_MODE,
    SERVICE_SET_PRESET_MODE,
    SERVICE_SET_SWING_MODE,
    SERVICE_SET_TEMPERATURE,
)
from homeassistant.components.water_heater import (
    ATTR_OPERATION_LIST,
    ATTR_OPERATION_MODE,
    DOMAIN as WATER_HEATER,
    SERVICE_SET_OPERATION_MODE,
)
from homeassistant.const import ATTR_TEMPERATURE, SERVICE_TURN_OFF, SERVICE_TURN_ON
import probatio

from ..acting import Call, async_act
from ..caller import Caller
from ..inventory import ExposedEntity
from ..names import normalized
from ..problem import ToolProblemError
from ..values import parse_temperature
from .base import STEP, TARGET, Arguments, HomeTool, Unsaid, schema
from .steps import step_of

_DOMAINS: Final = frozenset({CLIMATE, WATER_HEATER})
_USUAL_STEP: Final = 1.0
_SWITCHES: Final = {"off": SERVICE_TURN_OFF, "on": SERVICE_TURN_ON}
_SAME: Final = {
    "heating": "heat",
    "cooling": "cool",
    "automatic": "auto",
    "heat cool": "heat_cool",
    "fan": "fan_only",
    "dehumidify": "dry",
    "drying": "dry",
}
# Where the modes stand, under which name a mode is set, and by which service.
_CLIMATE_MODES: Final = (
    (ATTR_HVAC_MODES, ATTR_HVAC_MODE, SERVICE_SET_HVAC_MODE),
    (ATTR_PRESET_MODES, ATTR_PRESET_MODE, SERVICE_SET_PRESET_MODE),
    (ATTR_FAN_MODES, ATTR_FAN_MODE, SERVICE_SET_FAN_MODE),
    (ATTR_SWING_MODES, ATTR_SWING_MODE, SERVICE_SET_SWING_MODE),
)
_HEATER_MODES: Final = ((ATTR_OPERATION_LIST, ATTR_OPERATION_MODE, SERVICE_SET_OPERATION_MODE),)


class SetTemperature(HomeTool):
    """Sets temperature and mode."""

    name = "set_temperature"
    description = "Set temperature or mode (heat, cool, auto, off, ...) of a thermostat."
    parameters = schema(
        {**TARGET, probatio.Optional("temperature"): float, probatio.Optional("mode"): str}
    )
    annotations = STEP
    needs_domains = _DOMAINS
    example = {"area": "Living room", "temperature": 21}
    takes = {
        "temperature": ("target_temperature", "target_temp", "temp", "value", "degrees"),
        "mode": ("hvac_mode", ATTR_PRESET_MODE, "preset", ATTR_OPERATION_MODE, "state"),
        ATTR_FAN_MODE: (),
        ATTR_SWING_MODE: (),
        ATTR_TARGET_TEMP_LOW: (),
        ATTR_TARGET_TEMP_HIGH: (),
        "unit": ("units", "temperature_unit"),
    }

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Set the mode first: some devices take a temperature only when they are on."""
        modes = {key: arguments.text(key) for key in ("mode", ATTR_FAN_MODE, ATTR_SWING_MODE)}
        written = {
            key: _with_unit(arguments, value)
            for key in (ATTR_TEMPERATURE, ATTR_TARGET_TEMP_LOW, ATTR_TARGET_TEMP_HIGH)
            if (value := arguments.get(key)) is not None
        }
        if not written and not any(modes.values()):
            raise ToolProblemError("Pass a temperature, or a mode.")
        targets = arguments.targets(_DOMAINS, unsaid=Unsaid.HERE)
        calls: list[Call] = []
        for entity in targets:
            calls += [
                _mode_call(caller, entity, key, mode)
                for key, mode in modes.items()
                if mode is not None
            ]
            if written:
                data = {key: _degrees(caller, entity, value) for key, value in written.items()}
                calls.append(Call(entity.domain, SERVICE_SET_TEMPERATURE, (entity,), data))
        return await async_act(caller, self.name, calls)


def _with_unit(arguments: Arguments, value: Any) -> Any:
    unit = arguments.text("unit")
    if unit is None or isinstance(value, dict):
        return value
    return f"{value} {unit.strip('° ')}"


def _degrees(caller: Caller, entity: ExposedEntity, value: Any) -> float:
    """Read a temperature; "+2" and "warmer" go from what is set now."""
    if (step := step_of(value, _USUAL_STEP)) is None:
        return parse_temperature(value, caller.hass.config.units.temperature_unit)
    state = caller.hass.states.get(entity.entity_id)
    now = state.attributes.get(ATTR_TEMPERATURE) if state is not None else None
    if not isinstance(now, int | float):
        raise ToolProblemError(
            f"Nothing was done: {entity.name} has no set temperature. Pass the one wanted."
        )
    return round(now + step, 1)


def _mode_call(caller: Caller, entity: ExposedEntity, key: str, mode: str) -> Call:
    """Find a mode among those that the device has."""
    state = caller.hass.states.get(entity.entity_id)
    attributes = state.attributes if state is not None else {}
    said = normalized(mode)
    wanted = {said, normalized(_SAME.get(said, said))}
    kinds = _HEATER_MODES if entity.domain == WATER_HEATER else _CLIMATE_MODES
    known: list[str] = []
    for list_attribute, data_key, service in kinds:
        if key not in ("mode", data_key):
            continue
        for option in attributes.get(list_attribute) or ():
            known.append(str(option))
            if normalized(str(option)) in wanted:
                return Call(entity.domain, service, (entity,), {data_key: option})
    if key == "mode" and (word := mode.strip().lower()) in _SWITCHES:
        return Call(entity.domain, _SWITCHES[word], (entity,), {})
    raise ToolProblemError(f"Nothing was done: {entity.name} has no mode {mode!r}.", modes=known)
