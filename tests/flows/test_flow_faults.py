"""Every fault of the simulator at every step: a form in time, and the next try works."""

from dataclasses import replace

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ollama.const import DATA_TIME_LIMITS
from simulator import Fault, Simulator

from ..conftest import SHORT_LIMITS
from .helpers import Dialog, add_agent, add_server, change_server, new_key

NEW_MODEL = "mistral-nemo:12b"

# What a form says when a question is met with a fault. None: the answer is as it should be.
QUESTION: dict[Fault, str | None] = {
    Fault.REFUSE: "unreachable_refused",
    Fault.HANG: "too_slow",
    Fault.GARBAGE: "not_ollama",
    Fault.HTTP_500: "server_failed",
    Fault.HTTP_503: "server_busy",
    Fault.HTTP_401: "invalid_auth",
    Fault.HTTP_403_EMPTY: "forbidden_origin",
    Fault.HTTP_404: "not_ollama",
    Fault.WRONG_CONTENT_TYPE: "not_ollama",
    Fault.NOT_OLLAMA: "not_ollama",
    Fault.HANG_MID_STREAM: "too_slow",
    Fault.CUT_MID_STREAM: "unreachable_dropped",
    Fault.GARBAGE_MID_STREAM: "not_ollama",
    Fault.SLOW_DRIP: "too_slow",
    Fault.ENDLESS_STREAM: None,
}
# The same for a download that has begun.
DOWNLOAD = QUESTION | {
    Fault.HTTP_500: "download_failed",
    Fault.CUT_MID_STREAM: "answer_cut",
    Fault.SLOW_DRIP: None,
}
# Only the whole server can refuse, and it does so when the button is pressed.
DOWNLOAD.pop(Fault.REFUSE)


def test_every_fault_is_tried():
    assert set(QUESTION) == set(Fault)


def fail(sim: Simulator, fault: Fault, path: str | None = None) -> None:
    """Let requests fail until the faults are cleared."""
    downloads = path == "/api/pull"
    delay = 0.0 if downloads else 0.5
    sim.fault(fault, path=path, times=None, after_chunks=3 if downloads else 0, delay=delay)


@pytest.fixture(autouse=True)
def _impatient(hass: HomeAssistant) -> None:
    """Wait even less than elsewhere: here most tests reach a limit."""
    hass.data[DATA_TIME_LIMITS] = replace(SHORT_LIMITS, short=0.5, pull_chunk=0.5)


@pytest.mark.parametrize("fault", QUESTION)
async def test_server_step(hass: HomeAssistant, sim: Simulator, fault: Fault):
    fail(sim, fault)
    dialog = await (await add_server(hass)).submit(url=sim.url)
    if (error := QUESTION[fault]) is not None:
        assert dialog.step == "user"
        assert dialog.errors == {"base": error}
        sim.clear_faults()
        await dialog.submit()
    assert (await dialog.submit()).entry


@pytest.mark.parametrize("fault", QUESTION)
async def test_model_step(hass: HomeAssistant, sim: Simulator, fault: Fault):
    """The server fails between the two forms: back to the first one, with its address."""
    dialog = await (await add_server(hass)).submit(url=sim.url)
    fail(sim, fault)
    await dialog.submit()
    if (error := QUESTION[fault]) is not None:
        assert dialog.step == "user"
        assert dialog.errors == {"base": error}
        assert dialog.values["url"] == sim.url
        sim.clear_faults()
        await dialog.submit()
        await dialog.submit()
    assert len(dialog.entry.subentries) == 2


async def test_details(hass: HomeAssistant, sim: Simulator):
    """Without what the models can do, there is still a list of them."""
    for fault in QUESTION:
        if fault is Fault.REFUSE:
            continue
        fail(sim, fault, "/api/show")
        dialog = await (await add_server(hass)).submit(url=sim.url)
        assert (dialog.step, dialog.errors) == ("model", {}), fault
        options = [option["value"] for option in dialog.field("model").config["options"]]
        assert "qwen3:8b" in options, fault
        dialog.close()
        sim.clear_faults()
    fail(sim, Fault.HTTP_500, "/api/show")
    dialog = await (await add_server(hass)).submit(url=sim.url)
    assert len((await dialog.submit()).entry.subentries) == 2


