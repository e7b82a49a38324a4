"""Links, addresses, tags and emoji in a text: what of them is spoken."""

from dataclasses import dataclass
from enum import Enum, auto
import re

MAX_HELD = 50
"""Characters that are held back until it's known what they are."""

_LINK_TARGET = re.compile(r"https?:|www\.|mailto:|tel:|/|#|\./|homeassistant:|media-source:")
_LONGEST_SCHEME = len("homeassistant:")
_ADDRESS_STARTS = ("https://", "http://", "www.")
_CHECKBOXES = ("[ ] ", "[x] ", "[X] ")
_TAGS = frozenset(
    {"a", "b", "i", "u", "s", "p", "em", "br", "hr", "ul", "ol", "li", "strong", "code", "pre"}
    | {"sub", "sup", "span", "div", "small", "kbd", "mark", "del", "ins"}
    | {f"h{level}" for level in range(1, 7)}
)


_EMOJI = re.compile(
    "[\u2600-\u27bf\u231a\u231b\u23e9-\u23f3\u23f8-\u23fa\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55"
    "\ufe0e\ufe0f\u20e3\U0001f000-\U0001faff\U000e0020-\U000e007f]"
)
JOINER = "\u200d"
"""Joins emoji; in some scripts it belongs to a word."""


class Open(Enum):
    """What isn't decided yet, or is nothing but text."""

    WAIT = auto()
    TEXT = auto()


class After(Enum):
    """What follows a span."""

    TEXT = auto()
    TARGET = auto()
    """The rest of a link's target, up to its parenthesis."""
    PATH = auto()
    """The rest of an address, up to whitespace."""


@dataclass(frozen=True, slots=True)
class Span:
    """Something that isn't said as it's written."""

    said: str
    rest: str = ""
    """To be read again."""
    after: After = After.TEXT


def read_link(held: str, *, line_start: bool) -> Span | Open:
    """Decide `[text](https://...)` and `![text](...)`."""
    if held[0] == "!" and held[1:2] != "[":
        return Open.TEXT
    if held[-1] == "[" and len(held) > len("!["):
        return Open.TEXT
    if line_start and held in _CHECKBOXES:
        return Span("", rest=" ")
    text, bracket, target = held.partition("](")
    if bracket:
        if _LINK_TARGET.match(target):
            return Span(text.removeprefix("!").removeprefix("["), after=After.TARGET)
        if len(target) > _LONGEST_SCHEME or held[-1] in " \n)":
            return Open.TEXT
    elif held[-1] == "\n" or ("]" in held[:-1] and not (line_start and _is_checkbox(held))):
        return Open.TEXT
    return Open.WAIT if len(held) < MAX_HELD else Open.TEXT


def _is_checkbox(held: str) -> bool:
    return any(box.startswith(held) for box in _CHECKBOXES)


def read_tag(held: str) -> Span | Open:
    """Decide `<b>`, `</b>` and `<br>`."""
    last = held[-1]
    if last == ">":
        name = held[1:].strip("/> ").partition(" ")[0].lower()
        if name not in _TAGS:
            return Open.TEXT
        return Span("", rest="\n" if name == "br" else "")
    fits = last.isascii() and (last.isalnum() or last in "/ =\"'.:-#")
    if not fits or held[1] == " " or len(held) >= MAX_HELD:
        return Open.TEXT
    return Open.WAIT


def read_address(held: str) -> Span | Open:
    """Decide `https://www.example.com/path`: its host's name is said."""
    lowered = held.lower()
    if any(start.startswith(lowered) for start in _ADDRESS_STARTS):
        return Open.WAIT
    if not lowered.startswith(_ADDRESS_STARTS):
        return Open.TEXT
    last = held[-1]
    if (last.isalnum() or last in ".-_@:") and len(held) < MAX_HELD:
        return Open.WAIT
    return end_address(held[:-1], held[-1])


def end_address(held: str, following: str) -> Span | Open:
    """Decide an address before the character that ends its host's name."""
    address = held.rstrip(".:-_@")
    host = address.rpartition("://")[2].rpartition("@")[2].partition(":")[0]
    if host.lower().startswith("www."):
        host = host[len("www.") :]
    if not host or not held.lower().startswith(_ADDRESS_STARTS):
        return Open.TEXT
    return Span(host, rest=held[len(address) :] + following, after=After.PATH)


def is_emoji(char: str) -> bool:
    """Whether a character is an emoji, or makes one of what is before it."""
    return _EMOJI.match(char) is not None
