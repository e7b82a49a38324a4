"""What kinds an action is of, groups, scripts and scenes looked into."""

from collections.abc import Iterable, Iterator, Mapping
import re
from typing import Any, Final

from homeassistant.components import automation, script
from homeassistant.components.cover import CoverDeviceClass
from homeassistant.components.homeassistant.scene import HomeAssistantScene
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_ENTITY_ID,
    SERVICE_ALARM_ARM_AWAY,
    SERVICE_CLOSE_COVER,
    SERVICE_CLOSE_COVER_TILT,
    SERVICE_LOCK,
    SERVICE_STOP_COVER,
    SERVICE_STOP_COVER_TILT,
    SERVICE_TOGGLE,
    SERVICE_TURN_ON,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.entity_component import DATA_INSTANCES

from .policy import SERVICE_TRIGGER, Kind, Policy

_ENTRANCES: Final = frozenset(
    {CoverDeviceClass.GARAGE, CoverDeviceClass.GATE, CoverDeviceClass.DOOR}
)

_SCRIPT_LIKE: Final = frozenset({"script", "scene", "automation", "button", "input_button"})
_ALWAYS_GUARDED: Final = frozenset({"lock", "alarm_control_panel"})
_GUARDED: Final = frozenset({Kind.UNLOCK, Kind.ENTRANCES, Kind.DISARM, Kind.SENSITIVE_SCRIPTS})
"""What counts in a script; that it switches a light as well is the owner's matter."""

# Anything else on an entrance may open it: a position, a tilt, a toggle.
_CLOSING: Final = frozenset(
    {
        SERVICE_CLOSE_COVER,
        SERVICE_CLOSE_COVER_TILT,
        SERVICE_STOP_COVER,
        SERVICE_STOP_COVER_TILT,
    }
)
_ARMING: Final = ("alarm_arm", "alarm_trigger")

# Actions on any domain: by a template, they may reach a script.
_GENERIC: Final = frozenset({"homeassistant", "group"})

_ENTITY_ID: Final = re.compile(r"\b[a-z][a-z0-9_]*\.[a-z0-9_]+\b")
_NOT_BY_ENTITY: Final = frozenset({"area_id", "floor_id", "label_id", "device_id"})


def kinds_of(
    hass: HomeAssistant, policy: Policy, service: str, entity_ids: Iterable[str]
) -> set[Kind]:
    """Return the kinds of an action on entities, groups and scripts looked into.

    `service` is its name without the domain, such as `open_cover`.
    """
    look = _Look(hass, policy.labels)
    return {kind for entity_id in entity_ids for kind in look.at(service, entity_id)}


