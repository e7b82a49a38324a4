"""What holds for each of the actions that ask a model: one way through, for all of them."""

import asyncio
from collections.abc import Callable
import contextlib
from dataclasses import dataclass
import json
import logging
import re
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.json import json_bytes
from homeassistant.setup import async_setup_component
import probatio
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)

from custom_components.ollama.actions import ACTIONS
from custom_components.ollama.actions.asking import COMMON_FIELDS
from custom_components.ollama.const import DOMAIN
from simulator import Fault, RecordedRequest, Reply, Simulator, ToolCall

from ..common import AGENT, MODEL
from .calling import act, asked, clean_trace, failure, run_automation

MOVIE = "scene.movie"
BURST = 50
PEOPLES_WORDS = "the plumber comes at five"


@dataclass(frozen=True)
class Case:
    """An action, what it is called with, and what a model answers."""

    data: Callable[[str], dict[str, Any]]
    answer: Callable[[str], str]
    tells: str
    """A template of where the model's words are in the response."""


def _automation(words: str) -> str:
    return json.dumps(
        {
            "alias": words,
            "description": words,
            "triggers": [{"trigger": "time", "at": "07:00:00"}],
            "conditions": [],
            "actions": [
                {"action": "persistent_notification.create", "data": {"message": "Wake up"}}
            ],
            "mode": "single",
        }
    )


CASES = {
    "ask": Case(
        lambda words: {"prompt": words, "home_context": "none"},
        lambda words: words,
        "response",
    ),
    "briefing": Case(
        lambda words: {"kind": "custom", "sections": ["home"], "instructions": words},
        lambda words: words,
        "response",
    ),
    "create_automation": Case(
        lambda words: {"description": words}, _automation, "automation.alias"
    ),
    "decide": Case(
        lambda words: {
            "situation": words,
            "options": [{"id": "wait", "description": "Wait"}],
        },
        lambda words: json.dumps({"reason": words, "action": "wait", "urgency": "low"}),
        "reason",
    ),
    "select_scene": Case(
        lambda words: {"request": words, "scenes": MOVIE},
        lambda words: json.dumps({"reason": words, "scene": MOVIE}),
        "reason",
    ),
}

every_action = pytest.mark.parametrize("action", CASES)


def told(action: str, response: dict[str, Any]) -> str:
    """Return the model's words in a response."""
    found: Any = response
    for key in CASES[action].tells.split("."):
        found = found[key]
    return str(found)


def number_in(request: RecordedRequest) -> str:
    """Return which of many questions a request asks."""
    found = re.search(r"number \d+", asked(request))
    assert found, asked(request)
    return found[0]


def answering(action: str, *, slowly: float = 0.0) -> Callable[[RecordedRequest], Reply]:
    """Return a brain that answers each question with its number."""
    return lambda request: Reply(
        CASES[action].answer(f"Answer to {number_in(request)}"), delay=slowly
    )


async def call(
    hass: HomeAssistant, action: str, number: int = 1, context: Context | None = None, **more: Any
) -> dict[str, Any]:
    return await act(hass, action, context, **CASES[action].data(f"number {number}"), **more)


async def fail(hass: HomeAssistant, action: str, **more: Any) -> str | None:
    """Return the key of an action's error; a briefing tells the facts, and why."""
    data = {**CASES[action].data("number 1"), **more}
    if action != "briefing":
        return (await failure(hass, action, **data)).translation_key
    response = await act(hass, action, **data)
    assert response["plain"] is True
    return response["error"]


def limit(hass: HomeAssistant, entry: MockConfigEntry, **options: Any) -> None:
    hass.config_entries.async_update_entry(entry, options={**entry.options, **options})


async def until_it_is_asked(sim: Simulator, times: int = 1) -> None:
    async with asyncio.timeout(2):
        while len(sim.chats) < times:
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
async def home(hass: HomeAssistant) -> None:
    """A home with a light, a scene, and somewhere to leave a message."""
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"tv": {}}})
    assert await async_setup_component(hass, "persistent_notification", {})
    scene = {"id": "movie", "name": "Movie", "entities": {"input_boolean.tv": "on"}}
    assert await async_setup_component(hass, "scene", {"scene": [scene]})
    hass.states.async_set("light.hall", "on", {"friendly_name": "Hall"})


