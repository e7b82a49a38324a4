"""Links, addresses, tags, footnotes and emoji in a text: what of them is spoken."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from html import unescape
import re

MAX_HELD = 50
"""Characters that are held back until it's known what they are."""

_TARGET_STARTS = (
    *("https:", "http:", "www.", "mailto:", "tel:", "/", "#", "./", "<"),
    *("homeassistant:", "media-source:"),
)
_ADDRESS_STARTS = ("https://", "http://", "www.")
_FURTHER_STARTS = (
    *("ftp://", "sftp://", "file://", "smb://", "nfs://", "tcp://", "udp://", "ws://", "wss://"),
    *("mqtt://", "rtsp://", "rtmp://", "homeassistant://", "media-source://", "mailto:", "tel:"),
)
"""Of addresses that stay in a text for the eye: they can be copied from it."""
_ALL_STARTS = _ADDRESS_STARTS + _FURTHER_STARTS


def _first_letters(starts: Iterable[str]) -> frozenset[str]:
    return frozenset(letter for start in starts for letter in (start[0], start[0].upper()))


ADDRESS_LETTERS = _first_letters(_ADDRESS_STARTS)
SPOKEN_ADDRESS_LETTERS = _first_letters(_ALL_STARTS)
"""With which the addresses begin that ears can't take."""
_CHECKBOXES = ("[ ] ", "[x] ", "[X] ")
_FOOTNOTE = re.compile(r"\[\^[^\[\]\s]{1,20}\]")
_NUMBERS = re.compile(r"\[[1-9]\d{0,2}(?:(?:, ?|[-\u2013])\d{1,3}){0,5}\]")
_BLOCK_TAGS = frozenset(
    {"p", "br", "hr", "ul", "ol", "li", "div", "table", "tr", "td", "th", "dt", "dd"}
    | {"blockquote", "section", "article", "header", "footer", "details", "summary"}
    | {f"h{level}" for level in range(1, 7)}
)
_TAGS = _BLOCK_TAGS | frozenset(
    {"a", "b", "i", "u", "s", "em", "strong", "code", "pre", "sub", "sup", "span", "small"}
    | {"kbd", "mark", "del", "ins", "font", "center", "img", "tbody", "thead", "html", "body"}
    | {"dl", "samp", "var", "cite", "abbr", "q"}
    # SSML, which some models write when they know that they are heard
    | {"speak", "break", "prosody", "emphasis", "voice", "phoneme"}
)
_TAG_NAME = re.compile(r"</?([a-z][a-z0-9]{0,12})(?=[\s/>])", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"<[a-z0-9]+\s+[a-z:\-]+=", re.IGNORECASE)
_COMMENT = "<!--"
_LONGEST_ENTITY = 10


