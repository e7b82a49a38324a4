"""The second form of a new server: which model, and its download."""

import asyncio
import math
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
import pytest

from custom_components.ollama.const import DOMAIN
from custom_components.ollama.flows.download import readable_size
from custom_components.ollama.flows.models import SUGGESTED_MODELS
from custom_components.ollama.server.downloads import async_get_downloads
from simulator import Fault, SimModel, Simulator

from ..common import EMBEDDING_MODEL, LEVELS_MODEL, MODEL, PLAIN_MODEL, say, speech
from .helpers import Dialog, add_server

NEW = "mistral-nemo:12b"
SIZE = 7_071_700_672
ASKED = "/api/pull"
# How it is kept that an agent controls the home.
CONTROL = {"llm_hass_api": ["assist"], "llm_apis": ["ollama"]}
# New ones leave their context window to us.
AUTO = {"num_ctx_auto": True}


async def model_step(hass: HomeAssistant, sim: Simulator) -> Dialog:
    dialog = await (await add_server(hass)).submit(url=sim.url)
    assert dialog.step == "model"
    return dialog


def labels(dialog: Dialog) -> dict[str, str]:
    options = dialog.field("model").config["options"]
    return {option["value"]: option["label"] for option in options}


def pulls(sim: Simulator) -> list[str]:
    return [request.body["model"] for request in sim.requests if request.path == ASKED]


# The list


async def test_list(hass: HomeAssistant, sim: Simulator):
    """Installed ones first with size, parameters, quantization and what they can do."""
    sim.install(SimModel("tiny:latest", size=523_000_000, parameter_size="", quantization=""))
    sim.install(
        SimModel("all:1b", capabilities=("completion", "tools", "vision", "thinking", "embedding"))
    )
    dialog = await model_step(hass, sim)
    shown = labels(dialog)
    assert (
        shown
        | {
            "all:1b": "all:1b · 2.0 GB · 3.2B · Q4_K_M · tools, images, thinking, embedding",
            MODEL: "qwen3:4b-instruct · 2.5 GB · 4.0B · Q4_K_M · tools",
            "qwen3:8b": "qwen3:8b · 5.2 GB · 8.2B · Q4_K_M · tools, thinking",
            PLAIN_MODEL: "llama3:8b · 4.7 GB · 8.0B · Q4_0",
            "qwen2.5vl:7b": "qwen2.5vl:7b · 6.0 GB · 8.3B · Q4_K_M · images",
            "tiny:latest": "tiny:latest · 523 MB",
            NEW: "mistral-nemo:12b · will be downloaded",
        }
        == shown
    )
    # One that only prepares text for searching can't answer.
    assert EMBEDDING_MODEL not in shown
    installed = [name for name, label in shown.items() if "downloaded" not in label]
    assert installed == sorted(installed)
    assert list(shown)[: len(installed)] == installed
    rest = list(shown)[len(installed) :]
    assert rest == [name for name in SUGGESTED_MODELS if name not in installed]
    # Any other name can be typed.
    assert dialog.field("model").config["custom_value"] is True


@pytest.mark.parametrize("version", ["0.24.0", "0.32.15"])
async def test_list_of_both_kinds_of_server(hass: HomeAssistant, version: str):
    """Older servers tell what a model can do only when asked for each."""
    async with Simulator(version=version) as sim:
        shown = labels(await model_step(hass, sim))
        assert shown["qwen3:8b"].endswith("tools, thinking")
        assert EMBEDDING_MODEL not in shown


async def test_list_of_many(hass: HomeAssistant, sim: Simulator):
    """All that can be found out gets the time of one request, however many models."""
    many = [SimModel(f"m:{number}") for number in range(40)]
    for model in many:
        sim.install(model)
    sim.fault(Fault.HANG, path="/api/show", times=None)
    shown = labels(await model_step(hass, sim))
    assert {model.name for model in many} <= set(shown)
    asked = sum(request.path == "/api/show" for request in sim.requests)
    assert 0 < asked < len(many)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 MB"),
        (1_400_000, "1 MB"),
        (999_000_000, "999 MB"),
        (1_000_000_000, "1.0 GB"),
        (42_520_000_000, "42.5 GB"),
    ],
)
def test_readable_size(size: int, text: str):
    assert readable_size(size) == text