@pytest.fixture
def words_logged(caplog: pytest.LogCaptureFixture) -> Callable[[str], bool]:
    """Return whether this integration has logged some words, at whatever level."""
    caplog.set_level(logging.DEBUG, "custom_components.ollama")

    def logged(words: str) -> bool:
        return any(
            words in record.getMessage() or words in (record.exc_text or "")
            for record in caplog.records
            if record.name.startswith("custom_components.ollama")
        )

    return logged


def test_there_are_no_others() -> None:
    asks_a_model = {action.name for action in ACTIONS if set(COMMON_FIELDS) <= set(action.fields)}
    assert asks_a_model == set(CASES)


@every_action
async def test_the_common_part_of_a_response(
    hass: HomeAssistant, entry, sim: Simulator, action: str
):
    sim.set_brain(answering(action))
    response = await call(hass, action)
    assert told(action, response) == "Answer to number 1"
    assert response["model"] == MODEL
    assert response["conversation_id"]
    assert isinstance(response["response"], str)
    usage = response["usage"]
    assert usage["prompt_tokens"] > 0
    assert usage["completion_tokens"] > 0
    assert usage["duration"] > 0
    assert set(usage) == {"prompt_tokens", "completion_tokens", "duration", "tokens_per_second"}


@every_action
async def test_a_response_needs_not_be_wanted(
    hass: HomeAssistant, entry, sim: Simulator, action: str
):
    sim.set_brain(answering(action))
    await hass.services.async_call(DOMAIN, action, CASES[action].data("number 1"), blocking=True)
    assert len(sim.chats) == 1


@every_action
async def test_it_has_no_tools(hass: HomeAssistant, entry, sim: Simulator, action: str):
    sim.set_brain(answering(action))
    await call(hass, action)
    (request,) = sim.chats
    assert not request.body.get("tools")


# Order and limits


@every_action
async def test_a_burst_is_served_in_order(hass: HomeAssistant, entry, sim: Simulator, action: str):
    sim.set_brain(answering(action))
    processed = async_capture_events(hass, "ollama_query_processed")
    responses = await asyncio.gather(*(call(hass, action, n) for n in range(BURST)))
    assert [told(action, one) for one in responses] == [
        f"Answer to number {n}" for n in range(BURST)
    ]
    assert [number_in(request) for request in sim.chats] == [f"number {n}" for n in range(BURST)]
    assert len({event.data["query_id"] for event in processed}) == len(processed) == BURST
    assert hass.states.get("sensor.ollama_requests_today").state == str(BURST)


@every_action
async def test_one_generation_at_a_time(hass: HomeAssistant, entry, sim: Simulator, action: str):
    sim.set_brain(answering(action, slowly=0.05))
    calls = asyncio.gather(*(call(hass, action, n) for n in range(3)))
    await until_it_is_asked(sim)
    for answered in range(2):
        assert len(sim.chats) == answered + 1
        assert not sim.chats[answered].finished
        await until_it_is_asked(sim, answered + 2)
        assert sim.chats[answered].finished
    await calls


@every_action
async def test_over_the_limit(hass: HomeAssistant, entry, sim: Simulator, action: str):
    limit(hass, entry, requests_per_hour=1)
    sim.set_brain(answering(action))
    await call(hass, action)
    err = await failure(hass, action, **CASES[action].data("number 2"))
    assert err.translation_key == "rate_limit"
    assert len(sim.chats) == 1
    assert hass.states.get("sensor.ollama_requests_today").state == "1"


@every_action
async def test_too_soon(hass: HomeAssistant, entry, sim: Simulator, action: str):
    limit(hass, entry, min_seconds_between_requests=60)
    sim.set_brain(answering(action))
    await call(hass, action)
    err = await failure(hass, action, **CASES[action].data("number 2"))
    assert err.translation_key == "too_soon"
    assert len(sim.chats) == 1


@every_action
async def test_events_tell_of_it(hass: HomeAssistant, entry, sim: Simulator, action: str):
    sim.set_brain(answering(action))
    requested = async_capture_events(hass, "ollama_query_requested")
    processed = async_capture_events(hass, "ollama_query_processed")
    context = Context()
    await call(hass, action, context=context)
    (begin,), (end,) = requested, processed
    assert begin.data["query_id"] == end.data["query_id"]
    for event in (begin, end):
        assert event.data["source"] == action
        assert event.data["entity_id"] == AGENT
        assert event.data["model"] == MODEL
        assert event.data["query"] == "number 1"
        assert event.context is context
    assert end.data["error"] is None
    assert end.data["tool_calls"] == []
    assert end.data["completion_tokens"] > 0


