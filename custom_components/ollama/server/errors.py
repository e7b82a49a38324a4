"""What can go wrong with a server, and how the client library says it.

Every failure of the `ollama` package and of its HTTP client becomes one of the errors
below, here and nowhere else. Each carries a translation key of the `exceptions`
section, so that no raw exception reaches a user.
"""

from collections.abc import Iterator
from enum import StrEnum
from http import HTTPStatus
import json
import socket
import ssl
from typing import ClassVar

from homeassistant.exceptions import HomeAssistantError
import httpx

import ollama

from ..const import DOMAIN

_MAX_DETAIL = 300
"""Characters of the server's own words that are passed on."""


class Unreachable(StrEnum):
    """Why a server can't be reached; the translation keys are built from these."""

    NAME = "name_not_found"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    TLS = "tls"
    DROPPED = "dropped"
    """There was a connection, and it was closed before an answer came."""


class OllamaError(HomeAssistantError):
    """Something that a user can be told, and that says what to do."""

    key: ClassVar[str]

    def __init__(self, key: str | None = None, **placeholders: str) -> None:
        """Take the class's own translation key unless another one is given."""
        super().__init__(
            translation_domain=DOMAIN,
            translation_key=key or self.key,
            translation_placeholders=placeholders,
        )


class ServerUnreachableError(OllamaError):
    """No connection, or one that broke before the answer began."""

    key = "unreachable_dropped"

    def __init__(self, reason: Unreachable) -> None:
        """Remember the reason: set-up forms show more than a spoken sentence."""
        super().__init__(f"unreachable_{reason}")
        self.reason = reason


class AuthenticationError(OllamaError):
    """The key was refused (401), or access is forbidden (403)."""

    key = "invalid_auth"


class ForbiddenOriginError(OllamaError):
    """403 without a body: Ollama's own check of the Origin or Host header."""

    key = "forbidden_origin"


class ModelMissingError(OllamaError):
    """The server doesn't have the model."""

    key = "model_missing"


class ModelUnsuitableError(OllamaError):
    """The model can't do what was asked: tools, images, thinking, chat at all."""

    key = "model_unsuitable"


class CloudModelError(OllamaError):
    """A model that doesn't run on the server, and nobody has allowed that."""

    key = "cloud_model"


class PublicServerError(OllamaError):
    """The address leads out of the home, and nobody has allowed that."""

    key = "public_server"


class RequestRejectedError(OllamaError):
    """The server refused the request for a reason of its own."""

    key = "request_rejected"


class ContextTooSmallError(OllamaError):
    """The prompt doesn't fit the context window."""

    key = "context_too_small"


class ServerBusyError(OllamaError):
    """Too many requests are waiting (503 or 429)."""

    key = "server_busy"


class ServerFailedError(OllamaError):
    """The server reported a failure of its own, in its own words."""

    key = "server_failed"


class DownloadFailedError(OllamaError):
    """The server could not download a model; it says why."""

    key = "download_failed"


class AnswerInvalidError(OllamaError):
    """What came back isn't what Ollama sends."""

    key = "answer_invalid"


class AnswerCutError(OllamaError):
    """The answer ended before it was complete."""

    key = "answer_cut"


class TooSlowError(OllamaError):
    """A time limit passed."""

    key = "too_slow"


LIBRARY_ERRORS = (
    ollama.ResponseError,
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    OSError,  # ConnectionError and TimeoutError among them
    # The library parses with json and pydantic, which raise ValueError, and takes for
    # granted that a line is an object.
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    RecursionError,  # brackets without end
)
"""What a call of the library may raise."""


def map_error(err: Exception, *, model: str = "", answering: bool = False) -> OllamaError:
    """Return the OllamaError that stands for one of LIBRARY_ERRORS.

    `answering` tells that part of an answer had arrived: a connection that breaks then
    cuts the answer.
    """
    if isinstance(err, ollama.ResponseError):
        return _from_response(err, model)
    if isinstance(err, httpx.ConnectTimeout):
        return ServerUnreachableError(Unreachable.TIMEOUT)
    if isinstance(err, TimeoutError | httpx.TimeoutException):
        return TooSlowError()
    if isinstance(err, httpx.ConnectError | OSError):
        return ServerUnreachableError(_why_no_connection(err))
    if isinstance(err, httpx.TransportError):
        return AnswerCutError() if answering else ServerUnreachableError(Unreachable.DROPPED)
    return AnswerInvalidError()


def of_download(err: OllamaError, model: str) -> OllamaError:
    """Return an error that says that it was a download which failed."""
    if not isinstance(err, RequestRejectedError | ServerFailedError):
        return err
    return DownloadFailedError(**{"model": model, **(err.translation_placeholders or {})})


def _from_response(err: ollama.ResponseError, model: str) -> OllamaError:
    """Read status and text of an error answer; the texts are in ollama-wire."""
    detail = server_words(err.error)
    lowered = detail.lower()
    status = err.status_code
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return AuthenticationError()
        case HTTPStatus.FORBIDDEN if not err.error.strip():
            return ForbiddenOriginError()
        case HTTPStatus.FORBIDDEN if "cloud" in lowered:
            return RequestRejectedError(detail=detail)
        case HTTPStatus.FORBIDDEN:
            return AuthenticationError()
        case HTTPStatus.NOT_FOUND if model and "model" in lowered:
            return ModelMissingError(model=model)
        case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED:
            return AnswerInvalidError()
        case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE:
            return ServerBusyError()
    if "exceeds the available context size" in lowered or (
        "input length exceeds" in lowered or "prompt too long" in lowered
    ):
        return ContextTooSmallError()
    if "does not support" in lowered:
        return ModelUnsuitableError(model=model, detail=detail)
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return RequestRejectedError(detail=detail)
    return ServerFailedError(detail=detail or str(status))


def server_words(text: str) -> str:
    """Return the sentence in an error text, unwrapped and short.

    Ollama 0.32 passes JSON of its child process through inside the text
    (fact 4 of the recordings).
    """
    text = text.strip()
    if text.startswith("{"):
        try:
            inner = json.loads(text)
        except ValueError:
            inner = None
        if isinstance(inner, dict):
            inner = inner.get("error", inner)
        if isinstance(inner, dict):
            inner = inner.get("message")
        if isinstance(inner, str):
            text = inner
    if text.lstrip().startswith("<"):
        return ""  # the error page of a proxy
    text = " ".join(text.split())
    return text if len(text) <= _MAX_DETAIL else f"{text[: _MAX_DETAIL - 1]}…"


def _causes(err: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all that led to it.

    The library raises its ConnectionError `from None`, and anyio gathers the attempts
    in a group, so causes, contexts and members are all followed.
    """
    seen: set[int] = set()
    waiting: list[BaseException] = [err]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            waiting.extend(current.exceptions)
        waiting.extend(cause for cause in (current.__cause__, current.__context__) if cause)


def _why_no_connection(err: Exception) -> Unreachable:
    """Find the reason behind a failed connection."""
    reasons = list(_causes(err))
    if any(isinstance(reason, ssl.SSLError) for reason in reasons):
        return Unreachable.TLS
    if any(isinstance(reason, socket.gaierror) for reason in reasons):
        return Unreachable.NAME
    if any(isinstance(reason, ConnectionRefusedError) for reason in reasons):
        return Unreachable.REFUSED
    # httpx keeps only the text of a TLS failure that anyio has wrapped.
    if "CERTIFICATE_VERIFY_FAILED" in str(err) or "SSL" in str(err):
        return Unreachable.TLS
    # Time-outs, no route to the host, a host that is switched off: it doesn't answer.
    return Unreachable.TIMEOUT
