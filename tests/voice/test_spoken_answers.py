"""What of an answer reaches the speech server, through Home Assistant's own pipeline."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
import re

from homeassistant.components import assist_pipeline, stt, tts
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import Context, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest

from simulator import Reply, Simulator, ToolCall
from speech import ScriptedRecogniser, SpeechServer, ToneSpeaker
from tests.common import AGENT, PLAIN_MODEL, THINKING_MODEL, say, speech

SATELLITE = "assist_satellite.kitchen"
SOUND = bytes(3200)
METADATA = stt.SpeechMetadata(
    language="en",
    format=stt.AudioFormats.WAV,
    codec=stt.AudioCodecs.PCM,
    bit_rate=stt.AudioBitRates.BITRATE_16,
    sample_rate=stt.AudioSampleRates.SAMPLERATE_16000,
    channel=stt.AudioChannels.CHANNEL_MONO,
)
MESSY = (
    "**Here** it is ✅:\n\n# Plan\n- Open [the page](https://example.com/a?b=1)\n"
    "- Call `turn_on` 💡\n\n```python\nprint(1)\n```\n| Room | State |\n|---|---|\n"
    "| Kitchen | on |\n\nMore at https://www.example.com/more/of/it.[1] *Enjoy* your evening 🎉"
)
CLEAN = (
    "Here it is:\nPlan.\nOpen the page.\nCall turn_on.\nRoom, State.\nKitchen, on.\n"
    "More at example.com. Enjoy your evening"
)
WRITTEN = re.compile(r"[*#`|\[\]<>{}]|https?:|www|[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]|  ")


@dataclass
class Heard:
    """What came of a sentence to a satellite."""

    speech: str = ""
    deltas: str = ""
    streamed: bool = False
    """Whether speech began before the answer was complete."""
    audio: int = 0
    """Bytes."""


type Speak = Callable[[str], Awaitable[Heard]]


@pytest.fixture
async def mouth() -> AsyncGenerator[ToneSpeaker]:
    """Return a speaker that streams and makes a short tone."""
    async with ToneSpeaker(seconds_per_character=0.001) as server:
        yield server


@pytest.fixture
async def speak(hass: HomeAssistant, whisper: ScriptedRecogniser, mouth: ToneSpeaker) -> Speak:
    """Return a function that says something to a satellite, and listens to the answer."""
    assert await async_setup_component(hass, "assist_pipeline", {})
    await assist_pipeline.async_update_pipeline(
        hass,
        assist_pipeline.async_get_pipelines(hass)[0],
        conversation_engine=AGENT,
        conversation_language="*",
        stt_engine=await _entity_of(hass, whisper),
        stt_language="en",
        tts_engine=await _entity_of(hass, mouth),
        tts_language="en_US",
    )

    async def run(text: str) -> Heard:
        whisper.script(text)
        return await _run(hass)

    return run


async def _entity_of(hass: HomeAssistant, server: SpeechServer) -> str:
    """Return the entity of a server that was added as its owner would."""
    host, port = server.place
    flow = hass.config_entries.flow
    result = await flow.async_init(
        "wyoming", context={"source": SOURCE_USER}, data={"host": host, "port": port}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    (entity,) = er.async_entries_for_config_entry(er.async_get(hass), result["result"].entry_id)
    return entity.entity_id


async def _run(hass: HomeAssistant) -> Heard:
    heard = Heard()
    listening: list[asyncio.Task[int]] = []

    async def listen(token: str) -> int:
        stream = tts.async_get_stream(hass, token)
        assert stream is not None
        return sum([len(chunk) async for chunk in stream.async_stream_result()])

    def note(event: assist_pipeline.PipelineEvent) -> None:
        data = event.data or {}
        assert event.type != "error", data
        match str(event.type):
            case "run-start":
                task = hass.async_create_task(listen(data["tts_output"]["token"]))
                listening.append(task)
            case "intent-progress":
                heard.streamed |= "tts_start_streaming" in data
                heard.deltas += data.get("chat_log_delta", {}).get("content") or ""
            case "intent-end":
                heard.speech = data["intent_output"]["response"]["speech"]["plain"]["speech"]

    async def microphone() -> AsyncGenerator[bytes]:
        yield SOUND

    await assist_pipeline.async_pipeline_from_audio_stream(
        hass,
        context=Context(),
        event_callback=note,
        stt_metadata=METADATA,
        stt_stream=microphone(),
        tts_audio_output={tts.ATTR_PREFERRED_FORMAT: "wav"},
        audio_settings=assist_pipeline.AudioSettings(is_vad_enabled=False),
        satellite_id=SATELLITE,
    )
    (heard.audio,) = await asyncio.gather(*listening)
    return heard


def said(mouth: ToneSpeaker) -> str:
    """Return all that came to the speaker."""
    return " ".join(spoken.text for spoken in mouth.spoken)


@pytest.mark.parametrize("size", [1, 4, 1000])
async def test_a_long_answer_is_clean_while_it_streams(
    sim: Simulator, entry, speak: Speak, mouth: ToneSpeaker, size: int
):
    chunks = [MESSY[start : start + size] for start in range(0, len(MESSY), size)]
    sim.script(Reply(chunks=chunks))
    heard = await speak("what is the plan")
    assert heard.streamed
    assert heard.speech == heard.deltas == CLEAN
    assert said(mouth).split() == CLEAN.split()
    assert mouth.spoken[0].streamed
    assert heard.audio > len(CLEAN)


async def test_sentences_reach_the_speaker_one_by_one(
    sim: Simulator, entry, speak: Speak, mouth: ToneSpeaker
):
    """A list without full stops is spoken item by item, not when all of it is there."""
    sim.script(Reply("You need this for the cake:\n- three eggs\n- a pound of flour\n- milk\n"))
    await speak("what do I need")
    assert [part.split()[-1] for part in mouth.spoken[0].parts] == ["eggs.", "flour.", "milk"]


async def test_a_short_answer_is_clean(sim: Simulator, entry, speak: Speak, mouth: ToneSpeaker):
    sim.script(Reply("**Sure** 👍, see [this](https://x.com)."))
    heard = await speak("hello")
    assert not heard.streamed
    assert heard.speech == said(mouth) == "Sure, see this."


async def test_a_speaker_that_cannot_stream_gets_the_same(
    sim: Simulator, entry, speak: Speak, mouth: ToneSpeaker, hass: HomeAssistant
):
    mouth.streams = False
    (piper,) = [
        found for found in hass.config_entries.async_entries("wyoming") if found.title == "piper"
    ]
    assert await hass.config_entries.async_reload(piper.entry_id)
    sim.script(Reply(MESSY))
    assert (await speak("what is the plan")).speech == CLEAN
    assert said(mouth).split() == CLEAN.split()
    assert not mouth.spoken[0].streamed


@pytest.mark.parametrize(
    "reply",
    [
        Reply(f"{MESSY} The end.", thinking="**Secret** plans of the model"),
        Reply(f"<think>**Secret** plans of the model</think>{MESSY} The end."),
    ],
)
async def test_thoughts_are_not_spoken(
    sim: Simulator, add_entry, speak: Speak, mouth: ToneSpeaker, reply: Reply
):
    await add_entry(agent={"model": THINKING_MODEL, "think": True})
    sim.script(reply)
    heard = await speak("what is the plan")
    assert said(mouth).endswith("The end.")
    assert "ecret" not in said(mouth) + heard.deltas
    assert not WRITTEN.search(said(mouth))


@pytest.mark.parametrize(
    "call",
    [
        Reply(
            "**Let** me see, I shall have a look at that light in the kitchen for you 💡 now.",
            tool_calls=(ToolCall("HassTurnOn", {"name": "Kitchen light"}),),
        ),
        Reply(
            "<tool_call>\n"
            '{"name": "HassTurnOn", "arguments": {"name": "Kitchen light"}}\n</tool_call>'
        ),
        Reply('```json\n{"name": "HassTurnOn", "arguments": {"name": "Kitchen light"}}\n```'),
    ],
    ids=["behind_words", "tags", "fence"],
)
async def test_calls_are_not_spoken(
    hass: HomeAssistant,
    sim: Simulator,
    entry,
    kitchen_light: str,
    speak: Speak,
    mouth: ToneSpeaker,
    call: Reply,
):
    sim.script(call, Reply("The **kitchen light** is on ✅."))
    await speak("please see to the kitchen light")
    assert hass.states.get(kitchen_light).state == "on"
    assert said(mouth).endswith("The kitchen light is on.")
    assert "HassTurnOn" not in said(mouth)
    assert not WRITTEN.search(said(mouth))


async def test_an_answer_under_a_schema_is_clean(
    sim: Simulator, add_entry, kitchen_light: str, speak: Speak, mouth: ToneSpeaker
):
    """A model without tools says what it says in JSON."""
    await add_entry(agent={"model": PLAIN_MODEL})
    sim.script(Reply('{"say": "**Hello** there 👋, see [this](https://x.com/y)."}'))
    assert (await speak("hello")).speech == said(mouth) == "Hello there, see this."


@pytest.mark.parametrize("reply", ["👍", "```python\nlight.turn_on()\n```"])
async def test_an_answer_without_a_word_is_asked_for_again(
    sim: Simulator, add_entry, speak: Speak, mouth: ToneSpeaker, reply: str
):
    """Where nothing is left that could be spoken, there is a sentence all the same."""
    await add_entry(agent={"llm_hass_api": []})
    sim.script(Reply(reply), Reply("All right."))
    assert (await speak("show me how")).speech == said(mouth) == "All right."


async def _run_in_app(hass: HomeAssistant, hass_ws_client, end_stage: str) -> str:
    """Run the pipeline as the app does, hear the answer to its end, and return it."""
    client = await hass_ws_client()
    await client.send_json_auto_id(
        {
            "type": "assist_pipeline/run",
            "start_stage": "intent",
            "end_stage": end_stage,
            "input": {"text": "what is the plan"},
        }
    )
    assert (await client.receive_json())["success"]
    answer, stream = "", None
    while (event := (await client.receive_json())["event"])["type"] != "run-end":
        assert event["type"] != "error"
        if event["type"] == "run-start" and (output := event["data"].get("tts_output")):
            stream = tts.async_get_stream(hass, output["token"])
        if event["type"] == "intent-end":
            answer = event["data"]["intent_output"]["response"]["speech"]["plain"]["speech"]
    if stream is not None:
        assert [chunk async for chunk in stream.async_stream_result()]
    return answer


async def test_an_answer_that_an_app_speaks_is_clean(
    hass: HomeAssistant, hass_ws_client, sim: Simulator, entry, speak: Speak
):
    """Who speaks to the app has no satellite, and hears the answer all the same."""
    sim.script(Reply(MESSY))
    assert await _run_in_app(hass, hass_ws_client, "tts") == CLEAN


async def test_what_is_typed_into_an_app_stays_as_it_is(
    hass: HomeAssistant, hass_ws_client, sim: Simulator, entry, speak: Speak
):
    sim.script(Reply(MESSY), Reply(MESSY))
    assert await _run_in_app(hass, hass_ws_client, "tts") == CLEAN
    assert await _run_in_app(hass, hass_ws_client, "intent") == MESSY


async def test_what_is_shown_stays_as_it_is(hass: HomeAssistant, sim: Simulator, entry):
    sim.script(Reply(MESSY))
    assert speech(await say(hass, "what is the plan")) == MESSY


async def test_plain_text_keeps_its_paragraphs(hass: HomeAssistant, sim: Simulator, add_entry):
    await add_entry(agent={"plain_text": True})
    sim.script(Reply("**One** thing\n\nand two [1]"))
    assert speech(await say(hass, "what is the plan")) == "One thing\n\nand two [1]"
