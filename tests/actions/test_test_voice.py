"""`ollama.test_voice`: a sentence to a pipeline, from an automation or a person."""

from collections.abc import AsyncGenerator
import json
from types import MappingProxyType
from unittest.mock import patch

from homeassistant.components.assist_pipeline import Pipeline, async_update_pipeline
from homeassistant.components.assist_pipeline.runtime import KEY_ASSIST_PIPELINE
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.setup import async_setup_component
import probatio
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)

from custom_components.ollama.const import DOMAIN
from custom_components.ollama.voice.records import Place
from custom_components.ollama.voice.settings import SUBENTRY_VOICE, VoiceSettings
from simulator import Reply, Simulator, ToolCall
from speech import Fault, ScriptedRecogniser, ToneSpeaker

from ..common import MODEL
from ..voice.pipelines import add_pipeline
from .calling import act, clean_trace, failure, run_automation

SENTENCE = "What is the capital of France?"
ANSWER = "It is Paris."
TURN_ON = {"sentence": "Turn on the kitchen light!", "control": True}
LIGHT = ToolCall("intent__HassTurnOn", {"name": "Kitchen light"})
STAGES = {
    "synthesis",
    "speech_to_text",
    "time_to_first_token",
    "intent",
    "time_to_first_audio",
    "text_to_speech",
    "whole",
}
USAGE = {"prompt_tokens", "completion_tokens", "duration", "tokens_per_second"}


class LoudnessVad:
    """Takes what is loud for speech, where the real one wants a human voice."""

    def Process10ms(self, audio: bytes) -> float:  # noqa: N802 - the name in pymicro_vad
        return 1.0 if any(audio) else 0.0


@pytest.fixture
async def whisper() -> AsyncGenerator[ScriptedRecogniser]:
    vad = "homeassistant.components.assist_pipeline.audio_enhancer.MicroVad"
    async with ScriptedRecogniser() as server:
        server.set_ear(lambda heard: SENTENCE)
        with patch(vad, LoudnessVad):
            yield server


@pytest.fixture
async def piper() -> AsyncGenerator[ToneSpeaker]:
    async with ToneSpeaker(seconds_per_character=0.013) as server:
        yield server


@pytest.fixture
async def pipeline(hass: HomeAssistant, entry, sim: Simulator, whisper, piper) -> Pipeline:
    """A pipeline made by hand, whose agent is ours."""
    sim.set_brain(lambda request: Reply(ANSWER))
    return await add_pipeline(hass, whisper, piper)


def prefer(hass: HomeAssistant, pipeline: Pipeline) -> None:
    hass.data[KEY_ASSIST_PIPELINE].pipeline_store.async_set_preferred_item(pipeline.id)


async def user_who(hass: HomeAssistant, **entities: dict[str, bool]) -> Context:
    """Return the context of a user who may do so much with some entities, and no more."""
    user = MockUser(id="guest").add_to_hass(hass)
    user.mock_policy(
        {"entities": {"entity_ids": {key.replace("__", "."): may for key, may in entities.items()}}}
    )
    return Context(user_id=user.id)


async def test_what_it_returns(hass: HomeAssistant, pipeline: Pipeline):
    response = await act(hass, "test_voice", pipeline=pipeline.id)
    json.dumps(response)
    timings = response.pop("timings")
    assert set(timings) == STAGES
    assert all(seconds >= 0 for seconds in timings.values())
    assert response.pop("audio_duration") == pytest.approx(0.156, abs=0.02)
    assert response.pop("conversation_id")
    assert set(response.pop("usage")) == USAGE
    assert response == {
        "pipeline": pipeline.id,
        "model": MODEL,
        "sentence": SENTENCE,
        "heard": SENTENCE,
        "response": ANSWER,
        "word_error_rate": 0.0,
    }


async def test_at_the_pace_of_speech(hass: HomeAssistant, pipeline: Pipeline):
    begin = hass.loop.time()
    await act(hass, "test_voice", pipeline=pipeline.id)
    assert hass.loop.time() - begin > 0.3 + 0.39 + 0.5


async def test_the_home_is_left_alone(
    hass: HomeAssistant, pipeline: Pipeline, kitchen_light: str, sim: Simulator
):
    """No response is wanted, and the owner did not say that it may act."""
    sim.set_brain(lambda request: Reply("Sure.", tool_calls=(LIGHT,)))
    data = {"pipeline": pipeline.id, "sentence": TURN_ON["sentence"]}
    await hass.services.async_call(DOMAIN, "test_voice", data, blocking=True)
    assert hass.states.get(kitchen_light).state == "off"


