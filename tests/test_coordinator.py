"""When a server is asked what it holds, and what is told when it is away."""

import asyncio
from collections.abc import Generator
from datetime import UTC, datetime
import logging

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util.async_ import get_scheduled_timer_handles
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ollama.const import DOMAIN
from simulator import Fault, Reply, Simulator

from .common import MODEL, PLAIN_MODEL, say, speech
from .passing_time import Clock, passing_time

STATUS = "binary_sensor.ollama_status"
OF_THE_SERVER = (
    "sensor.ollama_installed_models",
    "sensor.ollama_loaded_models",
    "sensor.ollama_gpu_memory",
    "sensor.ollama_version",
    "button.ollama_unload_models",
)
KEPT_HERE = (
    STATUS,
    "number.ollama_requests_per_hour",
    "sensor.ollama_requests_today",
    "sensor.ollama_errors_today",
    "sensor.ollama_tokens_today",
    "sensor.ollama_response_time",
    "sensor.ollama_time_to_first_token",
    "sensor.ollama_tokens_per_second",
)
ALL = ["/api/version", "/api/tags", "/api/ps"]
VERSION, _, LOADED = ALL
LOGGER = "custom_components.ollama.coordinator"


@pytest.fixture
def clock(hass: HomeAssistant) -> Generator[Clock]:
    """Take the time into the test's hands."""
    with passing_time(hass, datetime(2026, 11, 3, 20, tzinfo=UTC)) as clock:
        yield clock


class Polls:
    """What a server is asked from now on, and when."""

    def __init__(self, sim: Simulator, clock: Clock) -> None:
        self._sim = sim
        self._clock = clock
        self._since = len(sim.requests)
        self._began = clock.time()

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self._sim.requests[self._since :]]

    @property
    def by_second(self) -> dict[int, list[str]]:
        """The paths by the seconds since then."""
        found: dict[int, list[str]] = {}
        for request in self._sim.requests[self._since :]:
            second = round(request.timings.received_at - self._began)
            found.setdefault(second, []).append(request.path)
        return found

    @property
    def seconds(self) -> list[int]:
        return list(self.by_second)


def assert_seconds(found: list[int], expected: list[int]) -> None:
    """Timers fire on a fraction of a second of their own, which moves them by one or two."""
    assert len(found) == len(expected), found
    assert all(abs(one - other) <= 2 for one, other in zip(found, expected, strict=True)), found


def states(hass: HomeAssistant, *entity_ids: str) -> set[str]:
    return {hass.states.get(entity_id).state for entity_id in entity_ids}


