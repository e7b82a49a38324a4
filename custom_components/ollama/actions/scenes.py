"""The scenes that a model may choose from."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.components.scene import DOMAIN as SCENE
from homeassistant.const import (
    ATTR_ENTITY_ID,
    ENTITY_MATCH_ALL,
    SERVICE_TURN_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import State
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids

from ..home import Policy, Rule, async_prepare_inventory
from ..home.facts import Reader
from ..home.facts.outside import one_line
from ..home.facts.reader import Facts, name_of
from ..home.judging import kinds_of
from ..home.names import phrase

MOST_SCENES: Final = 50
"""More would take too much of a small model's context, and of its attention."""
_MOST_SET: Final = 5


async def async_exposed(reader: Reader, policy: Policy, *, to_activate: bool) -> list[State]:
    """Return the scenes that an assistant may use.

    Nobody named these and nobody can agree to one. To be activated, a scene that the agent
    has to ask about, or may not start at all, is none of them.
    """
    hass = reader.hass
    exposed = (await async_prepare_inventory(hass)).by_id
    scenes = _usable(reader, exposed, to_activate=to_activate)
    if not to_activate:
        return scenes
    return [
        scene
        for scene in scenes
        if policy.strictest(kinds_of(hass, policy, SERVICE_TURN_ON, [scene.entity_id]))
        is Rule.ALLOW
    ]


def named(reader: Reader, target: Mapping[str, Any], *, to_activate: bool) -> list[State]:
    """Return the scenes among what a caller names; that is the owner's own will."""
    selection = TargetSelection(dict(target))
    selected = async_extract_referenced_entity_ids(reader.hass, selection)
    entity_ids = selected.referenced | selected.indirectly_referenced
    if ENTITY_MATCH_ALL in selection.entity_ids:
        entity_ids |= set(reader.hass.states.async_entity_ids(SCENE))
    return _usable(reader, entity_ids, to_activate=to_activate)


def is_usable(reader: Reader, entity_id: str, *, to_activate: bool) -> bool:
    """Whether a scene is there, and the user may read it, or activate it."""
    state = reader.hass.states.get(entity_id)
    if state is None or state.domain != SCENE or state.state == STATE_UNAVAILABLE:
        return False
    # A scene acts on what it sets with the user's own rights.
    return reader.may_read(entity_id) and (
        not to_activate or all(_may_control(reader, one) for one in (entity_id, *_members(state)))
    )


def best_fitting(reader: Reader, scenes: list[State], request: str) -> list[State]:
    """Return no more scenes than a model can choose from.

    Those go first whose name or area is in the request, then those that were used last.
    """
    if len(scenes) <= MOST_SCENES:
        return scenes
    words = set(phrase(request).stems)

    def fit(scene: State) -> tuple[int, str]:
        name = f"{name_of(scene)} {reader.area_of(scene.entity_id) or ''}"
        used = "" if scene.state == STATE_UNKNOWN else scene.state
        return len(words.intersection(phrase(name).stems)), used

    return sorted(scenes, key=fit, reverse=True)[:MOST_SCENES]


def described(reader: Reader, scene: State) -> Facts:
    """Return what a model has to know of a scene."""
    facts: Facts = {"id": scene.entity_id, "name": one_line(name_of(scene))}
    if area := reader.area_of(scene.entity_id):
        facts["area"] = one_line(area)
    members = reader.allowed(_members(scene))
    if members:
        states = map(reader.hass.states.get, members[:_MOST_SET])
        facts["sets"] = [one_line(name_of(state)) for state in states if state]
    if len(members) > _MOST_SET:
        facts["sets_more"] = len(members) - _MOST_SET
    return facts


def _usable(reader: Reader, entity_ids: Iterable[str], *, to_activate: bool) -> list[State]:
    states = (
        reader.hass.states.get(entity_id)
        for entity_id in sorted(entity_ids)
        if is_usable(reader, entity_id, to_activate=to_activate)
    )
    return [state for state in states if state]


def _may_control(reader: Reader, entity_id: str) -> bool:
    if reader.user_id is None:
        return True
    return reader.user is not None and reader.user.permissions.check_entity(
        entity_id, POLICY_CONTROL
    )


def _members(scene: State) -> list[str]:
    """Return what a scene sets, where it tells so."""
    members = scene.attributes.get(ATTR_ENTITY_ID)
    if not isinstance(members, list | tuple | set):
        return []
    return [member for member in members if isinstance(member, str)]