@pytest.mark.parametrize(
    ("installed", "suggested"),
    [
        ([], MODEL),
        ([SimModel(PLAIN_MODEL)], MODEL),
        ([SimModel("b:1", capabilities=("completion", "tools"))], "b:1"),
        (
            [
                SimModel("b:1", capabilities=("completion", "tools")),
                SimModel("a:1", capabilities=("completion", "tools")),
                SimModel("a:0", capabilities=("embedding", "tools")),
            ],
            "a:1",
        ),
        (
            [
                SimModel("a:1", capabilities=("completion", "tools")),
                SimModel(MODEL, capabilities=("completion", "tools")),
            ],
            MODEL,
        ),
    ],
)
async def test_suggestion(hass: HomeAssistant, installed: list[SimModel], suggested: str):
    """One that can control the home, without a download where there is one."""
    async with Simulator(models=installed) as sim:
        assert (await model_step(hass, sim)).values == {"model": suggested, "control": True}


# What is chosen


async def test_no_model(hass: HomeAssistant, sim: Simulator):
    """Left empty, the server is added without agents."""
    entry = (await (await model_step(hass, sim)).submit(model=None)).entry
    assert entry.data == {"url": sim.url}
    assert dict(entry.subentries) == {}


async def test_blank_model(hass: HomeAssistant, sim: Simulator):
    dialog = await (await model_step(hass, sim)).submit(model="  ")
    assert dict(dialog.entry.subentries) == {}
    assert pulls(sim) == []


async def test_without_control(hass: HomeAssistant, sim: Simulator):
    entry = (await (await model_step(hass, sim)).submit(control=False)).entry
    assert [dict(s.data) for s in entry.subentries.values()] == [{"model": MODEL, **AUTO}] * 2


@pytest.mark.parametrize("typed", ["llama3.2:3b", " llama3.2:3b ", "plain", "plain:latest"])
async def test_typed_name_of_installed(hass: HomeAssistant, sim: Simulator, typed: str):
    """Nothing is downloaded for a name that means an installed model."""
    sim.install(SimModel("plain", capabilities=("completion", "tools")))
    entry = (await (await model_step(hass, sim)).submit(model=typed)).entry
    assert {s.data["model"] for s in entry.subentries.values()} == {typed.strip()}
    assert pulls(sim) == []
    sim.clear_script()
    assert speech(await say(hass, "hello"))


async def test_model_without_tools(hass: HomeAssistant, sim: Simulator):
    """It may control the home too: its tools are called in another way."""
    entry = (await (await model_step(hass, sim)).submit(model=PLAIN_MODEL)).entry
    assert [dict(s.data) for s in entry.subentries.values()] == [
        {"model": PLAIN_MODEL, **AUTO, **CONTROL},
        {"model": PLAIN_MODEL, **AUTO},
    ]


async def test_embedding_model(hass: HomeAssistant, sim: Simulator):
    """It isn't in the list, but can be typed."""
    dialog = await (await model_step(hass, sim)).submit(model="nomic-embed-text")
    assert dialog.errors == {"model": "model_only_embeds"}
    assert (await dialog.submit(model=MODEL)).entry


async def test_error_is_gone_after_recovery(hass: HomeAssistant, sim: Simulator):
    dialog = await (await model_step(hass, sim)).submit(model="nomic-embed-text")
    await dialog.refresh()
    assert dialog.errors == {"model": "model_only_embeds"}
    sim.pull_plan(NEW, error="no space left on device")
    await (await dialog.submit(model=NEW)).after_progress()
    assert dialog.errors == {"base": "download_failed"}
    assert (await dialog.submit(model=MODEL)).entry


# The download


