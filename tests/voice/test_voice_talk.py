"""A talk by voice: a question back keeps listening, and a yes is understood."""

from dataclasses import dataclass, field
from typing import Any

from homeassistant.components import stt
from homeassistant.components.assist_pipeline import (
    Pipeline,
    PipelineEvent,
    async_pipeline_from_audio_stream,
    async_update_pipeline,
)
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.ollama.voice.sound import SoundFormat, as_microphone
from simulator import Reply, Simulator, ToolCall
from speech import EspeakServer, ScriptedRecogniser, SphinxServer, ToneSpeaker

from ..policy_home import FRONT, GARAGE, AddAgent, Home, agent_data, furnish, set_policy
from .pipelines import add_pipeline
from .talking import RATE, speak

SATELLITE = "assist_satellite.hall"
TALK = "talk at the satellite"
OPENED = ("cover.open_cover", "cover.garage_door")
UNLOCKED = ("lock.unlock", "lock.front_door")


@dataclass
class Turn:
    """What came of one utterance."""

    events: list[PipelineEvent] = field(default_factory=list)

    def take(self, event: PipelineEvent) -> None:
        self.events.append(event)

    def told(self, kind: str) -> dict[str, Any]:
        return next(event.data for event in self.events if event.type == kind)

    @property
    def answer(self) -> str:
        return self.told("intent-end")["intent_output"]["response"]["speech"]["plain"]["speech"]

    @property
    def listens_on(self) -> bool:
        """What a satellite goes by when it has spoken."""
        return self.told("intent-end")["intent_output"]["continue_conversation"]

    @property
    def locally(self) -> bool:
        return self.told("intent-end")["processed_locally"]


