"""What the device of a server shows, and what can be done there."""

import asyncio
from collections.abc import AsyncGenerator, Generator
import contextlib
import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
import logging
import time
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ollama.const import DATA_RECORDS, DOMAIN
from simulator import Fault, Reply, SimModel, Simulator, ToolCall

from .common import MODEL, THINKING_MODEL, ask_for_data, say, speech
from .passing_time import Clock, passing_time

REQUESTS = "sensor.ollama_requests_today"
ERRORS = "sensor.ollama_errors_today"
TOKENS = "sensor.ollama_tokens_today"
RESPONSE_TIME = "sensor.ollama_response_time"
FIRST_TOKEN = "sensor.ollama_time_to_first_token"
SPEED = "sensor.ollama_tokens_per_second"
STATUS = "binary_sensor.ollama_status"
LIMIT = "number.ollama_requests_per_hour"
QUEUE = "sensor.ollama_waiting_requests"
INSTALLED = "sensor.ollama_installed_models"
LOADED = "sensor.ollama_loaded_models"
MEMORY = "sensor.ollama_memory_of_loaded_models"
GPU = "sensor.ollama_gpu_memory"
VERSION = "sensor.ollama_version"
UNLOAD = "button.ollama_unload_models"

START = datetime(2026, 11, 3, 20, tzinfo=UTC)
LATE = datetime(2026, 11, 4, 7, 50, tzinfo=UTC)
"""Ten minutes before midnight, in the time zone of the tests."""


@dataclass(frozen=True)
class Row:
    """An entity of the design's table."""

    entity_id: str
    key: str
    name: str
    device_class: str | None = None
    unit: str | None = None
    state_class: SensorStateClass | None = None
    category: EntityCategory | None = None
    enabled: bool = True
    precision: int | None = None


DIAGNOSTIC = EntityCategory.DIAGNOSTIC
MEASUREMENT = SensorStateClass.MEASUREMENT
TOTAL = SensorStateClass.TOTAL
SIZE = SensorDeviceClass.DATA_SIZE
DURATION = SensorDeviceClass.DURATION

TABLE = [
    Row(STATUS, "status", "Status", "connectivity", category=DIAGNOSTIC),
    Row(INSTALLED, "installed_models", "Installed models", None, None, MEASUREMENT),
    Row(LOADED, "loaded_models", "Loaded models", None, None, MEASUREMENT),
    Row(
        MEMORY,
        "loaded_model_size",
        "Memory of loaded models",
        SIZE,
        "GB",
        MEASUREMENT,
        enabled=False,
        precision=1,
    ),
    Row(GPU, "loaded_model_gpu_memory", "GPU memory", SIZE, "GB", MEASUREMENT, precision=1),
    Row(VERSION, "version", "Version", category=DIAGNOSTIC),
    Row(REQUESTS, "requests_today", "Requests today", None, "requests", TOTAL),
    Row(ERRORS, "errors_today", "Errors today", None, None, TOTAL, DIAGNOSTIC),
    Row(TOKENS, "tokens_today", "Tokens today", None, "tokens", TOTAL),
    Row(RESPONSE_TIME, "response_time", "Response time", DURATION, "s", MEASUREMENT, precision=1),
    Row(
        FIRST_TOKEN,
        "time_to_first_token",
        "Time to first token",
        DURATION,
        "s",
        MEASUREMENT,
        precision=2,
    ),
    Row(
        SPEED, "tokens_per_second", "Tokens per second", None, "tokens/s", MEASUREMENT, precision=1
    ),
    Row(
        QUEUE,
        "queue",
        "Waiting requests",
        None,
        "requests",
        MEASUREMENT,
        DIAGNOSTIC,
        enabled=False,
    ),
    Row(
        LIMIT,
        "requests_per_hour",
        "Requests per hour",
        category=EntityCategory.CONFIG,
    ),
    Row(UNLOAD, "unload_models", "Unload models"),
]


@pytest.fixture
def clock(hass: HomeAssistant) -> Generator[Clock]:
    """Take the time into the test's hands."""
    with passing_time(hass, START) as clock:
        yield clock


@pytest.fixture
def texts(component_path) -> dict[str, Any]:
    return json.loads((component_path / "translations" / "en.json").read_text(encoding="utf-8"))


@pytest.fixture
def icons(component_path) -> dict[str, Any]:
    return json.loads((component_path / "icons.json").read_text(encoding="utf-8"))


def state(hass: HomeAssistant, entity_id: str) -> str:
    return hass.states.get(entity_id).state


def attribute(hass: HomeAssistant, entity_id: str, name: str) -> Any:
    return hass.states.get(entity_id).attributes[name]


def figures(hass: HomeAssistant) -> tuple[int, int, int]:
    """Requests, errors and tokens of today."""
    requests, errors, tokens = (int(state(hass, one)) for one in (REQUESTS, ERRORS, TOKENS))
    return requests, errors, tokens


def problems(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged that looks like a mistake of ours."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.ERROR or (record.levelno >= logging.INFO and record.exc_info)
    ]


async def enable(hass: HomeAssistant, entry: MockConfigEntry, *entity_ids: str) -> None:
    for entity_id in entity_ids:
        er.async_get(hass).async_update_entity(entity_id, disabled_by=None)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


async def restart(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any], *, crash: bool
) -> None:
    """Forget all that isn't on the disk, as a restart does; a crash writes nothing more."""
    disk = copy.deepcopy(hass_storage)
    assert await hass.config_entries.async_unload(entry.entry_id)
    if crash:
        hass_storage.clear()
        hass_storage.update(disk)
    del hass.data[DATA_RECORDS]
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


# What there is


