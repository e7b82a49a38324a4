"""How Go writes JSON and times, and the lines of a chat or generate answer."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
import json
import time
from typing import Any, Literal

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def go_json(value: object) -> str:
    """Write ``value`` as Go's encoder does: no spaces, UTF-8 as it is, ``<>&`` escaped."""
    text = _encode(value)
    if "<" in text or ">" in text or "&" in text:
        text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return text


def go_json_bytes(value: object) -> bytes:
    """Write ``value`` as UTF-8 bytes; half a surrogate pair becomes U+FFFD as in Go."""
    return go_json(value).encode("utf-8", "replace")


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def timestamp(nanoseconds: int | None = None) -> str:
    """Return RFC 3339 UTC with nanoseconds, trailing zeros left out. Default: now."""
    seconds, rest = divmod(time.time_ns() if nanoseconds is None else nanoseconds, 10**9)
    if not rest:
        return _second(seconds) + "Z"
    return f"{_second(seconds)}.{rest:09d}".rstrip("0") + "Z"


class LineWriter:
    """Writes the lines of one answer; the parts that do not change are made once."""

    def __init__(self, kind: Literal["chat", "generate"], model: str) -> None:
        """Take the endpoint and the model name as it was asked for."""
        self._head = f'{{"model":{go_json(model)},"created_at":"'
        self._chat = kind == "chat"
        self._content_key = (
            '","message":{"role":"assistant","content":' if self._chat else '","response":'
        )
        self._not_done = '},"done":false' if self._chat else ',"done":false'

    def _open(self, content: str) -> str:
        return f"{self._head}{timestamp()}{self._content_key}{go_json(content)}"

    def content(self, text: str, logprobs: Sequence[Mapping[str, Any]] = ()) -> bytes:
        """One piece of the answer."""
        tail = f',"logprobs":{go_json(list(logprobs))}}}\n' if logprobs else "}\n"
        return f"{self._open(text)}{self._not_done}{tail}".encode("utf-8", "replace")

    def thinking(self, text: str) -> bytes:
        """One piece of thinking: content stays empty."""
        line = f'{self._open("")},"thinking":{go_json(text)}{self._not_done}}}\n'
        return line.encode("utf-8", "replace")

    def tool_call(self, call: Mapping[str, Any]) -> bytes:
        """One call in a line of its own (chat_tools_stream.jsonl)."""
        return f'{self._open("")},"tool_calls":{go_json([call])}{self._not_done}}}\n'.encode()

    def whole(
        self,
        *,
        content: str = "",
        thinking: str = "",
        calls: Sequence[Mapping[str, Any]] = (),
        tail: Mapping[str, Any],
    ) -> bytes:
        """The last line of a stream, or the whole answer without streaming. No newline.

        ``tail`` begins with ``done``; its keys follow the message in the given order.
        """
        parts = [self._open(content)]
        if thinking:
            parts.append(f',"thinking":{go_json(thinking)}')
        if calls:
            parts.append(f',"tool_calls":{go_json(list(calls))}')
        parts.append("}," if self._chat else ",")
        parts.append(go_json(dict(tail))[1:])
        return "".join(parts).encode("utf-8", "replace")