async def utter(
    hass: HomeAssistant, pipeline: Pipeline, audio: bytes = b"", conversation_id: str = TALK
) -> Turn:
    """Speak to a pipeline as a satellite does."""
    turn = Turn()

    async def microphone():
        whole = audio + bytes(32_000)
        for start in range(0, len(whole), 640):
            yield whole[start : start + 640]

    await async_pipeline_from_audio_stream(
        hass,
        context=Context(),
        event_callback=turn.take,
        stt_metadata=stt.SpeechMetadata(
            language="en",
            format=stt.AudioFormats.WAV,
            codec=stt.AudioCodecs.PCM,
            bit_rate=stt.AudioBitRates.BITRATE_16,
            sample_rate=stt.AudioSampleRates.SAMPLERATE_16000,
            channel=stt.AudioChannels.CHANNEL_MONO,
        ),
        stt_stream=microphone(),
        pipeline_id=pipeline.id,
        conversation_id=conversation_id,
        satellite_id=SATELLITE,
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    return turn


@pytest.fixture
async def home(hass: HomeAssistant) -> Home:
    return await furnish(hass)


@pytest.fixture
async def agent(home: Home, add_entry: AddAgent) -> MockConfigEntry:
    """An agent with the home's tools and the policy that nobody chose."""
    return await add_entry(agent=agent_data())


@pytest.fixture
async def pipeline(
    hass: HomeAssistant, agent, whisper: ScriptedRecogniser, piper: ToneSpeaker
) -> Pipeline:
    return await add_pipeline(hass, whisper, piper)


async def test_a_question_back_keeps_listening(
    hass: HomeAssistant, pipeline: Pipeline, sim: Simulator, whisper, piper
):
    """What comes next goes to the same agent, though the pipeline would handle it itself."""
    await async_update_pipeline(hass, pipeline, prefer_local_intents=True)
    whisper.script("make it nice", "turn on the kitchen light")
    sim.script(Reply("Which room do you mean?"), Reply("Nice it is."))
    first = await utter(hass, pipeline)
    assert first.listens_on is True
    assert piper.spoken[-1].text == "Which room do you mean?"
    second = await utter(hass, pipeline)
    assert second.locally is False
    assert second.answer == "Nice it is."
    assert second.listens_on is False
    contents = [message["content"] for message in sim.chats[-1].body["messages"]]
    assert any("Which room do you mean?" in content for content in contents)


async def test_a_statement_ends_the_talk(
    hass: HomeAssistant, pipeline: Pipeline, sim: Simulator, whisper
):
    whisper.script("what is the capital of france")
    sim.script(Reply("It is Paris."))
    assert (await utter(hass, pipeline)).listens_on is False


@pytest.mark.parametrize(
    ("said", "call", "question", "deed"),
    [
        ("open the garage door", ToolCall("open", GARAGE), "Shall I open Garage door?", OPENED),
        (
            "unlock the front door",
            ToolCall("unlock", FRONT),
            "Shall I unlock Front door?",
            UNLOCKED,
        ),
    ],
)
async def test_a_confirmation(
    hass: HomeAssistant,
    pipeline: Pipeline,
    home: Home,
    sim: Simulator,
    whisper,
    piper,
    said: str,
    call: ToolCall,
    question: str,
    deed: tuple[str, str],
):
    whisper.script(said, "Yes.")
    sim.script(Reply(tool_calls=(call,)), Reply("As you wish."))
    first = await utter(hass, pipeline)
    assert first.answer == question
    assert piper.spoken[-1].text.endswith(question)
    assert first.listens_on is True
    assert await home.risky() == []
    asked = len(sim.chats)
    second = await utter(hass, pipeline)
    assert await home.risky() == [deed]
    assert len(sim.chats) == asked  # a yes is settled here
    assert second.listens_on is False
    assert piper.spoken[-1].text == second.answer


async def test_a_question_with_its_choices(
    hass: HomeAssistant, pipeline: Pipeline, sim: Simulator, whisper
):
    """The satellite listens, though the answer doesn't end in a question mark."""
    whisper.script("make it nice")
    sim.script(Reply("Which room do you mean? Kitchen or hall."))
    assert (await utter(hass, pipeline)).listens_on is True


async def test_names_that_are_no_words(
    hass: HomeAssistant, pipeline: Pipeline, home: Home, sim: Simulator, whisper, piper
):
    """What is said by us of a device is as fit for a loudspeaker as what the model says."""
    er.async_get(hass).async_update_entity(OPENED[1], name="🚗 **Garage** door")
    await hass.async_block_till_done()
    whisper.script("open the garage door", "Yes.")
    sim.script(Reply(tool_calls=(ToolCall("open", {"name": "🚗 **Garage** door"}),)))
    first = await utter(hass, pipeline)
    assert first.answer == "Shall I open Garage door?"
    second = await utter(hass, pipeline)
    assert second.answer == "I opened Garage door."
    assert [said.text.strip() for said in piper.spoken] == [first.answer, second.answer]


async def test_a_no(hass: HomeAssistant, pipeline: Pipeline, home: Home, sim: Simulator, whisper):
    whisper.script("open the garage door", "No!")
    sim.script(Reply(tool_calls=(ToolCall("open", GARAGE),)), Reply("As you wish."))
    await utter(hass, pipeline)
    second = await utter(hass, pipeline)
    assert second.answer == "All right, I leave it as it is."
    assert await home.risky() == []


async def test_a_yes_of_another_talk(
    hass: HomeAssistant, pipeline: Pipeline, home: Home, sim: Simulator, whisper
):
    whisper.script("open the garage door", "yes")
    sim.script(Reply(tool_calls=(ToolCall("open", GARAGE),)), *[Reply("As you wish.")] * 3)
    await utter(hass, pipeline)
    await utter(hass, pipeline, conversation_id="talk at another satellite")
    assert await home.risky() == []


@pytest.mark.parametrize("spoken", ["1 2 3 4", "one two three four", "1234."])
async def test_a_pin(
    hass: HomeAssistant,
    agent: MockConfigEntry,
    pipeline: Pipeline,
    home: Home,
    sim: Simulator,
    whisper,
    spoken: str,
):
    """However a recogniser writes it; and it is neither sent to the model nor told in events."""
    set_policy(hass, agent, pin="1234")
    processed = async_capture_events(hass, "ollama_query_processed")
    whisper.script("unlock the front door", spoken)
    sim.script(Reply(tool_calls=(ToolCall("unlock", FRONT),)), Reply("As you wish."))
    first = await utter(hass, pipeline)
    assert first.listens_on is True
    await utter(hass, pipeline)
    assert await home.risky() == [UNLOCKED]
    assert not any(spoken in str(event.data) for event in processed)


async def test_really_spoken(
    hass: HomeAssistant,
    agent,
    home: Home,
    sim: Simulator,
    sphinx: SphinxServer,
    espeak: EspeakServer,
):
    pipeline = await add_pipeline(hass, sphinx, espeak)
    voice = SoundFormat(RATE, 2, 1)
    command, yes = [
        as_microphone((await speak(espeak.place, text)).audio, voice)
        for text in ("Open the garage door.", "Yes.")
    ]
    sim.script(Reply(tool_calls=(ToolCall("open", GARAGE),)), Reply("As you wish."))
    first = await utter(hass, pipeline, command)
    assert first.told("stt-end")["stt_output"]["text"] == "open the garage door"
    assert first.listens_on is True
    second = await utter(hass, pipeline, yes)
    assert second.told("stt-end")["stt_output"]["text"] == "yes"
    assert await home.risky() == [OPENED]
