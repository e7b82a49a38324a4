"""The dialog that adds a voice pipeline, over Home Assistant's own integration of speech servers."""

from ipaddress import ip_address

from homeassistant.config_entries import SOURCE_USER, SOURCE_ZEROCONF, ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.hassio import HassioServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ollama.flows import voice, voice_servers
from custom_components.ollama.server import HostKind
from custom_components.ollama.voice.records import Part
from speech import Fault, ScriptedRecogniser, ScriptedWaker, SpeakerVoice, ToneSpeaker

from ..common import AGENT
from ..flows.conftest import (  # noqa: F401 -- fixtures that check every dialog
    _everything_has_a_text,
    _our_flow,
    expected_lingering_timers,
)
from ..flows.helpers import Dialog, add_agent
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

# Before any fixture puts another function in its place.
likely_places = voice_servers._likely


def offers(dialog: Dialog, field: str) -> list[str]:
    return [option["value"] for option in dialog.field(field).config["options"]]


def labels(dialog: Dialog, field: str) -> list[str]:
    return [option["label"] for option in dialog.field(field).config["options"]]


async def set_up(hass: HomeAssistant, host: str, port: int) -> None:
    """Add a server to Home Assistant's own integration, by hand."""
    result = await hass.config_entries.flow.async_init(
        "wyoming", context={"source": SOURCE_USER}, data={"host": host, "port": port}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def discover(hass: HomeAssistant, host: str, port: int) -> None:
    await hass.config_entries.flow.async_init(
        "wyoming",
        context={"source": SOURCE_ZEROCONF},
        data=ZeroconfServiceInfo(
            ip_address=ip_address(host),
            ip_addresses=[ip_address(host)],
            port=port,
            hostname="speech.local.",
            type="_wyoming._tcp.local.",
            name=f"speech-{port}._wyoming._tcp.local.",
            properties={},
        ),
    )


async def test_from_nothing_to_a_pipeline(
    hass: HomeAssistant, entry, whisper: ScriptedRecogniser, piper: ToneSpeaker
):
    """What is missing in Home Assistant's own integration is set up there."""
    dialog = await open_voice(hass, entry)
    assert dialog.step == "user"
    assert dialog.values == {}
    assert (offers(dialog, "stt"), offers(dialog, "tts"), offers(dialog, "wake_word")) == (
        [],
        [],
        [],
    )
    await dialog.submit(stt=address(whisper), tts=f"tcp://{address(piper)}")
    assert dialog.step == "language"
    assert dialog.values["name"] == "Ollama Voice"
    await dialog.submit(language="nl-NL", name="Kitchen")
    assert dialog.step == "voice"
    assert offers(dialog, "voice") == ["nl_NL-mls-medium"]
    assert labels(dialog, "voice") == ["mls (medium)"]
    assert dialog.values == {"voice": "nl_NL-mls-medium", "prefer_local_intents": False}
    await dialog.submit()
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    await settled(hass)

    assert sorted((one.data["host"], one.data["port"]) for one in wyoming(hass)) == sorted(
        [tuple(whisper.place), tuple(piper.place)]
    )
    pipeline = pipeline_of(hass, entry)
    assert pipeline.to_json() == {
        "conversation_engine": AGENT,
        "conversation_language": "*",
        "id": pipeline.id,
        "language": "nl",
        "name": "Kitchen",
        "stt_engine": "stt.faster_whisper",
        "stt_language": "nl",
        "tts_engine": "tts.piper",
        "tts_language": "nl_NL",
        "tts_voice": "nl_NL-mls-medium",
        "wake_word_entity": None,
        "wake_word_id": None,
        "prefer_local_intents": False,
    }
    assert the_voice(entry).title == "Kitchen"
    assert len(store(hass).data) == 2  # and Home Assistant's own


async def test_what_is_known_is_listed_first(
    hass: HomeAssistant,
    entry,
    whisper: ScriptedRecogniser,
    piper: ToneSpeaker,
    monkeypatch: pytest.MonkeyPatch,
):
    """First what is set up, then what was discovered, then what answers at a likely place."""
    async with ScriptedRecogniser() as other, ScriptedRecogniser() as third:
        await discover(hass, *other.place)
        await set_up(hass, *whisper.place)
        places = [voice_servers.Place(*server.place) for server in (third, piper)]
        monkeypatch.setattr(voice_servers, "_likely", lambda entry: places)
        dialog = await open_voice(hass, entry)
        # A guess is only needed where nothing is known.
        assert offers(dialog, "stt") == [address(whisper), address(other)]
        assert offers(dialog, "tts") == [address(piper)]
        assert labels(dialog, "tts") == [f"piper · {address(piper)}"]
        assert dialog.values == {"stt": address(whisper), "tts": address(piper)}


async def test_servers_that_are_set_up_are_used(
    hass: HomeAssistant, entry, whisper: ScriptedRecogniser, piper: ToneSpeaker
):
    await set_up(hass, *whisper.place)
    await set_up(hass, *piper.place)
    await add_voice(hass, entry, whisper, piper)
    assert len(wyoming(hass)) == 2


async def test_discovered_servers_are_confirmed(
    hass: HomeAssistant, entry, whisper: ScriptedRecogniser, piper: ToneSpeaker
):
    """They aren't offered once more afterwards, and keep what they were discovered by."""
    await discover(hass, *whisper.place)
    await add_voice(hass, entry, whisper, piper)
    assert not hass.config_entries.flow.async_progress_by_handler("wyoming")
    [hears] = [one for one in wyoming(hass) if one.data["port"] == whisper.place.port]
    assert hears.source == SOURCE_ZEROCONF
    assert hears.unique_id


async def test_app_that_was_discovered(
    hass: HomeAssistant, entry, whisper: ScriptedRecogniser, piper: ToneSpeaker
):
    await hass.config_entries.flow.async_init(
        "wyoming",
        context={"source": "hassio"},
        data=HassioServiceInfo(
            config={"uri": f"tcp://{address(whisper)}"},
            name="My Whisper",
            slug="core_whisper",
            uuid="1234",
        ),
    )
    dialog = await open_voice(hass, entry)
    assert labels(dialog, "stt") == [f"My Whisper · {address(whisper)}"]
    assert offers(dialog, "tts") == []


async def test_discovered_thing_that_is_away(hass: HomeAssistant, entry, whisper):
    await discover(hass, *whisper.place)
    await whisper.stop()
    dialog = await open_voice(hass, entry)
    assert offers(dialog, "stt") == []


async def test_likely_places(
    hass: HomeAssistant, entry, whisper, piper, waker, monkeypatch: pytest.MonkeyPatch
):
    """The usual ports of the machine with the graphics card are tried, among others."""
    assert voice_servers.Place("core-piper", 10200) in likely_places(entry)
    servers = {Part.STT: whisper, Part.TTS: piper, Part.WAKE: waker}
    ports = {part: server.place.port for part, server in servers.items()}
    monkeypatch.setattr(voice_servers, "DEFAULT_PORTS", ports)
    monkeypatch.setattr(voice_servers, "LIKELY_HOSTS", ())
    monkeypatch.setattr(voice_servers, "_likely", likely_places)
    dialog = await open_voice(hass, entry)
    # A wake word is for few, and filled in for nobody.
    assert dialog.values == {"stt": address(whisper), "tts": address(piper)}
    assert offers(dialog, "wake_word") == [address(waker)]


# What is wrong with a server


async def wrong(hass: HomeAssistant, entry, **typed: str) -> Dialog:
    dialog = await open_voice(hass, entry)
    return await dialog.submit(**typed)


async def test_says_which_of_the_two_and_why(
    hass: HomeAssistant, entry, whisper: ScriptedRecogniser, piper: ToneSpeaker
):
    """Both at once; and the same dialog goes on when that is mended."""
    piper.fault(Fault.HANG, describe=True)
    gone = address(whisper)
    await whisper.stop()
    dialog = await wrong(hass, entry, stt=gone, tts=address(piper))
    assert dialog.step == "user"
    assert dialog.errors == {"stt": "voice_nothing_listens", "tts": "voice_no_answer"}
    assert dialog.values == {"stt": gone, "tts": address(piper)}
    piper.clear_faults()
    await whisper.start()
    await dialog.submit()
    assert dialog.step == "language"


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("http://piper", "voice_place_invalid"),
        ("0.0.0.0:10200", "voice_place_everywhere"),
        ("8.8.8.8:10200", "voice_public_server"),
    ],
)
async def test_mistyped(hass: HomeAssistant, entry, whisper, typed: str, key: str):
    dialog = await wrong(hass, entry, stt=address(whisper), tts=typed)
    assert dialog.errors == {"tts": key}


