"""How the stand-in answers about a block of data: it chooses, tells, and writes an automation.

A prompt may end in ``<data>``, JSON and ``</data>``. By rules, and in English: what is chosen
shares the most words with what was said; what is told stands in the data.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
import json
import re
from typing import Any

from .standin_home import words

_BLOCK = re.compile(r"<data>\n(.*?)\n</data>\s*\Z", re.DOTALL)
_NONE = "none"
_MOST_TOLD = 3
_PRESSING = frozenset({"leak", "smoke", "fire", "alarm", "unlocked", "urgent", "night"})
_SENTENCE = re.compile(
    r"(?P<action>turn on|turn off|switch on|switch off) (?P<target>.+?)"
    r",? (?:(?:every day |daily )?at (?P<time>\d{1,2}:\d\d)|at (?P<sun>sunset|sunrise)"
    r"|when (?P<watched>.+?) (?:is |gets )?(?P<state>opened|opens|closed|closes|on|off))\W*$",
    re.IGNORECASE,
)
_WATCHED_STATES = {"opened": "on", "opens": "on", "closed": "off", "closes": "off"}


def split_data(text: str) -> tuple[str, Any]:
    """Return what was said, and the data with it; None where there is none."""
    match = _BLOCK.search(text)
    if match is None:
        return text, None
    try:
        return text[: match.start()].strip(), json.loads(match.group(1))
    except ValueError:
        return text, None


def answer_in_schema(schema: Any, said: str, data: Any) -> dict[str, Any] | None:
    """Return an answer for a choice or an automation; None for every other schema."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping) or data is None:
        return None
    if {"triggers", "actions"} <= properties.keys():
        return _automation(said, data)
    offered = {name: item["enum"] for name, item in properties.items() if item.get("enum")}
    if not offered:
        return None
    wish = f"{said} {' '.join(_outside_of_lists(data))}"
    answer: dict[str, Any] = {}
    for name, values in offered.items():
        answer[name], why = _best(values, wish, data)
        if why:
            answer.setdefault("reason", why)
    answer.setdefault("reason", "Nothing suits.")
    # In the order in which the schema names them.
    return {name: answer[name] for name in properties if name in answer}


def told(data: Mapping[str, Any]) -> str:
    """Return the first facts of each section as sentences."""
    parts = []
    for section, facts in data.items():
        said = list(_facts(facts))[:_MOST_TOLD]
        if isinstance(facts, Mapping) and said:
            parts.append(f"{section.capitalize()}: {', '.join(said)}.")
    return " ".join(parts) or "There is nothing to tell."


def _best(values: Sequence[str], wish: str, data: Any) -> tuple[str, str]:
    """Return the value whose description shares the most words with what is wanted, and why."""
    wanted = set(words(wish))
    described = {value: " ".join(_texts_with(value, data)) for value in values}
    if not any(described[value] for value in values if value != _NONE):
        # No option of the caller's, such as how urgent something is.
        pressing = bool(_PRESSING & wanted)
        middle = values[len(values) // 2] if pressing else values[len(values) // 2 - 1]
        return middle, ""
    best = max(values, key=lambda value: len(wanted & set(words(described[value]))))
    shared = sorted(wanted & set(words(described[best])))
    if not shared:
        return (_NONE if _NONE in values else values[0]), ""
    return best, f"It is about: {', '.join(shared)}."


def _texts_with(value: str, data: Any) -> Iterator[str]:
    """Yield the texts that stand beside a value in a list of things."""
    if isinstance(data, Mapping):
        texts = [item for item in data.values() if isinstance(item, str)]
        if value in texts:
            yield from (text for text in texts if text != value)
    for item in data.values() if isinstance(data, Mapping) else _items(data):
        yield from _texts_with(value, item)


def _outside_of_lists(data: Any) -> Iterator[str]:
    """Yield the texts that are no option: those that stand in no list."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for item in data.values():
            yield from _outside_of_lists(item)


def _items(data: Any) -> Iterable[Any]:
    return data if isinstance(data, list) else ()


def _facts(facts: Any, label: str = "") -> Iterator[str]:
    """Yield facts in words: figures with their unit, and what has a name."""
    if isinstance(facts, Mapping):
        if {"value", "unit"} <= facts.keys():
            yield f"{label} {facts['value']:g} {facts['unit']}".strip()
            return
        name = facts.get("summary") or facts.get("name")
        if isinstance(name, str):
            yield name
        for key, item in facts.items():
            if key not in ("summary", "name"):
                yield from _facts(item, key.replace("_", " "))
    for item in _items(facts):
        yield from _facts(item, label)


def _automation(said: str, data: Any) -> dict[str, Any]:
    """Return an automation for a sentence; without anything to do where it isn't understood."""
    match = _SENTENCE.search(said)
    entities = list(_entities(data))
    target = match and _named(match["target"], entities)
    trigger = match and _trigger(match, entities)
    written: dict[str, Any] = {
        "alias": said.strip().rstrip(".")[:60],
        "description": "",
        "triggers": [trigger] if trigger else [],
        "conditions": [],
        "actions": [],
        "mode": "single",
    }
    if match and target:
        on = match["action"].lower().endswith("on")
        written["actions"] = [
            {
                "action": f"{target.partition('.')[0]}.turn_{'on' if on else 'off'}",
                "target": {"entity_id": target},
            }
        ]
    return written


def _trigger(match: re.Match[str], entities: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if match["time"]:
        return {"trigger": "time", "at": f"{match['time'].rjust(5, '0')}:00"}
    if match["sun"]:
        return {"trigger": "sun", "event": match["sun"].lower()}
    watched = _named(match["watched"], entities)
    if watched is None:
        return None
    state = match["state"].lower()
    return {"trigger": "state", "entity_id": watched, "to": _WATCHED_STATES.get(state, state)}


def _entities(data: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(data, Mapping):
        if isinstance(data.get("entity_id"), str):
            yield data
        for item in data.values():
            yield from _entities(item)
    for item in _items(data):
        yield from _entities(item)


def _named(wanted: str, entities: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the entity whose name holds all that was said, the shortest name first."""
    sought = set(words(wanted))
    fitting = [
        entity
        for entity in sorted(entities, key=lambda entity: len(str(entity.get("name"))))
        if sought and sought <= set(words(f"{entity.get('name')} {entity.get('area') or ''}"))
    ]
    return str(fitting[0]["entity_id"]) if fitting else None
