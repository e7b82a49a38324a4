"""JSON as small models write it.

Read are also: single, curly and FunctionGemma's quotes, quotes inside of quotes, raw newlines
in strings, keys and words without quotes, Python's and JavaScript's constants, trailing and
missing commas, comments, and (where the caller says that the text has ended) missing brackets.
"""

# ruff: noqa: RUF001 - the quotes that look alike are the point

from collections.abc import Callable
import math
import re
from typing import Any

from .balance import AFTER_STRING, QUOTES, closing_quotes

_DEEPEST = 60
_SPECIAL_QUOTES = ("<escape>", '<|"|>')
"""FunctionGemma's and Gemma 4's delimiters of strings: nothing is escaped inside."""
_CONSTANTS: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "none": None,
    "undefined": None,
    "nan": None,
}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_INTEGER = re.compile(r"[+-]?\d{1,40}")
_REAL = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,4})?")
_KEY_AHEAD = re.compile(r"[\w.\-$]{1,60}\s{0,5}[:=]")
_SURROGATES = range(0xD800, 0xE000)
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_SPACE = re.compile(r"\s*")
_WORD_STOP = {False: re.compile(r"[,\]}\n]"), True: re.compile(r"[,\]})\n]")}
_KEY_STOP = re.compile(r"[:=,\]}\n{\[]")
_IN_STRING = re.compile(r"[\\\"'“”„‘’‚]")


class UnreadableError(ValueError):
    """A text is not what it was taken for."""


