"""The smallest useful instance of a JSON schema, and checking one (for ``format``)."""

from collections.abc import Mapping, Sequence
import json
from typing import Any

from .errors import ApiError, nested
from .versions import Behaviour

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
_CONVERSION = "Field 'json_schema': \"json_schema\": JSON schema conversion failed:\n"


def check_format(value: Any, behaviour: Behaviour) -> None:
    """Raise what the server answers to a ``format`` it cannot use (chat_format_*)."""
    if value in (None, "", "json"):
        return
    if not isinstance(value, dict):
        shown = json.dumps(json.dumps(value, ensure_ascii=False), ensure_ascii=False)
        text = f'invalid format: {shown}; expected "json" or a valid JSON Schema object'
        raise ApiError(500, text, late=True)
    problem = _problem(value, value)
    if problem is None:
        return
    if not behaviour.nested_errors:
        raise ApiError(500, "invalid JSON schema in format", late=True)
    raise nested(400, _CONVERSION + problem, "invalid_request_error")


def _problem(schema: Any, root: Mapping[str, Any]) -> str | None:
    if isinstance(schema, list):
        return next((p for s in schema if (p := _problem(s, root))), None)
    if not isinstance(schema, dict):
        return None
    shown = json.dumps(schema, separators=(",", ":"), ensure_ascii=False)
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        node: Any = root
        for step in reference[2:].split("/"):
            if not isinstance(node, dict) or step not in node:
                whole = json.dumps(root, separators=(",", ":"), ensure_ascii=False)
                return f"Error resolving ref {reference}: {step} not in {whole}"
            node = node[step]
    kind = schema.get("type")
    names = kind if isinstance(kind, list) else [kind] if kind is not None else []
    if any(name not in _TYPES for name in names):
        return f"Unrecognized schema: {shown}"
    children: list[Any] = list((schema.get("properties") or {}).values())
    children += [schema.get("items"), schema.get("anyOf"), schema.get("oneOf")]
    return next((p for child in children if (p := _problem(child, root))), None)


def resolve(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow ``$ref`` inside ``root``; ``true`` and unknown things allow anything."""
    while isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        node: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            node = node.get(step, {}) if isinstance(node, dict) else {}
        schema = node
    return schema if isinstance(schema, dict) else {}


def instance(schema: Any, hint: str = "", root: Mapping[str, Any] | None = None) -> Any:
    """Return a valid instance. ``hint``: of an enum, the value named in it is taken."""
    root = root if root is not None else schema if isinstance(schema, dict) else {}
    schema = resolve(schema, root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return choose(schema["enum"], hint)
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return instance(schema[key][0], hint, root)
    if schema.get("allOf"):
        merged: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
        for part in schema["allOf"]:
            found = resolve(part, root)
            merged["properties"] |= found.get("properties", {})
            merged["required"] += found.get("required", [])
        return instance(merged, hint, root)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0]
    if kind is None:
        kind = "object" if "properties" in schema else "string"
    return _instance_of(kind, schema, hint, root)


def _instance_of(kind: str, schema: Mapping[str, Any], hint: str, root: Mapping[str, Any]) -> Any:
    if kind == "object":
        # Everything that is described is given, as constrained models tend to do.
        properties: Mapping[str, Any] = schema.get("properties") or {}
        names = [*properties, *(n for n in schema.get("required", ()) if n not in properties)]
        return {name: instance(properties.get(name, {}), hint, root) for name in names}
    if kind == "array":
        count = max(int(schema.get("minItems", 1)), 0)
        count = min(count, int(schema.get("maxItems", count)))
        return [instance(schema.get("items", {}), hint, root) for _ in range(count)]
    if kind in ("integer", "number"):
        return _number(kind, schema)
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    longest = int(schema.get("maxLength", 20))
    text = " ".join(hint.split())[: min(longest, 20)].strip() or "text"[:longest]
    return text.ljust(int(schema.get("minLength", 0)), ".")


def _number(kind: str, schema: Mapping[str, Any]) -> int | float:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    value: int | float = 0
    if low is not None:
        value = low + (1 if "exclusiveMinimum" in schema else 0)
    elif high is not None and high <= 0:
        value = high - (1 if "exclusiveMaximum" in schema else 0)
    return int(value) if kind == "integer" else value


def choose(values: Sequence[Any], hint: str) -> Any:
    """Return the value whose text stands last in ``hint``, else the first value."""
    lowered = hint.lower()
    found = [
        (lowered.rfind(value.lower()), len(value), value)
        for value in values
        if isinstance(value, str) and value and value.lower() in lowered
    ]
    return max(found, key=lambda item: item[:2])[2] if found else values[0]


def matches(value: Any, schema: Any, root: Mapping[str, Any] | None = None) -> bool:
    """Whether ``value`` is an instance, as far as a grammar would enforce it."""
    root = root if root is not None else schema if isinstance(schema, dict) else {}
    schema = resolve(schema, root)
    if "const" in schema and value != schema["const"]:
        return False
    if schema.get("enum") and value not in schema["enum"]:
        return False
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return any(matches(value, option, root) for option in schema[key])
    kinds = schema.get("type")
    names = kinds if isinstance(kinds, list) else [kinds] if kinds else []
    if names and not any(_is_kind(value, name) for name in names):
        return False
    if isinstance(value, dict):
        properties = schema.get("properties") or {}
        if any(name not in value for name in schema.get("required", ())):
            return False
        return all(
            matches(value[name], child, root) for name, child in properties.items() if name in value
        )
    if isinstance(value, list):
        return all(matches(item, schema.get("items", {}), root) for item in value)
    return True


def _is_kind(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])
