"""Sends one answer, and spoils it when a fault says so."""

import asyncio
from collections.abc import Mapping
import json

from aiohttp import web

from .faults import DRIP_BYTES, GARBAGE_LINE, ActiveFault, Fault
from .recording import RecordedRequest
from .wire import go_json_bytes

JSON_UTF8 = "application/json; charset=utf-8"
JSON_PLAIN = "application/json"
NDJSON = "application/x-ndjson"
# Go announces no length for bodies larger than its buffer (tags.json, show_plain.json).
LARGEST_ANNOUNCED_BODY = 2048


class ConnectionCutError(Exception):
    """A fault closed the connection."""


class Responder:
    """One answer to one request."""

    def __init__(
        self,
        request: web.BaseRequest,
        record: RecordedRequest,
        fault: ActiveFault | None,
    ) -> None:
        """Answer ``request`` and note it in ``record``."""
        self._request = request
        self._record = record
        self._fault = fault
        self._response: web.StreamResponse | None = None
        self._streaming = False
        self._sent: list[bytes] = []

    @property
    def response(self) -> web.StreamResponse:
        """What was answered; an error when nothing was."""
        if self._response is None:
            message = f"no answer to {self._record.method} {self._record.path}"
            raise RuntimeError(message)
        return self._response

    @property
    def started(self) -> bool:
        """Whether headers were sent."""
        return self._response is not None

    # -- whole answers -----------------------------------------------------------

    async def json(self, value: object, status: int = 200) -> None:
        """Answer ``value``."""
        await self.body(go_json_bytes(value), JSON_UTF8, status)

    async def error(self, status: int, text: str, content_type: str = JSON_UTF8) -> None:
        """Answer ``{"error": text}``."""
        await self.body(go_json_bytes({"error": text}), content_type, status)

    async def empty(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        """Answer no body and no content type."""
        response = web.StreamResponse(status=status, headers=headers)
        response.content_length = 0
        # aiohttp would add a content type of its own.
        response.headers.popall("Content-Type", None)
        await self._prepare(response)
        response.headers.popall("Content-Type", None)
        self._record.finished = True

    async def body(
        self,
        data: bytes,
        content_type: str,
        status: int = 200,
        *,
        headers: Mapping[str, str] | None = None,
        chunked: bool = False,
    ) -> None:
        """Answer ``data`` in one piece."""
        response = web.StreamResponse(status=status, headers=headers)
        response.headers["Content-Type"] = content_type
        if chunked or len(data) > LARGEST_ANNOUNCED_BODY:
            response.enable_chunked_encoding()
        else:
            response.content_length = len(data)
        await self._prepare(response)
        if self._request.method != "HEAD":
            await self._write_whole(data)
        self._record.finished = True

    async def _write_whole(self, data: bytes) -> None:
        fault = self._fault.fault if self._fault else None
        if fault is Fault.CUT_MID_STREAM:
            await self.response.write(data[: len(data) // 2])
            self._cut()
        if fault is Fault.HANG_MID_STREAM:
            await self.response.write(data[: len(data) // 2])
            await asyncio.Event().wait()  # until the client goes or the server stops
        if fault is Fault.GARBAGE_MID_STREAM:
            # Same length, so that it still fits the announced one.
            data = GARBAGE_LINE[:-1][: len(data)].ljust(len(data), b">")
        await self._write(data)

    # -- streams -----------------------------------------------------------------

    async def line(self, data: bytes) -> None:
        """Send one line of a stream; the first one sends the headers."""
        if not self._streaming:
            await self.open_stream()
        if self._fault is not None:
            await self._spoiled_line(data)
        else:
            await self.response.write(data)
        self._record.lines += 1

    async def open_stream(self) -> None:
        """Send the headers of a stream."""
        self._streaming = True
        response = web.StreamResponse()
        response.headers["Content-Type"] = NDJSON
        response.enable_chunked_encoding()
        await self._prepare(response)
        self._record.timings.first_line_at = asyncio.get_running_loop().time()

    async def status(self, text: str, **fields: object) -> None:
        """Send one ``{"status": ...}`` line."""
        await self.line(go_json_bytes({"status": text, **fields}) + b"\n")

    async def end(self) -> None:
        """End the stream."""
        if self._fault and self._fault.fault is Fault.ENDLESS_STREAM and self._sent:
            await self._repeat_for_ever()
        self._record.finished = True

    async def _spoiled_line(self, data: bytes) -> None:
        fault = self._fault
        if fault is None:
            return
        self._sent.append(data)
        if fault.fault is Fault.ENDLESS_STREAM and b'"done":true' in data:
            return
        if self._record.lines != fault.after_chunks:
            await self._write(data)
            return
        if fault.fault is Fault.CUT_MID_STREAM:
            await self.response.write(data[: len(data) // 2])
            self._cut()
        if fault.fault is Fault.HANG_MID_STREAM:
            await asyncio.Event().wait()  # until the client goes or the server stops
        if fault.fault is Fault.GARBAGE_MID_STREAM:
            await self._write(GARBAGE_LINE)
        await self._write(data)

    async def _repeat_for_ever(self) -> None:
        lines = [line for line in self._sent if b'"done":true' not in line]
        lines = lines or [b"\n"]
        while True:
            for line in lines:
                await self.response.write(line)
                self._record.lines += 1
                await asyncio.sleep(0.001)

    # -- shared ------------------------------------------------------------------

    async def _prepare(self, response: web.StreamResponse) -> None:
        await response.prepare(self._request)
        self._response = response
        self._record.status = response.status

    async def _write(self, data: bytes) -> None:
        if self._fault is None or self._fault.fault is not Fault.SLOW_DRIP:
            await self.response.write(data)
            return
        for start in range(0, len(data), DRIP_BYTES):
            await self.response.write(data[start : start + DRIP_BYTES])
            await asyncio.sleep(self._fault.delay)

    def _cut(self) -> None:
        raise ConnectionCutError


def error_line(text: str) -> bytes:
    """Return the last line of a stream that failed (chat_runner_crash_stream.jsonl)."""
    return go_json_bytes({"error": text}) + b"\n"


def parse_object(body: bytes) -> dict[str, object]:
    """Return the JSON object in ``body``, empty when there is none."""
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
