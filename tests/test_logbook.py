"""What the logbook tells of queries."""

from collections.abc import Mapping
from datetime import timedelta
import json
from pathlib import Path
from typing import Any

from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import translation
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from simulator import Fault, Reply, Simulator, ToolCall

from .common import AGENT, MODEL, TASK, ask_for_data, say, speech
from .policy_home import FRONT, AddAgent, agent_data, furnish, set_policy

LAMP_ON = Reply(tool_calls=(ToolCall("HassTurnOn", {"name": "Kitchen light"}),))
DID = "I turned on Kitchen light."


@pytest.fixture
def enable_custom_integrations(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Start the recorder first of all."""


@pytest.fixture
async def logbook(hass: HomeAssistant, hass_ws_client: Any) -> Any:
    """Return a function that reads the logbook as the web interface does.

    Only the lines of this integration.
    """
    assert await async_setup_component(hass, "logbook", {})
    await hass.async_block_till_done()
    start = dt_util.utcnow()

    async def read(**only: Any) -> list[dict[str, Any]]:
        # Once there is a client, no component can add pages any more.
        client = await hass_ws_client(hass)
        await hass.async_block_till_done()
        await get_instance(hass).async_block_till_done()
        await client.send_json_auto_id(
            {
                "type": "logbook/get_events",
                "start_time": (start - timedelta(minutes=1)).isoformat(),
                "end_time": (dt_util.utcnow() + timedelta(minutes=1)).isoformat(),
                **only,
            }
        )
        answer = await client.receive_json()
        assert answer["success"]
        return [line for line in answer["result"] if line.get("domain") == "ollama"]

    return read


def log_queries(hass: HomeAssistant, entry: MockConfigEntry, how: str) -> None:
    hass.config_entries.async_update_entry(entry, options={**entry.options, "log_queries": how})


async def messages(logbook: Any) -> list[str]:
    return [line["message"] for line in await logbook()]


async def test_a_sentence(hass: HomeAssistant, sim: Simulator, logbook, entry):
    user = MockUser(name="Anna").add_to_hass(hass)
    sim.script(Reply("It is noon."))
    await say(hass, "What time is it?", context=Context(user_id=user.id))
    (line,) = await logbook()
    assert line["name"] == "Ollama Conversation"
    assert line["entity_id"] == AGENT
    assert line["context_user_id"] == user.id
    assert line["message"] == "was asked: What time is it? · answered: It is noon."


async def test_a_task(hass: HomeAssistant, sim: Simulator, logbook, entry):
    sim.script(Reply("A short poem."))
    await ask_for_data(hass, instructions="Write a poem.")
    (line,) = await logbook()
    assert line["name"] == "Ollama AI Task"
    assert line["entity_id"] == TASK
    assert line["message"] == "was asked: Write a poem. · answered: A short poem."


async def test_of_one_entity(hass: HomeAssistant, sim: Simulator, logbook, entry):
    """The page of an agent shows its own queries and no others."""
    await say(hass, "Hello.")
    await ask_for_data(hass)
    for entity_id in (AGENT, TASK):
        lines = await logbook(entity_ids=[entity_id])
        assert [line["entity_id"] for line in lines] == [entity_id]
    assert len(await logbook()) == 2


async def test_calls(hass: HomeAssistant, sim: Simulator, logbook, entry, kitchen_light):
    sim.script(LAMP_ON, Reply("It is on."))
    await say(hass, "Turn on the light.")
    assert await messages(logbook) == [
        f"was asked: Turn on the light. · {DID} · answered: It is on."
    ]


async def test_several_calls(hass: HomeAssistant, sim: Simulator, logbook, add_entry: AddAgent):
    await furnish(hass)
    await add_entry(agent=agent_data())
    both = ["Front door", "Garage door"]
    sim.script(
        Reply(tool_calls=(ToolCall("lock", {"name": both[0]}),)),
        Reply(tool_calls=(ToolCall("close", {"name": both[1]}),)),
        Reply("Good night."),
    )
    await say(hass, "Good night.")
    (message,) = await messages(logbook)
    assert "I locked Front door. · I closed Garage door. · answered" in message


async def test_a_yes(hass: HomeAssistant, sim: Simulator, logbook, add_entry: AddAgent):
    await furnish(hass)
    entry = await add_entry(agent=agent_data())
    set_policy(hass, entry, pin="4711")
    sim.script(Reply(tool_calls=(ToolCall("unlock", FRONT),)))
    result = await say(hass, "Unlock the front door.")
    answer = speech(await say(hass, "4711", conversation_id=result.conversation_id))
    asked, agreed = await messages(logbook)
    assert asked.startswith("was asked: Unlock the front door. · answered: Shall I unlock")
    assert "I unlocked" not in asked
    assert agreed == f"was asked: •••• · I unlocked Front door. · answered: {answer}"


async def test_without_texts(hass: HomeAssistant, sim: Simulator, logbook, entry, kitchen_light):
    log_queries(hass, entry, "none")
    sim.script(LAMP_ON, Reply("It is on."), Reply("It is noon."))
    await say(hass, "Turn on the light.")
    await say(hass, "What time is it?")
    assert await messages(logbook) == [f"was asked something · {DID}", "was asked something"]


async def test_long_texts(hass: HomeAssistant, sim: Simulator, logbook, entry):
    """The recorder keeps an event with the longest texts that there may be."""
    log_queries(hass, entry, "full")
    sim.script(Reply(chunks=['"\n' * 9000]))
    await say(hass, "\\" * 9000)
    (message,) = await messages(logbook)
    assert message.startswith("was asked: \\\\\\")
    assert len(message) > 7900


async def test_braces_are_text(hass: HomeAssistant, sim: Simulator, logbook, entry):
    sim.script(Reply("It is {response}."))
    await say(hass, "What is {query} and {0}?")
    assert await messages(logbook) == [
        "was asked: What is {query} and {0}? · answered: It is {response}."
    ]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (
            Fault.REFUSE,
            "The Ollama server cannot be reached. Please check that Ollama runs on it.",
        ),
        (Fault.CUT_MID_STREAM, "The answer of the server broke off. Please try again."),
    ],
)
async def test_an_error(hass: HomeAssistant, sim: Simulator, logbook, entry, fault, reason):
    sim.fault(fault, path="/api/chat", times=None, after_chunks=1)
    await say(hass, "Hello.")
    assert await messages(logbook) == [f"was asked: Hello. · could not answer: {reason}"]


async def test_an_error_that_needs_the_models_name(hass, sim: Simulator, logbook, entry):
    sim.remove(MODEL)
    await say(hass, "Hello.")
    (message,) = await messages(logbook)
    assert f"could not answer: The server does not have the model {MODEL}." in message


async def test_an_error_that_needs_more_than_the_event_tells(hass, sim, logbook, entry):
    sim.fault(Fault.HTTP_500, path="/api/chat")
    await say(hass, "Hello.")
    assert await messages(logbook) == ["was asked: Hello. · could not answer"]


async def test_an_error_after_a_call(hass, sim: Simulator, logbook, entry, kitchen_light):
    sim.script(LAMP_ON, Reply(error="out of memory"))
    await say(hass, "Turn on the light.")
    assert await messages(logbook) == [f"was asked: Turn on the light. · {DID} · could not answer"]


async def test_a_refused_sentence(hass: HomeAssistant, sim: Simulator, logbook, entry):
    options = {**entry.options, "requests_per_hour": 1}
    hass.config_entries.async_update_entry(entry, options=options)
    await say(hass, "Hello.")
    await say(hass, "Hello again.")
    assert (await messages(logbook))[1] == "was asked: Hello again. · could not answer"


async def test_an_agent_that_is_gone(hass: HomeAssistant, sim: Simulator, logbook, entry):
    """What it did stays told of."""
    await say(hass, "Hello.")
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    (line,) = await logbook()
    assert line["name"] == AGENT
    assert line["message"].startswith("was asked: Hello.")


def texts_of(component_path: Path, language: str) -> Mapping[str, str]:
    """Return a language's sentences; what it lacks is English."""
    folder = component_path / "translations"
    files = (folder / f"{name}.json" for name in ("en", language))
    texts: dict[str, str] = {}
    for file in files:
        exceptions = json.loads(file.read_text(encoding="utf-8"))["exceptions"]
        texts |= {key: value["message"] for key, value in exceptions.items()}
    return texts


@pytest.mark.parametrize("language", ["de", "es", "fr", "nl"])
async def test_in_the_language_of_the_home(
    hass: HomeAssistant,
    sim: Simulator,
    logbook,
    entry,
    kitchen_light,
    component_path: Path,
    language: str,
):
    texts = texts_of(component_path, language)
    assert texts["model_missing"] != texts_of(component_path, "en")["model_missing"]
    # As Home Assistant's start does, so that a change of the language is heeded.
    translation.async_setup(hass)
    await hass.config.async_update(language=language)
    await hass.async_block_till_done()
    sim.script(LAMP_ON, Reply("It is on."))
    await say(hass, "Licht!")
    sim.remove(MODEL)
    await say(hass, "Licht!")
    asked = texts["logbook_asked"].format(query="Licht!")
    did = texts["done_turned_on"].format(targets="Kitchen light")
    answered = texts["logbook_answered"].format(response="It is on.")
    failed = texts["logbook_failed_because"].format(
        reason=texts["model_missing"].format(model=MODEL)
    )
    assert await messages(logbook) == [f"{asked} · {did} · {answered}", f"{asked} · {failed}"]
