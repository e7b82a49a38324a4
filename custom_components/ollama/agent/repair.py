"""A model's call, made into one that an offered tool understands.

Names are found, wrapping is undone, arguments get the names and the types of the schema.
What is still wrong then goes back to the model with a correct call beside it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from homeassistant.helpers import llm

from .dialects.lenient_json import UnreadableError, read_json
from .toolnames import FoundTool, ToolNames, words_of
from .tools import describe

# Tools of other projects that carry the real call inside.
_CARRIERS: Final = frozenset(
    {"execute services", "execute service", "service", "services", "perform", "domain"}
)
_INNER_ARGUMENTS: Final = ("arguments", "parameters", "args", "params", "kwargs", "input")


@dataclass(frozen=True, slots=True)
class Repaired:
    """A call as it is made, or what is wrong with it."""

    tool_name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None
    example: Mapping[str, Any] | None = None


class CallRepair:
    """Repairs the calls of one turn."""

    def __init__(self, api: llm.APIInstance) -> None:
        """Read the offered tools."""
        self._tools = {tool.name: tool for tool in api.tools}
        self._serializer: Callable[[Any], Any] | None = api.custom_serializer

    @cached_property
    def _names(self) -> ToolNames:
        """The names, taken apart only when a call has to be understood."""
        return ToolNames(self._tools)

    def knows(self, name: str) -> bool:
        """Whether a name, however written, means an offered tool."""
        return self._find(name) is not None

    def _find(self, name: str) -> FoundTool | None:
        if name in self._tools:
            return FoundTool(name)
        return self._names.find(name)

    def repair(self, name: str, written: Any) -> list[Repaired]:
        """Return the call or calls that are meant; a carrier may hold several."""
        arguments = read_arguments(written)
        if carried := _carried(name, arguments):
            return [self._repair_one(inner, values) for inner, values in carried]
        return [self._repair_one(name, arguments)]

    def schema(self, tool_name: str) -> dict[str, Any]:
        """Return a tool's JSON schema."""
        return describe(self._tools[tool_name], self._serializer).schema

    def _repair_one(self, name: str, arguments: dict[str, Any]) -> Repaired:
        found = self._find(name)
        if found is None:
            return Repaired(
                name,
                arguments,
                problem=f"There is no tool {name!r}. The tools are: {', '.join(self._tools)}.",
            )
        tool = self._tools[found.name]
        properties: dict[str, Any] = self.schema(found.name).get("properties", {})
        values = _lifted(_unnumbered(arguments, properties), properties)
        values = _named_by_schema(values, properties)
        values |= {key: value for key, value in found.more.items() if key not in values}
        _add_domain(found, values, properties)
        values = {
            key: coerced(value, properties[key]) if key in properties else value
            for key, value in values.items()
        }
        return Repaired(found.name, values, example=getattr(tool, "example", None))

    def example(self, tool_name: str) -> dict[str, Any]:
        """Return a correct call of a tool, for a model that made a wrong one."""
        tool = self._tools.get(tool_name)
        if example := getattr(tool, "example", None):
            return {"name": tool_name, "arguments": dict(example)}
        if tool is None:
            return {}
        required = self.schema(tool_name).get("required") or ()
        return {
            "name": tool_name,
            "arguments": {key: f"<{key}>" for key in required} or {"name": "<name>"},
        }


def read_arguments(written: Any) -> dict[str, Any]:
    """Return arguments as an object, whatever they were wrapped in, without the blanks."""
    if isinstance(written, str):
        written = _read_json(written)
    if isinstance(written, Sequence) and not isinstance(written, str) and len(written) == 1:
        written = written[0]
    if not isinstance(written, Mapping):
        return {}
    return {
        str(key): value for key, item in written.items() if not is_blank(value := _read_value(item))
    }


def is_blank(value: Any) -> bool:
    """Whether a value says nothing: models fill in what they don't need."""
    if value is None or (isinstance(value, list | dict) and not value):
        return True
    return isinstance(value, str) and value.strip().lower() in ("", "none", "null", "n/a")


def _read_value(value: Any) -> Any:
    """Read lists and objects that were written as text."""
    if not isinstance(value, str) or value[:1] + value[-1:] not in ("[]", "{}"):
        return value
    read = _read_json(value)
    return value if read is None else read


def _read_json(text: str) -> Any:
    """Return what a text says as JSON, mistakes forgiven; None where it says nothing."""
    try:
        return read_json(text)
    except UnreadableError:
        return None


