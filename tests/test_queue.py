"""Promise 4: voice goes first, and no job is lost for it, over real HTTP."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
import json
from random import Random
from typing import Any

from homeassistant.components import ai_task
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import llm
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.ollama.const import DATA_TIME_LIMITS
from simulator import ChatRequest, Rates, RecordedRequest, Reply, Simulator

from .actions.calling import act
from .common import AGENT, TASK, ask_for_data, say, speech
from .conftest import SHORT_LIMITS
from .policy_home import AddAgent

GENERATION = 0.5
"""Seconds that each answer takes."""
WORDS = 40
JOBS = 5


def words(number: int) -> str:
    """Return the answer to a job; without figures, which a briefing may not make up."""
    first = chr(ord("a") + number)
    return " ".join(first + "io"[word % 2] * (1 + word // 4) for word in range(WORDS))


def number_in(text: str) -> int:
    return int(text.split("job ")[1].split(maxsplit=1)[0].strip("."))


def brain(request: ChatRequest) -> Reply:
    """Answer each with words of its own; what is spoken too."""
    text = request.last_user_text
    return Reply(words(number_in(text)) if "job " in text else words(0))


@pytest.fixture
async def slow(hass: HomeAssistant, sim: Simulator) -> Simulator:
    """Return a server with one slot that takes its time."""
    hass.data[DATA_TIME_LIMITS] = replace(SHORT_LIMITS, first_chunk=10.0, queue=20.0, answer=10.0)
    sim.set_rates(Rates(generation_tokens_per_second=WORDS / GENERATION, batch_tokens=16))
    sim.set_brain(brain)
    return sim


@pytest.fixture
async def loaded(
    hass: HomeAssistant, slow: Simulator, add_entry: AddAgent
) -> AsyncGenerator[MockConfigEntry]:
    """Return a server whose agents answer at once, their models known and loaded."""
    entry = await add_entry(agent={"llm_hass_api": []})
    # Something that a briefing can tell.
    window = {"friendly_name": "Attic", "device_class": "window"}
    hass.states.async_set("binary_sensor.attic", "on", window)
    await say(hass, "Hello")
    slow.requests.clear()
    yield entry
    queue = entry.runtime_data.server.queue
    assert (queue.taken, queue.waiting) == (0, 0), "somebody never left"


def finished(sim: Simulator) -> list[RecordedRequest]:
    return [request for request in sim.chats if request.finished]


def last(request: RecordedRequest) -> str:
    return str(request.body["messages"][-1]["content"])


def cut(sim: Simulator) -> list[RecordedRequest]:
    return [request for request in sim.chats if request.cancelled]


async def until(is_so: Callable[[], Any], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.005)


async def speak(hass: HomeAssistant) -> float:
    """Say something; return how many generations it takes until all of the answer is there."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert speech(await say(hass, "How are you?")) == words(0)
    return (loop.time() - began) / GENERATION


def begin(hass: HomeAssistant, number: int, kind: str = "task") -> asyncio.Task[dict[str, Any]]:
    """Begin a job that nobody waits for."""
    if kind == "task":
        job = ask_for_data(hass, instructions=f"job {number}")
    else:
        job = act(hass, "briefing", kind="custom", instructions=f"job {number}", sections=["home"])
    return hass.async_create_task(job)


def answer(response: dict[str, Any]) -> str:
    return response["data"] if "data" in response else response["response"]


