"""How things and their states are told: names on one line, words rather than on and off."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.const import ATTR_DEVICE_CLASS, ATTR_ENTITY_ID, STATE_NOT_HOME, STATE_ON
from homeassistant.core import State

from ..tools.state import binary_state
from .outside import one_line
from .reader import Facts, name_of

MOST_NAMES: Final = 20
_GROUP_MARKS: Final = ("is_hue_group", "is_deconz_group")
_HAZARD_WORDS: Final[Mapping[str, str]] = {
    "carbon_monoxide": "carbon monoxide",
    "glass_break": "glass broken",
    "safety": "unsafe",
    "tamper": "tampered with",
}


def called(state: State) -> str:
    """Return how an entity is called, on one line."""
    return one_line(name_of(state))


def counted(states: list[State]) -> Facts:
    """Return how many there are, and the names of the first."""
    return {"count": len(states), "names": [called(state) for state in states[:MOST_NAMES]]}


def cut_names(states: list[State]) -> Facts:
    """Return names; with a count if some are left out."""
    facts = counted(states)
    return facts if len(states) > MOST_NAMES else {"names": facts["names"]}


def named_states(states: Iterable[State]) -> list[Facts]:
    """Return each with its state, in a word."""
    return [{"name": called(state), "state": told(state, state.state)} for state in states]


def told(state: State, value: str) -> str:
    """Return what a value means for an entity, be it the present one or an earlier."""
    if state.domain == "person" and value == STATE_NOT_HOME:
        return "away"
    if state.domain != "binary_sensor":
        return one_line(value)
    device_class = str(state.attributes.get(ATTR_DEVICE_CLASS))
    if value == STATE_ON and device_class in _HAZARD_WORDS:
        return _HAZARD_WORDS[device_class]
    return binary_state(value, device_class)


def singles(states: list[State]) -> list[State]:
    """Return things without the groups that are made of them: each counts once."""
    seen = {state.entity_id for state in states}
    return [state for state in states if not _is_group_of(state.attributes, seen)]


def _is_group_of(attributes: Mapping[str, Any], seen: set[str]) -> bool:
    """Whether this is a group whose members are seen themselves."""
    if any(attributes.get(mark) for mark in _GROUP_MARKS):
        return True
    members = attributes.get(ATTR_ENTITY_ID)
    return isinstance(members, list | tuple) and bool(members) and seen.issuperset(members)
