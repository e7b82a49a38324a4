"""What the stand-in knows of a home: names, areas and states it finds in texts.

It reads what Home Assistant writes into system prompts and tool results: lines such as
``- names: Kitchen light``, ``areas: Kitchen``, ``state: 'on'``, and entity ids anywhere; and the
list of the integration's own prompt: ``Kitchen - Kitchen light (Lamp); switch: Kettle``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
import re

_KEY = re.compile(
    r"^\s*(?:-\s+)?(names?|areas?|state|domain|entity_id|unit_of_measurement):\s*(.*)$"
)
# The integration's own list: this heading, then a line for each area, until an empty line.
_LIST = re.compile(r"^Devices by area\b[^\n]*\n(.*?)(?:\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)
_AREA_LINE = re.compile(r"^(?!#)(?P<area>.+?) - (?P<devices>.+)$", re.MULTILINE)
_NO_AREA = "No area"
_KIND = re.compile(r"^([a-z_]+): ")
_LISTED_NAME = re.compile(
    r"^(?P<name>[^()\[\]]+?)\s*(?:\((?P<others>[^()]*)\))?\s*(?:\[(?P<id>[a-z_]+\.\w+)\])?$"
)
_SPLIT = {mark: re.compile(rf"{mark}\s*(?![^()]*\))") for mark in (",", ";")}
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
    return [*_described(text), *_listed(text)]


def _listed(text: str) -> list[Device]:
    """Read the integration's own list, which stands areas before names."""
    found: list[Device] = []
    for part in _LIST.finditer(text):
        for line in _AREA_LINE.finditer(part.group(1)):
            area = line["area"].partition(" (")[0]
            for of_a_kind in _SPLIT[";"].split(line["devices"]):
                kind = _KIND.match(of_a_kind)
                names = of_a_kind[kind.end() :] if kind else of_a_kind
                found += [
                    _named(name, "" if area == _NO_AREA else area, kind.group(1) if kind else "")
                    for name in _SPLIT[","].split(names)
                ]
    return found


def _named(text: str, area: str, kind: str) -> Device:
    match = _LISTED_NAME.match(text.strip())
    if match is None:
        return Device([text.strip()], area, domain=kind)
    others = [name.strip() for name in (match["others"] or "").split(",") if name.strip()]
    return Device([match["name"], *others], area, domain=kind, entity_id=match["id"] or "")


def _described(text: str) -> list[Device]:
    """Read what Assist writes, a line for each thing that it tells."""
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
        (
            len(target & device.words),
            -min((len(set(words(name)) - target) for name in device.names), default=0),
            device,
        )
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
