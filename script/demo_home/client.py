"""Home Assistant as its frontend sees it: HTTP and a WebSocket."""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus
import json
import time
from types import TracebackType
from typing import Any, Self

import aiohttp

from .errors import CommandError, DemoError

type Json = dict[str, Any]

# Longer than any generation may take: the integration has limits of its own, which are to be seen.
REQUEST_LIMIT = 240.0


class HomeAssistant:
    """A client with an administrator's access token."""

    def __init__(self, session: aiohttp.ClientSession, base: str, token: str) -> None:
        self.base = base
        self._session = session
        self._token = token
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._last_id = 0

    async def __aenter__(self) -> Self:
        """Open the WebSocket."""
        self._socket = await self._session.ws_connect(
            f"{self.base}/api/websocket", max_msg_size=0, heartbeat=30
        )
        await self._receive()  # auth_required
        await self._socket.send_json({"type": "auth", "access_token": self._token})
        answer = await self._receive()
        if answer["type"] != "auth_ok":
            raise DemoError(f"Home Assistant's WebSocket refused the access token: {answer}")
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the WebSocket."""
        if self._socket is not None:
            await self._socket.close()

    # HTTP

    async def get(self, path: str) -> Any:
        """Return what a GET answers."""
        return await self._request("GET", path, None)

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return what a POST answers."""
        return await self._request("POST", path, body or {})

    async def delete(self, path: str) -> Any:
        """Return what a DELETE answers."""
        return await self._request("DELETE", path, None)

    async def _request(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        async with self._session.request(
            method,
            f"{self.base}{path}",
            json=body,
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=aiohttp.ClientTimeout(total=REQUEST_LIMIT),
        ) as response:
            text = await response.text()
            if response.status >= HTTPStatus.BAD_REQUEST:
                raise DemoError(f"{method} {path} answered {response.status}: {text[:500]}")
            return json.loads(text) if text else None

    async def state(self, entity_id: str) -> Json:
        """Return an entity's state with its attributes."""
        state: Json = await self.get(f"/api/states/{entity_id}")
        return state

    async def action(self, domain: str, name: str, data: Mapping[str, Any]) -> Json:
        """Perform an action and return its response."""
        result = await self.post(f"/api/services/{domain}/{name}?return_response", data)
        response: Json = result["service_response"]
        return response

    async def download(self, url: str) -> bytes:
        """Return what stands behind an address of Home Assistant's."""
        timeout = aiohttp.ClientTimeout(total=REQUEST_LIMIT)
        async with self._session.get(f"{self.base}{url}", timeout=timeout) as response:
            response.raise_for_status()
            return await response.read()

    # WebSocket

    async def run_pipeline(
        self, pipeline: str, frames: Sequence[bytes], seconds: float
    ) -> list[Json]:
        """Speak to a pipeline in real time; return its events with the time of each."""
        if self._socket is None:
            raise DemoError("The WebSocket is not open.")
        message_id, _ = await self._send(
            "assist_pipeline/run",
            {
                "start_stage": "stt",
                "end_stage": "tts",
                "pipeline": pipeline,
                "input": {"sample_rate": 16_000},
            },
        )
        events: list[Json] = []
        microphone: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(seconds):
                while not events or events[-1]["type"] != "run-end":
                    message = await self._receive()
                    if message["type"] != "event" or message["id"] != message_id:
                        continue
                    events.append({**message["event"], "received": time.monotonic()})
                    if microphone is None:
                        handler = message["event"]["data"]["runner_data"]["stt_binary_handler_id"]
                        microphone = asyncio.create_task(self._send_sound(handler, frames))
        finally:
            if microphone is not None:
                microphone.cancel()
        return events

    async def _send_sound(self, handler: int, frames: Sequence[bytes]) -> None:
        assert self._socket is not None
        for frame in (*frames, b""):
            await self._socket.send_bytes(bytes([handler]) + frame)
            await asyncio.sleep(0.02)

    async def command(self, kind: str, **fields: Any) -> Any:
        """Send a command and return its result."""
        return (await self._send(kind, fields))[1]

    async def first_event(self, kind: str, **fields: Any) -> Any:
        """Subscribe, return the first event, and unsubscribe."""
        message_id, _ = await self._send(kind, fields)
        while True:
            message = await self._receive()
            if message["type"] == "event" and message["id"] == message_id:
                break
        await self._send("unsubscribe_events", {"subscription": message_id})
        return message["event"]

    async def _send(self, kind: str, fields: Mapping[str, Any]) -> tuple[int, Any]:
        if self._socket is None:
            raise DemoError("The WebSocket is not open.")
        self._last_id += 1
        message_id = self._last_id
        await self._socket.send_json({"id": message_id, "type": kind, **fields})
        while True:
            message = await self._receive()
            if message["type"] == "result" and message["id"] == message_id:
                break
        if not message["success"]:
            error = message["error"]
            raise CommandError(kind, error["code"], error["message"])
        return message_id, message["result"]

    async def _receive(self) -> Json:
        if self._socket is None:
            raise DemoError("The WebSocket is not open.")
        message: Json = await self._socket.receive_json(timeout=REQUEST_LIMIT)
        return message
