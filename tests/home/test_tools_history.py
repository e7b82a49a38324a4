"""What a value was, from a recorder in memory."""

from datetime import timedelta
import threading
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.components.recorder import get_instance, statistics
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers import llm
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.ollama.home import API_ID, async_register

from .conftest import llm_context


@pytest.fixture(autouse=True)
def _custom_integration(recorder_mock: Any, enable_custom_integrations: None) -> None:
    """Start the recorder first of all."""


async def ask(hass: HomeAssistant, **arguments: Any) -> llm.ToolResult:
    """Ask for the past."""
    api = await llm.async_get_api(hass, API_ID, llm_context())
    return await api.async_call_tool(llm.ToolInput("get_history", arguments))


async def test_history(hass: HomeAssistant, freezer: Any) -> None:
    async_register(hass)
    attributes = {"friendly_name": "Outdoor temperature", "unit_of_measurement": "°F",
                  "device_class": "temperature", "state_class": "measurement"}  # fmt: skip
    hass.states.async_set("sensor.outdoor", "50", attributes)
    hass.states.async_set("sensor.level", "nan", {"friendly_name": "Level"})
    # Later than the recorder's start, before which it knows nothing.
    now = dt_util.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=3)
    for place, state in enumerate(("off", "on", "off")):
        freezer.move_to(now - timedelta(minutes=60 - 20 * place))
        hass.states.async_set(
            "binary_sensor.door", state, {"friendly_name": "Door", "device_class": "door"}
        )
        hass.states.async_set("sensor.level", str(10 * place), {"friendly_name": "Level"})
        await async_wait_recording_done(hass)
    freezer.move_to(now)
    for entity_id in ("sensor.outdoor", "sensor.level", "binary_sensor.door"):
        async_expose_entity(hass, "conversation", entity_id, True)
    # Last week's hours, in another unit than the one that is shown.
    midnight = now.replace(hour=0)
    monday = midnight - timedelta(days=midnight.weekday() + 7)
    async_import_statistics(
        hass,
        {"source": "recorder", "statistic_id": "sensor.outdoor", "name": None,
         "unit_of_measurement": "°C", "unit_class": "temperature", "has_sum": False,
         "mean_type": StatisticMeanType.ARITHMETIC},
        [{"start": monday + timedelta(hours=hour), "mean": 10.0 + hour, "min": 5.0, "max": 20.0}
         for hour in range(3)],
    )  # fmt: skip
    await async_wait_recording_done(hass)

    threads = []
    real = statistics.statistics_during_period

    def seen(*args: Any, **kwargs: Any) -> Any:
        threads.append(threading.current_thread())
        return real(*args, **kwargs)

    statistics.statistics_during_period, restore = seen, real
    try:
        result = await ask(hass, name="outdoor temperature", period="last week")
    finally:
        statistics.statistics_during_period = restore
    assert not result.error, result.data
    assert (result.data["lowest"], result.data["highest"]) == (41.0, 68.0)
    assert result.data["mean"] == 51.8
    assert result.data["unit"] == "°F"
    assert threads
    assert threading.main_thread() not in threads

    # What has no statistics is read from its states.
    data = (await ask(hass, entity_id="sensor.level", hours=2)).data
    assert (data["lowest"], data["highest"], data["first"], data["last"]) == (0, 20, 0, 20)
    data = (await ask(hass, name="door", period="50 minutes")).data
    assert "changes" in data, data
    assert [change["state"] for change in data["changes"]] == ["closed", "open", "closed"]
    assert data["minutes"] == {"closed": 30, "open": 20}
    start = (now - timedelta(minutes=30)).isoformat()
    data = (await ask(hass, name="door", start=start, end="now")).data
    assert data["minutes"] == {"open": 10, "closed": 20}

    assert "not come yet" in (await ask(hass, name="door", period="2099-01-01")).data["error"]
    assert (
        "Nothing was recorded" in (await ask(hass, name="door", period="2001-01-01")).data["error"]
    )
    assert "last night" in (await ask(hass, name="door", period="the war")).data["error"]
    assert (await ask(hass, name="everything")).data["candidates"]
    assert (await ask(hass, name="Cellar temperature xyz")).error
    assert get_instance(hass) is not None