@pytest.mark.parametrize("row", TABLE, ids=[row.key for row in TABLE])
async def test_table(hass: HomeAssistant, entry, texts, icons, row: Row):
    registry = er.async_get(hass)
    assert registry.async_get(row.entity_id).disabled == (not row.enabled)
    assert (hass.states.get(row.entity_id) is not None) == row.enabled
    if not row.enabled:
        await enable(hass, entry, row.entity_id)
    registered = registry.async_get(row.entity_id)
    assert registered.unique_id == f"{entry.entry_id}_{row.key}"
    assert registered.original_device_class == row.device_class
    assert registered.unit_of_measurement == row.unit
    assert (registered.capabilities or {}).get("state_class") == row.state_class
    assert registered.entity_category is row.category
    options = registered.options.get("sensor", {})
    assert options.get("suggested_display_precision") == row.precision

    platform = row.entity_id.partition(".")[0]
    assert registered.translation_key == row.key
    assert registered.original_name == row.name
    assert texts["entity"][platform][row.key]["name"] == row.name
    assert icons["entity"][platform][row.key]["default"].startswith("mdi:")

    device = dr.async_get(hass).async_get(registered.device_id)
    assert device.identifiers == {(DOMAIN, entry.entry_id)}
    assert device.config_entry_id == entry.entry_id
    assert attribute(hass, row.entity_id, "friendly_name") == f"Ollama {row.name}"


async def test_table_is_complete(hass: HomeAssistant, entry):
    """Besides the agents, which belong to their own devices."""
    registered = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    found = {one.entity_id for one in registered if one.config_subentry_id is None}
    assert found == {row.entity_id for row in TABLE}


async def test_second_server_is_told_apart(hass: HomeAssistant, entry):
    """Its entities have the name of its device; those of the first keep theirs."""
    async with Simulator() as other:
        second = MockConfigEntry(
            domain=DOMAIN, title="Cellar", version=3, minor_version=3, data={"url": other.url}
        )
        second.add_to_hass(hass)
        assert await hass.config_entries.async_setup(second.entry_id)
        await hass.async_block_till_done()
        assert state(hass, "sensor.cellar_requests_today") == "0"
        await say(hass, "hello")
        assert state(hass, "sensor.cellar_requests_today") == "0"
        assert state(hass, REQUESTS) == "1"
        assert await hass.config_entries.async_unload(second.entry_id)


# What they show


async def test_before_the_first_request(hass: HomeAssistant, sim: Simulator, entry):
    assert state(hass, STATUS) == "on"
    assert state(hass, VERSION) == "0.32.15"
    assert int(state(hass, INSTALLED)) == len(attribute(hass, INSTALLED, "models")) > 3
    assert state(hass, LOADED) == "0"
    assert state(hass, GPU) == "0.0"
    assert attribute(hass, LOADED, "models") == []
    assert figures(hass) == (0, 0, 0)
    assert {state(hass, one) for one in (RESPONSE_TIME, FIRST_TOKEN, SPEED)} == {"unknown"}
    assert state(hass, LIMIT) == "0"


@pytest.mark.parametrize("version", ["0.32.15", "0.24.0"])
async def test_installed_models(hass: HomeAssistant, version: str):
    """An older server doesn't list what they can do, and is asked once for each."""
    model = SimModel(
        "brain:8b", 5_000_000_000, "8.2B", "Q4_K_M", capabilities=("completion", "tools")
    )
    async with Simulator(version=version, models=[model]) as sim:
        entry = await add_server(hass, sim.url)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert attribute(hass, INSTALLED, "models") == [
            {
                "name": "brain:8b",
                "size": 5_000_000_000,
                "parameters": "8.2B",
                "quantization": "Q4_K_M",
                "capabilities": ["completion", "tools"],
            }
        ]
        assert state(hass, VERSION) == version
        await entry.runtime_data.coordinator.async_ask_again()
        shown = [request for request in sim.requests if request.path == "/api/show"]
        assert len(shown) == (version == "0.24.0")
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_loaded_models(hass: HomeAssistant, sim: Simulator, add_entry):
    sim.install(SimModel(MODEL, 4_000_000_000, vram_share=0.75, context_length=262_144))
    entry = await add_entry(agent={"num_ctx": 16_384, "keep_alive": 120})
    await enable(hass, entry, MEMORY)
    await say(hass, "hello")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(hass, LOADED) == "1"
    [model] = attribute(hass, LOADED, "models")
    assert model["name"] == MODEL
    assert model["context_length"] == 16_384
    assert model["gpu_memory"] == pytest.approx(model["size"] * 0.75, abs=1)
    left = datetime.fromisoformat(model["expires_at"]) - datetime.now(UTC)
    assert timedelta(seconds=100) < left <= timedelta(seconds=121)
    assert float(state(hass, MEMORY)) == pytest.approx(model["size"] / 1e9)
    assert float(state(hass, GPU)) == pytest.approx(model["size"] * 0.75 / 1e9)


async def test_model_that_stays_loaded_for_ever(hass: HomeAssistant, sim: Simulator, entry):
    """The server writes a date in the year 2319."""
    await say(hass, "hello")
    await hass.async_block_till_done(wait_background_tasks=True)
    [model] = attribute(hass, LOADED, "models")
    assert model["expires_at"] is None


async def test_models_stay_out_of_the_database(hass: HomeAssistant, entry):
    for entity_id in (INSTALLED, LOADED):
        assert "models" in hass.states.get(entity_id).state_info["unrecorded_attributes"]


async def test_conversation(hass: HomeAssistant, sim: Simulator, entry):
    sim.script(Reply("Good evening.", delay=0.05, prompt_tokens=300, completion_tokens=20))
    await say(hass, "hello")
    assert figures(hass) == (1, 0, 320)
    assert 0.05 <= float(state(hass, FIRST_TOKEN)) <= float(state(hass, RESPONSE_TIME)) < 1
    assert float(state(hass, SPEED)) > 0


