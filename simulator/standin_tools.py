"""How the stand-in chooses a tool among those offered, and fills in its arguments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import re
from typing import Any

from .replies import ToolCall
from .schema import choose, instance
from .standin_home import Device, best_device, best_entity_id, words

# Ends of tool names without prefix, "hass" and underscores, best first, by what is wanted.
_TOOLS: Mapping[str, tuple[str, ...]] = {
    "on": ("turnon",),
    "off": ("turnoff",),
    "open": ("opencover", "open", "turnon"),
    "close": ("closecover", "close", "turnoff"),
    "brightness": ("setbrightness", "lightset", "setlight", "turnon"),
    "temperature": ("settemperature", "climateset"),
    "read": ("getlivecontext", "livecontext", "gethomestate", "getstate", "getstates", "context"),
}
_DOMAINS: Mapping[str, str] = {
    "light": "light",
    "lamp": "light",
    "switch": "switch",
    "socket": "switch",
    "plug": "switch",
    "fan": "fan",
    "blind": "cover",
    "curtain": "cover",
    "shutter": "cover",
    "cover": "cover",
    "thermostat": "climate",
    "heating": "climate",
}
_NUMBER = re.compile(r"(-?\d+(?:[.,]\d+)?)")
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("read", r"^\s*(?:what|how|is|are|which|where|when|tell|who)\b"),
        ("brightness", r"\b(?:dim|brighten|brightness)\b|\bset\b.*\d+\s*(?:%|percent)"),
        ("temperature", r"\bset\b.*(?:temperature|thermostat|heating|degrees|°)"),
        ("off", r"\b(?:turn|switch|put)\b.*\boff\b"),
        ("on", r"\b(?:turn|switch|put)\b.*\bon\b"),
        ("open", r"\bopen\b"),
        ("close", r"\b(?:close|shut)\b"),
        ("read", r"\?\s*$"),
    )
)
_VERBS = re.compile(
    r"\b(?:please|can you|could you|turn|switch|put|set|dim|brighten|open|close|shut|the|my|"
    r"brightness|temperature|of|to|on|off|at)\b|-?\d+(?:[.,]\d+)?\s*(?:%|percent|degrees|°C?)?",
    re.IGNORECASE,
)
_ASKING = re.compile(r"\b(?:state|status|tell|me|how|where)\b", re.IGNORECASE)
ACTIONS = frozenset(_TOOLS) - {"read"}


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing the user wants: an action or a question, and about what."""

    kind: str
    target: str
    text: str

    @property
    def aim(self) -> str:
        """The words that tell what it is about."""
        return _ASKING.sub(" ", self.text) if self.kind == "read" else self.target


def wishes(text: str) -> list[Wish]:
    """Take a sentence apart: "turn on the lamp and open the blinds" are two wishes."""
    found: list[Wish] = []
    for part in re.split(r"\s*(?:,|;|\band\b|\bthen\b)\s*", text):
        kind = next((name for name, rule in _RULES if rule.search(part)), None)
        if kind is None and found and part.strip():
            kind = found[-1].kind
        if kind is None:
            continue
        target = " ".join(_VERBS.sub(" ", part).split()).strip(" .?!")
        found.append(Wish(kind, target, part))
    return found


def plain_name(name: str) -> str:
    """Return the name of a tool without prefixes and underscores, in lower case."""
    return name.rsplit("__", 1)[-1].replace("_", "").lower().removeprefix("hass")


def domain_of(text: str) -> str:
    """Return the domain of what a text names, empty when no word tells it."""
    return next((_DOMAINS[word] for word in words(text) if word in _DOMAINS), "")


def find_tool(kind: str, tools: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the offered tool for a kind of wish, None when there is none."""
    for end in _TOOLS.get(kind, ()):
        for tool in tools:
            if plain_name(str(tool["function"]["name"])).endswith(end):
                return tool
    return None


def make_call(
    wish: Wish, tool: Mapping[str, Any], known: Sequence[Device], context: str
) -> ToolCall:
    """Fill in the arguments the tool's own schema asks for."""
    function = tool["function"]
    schema: Mapping[str, Any] = function.get("parameters") or {}
    properties: Mapping[str, Any] = schema.get("properties") or {}
    values = _values(wish, known, context)
    if any(key in values and key in properties for key in ("name", "entity_id")):
        # A name says it all; area and domain would only narrow it down.
        values = {key: value for key, value in values.items() if key not in ("area", "domain")}
    elif "domain" in values and "domain" not in properties and wish.kind != "read":
        # All of a kind in an area, for tools that know kinds only by their names.
        values["name"] = f"{values['domain']}s"
    arguments: dict[str, Any] = {}
    for name, property_schema in properties.items():
        if name in values:
            arguments[name] = _as_type(values[name], property_schema)
    for name in schema.get("required", ()):
        if name not in arguments:
            arguments[name] = instance(properties.get(name, {}), wish.text, schema)
    return ToolCall(str(function["name"]), arguments)


def _values(wish: Wish, known: Sequence[Device], context: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    target = set(words(wish.aim))
    domain = domain_of(wish.aim)
    device = best_device(wish.aim, known)
    areas = {d.area.lower(): d.area for d in known if d.area}
    area = next((name for name in areas.values() if set(words(name)) <= target), "")
    exact = device is not None and any(set(words(name)) <= target for name in device.names)
    if device is not None and (exact or not area):
        values["name"] = device.names[0]
    elif not area and wish.kind != "read":
        values["name"] = wish.target
    if area:
        values["area"] = area
    if domain:
        values["domain"] = domain
    entity_id = device.entity_id if device is not None and device.entity_id else ""
    entity_id = entity_id or best_entity_id(wish.aim, context)
    if entity_id:
        values["entity_id"] = entity_id
    numbers = _NUMBER.findall(wish.text)
    if numbers and wish.kind in ("brightness", "temperature"):
        number = float(numbers[-1].replace(",", "."))
        for key in (wish.kind, f"{wish.kind}_pct", f"{wish.kind}_percent", "value"):
            values[key] = number
    return values


def _as_type(value: Any, schema: Mapping[str, Any]) -> Any:
    """Bring ``value`` into the form the schema asks for."""
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return _as_type(value, options[0])
    if schema.get("enum"):
        return value if value in schema["enum"] else choose(schema["enum"], str(value))
    match schema.get("type"):
        case "array":
            return [_as_type(value, schema.get("items") or {})]
        case "integer":
            return round(float(value))
        case "string":
            return str(value)
        case _:
            is_whole = isinstance(value, float) and value.is_integer()
            return int(value) if is_whole else value
