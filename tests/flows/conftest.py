"""What every test of a flow checks besides its own matter."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from datetime import UTC, datetime, timedelta
import ipaddress
import json
import logging
from pathlib import Path
import socket
import ssl
import threading
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from homeassistant.config_entries import (
    HANDLERS,
    ConfigEntriesFlowManager,
    ConfigSubentryFlowManager,
    OptionsFlowManager,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import FlowManager
import pytest

from custom_components.ollama.config_flow import OllamaConfigFlow
from custom_components.ollama.const import DOMAIN
from simulator import SimModel, Simulator, library

from .helpers import Names
from .texts import check_texts


@pytest.fixture(autouse=True)
def _our_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run this flow: core's registers itself under the same name wherever it is imported."""
    monkeypatch.setitem(HANDLERS, DOMAIN, OllamaConfigFlow)


@pytest.fixture(autouse=True)
def _refresh_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell the dialog of a download's progress many times a second."""
    monkeypatch.setattr("custom_components.ollama.flows.download.REFRESH_SECONDS", 0.01)


@pytest.fixture(autouse=True)
def _everything_has_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check every result of every flow: it can be sent to a browser and has its texts."""
    original = FlowManager._async_handle_step

    async def handle_step(self: FlowManager, flow: Any, *args: Any) -> Any:
        result = await original(self, flow, *args)
        match self:
            case ConfigEntriesFlowManager() if flow.handler == DOMAIN:
                check_texts(result, "config")
            case ConfigSubentryFlowManager():
                check_texts(result, "config_subentries", flow.handler[1])
            case OptionsFlowManager():
                check_texts(result, "options")
        return result

    monkeypatch.setattr(FlowManager, "_async_handle_step", handle_step)


@pytest.fixture(autouse=True)
def _quiet_log(caplog: pytest.LogCaptureFixture) -> Generator[None]:
    """Fail a test that leaves an error or a traceback in the log."""
    yield
    for when in ("setup", "call"):
        for record in caplog.get_records(when):
            assert record.levelno < logging.ERROR, record.getMessage()
            # What libraries keep for their own debugging is not in anybody's log.
            assert record.levelno < logging.INFO or not record.exc_info, record.getMessage()


@pytest.fixture
def _may_be_refused(_quiet_log: None, caplog: pytest.LogCaptureFixture) -> Generator[None]:
    """Let Home Assistant log that it can't set up a server that may not be used."""
    yield
    records = caplog.get_records("call")
    errors = [record for record in records if record.levelno >= logging.ERROR]
    assert errors
    for record in errors:
        assert record.getMessage().startswith("Error setting up entry")
        assert "leads out of your home" in record.getMessage()
        records.remove(record)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Generator[Names]:
    """Return the names that can be resolved, and to what; None takes for ever.

    Any other name is not found.
    """
    known: Names = {}
    over = threading.Event()
    numeric = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        try:
            ipaddress.ip_address(name)
        except ValueError:
            if name not in known:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None
            name = known[name]
        if name is None:
            over.wait()
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        addresses = (name,) if isinstance(name, str) else name
        return [info for one in addresses for info in numeric(one, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield known
    over.set()


@pytest.fixture
def ollama_port(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that makes another port Ollama's usual one."""

    def use(port: int) -> None:
        for place in ("server.address", "config_flow"):
            monkeypatch.setattr(f"custom_components.ollama.{place}.DEFAULT_PORT", port)

    return use


@pytest.fixture
async def tls_sim(hass: HomeAssistant, certificate: ssl.SSLContext) -> AsyncGenerator[Simulator]:
    """An Ollama server behind https, with a certificate that it made itself."""
    usual = hass.loop.get_exception_handler()
    assert usual is not None

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # The server's side of a client that hangs up because of the certificate.
        if not isinstance(context.get("exception"), ConnectionResetError | ssl.SSLError):
            usual(loop, context)

    hass.loop.set_exception_handler(handle)
    async with Simulator(ssl_context=certificate) as simulator:
        yield simulator
    hass.loop.set_exception_handler(usual)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """Return what a server on 127.0.0.1 needs that made its certificate itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ollama")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "both.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@pytest.fixture
def english(component_path: Path) -> dict[str, Any]:
    """Return the English texts."""
    return json.loads((component_path / "translations" / "en.json").read_text(encoding="utf-8"))


@pytest.fixture
def events(hass: HomeAssistant) -> dict[str, list[dict[str, Any]]]:
    """Return the data of the flow manager's events, by type, as they come."""
    seen: dict[str, list[dict[str, Any]]] = {
        "data_entry_flow_progressed": [],
        "data_entry_flow_progress_update": [],
    }
    for name, data in seen.items():
        hass.bus.async_listen(name, callback(lambda event, data=data: data.append(event.data)))
    return seen


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Let a registry's delayed save outlive a test.

    Home Assistant's own stores arm it once more when the flow manager closes what a test
    left open, at times after the last write.
    """
    return True


@pytest.fixture
def passed_on(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a model of the server's that is a cloud model, though its name doesn't say so."""
    name = "helper:latest"
    original = library._tag

    def tag(state: Any, model: SimModel) -> dict[str, Any]:
        remote = {"remote_host": "https://ollama.com:443", "remote_model": "gpt-oss:120b"}
        return original(state, model) | (remote if model.name == name else {})

    monkeypatch.setattr(library, "_tag", tag)
    sim.install(SimModel(name))
    return name
