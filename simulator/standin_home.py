"""What the stand-in knows of a home: names, areas and states it finds in texts.

It reads what Home Assistant writes into system prompts and tool results: lines such as
``- names: Kitchen light``, ``areas: Kitchen``, ``state: 'on'``, and entity ids anywhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
import re

_KEY = re.compile(
    r"^\s*(?:-\s+)?(names?|areas?|state|domain|entity_id|unit_of_measurement):\s*(.*)$"
)
_ENTITY_ID = re.compile(r"\b[a-z_]+\.[a-z0-9_]+\b")
_WORD = re.compile(r"\w+")
_DULL = frozenset(
    {"a", "an", "the", "my", "our", "all", "in", "of", "on", "off", "is", "are", "to", "it"}
    | {"please", "what", "which"}
)
_PLURAL = re.compile(r"(?<=\w{3})s$")


def words(text: str) -> list[str]:
    """Return the words of ``text`` that say something, in lower case, singular."""
    found = [word for word in _WORD.findall(text.lower()) if word not in _DULL]
    return [_PLURAL.sub("", word) for word in found]


@dataclass(slots=True)
class Device:
    """One device as a text describes it."""

    names: list[str] = field(default_factory=list)
    area: str = ""
    state: str = ""
    unit: str = ""
    domain: str = ""
    entity_id: str = ""

    @property
    def words(self) -> set[str]:
        """Everything one may call it by."""
        return set(words(" ".join([*self.names, self.area, self.domain])))


def _clean(value: str) -> str:
    return value.strip().strip("'\"").strip()


def devices(text: str) -> list[Device]:
    """Return the devices described in ``text``, in order."""
    found: list[Device] = []
    for line in text.replace("\\n", "\n").splitlines():
        match = _KEY.match(line)
        if match is None:
            continue
        key, value = match.group(1), _clean(match.group(2))
        if key.startswith("name"):
            names = [_clean(name) for name in value.split(",") if name.strip()]
            found.append(Device(names))
            continue
        if not found:
            continue
        match key:
            case "area" | "areas":
                found[-1].area = value
            case "state":
                found[-1].state = value
            case "domain":
                found[-1].domain = value
            case "entity_id":
                found[-1].entity_id = value
            case _:
                found[-1].unit = value
    return found


def best_device(wanted: str, known: Iterable[Device]) -> Device | None:
    """Return the device that shares most words with ``wanted``; None when none does."""
    target = set(words(wanted))
    scored = [
        (len(target & device.words), -len(set(words(" ".join(device.names))) - target), device)
        for device in known
    ]
    scored = [entry for entry in scored if entry[0]]
    return max(scored, key=lambda entry: entry[:2])[2] if scored else None


def best_entity_id(wanted: str, text: str) -> str:
    """Return the entity id in ``text`` that shares most words with ``wanted``."""
    target = set(words(wanted))
    scored = [
        (len(target & set(words(entity_id.replace("_", " ").replace(".", " ")))), entity_id)
        for entity_id in dict.fromkeys(_ENTITY_ID.findall(text))
    ]
    scored = [entry for entry in scored if entry[0]]
    return max(scored, key=lambda entry: entry[0])[1] if scored else ""
