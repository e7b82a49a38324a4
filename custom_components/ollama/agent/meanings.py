"""What verbs mean, and which tools do it.

The words are those of Home Assistant's intents and actions and of what models write in
their place, without prefixes and in lower case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Meaning:
    """What some words mean, and the tools that do it, the best first.

    A tool is told by the words of its name; what its arguments must hold besides
    follows, such as the domain by which Assist's one verb locks a door.
    """

    verbs: tuple[str, ...]
    tools: tuple[tuple[str, Mapping[str, Any]], ...]
    domains: frozenset[str] = field(default_factory=frozenset)
    """Only where the words name one of these kinds of device; empty for any."""


def _lock(domain: str) -> Mapping[str, Any]:
    return {"domain": [domain]}


_ON: Final = "turn on"
_OFF: Final = "turn off"

MEANINGS: Final[tuple[Meaning, ...]] = (
    Meaning(
        (
            "turn on",
            "switch on",
            "power on",
            "enable",
            "on",
            "activate",
            "trigger",
            "run",
            "start",
            "press",
            "execute",
        ),
        (("run", {}), (_ON, {})),
        frozenset({"script", "scene", "button"}),
    ),
    # Assist has no way to trigger one: its verb would only enable it.
    Meaning(
        ("trigger", "run", "start", "execute", "activate", "automation trigger"),
        (("run", {}),),
        frozenset({"automation"}),
    ),
    Meaning(
        ("start", "clean", "clean area"),
        (("vacuum start", {}), ("vacuum", {"action": "start"})),
        frozenset({"vacuum"}),
    ),
    Meaning(
        ("return to base", "dock", "return home", "return"),
        (("vacuum return base", {}), ("vacuum", {"action": "dock"})),
    ),
    Meaning(("stop",), (("vacuum", {"action": "stop"}),), frozenset({"vacuum"})),
    Meaning(("pause",), (("vacuum", {"action": "pause"}),), frozenset({"vacuum"})),
    Meaning(
        ("set temperature", "set hvac mode", "set preset mode", "set mode", "set"),
        (("set temperature", {}), ("climate set temperature", {})),
        frozenset({"climate"}),
    ),
    Meaning(
        (
            "set percentage",
            "set speed",
            "set preset mode",
            "set",
            "increase speed",
            "decrease speed",
        ),
        (("set fan", {}), ("fan set speed", {})),
        frozenset({"fan"}),
    ),
    Meaning(
        (
            "set",
            "set brightness",
            "set color",
            "set colour",
            "brightness",
            "color",
            "dim",
            "adjust",
            "change color",
            "change",
        ),
        (("set light", {}), ("light set", {})),
        frozenset({"light"}),
    ),
    Meaning(
        ("open", "open cover", "raise", "open latch"),
        (("open", {}), (_ON, _lock("cover"))),
        frozenset({"cover", "valve"}),
    ),
    Meaning(
        ("close", "close cover", "lower", "shut"),
        (("close", {}), (_OFF, _lock("cover"))),
        frozenset({"cover", "valve"}),
    ),
    Meaning(
        ("turn on", "switch on", "power on", "on", "activate", "enable", "set on"), ((_ON, {}),)
    ),
    Meaning(
        (
            "turn off",
            "switch off",
            "power off",
            "off",
            "deactivate",
            "disable",
            "shut off",
            "set off",
        ),
        ((_OFF, {}),),
    ),
    Meaning(
        ("lock", "lock lock", "lock door", "lock doors", "secure"),
        (("lock", {}), (_ON, _lock("lock"))),
    ),
    Meaning(
        ("unlock", "lock unlock", "unlock door", "unlock doors"),
        (("unlock", {}), (_OFF, _lock("lock"))),
    ),
    Meaning(("open", "open cover", "raise"), (("open", {}), (_ON, _lock("cover")))),
    Meaning(("close", "close cover", "lower", "shut"), (("close", {}), (_OFF, _lock("cover")))),
    Meaning(("set position", "set cover position", "move", "position"), (("set position", {}),)),
    Meaning(
        ("stop cover", "stop moving", "stop"),
        (("stop moving", {}), ("set position", {"position": "stop"})),
        frozenset({"cover", "valve"}),
    ),
    Meaning(
        (
            "light set",
            "set brightness",
            "set color",
            "set colour",
            "change color",
            "dim",
            "brightness",
            "adjust brightness",
            "set colour temperature",
            "set color temperature",
        ),
        (("set light", {}), ("light set", {})),
    ),
    Meaning(
        (
            "set temperature",
            "climate set temperature",
            "set target temperature",
            "set hvac mode",
            "set climate",
            "change temperature",
            "set heating",
            "adjust temperature",
        ),
        (("set temperature", {}), ("climate set temperature", {})),
    ),
    Meaning(
        ("fan set speed", "set fan speed", "set speed", "set percentage"),
        (("set fan", {}), ("fan set speed", {})),
    ),
    Meaning(
        ("set volume", "volume set", "change volume", "volume"), (("media", {}), ("set volume", {}))
    ),
    Meaning(
        ("volume up", "increase volume", "louder"),
        (("media", {"action": "volume_up"}), ("set volume relative", {"volume_step": "up"})),
    ),
    Meaning(
        ("volume down", "decrease volume", "quieter"),
        (("media", {"action": "volume_down"}), ("set volume relative", {"volume_step": "down"})),
    ),
    Meaning(("mute", "volume mute"), (("media", {"action": "mute"}), ("media player mute", {}))),
    Meaning(("unmute",), (("media", {"action": "unmute"}), ("media player unmute", {}))),
    Meaning(
        ("next", "next track", "media next", "skip", "media next track"),
        (("media", {"action": "next"}), ("media next", {})),
    ),
    Meaning(
        ("previous", "previous track", "media previous", "media previous track"),
        (("media", {"action": "previous"}), ("media previous", {})),
    ),
    Meaning(
        ("pause", "media pause", "pause music"),
        (("media", {"action": "pause"}), ("media pause", {})),
    ),
    Meaning(
        ("unpause", "media unpause", "resume", "play", "media play", "play music"),
        (("media", {"action": "play"}), ("media unpause", {})),
    ),
    Meaning(
        ("media stop", "stop music", "stop"),
        (("media", {"action": "stop"}), ("media pause", {})),
        frozenset({"media_player"}),
    ),
    Meaning(
        ("media search and play", "play media", "search media", "media search", "play song"),
        (("media", {}), ("search media", {})),
    ),
    Meaning(
        (
            "get state",
            "get states",
            "state",
            "get live context",
            "live context",
            "query state",
            "get status",
            "status",
            "check state",
            "check status",
            "get value",
            "read state",
            "get sensor",
            "get temperature",
            "get sensor value",
            "read sensor",
            "get attributes",
            "query",
            "get info",
        ),
        (("get state", {}), ("get live context", {})),
    ),
    Meaning(("get history", "history", "get statistics", "statistics"), (("get history", {}),)),
    Meaning(
        (
            "get weather",
            "weather",
            "get forecast",
            "get forecasts",
            "forecast",
            "get weather forecast",
            "weather forecast",
        ),
        (("get forecast", {}), ("get live context", {})),
    ),
    Meaning(
        (
            "run script",
            "run scene",
            "activate scene",
            "execute script",
            "press button",
            "trigger",
            "run",
            "activate",
            "press",
        ),
        (("run", {}), (_ON, {})),
    ),
    Meaning(
        ("start timer", "set timer", "create timer", "timer start"),
        (("start timer", {}), ("timer", {"action": "start"})),
    ),
    Meaning(
        ("cancel timer", "stop timer", "timer cancel"),
        (("cancel timer", {}), ("timer", {"action": "cancel"})),
    ),
    Meaning(
        ("cancel all timers",), (("cancel all timers", {}), ("timer", {"action": "cancel_all"}))
    ),
    Meaning(("pause timer",), (("pause timer", {}), ("timer", {"action": "pause"}))),
    Meaning(
        ("unpause timer", "resume timer"), (("unpause timer", {}), ("timer", {"action": "resume"}))
    ),
    Meaning(
        ("increase timer", "add timer"), (("increase timer", {}), ("timer", {"action": "add"}))
    ),
    Meaning(("decrease timer",), (("decrease timer", {}), ("timer", {"action": "subtract"}))),
    Meaning(("timer status", "get timer"), (("timer status", {}), ("timer", {"action": "status"}))),
    Meaning(
        (
            "list add item",
            "add item",
            "shopping list add item",
            "add to list",
            "add todo",
            "add shopping list",
            "add list",
            "todo add item",
            "add",
        ),
        (("list add item", {}), ("todo list", {"action": "add"})),
    ),
    Meaning(
        ("list complete item", "complete item", "shopping list complete item"),
        (("list complete item", {}), ("todo list", {"action": "complete"})),
    ),
    Meaning(
        ("list remove item", "remove item", "delete item"),
        (("list remove item", {}), ("todo list", {"action": "remove"})),
    ),
    Meaning(
        ("get items", "todo get items", "get list", "get todo", "get shopping list", "read list"),
        (("get items", {}), ("todo list", {"action": "get"})),
    ),
    Meaning(
        (
            "get events",
            "calendar get events",
            "get calendar",
            "get calendar events",
            "calendar events",
            "list events",
        ),
        (("get events", {}),),
    ),
    Meaning(
        ("broadcast", "announce", "announcement", "say", "broadcast message"), (("broadcast", {}),)
    ),
    Meaning(
        (
            "get date time",
            "get current time",
            "get time",
            "get date",
            "current time",
            "time",
            "get current date time",
            "date time",
            "get current date",
            "datetime",
            "get datetime",
            "now",
        ),
        (("get date time", {}),),
    ),
    Meaning(
        ("arm", "alarm arm", "arm away", "alarm arm away"), (("alarm", {"action": "arm_away"}),)
    ),
    Meaning(("arm home", "alarm arm home"), (("alarm", {"action": "arm_home"}),)),
    Meaning(("arm night", "alarm arm night"), (("alarm", {"action": "arm_night"}),)),
    Meaning(("disarm", "alarm disarm"), (("alarm", {"action": "disarm"}),)),
    Meaning(
        (
            "set value",
            "set number",
            "select option",
            "set option",
            "set humidity",
            "set select",
            "set input number",
            "input number set value",
        ),
        (("set value", {}), ("humidifier setpoint", {})),
    ),
)
