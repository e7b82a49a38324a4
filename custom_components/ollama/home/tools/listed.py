"""Kinds of things, in the words of the list that a model reads.

Several domains share a word where the same tool serves them: the list gets shorter, and the
word says what can be done.
"""

from collections.abc import Iterable, Mapping
from typing import Final

_DOMAINS: Final[Mapping[str, tuple[str, ...]]] = {
    "alarm": ("alarm_control_panel",),
    "climate": ("climate", "water_heater"),
    "list": ("todo",),
    "media": ("media_player",),
    "robot": ("vacuum", "lawn_mower"),
    "run": ("script", "scene", "automation", "button", "input_button"),
    "sensor": ("sensor", "binary_sensor"),
    "switch": ("switch", "input_boolean"),
    "value": ("number", "input_number", "select", "input_select", "text", "input_text"),
}
_KINDS: Final = {domain: kind for kind, domains in _DOMAINS.items() for domain in domains}

_TOOLS: Final[Mapping[str, str]] = {
    "alarm": "alarm",
    "calendar": "get_events",
    "climate": "set_temperature",
    "cover": "open, close or set_position",
    "fan": "set_fan",
    "humidifier": "set_value",
    "light": "set_light",
    "list": "todo_list",
    "lock": "lock or unlock",
    "media": "media",
    "robot": "vacuum",
    "run": "run",
    "switch": "turn_on or turn_off",
    "value": "set_value",
    "valve": "open, close or set_position",
    "weather": "get_forecast",
}


def kind_of(domain: str) -> str:
    """Return the word for a domain, which is mostly its own name."""
    return _KINDS.get(domain, domain)


def domains_of(word: str, known: Iterable[str]) -> frozenset[str]:
    """Return the domains that a word of the list, or a domain, stands for; maybe none."""
    if word in _DOMAINS:
        return frozenset(_DOMAINS[word])
    return frozenset({word}) if word in known or word in _KINDS else frozenset()


def tool_for(domain: str) -> str:
    """Return which tool a thing of a domain is for."""
    return _TOOLS.get(kind_of(domain), "get_state")