async def test_download(hass: HomeAssistant, sim: Simulator, events: dict[str, list[Any]]):
    """Percent and bytes move with the stream, and so does the bar of the dialog."""
    sim.pull_plan(
        NEW,
        sizes=(SIZE,),
        seconds=0.6,
        steps=12,
        model=SimModel(NEW, capabilities=("completion", "tools")),
    )
    dialog = await (await model_step(hass, sim)).submit(model=NEW)
    assert dialog.result["type"] is FlowResultType.SHOW_PROGRESS
    assert dialog.result["progress_action"] == "download_begins"
    assert dialog.words == {
        "model": NEW,
        "percent": "0",
        "completed": "0 MB",
        "total": "0 MB",
    }
    shown: list[Any] = []
    async with asyncio.timeout(5):
        while dialog.result["type"] is FlowResultType.SHOW_PROGRESS:
            text = (dialog.result["progress_action"], *dialog.words.values())
            if text not in shown:
                shown.append(text)
            # As the dialog does it: look again when told that something changed.
            told = len(events["data_entry_flow_progressed"])
            while told == len(events["data_entry_flow_progressed"]):
                await asyncio.sleep(0.005)
            await dialog.refresh()
    actions = list(dict.fromkeys(action for action, *_ in shown))
    assert actions[:2] == ["download_begins", "download"]
    moving = [words for action, *words in shown if action == "download"]
    assert len(moving) > 3
    steps = [min(SIZE, step * (SIZE // 12)) for step in range(14)]
    possible = {(str(math.ceil(done / SIZE * 100)), readable_size(done)) for done in steps}
    for model, percent, completed, total in moving:
        assert (model, total) == (NEW, "7.1 GB")
        assert (percent, completed) in possible
    percents = [int(percent) for _, percent, _, _ in moving]
    assert percents == sorted(set(percents))
    bar = [event["progress"] for event in events["data_entry_flow_progress_update"]]
    assert bar == sorted(bar)
    assert len(set(bar)) > 3
    assert {event["flow_id"] for event in events["data_entry_flow_progress_update"]} == {
        dialog.result["flow_id"]
    }
    assert len(dialog.entry.subentries) == 2
    assert pulls(sim) == [NEW]


async def test_check_at_the_end(hass: HomeAssistant, sim: Simulator):
    """A large model is checked for minutes, in which nothing moves: the text says so."""
    sim.pull_plan(NEW, sizes=(SIZE,), steps=1)
    # After the line that says that all files are there.
    sim.fault(Fault.HANG_MID_STREAM, path=ASKED, after_chunks=4)
    dialog = await (await model_step(hass, sim)).submit(model=NEW, control=False)
    async with asyncio.timeout(5):
        while dialog.result["progress_action"] != "download_ends":
            await asyncio.sleep(0.01)
            await dialog.refresh()
    assert dialog.words["percent"] == "100"
    await dialog.after_progress()
    assert dialog.errors == {"base": "too_slow"}


async def test_bar_after_text(hass: HomeAssistant, sim: Simulator):
    """The dialog drops its bar whenever the text changes, so the bar's news come after."""
    order: list[str] = []
    for name in ("data_entry_flow_progressed", "data_entry_flow_progress_update"):
        hass.bus.async_listen(name, callback(lambda event, name=name: order.append(name)))
    sim.pull_plan(NEW, sizes=(SIZE,), seconds=0.3, steps=6)
    dialog = await (await model_step(hass, sim)).submit(model=NEW, control=False)
    await dialog.after_progress()
    texts = [place for place, name in enumerate(order) if name == "data_entry_flow_progressed"]
    assert len(texts) > 2
    # After the last one another form follows.
    for place in texts[:-1]:
        assert order[place + 1] == "data_entry_flow_progress_update"


async def test_looking_often_starts_nothing(hass: HomeAssistant, sim: Simulator):
    """Every look at the same moment gives the same text, from the same task."""
    sim.fault(Fault.HANG_MID_STREAM, path=ASKED, after_chunks=4)
    dialog = await (await model_step(hass, sim)).submit(model=NEW, control=False)
    await asyncio.sleep(0.1)
    await dialog.refresh()
    words = dialog.words
    for _ in range(20):
        assert (await dialog.refresh()).words == words
    waiting = [
        task
        for task in asyncio.all_tasks()
        if task.get_name() == "ollama download progress" and not task.done()
    ]
    assert len(waiting) == 1
    dialog.close()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert waiting[0].cancelled()
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_download_fails(hass: HomeAssistant, sim: Simulator):
    """The server's own words stand in the form, which keeps what was chosen."""
    words = "pull model manifest: file does not exist"
    sim.pull_plan("mistral-memo", error=words)
    dialog = await (await model_step(hass, sim)).submit(model="mistral-memo", control=False)
    assert dialog.step == "download"
    await dialog.after_progress()
    assert dialog.step == "model"
    assert dialog.errors == {"base": "download_failed"}
    assert dialog.words == {"model": "mistral-memo", "detail": words}
    assert dialog.values == {"model": "mistral-memo", "control": False}
    # Still there for a dialog that looks twice.
    assert (await dialog.refresh()).errors == {"base": "download_failed"}
    sim.pull_plan(NEW)
    await dialog.submit(model=NEW)
    await dialog.after_progress()
    assert {s.data["model"] for s in dialog.entry.subentries.values()} == {NEW}


async def test_name_that_is_none(hass: HomeAssistant, sim: Simulator):
    """The server refuses the request itself, also in its own words."""
    dialog = await (await model_step(hass, sim)).submit(model="a b/c?", control=False)
    await dialog.after_progress()
    assert dialog.errors == {"base": "download_failed"}
    assert dialog.words == {"model": "a b/c?", "detail": "invalid model name"}


async def test_downloaded_model_without_tools(hass: HomeAssistant, sim: Simulator):
    """Nothing more is asked once it is known what the model can't do."""
    sim.pull_plan("new", model=SimModel("new"))
    dialog = await (await model_step(hass, sim)).submit(model="new")
    await dialog.after_progress()
    assert next(iter(dialog.entry.subentries.values())).data == {
        "model": "new",
        **AUTO,
        **CONTROL,
    }
    assert pulls(sim) == ["new"]


async def test_downloaded_embedding_model(hass: HomeAssistant, sim: Simulator):
    """Only after the download it is known what a model can do."""
    sim.pull_plan("new", model=SimModel("new", capabilities=("embedding",)))
    dialog = await (await model_step(hass, sim)).submit(model="new")
    await dialog.after_progress()
    assert dialog.errors == {"model": "model_only_embeds"}
    assert dialog.values == {"model": "new", "control": True}
    assert (await dialog.submit(model=MODEL)).entry


async def test_close_the_dialog(hass: HomeAssistant, sim: Simulator):
    """The download goes on, and a new dialog joins it or finds the model."""
    sim.pull_plan(NEW, seconds=1.0, model=SimModel(NEW, capabilities=("completion", "tools")))
    dialog = await (await model_step(hass, sim)).submit(model=NEW)
    await asyncio.sleep(0.1)
    dialog.close()
    await hass.async_block_till_done()
    assert len(async_get_downloads(hass)._running) == 1
    again = await (await model_step(hass, sim)).submit(model=NEW)
    assert again.step == "download"
    await again.after_progress()
    assert again.entry
    assert pulls(sim) == [NEW]
    assert hass.config_entries.async_entries(DOMAIN) == [again.entry]


async def test_close_and_come_back_later(hass: HomeAssistant, sim: Simulator):
    sim.pull_plan(NEW, seconds=0.1)
    dialog = await (await model_step(hass, sim)).submit(model=NEW, control=False)
    dialog.close()
    await hass.async_block_till_done(wait_background_tasks=True)
    again = await model_step(hass, sim)
    assert "GB" in labels(again)[NEW]
    assert (await again.submit(model=NEW, control=False)).entry
    assert pulls(sim) == [NEW]


async def test_two_dialogs_share_a_download(hass: HomeAssistant, sim: Simulator):
    """The slower one finds the server added, and says so."""
    sim.pull_plan(NEW, seconds=0.5)
    dialogs = [await model_step(hass, sim), await model_step(hass, sim)]
    for dialog in dialogs:
        await dialog.submit(model=NEW, control=False)
        assert dialog.step == "download"
    for dialog in dialogs:
        await dialog.after_progress()
    assert dialogs[0].entry
    assert dialogs[1].aborted == "already_configured"
    assert pulls(sim) == [NEW]


async def test_moving_on_only_once(hass: HomeAssistant, sim: Simulator):
    """Two questions at the end of a download make one server, not two or an error."""
    sim.pull_plan(NEW, seconds=0.05)
    dialog = await (await model_step(hass, sim)).submit(model=NEW, control=False)
    async with asyncio.timeout(5):
        # The flow has come to its end, and nobody has looked yet.
        while hass.config_entries.flow.async_get(dialog.result["flow_id"])["step_id"] != "finish":
            await asyncio.sleep(0.005)
    manager = hass.config_entries.flow
    flow_id = dialog.result["flow_id"]
    first, second = await asyncio.gather(
        manager.async_configure(flow_id), manager.async_configure(flow_id), return_exceptions=True
    )
    assert first["type"] is FlowResultType.CREATE_ENTRY
    assert isinstance(second, UnknownFlow)
    assert hass.config_entries.async_entries(DOMAIN) == [first["result"]]


async def test_model_vanished_after_download(hass: HomeAssistant, sim: Simulator):
    """What can't be found out doesn't keep the server from being added."""
    sim.pull_plan(NEW)
    sim.fault(Fault.HTTP_500, path="/api/show", times=None)
    dialog = await (await model_step(hass, sim)).submit(model=NEW)
    await dialog.after_progress()
    assert len(dialog.entry.subentries) == 2


async def test_home_assistant_stops(hass: HomeAssistant, sim: Simulator):
    """An open dialog doesn't take the end of Home Assistant for the end of a download."""
    sim.fault(Fault.HANG_MID_STREAM, path=ASKED, after_chunks=2)
    dialog = await (await model_step(hass, sim)).submit(model=NEW)
    assert dialog.step == "download"
    async with asyncio.timeout(1):
        while not pulls(sim):
            await asyncio.sleep(0.01)
    await hass.async_stop(force=True)
    assert hass.config_entries.async_entries(DOMAIN) == []
    assert pulls(sim) == [NEW]


async def test_levels_model_needs_nothing_more(hass: HomeAssistant, sim: Simulator):
    """How a model thinks is a setting of the agent, with a default of its own."""
    entry = (await (await model_step(hass, sim)).submit(model=LEVELS_MODEL)).entry
    assert next(iter(entry.subentries.values())).data == {
        "model": LEVELS_MODEL,
        **AUTO,
        **CONTROL,
    }
