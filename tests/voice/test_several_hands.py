"""A pipeline that several hands work at: at the same instant, here and in the pipeline itself."""

import asyncio
from typing import Any

from homeassistant.components.assist_pipeline import async_update_pipeline
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.setup import async_setup_component
import pytest

from speech import ScriptedRecogniser, ToneSpeaker

from ..common import AGENT
from ..flows.conftest import _our_flow  # noqa: F401 -- a fixture
from ..flows.helpers import Dialog
from ..test_repairs import Repair
from .homes import (
    KIND,
    add_voice,
    address,
    change_voice,
    no_likely_places,  # noqa: F401 -- a fixture
    open_voice,
    pipeline_of,
    settled,
    store,
    the_voice,
    wyoming,
)
from .test_health import issue_of, told

BY_HAND = {"tts_voice": "en_GB-alan-low", "tts_language": "en_GB", "prefer_local_intents": True}
ANOTHER_AGENT = {"conversation_engine": "conversation.home_assistant"}


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Let the delayed save of a registry outlive a test."""
    return True


@pytest.fixture
async def voice(hass: HomeAssistant, entry, whisper: ScriptedRecogniser, piper: ToneSpeaker) -> Any:
    """A pipeline that works."""
    assert await async_setup_component(hass, "repairs", {})
    await add_voice(hass, entry, whisper, piper)
    return entry


async def at_last_step(hass: HomeAssistant, entry, whisper, piper) -> Dialog:
    dialog = await open_voice(hass, entry)
    await dialog.submit(stt=address(whisper), tts=address(piper))
    await dialog.submit()
    assert dialog.step == "voice"
    return dialog


# At the same instant


async def test_button_that_is_pressed_twice(
    hass: HomeAssistant, entry, whisper: ScriptedRecogniser, piper: ToneSpeaker
):
    dialog = await at_last_step(hass, entry, whisper, piper)
    both = await asyncio.gather(dialog.submit(), dialog.submit(), return_exceptions=True)
    await settled(hass)
    assert [type(one) for one in both] == [Dialog, UnknownFlow]
    assert pipeline_of(hass, entry)  # which also tells that there is one only
    assert len(store(hass).data) == 2  # and Home Assistant's own
    assert len(wyoming(hass)) == 2


async def test_two_dialogs_set_a_server_up_once(
    hass: HomeAssistant, entry, whisper: ScriptedRecogniser, piper: ToneSpeaker
):
    dialogs = [await at_last_step(hass, entry, whisper, piper) for _ in range(2)]
    await asyncio.gather(*(dialog.submit() for dialog in dialogs))
    await settled(hass)
    assert len(wyoming(hass)) == 2
    made = {one.data["pipeline"] for one in entry.get_subentries_of_type(KIND)}
    assert len(made) == 2
    assert made < set(store(hass).data)


async def test_repaired_twice(hass: HomeAssistant, voice, hass_client: Any):
    await store(hass).async_delete_item(pipeline_of(hass, voice).id)
    await settled(hass)
    issue = issue_of(hass, "voice_pipeline_deleted")
    repairs = [Repair(await hass_client()) for _ in range(2)]
    for repair in repairs:
        await repair.open(issue)
    await asyncio.gather(*(repair.choose("restore") for repair in repairs))
    await settled(hass)
    assert pipeline_of(hass, voice)
    assert len(store(hass).data) == 2
    assert told(hass) == set()


async def test_repaired_while_the_dialog_is_open(hass: HomeAssistant, voice, hass_client: Any):
    """What the repair has made is changed, and nothing is left over."""
    await store(hass).async_delete_item(pipeline_of(hass, voice).id)
    await settled(hass)
    dialog = await change_voice(hass, voice)
    repair = Repair(await hass_client())
    await repair.open(issue_of(hass, "voice_pipeline_deleted"))
    await repair.choose("restore")
    await settled(hass)
    for _ in range(3):
        await dialog.submit()
    assert dialog.aborted == "reconfigure_successful"
    await settled(hass)
    assert pipeline_of(hass, voice)
    assert len(store(hass).data) == 2


# In the pipeline itself


async def test_choices_of_the_pipeline_stand_in_the_dialog(hass: HomeAssistant, voice):
    """Whoever changes something else here does not lose them."""
    await async_update_pipeline(hass, pipeline_of(hass, voice), name="Butler", **BY_HAND)
    before = pipeline_of(hass, voice)
    dialog = await change_voice(hass, voice)
    await dialog.submit()
    assert dialog.values["name"] == "Butler"
    await dialog.submit(language="en-GB")
    assert dialog.values == {"voice": "en_GB-alan-low", "prefer_local_intents": True}
    await dialog.submit()
    await settled(hass)
    after = pipeline_of(hass, voice)
    assert (after.name, after.tts_voice) == (before.name, before.tts_voice)
    assert after.prefer_local_intents is True
    assert the_voice(voice).title == "Butler"


async def test_wake_word_of_the_pipeline_stands_in_the_dialog(
    hass: HomeAssistant, entry, whisper, piper, waker
):
    dialog = await open_voice(hass, entry)
    await dialog.submit(stt=address(whisper), tts=address(piper), wake_word=address(waker))
    await dialog.submit()
    await dialog.submit(wake_word_id="ok_nabu")
    await settled(hass)
    await async_update_pipeline(hass, pipeline_of(hass, entry), wake_word_id="hey_jarvis")
    dialog = await change_voice(hass, entry)
    await dialog.submit()
    await dialog.submit()
    assert dialog.values["wake_word_id"] == "hey_jarvis"


async def test_repair_keeps_choices_that_fit(hass: HomeAssistant, voice, hass_client: Any):
    changes = {**BY_HAND, **ANOTHER_AGENT, "name": "Butler"}
    await async_update_pipeline(hass, pipeline_of(hass, voice), **changes)
    await settled(hass)
    repair = Repair(await hass_client())
    await repair.open(issue_of(hass, "voice_pipeline_changed"))
    await repair.choose("restore")
    await settled(hass)
    after = pipeline_of(hass, voice)
    assert after.conversation_engine == AGENT
    assert (after.name, after.tts_voice, after.tts_language) == (
        "Butler",
        "en_GB-alan-low",
        "en_GB",
    )
    assert after.prefer_local_intents is True


async def test_repair_does_not_keep_a_voice_of_another_language(
    hass: HomeAssistant, voice, hass_client: Any
):
    dutch = {"tts_voice": "nl_NL-mls-medium", "tts_language": "nl_NL"}
    await async_update_pipeline(hass, pipeline_of(hass, voice), **dutch)
    await settled(hass)
    repair = Repair(await hass_client())
    await repair.open(issue_of(hass, "voice_pipeline_changed"))
    await repair.choose("restore")
    assert repair.is_done
    await settled(hass)
    assert pipeline_of(hass, voice).tts_voice == "en_US-lessac-medium"


# At the servers


async def set_up(hass: HomeAssistant, host: str, port: int) -> None:
    """Add a server to Home Assistant's own integration, by hand."""
    result = await hass.config_entries.flow.async_init(
        "wyoming", context={"source": SOURCE_USER}, data={"host": host, "port": port}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def test_language_that_was_installed_later(
    hass: HomeAssistant, entry, piper: ToneSpeaker, whisper: ScriptedRecogniser
):
    """Home Assistant asks a recogniser for its languages only once."""
    whisper.languages = ("fr",)
    await set_up(hass, *whisper.place)
    whisper.languages = ("fr", "nl")
    await add_voice(hass, entry, whisper, piper, language="nl-NL")
    assert pipeline_of(hass, entry).stt_language == "nl"


async def test_server_that_learned_to_hear(hass: HomeAssistant, entry, piper: ToneSpeaker):
    """Another program answers at a port that Home Assistant knows."""
    async with ToneSpeaker() as other:
        await set_up(hass, *other.place)
        await other.stop()
        async with ScriptedRecogniser(port=other.place.port) as whisper:
            await add_voice(hass, entry, whisper, piper)
            assert pipeline_of(hass, entry).stt_engine == "stt.faster_whisper"
    assert len(wyoming(hass)) == 2
