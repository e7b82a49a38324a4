"""Thousands of queries in one run: no memory is lost, and no count is wrong."""

import asyncio
from collections import Counter
from datetime import timedelta
import gc
import logging
import sys
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import ai_task
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_fire_time_changed,
)

from custom_components.ollama.server import Totals
from simulator import Reply, Simulator, ToolCall

from .common import MODEL, SAID, THINKING_MODEL, VISION_MODEL, say

AT_ONCE = 20
SECONDS = 40.0
"""Between two lots of queries: fast enough for one day, slow enough to forget old talks."""
USERS = 30

TALKER = "conversation.talker"
DOER = "conversation.doer"
TASK = "ai_task.task"
AGENTS = {
    TALKER: {"model": MODEL},
    DOER: {"model": THINKING_MODEL, "llm_hass_api": ["assist"]},
    TASK: {"model": VISION_MODEL},
}
# Of each ten queries: the entity, and what becomes of them.
KINDS = (
    *((TALKER, None), (TALKER, "server_failed"), (TALKER, "answer_cut")),
    *((DOER, None), (DOER, "tool"), (DOER, "tool"), (DOER, "tool")),
    *((TASK, None), (TASK, None), (TASK, "server_failed")),
)


def kind_of(number: int) -> tuple[str, str | None]:
    return KINDS[number % len(KINDS)]


def tokens_of(number: int) -> tuple[int, int]:
    """How many tokens the server says that it has read and generated for a query."""
    return 100 + number % 13, 1 + number % 7


def brain(request: Any) -> Reply:
    """Answer query number so and so as its kind wants."""
    number = int(SAID.sub("", request.last_user_text).split()[-1])
    _, becomes = kind_of(number)
    prompt, completion = tokens_of(number)
    counts = {"prompt_tokens": prompt, "completion_tokens": completion}
    if becomes == "server_failed":
        return Reply(error="out of memory")
    if becomes == "answer_cut":
        return Reply("One two three.", done=False)
    if becomes == "tool" and request.messages[-1]["role"] != "tool":
        tool = "intent__HassTurnOn" if number % 2 else "intent__HassTurnOff"
        return Reply(tool_calls=(ToolCall(tool, {"name": "Kitchen light"}),), **counts)
    return Reply(f"Answer {number}.", **counts)


def expected(number: int) -> Totals:
    """What a query counts."""
    _, becomes = kind_of(number)
    if becomes not in (None, "tool"):
        return Totals(requests=1, errors=1)
    # What calls a tool is asked again.
    times = 2 if becomes == "tool" else 1
    prompt, completion = tokens_of(number)
    return Totals(1, 0, times * prompt, times * completion)