async def test_nothing_typed(hass: HomeAssistant, entry, whisper):
    dialog = await wrong(hass, entry, stt=address(whisper), tts="  ")
    assert dialog.errors == {"tts": "voice_place_invalid"}


async def test_server_on_the_internet(
    hass: HomeAssistant, entry, whisper, piper, monkeypatch: pytest.MonkeyPatch
):
    """Asked only once that is allowed; the names lead out of the home here."""
    monkeypatch.setattr(voice, "kind_of", lambda addresses: HostKind.PUBLIC)
    dialog = await wrong(hass, entry, stt=address(whisper), tts=address(piper))
    assert dialog.errors == {"stt": "voice_public_server", "tts": "voice_public_server"}
    assert not whisper.described + piper.described
    options = {**entry.options, "allow_public_server": True}
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.async_block_till_done()
    dialog = await wrong(hass, entry, stt=address(whisper), tts=address(piper))
    assert dialog.step == "language"


async def test_mixed_up(
    hass: HomeAssistant, entry, whisper: ScriptedRecogniser, piper: ToneSpeaker
):
    dialog = await wrong(
        hass, entry, stt=address(piper), tts=address(whisper), wake_word=address(piper)
    )
    assert dialog.errors == {
        "stt": "voice_does_not_hear",
        "tts": "voice_does_not_speak",
        "wake_word": "voice_does_not_wake",
    }
    assert dialog.words["stt_program"] == dialog.words["wake_word_program"] == "piper"
    assert dialog.words["tts_program"] == "faster-whisper"


