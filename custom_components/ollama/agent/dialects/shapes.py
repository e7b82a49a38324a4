"""Which values are calls: the shapes in which models put a name and arguments."""

from collections.abc import Callable, Iterator, Mapping
import re
from typing import Any

from .lenient_json import UnreadableError, read_json
from .pieces import WrittenCall

type KnowsTool = Callable[[str], bool]

NAME_KEYS = (
    "tool_name",  # Command R
    "function_name",
    "recipient_name",
    "tool",
    "function",
    "name",  # OpenAI, Hermes, Llama, Mistral, ...
    "service",  # home-llm, Home Assistant's older actions
    "action",  # ReAct as JSON, Home Assistant's actions
    "intent",
)
"""Keys whose value is the name of a tool, the most telling first."""

ARGUMENT_KEYS = (
    "arguments",
    "parameters",
    "args",
    "params",
    "kwargs",
    "input",
    "inputs",
    "action_input",
    "tool_input",
    "tool_arguments",
    "tool_args",
    "tool_parameters",
    "function_args",
    "function_arguments",
    "parameter",
    "argument",
    "data",
    "service_data",
)
"""Keys whose value holds the arguments, the usual ones first."""

LIST_KEYS = ("tool_calls", "function_calls", "tool_uses", "calls", "to_execute_service")
WRAPPER_KEYS = ("function", "tool_call", "function_call", "tool_use", "tool", "call", "action")

_CALL_TYPES = frozenset({"function", "tool_call", "tool_use", "function_call", "tool", "object"})
_MESSAGE_KEYS = frozenset({"role", "thinking", "reasoning", "thought", "thoughts"})
_IDENTIFIERS = ("id", "call_id", "tool_call_id", "index")
_CALL_ID = re.compile(
    r"\d{0,6}|(?:chatcmpl|call|tool|toolu|fc)[-_]\w*"
    r"|(?=\w*[a-z])(?=\w*[A-Z])(?=\w*\d)[a-zA-Z0-9]{9}",  # Mistral's
    re.ASCII,
)
_OWN_VALUE = ("data", "input", "argument", "parameter")
_DEEPEST = 4

CALL_KEYS = frozenset(
    {*NAME_KEYS, *ARGUMENT_KEYS, *LIST_KEYS, *WRAPPER_KEYS, *_IDENTIFIERS, *_MESSAGE_KEYS, "type"}
)
"""With which a call may begin. The keys of an answer are others."""

STRONG_KEYS = frozenset(
    {*LIST_KEYS, "function_call", "tool_call", "tool_use", "arguments", "parameters", "args"}
    | {"kwargs", "action_input", "tool_input", "tool_name", "function_name", "recipient_name"}
    | _MESSAGE_KEYS - {"role"}
)
"""Keys that are of a call for sure, also before a name is seen."""


STRONG_VALUES = {"type": _CALL_TYPES - {"object"}, "role": frozenset({"assistant"})}
"""Values that are of a call for sure, by their key."""


def read_calls(value: Any, knows: KnowsTool, *, marked: bool) -> list[WrittenCall] | None:
    """Return the calls in a value, or None where it is something else.

    With `marked` a call may name any tool; without, every call must name a known one.
    """
    try:
        return list(_calls(value, knows, marked=marked, depth=0)) or None
    except UnreadableError:
        return None


def _calls(value: Any, knows: KnowsTool, *, marked: bool, depth: int) -> Iterator[WrittenCall]:
    if depth > _DEEPEST:
        raise UnreadableError("nested")
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        value = read_json(value)  # encoded twice
    if isinstance(value, list):
        yield from _listed(value, knows, marked=marked, depth=depth + 1)
        return
    if not isinstance(value, dict) or not value:
        raise UnreadableError("not a call")
    for key in LIST_KEYS:
        if isinstance(items := value.get(key), list | str):
            yield from _calls(items, knows, marked=marked, depth=depth + 1)
            return
    if nested := _unwrap(value):
        yield from _calls(nested, knows, marked=marked, depth=depth + 1)
    elif name_key := _name_key(value, knows, marked=marked):
        yield _named_call(value, name_key)
    elif all(_is_name(key, item, knows, marked=marked) for key, item in value.items()):
        for key, item in value.items():  # Apertus: {"turn_on": {"name": "..."}}
            yield make_call(key, read_arguments(item))
    else:
        raise UnreadableError("not a call")


def _listed(
    items: list[Any], knows: KnowsTool, *, marked: bool, depth: int
) -> Iterator[WrittenCall]:
    """Yield the calls of a list; with a marker, one that can't be read costs only itself."""
    for item in items:
        try:
            yield from list(_calls(item, knows, marked=marked, depth=depth))
        except UnreadableError:
            if not marked:
                raise


