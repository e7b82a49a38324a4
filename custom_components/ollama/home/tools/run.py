"""Scripts, scenes, automations and buttons."""

from collections.abc import Collection, Mapping
from typing import Any, Final, override

from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.components.script import DOMAIN as SCRIPT
from homeassistant.const import SERVICE_TURN_ON
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.service import async_get_cached_service_description
import probatio

from ..acting import Call, async_act
from ..caller import Caller
from ..inventory import ExposedEntity
from ..policy import SERVICE_TRIGGER
from ..problem import ToolProblemError
from .base import HARMLESS_KEYS, RUN, TARGET_KEYS, Arguments, HomeTool, schema
from .switching import by_domain

_SERVICES: Final = {
    SCRIPT: SERVICE_TURN_ON,
    "scene": SERVICE_TURN_ON,
    AUTOMATION: SERVICE_TRIGGER,
    "button": "press",
    "input_button": "press",
}
_NAMES: Final = tuple(
    f"{domain}{end}" for domain in (SCRIPT, "scene", AUTOMATION, "button") for end in ("", "_name")
)
# Fields of scripts are called so; beside a script's name none of them says where it is.
_FIELDS: Final = (
    "level", "type", "label", "labels", "room", "location", "floor", "device_class",
)  # fmt: skip
_REPEATED: Final = frozenset({"action", "command", "service", "state"})


class Run(HomeTool):
    """Runs what the owner prepared."""

    name = "run"
    description = "Run a script, activate a scene, trigger an automation or press a button."
    parameters = schema({probatio.Required("name"): str})
    annotations = RUN
    needs_domains = frozenset(_SERVICES)
    example = {"name": "Movie night"}
    takes = {"name": (*_NAMES, "script_id", "scene_id"), "variables": ("fields",), "field": _FIELDS}

    @override
    def _refuse_unknown(self, arguments: Arguments) -> None:
        """Leave it until the script is known: its fields are arguments too."""

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Run; what else was written becomes the variables of a script."""
        targets = arguments.targets(_SERVICES, each_named=True)
        variables = self._variables(arguments)
        calls: list[Call] = []
        for domain, entities in by_domain(targets).items():
            data: dict[str, Any] = {"skip_condition": False} if domain == AUTOMATION else {}
            if domain != SCRIPT:
                _refuse_unknown(entities[0], variables, ())
                calls.append(Call(domain, _SERVICES[domain], entities, data))
                continue
            for entity in entities:
                _check_fields(caller, entity, variables)
                data = {"variables": variables} if variables else {}
                calls.append(Call(SCRIPT, SERVICE_TURN_ON, (entity,), data))
        return await async_act(caller, self.name, calls)

    def _variables(self, arguments: Arguments) -> dict[str, Any]:
        written = arguments.get("variables")
        values = dict(written) if isinstance(written, Mapping) else {}
        known = {*TARGET_KEYS, *HARMLESS_KEYS, "variables", "fields", *self.takes["name"]}
        known -= set(_FIELDS)
        words = {self.name, "activate", "trigger", "press", "turn_on", "start", "on"}
        return values | {
            key: value
            for key, value in arguments.everything.items()
            if key not in known
            and not (key in _REPEATED and str(value).lower().rpartition(".")[2] in words)
        }


def _check_fields(caller: Caller, script: ExposedEntity, variables: Mapping[str, Any]) -> None:
    """Refuse what a script has no field for, and a call without what it needs."""
    # The action keeps its name when the entity gets another id.
    entry = er.async_get(caller.hass).async_get(script.entity_id)
    service = entry.unique_id if entry is not None else script.entity_id.partition(".")[2]
    described = async_get_cached_service_description(caller.hass, SCRIPT, service)
    if described is None:
        return
    fields: Mapping[str, Any] = described.get("fields") or {}
    _refuse_unknown(script, variables, fields)
    missing = [
        name
        for name, about in fields.items()
        if isinstance(about, Mapping) and about.get("required") and name not in variables
    ]
    if missing:
        raise ToolProblemError(
            f"Nothing was done: {script.name} needs more arguments.",
            missing={name: str(fields[name].get("description") or "") for name in missing},
        )


def _refuse_unknown(
    entity: ExposedEntity, variables: Mapping[str, Any], fields: Collection[str]
) -> None:
    if unknown := [key for key in variables if key not in fields]:
        raise ToolProblemError(
            f"Nothing was done: {entity.name} has no argument {unknown[0]!r}.",
            unknown=unknown[0],
            arguments=["name", *fields],
        )