async def test_complaint_of_a_server(hass: HomeAssistant, entry, whisper, piper):
    whisper.fault(Fault.ERROR, describe=True)
    dialog = await wrong(hass, entry, stt=address(whisper), tts=address(piper))
    assert dialog.errors == {"stt": "voice_server_complains"}
    assert dialog.words["detail"] == "The model did not load."


async def test_no_language_in_common(hass: HomeAssistant, entry, piper: ToneSpeaker):
    async with ScriptedRecogniser(languages=("ja", "zh")) as whisper:
        dialog = await wrong(hass, entry, stt=address(whisper), tts=address(piper))
    assert dialog.errors == {"base": "voice_no_common_language"}
    assert dialog.words["heard"] == "ja, zh"
    assert dialog.words["spoken"].startswith("en_US, en_GB")


# Language and voice


async def test_only_languages_that_both_can_do(
    hass: HomeAssistant, entry, piper: ToneSpeaker, whisper: ScriptedRecogniser
):
    hass.config.language, hass.config.country = "en", "GB"
    dialog = await wrong(hass, entry, stt=address(whisper), tts=address(piper))
    languages = dialog.field("language").config["languages"]
    assert languages == ["de-DE", "en-GB", "en-US", "es-ES", "fr-FR", "nl-NL"]
    assert dialog.values["language"] == "en-GB"
    await dialog.submit()
    assert offers(dialog, "voice") == ["en_GB-alan-low"]


async def test_language_of_the_home_that_is_not_there(hass: HomeAssistant, entry, whisper):
    hass.config.language = "en"
    voices = [SpeakerVoice("nl", ("nl_NL",), "Nathalie")]
    async with ToneSpeaker(voices=voices) as piper:
        dialog = await wrong(hass, entry, stt=address(whisper), tts=address(piper))
        assert dialog.values["language"] == "nl-NL"


async def test_wake_word(hass: HomeAssistant, entry, whisper, piper, waker: ScriptedWaker):
    dialog = await wrong(
        hass, entry, stt=address(whisper), tts=address(piper), wake_word=address(waker)
    )
    await dialog.submit()
    assert offers(dialog, "wake_word_id") == ["ok_nabu", "hey_jarvis"]
    await dialog.submit(wake_word_id="hey_jarvis")
    await settled(hass)
    pipeline = pipeline_of(hass, entry)
    assert pipeline.wake_word_entity == "wake_word.openwakeword"
    assert pipeline.wake_word_id == "hey_jarvis"
    assert len(wyoming(hass)) == 3


async def test_local_commands_and_rules(hass: HomeAssistant, entry, whisper, piper):
    """Who has rules is warned that they don't hold there."""
    dialog = await wrong(hass, entry, stt=address(whisper), tts=address(piper))
    await dialog.submit()
    assert dialog.step == "voice"
    await dialog.submit(prefer_local_intents=True)
    await settled(hass)
    assert pipeline_of(hass, entry).prefer_local_intents is True


async def test_agent_that_may_do_everything(hass: HomeAssistant, entry, whisper, piper):
    [agent] = entry.get_subentries_of_type("conversation")
    policy = dict.fromkeys(("entrances", "unlock", "disarm", "sensitive_scripts"), "allow")
    options = {**entry.options, "policies": {agent.subentry_id: policy}}
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.async_block_till_done()
    dialog = await wrong(hass, entry, stt=address(whisper), tts=address(piper))
    await dialog.submit()
    assert dialog.step == "voice_without_rules"
    await dialog.submit()
    await settled(hass)
    assert pipeline_of(hass, entry).name == "Ollama Voice"


# What can't be done


async def test_without_an_agent(hass: HomeAssistant, entry):
    [agent] = entry.get_subentries_of_type("conversation")
    hass.config_entries.async_remove_subentry(entry, agent.subentry_id)
    await hass.async_block_till_done()
    assert (await open_voice(hass, entry)).aborted == "no_agent"


