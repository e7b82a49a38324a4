"""Locks, covers and valves."""

from typing import Any, Final, override

from homeassistant.components.cover import (
    ATTR_POSITION,
    ATTR_TILT_POSITION,
    DOMAIN as COVER,
    CoverEntityFeature,
)
from homeassistant.components.lock import DOMAIN as LOCK
from homeassistant.components.valve import DOMAIN as VALVE
from homeassistant.const import (
    ATTR_SUPPORTED_FEATURES,
    SERVICE_CLOSE_COVER,
    SERVICE_CLOSE_COVER_TILT,
    SERVICE_CLOSE_VALVE,
    SERVICE_LOCK,
    SERVICE_OPEN_COVER,
    SERVICE_OPEN_COVER_TILT,
    SERVICE_OPEN_VALVE,
    SERVICE_SET_COVER_POSITION,
    SERVICE_SET_COVER_TILT_POSITION,
    SERVICE_SET_VALVE_POSITION,
    SERVICE_STOP_COVER,
    SERVICE_STOP_COVER_TILT,
    SERVICE_STOP_VALVE,
    SERVICE_UNLOCK,
)
import probatio

from ..acting import Call, async_act
from ..caller import Caller
from ..inventory import ExposedEntity
from ..problem import ToolProblemError
from ..values import parse_percent
from .base import GUARDED, SET, TARGET, Arguments, HomeTool, Unsaid, schema
from .switching import by_domain

_COVERS: Final = frozenset({COVER, VALVE})
_IN_AN_AREA: Final = frozenset({COVER})
"""Nobody means the water when they close the kitchen."""
_OPEN_PERCENT: Final = 100
_STOPS: Final = ("stop", "halt", "hold", "stopped")
_ENDS: Final = {"open": _OPEN_PERCENT, "opened": _OPEN_PERCENT, "closed": 0, "close": 0, "shut": 0}


class Lock(HomeTool):
    """Locks."""

    name = "lock"
    description = "Lock a door."
    parameters = schema(TARGET)
    annotations = SET
    needs_domains = frozenset({LOCK})
    example = {"name": "Front door"}
    takes = {"code": ("pin",)}
    repeats = frozenset({"locked", "true", "on"})

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Lock."""
        return await _async_lock(caller, arguments, SERVICE_LOCK)


class Unlock(HomeTool):
    """Unlocks."""

    name = "unlock"
    description = "Unlock a door."
    parameters = schema(TARGET)
    annotations = GUARDED
    needs_domains = frozenset({LOCK})
    example = {"name": "Front door"}
    takes = {"code": ("pin",)}
    repeats = frozenset({"unlocked", "open", "off"})

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Unlock; what stands for several locks has to be said in full."""
        return await _async_lock(caller, arguments, SERVICE_UNLOCK)


async def _async_lock(caller: Caller, arguments: Arguments, service: str) -> dict[str, Any]:
    """Call a service of locks; a code is passed on, since some locks want one."""
    targets = arguments.targets((LOCK,))
    code = arguments.text("code")
    data = {"code": code} if code else {}
    return await async_act(caller, service, [Call(LOCK, service, targets, data)])


class Open(HomeTool):
    """Opens."""

    name = "open"
    description = "Open blinds, curtains, shutters, windows, a garage door, a gate or a valve."
    parameters = schema(TARGET)
    annotations = GUARDED
    needs_domains = _COVERS
    example = {"name": "Bedroom blinds"}
    repeats = frozenset({"opened", "up", "open_cover", "open_valve", "true", "on"})

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Open."""
        return await _async_move(caller, arguments, self.name)


class Close(HomeTool):
    """Closes."""

    name = "close"
    description = "Close blinds, curtains, shutters, windows, a garage door, a gate or a valve."
    parameters = schema(TARGET)
    annotations = SET
    needs_domains = _COVERS
    example = {"name": "Bedroom blinds"}
    repeats = frozenset({"closed", "down", "close_cover", "close_valve", "false", "off"})

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Close."""
        return await _async_move(caller, arguments, self.name)


