"""What may leave the home: names of models, and where an address leads."""

import asyncio
import socket
from typing import Any

import pytest

from custom_components.ollama.server import (
    CloudModelError,
    HostKind,
    OllamaServer,
    Privacy,
    PublicServerError,
    ServerUnreachableError,
    Unreachable,
    async_addresses,
    client,
    is_cloud_model,
    kind_of,
)
from simulator import Simulator

from .conftest import MakeServer

CLOUD = [
    "gpt-oss:120b-cloud",
    "deepseek-v3.1:671b-cloud",
    "x:cloud",
    "X:CLOUD",
    "GPT-OSS:120B-Cloud",
    "  x:cloud ",
    "x:cloud\n",
    "my-cloud",
    "my-cloud:latest",
    "My-Cloud:Latest",
    "hf.co/a/b-cloud",
    "hf.co/a/b:cloud",
    "host:5000/a/b:1b-cloud",
]
LOCAL = [
    "qwen3:4b-instruct",
    "llama3",
    "cloudy:7b",
    "clouds",
    "cloud",
    "x:cloudy",
    "x:clouds",
    "cloud:7b",
    "my-cloud:7b",
    "hf.co/a/b-cloud:q4",
    "x-cloud/y:1b",
    "x:cloud/y:1b",
    "mycloud",
    "x:8bcloud",
    "",
    " ",
]
PUBLIC_ADDRESSES = ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "::ffff:808:808"]
LOOPBACK_ADDRESSES = ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"]
HOME_ADDRESSES = [
    "192.168.1.5",
    "10.0.0.1",
    "172.31.255.255",
    "169.254.3.4",
    # Shared address space: a VPN between one's own devices, such as Tailscale.
    "100.64.0.1",
    "100.127.255.254",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fe80::1%2",
    "::ffff:192.168.1.5",
]
SECONDS = 0.2


class Names:
    """Stands in for the resolver of names."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.addresses: list[str] = []
        self.error: Exception | None = None
        self.hangs = False
        self.asked: list[str] = []
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", self._look_up)

    async def _look_up(self, host: str, port: Any, **_: Any) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, 0, 0, 2))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))
            for address in self.addresses
        ]


@pytest.fixture
async def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


# -- models ----------------------------------------------------------------------


@pytest.mark.parametrize("model", CLOUD)
def test_cloud_models(model: str):
    assert is_cloud_model(model)
    with pytest.raises(CloudModelError) as caught:
        Privacy().check_model(model)
    assert caught.value.translation_placeholders == {"model": model}
    Privacy(allow_cloud_models=True).check_model(model)
    Privacy(kept_cloud_models=frozenset({model})).check_model(model)


@pytest.mark.parametrize("model", LOCAL)
def test_local_models(model: str):
    assert not is_cloud_model(model)
    Privacy().check_model(model)


def test_kept_models_are_those_alone():
    privacy = Privacy(kept_cloud_models=frozenset({"gpt-oss:120b-cloud"}))
    privacy.check_model("gpt-oss:120b-cloud")
    with pytest.raises(CloudModelError):
        privacy.check_model("gpt-oss:20b-cloud")


def test_remote_under_any_name():
    """The server itself says that it passes a model on."""
    with pytest.raises(CloudModelError):
        Privacy().check_model("butler:latest", is_remote=True)
    Privacy(allow_cloud_models=True).check_model("butler:latest", is_remote=True)


def test_a_public_server_allows_no_cloud_model():
    with pytest.raises(CloudModelError):
        Privacy(allow_public_server=True, kept_public_server=True).check_model("x:cloud")


# -- addresses -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("addresses", "kind"),
    [
        *(([address], HostKind.PUBLIC) for address in PUBLIC_ADDRESSES),
        *(([address], HostKind.LOOPBACK) for address in LOOPBACK_ADDRESSES),
        *(([address], HostKind.LOCAL) for address in HOME_ADDRESSES),
        (LOOPBACK_ADDRESSES, HostKind.LOOPBACK),
        (HOME_ADDRESSES, HostKind.LOCAL),
        (["127.0.0.1", "192.168.1.5"], HostKind.LOCAL),
        (["192.168.1.5", "fe80::1%eth0", "2606:4700:4700::1111"], HostKind.PUBLIC),
        (["8.8.8.8", "127.0.0.1"], HostKind.PUBLIC),
        ([], HostKind.UNKNOWN),
    ],
    ids=str,
)
async def test_kinds(names: Names, addresses: list[str], kind: HostKind):
    """A single public address makes a host public, in whatever place it stands."""
    assert kind_of(addresses) is kind
    assert kind_of(addresses[::-1]) is kind
    names.addresses = addresses
    assert await async_addresses("http://ollama.example:11434", SECONDS) == addresses


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://8.8.8.8:11434", "8.8.8.8"),
        ("https://192.168.1.5", "192.168.1.5"),
        ("http://[::1]:11434", "::1"),
        ("http://[::ffff:8.8.8.8]:11434", "::ffff:8.8.8.8"),
        ("http://[fe80::1%25eth0]:11434", "fe80::1%eth0"),
        ("http://192.168.1.5:11434/sub/path", "192.168.1.5"),
        ("192.168.1.5", "192.168.1.5"),
    ],
)
async def test_an_address_needs_no_looking_up(names: Names, url: str, address: str):
    assert await async_addresses(url, SECONDS) == [address]
    assert names.asked == []


async def test_every_address_counts_once(names: Names):
    names.addresses = ["192.168.1.5", "fe80::1%eth0", "192.168.1.5"]
    assert await async_addresses("http://OLLAMA.lan:11434/x", SECONDS) == [
        "192.168.1.5",
        "fe80::1%eth0",
    ]
    assert names.asked == ["ollama.lan"]


async def test_an_address_in_disguise(names: Names):
    """Old ways of writing an IPv4 address go through the resolver, and are seen through."""
    names.addresses = ["8.8.8.8"]
    with pytest.raises(PublicServerError):
        await Privacy().async_check_server("http://0x08080808:11434", SECONDS)


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        OSError(101, "Network is unreachable"),
        UnicodeError("label too long"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_name_that_is_not_known(names: Names, error: Exception):
    """Nothing is sent to it: the client would look it up again, and might find another."""
    names.error = error
    assert await async_addresses("http://ollama.lan", SECONDS) == []
    with pytest.raises(ServerUnreachableError) as caught:
        await Privacy().async_check_server("http://ollama.lan", SECONDS)
    is_slow = isinstance(error, TimeoutError)
    assert caught.value.reason is (Unreachable.TIMEOUT if is_slow else Unreachable.NAME)
    # Where it may lead anywhere, the client finds out by itself.
    await Privacy(allow_public_server=True).async_check_server("http://ollama.lan", SECONDS)


async def test_a_resolver_that_never_answers(names: Names):
    names.hangs = True
    async with asyncio.timeout(1):
        assert await async_addresses("http://ollama.lan", 0.05) == []


async def test_looking_up_can_be_cancelled(names: Names):
    """Somebody who goes away isn't mistaken for a time limit."""
    names.hangs = True
    task = asyncio.create_task(async_addresses("http://ollama.lan", 10))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