async def test_agent_that_goes_in_between(hass: HomeAssistant, entry, whisper, piper):
    dialog = await wrong(hass, entry, stt=address(whisper), tts=address(piper))
    await dialog.submit()
    [agent] = entry.get_subentries_of_type("conversation")
    hass.config_entries.async_remove_subentry(entry, agent.subentry_id)
    await hass.async_block_till_done()
    assert (await dialog.submit()).aborted == "no_agent"


async def test_entry_that_is_not_loaded(hass: HomeAssistant, entry):
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (await open_voice(hass, entry)).aborted == "entry_not_loaded"


async def test_server_that_is_disabled(hass: HomeAssistant, entry, whisper, piper):
    """The error says it, and the dialog goes on when that is mended: no second pipeline."""
    await set_up(hass, *whisper.place)
    [hears] = wyoming(hass)
    await hass.config_entries.async_set_disabled_by(hears.entry_id, ConfigEntryDisabler.USER)
    dialog = await wrong(hass, entry, stt=address(whisper), tts=address(piper))
    await dialog.submit()
    await dialog.submit()
    assert dialog.step == "voice"
    assert dialog.errors == {"base": "voice_server_disabled"}
    assert dialog.words["server"] == address(whisper)
    await hass.config_entries.async_set_disabled_by(hears.entry_id, None)
    await dialog.submit()
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    await settled(hass)
    assert len(store(hass).data) == 2


# Changing it


async def test_change_in_place(hass: HomeAssistant, entry, whisper, piper: ToneSpeaker):
    """Filled in as it is; the same pipeline afterwards, and only that one."""
    await add_voice(hass, entry, whisper, piper, prefer_local_intents=True)
    before = pipeline_of(hass, entry)
    store(hass).async_set_preferred_item(before.id)
    await add_agent_named(hass, entry, "Jarvis")
    async with ToneSpeaker() as other:
        dialog = await change_voice(hass, entry)
        assert dialog.step == "reconfigure"
        assert dialog.values == {"stt": address(whisper), "tts": address(piper)}
        await dialog.submit(tts=address(other))
        assert dialog.values == {
            "name": "Ollama Voice",
            "language": "en-US",
            "agent": the_voice(entry).data["agent"],
        }
        agents = {
            option["label"]: option["value"] for option in dialog.field("agent").config["options"]
        }
        await dialog.submit(name="Jarvis speaks", language="de-DE", agent=agents["Jarvis"])
        assert dialog.values == {"voice": "de_DE-thorsten-high", "prefer_local_intents": True}
        assert (await dialog.submit()).aborted == "reconfigure_successful"
        await settled(hass)
        after = pipeline_of(hass, entry)
        assert after.id == before.id
        assert (after.name, after.conversation_engine) == ("Jarvis speaks", "conversation.jarvis")
        assert (after.stt_language, after.tts_language) == ("de", "de_DE")
        assert after.tts_engine != before.tts_engine
        assert len(store(hass).data) == 2
        assert the_voice(entry).title == "Jarvis speaks"


async def add_agent_named(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> None:
    dialog = await add_agent(hass, entry)
    await dialog.submit(name=name)
    await dialog.submit()
    await settled(hass)


async def test_change_nothing(hass: HomeAssistant, entry, whisper, piper, waker):
    dialog = await wrong(
        hass, entry, stt=address(whisper), tts=address(piper), wake_word=address(waker)
    )
    await dialog.submit(language="en-GB")
    await dialog.submit(wake_word_id="ok_nabu")
    await settled(hass)
    before, saved = pipeline_of(hass, entry), the_voice(entry).data
    dialog = await change_voice(hass, entry)
    for _ in range(2):
        await dialog.submit()
    assert (await dialog.submit()).aborted == "reconfigure_successful"
    await settled(hass)
    assert pipeline_of(hass, entry) == before
    assert the_voice(entry).data == saved


async def test_change_of_one_that_was_deleted(hass: HomeAssistant, entry, whisper, piper):
    """It is made anew, in place of the one that is gone."""
    await add_voice(hass, entry, whisper, piper)
    gone = pipeline_of(hass, entry).id
    await store(hass).async_delete_item(gone)
    dialog = await change_voice(hass, entry)
    for _ in range(3):
        await dialog.submit()
    await settled(hass)
    assert pipeline_of(hass, entry).id != gone
    assert len(store(hass).data) == 2


def test_every_part_can_be_chosen():
    assert set(voice_servers.DEFAULT_PORTS) == set(Part)


async def test_kind_is_offered(hass: HomeAssistant, entry):
    assert KIND in entry.supported_subentry_types