@pytest.mark.parametrize("kind", ["task", "briefing"])
async def test_speech_behind_five_jobs(
    hass: HomeAssistant, slow: Simulator, loaded: MockConfigEntry, kind: str
):
    jobs = [begin(hass, number, kind) for number in range(1, JOBS + 1)]
    await until(lambda: slow.chats and slow.chats[0].lines > WORDS // 3)
    assert await speak(hass) <= 1.3
    texts = [answer(response) for response in await asyncio.gather(*jobs)]
    assert texts == [words(number) for number in range(1, JOBS + 1)], "none lost, none mixed up"
    assert len(finished(slow)) == JOBS + 1, "each is answered once"
    assert len(cut(slow)) == 1


@pytest.mark.parametrize("through", ["automation", "script"])
async def test_speech_behind_sentences_that_automations_hand_on(
    hass: HomeAssistant, slow: Simulator, loaded: MockConfigEntry, through: str
):
    """A gateway's messages are sentences, but nobody stands there and waits."""
    hand_on = {
        "action": "conversation.process",
        "data": {"text": "job {{ number or trigger.event.data.number }}", "agent_id": AGENT},
    }
    if through == "script":
        script = {"hand_on": {"mode": "parallel", "fields": {"number": {}}, "sequence": [hand_on]}}
        assert await async_setup_component(hass, "script", {"script": script})
        hand_on = {
            "action": "script.hand_on",
            "data": {"number": "{{ trigger.event.data.number }}"},
        }
    gateway = {
        "mode": "parallel",
        "variables": {"number": ""},
        "triggers": {"trigger": "event", "event_type": "message"},
        "actions": [hand_on],
    }
    assert await async_setup_component(hass, "automation", {"automation": gateway})
    for number in range(1, JOBS + 1):
        hass.bus.async_fire("message", {"number": number})
    await until(lambda: slow.chats and slow.chats[0].lines > WORDS // 3)
    assert await speak(hass) <= 1.3
    await until(lambda: len(finished(slow)) == JOBS + 1)
    assert len(cut(slow)) == 1
    await hass.async_block_till_done()


async def test_who_was_cut_twice_is_let_through(
    hass: HomeAssistant, slow: Simulator, loaded: MockConfigEntry
):
    """So that no job starves; speech then waits for one generation more."""
    job = begin(hass, 1)
    for count in range(2):
        await until(lambda count=count: len(slow.chats) > 2 * count and slow.chats[-1].lines > 5)
        assert await speak(hass) <= 1.3
    await until(lambda: len(slow.chats) > 4 and slow.chats[-1].lines > 5)
    assert 1.3 < await speak(hass) <= 2.3
    assert answer(await job) == words(1)
    assert len(cut(slow)) == 2


async def test_figures_of_a_job_that_was_cut(
    hass: HomeAssistant, slow: Simulator, loaded: MockConfigEntry
):
    """Only what was used counts; the wait counts as a wait."""
    told: list[dict[str, Any]] = []
    hass.bus.async_listen("ollama_query_processed", lambda event: told.append(dict(event.data)))
    usage = loaded.runtime_data.records.usage
    before = usage.day.all
    job = begin(hass, 1)
    await until(lambda: slow.chats and slow.chats[0].lines > WORDS // 2)
    await speak(hass)
    await job
    await hass.async_block_till_done()
    [spoken, done] = told
    assert spoken["source"] == "conversation"
    assert done["source"] == "ai_task"
    assert done["completion_tokens"] == spoken["completion_tokens"]
    assert done["error"] is None
    assert done["waiting_time"] == pytest.approx(GENERATION, rel=0.3)
    assert done["time_to_first_token"] > 1.3 * GENERATION, "the first that was used"
    assert spoken["waiting_time"] < 0.2 * GENERATION
    assert usage.day.all.requests == before.requests + 2
    assert usage.day.all.errors == before.errors
    tokens = 2 * done["completion_tokens"]
    assert usage.day.all.completion_tokens == before.completion_tokens + tokens


async def test_what_a_person_asks_is_not_cut(
    hass: HomeAssistant, slow: Simulator, loaded: MockConfigEntry, hass_admin_user: MockUser
):
    """Somebody looks on while it is written."""
    context = Context(user_id=hass_admin_user.id)
    job = hass.async_create_task(
        act(hass, "ask", context, prompt="job 1", home_context="none", query_type="general")
    )
    await until(lambda: slow.chats and slow.chats[0].lines > 5)
    assert await speak(hass) <= 2.3
    assert answer(await job) == words(1)
    assert cut(slow) == []


async def test_people_come_before_automations(
    hass: HomeAssistant, slow: Simulator, loaded: MockConfigEntry, hass_admin_user: MockUser
):
    """In the order of importance, within a class in the order in which they came."""
    context = Context(user_id=hass_admin_user.id)
    ask = {"home_context": "none", "query_type": "general"}
    jobs = [
        hass.async_create_task(act(hass, "ask", context, prompt="job 1", **ask)),
        begin(hass, 2, "briefing"),
        begin(hass, 3, "briefing"),
        hass.async_create_task(act(hass, "ask", prompt="job 4", **ask)),
        hass.async_create_task(act(hass, "ask", prompt="job 5", **ask)),
    ]
    await until(lambda: slow.chats and loaded.runtime_data.server.queue.waiting == 4)
    jobs.append(hass.async_create_task(act(hass, "ask", context, prompt="job 6", **ask)))
    await asyncio.gather(*jobs)
    order = [number_in(last(request)) for request in slow.chats]
    assert order == [1, 6, 4, 5, 2, 3]


async def test_two_at_once(hass: HomeAssistant, slow: Simulator, add_entry: AddAgent):
    """One of two gives way; two who speak take both places."""
    async with Simulator(parallel=2, brain=brain) as two:
        entry = await add_entry(agent={"llm_hass_api": []})
        hass.config_entries.async_update_entry(
            entry, data={"url": two.url}, options={**entry.options, "max_parallel": 2}
        )
        await hass.async_block_till_done()
        await say(hass, "Hello")
        two.set_rates(Rates(generation_tokens_per_second=WORDS / GENERATION))
        two.requests.clear()
        jobs = [begin(hass, number) for number in range(1, 4)]
        await until(lambda: len([r for r in two.chats if r.lines > 5]) == 2)
        assert await speak(hass) <= 1.3
        assert len(cut(two)) == 1
        assert max(await asyncio.gather(speak(hass), speak(hass))) <= 1.5
        texts = [answer(response) for response in await asyncio.gather(*jobs)]
        assert texts == [words(number) for number in range(1, 4)]
        assert len(finished(two)) == 6
        await hass.config_entries.async_unload(entry.entry_id)


async def test_a_task_that_was_cut_acts_once(
    hass: HomeAssistant, slow: Simulator, loaded: MockConfigEntry, kitchen_light: str
):
    """What it calls runs when its answer is complete, and not before."""
    calls: list[Any] = []
    hass.bus.async_listen("call_service", calls.append)
    text = " ".join(f"thought{word}" for word in range(WORDS))

    def act_once(request: ChatRequest) -> Reply:
        if "How are you" in request.last_user_text:
            return Reply(words(0))
        if request.messages[-1]["role"] == "tool":
            return Reply("It is on.")
        on = {"name": "turn_on", "arguments": {"name": "Kitchen light"}}
        # The call stands first, so that it has come when the answer is cut.
        return Reply(chunks=[f"<tool_call>{json.dumps(on)}</tool_call>", *text.split(" ")])

    slow.set_brain(act_once)
    async_expose_entity(hass, "ai_task", kitchen_light, True)
    (api,) = (api for api in llm.async_get_apis(hass) if api.id == "ollama")
    job = hass.async_create_task(
        ai_task.async_generate_data(
            hass,
            task_name="test",
            entity_id=TASK,
            instructions="job 1",
            llm_api=api,
        )
    )
    await until(lambda: slow.chats and slow.chats[0].lines > WORDS // 3)
    assert hass.states.get(kitchen_light).state == "off"
    assert await speak(hass) <= 1.3
    assert "on" in str((await job).data)
    turned = [
        event
        for event in calls
        if (event.data["domain"], event.data["service"]) == ("light", "turn_on")
    ]
    assert len(turned) == 1
    assert hass.states.get(kitchen_light).state == "on"
    assert len(cut(slow)) == 1


@pytest.mark.parametrize("seed", range(3))
async def test_random_arrivals(
    hass: HomeAssistant, slow: Simulator, loaded: MockConfigEntry, seed: int
):
    """Each is answered exactly once with its own answer, and begun three times at most."""
    short = GENERATION / 4
    slow.set_rates(Rates(generation_tokens_per_second=WORDS / short))
    random = Random(seed)
    jobs: dict[int, asyncio.Task[dict[str, Any]]] = {}
    spoken: list[asyncio.Task[float]] = []
    for number in range(1, 19):
        if random.random() < 0.4:
            spoken.append(hass.async_create_task(speak(hass)))
        else:
            jobs[number] = begin(hass, number, random.choice(["task", "task", "briefing"]))
        await asyncio.sleep(random.random() * short * 0.8)
    for number, job in jobs.items():
        assert answer(await job) == words(number)
    await asyncio.gather(*spoken)
    answered = Counter(
        number_in(last(request)) if "job " in last(request) else 0 for request in finished(slow)
    )
    assert answered == {0: len(spoken)} | dict.fromkeys(jobs, 1)
    begun = Counter(number_in(last(request)) for request in slow.chats if "job " in last(request))
    assert max(begun.values()) <= 3, "cut twice at most"


async def test_a_server_that_fails_a_job_that_was_cut(
    hass: HomeAssistant, slow: Simulator, loaded: MockConfigEntry
):
    """It is told as a failure once, and holds up nobody."""
    job = begin(hass, 1)
    await until(lambda: slow.chats and slow.chats[0].lines > 5)
    talk = hass.async_create_task(speak(hass))
    await until(lambda: len(slow.chats) == 2)
    slow.script(Reply(error="out of memory"))
    assert await talk <= 1.3
    with pytest.raises(HomeAssistantError):
        await job
    assert await speak(hass) <= 1.3


async def test_giving_up_a_job_that_was_cut(
    hass: HomeAssistant, slow: Simulator, loaded: MockConfigEntry
):
    """An automation that is stopped while its job waits again leaves nothing behind."""
    job = begin(hass, 1)
    await until(lambda: slow.chats and slow.chats[0].lines > 5)
    talk = hass.async_create_task(speak(hass))
    await until(lambda: len(slow.chats) == 2)
    job.cancel()
    assert await talk <= 1.3
    assert job.cancelled()
    assert len(slow.chats) == 2
