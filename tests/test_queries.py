"""The events that tell what was asked of a server and what came of it."""

import asyncio
from collections.abc import Callable
import contextlib
import json
import logging
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.components import ai_task, conversation
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.components.recorder.db_schema import MAX_EVENT_DATA_BYTES
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import MATCH_ALL
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import chat_session, llm
from homeassistant.helpers.json import json_bytes, json_dumps
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)

from simulator import Fault, Reply, Simulator, ToolCall

from .common import AGENT, MODEL, PLAIN_MODEL, TASK, VISION_MODEL, ask_for_data, say, speech
from .policy_home import FRONT, AddAgent, Home, agent_data, furnish, set_policy

REQUESTED = "ollama_query_requested"
PROCESSED = "ollama_query_processed"
SHARED = ["query_id", "source", "entity_id", "model", "user_id"]
MASK = "••••"
PIN = "47119063"
"""So long that no time and no id holds it by chance."""
TURNED_ON = {
    "name": "turn_on",
    "targets": ["Kitchen light"],
    "entity_ids": ["light.kitchen_light"],
}
UNLOCKED = {"name": "unlock", "targets": ["Front door"], "entity_ids": ["lock.front_door"]}
UNLOCK = Reply(tool_calls=(ToolCall("unlock", FRONT),))
COLOR = {"color": {"selector": {"text": {}}, "required": True}}


class Told:
    """What the events tell."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.requested = async_capture_events(hass, REQUESTED)
        self.processed = async_capture_events(hass, PROCESSED)

    @property
    def last(self) -> dict[str, Any]:
        """What the last pair tells; each beginning has its one end."""
        assert [event.data["query_id"] for event in self.requested] == [
            event.data["query_id"] for event in self.processed
        ]
        begin, end = self.requested[-1].data, self.processed[-1].data
        assert begin.items() <= end.items()
        return dict(end)

    @property
    def only(self) -> dict[str, Any]:
        """What the only pair tells."""
        assert (len(self.requested), len(self.processed)) == (1, 1)
        return self.last


@pytest.fixture
def told(hass: HomeAssistant) -> Told:
    return Told(hass)


@pytest.fixture
async def home(hass: HomeAssistant) -> Home:
    return await furnish(hass)


@pytest.fixture
async def agent(home: Home, add_entry: AddAgent) -> MockConfigEntry:
    """An agent with the home's own tools."""
    return await add_entry(agent=agent_data())


def log_queries(hass: HomeAssistant, entry: MockConfigEntry, how: str) -> None:
    hass.config_entries.async_update_entry(entry, options={**entry.options, "log_queries": how})


def today(hass: HomeAssistant, what: str) -> int:
    return int(hass.states.get(f"sensor.ollama_{what}_today").state)


def turn_on(name: str, tool: str = "HassTurnOn", **more: Any) -> Reply:
    return Reply(tool_calls=(ToolCall(tool, {"name": name}),), **more)


# -- what is told --------------------------------------------------------------------


async def test_a_sentence(hass: HomeAssistant, sim: Simulator, entry, told: Told):
    user = MockUser().add_to_hass(hass)
    context = Context(user_id=user.id)
    sim.script(Reply("It is noon.", prompt_tokens=20, completion_tokens=5))
    await say(hass, "What time is it?", context=context)
    data = told.only
    begun = told.requested[0].data
    assert list(begun) == [*SHARED, "query"]
    duration, first = data.pop("duration"), data.pop("time_to_first_token")
    assert 0 <= first <= duration < 5
    assert data.pop("waiting_time") == 0
    assert data.pop("query_id")
    assert data == {
        "source": "conversation",
        "entity_id": AGENT,
        "model": MODEL,
        "user_id": user.id,
        "query": "What time is it?",
        "response": "It is noon.",
        "tool_calls": [],
        "prompt_tokens": 20,
        "completion_tokens": 5,
        "error": None,
    }
    assert told.requested[0].context is context
    assert told.processed[0].context is context