async def test_task(hass: HomeAssistant, sim: Simulator, entry):
    sim.script(Reply("Done.", prompt_tokens=40, completion_tokens=2))
    await ask_for_data(hass)
    assert figures(hass) == (1, 0, 42)
    assert state(hass, SPEED) != "unknown"


async def test_tool_call_is_one_request(
    hass: HomeAssistant, sim: Simulator, entry, kitchen_light: str
):
    """It takes two generations, and the tokens of both count."""
    turn_on = ToolCall("intent__HassTurnOn", {"name": "Kitchen light"})
    sim.script(
        Reply(tool_calls=(turn_on,), prompt_tokens=500, completion_tokens=30),
        Reply("It is on.", delay=0.1, prompt_tokens=560, completion_tokens=5),
    )
    assert speech(await say(hass, "turn on the light")) == "It is on."
    assert figures(hass) == (1, 0, 1095)
    assert float(state(hass, RESPONSE_TIME)) >= 0.1
    assert float(state(hass, FIRST_TOKEN)) < 0.1, "of the first generation"


async def test_error_leaves_the_last_answer(hass: HomeAssistant, sim: Simulator, entry):
    await say(hass, "hello")
    before = [state(hass, one) for one in (RESPONSE_TIME, FIRST_TOKEN, SPEED)]
    tokens = figures(hass)[2]
    sim.script(Reply(error="out of memory"))
    await say(hass, "hello")
    assert figures(hass) == (2, 1, tokens)
    assert [state(hass, one) for one in (RESPONSE_TIME, FIRST_TOKEN, SPEED)] == before


@pytest.mark.parametrize(
    ("fault", "after_chunks"), [(Fault.CUT_MID_STREAM, 2), (Fault.HANG_MID_STREAM, 2)]
)
async def test_cut_stream_is_an_error(
    hass: HomeAssistant, sim: Simulator, entry, fault: Fault, after_chunks: int
):
    sim.script(Reply("One two three four five six."))
    sim.fault(fault, path="/api/chat", after_chunks=after_chunks)
    await say(hass, "count")
    assert figures(hass) == (1, 1, 0)
    assert state(hass, SPEED) == "unknown"
    await say(hass, "again")
    assert figures(hass)[:2] == (2, 1)
    assert state(hass, SPEED) != "unknown"


async def test_server_that_is_away_counts_errors(hass: HomeAssistant, sim: Simulator, entry):
    await sim.stop()
    await say(hass, "hello")
    with pytest.raises(HomeAssistantError):
        await ask_for_data(hass)
    assert figures(hass) == (2, 2, 0)


async def test_waiting_requests(hass: HomeAssistant, sim: Simulator, entry):
    """They are shown while they wait, one after the other."""
    await enable(hass, entry, QUEUE)
    assert state(hass, QUEUE) == "0"
    seen: list[str] = []
    hass.bus.async_listen(
        "state_changed",
        lambda event: (
            seen.append(event.data["new_state"].state) if event.data["entity_id"] == QUEUE else None
        ),
    )
    sim.set_brain(lambda request: Reply("Yes.", delay=0.05))
    await asyncio.gather(*(say(hass, f"number {number}") for number in range(3)))
    await hass.async_block_till_done()
    assert seen == ["1", "2", "1", "0"]
    assert figures(hass)[:2] == (3, 0)


async def test_disabled_counter_counts(hass: HomeAssistant, sim: Simulator, entry):
    registry = er.async_get(hass)
    registry.async_update_entity(REQUESTS, disabled_by=er.RegistryEntryDisabler.USER)
    await hass.config_entries.async_reload(entry.entry_id)
    assert hass.states.get(REQUESTS) is None
    await say(hass, "hello")
    await say(hass, "hello")
    await enable(hass, entry, REQUESTS)
    assert state(hass, REQUESTS) == "2"


@pytest.mark.parametrize("during", ["reload", "unload"])
async def test_query_during_a_reload_is_counted_once(
    hass: HomeAssistant, sim: Simulator, entry, hass_storage, during: str
):
    sim.script(Reply("Yes.", delay=0.3, prompt_tokens=10, completion_tokens=1))
    talk = hass.async_create_task(say(hass, "hello"))
    async with asyncio.timeout(1):
        while not sim.chats:
            await asyncio.sleep(0.01)
    if during == "reload":
        assert await hass.config_entries.async_reload(entry.entry_id)
        assert speech(await talk) == "Yes."
        assert figures(hass) == (1, 0, 11)
    else:
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert speech(await talk) == "Yes."
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert figures(hass) == (1, 0, 11)
    await restart(hass, entry, hass_storage, crash=False)
    assert figures(hass) == (1, 0, 11)


