"""Calls as tags.

- Qwen 3 Coder, Qwen 3.5, Seed: `<function=turn_on><parameter=name>Kitchen</parameter></function>`
- Llama 3.1: `<function=turn_on>{"name": "Kitchen"}</function>`
- MiniCPM 5: `<function name="turn_on"><param name="name">Kitchen</param></function>`
- MiniMax M2 and DeepSeek 3.2 (each tag with ｜DSML｜ before its name):
  `<invoke name="turn_on"><parameter name="name">Kitchen</parameter></invoke>`
- GLM 4.5 and later: `turn_on<arg_key>name</arg_key><arg_value>Kitchen</arg_value>`
- models that were shown none: `<name>turn_on</name><arguments>{"name": "Kitchen"}</arguments>`

Values are text; lists and objects are read, the rest is typed by who knows the tool's schema.
"""

# ruff: noqa: RUF001, RUF002 - DeepSeek's bars

from collections.abc import Iterator
import re
from typing import Any

from .lenient_json import UnreadableError, read_json
from .pieces import WrittenCall
from .shapes import make_call, read_arguments

_DSML = re.compile(r"<(/?)[|｜‖]{1,2}DSML[|｜‖]{1,2}")
_CALL = re.compile(
    r"""<(?:function\s*=\s*|function\s+name\s*=\s*|invoke\s+name\s*=\s*)"""
    r"""["']?\s*([^"'>\s{]{1,100})\s*["']?\s*>?"""
)
_PARAMETER = re.compile(
    r"""<(?:parameter\s*=\s*|parameter\s+name\s*=\s*|param\s+name\s*=\s*)"""
    r"""["']?([^"'>\s]{1,100})["']?([^<>]{0,60})>"""
)
_PARAMETER_END = re.compile(r"</param(?:eter)?>|<param(?:eter)?[\s=]|</(?:function|invoke)>")
_ARG_KEY = re.compile(r"<arg_key>([^<]{0,100})</arg_key>\s{0,20}<arg_value>")
_ARG_END = re.compile(r"</arg_value>|<arg_key>")
_FIELD = re.compile(r"<(\w{1,60})>")
_NAME_FIELDS = ("name", "tool_name", "function_name", "function", "tool")
_ARGUMENT_FIELDS = ("arguments", "parameters", "args", "params", "input")
_TAGS_FIRST = re.compile(r"\s*(?:[\w.:/\-]{1,80}\s*)?<(?!escape>)(?!\|\")")
_ANY_TAG = re.compile(r"<[^<>]{0,100}>?")
_CDATA = re.compile(r"\s*<!\[CDATA\[(.*)\]\]>\s*", re.DOTALL)


def looks_like_tags(body: str) -> bool:
    """Whether a call's body holds tags and not a value."""
    return _TAGS_FIRST.match(body) is not None


def read_tags(body: str) -> list[WrittenCall]:
    """Return the calls in a body. Raises UnreadableError."""
    body = _DSML.sub(r"<\1", body)
    starts = list(_CALL.finditer(body))
    if starts:
        ends = [match.start() for match in starts[1:]] + [len(body)]
        return [
            make_call(match[1], _inside(body[match.end() : end]))
            for match, end in zip(starts, ends, strict=True)
        ]
    if _ARG_KEY.search(body):
        name = body.partition("<")[0].split()
        if len(name) != 1:
            raise UnreadableError("no name")
        return [make_call(name[0], dict(_arg_pairs(body)))]
    return [_from_fields(body)]


def _inside(body: str) -> dict[str, Any]:
    if arguments := dict(_parameters(body)):
        return arguments
    start, end = body.find("{"), body.rfind("}")
    if 0 <= start < end:
        return read_arguments(read_json(body[start : end + 1]))
    # A text in place of arguments may be the target: without it the call would reach more.
    text = _ANY_TAG.sub(" ", body).strip()
    return {"input": text} if text else {}


def _parameters(body: str) -> Iterator[tuple[str, Any]]:
    position = 0
    while match := _PARAMETER.search(body, position):
        end = _PARAMETER_END.search(body, match.end())
        position = end.start() if end else len(body)
        yield match[1], _value(body[match.end() : position], typed='"false"' in match[2])


def _arg_pairs(body: str) -> Iterator[tuple[str, Any]]:
    position = 0
    while match := _ARG_KEY.search(body, position):
        end = _ARG_END.search(body, match.end())
        position = end.start() if end else len(body)
        yield match[1].strip(), _value(body[match.end() : position])


def _from_fields(body: str) -> WrittenCall:
    fields = dict(_fields(body))
    name = next((fields.pop(key) for key in _NAME_FIELDS if key in fields), None)
    if not isinstance(name, str) or not name:
        raise UnreadableError("no name")
    for key in _ARGUMENT_FIELDS:
        if key not in fields:
            continue
        inner = fields.pop(key)
        if isinstance(inner, str) and (nested := dict(_fields(inner))):
            inner = nested
        fields |= read_arguments(inner)
    return make_call(name, fields)


def _fields(body: str) -> Iterator[tuple[str, Any]]:
    position = 0
    while match := _FIELD.search(body, position):
        end = body.find(f"</{match[1]}>", match.end())
        if end < 0:
            position = match.end()
            continue
        position = end
        yield match[1], _value(body[match.end() : end])


def _value(text: str, *, typed: bool = False) -> Any:
    if match := _CDATA.fullmatch(text):
        return match[1]
    text = text.strip()
    if not typed and text[:1] not in ("{", "["):
        return text
    try:
        return read_json(text)
    except UnreadableError:
        return text
