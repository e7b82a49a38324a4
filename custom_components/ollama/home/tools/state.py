"""What the home is doing now."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.sensor import SensorDeviceClass, async_rounded_state
from homeassistant.const import ATTR_DEVICE_CLASS, ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant, State
from homeassistant.util import dt as dt_util
import probatio

from ..caller import Caller
from ..inventory import ExposedEntity, Inventory
from ..names import normalized
from ..problem import ToolProblemError
from .base import READ, TARGET, Arguments, HomeTool, Unsaid, schema

MOST_STATES: Final = 40
"""More would fill the context of a small model; it is told to ask for less."""

_ATTRIBUTES: Final = (
    "temperature",
    "current_temperature",
    "humidity",
    "current_humidity",
    "hvac_action",
    "preset_mode",
    "current_position",
    "percentage",
    "media_title",
    "media_artist",
    "battery_level",
    "mode",
)
_BYTE: Final = 255


class GetState(HomeTool):
    """Reads states."""

    name = "get_state"
    description = "Get the current state of devices, sensors, people, an area, or of all of a kind."
    parameters = schema(
        {**TARGET, probatio.Optional("domain"): str, probatio.Optional("state"): str}
    )
    annotations = READ
    example = {"name": "Outdoor temperature"}
    takes = {"domain": ("kind",), "attribute": ("attributes", "property")}

    @classmethod
    @override
    def is_useful(cls, hass: HomeAssistant, inventory: Inventory) -> bool:
        """Whether there is anything to read."""
        return bool(inventory.entities)

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Read the states of what was named, or of an area, or of a kind of device."""
        targets = arguments.targets(unsaid=Unsaid.ALL, to_read=True)
        readable = [entity for entity in targets if caller.may_read(entity.entity_id)]
        if not readable:
            raise ToolProblemError(f"The user may not see {targets[0].name}.")
        states = [
            described for entity in readable if (described := _describe(caller, entity)) is not None
        ]
        if not states:
            raise ToolProblemError("There is no state to read.")
        wanted = normalized(arguments.text("state") or "")
        matching = [state for state in states if wanted in ("", normalized(str(state["state"])))]
        if wanted and not matching:
            return {"states": [], "none_of": len(states), "is": wanted}
        result: dict[str, Any] = {"states": matching[:MOST_STATES]}
        if len(matching) > MOST_STATES:
            result["left_out"] = len(matching) - MOST_STATES
        return result


def _describe(caller: Caller, entity: ExposedEntity) -> dict[str, Any] | None:
    state = caller.hass.states.get(entity.entity_id)
    if state is None:
        return None
    described: dict[str, Any] = {"name": entity.name, "state": spoken_state(caller, state)}
    if entity.area_name:
        described["area"] = entity.area_name
    if unit := state.attributes.get(ATTR_UNIT_OF_MEASUREMENT):
        described["unit"] = unit
    if (device_class := state.attributes.get(ATTR_DEVICE_CLASS)) is not None:
        described["kind"] = str(device_class)
    return described | _attributes(state.attributes)


def spoken_state(caller: Caller, state: State) -> str:
    """Return a state as it is shown: rounded, and times in the home's own zone."""
    if state.domain == "sensor":
        if state.attributes.get(ATTR_DEVICE_CLASS) == SensorDeviceClass.TIMESTAMP:
            parsed = dt_util.parse_datetime(state.state)
            return dt_util.as_local(parsed).strftime("%Y-%m-%d %H:%M") if parsed else state.state
        return async_rounded_state(caller.hass, state.entity_id, state)
    if state.domain == "binary_sensor":
        return binary_state(state.state, state.attributes.get(ATTR_DEVICE_CLASS))
    return state.state


# "on" of a door says nothing to a model, nor to the person it answers.
_BINARY: Final[Mapping[str, tuple[str, str]]] = {
    "door": ("open", "closed"),
    "garage_door": ("open", "closed"),
    "window": ("open", "closed"),
    "opening": ("open", "closed"),
    "lock": ("unlocked", "locked"),
    "motion": ("motion", "no motion"),
    "occupancy": ("occupied", "not occupied"),
    "presence": ("home", "away"),
    "moisture": ("wet", "dry"),
    "smoke": ("smoke", "no smoke"),
    "gas": ("gas", "no gas"),
    "battery": ("low", "normal"),
    "problem": ("problem", "no problem"),
    "connectivity": ("connected", "disconnected"),
}


def binary_state(state: str, device_class: Any) -> str:
    """Return what on or off means for a kind of sensor."""
    words = _BINARY.get(str(device_class))
    if words is None or state not in ("on", "off"):
        return state
    return words[0] if state == "on" else words[1]


def _attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what matters, in percent where people think in percent."""
    result = {key: value for key in _ATTRIBUTES if (value := attributes.get(key)) is not None}
    if isinstance(brightness := attributes.get("brightness"), int):
        result["brightness_percent"] = max(1, round(brightness / _BYTE * 100))
    if isinstance(volume := attributes.get("volume_level"), float | int):
        result["volume_percent"] = round(volume * 100)
    return {
        key: value if isinstance(value, int | float) else str(value)
        for key, value in result.items()
    }