async def test_counters_of_a_later_version(
    hass: HomeAssistant, sim: Simulator, entry, hass_storage, caplog: pytest.LogCaptureFixture
):
    """They begin anew; an agent must answer all the same."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass.data[DATA_RECORDS].clear()
    key = f"ollama.usage.{entry.entry_id}"
    hass_storage[key] = {"version": 9, "minor_version": 1, "key": key, "data": {}}
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert "could not be read" in caplog.text
    assert speech(await say(hass, "hello"))
    assert figures(hass)[0] == 1


async def test_no_number(hass: HomeAssistant, entry):
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            "number", "set_value", {"entity_id": LIMIT, "value": float("nan")}, blocking=True
        )
    assert state(hass, LIMIT) == "0"


async def test_cancelled_query_is_no_last_answer(
    hass: HomeAssistant, sim: Simulator, entry, kitchen_light
):
    """It counts as a request, and its figures are those of half an answer."""
    await say(hass, "hello")
    before = state(hass, RESPONSE_TIME)
    call = ToolCall("intent__HassTurnOn", {"name": "Kitchen light"})
    sim.script(Reply(tool_calls=(call,)), Reply("Long.", delay=5))
    talk = hass.async_create_task(say(hass, "Turn on the light"))
    async with asyncio.timeout(1):
        while len(sim.chats) < 3:
            await asyncio.sleep(0.01)
    talk.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await talk
    await hass.async_block_till_done()
    assert figures(hass)[:2] == (2, 0)
    assert state(hass, RESPONSE_TIME) == before


async def test_servers_are_told_apart(hass: HomeAssistant, sim: Simulator, entry):
    """The first is simply Ollama; two on one device differ by their port."""
    async with Simulator() as second:
        other = await add_server(hass, second.url)
        names = {
            device.name
            for one in (entry, other)
            for device in dr.async_entries_for_config_entry(dr.async_get(hass), one.entry_id)
            if (DOMAIN, one.entry_id) in device.identifiers
        }
        assert names == {"Ollama", f"Ollama 127.0.0.1:{second.port}"}
        assert await hass.config_entries.async_unload(other.entry_id)


async def test_reload_gives_no_second_slot(hass: HomeAssistant, sim: Simulator, entry):
    """What still runs on the old client counts: the server is not given more at once."""
    sim.script(Reply("One.", delay=0.3), Reply("Two."))
    first = hass.async_create_task(say(hass, "hello"))
    async with asyncio.timeout(1):
        while not sim.chats:
            await asyncio.sleep(0.01)
    assert await hass.config_entries.async_reload(entry.entry_id)
    second = hass.async_create_task(say(hass, "hello again"))
    await asyncio.sleep(0.1)
    assert len(sim.chats) == 1
    assert speech(await first) == "One."
    assert speech(await second) == "Two."


async def test_query_that_outlived_its_entry_is_saved(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry, hass_storage
):
    """Though nobody asks anything after that, and Home Assistant crashes."""
    sim.script(Reply("Yes.", delay=0.2))
    talk = hass.async_create_task(say(hass, "hello"))
    async with asyncio.timeout(1):
        while not sim.chats:
            await asyncio.sleep(0.01)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await talk
    assert await hass.config_entries.async_setup(entry.entry_id)
    await clock.wait(61)
    await restart(hass, entry, hass_storage, crash=True)
    assert figures(hass)[:2] == (1, 0)


# From day to day


async def test_counters_survive_a_restart(hass: HomeAssistant, sim: Simulator, entry, hass_storage):
    await say(hass, "hello")
    sim.script(Reply(error="broken"))
    await say(hass, "hello")
    before = figures(hass)
    await restart(hass, entry, hass_storage, crash=False)
    assert figures(hass) == before
    await say(hass, "hello")
    assert figures(hass)[:2] == (3, 1)


async def test_counters_survive_a_stop(hass: HomeAssistant, sim: Simulator, entry, hass_storage):
    """Home Assistant doesn't unload its entries then."""
    await say(hass, "hello")
    await hass.async_stop(force=True)
    assert hass_storage[f"ollama.usage.{entry.entry_id}"]["data"]["all"]["requests"] == 1


async def test_counters_survive_a_crash(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry, hass_storage
):
    await say(hass, "hello")
    await clock.wait(61)
    await restart(hass, entry, hass_storage, crash=True)
    assert state(hass, REQUESTS) == "1"


async def test_busy_home_is_saved_too(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry, hass_storage
):
    """A request every half a minute doesn't put it off."""
    for _ in range(10):
        await say(hass, "hello")
        await clock.wait(30)
    await restart(hass, entry, hass_storage, crash=True)
    assert int(state(hass, REQUESTS)) >= 8


@pytest.mark.parametrize(
    "saved",
    [
        None,
        [],
        "nonsense",
        {},
        {"day": "yesterday"},
        {"day": 20261103, "all": {"requests": 5}},
        {"day": "2026-11-03", "all": {"requests": "many", "errors": -1, "prompt_tokens": None}},
        {"day": "2026-11-03", "all": [], "by_agent": {"x": 1}},
    ],
)
async def test_spoilt_file(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry, hass_storage, saved: Any, caplog
):
    await hass.config_entries.async_unload(entry.entry_id)
    hass_storage[f"ollama.usage.{entry.entry_id}"] = {"version": 1, "data": saved}
    await restart_unloaded(hass, entry)
    assert figures(hass) == (0, 0, 0)
    await say(hass, "hello")
    assert state(hass, REQUESTS) == "1"
    assert problems(caplog) == []