@pytest.mark.parametrize(("may_control", "state"), [(True, "on"), (False, "off")])
async def test_control_is_the_user_s_own(
    hass: HomeAssistant,
    pipeline: Pipeline,
    kitchen_light: str,
    sim: Simulator,
    may_control: bool,
    state: str,
):
    """An ordinary user may try it out, and comes no farther than by hand."""
    free = {"read": True, "control": True}
    context = await user_who(
        hass,
        conversation__ollama_conversation=free,
        input_boolean__lamp=free,
        light__kitchen_light={"read": True, "control": may_control},
    )
    processed = async_capture_events(hass, "ollama_query_processed")
    sim.script(Reply(tool_calls=(LIGHT,)), Reply("Well."), Reply("Well."))
    await act(hass, "test_voice", context, pipeline=pipeline.id, **TURN_ON)
    await hass.async_block_till_done()
    assert hass.states.get(kitchen_light).state == state
    assert [event.data["user_id"] for event in processed] == ["guest"]


async def test_an_agent_that_the_user_may_not_see(hass: HomeAssistant, pipeline: Pipeline, piper):
    context = await user_who(hass, light__kitchen_light={"read": True})
    with pytest.raises(Unauthorized):
        await act(hass, "test_voice", context, pipeline=pipeline.id)
    with pytest.raises(UnknownUser):
        await act(hass, "test_voice", Context(user_id="gone"), pipeline=pipeline.id)
    assert not piper.spoken


# Which pipeline


async def test_the_one_that_was_made_here(
    hass: HomeAssistant, entry: MockConfigEntry, pipeline: Pipeline, whisper, piper
):
    """Rather than the preferred one, whose agent isn't ours."""
    (agent,) = entry.get_subentries_of_type("conversation")
    settings = VoiceSettings(
        stt=Place(*whisper.place),
        tts=Place(*piper.place),
        language="en",
        voice=None,
        agent=agent.subentry_id,
    )
    for title, pipeline_id in (("Old", "gone"), ("Voice", pipeline.id)):
        hass.config_entries.async_add_subentry(
            entry,
            ConfigSubentry(
                data=MappingProxyType({**settings.as_data(), "pipeline": pipeline_id}),
                subentry_type=SUBENTRY_VOICE,
                title=title,
                unique_id=None,
            ),
        )
    await hass.async_block_till_done()
    assert (await act(hass, "test_voice"))["pipeline"] == pipeline.id


async def test_else_the_preferred_one(hass: HomeAssistant, pipeline: Pipeline):
    prefer(hass, pipeline)
    assert (await act(hass, "test_voice"))["pipeline"] == pipeline.id


async def test_the_preferred_one_talks_to_others(hass: HomeAssistant, pipeline: Pipeline):
    prefer(hass, pipeline)
    await async_update_pipeline(hass, pipeline, conversation_engine="conversation.home_assistant")
    assert (await failure(hass, "test_voice")).translation_key == "voice_test_no_pipeline"
    err = await failure(hass, "test_voice", pipeline=pipeline.id)
    assert err.translation_key == "voice_test_foreign_agent"


async def test_there_are_none(hass: HomeAssistant, entry):
    assert (await failure(hass, "test_voice")).translation_key == "voice_test_no_pipeline"


async def test_an_unknown_one(hass: HomeAssistant, pipeline: Pipeline):
    err = await failure(hass, "test_voice", pipeline="gone")
    assert err.translation_key == "voice_test_pipeline_unknown"


# What goes wrong


async def test_a_speaker_that_fails(hass: HomeAssistant, pipeline: Pipeline, piper):
    piper.fault(Fault.ERROR)
    err = await failure(hass, "test_voice", pipeline=pipeline.id)
    assert err.translation_key == "voice_test_speaker_failed"


@pytest.mark.parametrize(
    "data", [{"sentence": " "}, {"sentence": "!?"}, {"control": "perhaps"}, {"model": "big"}]
)
async def test_fields_that_make_no_sense(hass: HomeAssistant, pipeline: Pipeline, data):
    with pytest.raises(probatio.Invalid):
        await act(hass, "test_voice", pipeline=pipeline.id, **data)


async def test_in_an_automation(hass: HomeAssistant, pipeline: Pipeline, hass_ws_client):
    assert await async_setup_component(hass, "http", {})
    found = await run_automation(
        hass,
        "test_voice",
        {"pipeline": pipeline.id},
        "{{ answer.heard }} {{ answer.response }} {{ answer.timings.whole < 5 }}",
    )
    assert found == f"{SENTENCE} {ANSWER} True"
    await clean_trace(hass, hass_ws_client, "made_of_test_voice")