class Ledger:
    """Adds up what the events tell, and keeps no event."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.open: dict[str, str] = {}
        self.twice = 0
        self.totals: dict[str, Totals] = {}
        self.errors: Counter[str | None] = Counter()
        self.users: Counter[str | None] = Counter()
        self.calls = 0
        self.wrong: list[str] = []
        hass.bus.async_listen("ollama_query_requested", self.begin)
        hass.bus.async_listen("ollama_query_processed", self.end)

    @callback
    def begin(self, event: Event) -> None:
        query_id = event.data["query_id"]
        self.twice += query_id in self.open
        self.open[query_id] = event.data["query"]

    @callback
    def end(self, event: Event) -> None:
        data = event.data
        if self.open.pop(data["query_id"], None) != data["query"]:
            self.wrong.append(data["query_id"])
        counted = Totals(
            1, int(data["error"] is not None), data["prompt_tokens"], data["completion_tokens"]
        )
        for key in (data["entity_id"], data["model"], data["source"]):
            self.totals[key] = self.totals.get(key, Totals()) + counted
        self.errors[data["error"]] += 1
        self.users[data["user_id"]] += 1
        self.calls += len(data["tool_calls"])
        number = int(data["query"].split()[-1])
        if data["error"] is None and data["response"] != f"Answer {number}.":
            self.wrong.append(data["query"])


async def ask(hass: HomeAssistant, number: int, users: list[MockUser]) -> None:
    """Make query number so and so; each third user is a satellite."""
    entity_id, becomes = kind_of(number)
    turn = number % USERS
    context = Context(user_id=None if turn % 3 == 2 else users[turn].id)
    if entity_id != TASK:
        await say(
            hass,
            f"Query {number}",
            agent_id=entity_id,
            context=context,
            satellite_id=f"assist_satellite.{turn}" if context.user_id is None else None,
        )
        return
    try:
        await ai_task.async_generate_data(
            hass,
            task_name="test",
            entity_id=TASK,
            instructions=f"Query {number}",
            context=context,
        )
    except HomeAssistantError as err:
        if err.translation_key != becomes:
            raise


async def let_pass(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    freezer.tick(seconds)
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


async def memory(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> int:
    """How many blocks of memory Python has in use, when all that is kept for a while is gone.

    A talk is kept for 5 minutes after its last sentence, a request for an hour.
    """
    for _ in range(10):
        await let_pass(hass, freezer, 400.0)
    # The stand-in for the disk remembers each time that the counters were saved.
    Store._async_write_data.reset_mock()
    for _ in range(3):
        gc.collect()
    return sys.getallocatedblocks()


async def _add(hass: HomeAssistant, sim: Simulator) -> MockConfigEntry:
    entry = MockConfigEntry(
        domain="ollama",
        title=sim.url,
        version=3,
        minor_version=3,
        data={"url": sim.url},
        options={"max_parallel": 4, "requests_per_hour": 10_000},
        subentries_data=[
            {
                "subentry_type": "ai_task_data" if entity_id == TASK else "conversation",
                "title": entity_id.partition(".")[2].title(),
                "unique_id": None,
                "data": data,
            }
            for entity_id, data in AGENTS.items()
        ],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


@pytest.mark.parametrize(
    ("total", "warm", "blocks"),
    [
        pytest.param(400, 200, 3_000, id="some"),
        pytest.param(10_000, 2_000, 4_000, id="many", marks=pytest.mark.slow),
    ],
)
@pytest.mark.timeout(400)
async def test_many_queries(
    hass: HomeAssistant,
    kitchen_light: str,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    total: int,
    warm: int,
    blocks: int,
):
    """From `warm` queries on, memory may grow by so many blocks: less than one for two queries."""
    # What is logged stays in the test's memory, and checks of the event loop take long.
    caplog.set_level(logging.ERROR)
    hass.loop.set_debug(False)
    # All in one day.
    morning = dt_util.start_of_local_day() + timedelta(days=1, minutes=5)
    freezer.move_to(morning.astimezone(dt_util.UTC))
    users = [MockUser(name=f"User {number}").add_to_hass(hass) for number in range(USERS)]
    for user in users:
        user.mock_policy({"entities": True})
    async with Simulator(parallel=4, brain=brain) as sim:
        entry = await _add(hass, sim)
        ledger = Ledger(hass)
        before = 0
        for start in range(0, total, AT_ONCE):
            if start == warm:
                before = await memory(hass, freezer)
            await asyncio.gather(
                *(ask(hass, number, users) for number in range(start, start + AT_ONCE))
            )
            sim.requests.clear()
            await let_pass(hass, freezer, SECONDS)
        grown = await memory(hass, freezer) - before

        wanted = {number: expected(number) for number in range(total)}
        _check_counts(hass, entry, ledger, wanted)
        assert grown < blocks
        await hass.config_entries.async_unload(entry.entry_id)


def _check_counts(
    hass: HomeAssistant, entry: MockConfigEntry, ledger: Ledger, wanted: dict[int, Totals]
) -> None:
    """Compare the events, the counters and the sensors with what had to come."""
    all_together = sum(wanted.values(), Totals())
    by_entity = {
        entity_id: sum(
            (counts for number, counts in wanted.items() if kind_of(number)[0] == entity_id),
            Totals(),
        )
        for entity_id in AGENTS
    }
    by_model = {AGENTS[entity_id]["model"]: counts for entity_id, counts in by_entity.items()}
    by_source = {
        "conversation": by_entity[TALKER] + by_entity[DOER],
        "ai_task": by_entity[TASK],
    }

    assert ledger.open == {}
    assert ledger.twice == 0
    assert ledger.wrong == []
    assert ledger.totals == by_entity | by_model | by_source
    became = Counter(kind_of(number)[1] for number in wanted)
    assert ledger.calls == became["tool"]
    assert ledger.errors == {
        None: became[None] + became["tool"],
        "server_failed": became["server_failed"],
        "answer_cut": became["answer_cut"],
    }
    assert ledger.users[None] == sum(number % USERS % 3 == 2 for number in wanted)

    day = entry.runtime_data.records.usage.day
    by_agent = {
        subentry.subentry_id: by_entity[entity_id]
        for entity_id, subentry in zip(AGENTS, entry.subentries.values(), strict=True)
    }
    assert day.all == all_together
    assert day.by_agent == by_agent
    assert day.by_model == by_model
    assert day.by_source == by_source

    shown = {
        what: int(hass.states.get(f"sensor.ollama_{what}_today").state)
        for what in ("requests", "errors", "tokens")
    }
    assert shown == {
        "requests": all_together.requests,
        "errors": all_together.errors,
        "tokens": all_together.tokens,
    }
    assert entry.runtime_data.server.queue.taken == 0
    assert entry.runtime_data.server.queue.waiting == 0
