"""Whether an automation that a model wrote is one that Home Assistant accepts and its owner wants.

Its errors are told to the model, and to whoever asked: plain English, as Home Assistant's own.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
import logging
from typing import Any, Final

from homeassistant.components.automation.config import async_validate_config_item
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
import probatio

from .actions import ENTITY_ACTIONS, GENERIC_ACTIONS, MESSAGE_ACTIONS, MESSAGE_FIELDS, words
from .reach import Reach
from .targets import TARGET_KEYS, resolve
from .templates import entity_ids_in, is_template_string, template_problem

_LOGGER = logging.getLogger(__name__)

_MOST_ERRORS: Final = 20
_LONGEST_ERROR: Final = 500

_WATCHES: Final = words("""
    calendar conversation homeassistant numeric_state state sun template time time_pattern zone
    """)
_TESTS: Final = words("and or not numeric_state state sun template time trigger zone")
# Triggers and conditions that are named after what they are about, as door.opened.
_ABOUT: Final = ENTITY_ACTIONS.keys() | words("""
    air_quality battery calendar climate door doorbell event garage_door gate humidity
    illuminance moisture moon motion occupancy person power schedule sun temperature todo
    vibration window zone
    """)
_NOT_ENTITIES: Final = words(
    "alias command condition event from id not_from not_to platform to trigger"
)
"""Keys whose values may look like an entity's id and are none."""
_CALL_KEYS: Final = frozenset({"action", "target", "data", "alias", "enabled", "continue_on_error"})
_CONTAINERS: Final = frozenset(
    {
        cv.SCRIPT_ACTION_CHOOSE,
        cv.SCRIPT_ACTION_IF,
        cv.SCRIPT_ACTION_PARALLEL,
        cv.SCRIPT_ACTION_REPEAT,
        cv.SCRIPT_ACTION_SEQUENCE,
    }
)
_HARMLESS: Final = frozenset(
    {
        cv.SCRIPT_ACTION_DELAY,
        cv.SCRIPT_ACTION_STOP,
        cv.SCRIPT_ACTION_VARIABLES,
        cv.SCRIPT_ACTION_WAIT_TEMPLATE,
    }
)
_SCRIPT: Final = "script"
_NOTIFY: Final = "notify"


@dataclass(frozen=True, slots=True)
class Act:
    """An action on some entities."""

    service: str
    """Without the domain."""
    entity_ids: frozenset[str]


@dataclass(slots=True)
class Findings:
    """What an automation does, and what is wrong with it."""

    acts: list[Act] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def wrong(self, text: str) -> None:
        """Take note of an error, once."""
        text = text[:_LONGEST_ERROR]
        if text not in self.errors and len(self.errors) < _MOST_ERRORS:
            self.errors.append(text)


async def async_check(reach: Reach, automation: Mapping[str, Any]) -> Findings:
    """Return what an automation does, and what is wrong with it."""
    findings = Findings()
    _Walk(reach, findings).through(automation)
    try:
        await async_validate_config_item(reach.hass, "", deepcopy(dict(automation)))
    except probatio.Invalid as err:
        for one in err.errors if isinstance(err, probatio.MultipleInvalid) else [err]:
            findings.wrong(str(one))
    except HomeAssistantError as err:
        findings.wrong(str(err))
    except Exception as err:  # noqa: BLE001 - each trigger reads in its own way what a model wrote
        _LOGGER.debug("An automation could not be validated: %s", type(err).__name__)
        findings.wrong(f"Home Assistant cannot read this automation: {err}")
    return findings


