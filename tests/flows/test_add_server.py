"""Adding a server: addresses as people write them, and every way it can fail."""

import asyncio
from collections.abc import AsyncGenerator, Callable
import contextlib
from dataclasses import replace
import socket
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from hypothesis import given, settings, strategies as st
import pytest
import pytest_socket

from custom_components.ollama.const import DATA_TIME_LIMITS, DOMAIN
from custom_components.ollama.flows.server import FormInvalidError, as_form, is_too_old, read_form
from custom_components.ollama.runtime import connection_from
from custom_components.ollama.server import OllamaServer
from simulator import Fault, Simulator

from ..common import MODEL
from ..conftest import SHORT_LIMITS
from .helpers import Dialog, add_server


async def added(dialog: Dialog) -> Any:
    """Finish an open dialog at its model step, without an agent."""
    assert dialog.step == "model"
    return (await dialog.submit(model=None)).entry


async def test_add_server(hass: HomeAssistant, sim: Simulator):
    """The shortest way: an address, and whatever is suggested."""
    dialog = await add_server(hass)
    assert dialog.step == "user"
    assert dialog.errors == {}
    assert dialog.values == {
        "advanced": {"verify_ssl": True, "headers": [], "allow_public_server": False}
    }
    assert dialog.field("advanced").options == {"collapsed": True}
    await dialog.submit(url=sim.url)
    assert dialog.step == "model"
    assert dialog.errors == {}
    assert dialog.values == {"model": MODEL, "control": True}
    entry = (await dialog.submit()).entry
    assert entry.title == sim.url
    # Core's integration can read all of it: under its own key stands what it knows.
    assert entry.data == {"url": sim.url}
    assert entry.options == {"kept": {"cloud_models": [], "public_server": False}}
    assert (entry.version, entry.minor_version, entry.unique_id) == (3, 3, None)
    assert [
        (subentry.subentry_type, subentry.title, dict(subentry.data), subentry.unique_id)
        for subentry in entry.subentries.values()
    ] == [
        (
            "conversation",
            "Ollama Conversation",
            {
                "model": MODEL,
                "num_ctx_auto": True,
                "llm_hass_api": ["assist"],
                "llm_apis": ["ollama"],
            },
            None,
        ),
        ("ai_task_data", "Ollama AI Task", {"model": MODEL, "num_ctx_auto": True}, None),
    ]
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.get("conversation.ollama_conversation")
    assert hass.states.get("ai_task.ollama_ai_task")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("{port}", "http://127.0.0.1:{port}"),
        ("http://127.0.0.1:{port}", "http://127.0.0.1:{port}"),
        ("  127.0.0.1:{port}/ ", "http://127.0.0.1:{port}"),
        ("http://127.0.0.1:{port}/api", "http://127.0.0.1:{port}"),
        ("http://127.0.0.1:{port}/v1/", "http://127.0.0.1:{port}"),
        ("127.0.0.1:{port}/api/?a=b", "http://127.0.0.1:{port}"),
        ("ollama.local:{port}", "http://ollama.local:{port}"),
    ],
)
async def test_address(
    hass: HomeAssistant, sim: Simulator, names: dict[str, str | None], typed: str, kept: str
):
    """What people type, or copy from another program, becomes one kind of address."""
    names["ollama.local"] = "127.0.0.1"
    typed = typed.replace("{port}", str(sim.port))
    typed = f"127.0.0.1:{typed}" if typed.isdecimal() else typed
    entry = await added(await (await add_server(hass)).submit(url=typed))
    assert entry.data["url"] == kept.replace("{port}", str(sim.port))


async def test_bare_host(hass: HomeAssistant, sim: Simulator, ollama_port: Callable[[int], None]):
    ollama_port(sim.port)
    entry = await added(await (await add_server(hass)).submit(url="127.0.0.1"))
    assert entry.data["url"] == sim.url


