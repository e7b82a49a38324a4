"""Asking a Wyoming server what it is."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
import contextlib
import ipaddress
import re
import socket
from typing import Any, ClassVar, Final

from homeassistant.exceptions import HomeAssistantError
from wyoming.error import Error
from wyoming.event import async_read_event, async_write_event
from wyoming.info import Describe, Info

from ..const import DOMAIN
from ..server.lenient import as_mapping, as_objects, as_text, as_texts
from ..server.limits import TimeLimits
from .records import Part, Place, Server, Service, Voice

DEFAULT_PORTS: Final = {Part.STT: 10300, Part.TTS: 10200, Part.WAKE: 10400}
"""Of faster-whisper, Piper and openWakeWord."""

_SCHEME = "tcp"
_HIGHEST_PORT = 65535
_LONGEST_NAME = 253
_LONGEST_WORDS = 200
"""Characters of a server's own words that are passed on."""
_LABEL = r"\w(?:[\w-]{0,61}\w)?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")

_NOT_WYOMING: Final = (
    OSError,  # closed hard
    EOFError,  # closed in the middle of an event
    # The package takes for granted that a line is an object with the right fields.
    AttributeError,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading raises when the other side speaks something else."""


class PlaceError(ValueError):
    """What was typed is no place of a server; the key says why."""

    def __init__(self, key: str) -> None:
        """Take a translation key."""
        super().__init__(key)
        self.key = key


class VoiceServerError(HomeAssistantError):
    """A speech server that can't be used; the text says what to do."""

    key: ClassVar[str]

    def __init__(self, place: Place, **placeholders: str) -> None:
        """Name the server in the text."""
        super().__init__(
            translation_domain=DOMAIN,
            translation_key=self.key,
            translation_placeholders={"server": shown(place), **placeholders},
        )


class NameNotFoundError(VoiceServerError):
    """No address is known for the name."""

    key = "voice_name_not_found"


class NothingListensError(VoiceServerError):
    """The connection was refused."""

    key = "voice_nothing_listens"


class NoAnswerError(VoiceServerError):
    """No connection, or no answer, in time."""

    key = "voice_no_answer"


class NotWyomingError(VoiceServerError):
    """Something else answers at that port."""

    key = "voice_not_wyoming"


class ServerComplainsError(VoiceServerError):
    """The server answers with an error of its own."""

    key = "voice_server_complains"


class NothingInstalledError(VoiceServerError):
    """It is a Wyoming server, but it neither hears nor speaks nor wakes."""

    key = "voice_nothing_installed"


def parse_place(text: str, part: Part) -> Place:
    """Return the place that somebody typed: a host, host:port, or tcp://host:port.

    Without a port it is the usual one of that part. Raises PlaceError for anything else.
    """
    text = text.strip()
    scheme, has_scheme, rest = text.partition("://")
    if has_scheme:
        if scheme.lower() != _SCHEME:
            raise PlaceError("voice_place_invalid")
        text = rest.rstrip("/")
    host, port = _host_and_port(text)
    return Place(_checked_host(host), DEFAULT_PORTS[part] if port is None else _checked_port(port))


def shown(place: Place) -> str:
    """Return a place as people write it."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    return f"{host}:{place.port}"


async def async_probe(place: Place, limits: TimeLimits) -> Server:
    """Ask a server what it is. Raises VoiceServerError."""
    reader, writer = await _connect(place, limits)
    try:
        async with asyncio.timeout(limits.voice_info):
            info = await _describe(place, reader, writer)
    except TimeoutError as err:
        raise NoAnswerError(place) from err
    except _NOT_WYOMING as err:
        raise NotWyomingError(place) from err
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    services = tuple(_services(info))
    if not services:
        raise NothingInstalledError(place)
    return Server(place, services)


def _host_and_port(text: str) -> tuple[str, str | None]:
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or ":" not in host or (rest and not rest.startswith(":")):
            raise PlaceError("voice_place_invalid")
        return host, rest[1:] if rest else None
    if text.count(":") > 1:
        return text, None  # a bare IPv6 address
    host, has_port, port = text.partition(":")
    return host, port if has_port else None


def _checked_host(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        # What ends in a number is meant as an address.
        last = text.rstrip(".").rpartition(".")[2]
        if len(text) > _LONGEST_NAME or not _HOST_NAME.fullmatch(text) or last.isdecimal():
            raise PlaceError("voice_place_invalid") from None
        return text.lower()
    if address.is_unspecified:
        # From the server's own command line, where it means: listen everywhere.
        raise PlaceError("voice_place_everywhere")
    return str(address)


def _checked_port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text[:9]) <= _HIGHEST_PORT:
        raise PlaceError("voice_place_invalid")
    return int(text)


async def _connect(
    place: Place, limits: TimeLimits
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection.

    Not with the package's client: with several addresses to a name that one loses the reasons.
    """
    try:
        async with asyncio.timeout(limits.voice_connect):
            return await asyncio.open_connection(place.host, place.port, all_errors=True)
    except ExceptionGroup as err:
        refused = err.subgroup(ConnectionRefusedError)
        raise (NothingListensError if refused else NoAnswerError)(place) from err
    except (socket.gaierror, UnicodeError) as err:
        raise NameNotFoundError(place) from err
    except OSError as err:
        raise NoAnswerError(place) from err


async def _describe(
    place: Place, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Mapping[str, Any]:
    await async_write_event(Describe().event(), writer)
    while event := await async_read_event(reader):
        if Info.is_type(event.type):
            return as_mapping(event.data)
        if Error.is_type(event.type):
            words = as_text(as_mapping(event.data).get("text"))
            raise ServerComplainsError(place, detail=words[:_LONGEST_WORDS])
    raise EOFError


def _services(info: Mapping[str, Any]) -> Iterator[Service]:
    """Yield what is installed, read leniently: one odd field costs only itself."""
    if _installed(info.get("satellite")):
        return  # Home Assistant takes only the satellite then
    if program := _program(info, "asr"):
        yield _listener(program, Part.STT)
    if program := _program(info, "tts"):
        yield _speaker(program)
    if program := _program(info, "wake"):
        yield _listener(program, Part.WAKE)


def _program(info: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    return next(filter(_installed, as_objects(info.get(kind))), None)


def _installed(artifact: Any) -> bool:
    return as_mapping(artifact).get("installed") is True


def _artifacts(program: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    """Return the installed models or voices that have a name."""
    return [
        artifact
        for artifact in filter(_installed, as_objects(program.get(kind)))
        if as_text(artifact.get("name"))
    ]


def _listener(program: Mapping[str, Any], part: Part) -> Service:
    models = _artifacts(program, "models")
    return Service(
        part=part,
        name=as_text(program.get("name")) or part.value,
        version=as_text(program.get("version")) or None,
        languages=_languages(models),
        models=_once(as_text(model["name"]) for model in models),
    )


def _speaker(program: Mapping[str, Any]) -> Service:
    voices = _artifacts(program, "voices")
    by_name = {as_text(voice["name"]): voice for voice in reversed(voices)}
    return Service(
        part=Part.TTS,
        name=as_text(program.get("name")) or Part.TTS.value,
        version=as_text(program.get("version")) or None,
        languages=_languages(voices),
        voices=tuple(
            Voice(name, as_text(voice.get("description")) or name, _languages([voice]))
            for name, voice in reversed(by_name.items())
        ),
        streams=program.get("supports_synthesize_streaming") is True,
    )


def _languages(artifacts: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return _once(tag for artifact in artifacts for tag in as_texts(artifact.get("languages")))


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
