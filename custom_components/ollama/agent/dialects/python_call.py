"""Calls as Python: `turn_on(name="Kitchen light")`.

Llama 3.2 and 4, LFM 2, Olmo 3 and Gemma write lists or lines of them, Gemma also
`print(default_api.turn_on(...))`, and Llama 3.1 `brave_search.call(query="...")`.
"""

import re
from typing import Any

from .lenient_json import UnreadableError, ValueReader
from .pieces import WrittenCall
from .shapes import make_call

_CALLEE = re.compile(r"\s*(?:await\s+)?([A-Za-z_][\w.\-]{0,80})\s*\(\s*", re.ASCII)
_ASSIGNED = re.compile(r"\s*[A-Za-z_]\w{0,40}\s*=\s*(?=[A-Za-z_])", re.ASCII)
_KEYWORD = re.compile(r"""["']?([A-Za-z_]\w{0,60})["']?\s{0,10}[=:](?![=/])\s{0,10}""", re.ASCII)
_IGNORED_LINE = re.compile(r"\s*(?:#|import\b|from\b)[^\n]*(?:\n|\Z)")
_STRING_PREFIX = re.compile(r"[rRbBuUfF](?=[\"'])")
_BETWEEN = re.compile(r"[\s,;]*")

_WRAPPERS = ("print", "str", "json.dumps")


def read_call(text: str, position: int, *, ended: bool) -> tuple[WrittenCall, int]:
    """Return the call at a position, and where it ends. Raises UnreadableError."""
    match = _CALLEE.match(text, position)
    if match is None:
        raise UnreadableError("no call")
    name = match[1]
    reader = ValueReader(text, match.end(), ended=ended, in_call=True)
    if name in _WRAPPERS:
        call, reader.position = read_call(text, match.end(), ended=ended)
        reader.skip_space()
        _close(reader, ended=ended)
        return call, reader.position
    arguments = _read_arguments(reader, ended=ended)
    return make_call(name.removesuffix(".call"), arguments), reader.position


def read_list(text: str, position: int, *, ended: bool) -> tuple[list[WrittenCall], int]:
    """Return the calls of a list; its bracket stands at the position."""
    calls: list[WrittenCall] = []
    position += 1
    while True:
        position = _skip(text, position)
        if position >= len(text):
            if ended and calls:
                return calls, position
            raise UnreadableError("list without an end")
        if text[position] == "]":
            return calls, position + 1
        call, position = read_call(text, position, ended=ended)
        calls.append(call)


def read_statement(text: str, position: int, *, ended: bool) -> tuple[WrittenCall, int]:
    """Return the call of a line, also after comments, imports and `result =`."""
    while match := _IGNORED_LINE.match(text, position):
        position = match.end()
    if match := _ASSIGNED.match(text, position):
        position = match.end()
    return read_call(text, position, ended=ended)


def _skip(text: str, position: int) -> int:
    match = _BETWEEN.match(text, position)
    return match.end() if match else position


def _read_arguments(reader: ValueReader, *, ended: bool) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    count = 0
    while True:
        reader.skip_space()
        char = reader.peek()
        if char in (")", ""):
            _close(reader, ended=ended)
            return arguments
        if char == ",":
            reader.position += 1
            continue
        if reader.text.startswith("**", reader.position):
            reader.position += 2
            char = "{"
        if match := _KEYWORD.match(reader.text, reader.position):
            reader.position = match.end()
            arguments[match[1]] = _read_value(reader)
            continue
        value = _read_value(reader)
        if isinstance(value, dict):
            arguments.update(value)  # turn_on({"name": "Kitchen light"})
        else:
            arguments[str(count)] = value
            count += 1


def _read_value(reader: ValueReader) -> Any:
    if match := _STRING_PREFIX.match(reader.text, reader.position):
        reader.position = match.end()
    before = reader.position
    value = reader.read()
    if reader.position == before:
        raise UnreadableError("no value")
    return value


def _close(reader: ValueReader, *, ended: bool) -> None:
    if reader.peek() == ")":
        reader.position += 1
    elif reader.peek() or not ended:
        raise UnreadableError("call without an end")