async def restart_unloaded(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    del hass.data[DATA_RECORDS]
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def test_file_of_yesterday(hass: HomeAssistant, clock: Clock, sim: Simulator, entry):
    await say(hass, "hello")
    assert state(hass, REQUESTS) == "1"
    assert await hass.config_entries.async_unload(entry.entry_id)
    await clock.wait(86_400)
    await restart_unloaded(hass, entry)
    assert state(hass, REQUESTS) == "0"


async def test_removed_server_leaves_no_file(
    hass: HomeAssistant, sim: Simulator, entry, hass_storage
):
    await say(hass, "hello")
    await hass.config_entries.async_reload(entry.entry_id)
    assert f"ollama.usage.{entry.entry_id}" in hass_storage
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert not [key for key in hass_storage if key.startswith("ollama")]


@dataclass(frozen=True)
class Midnight:
    """When a day begins where the clock is changed."""

    zone: str
    before: datetime
    """Some time of the day before."""
    at: datetime
    after: datetime
    """The next midnight."""


MIDNIGHTS = {
    "ordinary": Midnight(
        "US/Pacific",
        datetime(2026, 11, 4, 6, tzinfo=UTC),
        datetime(2026, 11, 4, 8, tzinfo=UTC),
        datetime(2026, 11, 5, 8, tzinfo=UTC),
    ),
    "day of 25 hours": Midnight(
        "Europe/Amsterdam",
        datetime(2026, 10, 24, 20, tzinfo=UTC),
        datetime(2026, 10, 24, 22, tzinfo=UTC),
        datetime(2026, 10, 25, 23, tzinfo=UTC),
    ),
    "day of 23 hours": Midnight(
        "Europe/Amsterdam",
        datetime(2027, 3, 27, 20, tzinfo=UTC),
        datetime(2027, 3, 27, 23, tzinfo=UTC),
        datetime(2027, 3, 28, 22, tzinfo=UTC),
    ),
    "day that begins at one o'clock": Midnight(
        "Africa/Cairo",
        datetime(2027, 4, 29, 20, tzinfo=UTC),
        datetime(2027, 4, 29, 22, tzinfo=UTC),
        datetime(2027, 4, 30, 21, tzinfo=UTC),
    ),
    "another one": Midnight(
        "Asia/Beirut",
        datetime(2027, 3, 27, 20, tzinfo=UTC),
        datetime(2027, 3, 27, 22, tzinfo=UTC),
        datetime(2027, 3, 28, 21, tzinfo=UTC),
    ),
    "last hour of the day twice": Midnight(
        "Africa/Cairo",
        datetime(2026, 10, 29, 19, tzinfo=UTC),
        datetime(2026, 10, 29, 22, tzinfo=UTC),
        datetime(2026, 10, 30, 22, tzinfo=UTC),
    ),
    "midnight twice": Midnight(
        "America/Havana",
        datetime(2026, 11, 1, 2, tzinfo=UTC),
        datetime(2026, 11, 1, 4, tzinfo=UTC),
        datetime(2026, 11, 2, 5, tzinfo=UTC),
    ),
    "half an hour": Midnight(
        "Australia/Lord_Howe",
        datetime(2026, 10, 3, 12, tzinfo=UTC),
        datetime(2026, 10, 3, 13, 30, tzinfo=UTC),
        datetime(2026, 10, 4, 13, tzinfo=UTC),
    ),
}


@pytest.mark.parametrize("midnight", MIDNIGHTS.values(), ids=MIDNIGHTS)
async def test_midnight(
    hass: HomeAssistant, clock: Clock, sim: Simulator, add_entry, midnight: Midnight
):
    await hass.config.async_set_time_zone(midnight.zone)
    clock.set(midnight.before)
    entry = await add_entry()
    # Thousands of polls would tell nothing here.
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await hass.config_entries.async_reload(entry.entry_id)
    assert datetime.fromisoformat(attribute(hass, REQUESTS, "last_reset")) < midnight.before

    await say(hass, "hello")
    await clock.wait_until(midnight.at - timedelta(seconds=2))
    assert state(hass, REQUESTS) == "1"
    await clock.wait_until(midnight.at + timedelta(seconds=2))
    assert figures(hass) == (0, 0, 0)
    for entity_id in (REQUESTS, ERRORS, TOKENS):
        last_reset = datetime.fromisoformat(attribute(hass, entity_id, "last_reset"))
        assert last_reset == midnight.at

    await say(hass, "hello")
    await clock.wait_until(midnight.after - timedelta(seconds=2))
    assert state(hass, REQUESTS) == "1"
    await clock.wait_until(midnight.after + timedelta(seconds=2))
    assert state(hass, REQUESTS) == "0"
    last_reset = datetime.fromisoformat(attribute(hass, REQUESTS, "last_reset"))
    assert last_reset == midnight.after
    assert state(hass, SPEED) != "unknown", "the last answer stays"


async def test_clock_that_is_set_back_over_midnight(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry
):
    """By minutes, as when a computer asks for the time: it isn't yesterday again."""
    clock.set(datetime(2026, 11, 4, 8, 0, 30, tzinfo=UTC))
    await say(hass, "hello")
    assert state(hass, REQUESTS) == "1"
    clock.set(datetime(2026, 11, 4, 7, 59, tzinfo=UTC))
    await say(hass, "hello")
    assert state(hass, REQUESTS) == "2"
    await clock.wait(300)
    assert state(hass, REQUESTS) == "2"


async def test_clock_that_was_far_ahead(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry, hass_storage
):
    """What was counted isn't lost, and the days go on."""
    clock.set(datetime(2031, 5, 5, 20, tzinfo=UTC))
    await say(hass, "hello")
    assert state(hass, REQUESTS) == "1"
    clock.set(LATE)
    await say(hass, "hello")
    assert state(hass, REQUESTS) == "2"
    await restart(hass, entry, hass_storage, crash=False)
    assert state(hass, REQUESTS) == "2"
    assert attribute(hass, REQUESTS, "last_reset").startswith("2026-11-03T00:00:00")
    await clock.wait(601)
    assert state(hass, REQUESTS) == "0"


@pytest.mark.parametrize("hours", [13, 200])
async def test_clock_that_is_set_ahead(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry, hours: int
):
    """Or a computer that slept: the day turns soon, though no timer was due."""
    await say(hass, "hello")
    # Nothing else is left to do that would look at the calendar.
    await clock.wait(70)
    clock.set(START + timedelta(hours=hours))
    await clock.wait(120)
    assert state(hass, REQUESTS) == "0"


async def test_clock_that_is_not_set_yet(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry, hass_storage
):
    """A small computer without a battery begins in 1970, and later it is today again."""
    await say(hass, "hello")
    assert await hass.config_entries.async_unload(entry.entry_id)
    clock.set(datetime(1970, 1, 2, tzinfo=UTC))
    await restart_unloaded(hass, entry)
    assert state(hass, REQUESTS) == "1"
    await say(hass, "hello")
    clock.set(START + timedelta(hours=1))
    await clock.wait(120)
    assert state(hass, REQUESTS) == "2"


async def test_time_zone_that_is_changed(hass: HomeAssistant, clock: Clock, sim: Simulator, entry):
    """The new zone's midnight counts."""
    clock.set(datetime(2026, 11, 3, 22, 50, tzinfo=UTC))
    await say(hass, "hello")
    await hass.config.async_update(time_zone="Europe/Amsterdam")
    midnight = datetime(2026, 11, 4, tzinfo=ZoneInfo("Europe/Amsterdam"))
    await clock.wait_until(midnight - timedelta(seconds=2))
    assert state(hass, REQUESTS) == "1"
    await clock.wait_until(midnight + timedelta(seconds=2))
    assert state(hass, REQUESTS) == "0"


async def test_time_zone_that_is_changed_to_the_west(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry
):
    """Where it is yesterday: the counters go on until midnight comes there, too."""
    await hass.config.async_update(time_zone="Europe/Amsterdam")
    clock.set(datetime(2026, 11, 3, 23, 30, tzinfo=UTC))
    await say(hass, "hello")
    began = attribute(hass, REQUESTS, "last_reset")
    assert began == "2026-11-04T00:00:00+01:00"
    await hass.config.async_update(time_zone="US/Pacific")
    await say(hass, "hello")
    assert state(hass, REQUESTS) == "2"
    assert datetime.fromisoformat(attribute(hass, REQUESTS, "last_reset")) == (
        datetime.fromisoformat(began)
    ), "nothing was reset"
    midnight = datetime(2026, 11, 4, 8, tzinfo=UTC)
    clock.set(midnight - timedelta(seconds=30))
    await clock.wait(100)
    assert state(hass, REQUESTS) == "0"
    assert datetime.fromisoformat(attribute(hass, REQUESTS, "last_reset")) == midnight


async def test_clock_that_was_a_day_ahead(hass: HomeAssistant, clock: Clock, sim: Simulator, entry):
    clock.set(START + timedelta(days=1))
    await clock.wait(70)
    await say(hass, "hello")
    assert state(hass, REQUESTS) == "1"
    clock.set(START)
    await say(hass, "hello")
    assert state(hass, REQUESTS) == "2"
    assert datetime.fromisoformat(attribute(hass, REQUESTS, "last_reset")) <= START
    # Nothing else is left to do that would look at the calendar.
    await press(hass)
    await clock.wait(70)
    midnight = datetime(2026, 11, 4, 8, tzinfo=UTC)
    clock.set(midnight - timedelta(seconds=30))
    await clock.wait(100)
    assert state(hass, REQUESTS) == "0"
    assert datetime.fromisoformat(attribute(hass, REQUESTS, "last_reset")) == midnight


# The device


def sw_version(hass: HomeAssistant, entry: MockConfigEntry) -> str | None:
    [device] = dr.async_get(hass).async_get_devices(identifiers={(DOMAIN, entry.entry_id)})
    return device.sw_version


async def test_version_of_the_device(hass: HomeAssistant, clock: Clock, stranger: Stranger):
    """It follows the server's, and the last known one stays while that is away."""
    entry = await add_server(hass, stranger.url)
    assert sw_version(hass, entry) == "0.32.15"
    stranger.say(version={"version": "0.33.0"})
    await clock.wait(61)
    assert sw_version(hass, entry) == "0.33.0"
    stranger.say(version=b"<html>")
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert state(hass, STATUS) == "off"
    assert sw_version(hass, entry) == "0.33.0"
    stranger.say(version={"version": "0.33.1"})
    await clock.wait(61)
    assert sw_version(hass, entry) == "0.33.1"


# What can be done


async def test_limit(hass: HomeAssistant, sim: Simulator, entry):
    before = dict(entry.options)
    runtime = entry.runtime_data
    await set_limit(hass, 1)
    assert state(hass, LIMIT) == "1"
    assert dict(entry.options) == {**before, "requests_per_hour": 1}
    await hass.async_block_till_done()
    assert entry.runtime_data is runtime, "not reloaded"

    assert speech(await say(hass, "hello")) == "The kitchen lamp is now on."
    assert "kitchen lamp" not in speech(await say(hass, "hello"))
    await set_limit(hass, 0)
    assert speech(await say(hass, "hello")) == "The kitchen lamp is now on."


async def test_limit_while_a_sentence_is_spoken(hass: HomeAssistant, sim: Simulator, entry):
    sim.script(Reply("One two three.", delay=0.2))
    talk = hass.async_create_task(say(hass, "hello"))
    async with asyncio.timeout(1):
        while not sim.chats:
            await asyncio.sleep(0.01)
    await set_limit(hass, 100)
    assert speech(await talk) == "One two three."
    assert len(sim.chats) == 1


@pytest.mark.parametrize("value", [10_001, -1])
async def test_limit_out_of_range(hass: HomeAssistant, entry, value: int):
    await set_limit(hass, 10_000)
    assert state(hass, LIMIT) == "10000"
    with pytest.raises(ServiceValidationError):
        await set_limit(hass, value)
    assert state(hass, LIMIT) == "10000"


@pytest.mark.parametrize(("value", "limit"), [(0.5, "1"), (0.001, "1"), (2.5, "3"), (0.0, "0")])
async def test_limit_is_a_whole_number(hass: HomeAssistant, entry, value: float, limit: str):
    """Less than one request an hour isn't as many as one likes."""
    await set_limit(hass, value)
    assert state(hass, LIMIT) == limit


async def test_limit_is_changed_elsewhere(hass: HomeAssistant, entry):
    hass.config_entries.async_update_entry(entry, options={**entry.options, "requests_per_hour": 7})
    await hass.async_block_till_done()
    assert state(hass, LIMIT) == "7"


async def set_limit(hass: HomeAssistant, value: float) -> None:
    await hass.services.async_call(
        "number", "set_value", {"entity_id": LIMIT, "value": value}, blocking=True
    )
    await hass.async_block_till_done()


async def press(hass: HomeAssistant) -> None:
    await hass.services.async_call("button", "press", {"entity_id": UNLOAD}, blocking=True)


async def test_unload_all(hass: HomeAssistant, sim: Simulator, add_entry):
    await add_entry(task={"model": THINKING_MODEL})
    await say(hass, "hello")
    await ask_for_data(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert set(sim.loaded) == {MODEL, THINKING_MODEL}
    await press(hass)
    assert sim.loaded == ()
    assert state(hass, LOADED) == "0"
    assert state(hass, GPU) == "0.0"
    assert figures(hass)[:2] == (2, 0), "it is no request of anybody's"


async def test_unload_nothing(hass: HomeAssistant, sim: Simulator, entry, caplog):
    await press(hass)
    assert state(hass, LOADED) == "0"
    assert problems(caplog) == []


async def test_unload_fails(hass: HomeAssistant, sim: Simulator, entry):
    await sim.stop()
    with pytest.raises(HomeAssistantError) as raised:
        await press(hass)
    assert raised.value.translation_domain == DOMAIN
    assert state(hass, STATUS) == "off"
    assert state(hass, UNLOAD) == "unavailable"


# A server that answers nonsense


@dataclass
class Stranger:
    """A server that says whatever it likes."""

    url: str
    answers: dict[str, bytes]

    def say(self, **answers: Any) -> None:
        """Let it answer to version, tags or ps with a value, or with bytes as they are."""
        for name, answer in answers.items():
            raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.answers[f"/api/{name}"] = raw


@pytest.fixture
async def stranger() -> AsyncGenerator[Stranger]:
    """Start one that makes sense, until it is told otherwise."""
    answers: dict[str, bytes] = {}

    async def answer(request: web.BaseRequest) -> web.Response:
        body = answers.get(request.path, b"{}")
        return web.Response(body=body, content_type="application/json")

    runner = web.ServerRunner(web.Server(answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    stranger = Stranger(f"http://127.0.0.1:{runner.addresses[0][1]}", answers)
    stranger.say(version={"version": "0.32.15"}, tags={"models": [GOOD]}, ps={"models": [GOOD]})
    yield stranger
    await runner.cleanup()


GOOD = {
    "name": "good:1b",
    "model": "good:1b",
    "size": 1_000_000_000,
    "size_vram": 500_000_000,
    "digest": "abc",
    "expires_at": "2026-11-03T21:00:00.123456789Z",
    "context_length": 4096,
    "details": {"parameter_size": "1B", "quantization_level": "Q8_0", "family": "llama"},
    "capabilities": ["completion"],
}


async def add_server(hass: HomeAssistant, url: str) -> MockConfigEntry:
    entry = MockConfigEntry(domain=DOMAIN, title=url, version=3, minor_version=3, data={"url": url})
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


def both(**changes: Any) -> dict[str, Any]:
    """Let both lists hold a good model, and one with something changed."""
    models = {"models": [GOOD, {**GOOD, "name": "odd:1b", "model": "odd:1b", **changes}]}
    return {"tags": models, "ps": models}


ODD: dict[str, dict[str, Any]] = {
    "no list": {"tags": {}, "ps": {}},
    "null": {"tags": {"models": None}, "ps": {"models": None}},
    "a text": {"tags": {"models": "none"}, "ps": {"models": 5}},
    "a list of oddities": {
        "tags": {"models": [None, 1, "x", [], {}, {"model": 5}]},
        "ps": {"models": [None, {"name": None}, {"name": " "}]},
    },
    "nothing but a name": {"tags": {"models": [{"name": "x"}]}, "ps": {"models": [{"name": "x"}]}},
    "negative sizes": both(size=-1, size_vram=-(2**70), context_length=-5),
    "huge sizes": both(size=10**400, size_vram=1e308, context_length=2**200),
    "texts for sizes": both(size="4 GB", size_vram=[], context_length={}),
    "booleans": both(size=True, size_vram=False, details=True, capabilities=True, expires_at=True),
    "no numbers": both(size=float("nan"), size_vram=float("inf"), context_length=float("-inf")),
    "year 0": both(expires_at="0000-01-01T00:00:00Z"),
    "year 1": both(expires_at="0001-01-01T00:00:00+14:00"),
    "year 2319": both(expires_at="2319-03-01T07:26:00.7+01:00"),
    "year 9999": both(expires_at="9999-12-31T23:59:59-12:00"),
    "no date": both(expires_at="tomorrow"),
    "a number for a date": both(expires_at=1_800_000_000),
    "a date without a zone": both(expires_at="2026-11-03T21:00:00"),
    "an odd zone": both(expires_at="2026-11-03T21:00:00+23:59"),
    "no details": both(details=None, capabilities=None, digest=None, remote_host=7),
    "details of another kind": both(
        details={"parameter_size": 7, "quantization_level": [], "family": {}},
        capabilities=["completion", None, 5, {}],
        remote_host="elsewhere",
    ),
    "a long name": both(name="n" * 5000, model="n" * 5000),
    "characters of all kinds": both(name="\u0000\u202e\n😀", model="\u0000\u202e\n😀"),
    "half a character": both(name="\ud800x", model="\ud800x", details={"family": "\udfff"}),
    "the same model twice": {"tags": {"models": [GOOD, GOOD]}, "ps": {"models": [GOOD, GOOD]}},
    "a version without end": {"version": {"version": "1" * 5000}},
    "an empty version": {"version": {"version": ""}},
    "a version of one's own": {"version": {"version": "my fork!"}},
    "half a character as version": {"version": {"version": "0.1\ud800"}},
    "a number as version": {"version": {"version": 5}},
    "half a number as version": {"version": {"version": 0.5}},
    "no version": {"version": {}},
    "no version but null": {"version": {"version": None}},
}
WRONG: dict[str, dict[str, Any]] = {
    "brackets without end": {"tags": b"[" * 100_000},
    "lists instead of objects": {"version": [], "tags": [], "ps": []},
    "neither version nor models": {"version": {}, "tags": {}},
    "null as version": {"version": b"null"},
    "nothing": {"version": b""},
    "no JSON": {"tags": b"<html>"},
    "no text": {"ps": b"\xff\xfe\x00"},
}


def assert_can_be_shown(hass: HomeAssistant) -> None:
    """Each state is one, and the web interface can be told of it."""
    for one in hass.states.async_all():
        assert len(one.state) <= 255
        assert json.loads(one.as_dict_json)
        assert one.as_compressed_state_json


@pytest.mark.parametrize("case", ODD.values(), ids=ODD)
async def test_odd_answer(
    hass: HomeAssistant, clock: Clock, stranger: Stranger, case: dict[str, Any], caplog
):
    """What makes sense in it is shown."""
    entry = await add_server(hass, stranger.url)
    await enable(hass, entry, MEMORY)
    stranger.say(**case)
    await clock.wait(61)
    assert state(hass, STATUS) == "on"
    for entity_id in (INSTALLED, LOADED):
        assert int(state(hass, entity_id)) == len(attribute(hass, entity_id, "models"))
    for entity_id in (MEMORY, GPU):
        assert float(state(hass, entity_id)) >= 0
    if "ps" in case and "good:1b" in str(case["ps"]):
        assert "good:1b" in [model["name"] for model in attribute(hass, LOADED, "models")]
    assert_can_be_shown(hass)

    # The same where Home Assistant starts with it.
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert state(hass, STATUS) == "on"
    assert_can_be_shown(hass)

    stranger.say(version={"version": "0.32.15"}, tags={"models": [GOOD]}, ps={"models": [GOOD]})
    await clock.wait(61)
    assert (state(hass, VERSION), state(hass, LOADED)) == ("0.32.15", "1")
    assert problems(caplog) == []


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
async def test_wrong_answer(
    hass: HomeAssistant, clock: Clock, stranger: Stranger, case: dict[str, Any], caplog
):
    """It is taken for no answer, until it is one."""
    await add_server(hass, stranger.url)
    stranger.say(**case)
    await clock.wait(61)
    assert state(hass, STATUS) == "off"
    assert state(hass, LOADED) == "unavailable"
    stranger.say(version={"version": "0.32.15"}, tags={"models": [GOOD]}, ps={"models": [GOOD]})
    await clock.wait(61)
    assert (state(hass, STATUS), state(hass, LOADED)) == ("on", "1")
    assert problems(caplog) == []


@pytest.mark.parametrize("version", [{}, {"version": None}, {"version": 5}])
async def test_new_server_without_a_version(hass: HomeAssistant, stranger: Stranger, version: Any):
    """What has never been loaded may be anything: its version tells that it is Ollama."""
    stranger.say(version=version)
    entry = MockConfigEntry(
        domain=DOMAIN, title="x", version=3, minor_version=3, data={"url": stranger.url}
    )
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR


async def test_version_that_is_odd(hass: HomeAssistant, clock: Clock, stranger: Stranger):
    """It is unknown then, and the device keeps the last one."""
    entry = await add_server(hass, stranger.url)
    stranger.say(version={"version": 5})
    await clock.wait(61)
    assert (state(hass, VERSION), state(hass, LOADED)) == ("unknown", "1")
    assert sw_version(hass, entry) == "0.32.15"


async def test_memory_of_a_half_good_list(hass: HomeAssistant, clock: Clock, stranger: Stranger):
    """An odd size counts as none."""
    await add_server(hass, stranger.url)
    stranger.say(**both(size_vram="much"))
    await clock.wait(61)
    assert state(hass, LOADED) == "2"
    assert state(hass, GPU) == "0.5"


async def test_thousand_models(hass: HomeAssistant, clock: Clock, stranger: Stranger, caplog):
    entry = await add_server(hass, stranger.url)
    await enable(hass, entry, MEMORY)
    names = [f"model-{number}:{number}b" for number in range(1000)]
    models = {"models": [{**GOOD, "name": name, "model": name} for name in names]}
    stranger.say(tags=models, ps=models)
    began = now()
    await clock.wait(61)
    assert now() - began < 2
    for entity_id in (INSTALLED, LOADED):
        assert state(hass, entity_id) == "1000"
        assert [model["name"] for model in attribute(hass, entity_id, "models")] == names
    assert state(hass, GPU) == "500.0"
    assert state(hass, MEMORY) == "1000.0"
    assert_can_be_shown(hass)
    assert problems(caplog) == []

    # A poll that brings nothing new writes nothing.
    before = hass.states.get(INSTALLED).last_reported
    began = now()
    await clock.wait(61)
    assert now() - began < 2
    assert hass.states.get(INSTALLED).last_reported == before


def now() -> float:
    """Seconds of the real clock."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)
