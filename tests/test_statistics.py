"""What the recorder keeps of a server, for days and for years."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.components.recorder import get_instance, history, statistics
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from simulator import Reply, Simulator

from .common import say
from .passing_time import Clock, passing_time

REQUESTS = "sensor.ollama_requests_today"
TOKENS = "sensor.ollama_tokens_today"
SPEED = "sensor.ollama_tokens_per_second"
LOADED = "sensor.ollama_loaded_models"
INSTALLED = "sensor.ollama_installed_models"

# In the time zone of the tests, midnight is at 8:00 UTC.
START = datetime(2026, 11, 4, 7, 40, tzinfo=UTC)
FIVE_MINUTES = timedelta(minutes=5)


@pytest.fixture
def mock_recorder_before_hass(async_test_recorder: Any) -> None:
    """Prepare the database before Home Assistant starts."""


@pytest.fixture(autouse=True)
def _custom_integration(recorder_mock: Any, enable_custom_integrations: None) -> None:
    """Let Home Assistant load this integration: after the recorder, which loads others."""


@pytest.fixture
async def clock(hass: HomeAssistant, recorder_mock: Any) -> AsyncGenerator[Clock]:
    """Take the time into the test's hands."""
    assert await async_setup_component(hass, "sensor", {})
    await async_wait_recording_done(hass)
    with passing_time(hass, START) as clock:
        yield clock


async def compile_until(hass: HomeAssistant, clock: Clock, moment: datetime) -> None:
    """Let time pass, and the recorder sum up each five minutes when they are over."""
    while datetime.now(UTC) < moment:
        over = datetime.now(UTC).replace(second=0, microsecond=0)
        over -= timedelta(minutes=over.minute % 5)
        await clock.wait_until(over + FIVE_MINUTES)
        await async_wait_recording_done(hass)
        do_adhoc_statistics(hass, start=over)
        await async_wait_recording_done(hass)


async def kept(hass: HomeAssistant, entity_id: str) -> list[dict[str, Any]]:
    """The statistics of an entity, by five minutes."""
    found = await get_instance(hass).async_add_executor_job(
        statistics.statistics_during_period,
        hass,
        START - timedelta(days=1),
        None,
        {entity_id},
        "5minute",
        None,
        {"sum", "mean", "state", "last_reset"},
    )
    return found.get(entity_id, [])


async def test_sums_grow_over_midnight(hass: HomeAssistant, clock: Clock, sim: Simulator, entry):
    sim.set_brain(lambda request: Reply("Yes.", prompt_tokens=90, completion_tokens=10))
    await say(hass, "hello")
    await compile_until(hass, clock, START + timedelta(minutes=5))
    await say(hass, "hello")
    await say(hass, "hello")
    await compile_until(hass, clock, START + timedelta(minutes=25))
    assert hass.states.get(REQUESTS).state == "0"
    await say(hass, "hello")
    await compile_until(hass, clock, START + timedelta(minutes=35))

    rows = await kept(hass, REQUESTS)
    assert [row["state"] for row in rows] == [1, 3, 3, 3, 0, 1, 1]
    # What the first five minutes began with is where the sum begins.
    assert [row["sum"] - rows[0]["sum"] for row in rows] == [0, 2, 2, 2, 2, 3, 3]
    midnight = datetime(2026, 11, 4, 8, tzinfo=UTC).timestamp()
    assert [row["last_reset"] == midnight for row in rows] == [False] * 4 + [True] * 3
    tokens = await kept(hass, TOKENS)
    assert tokens[-1]["sum"] - tokens[0]["sum"] == 300


async def test_sums_over_a_change_of_the_time_zone(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry
):
    """It is the same day there, so that nothing begins anew."""
    for _ in range(2):
        await say(hass, "hello")
    await compile_until(hass, clock, START + timedelta(minutes=5))
    await hass.config.async_update(time_zone="America/Anchorage")
    await say(hass, "hello")
    await compile_until(hass, clock, START + timedelta(minutes=10))
    rows = await kept(hass, REQUESTS)
    assert [row["state"] for row in rows] == [2, 3]
    assert rows[1]["sum"] - rows[0]["sum"] == 1


async def test_means_of_measurements(hass: HomeAssistant, clock: Clock, sim: Simulator, entry):
    await say(hass, "hello")
    speed = float(hass.states.get(SPEED).state)
    await compile_until(hass, clock, START + timedelta(minutes=10))
    assert [row["mean"] for row in await kept(hass, SPEED)][-1] == pytest.approx(speed)
    assert [row["mean"] for row in await kept(hass, LOADED)][-1] == pytest.approx(1)


async def test_statistics_have_no_issues(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry, hass_ws_client: Any
):
    """Units and classes are those that the recorder takes."""
    await say(hass, "hello")
    await compile_until(hass, clock, START + timedelta(minutes=10))
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "recorder/validate_statistics"})
    assert (await client.receive_json())["result"] == {}
    await client.send_json_auto_id({"type": "recorder/list_statistic_ids"})
    known = {one["statistic_id"]: one for one in (await client.receive_json())["result"]}
    assert known[REQUESTS]["has_sum"]
    assert known[REQUESTS]["statistics_unit_of_measurement"] == "requests"
    assert known[SPEED]["mean_type"] == StatisticMeanType.ARITHMETIC
    assert known[SPEED]["statistics_unit_of_measurement"] == "tokens/s"


async def test_lists_of_models_are_not_kept(
    hass: HomeAssistant, clock: Clock, sim: Simulator, entry
):
    await say(hass, "hello")
    await clock.wait(20)
    await async_wait_recording_done(hass)
    found = await get_instance(hass).async_add_executor_job(
        history.get_significant_states,
        hass,
        START - timedelta(minutes=1),
        None,
        [INSTALLED, LOADED],
    )
    for entity_id in (INSTALLED, LOADED):
        assert hass.states.get(entity_id).attributes["models"]
        assert found[entity_id]
        assert all("models" not in one.attributes for one in found[entity_id])
