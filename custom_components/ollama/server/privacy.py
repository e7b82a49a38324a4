"""What keeps the talk of a home in the home.

Two ways lead out: a cloud model, which the server passes on to computers on the internet, and a
server that stands at a public address. Both are refused until the owner allows them.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
import ipaddress
import socket
from typing import Final

from .address import host_of
from .errors import CloudModelError, PublicServerError, ServerUnreachableError, Unreachable
from .names import full_name

_CLOUD_ENDINGS: Final = (":cloud", "-cloud")


class HostKind(StrEnum):
    """Where a server stands, without telling its address."""

    LOOPBACK = "loopback"
    LOCAL = "local"
    PUBLIC = "public"
    UNKNOWN = "unknown"
    """A name that could not be looked up."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """What the owner allows to leave the home."""

    allow_cloud_models: bool = False
    allow_public_server: bool = False
    kept_cloud_models: frozenset[str] | None = frozenset()
    """Those that an entry of core's used already; each is pointed out by a repair. None while
    it isn't known which these are: the server hasn't listed its models yet."""
    kept_public_server: bool = False
    """Whether an entry of core's stood at a public address already."""

    def check_model(self, model: str, *, is_remote: bool = False) -> None:
        """Raise CloudModelError for a model that may not be used.

        `is_remote` tells that the server itself says so: a cloud model can bear any name.
        """
        if self.allow_cloud_models or not (is_remote or is_cloud_model(model)):
            return
        if not self.keeps(model):
            raise CloudModelError(model=model)

    def keeps(self, model: str) -> bool:
        """Whether a cloud model was in use before there were rules."""
        if self.kept_cloud_models is None:
            return True
        return full_name(model) in map(full_name, self.kept_cloud_models)

    async def async_check_server(self, url: str, seconds: float) -> None:
        """Look the address up, within a time limit, unless it may lead anywhere.

        Raises PublicServerError when one of the addresses is public, and
        ServerUnreachableError when they can't be told.
        """
        if self.allow_public_server or self.kept_public_server:
            return
        try:
            addresses = await _async_look_up(url, seconds)
        except TimeoutError as err:
            raise ServerUnreachableError(Unreachable.TIMEOUT) from err
        except (OSError, UnicodeError) as err:
            # The client would look it up once more, and might find something else.
            raise ServerUnreachableError(Unreachable.NAME) from err
        if kind_of(addresses) is HostKind.PUBLIC:
            raise PublicServerError


def is_cloud_model(model: str) -> bool:
    """Whether a model runs on computers on the internet: its name ends in `:cloud` or `-cloud`."""
    return full_name(model).removesuffix(":latest").endswith(_CLOUD_ENDINGS)


async def async_addresses(url: str, seconds: float) -> list[str]:
    """Return every IP address that a URL's host stands for; none when it can't be told."""
    try:
        return await _async_look_up(url, seconds)
    except OSError, UnicodeError, TimeoutError:
        return []


async def _async_look_up(url: str, seconds: float) -> list[str]:
    """Return the addresses of a URL's host. Raises OSError, UnicodeError, TimeoutError."""
    host = host_of(url)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return [host]
    if not host:
        raise OSError("no host")
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(seconds):
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def kind_of(addresses: Collection[str]) -> HostKind:
    """Return where a host stands; a single public address makes it public."""
    if not addresses:
        return HostKind.UNKNOWN
    parsed = [ipaddress.ip_address(address) for address in addresses]
    if any(address.is_global for address in parsed):
        return HostKind.PUBLIC
    if all(address.is_loopback for address in parsed):
        return HostKind.LOOPBACK
    return HostKind.LOCAL
