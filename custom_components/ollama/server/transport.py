"""The library's client, with what it lacks."""

from collections.abc import AsyncGenerator, Mapping
import contextlib
import json
from typing import Any, Final

import httpx
import pydantic

import ollama

from .lenient import as_objects, as_text

_ERROR: Final = '"error"'
_LONGEST_VERSION = 255
"""Characters: what a state can hold."""


class VersionMissingError(TypeError):
    """An object came that tells no version: Ollama's with one odd field, or not Ollama."""


class Transport(ollama.AsyncClient):
    """The library's client, the one request that it lacks, and lists read leniently.

    The library refuses a list whole when one date or size in it is odd, and drops what
    newer servers add.
    """

    async def version(self) -> str:
        """Return the server's version. Raises VersionMissingError and what the library raises."""
        version = (await self._answer("GET", "/api/version")).get("version")
        if not isinstance(version, str):
            raise VersionMissingError("version is not a text")
        return as_text(version)[:_LONGEST_VERSION]

    async def models(self, path: str) -> list[Mapping[str, Any]]:
        """Return the list of models under a path. Raises what the library raises."""
        return as_objects((await self._answer("GET", path)).get("models"))

    async def details(self, model: str) -> Mapping[str, Any]:
        """Return what the server tells of a model. Raises what the library raises."""
        return await self._answer("POST", "/api/show", json={"model": model})

    async def _request(self, cls: type[Any], *args: Any, stream: bool = False, **more: Any) -> Any:
        """Send a request, as the library does; lines of a stream are parsed in one go.

        By pydantic alone, without a dict in between: a chunk costs a tenth less.
        """
        if not stream:
            return await super()._request(cls, *args, **more)
        return self._lines(cls, *args, **more)

    async def _lines[T: pydantic.BaseModel](
        self, cls: type[T], *args: Any, **more: Any
    ) -> AsyncGenerator[T]:
        async with self._client.stream(*args, **more) as response:
            if not response.is_success:
                await response.aread()
                raise ollama.ResponseError(response.text, response.status_code)
            async for line in response.aiter_lines():
                yield _read(cls, line)

    async def _answer(self, method: str, path: str, **more: Any) -> Mapping[str, Any]:
        response: httpx.Response = await self._request_raw(  # type: ignore[no-untyped-call] # the library's
            method, path, **more
        )
        answer = response.json()
        if not isinstance(answer, Mapping):
            raise TypeError("the answer is not an object")
        return answer


def _read[T: pydantic.BaseModel](cls: type[T], line: str) -> T:
    """Parse a line. Raises ValueError, and ResponseError for a line that tells an error."""
    if _ERROR not in line:
        with contextlib.suppress(ValueError):
            return cls.model_validate_json(line)
    # With json, which takes half a character where pydantic doesn't.
    part = json.loads(line)
    if error := part.get("error"):
        raise ollama.ResponseError(error)
    return cls(**part)


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
