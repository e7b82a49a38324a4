"""Reaching a server: what the forms ask, and what they say when it fails."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
import re
from typing import Any

from homeassistant.const import CONF_API_KEY, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import httpx
import probatio

from ..const import CONF_ALLOW_PUBLIC_SERVER, CONF_HEADERS
from ..runtime import connection_from, time_limits
from ..server import (
    OLDEST_VERSION,
    AnswerInvalidError,
    ModelMissingError,
    ModelUnsuitableError,
    OllamaError,
    OllamaServer,
    Privacy,
    complete_url,
    is_too_old,
    of_download,
)
from ..server.errors import ContextTooSmallError

SECTION_ADVANCED = "advanced"

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110

_PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_HEADER_LINES = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, multiple=True))

SERVER_SCHEMA = probatio.Schema(
    {
        # Not an URL field: a bare host name is fine, and a browser would refuse it.
        probatio.Required(CONF_URL): TextSelector(),
        probatio.Optional(CONF_API_KEY): _PASSWORD,
        probatio.Required(SECTION_ADVANCED): section(
            probatio.Schema(
                {
                    probatio.Required(CONF_VERIFY_SSL, default=True): BooleanSelector(),
                    probatio.Optional(CONF_HEADERS): _HEADER_LINES,
                    probatio.Required(CONF_ALLOW_PUBLIC_SERVER, default=False): BooleanSelector(),
                }
            ),
            {"collapsed": True},
        ),
    }
)

REAUTH_SCHEMA = probatio.Schema(
    {
        probatio.Optional(CONF_API_KEY): _PASSWORD,
        probatio.Optional(CONF_HEADERS): _HEADER_LINES,
    }
)

# Where the forms have words of their own. A server that answers a question about itself
# with an error about some model or prompt isn't Ollama.
_FORM_KEYS: Mapping[type[OllamaError], str] = {
    AnswerInvalidError: "not_ollama",
    ContextTooSmallError: "not_ollama",
    ModelMissingError: "not_ollama",
    ModelUnsuitableError: "request_rejected",
}


@dataclass(frozen=True, slots=True)
class FormError:
    """What a form says, where, and the figures in it."""

    key: str
    where: str = "base"
    placeholders: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_error(cls, err: OllamaError) -> FormError:
        """Return the form's text for an error of the server's."""
        return cls(
            _FORM_KEYS.get(type(err)) or err.translation_key or "unknown",
            placeholders=err.translation_placeholders or {},
        )

    @classmethod
    def from_download(cls, err: OllamaError, model: str) -> FormError:
        """Return the form's text for a download that failed."""
        return cls.from_error(of_download(err, model))

    @property
    def errors(self) -> dict[str, str]:
        """The errors of a form."""
        return {self.where: self.key}


class FormInvalidError(Exception):
    """What was typed can't be used."""

    def __init__(self, error: FormError) -> None:
        """Take what the form says."""
        super().__init__(error.key)
        self.error = error


def read_form(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return entry data from the form. Raises FormInvalidError.

    What is left at its default is left out: core's integration reads this data too.
    """
    advanced = user_input.get(SECTION_ADVANCED) or {}
    data: dict[str, Any] = {CONF_URL: _read_url(user_input[CONF_URL])}
    data |= read_secrets({**user_input, **advanced})
    if not advanced.get(CONF_VERIFY_SSL, True):
        data[CONF_VERIFY_SSL] = False
    return data


def read_privacy(user_input: Mapping[str, Any]) -> Privacy:
    """Return from the form what may leave the home."""
    advanced = user_input.get(SECTION_ADVANCED) or {}
    return Privacy(allow_public_server=bool(advanced.get(CONF_ALLOW_PUBLIC_SERVER)))


def read_secrets(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return key and headers from the form. Raises FormInvalidError."""
    data: dict[str, Any] = {}
    if api_key := (user_input.get(CONF_API_KEY) or "").strip():
        if not _can_be_sent(api_key):
            raise FormInvalidError(FormError("invalid_api_key", CONF_API_KEY))
        data[CONF_API_KEY] = api_key
    if headers := _read_headers(user_input.get(CONF_HEADERS) or ()):
        data[CONF_HEADERS] = headers
    return data


def _read_url(text: str) -> str:
    host = text.partition("://")[2] or text
    if "@" in host.partition("/")[0]:
        raise FormInvalidError(FormError("url_with_credentials", CONF_URL))
    try:
        url = complete_url(text)
        # The client is stricter about numbers and brackets, and would fail when made.
        httpx.URL(url)
    except (ValueError, IndexError, httpx.InvalidURL) as err:
        raise FormInvalidError(FormError("invalid_url", CONF_URL)) from err
    return url


def _read_headers(lines: Iterable[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        name, value = name.strip(), value.strip()
        if not colon or not value or not _HEADER_NAME.fullmatch(name) or not _can_be_sent(value):
            raise FormInvalidError(FormError("invalid_header"))
        headers[name] = value
    return headers


def _can_be_sent(value: str) -> bool:
    """Whether a text can stand in a header: the client takes no other characters."""
    return value.isascii() and value.isprintable()


def as_form(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return entry data as the values of the form."""
    lines = [f"{name}: {value}" for name, value in (data.get(CONF_HEADERS) or {}).items()]
    return {
        CONF_URL: data.get(CONF_URL),
        CONF_API_KEY: data.get(CONF_API_KEY),
        CONF_HEADERS: lines,
        SECTION_ADVANCED: {
            CONF_VERIFY_SSL: data.get(CONF_VERIFY_SSL, True),
            CONF_HEADERS: lines,
            CONF_ALLOW_PUBLIC_SERVER: bool(data.get(CONF_ALLOW_PUBLIC_SERVER)),
        },
    }


async def async_check_server(
    hass: HomeAssistant, data: Mapping[str, Any], privacy: Privacy | None = None
) -> FormError | None:
    """Return why a server can't be used, or None.

    With `privacy` its address is looked at before anything is sent to it. The version tells
    that it is Ollama; the list tells that the key is good, since a proxy may leave the
    version open to everyone.
    """
    server = OllamaServer(connection_from(data), time_limits(hass), privacy)
    try:
        version = await server.async_version()
        await server.async_list()
    except OllamaError as err:
        return FormError.from_error(err)
    finally:
        await server.async_close()
    if is_too_old(version):
        return FormError(
            "server_too_old",
            placeholders={"version": version, "oldest": str(OLDEST_VERSION)},
        )
    return None