def _carried(name: str, arguments: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the calls inside a call such as `call_service` or `execute_services`."""
    listed = arguments.get("list") or arguments.get("services") or arguments.get("calls")
    items = listed if isinstance(listed, list) else [arguments]
    words = " ".join(words_of(name))
    if words and words not in _CARRIERS:
        return []
    carried = []
    for item in items:
        if not isinstance(item, Mapping):
            continue
        domain, service = item.get("domain"), item.get("service") or item.get("action")
        if not isinstance(service, str):
            continue
        full = service if "." in service or not isinstance(domain, str) else f"{domain}.{service}"
        values = {
            key: value for key, value in item.items() if key not in ("domain", "service", "action")
        }
        carried.append((full, read_arguments(values)))
    return carried


def _unnumbered(arguments: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Name arguments that were written without a name, as in turn_on("Kitchen light")."""
    if set(arguments) == {"input"} and "input" not in properties:
        return read_arguments(arguments["input"]) or dict(
            zip(properties, arguments.values(), strict=False)
        )
    names = list(properties)
    return {
        names[int(key)] if key.isdecimal() and int(key) < len(names) else key: value
        for key, value in arguments.items()
    }


def _lifted(arguments: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Undo nesting: {"arguments": {...}}, {"target": {...}}, {"service_data": {...}}."""
    lifted: dict[str, Any] = {}
    inner_keys = (*_INNER_ARGUMENTS, "target", "service_data", "data", "properties")
    for key, value in arguments.items():
        if key in inner_keys and key not in properties and isinstance(value, Mapping):
            lifted |= _lifted(read_arguments(value), properties)
        else:
            lifted[key] = value
    return lifted


# What models call the arguments, by the word of the schema. Targets are left to the
# home, which tells an entity id from a name.
_SAME: Final[Mapping[str, tuple[str, ...]]] = {
    "brightness": ("brightness_pct", "brightness_percent", "level", "dim", "bright"),
    "color": ("colour", "color_name", "rgb_color", "rgb", "hex_color"),
    "temperature": ("temp", "target_temperature", "target_temp", "degrees", "setpoint"),
    "position": ("percentage", "percent", "value", "level"),
    "percentage": ("percent", "speed", "value", "level"),
    "volume_level": ("volume", "level", "percent", "volume_pct"),
    "humidity": ("target_humidity", "value"),
    "message": ("text", "announcement", "content"),
    "item": ("summary", "task", "text"),
    "todo_list": ("list", "list_name", "name"),
    "calendar": ("calendar_name", "name", "entity_id"),
    "range": ("period", "when", "days"),
    "player_name": ("name", "player", "device", "entity_id"),
    "player_area": ("area", "room"),
    "player_floor": ("floor",),
    "search_query": ("query", "search", "song", "artist", "media"),
    "duration": ("time", "length"),
    "query": ("search_query", "search"),
}


def _named_by_schema(arguments: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Give arguments the names of the schema where those are plain."""
    by_words = {"_".join(words_of(key)): key for key in properties}
    named = {key: value for key, value in arguments.items() if key in properties}
    for key, value in arguments.items():
        if key in named:
            continue
        plain = by_words.get("_".join(words_of(key)))
        target = plain or next(
            (
                name
                for name in properties
                if key.lower() in _SAME.get(name, ()) and name not in arguments
            ),
            None,
        )
        if target is not None and target not in named:
            named[target] = value
        else:
            named[key] = value
    return named


def _add_domain(found: FoundTool, values: dict[str, Any], properties: Mapping[str, Any]) -> None:
    """Let "turn_off_lights" with nothing but an area reach lights only.

    A name says more than the word in the verb, and people call many a plug a lamp.
    """
    names = ("name", "entity_id", "entity", "device", "target", "domain", "names", "entity_ids")
    if found.domain is None or any(key in values for key in names):
        return
    listed = properties.get("domain", {}).get("type") == "array"
    values["domain"] = [found.domain] if listed else found.domain


def coerced(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return a value in the type that the schema asks for, where it is one already.

    Numbers with units and the like are left to the home, which knows what they measure.
    """
    options = schema.get("enum")
    if options and not isinstance(value, list):
        return _option(value, options)
    kinds = schema.get("type")
    if kinds == "array":
        items = value if isinstance(value, list) else [value]
        inner = schema.get("items") or {}
        return [coerced(item, inner) for item in items]
    if kinds == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if kinds == "string" and isinstance(value, list) and len(value) == 1:
        return coerced(value[0], schema)
    if kinds in ("integer", "number") and isinstance(value, str):
        return _number(value, whole=kinds == "integer")
    if kinds == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if kinds == "boolean" and isinstance(value, str):
        return {
            "true": True,
            "yes": True,
            "on": True,
            "false": False,
            "no": False,
            "off": False,
        }.get(value.strip().lower(), value)
    return value


def _option(value: Any, options: Sequence[Any]) -> Any:
    """Return the option that is meant, else the value as it is, for the tool to refuse."""
    if value in options:
        return value
    words = words_of(str(value))
    return next((option for option in options if words_of(str(option)) == words), value)


def _number(text: str, *, whole: bool) -> Any:
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        return text
    return int(number) if whole and number.is_integer() else number
