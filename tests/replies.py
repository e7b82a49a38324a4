"""Replies as small models really emit them, and what each must do.

A case says what the model answers to one sentence, and what may happen in the home then:
which action on which entities, or nothing. `{tool}` style names are looked up for each
of the two APIs, whose tools differ.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import json
from typing import Any

from simulator import ToolCall

ASSIST = "assist"
OLLAMA = "ollama"

# One thing to do, as the right call of each API.
CALLS: Mapping[str, Mapping[str, tuple[str, dict[str, Any]]]] = {
    "on": {
        ASSIST: ("intent__HassTurnOn", {"name": "Kitchen light"}),
        OLLAMA: ("turn_on", {"name": "Kitchen light"}),
    },
    "off": {
        ASSIST: ("intent__HassTurnOff", {"name": "Kitchen light"}),
        OLLAMA: ("turn_off", {"name": "Kitchen light"}),
    },
    "brightness": {
        ASSIST: ("light__HassLightSet", {"name": "Kitchen light", "brightness": 30}),
        OLLAMA: ("set_light", {"name": "Kitchen light", "brightness": 30}),
    },
    "temperature": {
        ASSIST: (
            "climate__HassClimateSetTemperature",
            {"name": "Living room thermostat", "temperature": 21},
        ),
        OLLAMA: ("set_temperature", {"name": "Living room thermostat", "temperature": 21}),
    },
}

# What each of them does: action, entity, and the data that matters.
EFFECTS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "on": ("light.turn_on", "light.kitchen_light", {}),
    "off": ("light.turn_off", "light.kitchen_light", {}),
    "brightness": ("light.turn_on", "light.kitchen_light", {"brightness_pct": 30}),
    "temperature": ("climate.set_temperature", "climate.living_room", {"temperature": 21}),
}


def as_json(name: str, arguments: dict[str, Any]) -> str:
    """Return a call as bare JSON."""
    return json.dumps({"name": name, "arguments": arguments})


def _xml_parameters(arguments: dict[str, Any]) -> str:
    return "".join(
        f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in arguments.items()
    )


def _python(arguments: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in arguments.items())


type Dialect = Callable[[str, dict[str, Any]], str]

# How a call comes out as text, by the family of models that writes it so.
DIALECTS: Mapping[str, Dialect] = {
    "bare": as_json,
    "parameters": lambda n, a: json.dumps({"name": n, "parameters": a}),
    "function_key": lambda n, a: json.dumps({"function": n, "arguments": a}),
    "tool_key": lambda n, a: json.dumps({"tool": n, "args": a}),
    "tool_name_key": lambda n, a: json.dumps({"tool_name": n, "tool_args": a}),
    "typed": lambda n, a: json.dumps({"type": "function", "name": n, "parameters": a}),
    "nested": lambda n, a: json.dumps({"function": {"name": n, "arguments": a}}),
    "openai": lambda n, a: json.dumps(
        {
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": n, "arguments": json.dumps(a)},
                }
            ]
        }
    ),
    "listed": lambda n, a: json.dumps([{"name": n, "arguments": a}]),
    "stringified": lambda n, a: json.dumps({"name": n, "arguments": json.dumps(a)}),
    "single_quotes": lambda n, a: str({"name": n, "arguments": a}),
    "trailing_comma": lambda n, a: as_json(n, a)[:-1] + ",}",
    "missing_brace": lambda n, a: as_json(n, a)[:-1],
    "fence": lambda n, a: f"```json\n{as_json(n, a)}\n```",
    "plain_fence": lambda n, a: f"```\n{as_json(n, a)}\n```",
    "prose_before": lambda n, a: f"Sure, I will do that.\n{as_json(n, a)}",
    "hermes": lambda n, a: f"<tool_call>\n{as_json(n, a)}\n</tool_call>",
    "hermes_open": lambda n, a: f"<tool_call>\n{as_json(n, a)}",
    "qwen_coder": lambda n, a: (
        f"<tool_call>\n<function={n}>\n{_xml_parameters(a)}</function>\n</tool_call>"
    ),
    "function_tag": lambda n, a: f"<function={n}>{json.dumps(a)}</function>",
    "mistral_old": lambda n, a: f"[TOOL_CALLS] [{as_json(n, a)}]",
    "mistral_new": lambda n, a: f"[TOOL_CALLS]{n}[ARGS]{json.dumps(a)}",
    "llama31": lambda n, a: f"<|python_tag|>{json.dumps({'name': n, 'parameters': a})}<|eom_id|>",
    "llama32": lambda n, a: f"[{n}({_python(a)})]",
    "granite": lambda n, a: f"<|tool_call|>[{as_json(n, a)}]",
    "firefunction": lambda n, a: f"functools[{as_json(n, a)}]",
    "gemma": lambda n, a: f"```tool_code\n{n}({_python(a)})\n```",
    "deepseek": lambda n, a: (
        "<\uff5ctool\u2581calls\u2581begin\uff5c><\uff5ctool\u2581call\u2581begin\uff5c>function"
        f"<\uff5ctool\u2581sep\uff5c>{n}\n```json\n{json.dumps(a)}\n```"
        "<\uff5ctool\u2581call\u2581end\uff5c><\uff5ctool\u2581calls\u2581end\uff5c>"
    ),
    "after_thinking": lambda n, a: f"<think>\nThe light.\n</think>\n\n{as_json(n, a)}",
}

# Numbers among the arguments come out differently in these.
WITH_NUMBERS = ("bare", "openai", "qwen_coder", "llama32", "gemma", "deepseek", "single_quotes")

DIALECT_CASES = [
    *((dialect, "on") for dialect in DIALECTS),
    *((dialect, "brightness") for dialect in WITH_NUMBERS),
    *((dialect, "temperature") for dialect in WITH_NUMBERS),
]


@dataclass(frozen=True)
class Mangled:
    """A native call with something wrong, and the thing to do that it means."""

    id: str
    name: Mapping[str, str] | str
    arguments: dict[str, Any]
    does: str | None
    """A key of EFFECTS, or None where nothing may be done."""
    more: Mapping[str, Any] = field(default_factory=dict)

    def call(self, api: str) -> ToolCall:
        """Return the call for an API."""
        name = self.name if isinstance(self.name, str) else self.name[api]
        return ToolCall(name, self.arguments)


KITCHEN = {"name": "Kitchen light"}
TURN_ON = {ASSIST: "intent__HassTurnOn", OLLAMA: "turn_on"}
TURN_OFF = {ASSIST: "intent__HassTurnOff", OLLAMA: "turn_off"}
SET_LIGHT = {ASSIST: "light__HassLightSet", OLLAMA: "set_light"}
SET_TEMPERATURE = {ASSIST: "climate__HassClimateSetTemperature", OLLAMA: "set_temperature"}
UNLOCK = {ASSIST: "intent__HassTurnOff", OLLAMA: "unlock"}

MANGLED = [
    # Names of tools
    Mangled("intent_name", "HassTurnOn", KITCHEN, "on"),
    Mangled("snake", "turn_on", KITCHEN, "on"),
    Mangled("hass_snake", "hass_turn_on", KITCHEN, "on"),
    Mangled("camel", "turnOn", KITCHEN, "on"),
    Mangled("upper", "TURN_ON", KITCHEN, "on"),
    Mangled("service", "light.turn_on", KITCHEN, "on"),
    Mangled("service_snake", "light_turn_on", KITCHEN, "on"),
    Mangled("with_device", "turn_on_light", KITCHEN, "on"),
    Mangled("namespaced", "functions.turn_on", KITCHEN, "on"),
    Mangled("doubly_namespaced", "assist__intent__HassTurnOn", KITCHEN, "on"),
    Mangled("misspelt", "trun_on", KITCHEN, "on"),
    Mangled("doubled_letter", "turn_onn", KITCHEN, "on"),
    Mangled("synonym", "switch_on", KITCHEN, "on"),
    Mangled("off_by_service", "light.turn_off", KITCHEN, "off"),
    Mangled("off_by_intent", "HassTurnOff", KITCHEN, "off"),
    Mangled("light_set", "HassLightSet", {**KITCHEN, "brightness": 30}, "brightness"),
    Mangled("set_brightness", "set_brightness", {**KITCHEN, "brightness": 30}, "brightness"),
    Mangled(
        "climate_service",
        "climate.set_temperature",
        {"name": "Living room thermostat", "temperature": 21},
        "temperature",
    ),
    Mangled(
        "set_thermostat",
        "set_thermostat",
        {"name": "Living room thermostat", "temperature": 21},
        "temperature",
    ),
    Mangled("unknown_tool", "burn_down", KITCHEN, None),
    Mangled("ambiguous_tool", "turn", KITCHEN, None),
    Mangled("empty_tool", "", KITCHEN, None),
    # Carriers
    Mangled(
        "call_service",
        "call_service",
        {"domain": "light", "service": "turn_on", "target": {"entity_id": "light.kitchen_light"}},
        "on",
    ),
    Mangled(
        "execute_services",
        "execute_services",
        {
            "list": [
                {
                    "domain": "light",
                    "service": "turn_on",
                    "service_data": {"entity_id": "light.kitchen_light"},
                }
            ]
        },
        "on",
    ),
    # Names of arguments
    Mangled("entity_id", TURN_ON, {"entity_id": "light.kitchen_light"}, "on"),
    Mangled("entity_id_list", TURN_ON, {"entity_id": ["light.kitchen_light"]}, "on"),
    Mangled("entity_id_as_name", TURN_ON, {"name": "light.kitchen_light"}, "on"),
    Mangled("device", TURN_ON, {"device": "Kitchen light"}, "on"),
    Mangled("device_name", TURN_ON, {"device_name": "Kitchen light"}, "on"),
    Mangled("friendly_name", TURN_ON, {"friendly_name": "Kitchen light"}, "on"),
    Mangled("entity", TURN_ON, {"entity": "Kitchen light"}, "on"),
    Mangled("target", TURN_ON, {"target": {"entity_id": "light.kitchen_light"}}, "on"),
    Mangled("nested", TURN_ON, {"arguments": {"name": "Kitchen light"}}, "on"),
    Mangled("stringified", TURN_ON, {"parameters": '{"name": "Kitchen light"}'}, "on"),
    Mangled("upper_case_key", TURN_ON, {"Name": "Kitchen light"}, "on"),
    Mangled("blank_others", TURN_ON, {**KITCHEN, "area": "", "floor": None, "domain": []}, "on"),
    Mangled("none_text", TURN_ON, {**KITCHEN, "area": "None", "floor": "null"}, "on"),
    Mangled("domain_text", TURN_ON, {**KITCHEN, "domain": "light"}, "on"),
    Mangled("domain_list_text", TURN_ON, {**KITCHEN, "domain": '["light"]'}, "on"),
    Mangled("reason", TURN_ON, {**KITCHEN, "reason": "the user asked"}, "on"),
    Mangled("with_area", TURN_ON, {**KITCHEN, "area": "Kitchen"}, "on"),
    Mangled("brightness_pct", SET_LIGHT, {**KITCHEN, "brightness_pct": 30}, "brightness"),
    # Targets
    Mangled("article", TURN_ON, {"name": "the kitchen light"}, "on"),
    Mangled("lower_case", TURN_ON, {"name": "kitchen light"}, "on"),
    Mangled("upper_case", TURN_ON, {"name": "KITCHEN LIGHT"}, "on"),
    Mangled("underscores", TURN_ON, {"name": "kitchen_light"}, "on"),
    Mangled("typo", TURN_ON, {"name": "Kitchen lihgt"}, "on"),
    Mangled("one_letter", TURN_ON, {"name": "Kitchen lighr"}, "on"),
    Mangled("order", TURN_ON, {"name": "light kitchen"}, "on"),
    Mangled("preposition", TURN_ON, {"name": "light in the kitchen"}, "on"),
    Mangled("plural", TURN_ON, {"name": "kitchen lights"}, "on"),
    Mangled("spaces", TURN_ON, {"name": "  Kitchen   light "}, "on"),
    Mangled("alias", TURN_ON, {"name": "cooking lamp"}, "on"),
    Mangled("area_case", TURN_ON, {"area": "kitchen", "domain": "light"}, "on"),
    Mangled("area_article", TURN_ON, {"area": "the kitchen", "domain": ["light"]}, "on"),
    Mangled("area_id", TURN_ON, {"area_id": "kitchen", "domain": "light"}, "on"),
    Mangled("room", TURN_ON, {"room": "Kitchen", "domain": "light"}, "on"),
    # Values
    Mangled("percent_sign", SET_LIGHT, {**KITCHEN, "brightness": "30%"}, "brightness"),
    Mangled("percent_word", SET_LIGHT, {**KITCHEN, "brightness": "30 percent"}, "brightness"),
    Mangled("number_text", SET_LIGHT, {**KITCHEN, "brightness": "30"}, "brightness"),
    Mangled("float", SET_LIGHT, {**KITCHEN, "brightness": 30.0}, "brightness"),
    Mangled(
        "degrees",
        SET_TEMPERATURE,
        {"name": "Living room thermostat", "temperature": "21 °C"},
        "temperature",
    ),
    Mangled(
        "degrees_word",
        SET_TEMPERATURE,
        {"name": "thermostat", "temperature": "21 degrees"},
        "temperature",
    ),
    Mangled(
        "fahrenheit",
        SET_TEMPERATURE,
        {"name": "Living room thermostat", "temperature": "69.8F"},
        "temperature",
    ),
    # What must not happen
    Mangled("unknown_device", TURN_ON, {"name": "Disco ball"}, None),
    Mangled("unknown_id", TURN_ON, {"entity_id": "light.disco_ball"}, None),
    Mangled("hidden_device", TURN_ON, {"name": "Secret lamp"}, None),
    Mangled("hidden_id", TURN_ON, {"entity_id": "light.secret_lamp"}, None),
    Mangled("hidden_typo", TURN_ON, {"name": "Secret lmap"}, None),
    Mangled("unknown_area", TURN_OFF, {"area": "Ballroom", "domain": "light"}, None),
    Mangled("unknown_area_with_name", TURN_ON, {**KITCHEN, "area": "Ballroom"}, None),
    Mangled("wrong_area", TURN_ON, {**KITCHEN, "area": "Bedroom"}, None),
    Mangled("smart_lock_id", UNLOCK, {"entity_id": "lock.smart_lock", "domain": "lock"}, None),
    Mangled("smart_lock_name", UNLOCK, {"name": "smart lock", "domain": "lock"}, None),
    Mangled("smart_lock_misnamed", UNLOCK, {"devise": "smart lock", "domain": "lock"}, None),
    Mangled(
        "smart_lock_misnamed_list", UNLOCK, {"devises": ["smart lock"], "domain": ["lock"]}, None
    ),
    Mangled(
        "one_of_two_unknown", TURN_ON, {"entity_id": ["light.kitchen_light", "light.no"]}, None
    ),
    Mangled("nonsense_value", SET_LIGHT, {**KITCHEN, "brightness": "purple"}, None),
    Mangled("out_of_range", SET_LIGHT, {**KITCHEN, "brightness": "900%"}, None),
    Mangled("nothing_at_all", TURN_ON, {}, None),
]

# Answers that are no calls: they are spoken, and nothing is done.
PLAIN = {
    "sentence": "It is half past three.",
    "mentions_tool": "I could use turn_on(name='Kitchen light') for that, if you want.",
    "mentions_tool_in_code": "The tool `turn_on` switches a light on.",
    "json_answer": '{"temperature": 21, "unit": "C"}',
    "json_list": '["milk", "bread"]',
    "json_person": '{"name": "Anna", "age": 42}',
    "less_than": "5 < 7 and 9 > 3, I <3 maths.",
    "brackets": "See [1] and [2] for more.",
    "braces": "A set is written {a, b}.",
    "python": "```python\nprint('hello')\n```",
    "question": "Shall I turn on the kitchen light?",
    "refusal": "I cannot turn on the disco ball, there is none.",
    "state": "The kitchen light is off.",
    "unknown_json_tool": '{"name": "burn_down", "arguments": {"what": "house"}}',
}