@pytest.mark.parametrize(
    ("fields", "reply", "response"),
    [
        ({}, "A short poem.", "A short poem."),
        ({"structure": COLOR}, '{"color": "red"}', '{"color":"red"}'),
    ],
    ids=["text", "data"],
)
async def test_a_task(
    hass: HomeAssistant, sim: Simulator, entry, told: Told, fields, reply, response
):
    user = MockUser(is_owner=True).add_to_hass(hass)
    context = Context(user_id=user.id)
    sim.script(Reply(reply, prompt_tokens=20, completion_tokens=5))
    await hass.services.async_call(
        "ai_task",
        "generate_data",
        {"task_name": "test", "entity_id": TASK, "instructions": "Do it.", **fields},
        blocking=True,
        return_response=True,
        context=context,
    )
    data = told.only
    assert 0 <= data.pop("time_to_first_token") <= data.pop("duration") < 5
    assert data.pop("waiting_time") == 0
    assert data.pop("query_id")
    assert data == {
        "source": "ai_task",
        "entity_id": TASK,
        "model": MODEL,
        "user_id": user.id,
        "query": "Do it.",
        "response": response,
        "tool_calls": [],
        "prompt_tokens": 20,
        "completion_tokens": 5,
        "error": None,
    }
    assert told.requested[0].context is context
    assert told.processed[0].context is context


async def test_without_a_user(hass: HomeAssistant, sim: Simulator, entry, told: Told):
    await say(hass, "Hello.")
    assert told.last["user_id"] is None
    await ask_for_data(hass)
    assert told.last["user_id"] is None
    ids = {event.data["query_id"] for event in told.requested}
    assert len(ids) == 2


async def test_each_agent_by_its_own_model(
    hass: HomeAssistant, sim: Simulator, add_entry, told: Told
):
    await add_entry(task={"model": PLAIN_MODEL})
    await say(hass, "Hello.")
    assert told.last["model"] == MODEL
    await ask_for_data(hass)
    assert told.last["model"] == PLAIN_MODEL


async def test_told_before_the_server_is_asked(
    hass: HomeAssistant, sim: Simulator, entry, told: Told
):
    seen: list[tuple[int, int]] = []

    def brain(request: Any) -> Reply:
        seen.append((len(told.requested), len(told.processed)))
        return Reply("Hello.")

    sim.set_brain(brain)
    await say(hass, "Hello.")
    assert seen == [(1, 0)]
    assert told.only


async def test_duration_covers_the_wait(hass: HomeAssistant, sim: Simulator, entry, told: Told):
    sim.script(Reply("It is noon.", delay=0.2))
    await say(hass, "What time is it?")
    assert 0.15 < told.only["time_to_first_token"] <= told.only["duration"] < 3


async def test_thinking_is_the_first_token(hass: HomeAssistant, sim: Simulator, entry, told: Told):
    """A call is a token too, although nothing is spoken yet."""
    sim.script(turn_on("nothing"), Reply("There is none.", delay=0.3))
    await say(hass, "Turn on nothing.")
    assert told.only["time_to_first_token"] < 0.25 < told.only["duration"]


async def test_tools_of_assist(
    hass: HomeAssistant, sim: Simulator, entry, kitchen_light, told: Told
):
    sim.script(
        turn_on("kitchen light", prompt_tokens=100, completion_tokens=7),
        Reply("It is on.", prompt_tokens=130, completion_tokens=4),
    )
    await say(hass, "Turn on the kitchen light.")
    assert hass.states.get(kitchen_light).state == "on"
    data = told.only
    assert data["tool_calls"] == [TURNED_ON]
    assert (data["prompt_tokens"], data["completion_tokens"]) == (230, 11)
    assert data["response"] == "It is on."
    assert len(sim.chats) == 2
    assert today(hass, "requests") == 1
    assert today(hass, "tokens") == 241


async def test_tools_of_our_own(hass: HomeAssistant, sim: Simulator, agent, home: Home, told: Told):
    """What was resolved is told, not what the model wrote."""
    sim.script(
        Reply(
            tool_calls=(
                ToolCall("turn_on", {"name": "KITCHEN ligt"}),
                ToolCall("turn_off", {"name": "all lights"}),
            ),
            prompt_tokens=100,
            completion_tokens=7,
        ),
        Reply("Done.", prompt_tokens=130, completion_tokens=4),
    )
    await say(hass, "Swap the lights.")
    assert await home.done()
    # Calls of one answer run side by side.
    calls = {call["name"]: sorted(call["targets"]) for call in told.only["tool_calls"]}
    assert calls == {"turn_on": ["Kitchen light"], "turn_off": ["Hall light", "Kitchen light"]}
    assert told.only["prompt_tokens"] == 230


