"""Prompts that are read before they are needed."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import Any

from homeassistant.components import conversation
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ollama.const import DATA_TIME_LIMITS
from simulator import Rates, RecordedRequest, Reply, Simulator

from .common import AGENT, MODEL, PLAIN_MODEL, ask_for_data, say, speech
from .conftest import SHORT_LIMITS
from .policy_home import AddAgent, agent_data
from .test_prefix import before_last_sentence

SOON = 0.05
SECOND = "You are the second."


@pytest.fixture(autouse=True)
def _soon(_no_priming_by_itself: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin in hundredths of a second."""
    for name in ("_AFTER_START", "_AFTER_CHANGE", "_AFTER_QUERY"):
        monkeypatch.setattr(f"custom_components.ollama.priming.{name}", SOON)


def primes(sim: Simulator) -> list[RecordedRequest]:
    return [request for request in sim.chats if request.body["options"].get("num_predict") == 1]


def asked(sim: Simulator) -> list[RecordedRequest]:
    return [request for request in sim.chats if request not in primes(sim)]


async def until(is_so: Callable[[], Any], seconds: float = 3.0) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.01)


async def quiet(sim: Simulator) -> None:
    """Wait until nothing more is read in advance."""
    count = -1
    while count != len(sim.chats):
        count = len(sim.chats)
        await asyncio.sleep(SOON * 4)


def system(request: RecordedRequest) -> str:
    return str(request.body["messages"][0]["content"])