@every_action
async def test_a_cloud_model_is_refused(hass: HomeAssistant, entry, sim: Simulator, action: str):
    before = len(sim.requests)
    assert await fail(hass, action, model="gpt-oss:120b-cloud") == "cloud_model"
    assert [request for request in sim.requests[before:] if request.method == "POST"] == []


# What goes wrong


@every_action
async def test_without_a_server(hass: HomeAssistant, action: str):
    assert await async_setup_component(hass, DOMAIN, {})
    err = await failure(hass, action, **CASES[action].data("number 1"))
    assert err.translation_key == "no_agent"


@every_action
async def test_a_server_that_is_not_loaded(hass: HomeAssistant, entry, action: str):
    assert await hass.config_entries.async_unload(entry.entry_id)
    for more in ({}, {"agent": AGENT}):
        err = await failure(hass, action, **CASES[action].data("number 1"), **more)
        assert err.translation_key == "server_not_loaded"


@every_action
@pytest.mark.parametrize("agent", ["conversation.home_assistant", "light.hall"])
async def test_an_unknown_agent(hass: HomeAssistant, entry, sim: Simulator, action: str, agent):
    err = await failure(hass, action, **CASES[action].data("number 1"), agent=agent)
    assert err.translation_key == "agent_unknown"
    assert err.translation_placeholders == {"agent": agent}
    assert not sim.chats


@every_action
async def test_a_model_that_is_missing(hass: HomeAssistant, entry, sim: Simulator, action: str):
    assert await fail(hass, action, model="no-such-model") == "model_missing"


@every_action
@pytest.mark.parametrize(
    ("fault", "key"),
    [
        (Fault.REFUSE, "unreachable_refused"),
        (Fault.HTTP_500, "server_failed"),
        (Fault.CUT_MID_STREAM, "answer_cut"),
        (Fault.HANG_MID_STREAM, "too_slow"),
    ],
)
async def test_a_server_that_fails(
    hass: HomeAssistant, entry, sim: Simulator, action: str, fault: Fault, key: str, words_logged
):
    processed = async_capture_events(hass, "ollama_query_processed")
    sim.set_brain(lambda request: Reply(CASES[action].answer(PEOPLES_WORDS)))
    sim.fault(fault, path="/api/chat", times=1, after_chunks=1)
    assert await fail(hass, action, **_with_words(action)) == key
    assert [event.data["error"] for event in processed] == [key]
    assert not words_logged(PEOPLES_WORDS)


@every_action
@pytest.mark.parametrize("fits", [True, False])
async def test_no_words_get_into_the_log(
    hass: HomeAssistant, entry, sim: Simulator, action: str, fits: bool, words_logged
):
    """Neither what people say nor what a model answers, whether it fits or not."""
    answer = CASES[action].answer(PEOPLES_WORDS) if fits else PEOPLES_WORDS
    sim.set_brain(lambda request: Reply(chunks=(answer,)))
    with contextlib.suppress(HomeAssistantError):
        await act(hass, action, **_with_words(action))
    assert sim.chats
    assert not words_logged(PEOPLES_WORDS)


def _with_words(action: str) -> dict[str, Any]:
    return {
        key: PEOPLES_WORDS if value == "number 1" else value
        for key, value in CASES[action].data("number 1").items()
    }


@pytest.mark.parametrize("action", ["ask", "create_automation", "decide", "select_scene"])
async def test_half_a_character_in_data(hass: HomeAssistant, entry, sim: Simulator, action: str):
    """JSON can spell it, but no browser can be sent it."""
    structure = {"name": {"selector": {"text": {}}, "required": True}}
    more = {"structure": structure} if action == "ask" else {}
    words = "Half \ud83d a character"
    answer = json.dumps({"name": words}) if more else CASES[action].answer(words)
    sim.set_brain(lambda request: Reply(answer))
    response = await call(hass, action, **more)
    assert "Half ? a character" in json.dumps(response)
    json_bytes(response)


async def test_a_number_that_is_too_long(hass: HomeAssistant, entry, sim: Simulator):
    sim.script(Reply('{"anything": {"number": 36893488147419103232}}'))
    structure = {"anything": {"selector": {"object": {}}, "required": True}}
    response = await call(hass, "ask", structure=structure)
    assert response["data"] == {"anything": {"number": "36893488147419103232"}}