async def test_a_model_without_tools(hass, sim: Simulator, add_entry, home: Home, told: Told):
    await add_entry(agent=agent_data(model=PLAIN_MODEL))
    sim.script(
        Reply('{"tool": "turn_on", "arguments": {"name": "Kitchen light"}}'),
        Reply('{"say": "It is on."}'),
    )
    await say(hass, "Turn on the kitchen light.")
    assert told.only["tool_calls"] == [TURNED_ON]
    assert told.only["response"] == "It is on."


async def test_what_was_not_done_is_no_call(hass, sim: Simulator, agent, home: Home, told: Told):
    """Looking changes nothing, and what failed did nothing."""
    sim.script(
        Reply(
            tool_calls=(
                ToolCall("get_state", {"name": "Kitchen light"}),
                ToolCall("turn_on", {"name": "lamp that nobody has"}),
                ToolCall("unlock", {"name": "Cellar hatch"}),
            )
        ),
        Reply("I cannot find it."),
    )
    await say(hass, "Turn on the lamp.")
    assert told.only["tool_calls"] == []


async def test_tools_of_a_task(hass, sim: Simulator, entry, kitchen_light, told: Told):
    async_expose_entity(hass, "ai_task", kitchen_light, True)
    user = MockUser(is_owner=True).add_to_hass(hass)
    (api,) = (api for api in llm.async_get_apis(hass) if api.id == "assist")
    sim.script(turn_on("kitchen light"), Reply("It is on."))
    await ai_task.async_generate_data(
        hass,
        task_name="test",
        entity_id=TASK,
        instructions="Turn on the kitchen light.",
        llm_api=api,
        context=Context(user_id=user.id),
    )
    assert told.only["tool_calls"] == [TURNED_ON]
    assert told.only["user_id"] == user.id


@pytest.mark.parametrize("with_tools", [False, True])
async def test_many_tasks_at_once_keep_their_users(
    hass, sim: Simulator, entry, kitchen_light, told: Told, with_tools: bool
):
    users = [MockUser(name=str(number)).add_to_hass(hass) for number in range(8)]
    apis = {api.id: api for api in llm.async_get_apis(hass)}
    await asyncio.gather(
        *(
            ai_task.async_generate_data(
                hass,
                task_name="test",
                entity_id=TASK,
                instructions=f"Greet {user.name}.",
                llm_api=apis["ollama"] if with_tools else None,
                context=Context(user_id=user.id),
            )
            for user in users
        )
    )
    asked = {event.data["query"]: event.data["user_id"] for event in told.requested}
    assert asked == {f"Greet {user.name}.": user.id for user in users}
    assert all(event.context.user_id == event.data["user_id"] for event in told.processed)
    assert len(told.processed) == len(users)


async def test_a_call_is_told_of_once(hass, sim: Simulator, agent, home: Home, told: Told):
    """The tools of an earlier turn are still in the log when the agent itself answers."""
    sim.script(turn_on("Kitchen light", "turn_on"), Reply("It is on."), UNLOCK)
    result = await say(hass, "Turn on the kitchen light.")
    assert len(told.last["tool_calls"]) == 1
    talk = {"conversation_id": result.conversation_id}
    await say(hass, "Unlock the front door.", **talk)
    assert told.last["tool_calls"] == []
    sim.script(turn_on("Kitchen light", "turn_on"), UNLOCK)
    await say(hass, "Turn on the kitchen light and unlock the front door.", **talk)
    assert len(told.last["tool_calls"]) == 1
    await say(hass, "No.", **talk)
    assert told.last["tool_calls"] == []


@pytest.mark.parametrize(
    "break_it",
    [
        lambda sim, hass, entry: sim.remove(MODEL),
        lambda sim, hass, entry: hass.config_entries.async_update_entry(
            entry, options={**entry.options, "requests_per_hour": 1}
        ),
    ],
    ids=["missing", "limit"],
)
async def test_a_turn_that_never_began_did_nothing(
    hass, sim: Simulator, entry, kitchen_light, told: Told, break_it: Callable
):
    sim.script(turn_on("Kitchen light"), Reply("It is on."))
    result = await say(hass, "Turn on the kitchen light.")
    assert len(told.last["tool_calls"]) == 1
    break_it(sim, hass, entry)
    await say(hass, "And the hall.", conversation_id=result.conversation_id)
    assert told.last["error"]
    assert told.last["tool_calls"] == []