class ValueReader:
    """Reads values from a text, one after the other.

    `ended` says that nothing follows the text, so that missing brackets may be added.
    `in_call` says that a value stands between the parentheses of a Python call.
    """

    def __init__(
        self, text: str, position: int = 0, *, ended: bool = False, in_call: bool = False
    ) -> None:
        """Read from `position` on."""
        self.text = text
        self.position = position
        self._ended = ended
        self._in_call = in_call
        self._depth = 0

    def peek(self) -> str:
        """Return the next character, or nothing at the end."""
        return self.text[self.position : self.position + 1]

    def skip_space(self) -> None:
        """Go on to the next character that counts. Raises UnreadableError."""
        text = self.text
        while True:
            match = _SPACE.match(text, self.position)
            self.position = match.end() if match else self.position
            if text.startswith("//", self.position) or text.startswith("# ", self.position):
                end = text.find("\n", self.position)
                self.position = len(text) if end < 0 else end
            elif text.startswith("/*", self.position):
                end = text.find("*/", self.position)
                if end < 0:
                    raise UnreadableError("comment")
                self.position = end + 2
            else:
                return

    def read(self) -> Any:
        """Return the next value. Raises UnreadableError."""
        self.skip_space()
        char = self.peek()
        if char == "{":
            return self._nested(self._object)
        if char == "[":
            return self._nested(self._list)
        if char == "(" and self._in_call:
            return self._nested(self._list)
        if char in QUOTES:
            return self._string()
        if (special := self._special_quote()) is not None:
            return special
        return _constant(self._word(_WORD_STOP[self._in_call]))

    def _nested(self, read: Callable[[], Any]) -> Any:
        if self._depth >= _DEEPEST:
            raise UnreadableError("too deep")
        self._depth += 1
        value = read()
        self._depth -= 1
        return value

    def _object(self) -> dict[str, Any]:
        self.position += 1
        value: dict[str, Any] = {}
        first = True
        while self._more("}", first=first):
            first = False
            key = self._key()
            self.skip_space()
            if self.peek() not in (":", "="):
                raise UnreadableError("key without a value")
            self.position += 1
            value[key] = self.read()
        return value

    def _list(self) -> list[Any]:
        closer = "]" if self.peek() == "[" else ")"
        self.position += 1
        value: list[Any] = []
        while self._more(closer, first=not value):
            value.append(self.read())
        return value

    def _more(self, closer: str, *, first: bool) -> bool:
        """Go on to the next item; False after the last one."""
        comma = False
        while True:
            self.skip_space()
            char = self.peek()
            if char == closer:
                self.position += 1
                return False
            if char != ",":
                break
            comma = True
            self.position += 1
        if not char:
            if not self._ended or comma:
                raise UnreadableError("not closed")
            return False
        if char in "}])":
            return False  # closes what is around: the bracket of this one is missing
        if first or comma or char in QUOTES or char in "{[<":
            return True
        if closer == "}" and _KEY_AHEAD.match(self.text, self.position):
            return True
        if not self._ended:
            raise UnreadableError("no comma")
        return False  # prose after a call whose brackets are missing

    def _key(self) -> str:
        char = self.peek()
        if char in QUOTES:
            return self._string()
        if (special := self._special_quote()) is not None:
            return special
        return self._word(_KEY_STOP)

    def _word(self, stop: re.Pattern[str]) -> str:
        match = stop.search(self.text, self.position)
        if match is None and not self._ended:
            raise UnreadableError("word without an end")
        end = match.start() if match else len(self.text)
        word = self.text[self.position : end].strip()
        if not word or word[0] in "<({" or (self._in_call and "(" in word):
            raise UnreadableError("no value")
        self.position = end
        return word

    def _special_quote(self) -> str | None:
        for quote in _SPECIAL_QUOTES:
            if not self.text.startswith(quote, self.position):
                continue
            start = self.position + len(quote)
            end = self.text.find(quote, start)
            if end < 0:
                raise UnreadableError("string without an end")
            self.position = end + len(quote)
            return self.text[start:end]
        return None

    def _string(self) -> str:
        """Return a string; its quote is the next character."""
        text = self.text
        closers = closing_quotes(text[self.position])
        parts: list[str] = []
        self.position += 1
        while match := _IN_STRING.search(text, self.position):
            index = match.start()
            parts.append(text[self.position : index])
            self.position = index + 1
            if text[index] == "\\":
                parts.append(self._escape())
                continue
            if text[index] in closers and self._ends_string():
                return "".join(parts)
            parts.append(text[index])
        raise UnreadableError("string without an end")

    def _ends_string(self) -> bool:
        match = _SPACE.match(self.text, self.position)
        end = match.end() if match else self.position
        return end == len(self.text) or self.text[end] in AFTER_STRING

    def _escape(self) -> str:
        char = self.peek()
        self.position += 1
        if char == "u":
            return self._unicode()
        if char in _ESCAPES:
            return _ESCAPES[char]
        return char if char in "\\/\"'“”‘’\n" else "\\" + char

    def _unicode(self) -> str:
        first = self._hex()
        if first is None:
            return "\\u"
        if first not in _SURROGATES:
            return chr(first)
        if self.text.startswith("\\u", self.position):
            start = self.position
            self.position += 2
            pair = (first, self._hex() or 0)
            if pair[1] in _SURROGATES:
                both = b"".join(half.to_bytes(2, "big") for half in pair)
                return both.decode("utf-16-be", "replace")
            self.position = start
        return "\ufffd"  # half a character

    def _hex(self) -> int | None:
        match = _HEX.match(self.text, self.position)
        if match is None:
            return None
        self.position = match.end()
        return int(match[0], 16)


def _constant(word: str) -> Any:
    if word.lower() in _CONSTANTS:
        return _CONSTANTS[word.lower()]
    if _INTEGER.fullmatch(word):
        return int(word)
    if _REAL.fullmatch(word):
        number = float(word)
        return number if math.isfinite(number) else word
    return word


def read_json(text: str, *, ended: bool = True) -> Any:
    """Return the value that is the whole text. Raises UnreadableError."""
    reader = ValueReader(text, ended=ended)
    value = reader.read()
    rest = text[reader.position :].strip().rstrip("}])>,; \n")
    if rest:
        raise UnreadableError("more than one value")
    return value