@pytest.fixture
async def ipv6_port(sim: Simulator) -> AsyncGenerator[int]:
    """Return a port at ::1 that leads to the simulator, which listens at IPv4 only."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1"])

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            while data := await reader.read(65536):
                writer.write(data)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_sim = await asyncio.open_connection("127.0.0.1", sim.port)
        await asyncio.gather(copy(reader, to_sim[1]), copy(to_sim[0], writer))

    try:
        server = await asyncio.start_server(connected, "::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with server:
        yield server.sockets[0].getsockname()[1]
        server.close_clients()


@pytest.mark.parametrize("typed", ["::1", "[::1]:{port}", "http://[::1]:{port}"])
async def test_ipv6(
    hass: HomeAssistant, ipv6_port: int, ollama_port: Callable[[int], None], typed: str
):
    ollama_port(ipv6_port)
    typed = typed.replace("{port}", str(ipv6_port))
    entry = await added(await (await add_server(hass)).submit(url=typed))
    assert entry.data["url"] == f"http://[::1]:{ipv6_port}"


@pytest.mark.parametrize(
    "again",
    [
        "http://Ollama.LOCAL:{port}",
        "ollama.local:{port}",
        "http://ollama.local:{port}/",
        "http://ollama.local:{port}/api",
        " http://ollama.local:{port}/v1 ",
    ],
)
async def test_duplicate(
    hass: HomeAssistant, sim: Simulator, names: dict[str, str | None], again: str
):
    """A server that is set up is refused, however its address is written."""
    names["ollama.local"] = "127.0.0.1"
    await added(await (await add_server(hass)).submit(url=f"ollama.local:{sim.port}"))
    asked = len(sim.requests)
    dialog = await add_server(hass)
    await dialog.submit(url=again.replace("{port}", str(sim.port)))
    assert dialog.aborted == "already_configured"
    assert len(sim.requests) == asked
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


async def test_duplicate_in_options(hass: HomeAssistant, sim: Simulator, add_entry):
    """An address in the options is the one in use, as in core's integration."""
    entry = await add_entry()
    hass.config_entries.async_update_entry(
        entry, data={"url": "http://127.0.0.1:1"}, options={"url": sim.url}
    )
    await hass.async_block_till_done()
    dialog = await add_server(hass)
    assert (await dialog.submit(url=sim.url)).aborted == "already_configured"


async def test_two_dialogs(hass: HomeAssistant, sim: Simulator):
    """The slower of two open dialogs doesn't add the same server again."""
    first = await (await add_server(hass)).submit(url=sim.url)
    second = await (await add_server(hass)).submit(url=sim.url)
    assert (await first.submit()).entry
    assert (await second.submit()).aborted == "already_configured"
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "not an address",
        "ftp://127.0.0.1",
        "http://[::1",
        "[",
        "127.0.0.1:port",
        "127.0.0.1:99999",
        "256.256.256.256",
        "::1.",
        "http://127.0.0.1\x00",
    ],
)
async def test_not_an_address(hass: HomeAssistant, sim: Simulator, typed: str):
    dialog = await (await add_server(hass)).submit(url=typed)
    assert dialog.step == "user"
    assert dialog.errors == {"url": "invalid_url"}
    assert dialog.values["url"] == typed
    await added(await dialog.submit(url=sim.url))