def told(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[tuple[str, int]]:
    """Where something was logged about the server, and how loudly."""
    return [
        (record.name, record.levelno)
        for record in caplog.records
        if record.name.startswith("custom_components.ollama") and record.levelno >= level
    ]


async def test_idle_server_is_asked_once_a_minute(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry
):
    polls = Polls(sim, clock)
    await clock.wait(302)
    assert_seconds(polls.seconds, [60, 120, 180, 240, 300])
    assert all(paths == ALL for paths in polls.by_second.values())


async def test_setting_up_asks_each_once(hass: HomeAssistant, sim: Simulator, add_entry):
    await add_entry()
    assert [request.path for request in sim.requests] == ALL


async def test_loaded_models_are_asked_for_more_often(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry
):
    await say(hass, "hello")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.states.get("sensor.ollama_loaded_models").state == "1"
    polls = Polls(sim, clock)
    await clock.wait(182)
    assert_seconds(polls.seconds, list(range(15, 181, 15)))
    full = [second for second, paths in polls.by_second.items() if paths == ALL]
    assert_seconds(full, [60, 120, 180])
    others = [paths for paths in polls.by_second.values() if paths != ALL]
    assert others == [[LOADED]] * 9


async def test_answer_shows_what_is_loaded_at_once(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry
):
    """With a single question, and none where the model was known to be loaded."""
    polls = Polls(sim, clock)
    await say(hass, "hello")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.states.get("sensor.ollama_loaded_models").state == "1"
    assert [path for path in polls.paths if path in ALL] == [LOADED]
    await say(hass, "hello again")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [path for path in polls.paths if path in ALL] == [LOADED]


async def test_model_that_expires(hass: HomeAssistant, clock: Clock, sim: Simulator, add_entry):
    await add_entry(agent={"keep_alive": 40})
    await say(hass, "hello")
    await clock.wait(30)
    assert hass.states.get("sensor.ollama_loaded_models").state == "1"
    await clock.wait(26)
    assert sim.loaded == ()
    assert hass.states.get("sensor.ollama_loaded_models").state == "0"

    polls = Polls(sim, clock)
    await clock.wait(122)
    assert len(polls.seconds) == 2, "once a minute again"


async def test_model_that_somebody_else_deletes(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry
):
    before = int(hass.states.get("sensor.ollama_installed_models").state)
    sim.remove("llama3:8b")
    await clock.wait(61)
    assert hass.states.get("sensor.ollama_installed_models").state == str(before - 1)


async def test_away_and_back(hass: HomeAssistant, clock: Clock, sim: Simulator, entry, caplog):
    """Only the lightest question is asked meanwhile, less and less often."""
    await say(hass, "hello")
    await hass.async_block_till_done(wait_background_tasks=True)
    before = {entity_id: hass.states.get(entity_id).state for entity_id in KEPT_HERE}
    sim.fault(Fault.HTTP_503, times=None)
    await clock.wait(16)
    assert states(hass, STATUS) == {"off"}
    assert states(hass, *OF_THE_SERVER) == {"unavailable"}
    for entity_id in set(KEPT_HERE) - {STATUS}:
        assert hass.states.get(entity_id).state == before[entity_id]
    assert told(caplog) == [(LOGGER, logging.WARNING)]

    polls = Polls(sim, clock)
    await clock.wait(1400)
    assert set(polls.paths) == {VERSION}
    gaps = [one - other for other, one in zip(polls.seconds, polls.seconds[1:], strict=False)]
    assert_seconds([polls.seconds[0], *gaps], [15, 30, 60, 120, 240, 300, 300, 300])
    assert told(caplog) == [(LOGGER, logging.WARNING)]
    assert states(hass, *OF_THE_SERVER) == {"unavailable"}

    sim.clear_faults()
    polls = Polls(sim, clock)
    await clock.wait(301)
    assert polls.paths[:3] == ALL
    assert states(hass, STATUS) == {"on"}
    assert "unavailable" not in states(hass, *OF_THE_SERVER)
    assert told(caplog) == [(LOGGER, logging.WARNING), (LOGGER, logging.INFO)]


async def test_away_again_begins_with_short_intervals(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry, caplog
):
    for _ in range(2):
        sim.fault(Fault.HTTP_500, times=None)
        await clock.wait(200)
        assert states(hass, STATUS) == {"off"}
        sim.clear_faults()
        await clock.wait(121)
        assert states(hass, STATUS) == {"on"}
    assert told(caplog) == [(LOGGER, logging.WARNING), (LOGGER, logging.INFO)] * 2

    sim.fault(Fault.HTTP_500, times=None)
    await clock.wait(61)
    polls = Polls(sim, clock)
    await clock.wait(16)
    assert len(polls.seconds) == 1


async def test_another_reason_is_no_news(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry, caplog
):
    await sim.stop()
    await clock.wait(61)
    await sim.start()
    for fault in (Fault.GARBAGE, Fault.NOT_OLLAMA, Fault.HTTP_403_EMPTY):
        sim.fault(fault)
    await clock.wait(120)
    assert told(caplog) == [(LOGGER, logging.WARNING)]
    assert "cannot be reached" in caplog.text


@pytest.mark.parametrize("path", ["/api/tags", "/api/ps"])
async def test_half_an_answer_is_none(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry, caplog, path: str
):
    """A server that tells its version and nothing else is no good."""
    sim.fault(Fault.HTTP_500, path=path, times=None)
    await clock.wait(400)
    assert states(hass, STATUS) == {"off"}
    assert told(caplog) == [(LOGGER, logging.WARNING)]
    sim.clear_faults()
    await clock.wait(300)
    assert states(hass, STATUS) == {"on"}


async def test_server_that_hangs(hass: HomeAssistant, clock: Clock, sim: Simulator, entry, caplog):
    sim.fault(Fault.HANG, path=VERSION, times=1)
    await clock.wait(62)
    assert states(hass, STATUS) == {"off"}
    assert told(caplog) == [(LOGGER, logging.WARNING)]
    await clock.wait(16)
    assert states(hass, STATUS) == {"on"}


async def test_failed_sentence_shows_it_at_once(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry, caplog
):
    await sim.stop()
    await say(hass, "hello")
    assert states(hass, STATUS) == {"off"}
    assert states(hass, *OF_THE_SERVER) == {"unavailable"}
    assert told(caplog) == [(LOGGER, logging.WARNING)]
    await say(hass, "hello")
    await clock.wait(40)
    assert told(caplog) == [(LOGGER, logging.WARNING)]

    await sim.start()
    await clock.wait(60)
    assert states(hass, STATUS) == {"on"}
    assert told(caplog) == [(LOGGER, logging.WARNING), (LOGGER, logging.INFO)]


async def test_failed_sentence_is_looked_into_soon(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry
):
    """A connection that broke once doesn't keep the sensors away for long."""
    sim.fault(Fault.CUT_MID_STREAM, path="/api/chat", times=2)
    await say(hass, "hello")
    assert states(hass, STATUS) == {"off"}
    polls = Polls(sim, clock)
    await clock.wait(16)
    assert polls.paths[:3] == ALL
    assert states(hass, STATUS) == {"on"}


async def test_error_of_the_model_is_no_outage(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry, caplog
):
    sim.script(Reply(error="out of memory"))
    await say(hass, "hello")
    assert states(hass, STATUS) == {"on"}
    assert not told(caplog)


async def test_answered_sentence_shows_it_at_once(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry
):
    """However long the wait for the next look would have been."""
    await say(hass, "hello")
    await hass.async_block_till_done(wait_background_tasks=True)
    await sim.stop()
    await clock.wait(2000)
    assert states(hass, STATUS) == {"off"}
    await sim.start()
    polls = Polls(sim, clock)
    assert speech(await say(hass, "hello")) == "The kitchen lamp is now on."
    await hass.async_block_till_done(wait_background_tasks=True)
    assert states(hass, STATUS) == {"on"}
    assert "unavailable" not in states(hass, *OF_THE_SERVER)
    assert [path for path in polls.paths if path in ALL] == ALL
    await clock.wait(16)
    assert polls.paths[-1] == LOADED


async def test_away_when_home_assistant_starts(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry, caplog
):
    assert await hass.config_entries.async_unload(entry.entry_id)
    await sim.stop()
    caplog.clear()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert states(hass, STATUS) == {"off"}
    assert states(hass, *OF_THE_SERVER) == {"unavailable"}
    assert "unavailable" not in states(hass, *KEPT_HERE)
    await clock.wait(100)
    assert [level for _, level in told(caplog)] == [logging.WARNING]

    await sim.start()
    await clock.wait(121)
    assert states(hass, STATUS) == {"on"}
    assert "unavailable" not in states(hass, *OF_THE_SERVER)
    assert [level for _, level in told(caplog)] == [logging.WARNING, logging.INFO]


async def test_refused_key_asks_for_a_new_one(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry, caplog
):
    sim.fault(Fault.HTTP_401, times=None)
    await clock.wait(61)
    [flow] = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_confirm"
    assert flow["context"]["entry_id"] == entry.entry_id
    assert states(hass, STATUS) == {"off"}
    assert told(caplog) == [(LOGGER, logging.WARNING)]

    await say(hass, "hello")
    await clock.wait(600)
    assert len(hass.config_entries.flow.async_progress()) == 1
    assert told(caplog) == [(LOGGER, logging.WARNING)]

    # It was the proxy's mistake: the first answer shows that all is well.
    sim.clear_faults()
    await say(hass, "hello")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert states(hass, STATUS) == {"on"}
    polls = Polls(sim, clock)
    await clock.wait(16)
    assert polls.paths == [LOADED]


async def test_no_polling_where_the_owner_switched_it_off(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry
):
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await hass.config_entries.async_reload(entry.entry_id)
    polls = Polls(sim, clock)
    await clock.wait(600)
    assert polls.paths == []
    await hass.services.async_call(
        "homeassistant", "update_entity", {"entity_id": STATUS}, blocking=True
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert polls.paths == ALL


async def test_nothing_after_unloading(hass: HomeAssistant, clock: Clock, sim: Simulator, entry):
    await say(hass, "hello")
    await clock.wait(20)
    assert await hass.config_entries.async_unload(entry.entry_id)
    left = [
        repr(timer)
        for timer in get_scheduled_timer_handles(hass.loop)
        if not timer.cancelled() and ("ollama" in repr(timer) or "Coordinator" in repr(timer))
    ]
    assert left == []
    polls = Polls(sim, clock)
    await clock.wait(600)
    assert polls.paths == []


@pytest.mark.parametrize("path", ALL)
async def test_unloading_while_the_server_is_asked(
    hass: HomeAssistant, sim: Simulator, entry, caplog, path: str
):
    sim.fault(Fault.HANG, path=path)
    since = len(sim.requests)
    asking = hass.async_create_background_task(
        entry.runtime_data.coordinator.async_ask_again(), "poll"
    )
    async with asyncio.timeout(1):
        while path not in [request.path for request in sim.requests[since:]]:
            await asyncio.sleep(0.01)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await asking
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_reloading_while_it_is_away(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry, caplog
):
    """A reload looks at once, and begins with short intervals."""
    await sim.stop()
    await clock.wait(2000)
    await sim.start()
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert states(hass, STATUS) == {"on"}
    assert hass.states.get("sensor.ollama_version").state == "0.32.15"
    await say(hass, "hello")
    await hass.async_block_till_done(wait_background_tasks=True)
    attributes = hass.states.get("sensor.ollama_loaded_models").attributes
    assert [model["name"] for model in attributes["models"]] == [MODEL]


async def test_asked_again_during_a_poll(hass: HomeAssistant, clock: Clock, sim: Simulator, entry):
    """A model that is deleted while the models are being listed isn't shown any longer."""
    coordinator = entry.runtime_data.coordinator
    before = len(coordinator.data.installed)
    sim.fault(Fault.SLOW_DRIP, path=LOADED, delay=0.01)
    coordinator.async_ask_all_next()
    poll = hass.async_create_task(coordinator.async_refresh())
    async with asyncio.timeout(1):
        while sim.requests[-1].path != LOADED:
            await asyncio.sleep(0.005)
    sim.remove(PLAIN_MODEL)
    await coordinator.async_ask_again()
    await poll
    assert len(coordinator.data.installed) == before - 1


async def test_no_password_in_the_log(hass: HomeAssistant, sim: Simulator, caplog):
    """The title of an entry of core's is its address, with whatever stands in it."""
    url = f"http://joe:sesame@127.0.0.1:{sim.port}"
    entry = MockConfigEntry(domain=DOMAIN, title=url, version=3, minor_version=3, data={"url": url})
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await sim.stop()
    await entry.runtime_data.coordinator.async_ask_again()
    assert await hass.config_entries.async_reload(entry.entry_id)
    written = [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("custom_components.ollama")
    ]
    assert any("is not available" in line for line in written)
    assert not any("sesame" in line for line in written)


async def test_event_of_somebody_else(hass: HomeAssistant, entry):
    """Anybody may fire an event of this name."""
    hass.bus.async_fire("ollama_pull_progress", {})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data.coordinator.last_update_success