async def add_second(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Add another agent of the same model, which reloads the entry."""
    hass.config_entries.async_add_subentry(
        entry,
        ConfigSubentry(
            data={"model": MODEL, "prompt": SECOND},  # type: ignore[arg-type]  # a plain mapping will do
            subentry_type="conversation",
            title="Second",
            unique_id=None,
        ),
    )
    await hass.async_block_till_done()


def expose_another(hass: HomeAssistant, number: int = 0) -> None:
    entity_id = f"light.new_{number}"
    hass.states.async_set(entity_id, "on", {"friendly_name": f"New lamp {number}"})
    async_expose_entity(hass, "conversation", entity_id, True)


async def prepare(hass: HomeAssistant, agent: str = AGENT) -> None:
    """Begin to speak, as a pipeline tells it."""
    await conversation.async_prepare_agent(hass, agent, "en")


async def test_what_is_read_is_what_is_asked(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    """Byte for byte up to the sentence, so that the server finds it again."""
    await add_entry(agent=agent_data())
    await until(lambda: primes(sim))
    sim.script(Reply("Fine."))
    await say(hass, "How are you?")
    (question,) = asked(sim)
    prime = primes(sim)[0]
    options = {**question.body["options"], "num_predict": 1}
    prime.body["options"].pop("num_predict")
    assert before_last_sentence(prime) == before_last_sentence(question)
    assert options["num_predict"] == 1
    for key in ("think", "keep_alive", "model"):
        assert prime.body.get(key) == question.body.get(key)


@pytest.mark.parametrize("model", [MODEL, PLAIN_MODEL])
async def test_the_server_has_it_in_memory(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light, model: str
):
    await add_entry(agent=agent_data() | {"model": model})
    await until(lambda: primes(sim))
    await quiet(sim)
    sim.script(Reply('{"say": "Fine."}') if model == PLAIN_MODEL else Reply("Fine."))
    await say(hass, "How are you?")
    question = asked(sim)[0]
    assert question.cached_tokens > question.prompt_tokens * 0.8


async def test_who_begins_to_speak(
    hass: HomeAssistant,
    add_entry: AddAgent,
    sim: Simulator,
    kitchen_light,
    monkeypatch: pytest.MonkeyPatch,
):
    # Nobody goes on to say anything here, which the task would wait for.
    monkeypatch.setattr("custom_components.ollama.priming._LONGEST_SENTENCE", SOON)
    await add_entry(agent=agent_data())
    await quiet(sim)
    before = len(primes(sim))
    await prepare(hass)
    assert len(primes(sim)) == before, "it is known to be in memory"
    await ask_for_data(hass)
    await prepare(hass)
    assert len(primes(sim)) == before + 1


async def test_off_is_off(hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light):
    await add_entry(agent=agent_data() | {"prime": False})
    await prepare(hass)
    await ask_for_data(hass)
    await quiet(sim)
    assert primes(sim) == []


async def test_after_something_else_was_asked(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    await add_entry(agent=agent_data())
    await quiet(sim)
    before = len(primes(sim))
    await ask_for_data(hass)
    await until(lambda: len(primes(sim)) == before + 1)
    await quiet(sim)
    assert len(primes(sim)) == before + 1


async def test_after_the_home_has_changed(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    await add_entry(agent=agent_data())
    await quiet(sim)
    before = len(primes(sim))
    hass.states.async_set("light.new", "on", {"friendly_name": "New lamp"})
    async_expose_entity(hass, "conversation", "light.new", True)
    await until(lambda: len(primes(sim)) > before)
    assert "New lamp" in primes(sim)[-1].body["messages"][0]["content"]


async def test_a_swarm_of_changes(
    hass: HomeAssistant,
    add_entry: AddAgent,
    sim: Simulator,
    kitchen_light,
    monkeypatch: pytest.MonkeyPatch,
):
    """It is waited for its end, as when an integration with many devices is added."""
    await add_entry(agent=agent_data())
    await quiet(sim)
    before = len(primes(sim))
    monkeypatch.setattr("custom_components.ollama.priming._AFTER_CHANGE", 0.4)
    for number in range(25):
        expose_another(hass, number)
        await asyncio.sleep(0.03)
    assert len(primes(sim)) == before
    await until(lambda: len(primes(sim)) > before)
    await quiet(sim)
    assert len(primes(sim)) == before + 1
    assert "New lamp 24" in system(primes(sim)[-1])


async def test_a_swarm_without_an_end(
    hass: HomeAssistant,
    add_entry: AddAgent,
    sim: Simulator,
    kitchen_light,
    monkeypatch: pytest.MonkeyPatch,
):
    """Something that is renamed again and again does not put it off for ever."""
    await add_entry(agent=agent_data())
    await quiet(sim)
    before = len(primes(sim))
    monkeypatch.setattr("custom_components.ollama.priming._AFTER_CHANGE", 0.2)
    number = 0

    def another_one() -> bool:
        nonlocal number
        number += 1
        expose_another(hass, number)
        return len(primes(sim)) > before

    await until(another_one)


async def test_a_change_while_it_is_read(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    """The new prompt is read afterwards."""
    sim.set_rates(Rates(prefill_tokens_per_second=1000))
    await add_entry(agent=agent_data())
    await until(lambda: primes(sim))
    expose_another(hass)
    await asyncio.sleep(2 * SOON)
    assert not primes(sim)[0].finished
    await until(lambda: len(primes(sim)) == 2)
    assert primes(sim)[0].finished
    assert "New lamp" in system(primes(sim)[1])


async def test_a_second_server_goes(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    """The agent of the one that stays still learns of changes, and can be unloaded."""
    one = await add_entry(agent=agent_data())
    other = await add_entry(agent=agent_data())
    await quiet(sim)
    assert await hass.config_entries.async_unload(one.entry_id)
    before = len(primes(sim))
    hass.states.async_set("light.new", "on", {"friendly_name": "New lamp"})
    async_expose_entity(hass, "conversation", "light.new", True)
    await until(lambda: len(primes(sim)) > before)
    assert "New lamp" in primes(sim)[-1].body["messages"][0]["content"]
    assert await hass.config_entries.async_unload(other.entry_id)
    assert other.state is ConfigEntryState.NOT_LOADED


async def test_a_state_is_no_change(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    await add_entry(agent=agent_data())
    await quiet(sim)
    before = len(primes(sim))
    await hass.services.async_call("light", "turn_on", {"entity_id": kitchen_light}, blocking=True)
    await quiet(sim)
    assert len(primes(sim)) == before


async def test_a_sentence_cuts_it_off(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    """What was read until then stays read (fact 25)."""
    sim.set_rates(Rates(prefill_tokens_per_second=2000, batch_tokens=128))
    await add_entry(agent=agent_data())
    await until(lambda: primes(sim))
    await asyncio.sleep(0.1)
    sim.script(Reply("Fine."))
    assert speech(await say(hass, "How are you?")) == "Fine."
    assert primes(sim)[0].cancelled
    assert asked(sim)[0].cached_tokens > 0


async def test_it_waits_while_the_server_is_busy(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    """With somebody who must not be broken off."""
    entry = await add_entry(agent=agent_data())
    await quiet(sim)
    queue = entry.runtime_data.server.queue
    before = len(primes(sim))
    sim.script(Reply("Fine.", delay=0.3))
    task = hass.async_create_task(say(hass, "How are you?"))
    await until(lambda: queue.taken)
    await prepare(hass)
    assert len(primes(sim)) == before
    await task


async def test_two_agents_do_not_drive_each_other_out(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    """A server that keeps one prompt is read the one of the agent that was spoken to last."""
    entry = await add_entry(agent=agent_data())
    await add_second(hass, entry)
    await quiet(sim)
    begun = len(sim.chats)
    sim.script(Reply("Fine."))
    await say(hass, "Hello", agent_id="conversation.second")
    await quiet(sim)
    assert len(sim.chats) == begun + 1, "the first one leaves its place"
    await ask_for_data(hass)
    await quiet(sim)
    assert SECOND in system(primes(sim)[-1])


@pytest.mark.parametrize("change", [{"prime": False}, {"keep_alive": 0}, None])
async def test_an_agent_that_is_not_primed_stands_in_nobodys_way(
    hass: HomeAssistant,
    add_entry: AddAgent,
    sim: Simulator,
    kitchen_light,
    change: dict[str, Any] | None,
):
    """Though it was spoken to last; nor one that is disabled."""
    entry = await add_entry(agent=agent_data())
    await add_second(hass, entry)
    await quiet(sim)
    sim.script(Reply("Fine."))
    await say(hass, "Hello")
    first = next(iter(entry.subentries.values()))
    if change is None:
        by = er.RegistryEntryDisabler.USER
        er.async_get(hass).async_update_entity(AGENT, disabled_by=by)
    else:
        hass.config_entries.async_update_subentry(entry, first, data={**first.data, **change})
    await hass.async_block_till_done()
    await quiet(sim)
    await ask_for_data(hass)
    await quiet(sim)
    assert SECOND in system(primes(sim)[-1])


@pytest.mark.parametrize("keep_alive", [0, 300])
async def test_a_model_that_is_not_to_stay_is_not_loaded(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light, keep_alive: int
):
    await add_entry(agent=agent_data() | {"keep_alive": keep_alive}, task={"keep_alive": 0})
    await quiet(sim)
    assert primes(sim) == []
    assert not sim.loaded


async def test_it_does_not_keep_a_model_longer(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    entry = await add_entry(agent=agent_data() | {"keep_alive": 300}, task={"keep_alive": 100})
    await ask_for_data(hass)
    await entry.runtime_data.coordinator.async_refresh()
    await until(lambda: primes(sim))
    kept = int(primes(sim)[-1].body["keep_alive"].removesuffix("s"))
    assert 0 < kept <= 100


async def test_the_time_of_the_reading_is_taken_off(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    """The server counts from the end of it."""
    entry = await add_entry(agent=agent_data() | {"keep_alive": 300}, task={"keep_alive": 100})
    tokens_per_second = 100
    entry.runtime_data.records.prefixes.note(MODEL, 0, 10 * tokens_per_second, 10.0)
    await ask_for_data(hass)
    await until(lambda: primes(sim))
    prime = primes(sim)[-1]
    reading = prime.prompt_tokens / tokens_per_second
    assert reading > 2
    kept = int(prime.body["keep_alive"].removesuffix("s"))
    assert kept == pytest.approx(100 - reading, abs=0.3 * reading + 1)
    assert kept < 99 - 0.7 * reading


@pytest.mark.parametrize("told", [None, "0001-01-01T00:00:00Z", "soon"])
async def test_a_server_that_does_not_tell_the_end(
    hass: HomeAssistant,
    add_entry: AddAgent,
    sim: Simulator,
    kitchen_light,
    monkeypatch: pytest.MonkeyPatch,
    told: str | None,
):
    """The model is not kept for ever then, and as long as it should be once somebody speaks."""
    monkeypatch.setattr("simulator.library._unix_time", lambda _: told)
    await add_entry(agent=agent_data() | {"keep_alive": 300}, task={"keep_alive": 100})
    await ask_for_data(hass)
    await quiet(sim)
    assert primes(sim) == []
    await prepare(hass)
    assert primes(sim)[0].body["keep_alive"] == "300s"


async def test_a_model_that_somebody_keeps_for_ever(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    await add_entry(agent=agent_data() | {"keep_alive": 300}, task={"keep_alive": -1})
    await ask_for_data(hass)
    await until(lambda: primes(sim))
    assert primes(sim)[0].body["keep_alive"] == -1


async def test_what_somebody_has_unloaded_stays_unloaded(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    """Also of an agent whose model is to stay for ever, until somebody speaks to it."""
    entry = await add_entry(agent=agent_data())
    await quiet(sim)
    before = len(primes(sim))
    await entry.runtime_data.server.async_unload(MODEL)
    hass.states.async_set("light.new", "on", {"friendly_name": "New lamp"})
    async_expose_entity(hass, "conversation", "light.new", True)
    await quiet(sim)
    assert len(primes(sim)) == before
    assert not sim.loaded
    await prepare(hass)
    assert len(primes(sim)) == before + 1


async def test_what_stays_unloaded_whoever_was_spoken_to(
    hass: HomeAssistant,
    add_entry: AddAgent,
    sim: Simulator,
    kitchen_light,
    monkeypatch: pytest.MonkeyPatch,
):
    """Also of an agent whose turn to be read has only come by talking to it."""
    entry = await add_entry(agent=agent_data())
    await add_second(hass, entry)
    await quiet(sim)
    sim.script(Reply("Fine."))
    await say(hass, "Hello", agent_id="conversation.second")
    coordinator = entry.runtime_data.coordinator
    await coordinator.async_refresh()
    await quiet(sim)
    await entry.runtime_data.server.async_unload(MODEL)
    # As if some time had gone by.
    monkeypatch.setattr("custom_components.ollama.server.prefixes._LOADING_SECONDS", 0.0)
    await coordinator.async_refresh()
    before = len(primes(sim))
    expose_another(hass)
    await quiet(sim)
    assert len(primes(sim)) == before
    assert not sim.loaded


async def test_a_server_that_comes_up_later(
    hass: HomeAssistant,
    add_entry: AddAgent,
    sim: Simulator,
    kitchen_light,
    monkeypatch: pytest.MonkeyPatch,
):
    """Home Assistant was there first, after a power failure for example."""
    entry = await add_entry(agent=agent_data())
    await quiet(sim)
    await sim.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    await quiet(sim)
    before = len(primes(sim))
    # As if it had been away for longer than a moment.
    monkeypatch.setattr("custom_components.ollama.server.prefixes._LOADING_SECONDS", 0.0)
    await sim.start()
    assert not sim.loaded
    await entry.runtime_data.coordinator.async_refresh()
    await until(lambda: len(primes(sim)) > before)
    await quiet(sim)
    assert len(primes(sim)) == before + 1
    assert sim.loaded == (MODEL,)


async def test_a_model_that_is_loaded_again(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    await add_entry(agent=agent_data())
    await quiet(sim)
    before = len(primes(sim))
    for action in ("unload_model", "load_model"):
        assert len(primes(sim)) == before
        await hass.services.async_call("ollama", action, {"model": MODEL}, blocking=True)
    await until(lambda: len(primes(sim)) > before)
    await quiet(sim)
    assert len(primes(sim)) == before + 1


async def test_the_slot_is_kept_for_the_sentence(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    """Work in the background begins when the sentence was heard, and not a moment later."""
    entry = await add_entry(agent=agent_data())
    await quiet(sim)
    queue = entry.runtime_data.server.queue
    await prepare(hass)
    job = hass.async_create_task(ask_for_data(hass))
    await until(lambda: queue.waiting)
    assert not queue.taken
    sim.script(Reply("Fine."))
    assert speech(await say(hass, "How are you?")) == "Fine."
    async with asyncio.timeout(1):
        await job


async def test_who_speaks_has_the_model_loaded(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    await add_entry(agent=agent_data() | {"keep_alive": 300})
    await prepare(hass)
    assert primes(sim)[0].body["keep_alive"] == "300s"


async def test_nothing_is_counted_or_told(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    told: list[Any] = []
    hass.bus.async_listen("ollama_query_processed", told.append)
    await add_entry(agent=agent_data())
    await until(lambda: primes(sim))
    await quiet(sim)
    assert told == []
    assert hass.states.get("sensor.ollama_requests_today").state == "0"


async def test_a_server_that_is_away_is_left_alone(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light, caplog
):
    entry = await add_entry(agent=agent_data())
    await quiet(sim)
    await sim.stop()
    await entry.runtime_data.coordinator.async_refresh()
    caplog.clear()
    await prepare(hass)
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


async def test_unloading_breaks_it_off(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    sim.set_rates(Rates(prefill_tokens_per_second=500))
    entry = await add_entry(agent=agent_data())
    await until(lambda: primes(sim))
    await hass.config_entries.async_unload(entry.entry_id)
    await until(lambda: primes(sim)[0].cancelled)


async def test_unloading_breaks_off_what_was_begun_for_who_speaks(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    """And nobody who waits for it."""
    hass.data[DATA_TIME_LIMITS] = replace(SHORT_LIMITS, first_chunk=10.0, answer=10.0)
    sim.set_rates(Rates(prefill_tokens_per_second=100))
    await add_entry(agent=agent_data() | {"keep_alive": 300})
    preparing = hass.async_create_task(prepare(hass))
    await until(lambda: primes(sim))
    er.async_get(hass).async_update_entity(AGENT, disabled_by=er.RegistryEntryDisabler.USER)
    await preparing
    await until(lambda: primes(sim)[0].cancelled)


async def test_who_hangs_up_breaks_off_what_was_begun(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    hass.data[DATA_TIME_LIMITS] = replace(SHORT_LIMITS, first_chunk=10.0, answer=10.0)
    sim.set_rates(Rates(prefill_tokens_per_second=100))
    await add_entry(agent=agent_data() | {"keep_alive": 300})
    preparing = hass.async_create_task(prepare(hass))
    await until(lambda: primes(sim))
    preparing.cancel()
    await until(lambda: primes(sim)[0].cancelled)


class TestServerThatKeepsOnePrompt:
    """Ollama 0.24 and older."""

    @pytest.fixture
    async def sim(self) -> AsyncGenerator[Simulator]:
        """An older server."""
        async with Simulator(version="0.24.0") as simulator:
            yield simulator

    async def test_who_begins_to_speak_while_something_runs(
        self, hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
    ):
        """The job gives way, and the slot stays free until the sentence has come."""
        sim.set_rates(Rates(generation_tokens_per_second=30))
        entry = await add_entry(agent=agent_data())
        await quiet(sim)
        queue = entry.runtime_data.server.queue
        sim.set_brain(lambda request: Reply("word " * 20 if request.tools == () else "Fine."))
        job = hass.async_create_task(ask_for_data(hass))
        await until(lambda: asked(sim) and asked(sim)[-1].lines)
        await prepare(hass)
        await until(lambda: any(request.cancelled for request in sim.chats))
        assert queue.waiting == 1
        assert speech(await say(hass, "How are you?")) == "Fine."
        question = sim.chats[-1] if sim.chats[-1].body.get("tools") else sim.chats[-2]
        assert question.cached_tokens > question.prompt_tokens * 0.8
        await job