# -- the yes -------------------------------------------------------------------------


async def test_a_yes(hass: HomeAssistant, sim: Simulator, agent, home: Home, told: Told):
    sim.script(UNLOCK)
    result = await say(hass, "Unlock the front door.")
    asked = told.last
    assert asked["tool_calls"] == []
    assert asked["response"] == speech(result) == "Shall I unlock Front door?"
    assert today(hass, "requests") == 1
    result = await say(hass, "Yes, please.", conversation_id=result.conversation_id)
    data = told.last
    assert data["tool_calls"] == [UNLOCKED]
    assert data["query"] == "Yes, please."
    assert data["response"] == speech(result)
    assert (data["prompt_tokens"], data["completion_tokens"]) == (0, 0)
    assert data["time_to_first_token"] is None
    assert data["error"] is None
    assert len(told.processed) == 2
    # No server was asked.
    assert len(sim.chats) == 1
    assert today(hass, "requests") == 1


# -- errors --------------------------------------------------------------------------

FAULTS = {
    "unreachable_refused": (Fault.REFUSE, 0),
    "answer_cut": (Fault.CUT_MID_STREAM, 2),
    "server_failed": (Fault.HTTP_500, 0),
    "server_busy": (Fault.HTTP_503, 0),
    "invalid_auth": (Fault.HTTP_401, 0),
    "answer_invalid": (Fault.GARBAGE, 0),
    "too_slow": (Fault.HANG_MID_STREAM, 2),
}


async def ask_in_vain(hass: HomeAssistant, source: str) -> None:
    if source == "conversation":
        result = await say(hass, "What time is it?")
        assert result.response.error_code
        return
    with pytest.raises(HomeAssistantError):
        await ask_for_data(hass)


@pytest.mark.parametrize("source", ["conversation", "ai_task"])
@pytest.mark.parametrize("error", FAULTS)
async def test_a_fault(hass, sim: Simulator, entry, told: Told, error: str, source: str):
    fault, after = FAULTS[error]
    sim.script(*[Reply("One two three four five six.")] * 3)
    sim.fault(fault, path="/api/chat", times=None, after_chunks=after)
    await ask_in_vain(hass, source)
    assert told.only["error"] == error
    assert told.only["source"] == source
    assert told.only["tool_calls"] == []
    assert today(hass, "requests") == today(hass, "errors") == 1


@pytest.mark.parametrize("source", ["conversation", "ai_task"])
async def test_a_missing_model(hass, sim: Simulator, entry, told: Told, source: str):
    sim.remove(MODEL)
    await ask_in_vain(hass, source)
    assert told.only["error"] == "model_missing"
    assert told.only["time_to_first_token"] is None
    assert told.only["response"] == ""


@pytest.mark.parametrize("source", ["conversation", "ai_task"])
async def test_an_empty_answer(hass, sim: Simulator, entry, told: Told, source: str):
    sim.set_brain(lambda request: Reply(chunks=[], prompt_tokens=10, completion_tokens=1))
    await ask_in_vain(hass, source)
    assert told.only["error"] == "empty_answer"
    # What was spent in vain was spent.
    assert told.only["prompt_tokens"] == 10 * len(sim.chats)
    assert today(hass, "tokens") == 11 * len(sim.chats)


async def test_a_mistake_in_the_instructions(hass, sim: Simulator, add_entry, told: Told):
    await add_entry(agent={"prompt": "{{ broken("})
    await ask_in_vain(hass, "conversation")
    assert told.only["error"] == "prompt_template"


async def test_a_mistake_of_somebody_elses(hass, sim: Simulator, entry, told: Told):
    with (
        patch.object(
            conversation.ChatLog, "async_add_delta_content_stream", side_effect=RuntimeError
        ),
        pytest.raises(RuntimeError),
    ):
        await say(hass, "What time is it?")
    assert told.only["error"] == "unknown"
    assert today(hass, "errors") == 1