async def test_public_servers(names: Names, address: str):
    names.addresses = ["192.168.1.5", address]
    url = "http://ollama.example:11434"
    with pytest.raises(PublicServerError):
        await Privacy().async_check_server(url, SECONDS)
    with pytest.raises(PublicServerError):
        await Privacy(allow_cloud_models=True).async_check_server(url, SECONDS)
    for allowing in (Privacy(allow_public_server=True), Privacy(kept_public_server=True)):
        await allowing.async_check_server(url, SECONDS)


# -- at each request -------------------------------------------------------------


async def test_nothing_is_sent_to_a_public_server(
    sim: Simulator, make_server: MakeServer, names: Names
):
    """The name leads to the simulator, and the resolver says that it is out of the home."""
    names.addresses = ["127.0.0.1", "8.8.8.8"]
    server = make_server(f"http://ollama.example:{sim.port}", privacy=Privacy())
    for ask in (server.async_version, server.async_list, server.async_running):
        with pytest.raises(PublicServerError):
            await ask()
    with pytest.raises(PublicServerError):
        await server.async_show("qwen3:8b")
    with pytest.raises(PublicServerError):
        async for _ in server.async_pull("qwen3:8b"):
            pass
    assert sim.requests == []
    assert set(names.asked) == {"ollama.example"}


async def test_a_known_address_is_looked_up_once(
    sim: Simulator, make_server: MakeServer, names: Names
):
    """Until the server was away: it may come back elsewhere."""
    names.addresses = ["192.168.1.5"]
    server = make_server(f"http://ollama.lan:{sim.port}", privacy=Privacy())
    for _ in range(3):
        await server.async_check_address()
    assert names.asked == ["ollama.lan"]
    names.addresses = ["8.8.8.8"]
    await server.async_check_address()
    server.forget_address()
    with pytest.raises(PublicServerError):
        await server.async_check_address()
    # Nor is it allowed the second time.
    with pytest.raises(PublicServerError):
        await server.async_check_address()


async def test_a_known_name_is_looked_up_again_after_a_while(
    sim: Simulator, make_server: MakeServer, names: Names, monkeypatch: pytest.MonkeyPatch
):
    """It may have come to lead elsewhere without the server ever being away."""
    monkeypatch.setattr(client, "_ADDRESS_SECONDS", 0.02)
    names.addresses = ["192.168.1.5"]
    server = make_server(f"http://ollama.lan:{sim.port}", privacy=Privacy())
    await server.async_check_address()
    names.addresses = ["8.8.8.8"]
    await asyncio.sleep(0.03)
    with pytest.raises(PublicServerError):
        await server.async_check_address()


async def test_an_unknown_name_is_looked_up_again(
    sim: Simulator, make_server: MakeServer, names: Names
):
    names.error = socket.gaierror(socket.EAI_AGAIN, "try again")
    server = make_server(f"http://ollama.lan:{sim.port}", privacy=Privacy())
    with pytest.raises(ServerUnreachableError):
        await server.async_check_address()
    names.error = None
    names.addresses = ["8.8.8.8"]
    with pytest.raises(PublicServerError):
        await server.async_check_address()


async def test_without_rules_nothing_is_looked_up(
    sim: Simulator, make_server: MakeServer, names: Names
):
    """What a form does before it asks: it says itself where an address leads."""
    server = make_server(f"http://ollama.lan:{sim.port}")
    await server.async_check_address()
    assert names.asked == []
    server.check_model("x:cloud")


async def test_rules_change_in_place(server: OllamaServer):
    """Each request is held to the rules of its moment."""
    server.check_model("qwen3:8b")
    with pytest.raises(CloudModelError):
        server.check_model("gpt-oss:120b-cloud")
    server.privacy = Privacy(allow_cloud_models=True)
    server.check_model("gpt-oss:120b-cloud")