class _Walk:
    """Goes through all that an automation watches and does."""

    def __init__(self, reach: Reach, findings: Findings) -> None:
        """Start with nothing found."""
        self._reach = reach
        self._findings = findings
        self._wrong = findings.wrong
        self._readable = reach.readable.keys() | reach.controllable.keys()

    def through(self, automation: Mapping[str, Any]) -> None:
        """Look at everything."""
        if not automation["alias"]:
            self._wrong("The automation needs an alias.")
        for key in ("triggers", "actions"):
            if not automation[key]:
                self._wrong(f"The automation needs {key}.")
        self._templates(automation)
        self._triggers(automation["triggers"])
        self._conditions(automation["conditions"])
        self._steps(automation["actions"])

    def _templates(self, automation: Mapping[str, Any]) -> None:
        variables = {
            str(name)
            for part in _mappings(automation)
            if isinstance(part.get("variables"), Mapping)
            for name in part["variables"]
        }
        for part in _mappings(automation):
            for key in part:
                if is_template_string(str(key)):
                    self._wrong(f"A key may not be a template: {key}")
        for text in _texts(automation):
            if is_template_string(text) and (
                problem := template_problem(self._reach.hass, text, self._readable, variables)
            ):
                self._wrong(problem)

    # What is watched

    def _triggers(self, triggers: Any) -> None:
        for trigger in _listed(triggers):
            if not isinstance(trigger, Mapping):
                self._wrong(f"A trigger has to be an object with the key trigger: {trigger}")
            elif set(trigger) == {"triggers"}:
                self._triggers(trigger["triggers"])
            else:
                kind = str(trigger.get("trigger", trigger.get("platform", "")))
                self._kind("trigger", kind, _WATCHES)
                self._watched(trigger, kind)

    def _conditions(self, conditions: Any) -> None:
        for condition in _listed(conditions):
            if not isinstance(condition, Mapping):
                continue  # a template, which is looked at with all others
            if inner := [key for key in ("and", "or", "not") if key in condition]:
                for key in inner:
                    self._conditions(condition[key])
                continue
            kind = condition.get("condition")
            if "conditions" in condition or isinstance(kind, list):
                self._conditions(condition.get("conditions"))
                self._conditions(kind if isinstance(kind, list) else None)
                continue
            if not is_template_string(str(kind)):
                self._kind("condition", str(kind or ""), _TESTS)
            self._watched(condition, str(kind))

    def _kind(self, what: str, kind: str, allowed: frozenset[str]) -> None:
        domain, dot, _ = kind.partition(".")
        if kind not in allowed and not (dot and domain in _ABOUT):
            self._wrong(f"The {what} {kind or 'without a kind'} may not be used here.")

    def _watched(self, value: Any, kind: str, key: str = "") -> None:
        """Look for entities in what is watched."""
        if isinstance(value, Mapping):
            for inner_key, item in value.items():
                if inner_key == "target":
                    self._watched_target(item, kind)
                elif inner_key not in _NOT_ENTITIES:
                    self._watched(item, kind, inner_key)
        elif isinstance(value, list):
            for item in value:
                self._watched(item, kind, key)
        elif isinstance(value, str) and not is_template_string(value):
            named = entity_ids_in(value)
            if not named and key in ("entity_id", "zone"):
                named = [value]
            self._check_readable(named)

    def _watched_target(self, target: Any, kind: str) -> None:
        resolved = resolve(self._reach.hass, target)
        for problem in resolved.problems:
            self._wrong(problem)
        domain = kind.partition(".")[0]
        found = resolved.named | {
            entity_id
            for entity_id in resolved.found
            if domain not in ENTITY_ACTIONS or entity_id.startswith(f"{domain}.")
        }
        self._check_readable(found)

    def _check_readable(self, entity_ids: Any) -> None:
        for entity_id in sorted(set(entity_ids) - self._readable):
            self._wrong(f"There is no {entity_id} to be watched.")

    # What is done

    def _steps(self, steps: Any) -> None:
        for step in _listed(steps):
            if isinstance(step, Mapping):
                self._step(step)
            else:
                self._wrong(f"An action has to be an object: {step}")

    def _step(self, step: Mapping[str, Any]) -> None:
        try:
            kind = cv.determine_script_action(dict(step))
        except ValueError:
            self._wrong(f"This is no action: {dict(step)}")
            return
        match kind:
            case cv.SCRIPT_ACTION_CALL_SERVICE:
                self._call(step)
            case cv.SCRIPT_ACTION_ACTIVATE_SCENE:
                self._act("scene", "turn_on", {"entity_id": step["scene"]})
            case cv.SCRIPT_ACTION_CHECK_CONDITION:
                self._conditions(step)
            case cv.SCRIPT_ACTION_WAIT_FOR_TRIGGER:
                self._triggers(step["wait_for_trigger"])
            case kind if kind in _CONTAINERS:
                self._inside(step)
            case kind if kind not in _HARMLESS:
                self._wrong(f"Actions of the kind {kind} may not be used here.")

    def _inside(self, step: Mapping[str, Any]) -> None:
        """Look at the steps that stand in another one, and at what decides about them."""
        self._conditions(step.get("if"))
        parts = [step, *_listed(step.get("choose")), step.get("repeat")]
        for part in parts:
            if isinstance(part, Mapping):
                for key in ("conditions", "while", "until"):
                    self._conditions(part.get(key))
                for key in ("sequence", "then", "else", "default"):
                    self._steps(part.get(key))
        for inner in _listed(step.get("parallel")):
            self._steps(inner)

    def _call(self, step: Mapping[str, Any]) -> None:
        """Look at a step that calls an action."""
        action, data = step.get("action"), step.get("data") or {}
        if not isinstance(action, str) or is_template_string(action):
            self._wrong(f"The name of an action has to be written out: {action}")
            return
        domain, _, service = action.strip().lower().partition(".")
        if not self._reach.hass.services.has_service(domain, service):
            self._wrong(f"There is no action {action}.")
            return
        if not self._is_allowed(domain, service):
            self._wrong(f"The action {action} may not be used here.")
            return
        if extra := sorted(step.keys() - _CALL_KEYS):
            self._wrong(f"The action {action} may not have {', '.join(map(str, extra))}.")
        if not isinstance(data, Mapping):
            self._wrong(f"The data of {action} has to be an object.")
            return
        ids: frozenset[str] = frozenset()
        if domain == _SCRIPT and service not in ENTITY_ACTIONS[_SCRIPT]:
            # A script called by its own name.
            ids = self._act(_SCRIPT, "turn_on", {"entity_id": action})
        elif domain in ENTITY_ACTIONS or domain in GENERIC_ACTIONS:
            ids = self._act(domain, service, step.get("target"))
        elif domain == _NOTIFY and "target" in step:
            self._recipients(step["target"])
            ids = frozenset(resolve(self._reach.hass, step["target"]).named)
        elif "target" in step:
            self._wrong(f"The action {action} takes no target.")
        self._data(domain, service, data, ids)

    def _is_allowed(self, domain: str, service: str) -> bool:
        if domain in (_NOTIFY, _SCRIPT):
            return service != "reload"
        known = (ENTITY_ACTIONS, GENERIC_ACTIONS, MESSAGE_ACTIONS)
        return any(service in table.get(domain, ()) for table in known)

    def _act(self, domain: str, service: str, target: Any) -> frozenset[str]:
        """Look at what an action acts on; return that, as far as it may."""
        resolved = resolve(self._reach.hass, target)
        for problem in resolved.problems:
            self._wrong(problem)
        generic = domain in GENERIC_ACTIONS
        found = {
            entity_id
            for entity_id in resolved.found
            if generic or entity_id.startswith(f"{domain}.")
        }
        for entity_id in sorted(resolved.named):
            if not generic and not entity_id.startswith(f"{domain}."):
                self._wrong(f"{domain}.{service} does not act on {entity_id}.")
        ids = frozenset(found | resolved.named)
        for entity_id in sorted(ids - self._reach.controllable.keys()):
            self._wrong(f"There is no {entity_id} that may be controlled.")
        if not ids and not resolved.problems:
            self._wrong(f"The action {domain}.{service} needs entities that it acts on.")
        may = ids & self._reach.controllable.keys()
        if may:
            self._findings.acts.append(Act(service, may))
        return ids

    def _recipients(self, target: Any) -> None:
        resolved = resolve(self._reach.hass, target)
        unknown = (resolved.named | resolved.found) - self._reach.recipients
        for problem in (
            *resolved.problems,
            *(f"There is no {entity_id} that takes messages." for entity_id in sorted(unknown)),
        ):
            self._wrong(problem)

    def _data(
        self, domain: str, service: str, data: Mapping[str, Any], ids: frozenset[str]
    ) -> None:
        """Look at the data of an action."""
        action = f"{domain}.{service}"
        if misplaced := sorted(TARGET_KEYS & data.keys()):
            self._wrong(f"{', '.join(misplaced)} of {action} belongs into its target.")
        tells = domain in (_NOTIFY, "assist_satellite") or domain in MESSAGE_ACTIONS
        if tells and (extra := sorted(map(str, data.keys() - MESSAGE_FIELDS))):
            self._wrong(f"The data of {action} may not have {', '.join(extra)}.")
        is_templated = any(is_template_string(text) for text in _texts(data))
        if is_templated and domain in (_SCRIPT, "automation"):
            # What is worked out where it runs may be an entity that nobody looked at.
            self._wrong(f"The data of {action} may hold no templates.")
        if not tells:
            named = {one for text in _texts(data) for one in entity_ids_in(text)}
            known = {one for one in named if self._reach.hass.states.get(one) is not None}
            for entity_id in sorted(known - self._reach.controllable.keys()):
                self._wrong(f"There is no {entity_id} that may be controlled.")
        needs_target = domain in ENTITY_ACTIONS or domain in GENERIC_ACTIONS
        if not is_templated and (ids or not needs_target):
            self._check_fields(domain, service, data, ids)

    def _check_fields(
        self, domain: str, service: str, data: Mapping[str, Any], ids: frozenset[str]
    ) -> None:
        """Try the data on the action's own schema, as Home Assistant does when it is called."""
        services = self._reach.hass.services.async_services_for_domain(domain)
        if (schema := services[service].schema) is None:
            return
        target = {"entity_id": sorted(ids)} if ids and domain != _SCRIPT else {}
        try:
            schema({**target, **deepcopy(dict(data))})
        except (probatio.Invalid, ValueError) as err:
            self._wrong(f"The data of {domain}.{service} is not right: {err}")


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _mappings(value: Any) -> Iterator[Mapping[Any, Any]]:
    """Yield every mapping, at any depth."""
    if isinstance(value, Mapping):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _mappings(item)


def _texts(value: Any) -> Iterator[str]:
    """Yield every text, at any depth."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value
