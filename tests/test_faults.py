"""Whatever the server does, there is a sentence in time, and the next request works."""

from dataclasses import dataclass
import json
import logging

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from simulator import Fault, Reply, SimModel, Simulator, ToolCall

from .common import AGENT, ask_for_data, say, speech
from .conftest import SHORT_LIMITS

CHAT = "/api/chat"


@dataclass(frozen=True)
class Case:
    """A fault while an answer is asked for, and how the sentence about it begins."""

    fault: Fault
    sentence: str
    after_chunks: int = 0


REFUSED = "The Ollama server cannot be reached. Please check that Ollama runs on it."
SLOW = "The Ollama server takes too long to answer."
STRANGE = "The server sent something that is not an answer of Ollama."
BROKE = "The answer of the server broke off."

CASES = [
    Case(Fault.REFUSE, REFUSED),
    Case(Fault.HANG, SLOW),
    Case(Fault.HANG_MID_STREAM, SLOW, 2),
    Case(Fault.CUT_MID_STREAM, BROKE, 2),
    Case(Fault.CUT_MID_STREAM, "The Ollama server closed the connection.", 0),
    Case(Fault.GARBAGE, STRANGE),
    Case(Fault.GARBAGE_MID_STREAM, STRANGE, 2),
    Case(Fault.WRONG_CONTENT_TYPE, STRANGE),
    Case(Fault.NOT_OLLAMA, STRANGE),
    Case(Fault.HTTP_404, STRANGE),
    Case(Fault.HTTP_500, "The Ollama server reported an error: "),
    Case(Fault.HTTP_503, "The Ollama server has too much to do right now."),
    Case(Fault.HTTP_401, "The Ollama server refused access."),
    Case(Fault.HTTP_403_EMPTY, "The Ollama server refuses requests from Home Assistant."),
    Case(Fault.ENDLESS_STREAM, SLOW, 2),
]
IDS = [f"{case.fault.value}-{case.after_chunks}" for case in CASES]


def start_fault(sim: Simulator, case: Case) -> None:
    """Let the next answer fail, until the faults are cleared."""
    # No "?" at the end, and several pieces, so that there is a middle.
    sim.script(Reply("One two three four five six."))
    sim.fault(case.fault, path=CHAT, times=None, after_chunks=case.after_chunks)


def assert_quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing in the log that looks like a mistake of ours."""
    shown = [record for record in caplog.records if record.levelno >= logging.INFO]
    assert not [record for record in shown if record.exc_info]
    assert not [record for record in shown if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("case", CASES, ids=IDS)
async def test_in_a_conversation(
    hass: HomeAssistant, sim: Simulator, entry, kitchen_light, caplog, case: Case
):
    start_fault(sim, case)
    result = await say(hass, "hello")
    assert speech(result).startswith(case.sentence)
    assert result.response.response_type.value == "error"
    assert_quiet(caplog)

    sim.clear_faults()
    sim.clear_script()
    sim.script(
        Reply(tool_calls=(ToolCall("intent__HassTurnOn", {"name": "Kitchen light"}),)),
        Reply("It works again."),
    )
    result = await say(hass, "turn on the light", conversation_id=result.conversation_id)
    assert speech(result) == "It works again."
    assert hass.states.get(kitchen_light).state == "on"


@pytest.mark.parametrize("case", CASES, ids=IDS)
async def test_in_an_ai_task(hass: HomeAssistant, sim: Simulator, entry, caplog, case: Case):
    start_fault(sim, case)
    with pytest.raises(HomeAssistantError) as raised:
        await ask_for_data(hass)
    assert str(raised.value).startswith(case.sentence.rstrip("."))
    assert raised.value.translation_domain == "ollama"
    assert_quiet(caplog)

    sim.clear_faults()
    sim.clear_script()
    sim.script(Reply("Works."))
    assert (await ask_for_data(hass))["data"] == "Works."


async def test_slow_drip_is_an_answer(hass: HomeAssistant, sim: Simulator, entry):
    """Slow isn't broken: pieces that come within the limit make an answer."""
    sim.script(Reply("One two three."))
    sim.fault(Fault.SLOW_DRIP, path=CHAT, delay=0.001)
    assert speech(await say(hass, "hello")) == "One two three."


async def test_refused_key_asks_for_a_new_one(hass: HomeAssistant, sim: Simulator, entry):
    sim.fault(Fault.HTTP_401, path=CHAT, times=1)
    await say(hass, "hello")
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_confirm"


async def test_model_that_was_deleted(hass: HomeAssistant, sim: Simulator, entry):
    await say(hass, "hello")
    sim.remove("qwen3:4b-instruct")
    assert speech(await say(hass, "hello")).startswith(
        "The server does not have the model qwen3:4b-instruct."
    )


async def test_error_line_in_the_stream(hass: HomeAssistant, sim: Simulator, entry):
    """The status is 200 then; the library says -1 (chat_runner_crash_stream.jsonl)."""
    sim.script(Reply(chunks=["One ", "two "], error="an error was encountered: unexpected EOF"))
    result = await say(hass, "hello")
    assert speech(result) == (
        "The Ollama server reported an error: an error was encountered: unexpected EOF"
    )


