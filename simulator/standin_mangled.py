"""How ``stand-in-mangled`` writes its calls: badly, the way small models do.

As text instead of a call, in single quotes, with the name of a service, an article before the
device's name and a letter missing in it, and the closing tag left out.
"""

from collections.abc import Sequence

from .replies import ToolCall
from .standin_tools import domain_of, plain_name

_SERVICES = {
    "turnon": "turn_on",
    "turnoff": "turn_off",
    "open": "open_cover",
    "opencover": "open_cover",
    "close": "close_cover",
    "closecover": "close_cover",
}
_COVER = "cover"
_SHORTEST = 4


def mangled(calls: Sequence[ToolCall]) -> str:
    """Return calls as text that is nearly one of the known ways to write them."""
    return "\n".join(f"<tool_call>{_written(call)}" for call in calls)


def _written(call: ToolCall) -> dict[str, object]:
    arguments = dict(call.arguments)
    name = str(arguments.get("name") or "")
    if name:
        arguments["name"] = f"the {_misspelled(name.lower())}"
    return {"name": _service(call.name, name), "arguments": arguments}


def _service(tool: str, name: str) -> str:
    service = _SERVICES.get(plain_name(tool))
    if service is None:
        return tool
    domain = _COVER if service.endswith(_COVER) else domain_of(name) or "homeassistant"
    return f"{domain}.{service}"


def _misspelled(name: str) -> str:
    """Leave out a letter in the middle of the longest word."""
    longest = max(name.split(), key=len)
    if len(longest) < _SHORTEST:
        return name
    middle = len(longest) // 2
    return name.replace(longest, longest[:middle] + longest[middle + 1 :], 1)