async def test_what_was_done_before_it_broke(
    hass, sim: Simulator, entry, kitchen_light, told: Told
):
    sim.script(
        turn_on("Kitchen light", prompt_tokens=100, completion_tokens=7),
        Reply(error="out of memory"),
    )
    await say(hass, "Turn on the kitchen light.")
    data = told.only
    assert data["error"] == "server_failed"
    assert data["tool_calls"] == [TURNED_ON]
    assert (data["prompt_tokens"], data["completion_tokens"]) == (100, 7)


@pytest.mark.parametrize("source", ["conversation", "ai_task"])
@pytest.mark.parametrize("fault", [Fault.HANG, Fault.HANG_MID_STREAM])
async def test_cancelled(hass, sim: Simulator, entry, told: Told, source: str, fault: Fault):
    """Somebody who changes his mind has asked, and has made no error."""
    sim.fault(fault, path="/api/chat", after_chunks=1)
    sim.script(Reply("One two three four."))
    ask = say(hass, "Tell me a story.") if source == "conversation" else ask_for_data(hass)
    task = hass.async_create_task(ask)
    async with asyncio.timeout(5):
        while not sim.chats:
            await asyncio.sleep(0.01)
    assert not told.processed
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await hass.async_block_till_done()
    assert told.only["error"] == "cancelled"
    assert (today(hass, "requests"), today(hass, "errors")) == (1, 0)


async def test_cancelled_after_it_acted(hass, sim: Simulator, entry, kitchen_light, told: Told):
    sim.script(turn_on("Kitchen light"), Reply("It is on.", delay=5))
    task = hass.async_create_task(say(hass, "Turn on the kitchen light."))
    async with asyncio.timeout(5):
        while len(sim.chats) < 2:
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told.only["error"] == "cancelled"
    assert told.only["tool_calls"] == [TURNED_ON]


async def test_cancelled_while_it_waits(hass, sim: Simulator, entry, told: Told):
    sim.script(Reply("A long story.", delay=0.3))
    first = hass.async_create_task(say(hass, "Tell me a story."))
    async with asyncio.timeout(5):
        while not sim.chats:
            await asyncio.sleep(0.01)
    second = hass.async_create_task(say(hass, "Tell me another."))
    await asyncio.sleep(0.05)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert [event.data["error"] for event in told.processed] == ["cancelled"]
    await first
    assert [event.data["error"] for event in told.processed] == ["cancelled", None]
    assert len(sim.chats) == 1


# -- how much is told ----------------------------------------------------------------


async def ask_long(hass: HomeAssistant, sim: Simulator, query: str, response: str) -> None:
    # Given in pieces, it goes out as it is.
    sim.script(Reply(chunks=[response]))
    await say(hass, query)


async def test_texts_are_short_by_default(hass, sim: Simulator, entry, told: Told):
    await ask_long(hass, sim, "q" * 50, "r" * 50)
    assert (told.last["query"], told.last["response"]) == ("q" * 50, "r" * 50)
    await ask_long(hass, sim, "q" * 51, "ö" * 80)
    assert (told.last["query"], told.last["response"]) == ("q" * 49 + "…", "ö" * 49 + "…")


async def test_texts_are_left_out(hass, sim: Simulator, entry, kitchen_light, told: Told):
    log_queries(hass, entry, "none")
    sim.script(turn_on("Kitchen light"), Reply("It is on."))
    await say(hass, "Turn on the kitchen light.")
    assert list(told.requested[0].data) == SHARED
    data = told.only
    assert "query" not in data
    assert "response" not in data
    # What was done is always told.
    assert data["tool_calls"] == [TURNED_ON]
    sim.script(Reply("A secret."))
    await ask_for_data(hass, instructions="Tell me a secret.")
    assert "ecret" not in str(told.last)


@pytest.mark.parametrize("text", ["A sentence of some length. " * 30, "é" * 4000, "a" * 8000])
async def test_texts_are_whole(hass, sim: Simulator, entry, told: Told, text: str):
    log_queries(hass, entry, "full")
    await ask_long(hass, sim, text.strip(), text.strip())
    assert told.only["query"] == told.only["response"] == text.strip()


