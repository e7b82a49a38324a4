"""The HTTP layer: who may ask, which handler answers, and the faults instead of one."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
import ipaddress
from urllib.parse import urlsplit

from . import chat, create, embed, library, pulls
from .errors import RUNNER_CRASHED, SERVER_BUSY
from .faults import GARBAGE_LINE, Fault
from .responder import JSON_UTF8, NDJSON, Responder
from .state import Call

Handler = Callable[[Call], Awaitable[None]]

ROUTES: Mapping[str, Mapping[str, Handler]] = {
    "/": {"GET": library.root, "HEAD": library.root},
    "/api/version": {"GET": library.version, "HEAD": library.version},
    "/api/tags": {"GET": library.tags, "HEAD": library.tags},
    "/api/ps": {"GET": library.ps},
    "/api/show": {"POST": library.show},
    "/api/chat": {"POST": chat.chat},
    "/api/generate": {"POST": chat.generate},
    "/api/embed": {"POST": embed.embed},
    "/api/embeddings": {"POST": embed.embeddings},
    "/api/pull": {"POST": pulls.pull},
    "/api/create": {"POST": create.create},
    "/api/copy": {"POST": library.copy},
    "/api/delete": {"DELETE": library.delete},
}
_BLOBS: Mapping[str, Handler] = {"HEAD": library.blob, "POST": library.blob}
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal")
_APP_SCHEMES = ("app", "file", "tauri", "vscode-webview", "vscode-file")
_HTML = "text/html; charset=utf-8"
PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>"
_NOT_FOUND_PAGE = b"<html><head><title>404 Not Found</title></head><body>nginx</body></html>"
_DENIED_PAGE = b"<html><head><title>403 Forbidden</title></head><body>nginx</body></html>"


def find_handler(method: str, path: str) -> Handler | Mapping[str, Handler] | None:
    """Return the handler; the allowed methods when ``method`` is none of them."""
    methods = ROUTES.get(path)
    if methods is None and path.startswith("/api/blobs/"):
        methods = _BLOBS
    if methods is None:
        return None
    return methods.get(method, methods)


def host_is_local(host: str) -> bool:
    """Whether a server on loopback answers to this ``Host`` header (fact 23)."""
    name = urlsplit(f"//{host}").hostname or ""
    if name in ("", "localhost") or name.endswith(_LOCAL_SUFFIXES):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_private or address.is_unspecified


def origin_is_local(origin: str) -> bool:
    """Whether a page from ``origin`` may ask (fact 23)."""
    parts = urlsplit(origin)
    if parts.scheme in _APP_SCHEMES:
        return True
    return parts.hostname in ("localhost", "127.0.0.1", "0.0.0.0")  # noqa: S104 - compared only


async def not_allowed(responder: Responder, methods: Mapping[str, Handler]) -> None:
    """Answer 405 (chat_wrong_method_405.txt)."""
    headers = {"Allow": ", ".join(methods)}
    await responder.body(b"405 method not allowed", "text/plain", 405, headers=headers)


async def not_found(responder: Responder) -> None:
    """Answer 404 (unknown_path_404.txt)."""
    await responder.body(b"404 page not found", "text/plain", 404)


async def denied(responder: Responder, status: int) -> None:
    """Answer as a reverse proxy that wants a password or a header."""
    await responder.body(_DENIED_PAGE, _HTML, status)


async def unauthorized(responder: Responder) -> None:
    """Answer 401 to a missing or wrong key. Not recorded: a server without a proxy has none."""
    headers = {"WWW-Authenticate": "Bearer"}
    await responder.body(b'{"error":"unauthorized"}', JSON_UTF8, 401, headers=headers)


async def answer_fault(fault: Fault, path: str, responder: Responder) -> None:
    """Answer a fault of the replacing kind."""
    match fault:
        case Fault.HANG:
            await asyncio.Event().wait()  # until the client goes or the server stops
        case Fault.GARBAGE:
            await responder.body(GARBAGE_LINE, NDJSON)
        case Fault.HTTP_500:
            await responder.error(500, RUNNER_CRASHED)
        case Fault.HTTP_503:
            await responder.error(503, SERVER_BUSY)
        case Fault.HTTP_401:
            await unauthorized(responder)
        case Fault.HTTP_403_EMPTY:
            await responder.empty(403)
        case Fault.HTTP_404:
            await not_found(responder)
        case Fault.WRONG_CONTENT_TYPE:
            await responder.body(PAGE, _HTML)
        case Fault.NOT_OLLAMA:
            found = path == "/"
            page = PAGE if found else _NOT_FOUND_PAGE
            await responder.body(page, _HTML, 200 if found else 404)
        case _:
            message = f"{fault} does not replace an answer"
            raise ValueError(message)