@every_action
async def test_half_a_character_from_a_template(
    hass: HomeAssistant, entry, sim: Simulator, action: str
):
    sim.set_brain(answering(action))
    await act(hass, action, **CASES[action].data("number 1 \ud83d"))
    assert "number 1 ?" in asked(sim.chats[0])


# Broken off in the middle


@every_action
async def test_a_call_that_is_broken_off(hass: HomeAssistant, entry, sim: Simulator, action: str):
    """What was stopped holds no place in the queue."""
    processed = async_capture_events(hass, "ollama_query_processed")
    sim.set_brain(answering(action, slowly=5))
    first = hass.async_create_task(call(hass, action))
    await until_it_is_asked(sim)
    waiting = hass.async_create_task(call(hass, action, 2))
    await asyncio.sleep(0.05)
    sim.set_brain(answering(action))
    waiting.cancel()
    first.cancel()
    results = await asyncio.gather(first, waiting, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in results)
    assert told(action, await call(hass, action, 3)) == "Answer to number 3"
    assert [event.data["error"] for event in processed] == ["cancelled", "cancelled", None]
    assert hass.states.get("sensor.ollama_errors_today").state == "0"


@every_action
async def test_an_automation_that_is_turned_off(
    hass: HomeAssistant, entry, sim: Simulator, action: str
):
    went_on = async_capture_events(hass, "went_on")
    automation = {
        "alias": "Asks",
        "triggers": {"trigger": "event", "event_type": "go"},
        "actions": [
            {"action": f"ollama.{action}", "data": CASES[action].data("number 1")},
            {"event": "went_on"},
        ],
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    sim.set_brain(answering(action, slowly=5))
    hass.bus.async_fire("go")
    await until_it_is_asked(sim)
    await hass.services.async_call(
        "automation", "turn_off", {"entity_id": "automation.asks"}, blocking=True
    )
    sim.set_brain(answering(action))
    assert told(action, await call(hass, action, 2)) == "Answer to number 2"
    assert not went_on


@every_action
async def test_inside_of_a_talk_that_controls(
    hass: HomeAssistant, entry, sim: Simulator, action: str
):
    """A model starts a script that asks a model: nobody waits for himself."""
    went_on = async_capture_events(hass, "went_on")
    steps = [
        {
            "action": f"ollama.{action}",
            "data": CASES[action].data("number 1"),
            "response_variable": "answer",
        },
        {"event": "went_on", "event_data": {"it": f"{{{{ answer.{CASES[action].tells} }}}}"}},
    ]
    assert await async_setup_component(hass, "script", {"script": {"helper": {"sequence": steps}}})
    async_expose_entity(hass, "conversation", "script.helper", True)
    answer = answering(action)

    def brain(request: RecordedRequest) -> Reply:
        if not request.body.get("tools"):
            return answer(request)
        if request.body["messages"][-1]["role"] == "tool":
            return Reply("It has run.")
        return Reply(tool_calls=(ToolCall("script__helper", {}),))

    sim.set_brain(brain)
    response = await act(hass, "ask", prompt="Run the helper", control=True, home_context="none")
    assert response["response"] == "It has run."
    assert [event.data["it"] for event in went_on] == ["Answer to number 1"]
    assert hass.states.get("sensor.ollama_requests_today").state == "2"


@every_action
async def test_home_assistant_stops_in_the_middle(
    hass: HomeAssistant, entry, sim: Simulator, action: str, caplog: pytest.LogCaptureFixture
):
    sim.set_brain(answering(action, slowly=0.2))
    running = hass.async_create_task(call(hass, action))
    await until_it_is_asked(sim)
    await hass.async_stop(force=True)
    await asyncio.wait((running,), timeout=1)
    assert running.done()
    assert [r for r in caplog.records if r.levelname == "ERROR" and "ollama" in r.name] == []


@every_action
@pytest.mark.parametrize("method", ["async_reload", "async_unload"])
async def test_the_server_goes_in_the_middle(
    hass: HomeAssistant, entry, sim: Simulator, action: str, method: str
):
    """What is asked is answered, and what waits for its turn as well."""
    sim.set_brain(answering(action, slowly=0.2))
    calls = [hass.async_create_task(call(hass, action, n)) for n in range(2)]
    await until_it_is_asked(sim)
    assert await getattr(hass.config_entries, method)(entry.entry_id)
    responses = await asyncio.gather(*calls)
    assert [told(action, one) for one in responses] == ["Answer to number 0", "Answer to number 1"]


@every_action
async def test_the_agent_goes_in_the_middle(
    hass: HomeAssistant, entry: MockConfigEntry, sim: Simulator, action: str
):
    sim.set_brain(answering(action, slowly=0.2))
    running = hass.async_create_task(call(hass, action))
    await until_it_is_asked(sim)
    (subentry,) = entry.get_subentries_of_type("conversation")
    hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    assert told(action, await running) == "Answer to number 1"


# Who calls


@every_action
async def test_an_ordinary_user(hass: HomeAssistant, entry, sim: Simulator, action: str):
    MockUser(is_owner=True).add_to_hass(hass)
    user = MockUser(groups=[await hass.auth.async_get_group("system-users")]).add_to_hass(hass)
    assert not user.is_admin
    sim.set_brain(answering(action))
    processed = async_capture_events(hass, "ollama_query_processed")
    assert told(action, await call(hass, action, context=Context(user_id=user.id)))
    assert processed[0].data["user_id"] == user.id


@every_action
async def test_in_an_automation(
    hass: HomeAssistant, entry, sim: Simulator, action: str, hass_ws_client: Any
):
    sim.set_brain(answering(action))
    found = await run_automation(
        hass, action, CASES[action].data("number 1"), f"{{{{ answer.{CASES[action].tells} }}}}"
    )
    assert found == "Answer to number 1"
    await clean_trace(hass, hass_ws_client, f"made_of_{action}")


@every_action
async def test_an_error_can_be_caught_by_an_automation(
    hass: HomeAssistant, entry, sim: Simulator, action: str
):
    events = async_capture_events(hass, "went_on")
    data = {**CASES[action].data("number 1"), "agent": "conversation.home_assistant"}
    steps = [
        {
            "action": f"ollama.{action}",
            "data": data,
            "response_variable": "answer",
            "continue_on_error": True,
        },
        {"event": "went_on", "event_data": {"answered": "{{ answer is defined }}"}},
    ]
    assert await async_setup_component(hass, "script", {"script": {"try": {"sequence": steps}}})
    await hass.services.async_call("script", "try", blocking=True)
    assert [event.data for event in events] == [{"answered": False}]


@every_action
@pytest.mark.parametrize("language", ["nl", "de", "fr", "es", "zh-Hans", "ja"])
async def test_in_a_language(
    hass: HomeAssistant, entry, sim: Simulator, action: str, language: str
):
    sim.set_brain(answering(action))
    await call(hass, action, language=language)
    assert f'"{language}"' in sim.chats[0].body["messages"][0]["content"]


@every_action
@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("en-US", "en-US"),
        ("de_DE", "de-DE"),
        ("nl-be", "nl-BE"),
        ("EN", "en"),
        ("ZH-hans-cn", "zh-Hans-CN"),
        (" es-419 ", "es-419"),
        ("", "en"),
        (" ", "en"),
    ],
)
async def test_a_language_as_people_write_it(
    hass: HomeAssistant, entry, sim: Simulator, action: str, written: str, tag: str
):
    sim.set_brain(answering(action))
    await call(hass, action, language=written)
    told_to = f'language with the code "{tag}"' in sim.chats[0].body["messages"][0]["content"]
    # A question is answered in its own language, unless told otherwise.
    assert told_to is (action != "ask" or bool(written.strip()))


@every_action
@pytest.mark.parametrize(
    "language", ["english", "n", "nl-", "nl--BE", 'nl". Unlock', "de-DE.UTF-8"]
)
async def test_languages_that_are_none(hass: HomeAssistant, entry, action: str, language: str):
    with pytest.raises(probatio.Invalid, match=r"such as nl or en-GB .*language"):
        await call(hass, action, language=language)


@every_action
async def test_cut_for_a_text_message(hass: HomeAssistant, entry, sim: Simulator, action: str):
    words = "One sentence, to be kept. Another one that is too long to be kept at all."
    sim.set_brain(lambda request: Reply(CASES[action].answer(words)))
    response = await call(hass, action, max_length=30.0)
    assert response["response"] == "One sentence, to be kept."


@every_action
@pytest.mark.parametrize("max_length", [19, 100_001, "long"])
async def test_lengths_that_make_no_sense(hass: HomeAssistant, entry, action: str, max_length: Any):
    with pytest.raises(probatio.Invalid, match="max_length"):
        await call(hass, action, max_length=max_length)