class _Look:
    """Looks at what an action does, through groups, scripts, scenes and automations."""

    def __init__(self, hass: HomeAssistant, labels: frozenset[str]) -> None:
        """Start with nothing seen; `labels` mark what is sensitive."""
        self._hass = hass
        self._labels = labels
        self._seen: set[tuple[str, str, bool]] = set()

    def at(self, service: str, entity_id: str, *, inside: bool = False) -> set[Kind]:
        """Return the kinds of an action on one entity; nothing for what was seen already.

        `inside` a script only the guarded kinds count, so that what has been seen there
        still counts in full outside of it.
        """
        if (service, entity_id, inside) in self._seen:
            return set()
        self._seen.add((service, entity_id, inside))
        domain = entity_id.partition(".")[0]
        marked = {Kind.SENSITIVE_SCRIPTS} if self._is_marked(entity_id) else set()
        if domain in _SCRIPT_LIKE:
            # Of both kinds: who refuses all scripts refuses the sensitive ones too.
            return marked | {Kind.SCRIPTS} | self._in_script(entity_id)
        kinds = marked | {_kind_by_domain(self._hass, domain, service, entity_id)}
        for member in _members(self._hass, entity_id):
            kinds |= self.at(service, member, inside=inside)
        for wrapper in self._wrappers(entity_id):
            # A switch that somebody shows as a lock may be switched either way round.
            kinds |= self.at(SERVICE_TOGGLE, wrapper, inside=inside)
        return kinds

    def _in_script(self, entity_id: str) -> set[Kind]:
        """Return which of the guarded kinds a script, scene, automation or button does.

        It is a sensitive one as well where it only touches a lock, an entrance or an
        alarm: it may do with it what can't be read here.
        """
        match entity_id.partition(".")[0]:
            case "script":
                kinds = self._in_steps(_raw_config(self._hass, entity_id).get("sequence"))
                touched = script.entities_in_script(self._hass, entity_id)
            case "automation":
                config = _raw_config(self._hass, entity_id)
                # Not what triggers it: to watch a lock is not to open it.
                kinds = self._in_steps(config.get("actions") or config.get("action"))
                touched = [] if config else automation.entities_in_automation(self._hass, entity_id)
            case "scene":
                kinds = set()
                touched = _members(self._hass, entity_id)
                for member, state in _scene_states(self._hass, entity_id).items():
                    kinds |= self._guarded(_service_to_reach(state), member)
            case _:
                kinds, touched = self._behind_button(entity_id)
        if kinds or any(self._touches(one) for one in touched):
            kinds.add(Kind.SENSITIVE_SCRIPTS)
        return kinds

    def _behind_button(self, entity_id: str) -> tuple[set[Kind], list[str]]:
        """Return what a button may do by its device, and by automations that wait for it."""
        kinds: set[Kind] = set()
        siblings = [one for one in self._siblings(entity_id) if self._touches(one)]
        for sibling in siblings:
            # The button of a lock may be the one that opens its latch.
            kinds |= self._guarded(SERVICE_TOGGLE, sibling)
        for waiting in automation.automations_with_entity(self._hass, entity_id):
            kinds |= self._guarded(SERVICE_TRIGGER, waiting)
        return kinds, siblings

    def _guarded(self, service: str, entity_id: str) -> set[Kind]:
        return self.at(service, entity_id, inside=True) & _GUARDED

    def _in_steps(self, steps: Any) -> set[Kind]:
        """Return the guarded kinds of what stands in a sequence."""
        kinds: set[Kind] = set()
        for entity_id in _named_in(steps):
            domain = entity_id.partition(".")[0]
            if domain in _SCRIPT_LIKE and self._exists(entity_id):
                kinds |= self._guarded(SERVICE_TURN_ON, entity_id)
            elif self._touches(entity_id):
                # The action `lock.lock` looks like an entity, and touches locks as well.
                kinds.add(Kind.SENSITIVE_SCRIPTS)
        for step in _mappings(steps):
            action = step.get("action") or step.get("service")
            if isinstance(action, str):
                kinds |= self._in_action(action.strip(), step)
            elif isinstance(step.get("device_id"), str) and isinstance(step.get("type"), str):
                kinds |= self._in_device_action(step)
        return kinds

    def _in_action(self, action: str, step: Mapping[str, Any]) -> set[Kind]:
        """Return the guarded kinds of a step that calls an action."""
        domain, _, service = action.partition(".")
        if "{" in domain:
            # Whatever a template makes of it.
            return {Kind.SENSITIVE_SCRIPTS}
        if domain == "script" and self._exists(action):
            return self._guarded(SERVICE_TURN_ON, action)
        kinds: set[Kind] = set()
        if domain in _ALWAYS_GUARDED:
            kinds = {Kind.SENSITIVE_SCRIPTS, _kind_by_domain(self._hass, domain, service, "")}
        targets = {one for one in _named_in(step) if one != action and self._exists(one)}
        if not targets or _is_vague(step):
            # By area, by label, by a template: then it may be any of them.
            domains = _SCRIPT_LIKE if domain in _GENERIC else {"cover", *_SCRIPT_LIKE} & {domain}
            targets |= set(self._hass.states.async_entity_ids(domains)) if domains else set()
        for target in targets:
            kinds |= self._guarded(service, target)
        return kinds & _GUARDED

    def _in_device_action(self, step: Mapping[str, Any]) -> set[Kind]:
        """Return the kinds of a device's own action, such as type `unlock` of a lock."""
        domain, type_ = str(step.get("domain")), str(step["type"])
        if domain in _ALWAYS_GUARDED:
            service = type_ if domain == "lock" else f"alarm_{type_}"
            return {
                Kind.SENSITIVE_SCRIPTS,
                _kind_by_domain(self._hass, domain, service, ""),
            } & _GUARDED
        written = step.get("entity_id")
        if domain != "cover" or not isinstance(written, str):
            return set()
        entity_id = er.async_resolve_entity_id(er.async_get(self._hass), written)
        return self._guarded(f"{type_}_cover", entity_id) if entity_id else set()

    def _exists(self, entity_id: str) -> bool:
        return self._hass.states.get(entity_id) is not None

    def _touches(self, entity_id: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether something is a lock, an entrance or an alarm, or a group with one."""
        domain = entity_id.partition(".")[0]
        if domain in _ALWAYS_GUARDED or _is_entrance(self._hass, entity_id):
            return True
        if entity_id in seen:
            return False
        seen |= {entity_id}
        return any(self._touches(member, seen) for member in _members(self._hass, entity_id))

    def _is_marked(self, entity_id: str) -> bool:
        """Whether it carries a label of the policy, by itself, its device or its area."""
        entry = er.async_get(self._hass).async_get(entity_id)
        if entry is None:
            return False
        device = dr.async_get(self._hass).async_get(entry.device_id) if entry.device_id else None
        area_id = entry.area_id or (device.area_id if device else None)
        area = ar.async_get(self._hass).async_get_area(area_id) if area_id else None
        labels = entry.labels | (device.labels if device else set())
        return bool((labels | (area.labels if area else set())) & self._labels)

    def _siblings(self, entity_id: str) -> list[str]:
        """Return the other entities of its device."""
        registry = er.async_get(self._hass)
        entry = registry.async_get(entity_id)
        if entry is None or entry.device_id is None:
            return []
        siblings = er.async_entries_for_device(registry, entry.device_id)
        return [sibling.entity_id for sibling in siblings if sibling.entity_id != entity_id]

    def _wrappers(self, entity_id: str) -> list[str]:
        """Return what a switch is shown as, with Home Assistant's helper for that."""
        if not entity_id.startswith("switch."):
            return []
        registry = er.async_get(self._hass)
        return [
            wrapper.entity_id
            for helper in self._hass.config_entries.async_entries("switch_as_x")
            if er.async_resolve_entity_id(registry, helper.options.get(ATTR_ENTITY_ID, ""))
            == entity_id
            for wrapper in er.async_entries_for_config_entry(registry, helper.entry_id)
        ]


def _kind_by_domain(hass: HomeAssistant, domain: str, service: str, entity_id: str) -> Kind:
    """Return the kind of an action on one thing; what isn't known to be harmless isn't."""
    match domain:
        case "lock":
            # Opening the latch is more than unlocking.
            return Kind.LOCK if service == SERVICE_LOCK else Kind.UNLOCK
        case "alarm_control_panel":
            return Kind.ARM if service.startswith(_ARMING) else Kind.DISARM
        case "cover" if service not in _CLOSING and _is_entrance(hass, entity_id):
            return Kind.ENTRANCES
        case "cover" | "valve":
            return Kind.COVERS
        case "climate" | "water_heater":
            return Kind.CLIMATE
        case "todo":
            return Kind.LISTS
        case "assist_satellite":
            return Kind.ANNOUNCEMENTS
    return Kind.DEVICES


def _is_entrance(hass: HomeAssistant, entity_id: str) -> bool:
    if not entity_id.startswith("cover."):
        return False
    state = hass.states.get(entity_id)
    entry = er.async_get(hass).async_get(entity_id)
    classes = {state.attributes.get(ATTR_DEVICE_CLASS)} if state is not None else set()
    if entry is not None:
        # The state tells nothing while the device is away.
        classes.add(entry.device_class or entry.original_device_class)
    return not classes.isdisjoint(_ENTRANCES)


def _members(hass: HomeAssistant, entity_id: str) -> list[str]:
    """Return the members of a group, of whatever kind; the attribute is the same."""
    state = hass.states.get(entity_id)
    members = state.attributes.get(ATTR_ENTITY_ID) if state is not None else None
    if not isinstance(members, list | tuple | set):
        return []
    return [member for member in members if isinstance(member, str) and member != entity_id]


def _raw_config(hass: HomeAssistant, entity_id: str) -> Mapping[str, Any]:
    """Return a script or an automation as it was written; empty where that isn't known."""
    component = hass.data.get(DATA_INSTANCES, {}).get(entity_id.partition(".")[0])
    entity = component.get_entity(entity_id) if component else None
    return getattr(entity, "raw_config", None) or {}


def _scene_states(hass: HomeAssistant, entity_id: str) -> Mapping[str, State]:
    """Return the states that a scene of Home Assistant's own sets."""
    component = hass.data.get(DATA_INSTANCES, {}).get("scene")
    entity = component.get_entity(entity_id) if component else None
    return entity.scene_config.states if isinstance(entity, HomeAssistantScene) else {}


def _service_to_reach(state: State) -> str:
    """Return the service by which a scene sets a state, where that is harmless."""
    match state.domain, state.state:
        case "lock", "locked":
            return SERVICE_LOCK
        case "cover", "closed":
            return SERVICE_CLOSE_COVER
        case "alarm_control_panel", value if value.startswith("armed"):
            return SERVICE_ALARM_ARM_AWAY
    return SERVICE_TOGGLE


def _is_vague(step: Mapping[str, Any]) -> bool:
    """Whether a step reaches more than the entities that it names."""
    return (
        "{{" in str(step)
        or "{%" in str(step)
        or any(not _NOT_BY_ENTITY.isdisjoint(part) for part in _mappings(step))
    )


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every mapping of a sequence, at any depth."""
    if isinstance(value, Mapping):
        yield value
        for item in value.values():
            yield from _mappings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _mappings(item)


def _named_in(value: Any) -> set[str]:
    """Return all that looks like an entity id, in keys and in templates too."""
    if isinstance(value, str):
        return set(_ENTITY_ID.findall(value))
    if isinstance(value, Mapping):
        return {name for pair in value.items() for item in pair for name in _named_in(item)}
    if isinstance(value, list | tuple):
        return {name for item in value for name in _named_in(item)}
    template = getattr(value, "template", None)
    return _named_in(template) if isinstance(template, str) else set()
