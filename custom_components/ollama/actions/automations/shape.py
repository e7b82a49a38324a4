"""The shape of an automation as a model writes it, brought to today's keys."""

from collections.abc import Mapping
from typing import Any, Final

import probatio
import yaml

_MODES: Final = ("single", "restart", "queued", "parallel")
_SINGULAR: Final = {"trigger": "triggers", "condition": "conditions", "action": "actions"}
_LISTS: Final = tuple(_SINGULAR.values())
_MOST_LEVELS: Final = 40
_NOT_STEPS: Final = frozenset({"data", "target", "variables"})
"""What stands in these is no step, whatever its keys are."""


def _with_plural_keys(value: Any) -> Any:
    """Rename the keys that Home Assistant renames, and make lists of single things."""
    if not isinstance(value, Mapping):
        return value
    renamed = {_SINGULAR.get(key, key): item for key, item in value.items() if item is not None}
    for key in _LISTS:
        if isinstance(renamed.get(key), Mapping):
            renamed[key] = [renamed[key]]
    return renamed


def _not_too_deep(value: Any, levels: int = _MOST_LEVELS) -> Any:
    """Refuse what nobody could read any more, and Python neither."""
    if not levels:
        raise probatio.Invalid(f"more than {_MOST_LEVELS} levels in each other")
    items = value.values() if isinstance(value, Mapping) else value
    if isinstance(items, list) or isinstance(value, Mapping):
        for item in items:
            _not_too_deep(item, levels - 1)
    return value


STRUCTURE: Final = probatio.Schema(
    probatio.All(
        _not_too_deep,
        _with_plural_keys,
        probatio.Schema(
            {
                probatio.Required("alias"): str,
                probatio.Optional("description", default=""): str,
                probatio.Required("triggers"): [dict],
                probatio.Optional("conditions", default=[]): [dict],
                probatio.Required("actions"): [dict],
                probatio.Optional("mode", default=_MODES[0]): probatio.In(_MODES),
            },
            extra=probatio.REMOVE_EXTRA,
        ),
    )
)
"""What a model may decide; its id, whether it is on, and a blueprint are not its to choose."""


def normalised(written: Mapping[str, Any]) -> dict[str, Any]:
    """Return an automation in the order and with the keys of Home Assistant's editor."""
    return {
        "alias": " ".join(written["alias"].split()),
        "description": written["description"].strip(),
        "triggers": _with_new_keys(written["triggers"]),
        "conditions": _with_new_keys(written["conditions"]),
        "actions": _with_new_keys(written["actions"]),
        "mode": written["mode"],
    }


def as_yaml(value: Any) -> str:
    """Return what an automation is in Home Assistant's files.

    Not by Home Assistant's own function, which changes texts that have ": null" in them.
    """
    return yaml.safe_dump(value, allow_unicode=True, default_flow_style=False, sort_keys=False)


def _with_new_keys(value: Any) -> Any:
    """Bring steps and triggers of any depth to today's keys."""
    if isinstance(value, list):
        return [_with_new_keys(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    renamed = _renamed(_renamed(value, "service", "action"), "platform", "trigger")
    if isinstance(renamed.get("action"), str):
        renamed = _with_target(renamed)
    return {
        key: item if key in _NOT_STEPS else _with_new_keys(item) for key, item in renamed.items()
    }


def _renamed(value: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    if new in value:
        return dict(value)
    return {new if key == old else key: item for key, item in value.items()}


def _with_target(step: dict[str, Any]) -> dict[str, Any]:
    """Move entity ids from where Home Assistant used to want them to the target."""
    data = step.get("data")
    if "target" in step:
        return step
    if "entity_id" in step:
        target = step.pop("entity_id")
    elif isinstance(data, Mapping) and "entity_id" in data:
        data = dict(data)
        target = data.pop("entity_id")
        step["data"] = data
    else:
        return step
    return step | {"target": {"entity_id": target}}