@pytest.mark.parametrize(
    "character", ["a", "é", "€", "😀", '"', "\\", "\n", "\x01", "a😀\n", "👩‍🚀"], ids=ascii
)
async def test_long_texts_are_cut(hass, sim: Simulator, add_entry, told: Told, character: str):
    """Not inside a character; a quarter of what the recorder takes at most, as it keeps it."""
    entry = await add_entry(agent={"num_ctx": 65_536}, task={"num_ctx": 65_536})
    log_queries(hass, entry, "full")
    for shift in range(4):
        text = "x" * shift + character * 9000 + "!"
        await ask_long(hass, sim, text, text)
        for key in ("query", "response"):
            kept = told.last[key]
            assert kept.endswith("…")
            assert text.startswith(kept[:-1])
            size = len(json_bytes(kept)) - 2
            assert 7980 < size <= 8000
        assert len(json_bytes(told.last)) < MAX_EVENT_DATA_BYTES


async def test_half_a_character(hass, sim: Simulator, entry, told: Told):
    """A model writes bytes, and a server may pass on what is no text."""
    line = json.dumps({"message": {"role": "assistant", "content": "Hi \ud83d."}, "done": True})
    for how, count in (("short", 1), ("full", 2)):
        log_queries(hass, entry, how)
        sim.script(Reply(raw_lines=(line.encode() + b"\n",)))
        await say(hass, "Hello.")
        assert told.last["error"] is None
        assert told.last["response"] == "Hi ?."
        assert json_bytes(told.last)
        assert len(told.processed) == count


@pytest.mark.parametrize("how", ["none", "short", "full"])
async def test_long_lists_of_calls_are_cut(
    hass, sim: Simulator, add_entry, told: Told, home: Home, how: str
):
    entry = await add_entry(agent=agent_data())
    log_queries(hass, entry, how)
    for number in range(70):
        name = f'Lamp {number} "{"of the great hall " * 12}"'
        entity_id = f"light.hall_{number}"
        hass.states.async_set(entity_id, "off", {"friendly_name": name})
        async_expose_entity(hass, "conversation", entity_id, True)
    calls = [
        ToolCall("turn_on", {"name": "Kitchen light"}),
        ToolCall("turn_on", {"name": "all lights"}),
        ToolCall("turn_off", {"name": "all lights"}),
    ]
    sim.script(*(Reply(tool_calls=(call,)) for call in calls), Reply(chunks=["\n" * 9000, "Done."]))
    await say(hass, '"' * 9000)
    data = told.only
    assert data["error"] is None
    kept = data["tool_calls"]
    assert kept[0] == TURNED_ON
    # The one that was too much is told of all the same, and so is nearly all that fits.
    assert len(kept) == 2
    assert kept[1]["name"] == "turn_on"
    assert 7000 < len(json_bytes(kept)) <= 8100
    assert len(json_bytes(data)) < MAX_EVENT_DATA_BYTES


async def test_changed_in_place(hass, sim: Simulator, entry, told: Told):
    """Also between the beginning and the end of a query: both tell the same."""
    runtime = entry.runtime_data
    sentence = "Please tell me a long story about the fox and the hare."
    for how, query in (("full", sentence), ("none", None), ("short", sentence[:49] + "…")):
        log_queries(hass, entry, how)
        await hass.async_block_till_done()
        await say(hass, sentence)
        assert told.last.get("query") == query
    assert entry.runtime_data is runtime

    def brain(request: Any) -> Reply:
        log_queries(hass, entry, "none")
        return Reply("Once.")

    sim.set_brain(brain)
    await say(hass, sentence)
    assert told.last["query"] == sentence[:49] + "…"
    assert told.last["response"] == "Once."


# -- secrets -------------------------------------------------------------------------

SPOKEN = [
    PIN,
    "four seven one one nine zero six three",
    "four seven double one nine oh six three",
    "forty-seven eleven ninety sixty-three",
    "4-7-1-1-9-0-6-3",
    "vier sieben eins eins neun null sechs drei",
    "siebenundvierzig elf neunzig dreiundsechzig",
    "vier zeven een een negen nul zes drie",
    "quarante-sept onze quatre-vingt-dix soixante-trois",
    "cuarenta y siete once noventa sesenta y tres",
    "4711 uh 9063",
    PIN.translate({ord(digit): 0xFF10 + int(digit) for digit in PIN}),
    PIN.translate({ord(digit): 0x0660 + int(digit) for digit in PIN}),
]
"""Ways to say it that open the door."""
WRITTEN = [
    "\ufe0f\u20e3".join(PIN) + "\ufe0f\u20e3",
    "four, seven, then one and one, and nine, zero, six, three",
    f"pin{PIN}pin",
]
"""Ways that don't, and tell it all the same."""


