"""The library's client, with what it lacks."""

from collections.abc import Mapping
from typing import Any

import httpx

import ollama

from .lenient import as_objects, as_text

_LONGEST_VERSION = 255
"""Characters: what a state can hold."""


class Transport(ollama.AsyncClient):
    """The library's client, the one request that it lacks, and lists read leniently.

    The library refuses a list whole when one date or size in it is odd, and drops what
    newer servers add.
    """

    async def version(self) -> str:
        """Return the server's version. Raises what the library raises."""
        version = (await self._answer("GET", "/api/version")).get("version")
        if not isinstance(version, str):
            raise TypeError("version is not a text")
        return as_text(version)[:_LONGEST_VERSION]

    async def models(self, path: str) -> list[Mapping[str, Any]]:
        """Return the list of models under a path. Raises what the library raises."""
        return as_objects((await self._answer("GET", path)).get("models"))

    async def details(self, model: str) -> Mapping[str, Any]:
        """Return what the server tells of a model. Raises what the library raises."""
        return await self._answer("POST", "/api/show", json={"model": model})

    async def _answer(self, method: str, path: str, **more: Any) -> Mapping[str, Any]:
        response: httpx.Response = await self._request_raw(  # type: ignore[no-untyped-call] # the library's
            method, path, **more
        )
        answer = response.json()
        if not isinstance(answer, Mapping):
            raise TypeError("the answer is not an object")
        return answer


class SameHost:
    """Refuses to follow a redirection to another host: it could lead out of the home."""

    def __init__(self) -> None:
        """Wait for the first request, which is no redirection."""
        self._host: str | None = None

    async def __call__(self, request: httpx.Request) -> None:
        """Look at a request before it is sent. Raises ValueError."""
        host = request.url.host
        if self._host is None:
            self._host = host
        elif host != self._host:
            raise ValueError("redirected to another host")