class SetPosition(HomeTool):
    """Moves to a position, or stops."""

    name = "set_position"
    description = "Move blinds or a valve to a percentage (0 is closed, 100 open), or stop."
    parameters = schema({**TARGET, probatio.Required("position"): str})
    annotations = GUARDED
    needs_domains = _COVERS
    example = {"name": "Bedroom blinds", "position": "50"}
    takes = {
        "position": ("value", "percentage", "percent", "level", "action", "state"),
        "tilt_position": ("tilt", "tilt_percentage", "angle"),
    }

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Move, or stop where the position says so."""
        tilt = arguments.get("tilt_position")
        position = arguments.get("position") if tilt is not None else arguments.required("position")
        if str(position).strip(" .!").lower() in _STOPS:
            return await _async_move(caller, arguments, "stop")
        targets = arguments.targets(_COVERS, area_means=_IN_AN_AREA, unsaid=Unsaid.HERE)
        calls: list[Call] = []
        if position is not None:
            percent = _percent(position)
            calls += [_position_call(caller, entity, percent) for entity in targets]
        if tilt is not None:
            data = {ATTR_TILT_POSITION: _percent(tilt)}
            calls += [
                Call(COVER, SERVICE_SET_COVER_TILT_POSITION, (entity,), data)
                for entity in _covers_only(targets)
            ]
        return await async_act(caller, self.name, calls)


def _percent(written: Any) -> int:
    end = _ENDS.get(str(written).strip(" .!").lower())
    return parse_percent(written) if end is None else end


def _covers_only(targets: tuple[ExposedEntity, ...]) -> tuple[ExposedEntity, ...]:
    for entity in targets:
        if entity.domain != COVER:
            raise ToolProblemError(f"Nothing was done: {entity.name} can't be tilted.")
    return targets


def _position_call(caller: Caller, entity: ExposedEntity, percent: int) -> Call:
    """Move; what knows no positions is opened or closed at the ends, or tilted."""
    one = (entity,)
    if entity.domain == VALVE:
        return Call(VALVE, SERVICE_SET_VALVE_POSITION, one, {ATTR_POSITION: percent})
    moves = _has(caller, entity, CoverEntityFeature.SET_POSITION)
    if not moves and percent == 0 and _has(caller, entity, CoverEntityFeature.CLOSE):
        return Call(COVER, SERVICE_CLOSE_COVER, one, {})
    if not moves and percent == _OPEN_PERCENT and _has(caller, entity, CoverEntityFeature.OPEN):
        return Call(COVER, SERVICE_OPEN_COVER, one, {})
    if not moves and _has(caller, entity, CoverEntityFeature.SET_TILT_POSITION):
        return Call(COVER, SERVICE_SET_COVER_TILT_POSITION, one, {ATTR_TILT_POSITION: percent})
    return Call(COVER, SERVICE_SET_COVER_POSITION, one, {ATTR_POSITION: percent})


# The service of a cover, the feature it needs, what a cover does that only tilts, and the
# service of a valve.
_MOVES: Final = {
    "open": (
        SERVICE_OPEN_COVER,
        CoverEntityFeature.OPEN,
        SERVICE_OPEN_COVER_TILT,
        SERVICE_OPEN_VALVE,
    ),
    "close": (
        SERVICE_CLOSE_COVER,
        CoverEntityFeature.CLOSE,
        SERVICE_CLOSE_COVER_TILT,
        SERVICE_CLOSE_VALVE,
    ),
    "stop": (
        SERVICE_STOP_COVER,
        CoverEntityFeature.STOP,
        SERVICE_STOP_COVER_TILT,
        SERVICE_STOP_VALVE,
    ),
}
_TILTS: Final = (
    CoverEntityFeature.OPEN_TILT
    | CoverEntityFeature.CLOSE_TILT
    | CoverEntityFeature.STOP_TILT
    | CoverEntityFeature.SET_TILT_POSITION
)


async def _async_move(caller: Caller, arguments: Arguments, action: str) -> dict[str, Any]:
    """Call a service of covers and valves; a cover that only tilts is tilted."""
    cover_service, feature, tilt_service, valve_service = _MOVES[action]
    targets = arguments.targets(_COVERS, area_means=_IN_AN_AREA, unsaid=Unsaid.HERE)
    calls: list[Call] = []
    for domain, entities in by_domain(targets).items():
        if domain == VALVE:
            calls.append(Call(VALVE, valve_service, entities, {}))
            continue
        only_tilt = tuple(
            entity
            for entity in entities
            if not _has(caller, entity, feature) and _has(caller, entity, _TILTS)
        )
        rest = tuple(entity for entity in entities if entity not in only_tilt)
        calls.append(Call(COVER, cover_service, rest, {}))
        calls.append(Call(COVER, tilt_service, only_tilt, {}))
    return await async_act(caller, action, calls)


def _has(caller: Caller, entity: ExposedEntity, feature: CoverEntityFeature) -> bool:
    state = caller.hass.states.get(entity.entity_id)
    features = state.attributes.get(ATTR_SUPPORTED_FEATURES, 0) if state is not None else 0
    return bool(features & feature)
