"""Limits of requests, as people and automations meet them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import conversation
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)

from simulator import Fault, Reply, Simulator, ToolCall

from .common import TASK, say, speech
from .policy_home import FRONT, AddAgent, agent_data, furnish

HOUR = 3600
PROCESSED = "ollama_query_processed"
LIMIT = "number.ollama_requests_per_hour"
SATELLITE = {"satellite_id": "assist_satellite.kitchen"}


@pytest.fixture(autouse=True)
def _frozen(freezer: FrozenDateTimeFactory) -> None:
    """Let time pass only where a test says so, on all clocks."""


@pytest.fixture
async def entry(add_entry: AddAgent) -> MockConfigEntry:
    """A server with an agent that only talks."""
    return await add_entry(agent={"llm_hass_api": []})


@pytest.fixture
def errors(hass: HomeAssistant) -> Callable[[], list[str | None]]:
    """Return a function that tells how each query since the last time has ended."""
    events = async_capture_events(hass, PROCESSED)

    def take() -> list[str | None]:
        found = [event.data["error"] for event in events]
        events.clear()
        return found

    return take


async def limit(hass: HomeAssistant, entry: MockConfigEntry, **options: float) -> None:
    """Set limits: per_hour, per_user, seconds."""
    keys = {
        "per_hour": "requests_per_hour",
        "per_user": "requests_per_hour_per_user",
        "seconds": "min_seconds_between_requests",
    }
    changes = {keys[key]: value for key, value in options.items()}
    hass.config_entries.async_update_entry(entry, options={**entry.options, **changes})
    await hass.async_block_till_done()


def free_at(seconds: float) -> str:
    """When it is free again, to the minute after that moment."""
    then = dt_util.utcnow() + timedelta(seconds=seconds, minutes=1)
    return dt_util.as_local(then).strftime("%H:%M")


def too_many(seconds: float) -> str:
    return f"There were too many requests in the last hour. Please ask again at {free_at(seconds)}."


def of(user: MockUser) -> dict[str, Context]:
    return {"context": Context(user_id=user.id)}


async def task_by(hass: HomeAssistant, context: Context | None = None) -> Any:
    return await hass.services.async_call(
        "ai_task",
        "generate_data",
        {"task_name": "test", "entity_id": TASK, "instructions": "Do it."},
        blocking=True,
        return_response=True,
        context=context,
    )


async def is_refused(asked: Awaitable[Any]) -> bool:
    """Ask, and return whether a limit was in the way."""
    try:
        result = await asked
    except HomeAssistantError as err:
        return err.translation_key in ("rate_limit", "too_soon")
    if not isinstance(result, conversation.ConversationResult):
        return False
    refused = result.response.error_code is not None
    assert refused is ("Please ask again" in speech(result))
    return refused


@pytest.fixture
def anna(hass: HomeAssistant) -> MockUser:
    return MockUser(name="Anna").add_to_hass(hass)


@pytest.fixture
def bert(hass: HomeAssistant) -> MockUser:
    return MockUser(name="Bert").add_to_hass(hass)


@pytest.fixture
def admin(hass: HomeAssistant) -> MockUser:
    return MockUser(name="Admin", is_owner=True).add_to_hass(hass)


# -- what is said --------------------------------------------------------------------


async def test_a_sentence(hass, sim: Simulator, entry, anna, errors, freezer):
    await limit(hass, entry, per_hour=2)
    assert not await is_refused(say(hass, "One.", **of(anna)))
    freezer.tick(600)
    assert not await is_refused(say(hass, "Two.", **of(anna)))
    result = await say(hass, "Three.", **of(anna))
    assert speech(result) == too_many(HOUR - 600)
    assert result.response.error_code
    assert not result.continue_conversation
    assert errors() == [None, None, "rate_limit"]
    assert len(sim.chats) == 2


async def test_a_task(hass, sim: Simulator, entry, errors):
    await limit(hass, entry, per_hour=1)
    await task_by(hass)
    sim.requests.clear()
    with pytest.raises(HomeAssistantError) as refused:
        await task_by(hass)
    assert refused.value.translation_domain == "ollama"
    assert refused.value.translation_key == "rate_limit"
    assert refused.value.translation_placeholders == {"time": free_at(HOUR)}
    assert str(refused.value) == too_many(HOUR).removesuffix(".")
    assert errors() == [None, "rate_limit"]
    # Not even what the model can do was asked for.
    assert sim.requests == []


@pytest.mark.parametrize("language", ["de", "es", "fr", "nl"])
async def test_in_the_language_of_the_sentence(
    hass, sim, entry, anna, component_path: Path, language: str
):
    texts: dict[str, Any] = {}
    for name in ("en", language):
        file = component_path / "translations" / f"{name}.json"
        texts |= json.loads(file.read_text(encoding="utf-8"))["exceptions"]
    await limit(hass, entry, per_hour=1, seconds=10)
    result = await say(hass, "One.", language=language, **of(anna))
    result = await say(hass, "Two.", language=language, **of(anna))
    assert speech(result) == texts["rate_limit"]["message"].format(time=free_at(HOUR))
    await limit(hass, entry, per_hour=0)
    result = await say(hass, "Two.", language=language, **of(anna))
    assert speech(result) == texts["too_soon"]["message"].format(seconds="10")


async def test_the_time_is_local(hass, sim, entry, anna):
    await hass.config.async_set_time_zone("Asia/Kathmandu")
    await limit(hass, entry, per_hour=1)
    await say(hass, "One.", **of(anna))
    refused = speech(await say(hass, "Two.", **of(anna)))
    local = dt_util.utcnow() + timedelta(hours=5 + 1, minutes=45 + 1)
    assert f"{local:%H:%M}." in refused


@pytest.mark.parametrize(
    ("now", "time"),
    [
        # In Los Angeles, a minute to two: three comes next, and two comes twice.
        ("2027-03-14 09:59:00+00:00", "04:00"),
        ("2027-11-07 08:59:00+00:00", "02:00"),
        ("2027-11-07 09:30:00+00:00", "02:31"),
    ],
)
async def test_the_clock_is_changed(hass, sim, add_entry, anna, freezer, now: str, time: str):
    freezer.move_to(now)
    await hass.config.async_set_time_zone("America/Los_Angeles")
    entry = await add_entry(agent={"llm_hass_api": []})
    await limit(hass, entry, per_hour=1)
    await say(hass, "One.", **of(anna))
    assert f"at {time}." in speech(await say(hass, "Two.", **of(anna)))


async def test_it_is_free_then(hass, sim, entry, anna, freezer):
    await limit(hass, entry, per_hour=1)
    await say(hass, "One.", **of(anna))
    freezer.tick(1234.5)
    refused = speech(await say(hass, "Two.", **of(anna)))
    told = dt_util.parse_time(refused.split()[-1].rstrip("."))
    then = dt_util.now().replace(hour=told.hour, minute=told.minute, second=0, microsecond=0)
    then += timedelta(days=1) if then < dt_util.now() else timedelta()
    freezer.tick((then - dt_util.now()).total_seconds())
    assert not await is_refused(say(hass, "Three.", **of(anna)))


async def test_a_sliding_hour(hass, sim: Simulator, entry, anna, freezer):
    await limit(hass, entry, per_hour=2)
    await say(hass, "At 0.", **of(anna))
    freezer.tick(1800)
    await say(hass, "At 1800.", **of(anna))
    freezer.tick(1799)
    assert speech(await say(hass, "At 3599.", **of(anna))) == too_many(1)
    freezer.tick(1)
    assert not await is_refused(say(hass, "At 3600.", **of(anna)))
    # What was refused has taken no place.
    assert speech(await say(hass, "Once more.", **of(anna))) == too_many(1800)
    assert len(sim.chats) == 3


# -- who is held to what -------------------------------------------------------------


async def test_each_user(hass, sim: Simulator, entry, anna, bert, errors):
    await limit(hass, entry, per_user=2)
    assert not await is_refused(say(hass, "One.", **of(anna)))
    assert not await is_refused(task_by(hass, **of(anna)))
    # However she asks, it is she.
    assert await is_refused(say(hass, "Three.", **of(anna), **SATELLITE))
    assert await is_refused(task_by(hass, **of(anna)))
    assert not await is_refused(say(hass, "One.", **of(bert)))
    assert not await is_refused(task_by(hass, **of(bert)))
    assert await is_refused(say(hass, "Three.", **of(bert)))
    assert errors() == [None, None, "rate_limit", "rate_limit", None, None, "rate_limit"]
    assert len(sim.chats) == 4
    # Who isn't known is held to the limit of all.
    for _ in range(3):
        assert not await is_refused(say(hass, "Hello.", **SATELLITE))
        assert not await is_refused(task_by(hass))


async def test_the_later_of_two_limits_is_told(hass, sim, entry, anna, bert, freezer):
    await limit(hass, entry, per_hour=2, per_user=1, seconds=5)
    await say(hass, "One.", **of(bert))
    freezer.tick(1000)
    await say(hass, "One.", **of(anna))
    assert speech(await say(hass, "Two.", **of(anna))) == too_many(HOUR)
    freezer.tick(5)
    assert speech(await say(hass, "Two.", **of(bert))) == too_many(HOUR - 1005)


async def test_admins_are_never_refused(hass, sim: Simulator, entry, admin, anna):
    await limit(hass, entry, per_hour=1, per_user=1, seconds=60)
    for _ in range(3):
        assert not await is_refused(say(hass, "Hello.", **of(admin)))
        assert not await is_refused(task_by(hass, **of(admin)))
    # They are counted all the same.
    assert await is_refused(say(hass, "Hello.", **of(anna)))
    assert len(sim.chats) == 6


@pytest.mark.parametrize("source", ["task", "sentence", "sentence of a trigger"])
async def test_automations_leave_some_for_people(hass, sim: Simulator, entry, source, errors):
    """One that has run wild leaves a tenth to the family."""

    async def automation() -> bool:
        if source == "task":
            return await is_refused(task_by(hass, Context()))
        # A trigger that was caused by something has a parent, one of the clock has none.
        parent = Context().id if source == "sentence of a trigger" else None
        return await is_refused(say(hass, "Hello.", context=Context(parent_id=parent)))

    await limit(hass, entry, per_hour=20)
    assert [await automation() for _ in range(20)] == [False] * 18 + [True] * 2
    assert [await is_refused(say(hass, "Hello.", **SATELLITE)) for _ in range(3)] == [
        False,
        False,
        True,
    ]
    assert len(sim.chats) == 20
    assert errors().count("rate_limit") == 3


async def test_people_may_use_it_all(hass, sim, entry, anna):
    await limit(hass, entry, per_hour=10)
    refused = [await is_refused(say(hass, "Hello.", **of(anna))) for _ in range(11)]
    assert refused == [False] * 10 + [True]
    assert await is_refused(task_by(hass))


# -- the least time between ----------------------------------------------------------


async def test_too_soon(hass, sim: Simulator, entry, anna, errors, freezer):
    await limit(hass, entry, seconds=10)
    assert not await is_refused(say(hass, "One.", **of(anna)))
    freezer.tick(7.7)
    refused = speech(await say(hass, "Two.", **of(anna)))
    assert refused == "That was too soon after the last request. Please ask again in 3 seconds."
    # It is true: then it is free, and not a moment earlier than was asked for.
    freezer.tick(2.2)
    # One second more than needed: a sentence with "1 seconds" is right in no language.
    assert "in 2 seconds." in speech(await say(hass, "Two.", **of(anna)))
    freezer.tick(0.8)
    assert not await is_refused(say(hass, "Two.", **of(anna)))
    assert errors() == [None, "too_soon", "too_soon", None]
    assert len(sim.chats) == 2


async def test_too_soon_after_rounding(hass, sim, entry, anna, freezer):
    """Who waits as long as was said is let through."""
    await limit(hass, entry, seconds=10)
    await say(hass, "One.", **of(anna))
    freezer.tick(7.6)
    refused = speech(await say(hass, "Two.", **of(anna)))
    freezer.tick(int(refused.split()[-2]))
    assert not await is_refused(say(hass, "Three.", **of(anna)))


async def test_a_task_too_soon(hass, sim: Simulator, entry):
    await limit(hass, entry, seconds=10)
    await task_by(hass)
    with pytest.raises(HomeAssistantError) as refused:
        await task_by(hass)
    assert refused.value.translation_key == "too_soon"
    assert refused.value.translation_placeholders == {"seconds": "10"}
    assert len(sim.chats) == 1


async def test_nobody_waits_for_others(hass, sim: Simulator, entry, anna, bert):
    await limit(hass, entry, seconds=10)
    other = {"satellite_id": "assist_satellite.bath"}
    for who in (of(anna), of(bert), SATELLITE, other, {"device_id": "phone"}):
        assert not await is_refused(say(hass, "Hello.", **who))
    assert not await is_refused(task_by(hass))
    for who in (of(anna), of(bert), SATELLITE, other, {"device_id": "phone"}):
        assert await is_refused(say(hass, "Hello.", **who))
    assert len(sim.chats) == 6


# -- changing them -------------------------------------------------------------------


async def test_by_the_number(hass: HomeAssistant, sim: Simulator, entry, anna):
    runtime = entry.runtime_data
    assert hass.states.get(LIMIT).state == "0"

    async def choose(value: int) -> None:
        await hass.services.async_call(
            "number", "set_value", {"entity_id": LIMIT, "value": value}, blocking=True
        )
        await hass.async_block_till_done()
        assert hass.states.get(LIMIT).state == str(value)

    # What was asked before counts.
    await say(hass, "One.", **of(anna))
    await choose(1)
    assert await is_refused(say(hass, "Two.", **of(anna)))
    await choose(2)
    assert not await is_refused(say(hass, "Two.", **of(anna)))
    assert await is_refused(say(hass, "Three.", **of(anna)))
    await choose(0)
    assert not await is_refused(say(hass, "Three.", **of(anna)))
    assert entry.options["requests_per_hour"] == 0
    assert entry.runtime_data is runtime


async def test_by_the_form(hass: HomeAssistant, sim: Simulator, entry, anna):
    runtime = entry.runtime_data
    await say(hass, "One.", **of(anna))
    flows = hass.config_entries.options
    form = await flows.async_init(entry.entry_id)
    await flows.async_configure(
        form["flow_id"],
        {
            "limits": {
                "max_parallel": 1,
                "requests_per_hour": 50,
                "requests_per_hour_per_user": 1,
                "min_seconds_between_requests": 0.5,
            },
            "privacy": {
                "log_queries": "none",
                "allow_cloud_models": False,
                "allow_public_server": False,
            },
            "models": {},
        },
    )
    await hass.async_block_till_done()
    assert hass.states.get(LIMIT).state == "50"
    assert await is_refused(say(hass, "Two.", **of(anna)))
    assert not await is_refused(say(hass, "Two.", **SATELLITE))
    assert await is_refused(say(hass, "Three.", **SATELLITE))
    assert entry.runtime_data is runtime


async def test_a_reload_changes_nothing(hass, sim: Simulator, entry, anna, errors, freezer):
    await limit(hass, entry, per_hour=2, per_user=1, seconds=5)
    await say(hass, "One.", **of(anna))
    for _ in range(2):
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert speech(await say(hass, "Two.", **of(anna))) == too_many(HOUR)
    assert not await is_refused(say(hass, "Two.", **SATELLITE))
    assert errors() == [None, "rate_limit", "rate_limit", None]
    assert hass.states.get("sensor.ollama_requests_today").state == "2"
    freezer.tick(HOUR)
    assert not await is_refused(say(hass, "Three.", **of(anna)))


# -- once ----------------------------------------------------------------------------


async def test_what_is_refused_counts_nowhere(hass, sim: Simulator, entry, anna):
    await limit(hass, entry, per_hour=1)
    await say(hass, "One.", **of(anna))
    tokens = hass.states.get("sensor.ollama_tokens_today").state
    last = hass.states.get("sensor.ollama_response_time").state
    for _ in range(3):
        assert await is_refused(say(hass, "Two.", **of(anna)))
    assert hass.states.get("sensor.ollama_requests_today").state == "1"
    assert hass.states.get("sensor.ollama_errors_today").state == "0"
    assert hass.states.get("sensor.ollama_tokens_today").state == tokens
    assert hass.states.get("sensor.ollama_response_time").state == last


async def test_what_fails_counts_once(hass, sim: Simulator, entry, anna, errors):
    """It was asked, whatever became of it."""
    await limit(hass, entry, per_hour=2)
    sim.fault(Fault.HTTP_500, path="/api/chat", times=None)
    await say(hass, "One.", **of(anna))
    sim.clear_faults()
    assert not await is_refused(say(hass, "Two.", **of(anna)))
    assert await is_refused(say(hass, "Three.", **of(anna)))
    assert errors() == ["server_failed", None, "rate_limit"]


async def test_a_talk_with_tools_counts_once(hass, sim: Simulator, add_entry, kitchen_light, anna):
    entry = await add_entry()
    await limit(hass, entry, per_hour=2, per_user=2, seconds=0.5)
    sim.script(
        *[Reply(tool_calls=(ToolCall("HassTurnOn", {"name": "Kitchen light"}),))] * 3,
        Reply("It is on."),
    )
    result = await say(hass, "Turn on the light.", **of(anna))
    assert speech(result) == "It is on."
    assert len(sim.chats) == 4
    assert hass.states.get("sensor.ollama_requests_today").state == "1"


async def test_a_yes_is_no_request(hass, sim: Simulator, add_entry, admin, anna, errors):
    """A question that was asked may be answered, whatever the limits are."""
    home = await furnish(hass)
    entry = await add_entry(agent=agent_data())
    await limit(hass, entry, per_hour=1, seconds=3600)
    sim.script(Reply(tool_calls=(ToolCall("unlock", FRONT),)))
    result = await say(hass, "Unlock the front door.", **SATELLITE)
    talk = {"conversation_id": result.conversation_id, **SATELLITE}
    await say(hass, "Yes.", **talk)
    assert await home.done() == [("lock.unlock", "lock.front_door")]
    assert await is_refused(say(hass, "And the back door.", **talk))
    assert errors() == [None, None, "rate_limit"]


async def test_many_at_once(hass: HomeAssistant, sim: Simulator, entry, anna, bert, errors):
    await limit(hass, entry, per_hour=20, per_user=12)
    asked = [
        ask
        for number in range(15)
        for user in (anna, bert)
        for ask in (say(hass, f"Sentence {number}.", **of(user)), task_by(hass, **of(user)))
    ]
    refused = await asyncio.gather(*map(is_refused, asked))
    assert refused.count(False) == 20
    assert errors().count("rate_limit") == 40
    assert len(sim.chats) == 20
    assert hass.states.get("sensor.ollama_requests_today").state == "20"
    assert hass.states.get("sensor.ollama_errors_today").state == "0"


async def test_two_servers(hass: HomeAssistant, sim: Simulator, entry, anna):
    """Each has limits of its own."""
    async with Simulator() as other:
        second = MockConfigEntry(
            domain="ollama",
            title="Second",
            version=3,
            minor_version=3,
            data={"url": other.url},
            subentries_data=[
                {
                    "subentry_type": "conversation",
                    "title": "Second",
                    "unique_id": None,
                    "data": {"model": "qwen3:4b-instruct"},
                }
            ],
        )
        second.add_to_hass(hass)
        assert await hass.config_entries.async_setup(second.entry_id)
        await hass.async_block_till_done()
        await limit(hass, entry, per_hour=1, per_user=1)
        await say(hass, "One.", **of(anna))
        assert await is_refused(say(hass, "Two.", **of(anna)))
        for _ in range(2):
            assert not await is_refused(
                say(hass, "Hello.", agent_id="conversation.second", **of(anna))
            )
        assert (len(sim.chats), len(other.chats)) == (1, 2)
        assert await hass.config_entries.async_unload(second.entry_id)
