"""Reads what a model wrote as the arguments of a tool, before any of it is looked up."""

from collections.abc import Mapping
import re
from typing import Any, Final

from ..problem import ToolProblemError

# What models write in place of `name`: the field's names, in the order of trust.
NAME_KEYS: Final = (
    "entity_id",
    "entity_ids",
    "name",
    "names",
    "device",
    "devices",
    "device_name",
    "entity",
    "entities",
    "entity_name",
    "friendly_name",
    "target",
    "target_device",
    "targets",
    "item_name",
    "device_id",
)
AREA_KEYS: Final = ("area", "area_id", "area_name", "room", "location", "preferred_area_id")
FLOOR_KEYS: Final = ("floor", "floor_id", "level", "preferred_floor_id")
LABEL_KEYS: Final = ("label", "label_id", "labels")
DOMAIN_KEYS: Final = ("domain", "domains", "device_type", "type")
CLASS_KEYS: Final = ("device_class", "device_classes")
# Said beside a call, and never what it acts on.
HARMLESS_KEYS: Final = frozenset(
    {"reason", "explanation", "response", "language", "thought", "comment", "description", "id"}
)
TARGET_KEYS: Final = frozenset(
    (*NAME_KEYS, *AREA_KEYS, *FLOOR_KEYS, *LABEL_KEYS, *DOMAIN_KEYS, *CLASS_KEYS)
)
# A model that takes the tool for a service says again what the tool does.
REPEATING_KEYS: Final = frozenset({"action", "command", "service", "state", "status", "value"})

_WRAPPERS: Final = frozenset(
    {"data", "service_data", "parameters", "arguments", "args", "target", "properties"}
)
_DEEPEST: Final = 5
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BLANKS: Final = ("", "none", "null", "n/a")


def flattened(written: Mapping[str, Any]) -> dict[str, Any]:
    """Lift what a model put into an inner object, and write all keys alike.

    The same argument twice, with two values, is refused: neither may be dropped. Raises
    ToolProblemError.
    """
    flat: dict[str, Any] = {}
    _flatten(written, flat, 0)
    return flat


def _flatten(written: Mapping[str, Any], flat: dict[str, Any], depth: int) -> None:
    if depth > _DEEPEST:
        raise ToolProblemError("Pass the arguments without objects inside of objects.")
    for written_key, value in written.items():
        key = _CAMEL.sub("_", str(written_key).strip()).lower().replace("-", "_").replace(" ", "_")
        if is_blank(value):
            continue
        if isinstance(value, Mapping) and (key in _WRAPPERS or key in NAME_KEYS):
            _flatten(value, flat, depth + 1)
            continue
        if key in flat and flat[key] != value:
            raise ToolProblemError(f"The argument {key!r} is given twice. Pass one value.")
        flat[key] = value


def is_blank(value: Any) -> bool:
    """Whether a value says nothing: models fill in what they don't need."""
    if value is None or value in ([], {}):
        return True
    return isinstance(value, str) and value.strip().lower() in _BLANKS


def texts_of(value: Any) -> tuple[str, ...]:
    """Return a text or a list of texts as texts. Raises ToolProblemError.

    A list of objects that say more than a name is refused, as the rest would be lost.
    """
    if is_blank(value):
        return ()
    if isinstance(value, Mapping):
        if len(value) > 1 or not {str(key) for key in value} <= set(NAME_KEYS):
            raise ToolProblemError("Pass names as plain texts, not as objects.")
        return tuple(text for item in value.values() for text in texts_of(item))
    if isinstance(value, list | tuple | set):
        return tuple(text for item in value for text in texts_of(item))
    text = str(value).strip()
    return (text,) if text else ()