@pytest.fixture
def leaks(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> Callable[..., list[str]]:
    """Return a function that finds out where some texts can be read."""
    caplog.set_level(logging.DEBUG)
    events: list[Event] = []
    hass.bus.async_listen(MATCH_ALL, callback(lambda event: events.append(event)))  # noqa: PLW0108 # a method of a list can't be marked

    def find(*secrets: str) -> list[str]:
        places = [f"event {event.event_type} {json_dumps(event.data)}" for event in events]
        places += [f"state {json_dumps(state.as_dict())}" for state in hass.states.async_all()]
        places += [
            f"log {record.name} {record.getMessage()} {record.exc_text}"
            for record in caplog.records
            if "ollama" in record.name
        ]
        assert any(place.startswith(f"event {PROCESSED}") for place in places)
        return [
            place
            for place in places
            if any(secret.casefold() in place.casefold() for secret in secrets)
        ]

    return find


@pytest.fixture
async def guarded(hass: HomeAssistant, agent: MockConfigEntry) -> MockConfigEntry:
    """An agent that asks for a PIN, and events that tell all they may."""
    set_policy(hass, agent, pin=PIN)
    log_queries(hass, agent, "full")
    await hass.async_block_till_done()
    return agent


@pytest.mark.parametrize("spoken", SPOKEN)
async def test_pin_said_right(hass, sim, guarded, home: Home, told: Told, leaks, spoken: str):
    sim.script(UNLOCK)
    result = await say(hass, "Unlock the front door.")
    assert told.last["query"] == "Unlock the front door."
    assert told.last["response"] == "Shall I unlock Front door? What is the PIN?"
    await say(hass, spoken, conversation_id=result.conversation_id)
    assert await home.done() == [("lock.unlock", "lock.front_door")]
    assert told.last["query"] == MASK
    assert told.last["tool_calls"] == [UNLOCKED]
    assert leaks(PIN, spoken) == []


@pytest.mark.parametrize("wrong", ["47119064", "four seven one two", "it is 47119 or 063, I think"])
async def test_pin_said_wrong(hass, sim, guarded, home: Home, told: Told, leaks, wrong: str):
    """A wrong one tells much of the right one. Afterwards the right one is a secret still."""
    sim.script(UNLOCK)
    result = await say(hass, "Unlock the front door.")
    for said in (wrong, PIN):
        await say(hass, said, conversation_id=result.conversation_id)
        assert told.last["query"] == MASK
        assert told.last["tool_calls"] == []
    assert await home.done() == []
    assert leaks(PIN, wrong) == []


@pytest.mark.parametrize("how", ["short", "full"])
@pytest.mark.parametrize("spoken", SPOKEN + WRITTEN)
async def test_pin_said_too_early(
    hass, sim, guarded, home: Home, told: Told, leaks, spoken: str, how: str
):
    log_queries(hass, guarded, how)
    sim.script(UNLOCK)
    sentence = f"Unlock the front door, would you? My code: {spoken}, okay?"
    await say(hass, sentence)
    assert told.last["query"] == MASK
    assert leaks(PIN, spoken) == []


@pytest.mark.parametrize(
    "answer",
    [f"Your PIN is {PIN}.", f"I heard {SPOKEN[1]}.", f"**{PIN[:2]}** {PIN[2:]}"],
)
async def test_pin_said_by_the_model(hass, sim, guarded, told: Told, leaks, answer: str):
    sim.script(Reply(answer))
    await say(hass, "What was the code?")
    assert told.last["query"] == "What was the code?"
    assert told.last["response"] == MASK
    assert leaks(answer) == []


async def test_pin_of_another_agent(hass, sim, guarded, told: Told, leaks):
    """It may be said to the wrong one, and to a task that was to pass a message on."""
    second = ConfigSubentry(
        data={"model": MODEL}, subentry_type="conversation", title="Second", unique_id=None
    )
    hass.config_entries.async_add_subentry(guarded, second)
    await hass.async_block_till_done()
    await say(hass, f"Unlock it, {PIN}.", agent_id="conversation.second")
    assert told.last["entity_id"] == "conversation.second"
    assert told.last["query"] == MASK
    assert leaks(PIN) == []
    sim.script(Reply(f"Somebody said {PIN}."))
    await ask_for_data(hass, instructions=f"Who said {PIN}?")
    assert (told.last["query"], told.last["response"]) == (MASK, MASK)


@pytest.mark.parametrize(
    ("pin", "spoken"),
    [
        ("1047", "one o four seven"),
        ("4750", "vier sieben fünf null"),
        ("a1b2", "A 1 B 2"),
        ("0815", "zéro huit un cinq"),
    ],
)
async def test_pin_of_other_kinds(hass, sim, agent, told: Told, pin: str, spoken: str):
    set_policy(hass, agent, pin=pin)
    await say(hass, f"Open up: {spoken}!")
    assert told.only["query"] == MASK


@pytest.mark.parametrize("text", ["Set it to 47 percent.", "What is 4712?", "Is it one or two?"])
async def test_other_numbers_can_be_read(hass, sim, guarded, told: Told, text: str):
    sim.script(Reply("It is 1812."))
    await say(hass, text)
    assert told.only["query"] == text
    assert told.only["response"] == "It is 1812."


@pytest.mark.parametrize("fault", [None, Fault.HTTP_500, Fault.GARBAGE_MID_STREAM, Fault.REFUSE])
async def test_our_log_is_silent(hass, sim: Simulator, entry, kitchen_light, caplog, fault):
    """Not one sentence, answer or argument, whatever level is logged."""
    caplog.set_level(logging.DEBUG)
    said = ["zebra question", "zebra answer", "Zebra lamp", "zebra task"]
    sim.script(turn_on("Zebra lamp"), *[Reply("The zebra answer.")] * 3)
    if fault:
        sim.fault(fault, path="/api/chat", times=None, after_chunks=1)
    await say(hass, "A zebra question.")
    with pytest.raises(HomeAssistantError) if fault else contextlib.nullcontext():
        await ask_for_data(hass, instructions="A zebra task.")
    assert sim.chats or fault is Fault.REFUSE
    ours = [
        record.getMessage() + str(record.exc_text)
        for record in caplog.records
        if record.name.startswith(("custom_components.ollama", "ollama"))
    ]
    assert [line for line in ours if any(word in line for word in said)] == []


async def test_a_listener_that_fails(hass: HomeAssistant, sim: Simulator, entry, told):
    """What somebody shows of a query breaks neither its answer nor its account."""

    def fail(_: object) -> None:
        raise ValueError("no")

    stop = entry.runtime_data.records.usage.listen(fail)
    assert speech(await say(hass, "Hello."))
    stop()
    assert told.only["error"] is None


async def test_a_refused_cloud_model_is_not_even_looked_at(
    hass: HomeAssistant, sim: Simulator, entry, told
):
    agent = next(iter(entry.subentries.values()))
    hass.config_entries.async_update_subentry(
        entry, agent, data={**agent.data, "model": "gpt-oss:120b-cloud"}
    )
    await hass.async_block_till_done()
    asked = len(sim.requests)
    answer = speech(await say(hass, "Hello."))
    assert answer.startswith("The model gpt-oss:120b-cloud does not run on your server")
    assert len(sim.requests) == asked
    assert told.only["error"] == "cloud_model"


async def test_talk_that_goes_to_another_model(
    hass: HomeAssistant, sim: Simulator, entry, told: Told, tmp_path: Path
):
    """A talk with images goes to the model that sees them; it is counted and told so."""
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "models": {"vision": VISION_MODEL}}
    )
    image = tmp_path / "door.png"
    image.write_bytes(b"png")
    seen = conversation.Attachment("media-source://x/door", "image/png", image)
    with (
        chat_session.async_get_chat_session(hass, "talk") as session,
        conversation.async_get_chat_log(hass, session) as log,
    ):
        log.async_add_user_content(conversation.UserContent("Look.", attachments=[seen]))
        log.async_add_assistant_content_without_tools(
            conversation.AssistantContent(agent_id=AGENT, content="A door.")
        )
    await say(hass, "Which colour is it?", conversation_id="talk")
    assert sim.chats[-1].body["model"] == VISION_MODEL
    assert told.only["model"] == VISION_MODEL
    assert list(entry.runtime_data.records.usage.day.by_model) == [VISION_MODEL]