@pytest.mark.parametrize("fault", DOWNLOAD)
async def test_download(hass: HomeAssistant, sim: Simulator, fault: Fault):
    dialog = await (await add_server(hass)).submit(url=sim.url)
    fail(sim, fault, "/api/pull")
    await dialog.submit(model=NEW_MODEL, control=False)
    assert dialog.step == "download"
    await dialog.after_progress()
    if (error := DOWNLOAD[fault]) is not None:
        assert dialog.step == "model"
        assert dialog.errors == {"base": error}
        assert dialog.values == {"model": NEW_MODEL, "control": False}
        sim.clear_faults()
        await dialog.submit()
        await dialog.after_progress()
    assert len(dialog.entry.subentries) == 2


async def test_download_is_taken_up_again(hass: HomeAssistant, sim: Simulator):
    """One that breaks off on its way goes on where it was, and the dialog with it."""
    dialog = await (await add_server(hass)).submit(url=sim.url)
    sim.pull_plan(NEW_MODEL, sizes=(7_000_000_000,))
    sim.fault(Fault.CUT_MID_STREAM, path="/api/pull", times=2, after_chunks=4)
    await dialog.submit(model=NEW_MODEL)
    await dialog.after_progress()
    assert len(dialog.entry.subentries) == 2
    assert [request.path for request in sim.requests].count("/api/pull") == 3


async def test_new_agent(hass: HomeAssistant, sim: Simulator, entry):
    """The list of models fails, and then the question whether one has to be downloaded."""
    for fault, error in QUESTION.items():
        expected = {"base": error} if error else {}
        fail(sim, fault)
        dialog = await add_agent(hass, entry)
        assert (dialog.step, dialog.errors) == ("user", expected), fault
        await dialog.submit()
        if error is not None:
            assert (dialog.step, dialog.errors) == ("user", expected), fault
            sim.clear_faults()
            await dialog.submit()
        assert (dialog.step, dialog.errors) == ("settings", {}), fault
        dialog.close()
        sim.clear_faults()


async def test_download_for_agent(hass: HomeAssistant, sim: Simulator, entry):
    for fault, error in DOWNLOAD.items():
        dialog = await add_agent(hass, entry)
        fail(sim, fault, "/api/pull")
        await dialog.submit(model=NEW_MODEL)
        await dialog.after_progress()
        if error is not None:
            assert (dialog.step, dialog.errors) == ("user", {"base": error}), fault
            assert dialog.values["model"] == NEW_MODEL
            sim.clear_faults()
            await dialog.submit()
            await dialog.after_progress()
        assert (dialog.step, dialog.errors) == ("settings", {}), fault
        dialog.close()
        sim.clear_faults()
        sim.remove(NEW_MODEL)


async def test_reconfigure(hass: HomeAssistant, sim: Simulator, entry):
    for fault, error in QUESTION.items():
        dialog = await change_server(hass, entry)
        fail(sim, fault)
        await dialog.submit()
        if error is not None:
            assert (dialog.step, dialog.errors) == ("reconfigure", {"base": error}), fault
            sim.clear_faults()
            await dialog.submit()
        assert dialog.aborted == "reconfigure_successful", fault
        sim.clear_faults()


async def test_reauth(hass: HomeAssistant, sim: Simulator, entry):
    for fault, error in QUESTION.items():
        entry.async_start_reauth(hass)
        await hass.async_block_till_done()
        dialog: Dialog = await new_key(hass, entry)
        fail(sim, fault)
        await dialog.submit()
        if error is not None:
            assert (dialog.step, dialog.errors) == ("reauth_confirm", {"base": error}), fault
            sim.clear_faults()
            await dialog.submit()
        assert dialog.aborted == "reauth_successful", fault
        sim.clear_faults()
