"""The body of a call behind a marker, read as a whole.

Each family puts the name and the arguments in its own order; a reader that takes any of
them needs not know which model is speaking.
"""

from dataclasses import dataclass
import re

from .lenient_json import UnreadableError, ValueReader
from .pieces import WrittenCall
from .python_call import read_list, read_statement
from .shapes import KnowsTool, make_call, read_arguments, read_calls
from .xml_call import looks_like_tags, read_tags

SEPARATOR = "\x1f"
"""Stands in a body for the markers between a name and its arguments."""
CALL_ID = "\x1e"
"""Stands in a body before an identifier, which ends with a separator."""

_CALL_ID = re.compile(rf"{CALL_ID}[^{SEPARATOR}{{]{{0,100}}")
_BETWEEN = re.compile(rf"[\s,;>}}\]{SEPARATOR}]*")
_FENCE = re.compile(r"```[\w-]{0,20}")
_PYTHON_LIST = re.compile(r"\[\s*[A-Za-z_][\w.\-]{0,80}\s*\(", re.ASCII)
_PYTHON_CALL = re.compile(
    r"\s*(?:(?:#|import\b|from\b)[^\n]*\n\s*)*(?:[A-Za-z_]\w{0,40}\s*=\s*)?"
    r"[A-Za-z_][\w.\-]{0,80}\s*\(",
    re.ASCII,
)
_NAMED = re.compile(
    rf"(?:(?:function|tool)[\s{SEPARATOR}]+)?"  # DeepSeek: the type stands before the name
    r"(?:call:|to=)?"  # FunctionGemma and Gemma 4; gpt-oss
    r"([A-Za-z_][\w.:/\-]{0,80})"
    rf"[\s{SEPARATOR}]*(?:(?:json|code)[\s{SEPARATOR}]*)?"
    r"(?:```[\w-]{0,20}\s*)?(?=[{\"])",
    re.ASCII,
)
_LONE_NAME = re.compile(
    rf"(?:(?:function|tool)[\s{SEPARATOR}]+)?(?:call:|to=)?([A-Za-z_][\w.:/\-]{{0,80}})[\s{SEPARATOR}]*",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Block:
    """What a body holds: its calls, and how much of it they take."""

    calls: list[WrittenCall]
    end: int


def read_block(body: str, knows: KnowsTool, *, ended: bool) -> Block:
    """Return the calls in the body of a marked call; none if it can't be read.

    `ended` says that the answer ended in the body: missing brackets are added.
    """
    body = _CALL_ID.sub(lambda match: " " * len(match[0]), body)
    try:
        if looks_like_tags(body):
            return Block(read_tags(body), len(body))
    except UnreadableError:
        return Block([], len(body))
    calls: list[WrittenCall] = []
    position = end = 0
    while True:
        position = _skip(body, position)
        if position >= len(body):
            return Block(calls, len(body))
        try:
            found, position = _read_one(body, position, knows, ended=ended, first=not calls)
        except UnreadableError:
            return Block(calls, end)
        calls += found
        end = position


def _skip(body: str, position: int) -> int:
    while True:
        match = _BETWEEN.match(body, position)
        position = match.end() if match else position
        fence = _FENCE.match(body, position)
        if fence is None:
            return position
        position = fence.end()


def _read_one(
    body: str, position: int, knows: KnowsTool, *, ended: bool, first: bool
) -> tuple[list[WrittenCall], int]:
    if _PYTHON_LIST.match(body, position):
        return read_list(body, position, ended=ended)
    if body[position] in "{[\"'“":
        reader = ValueReader(body, position, ended=ended)
        calls = read_calls(reader.read(), knows, marked=True)
        return calls or [], reader.position
    if match := _NAMED.match(body, position):
        reader = ValueReader(body, match.end(), ended=ended)
        arguments = read_arguments(reader.read())
        return [make_call(match[1], arguments)], reader.position
    if _PYTHON_CALL.match(body, position):
        call, end = read_statement(body, position, ended=ended)
        return [call], end
    lone = _LONE_NAME.fullmatch(body, position)
    if lone and first:
        return [make_call(lone[1], {})], len(body)
    raise UnreadableError("no call")
