"""Which offered tool a model means.

Small models drop prefixes, change the case, take the names of Home Assistant's actions
or of another project's tools, and misspell. What they mean is plain as long as the
verb is: nothing here may turn one verb into its opposite.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
import re
from typing import Any, Final

from rapidfuzz.distance import DamerauLevenshtein

from .meanings import MEANINGS

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

# Words that say whose tool it is, or what a tool is, and not what it does.
_NOISE: Final = frozenset(
    {
        "hass",
        "ha",
        "home",
        "assistant",
        "homeassistant",
        "intent",
        "assist",
        "llm",
        "tool",
        "tools",
        "function",
        "functions",
        "default",
        "api",
        "service",
        "action",
        "the",
        "a",
        "device",
        "devices",
        "entity",
        "entities",
        "control",
        "my",
        "to",
        "call",
        "ollama",
    }
)

# Said as part of a verb, they tell which kind of device: turn_on_light, light.turn_on.
_DOMAIN_WORDS: Final[Mapping[str, str]] = {
    "light": "light",
    "lights": "light",
    "lamp": "light",
    "lamps": "light",
    "switch": "switch",
    "switches": "switch",
    "fan": "fan",
    "fans": "fan",
    "lock": "lock",
    "door": "lock",
    "doors": "lock",
    "cover": "cover",
    "covers": "cover",
    "blind": "cover",
    "blinds": "cover",
    "curtain": "cover",
    "curtains": "cover",
    "shutter": "cover",
    "shutters": "cover",
    "garage": "cover",
    "climate": "climate",
    "thermostat": "climate",
    "media": "media_player",
    "player": "media_player",
    "vacuum": "vacuum",
    "script": "script",
    "scene": "scene",
    "automation": "automation",
    "humidifier": "humidifier",
    "valve": "valve",
    "boolean": "input_boolean",
    "button": "button",
    "siren": "siren",
}

_OPPOSITES: Final = (
    ("on", "off"),
    ("lock", "unlock"),
    ("open", "close"),
    ("start", "stop"),
    ("pause", "unpause"),
    ("mute", "unmute"),
    ("add", "remove"),
    ("increase", "decrease"),
    ("next", "previous"),
    ("up", "down"),
    ("get", "set"),
    ("arm", "disarm"),
    ("complete", "remove"),
    ("cancel", "start"),
    ("play", "pause"),
    ("search", "play"),
)

_SHORTEST_TO_MISSPELL: Final = 5
_LETTERS_PER_MISTAKE: Final = 6


@dataclass(frozen=True, slots=True)
class FoundTool:
    """An offered tool, and what the words of the call add to its arguments."""

    name: str
    more: Mapping[str, Any] = field(default_factory=dict)
    domain: str | None = None
    """The kind of device that the model named with the verb."""


class ToolNames:
    """The names of the offered tools."""

    def __init__(self, names: Iterable[str]) -> None:
        """Index them by their words."""
        self._exact = tuple(names)
        self._by_words: dict[str, str] = {}
        for name in self._exact:
            # A namespace in front says whose tool it is: the end of the name counts.
            self._by_words.setdefault(" ".join(words_of(name.rpartition("__")[2])), name)
            self._by_words.setdefault(" ".join(words_of(name)), name)
        self._by_words.pop("", None)

    def find(self, written: str) -> FoundTool | None:
        """Return the tool that is meant, or None where that isn't plain."""
        written = written.strip()
        if written in self._exact:
            return FoundTool(written)
        plain = written.partition("(")[0]
        words = words_of(plain)
        text = " ".join(words)
        if not text:
            return None
        if (name := self._by_words.get(text)) is not None:
            return FoundTool(name)
        return self._by_meaning(words) or self._misspelt(text)

    def _by_meaning(self, words: list[str]) -> FoundTool | None:
        text = " ".join(words)
        named = [_DOMAIN_WORDS[word] for word in words if word in _DOMAIN_WORDS]
        without = " ".join(word for word in words if word not in _DOMAIN_WORDS)
        for meaning in MEANINGS:
            if meaning.domains and not meaning.domains & set(named):
                continue
            if text not in meaning.verbs and (not named or without not in meaning.verbs):
                continue
            for tool_words, more in meaning.tools:
                if (name := self._by_words.get(tool_words)) is not None:
                    domain = named[0] if named and text not in meaning.verbs else None
                    return FoundTool(name, more, domain)
        return None

    def _misspelt(self, text: str) -> FoundTool | None:
        """Return the one tool whose name is nearest, if it is near enough."""
        near: list[tuple[int, str]] = []
        for words, name in self._by_words.items():
            distance = DamerauLevenshtein.distance(text, words)
            allowed = min(2, len(words) // _LETTERS_PER_MISTAKE)
            if len(words) >= _SHORTEST_TO_MISSPELL and distance <= max(1, allowed):
                near.append((distance, name))
        for meaning in MEANINGS:
            for verb in meaning.verbs:
                if len(verb) < _SHORTEST_TO_MISSPELL or meaning.domains:
                    continue
                if DamerauLevenshtein.distance(text, verb) <= 1 and not _opposite(text, verb):
                    found = self._by_meaning(verb.split())
                    if found is not None:
                        near.append((1, found.name))
        near = [(distance, name) for distance, name in near if not _opposite(text, name)]
        if not near:
            return None
        best = min(distance for distance, _ in near)
        names = {name for distance, name in near if distance == best}
        return FoundTool(names.pop()) if len(names) == 1 else None


def words_of(name: str) -> list[str]:
    """Return the words of a name in snake, camel or dotted case, without the noise."""
    words = [word.lower() for word in _WORD.findall(name)]
    kept = [word for word in words if word not in _NOISE]
    # "turnon" and "turnoff" are how the camel case of the intents comes out in lower case.
    joined = " ".join(kept)
    for verb in ("turn", "switch"):
        joined = re.sub(rf"\b{verb}(on|off)\b", rf"{verb} \1", joined)
    joined = re.sub(r"\bhass(\w)", r"\1", joined)
    return joined.split()


def _opposite(one: str, other: str) -> bool:
    """Whether two names say opposite things."""
    first, second = set(words_of(one)), set(words_of(other))
    for word, opposite in _OPPOSITES:
        if (word in first and opposite in second) or (opposite in first and word in second):
            return True
    return False