@given(st.text(st.characters(max_codepoint=0x2FF), max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_address(typed: str):
    """Whatever is typed is either refused or an address that the client takes."""
    form = as_form({"url": typed})
    try:
        data = read_form(form)
    except FormInvalidError:
        return
    OllamaServer(connection_from(data))
    assert read_form(as_form(data)) == data


@pytest.mark.parametrize("typed", ["http://me:secret@{host}", "me@{host}", "me:secret@{host}/api"])
async def test_credentials_in_address(hass: HomeAssistant, sim: Simulator, typed: str):
    dialog = await add_server(hass)
    await dialog.submit(url=typed.replace("{host}", f"127.0.0.1:{sim.port}"))
    assert dialog.errors == {"url": "url_with_credentials"}
    assert sim.requests == []
    await added(await dialog.submit(url=sim.url))


async def test_at_sign_in_path(hass: HomeAssistant, sim: Simulator):
    """It is only a user name before the host."""
    dialog = await (await add_server(hass)).submit(url=f"{sim.url}/@home")
    assert dialog.errors == {"base": "not_ollama"}


async def test_name_not_found(hass: HomeAssistant, sim: Simulator, names: dict[str, str | None]):
    dialog = await (await add_server(hass)).submit(url="olama.local")
    assert dialog.errors == {"base": "unreachable_name_not_found"}
    names["ollama.local"] = "127.0.0.1"
    await added(await dialog.submit(url=f"ollama.local:{sim.port}"))


async def test_refused(hass: HomeAssistant, sim: Simulator):
    sim.fault(Fault.REFUSE)
    dialog = await (await add_server(hass)).submit(url=sim.url)
    assert dialog.errors == {"base": "unreachable_refused"}
    sim.clear_faults()
    await added(await dialog.submit())


@pytest.fixture
def quick_to_connect(hass: HomeAssistant) -> None:
    """Give a connection less time than an answer, as it is outside of tests."""
    hass.data[DATA_TIME_LIMITS] = replace(SHORT_LIMITS, connect=0.2)


@pytest.mark.usefixtures("quick_to_connect")
async def test_no_answer_to_connection(hass: HomeAssistant, sim: Simulator):
    """A host that is switched off, or behind a firewall: the kernel never answers."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        # The queue of connections is full with these, and whoever comes next waits.
        with contextlib.ExitStack() as waiting:
            for _ in range(2):
                other = waiting.enter_context(socket.socket())
                other.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    other.connect(full.getsockname())
            dialog = await add_server(hass)
            await dialog.submit(url=f"127.0.0.1:{full.getsockname()[1]}")
    assert dialog.errors == {"base": "unreachable_timeout"}
    await added(await dialog.submit(url=sim.url))


@pytest.mark.usefixtures("quick_to_connect")
async def test_name_never_resolved(
    hass: HomeAssistant, sim: Simulator, names: dict[str, str | None]
):
    names["ollama.local"] = None
    dialog = await (await add_server(hass)).submit(url="ollama.local")
    assert dialog.errors == {"base": "unreachable_timeout"}
    await added(await dialog.submit(url=sim.url))


async def test_certificate(hass: HomeAssistant, tls_sim: Simulator):
    """A certificate of the server's own is refused until the check is switched off."""
    dialog = await (await add_server(hass)).submit(url=tls_sim.url)
    assert dialog.errors == {"base": "unreachable_tls"}
    assert tls_sim.requests == []
    entry = await added(await dialog.submit(verify_ssl=False))
    assert entry.data == {"url": tls_sim.url, "verify_ssl": False}
    assert entry.state is ConfigEntryState.LOADED


async def test_https_where_there_is_none(hass: HomeAssistant, sim: Simulator):
    dialog = await add_server(hass)
    await dialog.submit(url=sim.url.replace("http", "https"))
    assert dialog.errors == {"base": "unreachable_tls"}
    await added(await dialog.submit(url=sim.url))


async def test_key(hass: HomeAssistant):
    async with Simulator(api_key="right") as sim:
        dialog = await (await add_server(hass)).submit(url=sim.url)
        assert dialog.errors == {"base": "invalid_auth"}
        await dialog.submit(api_key="wrong")
        assert dialog.errors == {"base": "invalid_auth"}
        assert dialog.values["api_key"] == "wrong"
        entry = await added(await dialog.submit(api_key=" right "))
        assert entry.data == {"url": sim.url, "api_key": "right"}
        assert entry.state is ConfigEntryState.LOADED
        await hass.config_entries.async_unload(entry.entry_id)


async def test_key_guards_the_models_only(hass: HomeAssistant, sim: Simulator):
    """A proxy may leave the version open to everyone."""
    sim.fault(Fault.HTTP_401, path="/api/tags")
    dialog = await (await add_server(hass)).submit(url=sim.url)
    assert dialog.errors == {"base": "invalid_auth"}
    await added(await dialog.submit())


@pytest.mark.parametrize("typed", ["schlüssel", "a\nb"])
async def test_key_that_is_none(hass: HomeAssistant, sim: Simulator, typed: str):
    """What can't be sent as a header is found before it is tried."""
    dialog = await (await add_server(hass)).submit(url=sim.url, api_key=typed)
    assert dialog.errors == {"api_key": "invalid_api_key"}
    assert sim.requests == []
    await added(await dialog.submit(api_key=None))


async def test_headers(hass: HomeAssistant):
    """A proxy that wants headers, until it gets them."""
    async with Simulator(required_headers={"X-Token": "a:b", "X-More": "1"}) as sim:
        dialog = await (await add_server(hass)).submit(url=sim.url)
        assert dialog.step == "user"
        await dialog.submit(headers=["X-Token: a:b", " ", "X-More:1"])
        entry = await added(dialog)
        assert entry.data == {"url": sim.url, "headers": {"X-Token": "a:b", "X-More": "1"}}
        assert entry.state is ConfigEntryState.LOADED
        await hass.config_entries.async_unload(entry.entry_id)


async def test_page_of_a_proxy(hass: HomeAssistant):
    """403 with a page is not Ollama's check of where a request comes from."""
    async with Simulator(required_headers={"X-Token": "a"}) as sim:
        dialog = await (await add_server(hass)).submit(url=sim.url)
        assert dialog.errors == {"base": "invalid_auth"}


@pytest.mark.parametrize(
    "line", ["no colon", ": value", "X-Token:", "X Token: a", "X-Token: ä", "X-Token: a\r\nb"]
)
async def test_header_that_is_none(hass: HomeAssistant, sim: Simulator, line: str):
    dialog = await (await add_server(hass)).submit(url=sim.url, headers=["A: b", line])
    assert dialog.errors == {"base": "invalid_header"}
    assert dialog.values["advanced"]["headers"] == ["A: b", line]
    assert sim.requests == []
    entry = await added(await dialog.submit(headers=["A: b"]))
    assert entry.data["headers"] == {"A": "b"}


async def test_forbidden_origin(hass: HomeAssistant, sim: Simulator):
    """403 without a body is Ollama's own check of where a request comes from."""
    sim.fault(Fault.HTTP_403_EMPTY)
    dialog = await (await add_server(hass)).submit(url=sim.url)
    assert dialog.errors == {"base": "forbidden_origin"}
    await added(await dialog.submit())


async def test_forbidden_host(hass: HomeAssistant, sim: Simulator, names: dict[str, str | None]):
    """The same for a name that a server on its own device doesn't know as its own."""
    names["ollama.example"] = "127.0.0.1"
    dialog = await (await add_server(hass)).submit(url=f"ollama.example:{sim.port}")
    assert dialog.errors == {"base": "forbidden_origin"}
    await added(await dialog.submit(url=sim.url))


@pytest.mark.parametrize(
    "fault", [Fault.NOT_OLLAMA, Fault.WRONG_CONTENT_TYPE, Fault.HTTP_404, Fault.GARBAGE]
)
@pytest.mark.parametrize("path", ["/api/version", "/api/tags"])
async def test_not_ollama(hass: HomeAssistant, sim: Simulator, fault: Fault, path: str):
    sim.fault(fault, path=path)
    dialog = await (await add_server(hass)).submit(url=sim.url)
    assert dialog.errors == {"base": "not_ollama"}
    await added(await dialog.submit())


@pytest.mark.parametrize(
    ("version", "answered"), [("0.5.7", "0.5.7"), ("0.8.0", "0.8.0"), ("0.1.30", "0.1.30")]
)
async def test_version_too_old(hass: HomeAssistant, sim: Simulator, version: str, answered: str):
    async with Simulator(version=version) as old:
        dialog = await (await add_server(hass)).submit(url=old.url)
    assert dialog.errors == {"base": "server_too_old"}
    assert dialog.words == {"version": answered, "oldest": "0.9.0"}
    await added(await dialog.submit(url=sim.url))


@pytest.mark.parametrize("version", ["0.0.0", "0.9.0", "0.10.1", "0.32.15-rc1", "1.0.0"])
async def test_version_good_enough(hass: HomeAssistant, version: str):
    """Among them what a build from source without a tag says of itself."""
    async with Simulator(version=version) as sim:
        entry = await added(await (await add_server(hass)).submit(url=sim.url))
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("version", "old"),
    [("0.8.9", True), ("0.9.0-rc0", True), ("my own build", False), ("", False)],
)
def test_is_too_old(version: str, old: bool):
    assert is_too_old(version) is old


async def test_server_fails(hass: HomeAssistant, sim: Simulator):
    """500 is shown in the server's own words."""
    sim.fault(Fault.HTTP_500)
    dialog = await (await add_server(hass)).submit(url=sim.url)
    assert dialog.errors == {"base": "server_failed"}
    assert "unexpected EOF" in dialog.words["detail"]
    await added(await dialog.submit())
    assert not hass.config_entries.flow.async_progress()


async def test_server_busy(hass: HomeAssistant, sim: Simulator):
    sim.fault(Fault.HTTP_503)
    dialog = await (await add_server(hass)).submit(url=sim.url)
    assert dialog.errors == {"base": "server_busy"}
    await added(await dialog.submit())


async def test_no_answer(hass: HomeAssistant, sim: Simulator):
    """Connected, and then nothing."""
    sim.fault(Fault.HANG)
    dialog = await (await add_server(hass)).submit(url=sim.url)
    assert dialog.errors == {"base": "too_slow"}
    await added(await dialog.submit())


async def test_error_gone_after_recovery(hass: HomeAssistant, sim: Simulator):
    """The words of an error don't follow into the next form."""
    sim.fault(Fault.HTTP_500)
    dialog = await (await add_server(hass)).submit(url=sim.url)
    await dialog.submit()
    assert dialog.step == "model"
    assert (dialog.errors, dialog.words) == ({}, {})


async def test_buttons(hass: HomeAssistant, sim: Simulator):
    """The button says whether another form follows."""
    dialog = await add_server(hass)
    assert dialog.result["last_step"] is False
    await dialog.submit(url=sim.url)
    assert dialog.result["last_step"] is not False


async def test_clients_are_closed(
    hass: HomeAssistant, sim: Simulator, monkeypatch: pytest.MonkeyPatch
):
    """However a dialog ends, the connections it had are closed."""
    opened: list[OllamaServer] = []
    closed: list[OllamaServer] = []
    original_init = OllamaServer.__init__
    original_close = OllamaServer.async_close

    def init(self: OllamaServer, *args: Any) -> None:
        opened.append(self)
        original_init(self, *args)

    async def close(self: OllamaServer) -> None:
        closed.append(self)
        await original_close(self)

    monkeypatch.setattr(OllamaServer, "__init__", init)
    monkeypatch.setattr(OllamaServer, "async_close", close)
    dialog = await (await add_server(hass)).submit(url=sim.url)
    # Back to the first form and forward again, since the list of models failed.
    sim.fault(Fault.HTTP_500, path="/api/tags", times=2)
    await dialog.submit(model="qwen3:8b")
    assert dialog.step == "user"
    await dialog.submit()
    assert dialog.step == "model"
    dialog.close()
    await hass.async_block_till_done()
    assert {id(server) for server in opened} == {id(server) for server in closed}
    assert len(opened) >= 4
