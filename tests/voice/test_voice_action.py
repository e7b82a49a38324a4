"""What `ollama.test_voice` takes, and what it tells of the answer."""

import asyncio
from typing import Any

from homeassistant.components.assist_pipeline import Pipeline
from homeassistant.components.assist_pipeline.runtime import KEY_ASSIST_PIPELINE
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.ollama.const import CONF_PRIME, DOMAIN
from custom_components.ollama.priming import Primer
from simulator import Reply, Simulator, ToolCall
from speech import ScriptedRecogniser, ToneSpeaker

from ..actions.test_test_voice import LoudnessVad
from ..common import MODEL, say
from ..policy_home import AddAgent
from .pipelines import add_pipeline

ANSWER = "It is Paris."
_PREPARE = Primer.async_prepare
LIGHT = ToolCall("intent__HassTurnOn", {"name": "Kitchen light"})


@pytest.fixture(autouse=True)
def _hears_tones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Home Assistant take a tone for speech, so that it notices its end."""
    monkeypatch.setattr(
        "homeassistant.components.assist_pipeline.audio_enhancer.MicroVad", LoudnessVad
    )


@pytest.fixture
async def entry(add_entry: AddAgent) -> MockConfigEntry:
    """A server that is asked by the test alone."""
    return await add_entry(agent={CONF_PRIME: False})


@pytest.fixture
async def pipeline(
    hass: HomeAssistant, entry, sim: Simulator, whisper: ScriptedRecogniser, piper: ToneSpeaker
) -> Pipeline:
    """A pipeline that works, and answers one thing."""
    sim.set_brain(lambda request: Reply(ANSWER, prompt_tokens=70, completion_tokens=7))
    whisper.set_ear(lambda heard: "what is the capital of france")
    return await add_pipeline(hass, whisper, piper)


async def try_out(
    hass: HomeAssistant, pipeline: Pipeline, context: Context | None = None, **data: Any
) -> dict[str, Any]:
    """Try a pipeline out, with a short sentence."""
    data = {"pipeline": pipeline.id, "sentence": "Paris?", **data}
    return await hass.services.async_call(
        DOMAIN, "test_voice", data, blocking=True, return_response=True, context=context
    )


async def test_who_answered_and_what_it_took(hass: HomeAssistant, pipeline: Pipeline):
    processed = async_capture_events(hass, "ollama_query_processed")
    found = await try_out(hass, pipeline)
    [told] = [event.data for event in processed]
    assert found["model"] == told["model"] == MODEL
    usage = found["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (70, 7)
    assert usage["duration"] == pytest.approx(told["duration"], abs=0.05)
    assert usage["tokens_per_second"] > 0
    [run] = hass.data[KEY_ASSIST_PIPELINE].pipeline_debug[pipeline.id].values()
    assert found["conversation_id"] == run.events[0].data["conversation_id"]


async def test_all_of_what_it_took(
    hass: HomeAssistant, pipeline: Pipeline, kitchen_light: str, sim: Simulator
):
    """A tool is called in between."""
    sim.script(
        Reply(tool_calls=(LIGHT,), prompt_tokens=100, completion_tokens=10),
        Reply("Done.", prompt_tokens=120, completion_tokens=2),
    )
    usage = (await try_out(hass, pipeline, control=True))["usage"]
    assert hass.states.get(kitchen_light).state == "on"
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (220, 12)


async def test_what_others_ask_meanwhile_does_not_count(
    hass: HomeAssistant, pipeline: Pipeline, sim: Simulator, piper: ToneSpeaker
):
    """The same agent, for the same user, answers somebody else last."""
    context = Context()
    others: list[asyncio.Task[Any]] = []

    def brain(request: Any) -> Reply:
        if "And you?" in str(request.body["messages"][-1]):
            return Reply("I am well.", prompt_tokens=9_000, completion_tokens=900)
        others.append(hass.async_create_task(say(hass, "And you?", context=context)))
        return Reply(ANSWER, prompt_tokens=70, completion_tokens=7)

    sim.set_brain(brain)
    piper._work = 0.03
    found = await try_out(hass, pipeline, context)
    assert [task.done() for task in others] == [True]
    assert found["usage"]["prompt_tokens"] == 70
    assert found["response"] == ANSWER


async def test_nobody_else_is_waited_for(
    hass: HomeAssistant,
    add_entry: AddAgent,
    sim: Simulator,
    whisper: ScriptedRecogniser,
    piper: ToneSpeaker,
    monkeypatch: pytest.MonkeyPatch,
):
    """What automations ask waits for people who have begun to speak; this is who speaks."""
    monkeypatch.setattr(Primer, "async_prepare", _PREPARE)
    await add_entry()
    sim.set_brain(lambda request: Reply(ANSWER))
    pipeline = await add_pipeline(hass, whisper, piper)
    found = await try_out(hass, pipeline, Context(parent_id="automation"))
    assert found["timings"]["intent"] < 2


async def test_no_model_was_asked(
    hass: HomeAssistant, pipeline: Pipeline, sim: Simulator, monkeypatch: pytest.MonkeyPatch
):
    async def settle(*args: Any) -> str:
        return "That is settled."

    monkeypatch.setattr("custom_components.ollama.talking.async_settle", settle)
    found = await try_out(hass, pipeline)
    assert found["response"] == "That is settled."
    assert not sim.chats
    assert found["model"] is None
    assert found["usage"] == {
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "duration": 0.0,
        "tokens_per_second": None,
    }


async def test_an_entry_that_is_not_loaded(hass: HomeAssistant, entry, pipeline: Pipeline):
    assert await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(HomeAssistantError) as caught:
        await try_out(hass, pipeline)
    assert caught.value.translation_key == "voice_test_agent_missing"


@pytest.mark.parametrize("sentence", ["", " ", "!?", "...", "\u200b", "👍"])
async def test_a_sentence_without_a_word(
    hass: HomeAssistant, pipeline: Pipeline, piper: ToneSpeaker, sentence: str
):
    with pytest.raises(probatio.Invalid):
        await try_out(hass, pipeline, sentence=sentence)
    assert not piper.spoken