def _is_name(key: str, item: Any, knows: KnowsTool, *, marked: bool) -> bool:
    if not isinstance(item, dict) or key in CALL_KEYS:
        return False
    return marked or knows(clean_name(key))


def _unwrap(value: dict[str, Any]) -> dict[str, Any] | None:
    """Return the call inside of {"function": {"name": ..., "arguments": ...}}."""
    for key in WRAPPER_KEYS:
        inner = value.get(key)
        if not isinstance(inner, dict) or not inner:
            continue
        if not any(isinstance(inner.get(name), str) for name in NAME_KEYS):
            continue
        outside = {
            other: item
            for other, item in value.items()
            if other in ARGUMENT_KEYS and not any(name in inner for name in ARGUMENT_KEYS)
        }
        return {**inner, **outside}
    return None


def _name_key(value: dict[str, Any], knows: KnowsTool, *, marked: bool) -> str | None:
    """Return the key under which the tool's name stands."""
    keys = [key for key in NAME_KEYS if isinstance(value.get(key), str) and value[key].strip()]
    for key in keys:
        if knows(clean_name(value[key])):
            return key
    if not marked or not keys:
        return None
    if len(keys) > 1 and not any(key in value for key in ARGUMENT_KEYS):
        keys = [key for key in keys if key != "name"]  # which names the target then
    return keys[0]


def clean_name(name: str) -> str:
    """Return a name without what the formats put around it, such as `functions.`."""
    name = name.strip().strip("`\"'").removesuffix("()").rstrip(":")
    for prefix in ("call:", "functions.", "default_api.", "function:"):
        name = name.removeprefix(prefix)
    stem, separator, number = name.rpartition(":")  # Kimi counts its calls: turn_on:0
    return stem if separator and number.isdigit() else name


def make_call(name: str, arguments: dict[str, Any]) -> WrittenCall:
    """Return a call. Raises UnreadableError where nothing is left of its name."""
    if not (name := clean_name(name)):
        raise UnreadableError("no name")
    return WrittenCall(name, arguments)


def is_name(char: str) -> bool:
    """Whether a character may be part of a tool's name."""
    return char.isascii() and (char.isalnum() or char in "_.:/-")


def _named_call(value: dict[str, Any], name_key: str) -> WrittenCall:
    arguments_key = next((key for key in ARGUMENT_KEYS if key in value), None)
    rest = {
        key: item
        for key, item in value.items()
        if key not in (name_key, arguments_key) and not _is_about_the_call(key, item)
    }
    if arguments_key is None:
        if rest.keys() == {"description"}:
            raise UnreadableError("the tool's description")
        return make_call(value[name_key], rest)
    arguments = read_arguments(value[arguments_key])
    if arguments_key in _OWN_VALUE and arguments.keys() == {"input"}:
        arguments = {arguments_key: arguments["input"]}
    # What stands beside the arguments stays: it may name the target (`target`, `entity_id`).
    return make_call(value[name_key], {**rest, **arguments})


def _is_about_the_call(key: str, item: Any) -> bool:
    if key == "type":
        return item in _CALL_TYPES if isinstance(item, str) else False
    if key in _IDENTIFIERS:
        return not isinstance(item, str) or _CALL_ID.fullmatch(item) is not None
    return key in _MESSAGE_KEYS


def read_arguments(value: Any) -> dict[str, Any]:
    """Return arguments, also from JSON in a string. Raises UnreadableError for a schema."""
    for _ in range(3):
        if not isinstance(value, str) or value.strip()[:1] not in ("{", "[", '"'):
            break
        try:
            value = read_json(value)
        except UnreadableError:
            break
    if value is None or value == "":
        return {}
    if isinstance(value, list):
        return _listed_arguments(value)
    if not isinstance(value, dict):
        return {"input": value}
    properties = value.get("properties")
    if value.get("type") == "object" and isinstance(properties, dict):
        if not properties or _is_schema(properties):
            raise UnreadableError("the tool's schema, repeated")
        return properties  # Llama 3.2 puts the values where the schema has the types
    return value


def _listed_arguments(items: list[Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            arguments[str(index)] = item
        elif item.keys() == {"name", "value"} and isinstance(item["name"], str):
            arguments[item["name"]] = item["value"]
        else:
            arguments.update(item)
    return arguments


def _is_schema(properties: Mapping[str, Any]) -> bool:
    """Whether these are descriptions of arguments and not arguments."""
    return all(
        isinstance(item, dict) and isinstance(item.get("type"), str) and "value" not in item
        for item in properties.values()
    )