_EMOJI = re.compile(
    "[\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf\u23e9-\u23fa\u24c2\u25aa\u25ab\u25b6"
    "\u25c0\u25fb-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d"
    "\u3297\u3299\ufe0e\ufe0f\u20e3\U0001f000-\U0001faff\U000e0020-\U000e007f]"
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
    REFERENCE = auto()
    """The name of a link's target, up to its bracket."""
    TAG = auto()
    COMMENT = auto()
    ANGLES = auto()
    """An address between angle brackets."""
    PATH = auto()
    """The rest of an address, up to whitespace."""

    @property
    def end(self) -> str:
        """How that ends which isn't said; empty where all of it is read on."""
        return _ENDS.get(self, "")


_ENDS = {After.TARGET: ")", After.REFERENCE: "]", After.TAG: ">", After.COMMENT: "-->"}


@dataclass(frozen=True, slots=True)
class Span:
    """Something that isn't said as it's written."""

    said: str
    rest: str = ""
    """To be read again."""
    after: After = After.TEXT


def read_link(held: str, *, line_start: bool, in_word: bool, numbers: bool) -> Span | Open:
    """Decide `[text](https://...)`, `![text](...)`, `[text][name]` and `[^1]`.

    `in_word` tells that it follows a letter, as an index does; `numbers` that `[1]` is
    a footnote, too.
    """
    if held[0] == "!" and held[1:2] != "[":
        return Open.TEXT
    if is_footnote(held[:-1], numbers=numbers) and held[-1] != "(":
        return Span("", rest=held[-1].removeprefix(":"))
    if held[-1] == "[" and len(held) > len("!["):
        return _read_reference(held, in_word=in_word)
    if line_start and held in _CHECKBOXES:
        return Span("", rest=" ")
    text, bracket, target = held.partition("](")
    if bracket:
        text = "" if is_footnote(f"{text}]", numbers=numbers) else text.removeprefix("!")[1:]
        return _read_target(text, target, in_word=in_word)
    closed = "]" in held[:-1] and not (line_start and _is_checkbox(held))
    if held[-1] == "\n" or closed:
        return Open.TEXT
    return Open.WAIT if len(held) < MAX_HELD else Open.TEXT


def _read_reference(held: str, *, in_word: bool) -> Span | Open:
    text = held.removeprefix("!")[1:-2]
    if held[-2] != "]" or in_word or not any(map(str.isalpha, text)):
        return Open.TEXT
    return Span(text, after=After.REFERENCE)


def _read_target(text: str, target: str, *, in_word: bool) -> Span | Open:
    if target.startswith(_TARGET_STARTS):
        return Span(text, after=After.TARGET)
    is_target = target != ")" and not target.endswith((" ", "\n", "[", "("))
    if in_word or not is_target or len(target) >= MAX_HELD:
        return Open.TEXT
    return Span(text, rest=")", after=After.TARGET) if target[-1:] == ")" else Open.WAIT


def read_target(held: str) -> Span | Open:
    """Decide `](https://...)` behind a text that was too long to wait for its end."""
    if not held.startswith("]("):
        return Open.TEXT
    target = held.removeprefix("](")
    if target.startswith(_TARGET_STARTS):
        return Span("", after=After.TARGET)
    waits = any(start.startswith(target) for start in _TARGET_STARTS)
    return Open.WAIT if waits else Open.TEXT


def is_footnote(text: str, *, numbers: bool) -> bool:
    """Whether a text is `[^1]`, or `[1]` where `numbers` are footnotes."""
    if _FOOTNOTE.fullmatch(text):
        return True
    return numbers and _NUMBERS.fullmatch(text) is not None


def _is_checkbox(held: str) -> bool:
    return any(box.startswith(held) for box in _CHECKBOXES)


def read_tag(held: str) -> Span | Open:
    """Decide `<b>`, `</b>`, `<br>`, `<a href=...>`, `<!-- ... -->` and `<https://...>`."""
    if held == _COMMENT:
        return Span("", after=After.COMMENT)
    if _COMMENT.startswith(held):
        return Open.WAIT
    if held[1:].lower() in _ADDRESS_STARTS:
        return Span("", rest=held[1:], after=After.ANGLES)
    name = match[1].lower() if (match := _TAG_NAME.match(held)) else ""
    last = held[-1]
    if last == ">":
        if name not in _TAGS:
            return Open.TEXT
        return Span("", rest="\n" if name in _BLOCK_TAGS else "")
    if name in _TAGS and _ATTRIBUTE.match(held):
        return Span("", after=After.TAG)
    fits = last.isascii() and (last.isalnum() or last in "/ =\"'.:-#")
    if not fits or held[1] == " " or len(held) >= MAX_HELD:
        return Open.TEXT
    return Open.WAIT


def read_entity(held: str) -> Span | Open:
    """Decide `&amp;` and `&nbsp;`."""
    last = held[-1]
    if last == ";":
        meant = unescape(held)
        return Open.TEXT if meant == held else Span("", rest=meant)
    fits = last.isascii() and (last.isalnum() or last == "#")
    return Open.WAIT if fits and len(held) < _LONGEST_ENTITY else Open.TEXT


def read_address(held: str, *, for_ears: bool = False) -> Span | Open:
    """Decide `https://www.example.com/path`: its host's name is said.

    `for_ears` decides `mailto:`, `ftp://` and others as well.
    """
    lowered = held.lower()
    starts = _ALL_STARTS if for_ears else _ADDRESS_STARTS
    if any(start.startswith(lowered) for start in starts):
        return Open.WAIT
    if not lowered.startswith(starts):
        return Open.TEXT
    last = held[-1]
    if (last.isalnum() or last in ".-_@:") and len(held) < MAX_HELD:
        return Open.WAIT
    return end_address(held[:-1], held[-1])


def end_address(held: str, following: str) -> Span | Open:
    """Decide an address before the character that ends its host's name."""
    address = held.rstrip(".:-_@")
    lowered = held.lower()
    if lowered.startswith(("mailto:", "tel:")):
        said = address.partition(":")[2]
        if not said:
            is_number = following == "+"
            return Span("", rest=following) if is_number else Open.TEXT
        return Span(said, rest=held[len(address) :] + following, after=After.PATH)
    host = address.rpartition("://")[2].rpartition("@")[2].partition(":")[0]
    if host.lower().startswith("www."):
        host = host[len("www.") :]
    if not lowered.startswith(_ALL_STARTS):
        return Open.TEXT
    if not host or host.lower() + "://" in _ALL_STARTS:
        # Nothing but a path follows, which can't be said.
        is_path = following == "/" and not lowered.startswith(_ADDRESS_STARTS)
        return Span("", rest=following, after=After.PATH) if is_path else Open.TEXT
    return Span(host, rest=held[len(address) :] + following, after=After.PATH)


def is_emoji(char: str) -> bool:
    """Whether a character is an emoji, or makes one of what is before it."""
    return _EMOJI.match(char) is not None