async def test_words_of_the_child_process(hass: HomeAssistant, sim: Simulator, entry):
    """Since 0.32 JSON comes inside the text (fact 4)."""
    words = {"error": {"code": 400, "message": "image input is not supported"}}
    sim.script(Reply(error=json.dumps(words), error_status=500))
    assert speech(await say(hass, "hello")) == (
        "The Ollama server reported an error: image input is not supported"
    )


async def test_model_that_repeats_itself(hass: HomeAssistant, sim: Simulator, entry):
    """The server ends the stream without `done` and without an error (fact 2)."""
    sim.script(Reply(chunks=[" ha"] * 100))
    result = await say(hass, "laugh")
    assert speech(result).startswith(BROKE)


async def test_failure_after_words_is_heard(hass: HomeAssistant, sim: Simulator, entry):
    """What was spoken can't be taken back: the sentence follows it in the log."""
    sim.script(Reply(chunks=["One ", "two "], done=False))
    result = await say(hass, "count")
    sim.script(Reply("Fine."))
    await say(hass, "again", conversation_id=result.conversation_id)
    messages = sim.chats[-1].body["messages"]
    assert [message["content"] for message in messages[1:4]] == [
        "count",
        "One two ",
        "The answer of the server broke off. Please try again.",
    ]


async def test_cut_after_a_call_goes_on(hass: HomeAssistant, sim: Simulator, entry, kitchen_light):
    """A tool that ran isn't run again: the model gets its result."""
    sim.install(SimModel("qwen3:4b-instruct", 1, "4B", "Q4", "q", ("completion", "tools"), 8192))
    turn_on = ToolCall("intent__HassTurnOn", {"name": "Kitchen light"})
    sim.script(Reply(tool_calls=(turn_on,), done=False), Reply("It is on."))
    assert speech(await say(hass, "turn on the light")) == "It is on."
    assert hass.states.get(kitchen_light).state == "on"
    assert [message["role"] for message in sim.chats[1].body["messages"]].count("tool") == 1


async def test_answer_that_reached_its_limit(hass: HomeAssistant, sim: Simulator, add_entry):
    await add_entry(agent={"num_predict": 3})
    sim.script(Reply(chunks=["One ", "two ", "three ", "four"]))
    result = await say(hass, "count")
    assert speech(result) == "The answer became too long and was cut off here."
    await say(hass, "go on", conversation_id=result.conversation_id)
    assert sim.chats[1].body["messages"][2]["content"] == "One two three "


async def test_thinking_that_reached_the_limit(hass: HomeAssistant, sim: Simulator, add_entry):
    await add_entry(agent={"model": "qwen3:8b", "think": True, "num_predict": 3})
    sim.script(Reply("Never said.", thinking="One two three four five six seven eight"))
    assert speech(await say(hass, "think")).startswith("The answer became too long")


async def test_empty_answer(hass: HomeAssistant, sim: Simulator, entry):
    sim.script(Reply(""), *[Reply(chunks=[""])] * 2)
    assert speech(await say(hass, "hello")).startswith("The model gave no answer.")


async def test_empty_answer_after_an_action(
    hass: HomeAssistant, sim: Simulator, entry, kitchen_light
):
    """Asking again would do it twice."""
    sim.script(
        Reply(tool_calls=(ToolCall("intent__HassTurnOn", {"name": "Kitchen light"}),)), Reply("")
    )
    assert speech(await say(hass, "on")) == "I turned on Kitchen light."
    assert hass.states.get(kitchen_light).state == "on"


async def test_answer_without_end(hass: HomeAssistant, sim: Simulator, entry, monkeypatch):
    monkeypatch.setattr("custom_components.ollama.agent.stream.MAX_ANSWER_CHARACTERS", 1000)
    sim.script(Reply(chunks=(f"word {number} " for number in range(10_000))))
    assert speech(await say(hass, "hello")).startswith(BROKE)
    assert sim.chats[0].lines < 10_000


async def test_server_that_returns_is_used_again(
    hass: HomeAssistant, sim: Simulator, entry, caplog
):
    await sim.stop()
    assert speech(await say(hass, "hello")) == REFUSED
    await sim.start()
    assert speech(await say(hass, "hello")) == "The kitchen lamp is now on."
    assert hass.states.get(AGENT).state != "unavailable"
    assert_quiet(caplog)


async def test_errors_speak_the_users_language(hass: HomeAssistant, sim: Simulator, entry):
    await sim.stop()
    result = await say(hass, "hallo", language="nl")
    assert speech(result) != REFUSED
    assert "Ollama" in speech(result)


@pytest.mark.parametrize("sentence", ["my secret sentence"])
async def test_sentences_stay_out_of_the_log(
    hass: HomeAssistant, sim: Simulator, entry, caplog, sentence: str
):
    """At the level that people have; Home Assistant's own debug logger is theirs."""
    caplog.set_level("INFO")
    for start in (lambda: None, lambda: sim.fault(Fault.HTTP_500, path=CHAT)):
        start()
        await say(hass, sentence)
    assert sentence not in caplog.text


def test_limits_are_short_here():
    """A test that waits for minutes would hide a missing limit."""
    assert max(SHORT_LIMITS.first_chunk, SHORT_LIMITS.answer) <= 3
