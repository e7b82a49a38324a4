"""What a target reaches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids

from .templates import is_template_string

TARGET_KEYS: Final = frozenset({"entity_id", "device_id", "area_id", "floor_id", "label_id"})


@dataclass(slots=True)
class Resolved:
    """The entities of a target."""

    named: set[str] = field(default_factory=set)
    """By their ids; whether they exist is another question."""
    found: set[str] = field(default_factory=set)
    """By their device, area, floor or label."""
    problems: list[str] = field(default_factory=list)


def resolve(hass: HomeAssistant, target: Any) -> Resolved:
    """Return the entities of a target, and what of it is not there."""
    resolved = Resolved()
    if target is None:
        return resolved
    if not isinstance(target, Mapping) or not target.keys() <= TARGET_KEYS:
        resolved.problems.append(f"A target may have {', '.join(sorted(TARGET_KEYS))}: {target}")
        return resolved
    selection = {key: _ids(target[key]) for key in target}
    for ids in selection.values():
        if any(is_template_string(one) for one in ids):
            resolved.problems.append(f"A target has to be written out, without templates: {target}")
            return resolved
    resolved.named = {one.lower() for one in selection.pop("entity_id", [])}
    selected = async_extract_referenced_entity_ids(hass, TargetSelection(selection))
    resolved.found = selected.indirectly_referenced
    for what, missing in (
        ("floor", selected.missing_floors),
        ("area", selected.missing_areas),
        ("device", selected.missing_devices),
        ("label", selected.missing_labels),
    ):
        resolved.problems += [f"There is no {what} with the id {one}." for one in sorted(missing)]
    return resolved


def _ids(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    # As Home Assistant reads them: several may stand in one text.
    return [part.strip() for one in values for part in str(one).split(",")]
