"""Tasks: text, data, images."""

from pathlib import Path
from unittest.mock import patch

from homeassistant.components import media_source
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from simulator import Reply, SimModel, Simulator

from .common import MODEL, PLAIN_MODEL, THINKING_MODEL, VISION_MODEL, ask_for_data

PERSON = {
    "name": {"selector": {"text": {}}, "description": "Name", "required": True},
    "age": {"selector": {"number": {"min": 0, "max": 150}}, "required": True},
    "pets": {"selector": {"select": {"options": ["cat", "dog"], "multiple": True}}},
}


async def test_text(hass: HomeAssistant, sim: Simulator, entry):
    sim.script(Reply("A short poem."))
    response = await ask_for_data(hass, instructions="Write a poem.")
    assert response["data"] == "A short poem."
    assert sim.chats[0].body["messages"][-1]["content"] == "Write a poem."
    assert "format" not in sim.chats[0].body


async def test_data(hass: HomeAssistant, sim: Simulator, entry):
    sim.script(Reply('{"name": "Anna", "age": 42, "pets": ["cat"]}'))
    response = await ask_for_data(hass, structure=PERSON)
    assert response["data"] == {"name": "Anna", "age": 42, "pets": ["cat"]}
    schema = sim.chats[0].body["format"]
    assert schema["type"] == "object"
    assert sorted(schema["required"]) == ["age", "name"]
    assert schema["properties"]["pets"]["items"]["enum"] == ["cat", "dog"]


@pytest.mark.parametrize(
    "bad",
    [
        "Sure, here it is.",
        '{"name": "Anna"}',
        '{"name": "Anna", "age": "very old"}',
        '{"name": "Anna", "age": 42, "shoes": 3}',
        '{"name": "Anna", "age": 42, "pets": ["tiger"]}',
        '{"name": "An',
        "[1, 2]",
        "",
    ],
)
async def test_bad_data_is_asked_for_again(hass: HomeAssistant, sim: Simulator, entry, bad: str):
    """Some models ignore the schema: nothing wrong may reach an automation."""
    # Pieces given one by one are sent as they are, also under a schema.
    sim.script(Reply(chunks=[bad]), Reply('{"name": "Anna", "age": 42}'))
    response = await ask_for_data(hass, structure=PERSON)
    assert response["data"] == {"name": "Anna", "age": 42}
    again = sim.chats[1].body["messages"]
    assert again[-1]["role"] == "user"
    assert again[-1]["content"].startswith("This is not valid: ")
    assert sim.chats[1].body["format"] == sim.chats[0].body["format"]


async def test_bad_data_twice_is_an_error(hass: HomeAssistant, sim: Simulator, entry):
    sim.script(Reply(chunks=["no"]), Reply(chunks=["no"]), Reply("never asked"))
    with pytest.raises(HomeAssistantError, match="did not give data in the form"):
        await ask_for_data(hass, structure=PERSON)
    assert len(sim.chats) == 2


async def test_fenced_data_is_read(hass: HomeAssistant, sim: Simulator, entry):
    sim.script(Reply(chunks=['```json\n{"name": "Anna", "age": 42}\n```']))
    assert (await ask_for_data(hass, structure=PERSON))["data"] == {"name": "Anna", "age": 42}
    assert len(sim.chats) == 1


async def test_data_cut_by_the_limit(hass: HomeAssistant, sim: Simulator, add_entry):
    await add_entry(task={"num_predict": 2})
    sim.script(*[Reply(chunks=['{"name": ', '"An', "na"]) for _ in range(2)])
    with pytest.raises(HomeAssistantError, match="too long"):
        await ask_for_data(hass, structure=PERSON)


async def test_text_cut_by_the_owners_limit_is_wanted(
    hass: HomeAssistant, sim: Simulator, add_entry
):
    await add_entry(task={"num_predict": 2})
    sim.script(Reply(chunks=["One ", "two ", "three"]))
    assert (await ask_for_data(hass))["data"] == "One two "


async def test_text_cut_otherwise_is_an_error(hass: HomeAssistant, sim: Simulator, entry):
    sim.script(Reply(chunks=["One ", "two "], done_reason="length"))
    with pytest.raises(HomeAssistantError, match="too long"):
        await ask_for_data(hass)


async def test_thinking_is_no_data(hass: HomeAssistant, sim: Simulator, add_entry):
    await add_entry(task={"model": THINKING_MODEL, "think": True})
    sim.script(Reply('{"name": "Anna", "age": 42}', thinking="Who is it?"))
    assert (await ask_for_data(hass, structure=PERSON))["data"]["name"] == "Anna"


@pytest.fixture
def image(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Return a picture that the media browser offers."""
    path = tmp_path / "door.jpg"
    path.write_bytes(b"\xff\xd8\xff picture")
    return path


def attached(path: Path | None, mime_type: str = "image/jpeg"):
    """Let the media browser hand out a file."""
    return patch(
        "homeassistant.components.media_source.async_resolve_media",
        return_value=media_source.PlayMedia(url="http://1.2.3.4", mime_type=mime_type, path=path),
    )


ATTACHMENT = {
    "media_content_id": "media-source://media/door.jpg",
    "media_content_type": "image/jpeg",
}


async def test_image_is_sent(hass: HomeAssistant, sim: Simulator, add_entry, image: Path):
    await add_entry(task={"model": VISION_MODEL})
    sim.script(Reply("A door."))
    with attached(image):
        response = await ask_for_data(hass, attachments=[ATTACHMENT])
    assert response["data"] == "A door."
    import base64

    (sent,) = sim.chats[0].body["messages"][-1]["images"]
    assert base64.b64decode(sent) == image.read_bytes()


async def test_image_for_a_blind_model(hass: HomeAssistant, sim: Simulator, entry, image: Path):
    with attached(image), pytest.raises(HomeAssistantError, match="cannot see images"):
        await ask_for_data(hass, attachments=[ATTACHMENT])
    assert not sim.chats


async def test_image_goes_to_the_model_that_sees(
    hass: HomeAssistant, sim: Simulator, entry, image: Path
):
    """As the owner has chosen in the settings of the server; the rest stays the task's."""
    options = {**entry.options, "models": {"vision": VISION_MODEL, "code": PLAIN_MODEL}}
    hass.config_entries.async_update_entry(entry, options=options)
    sim.script(Reply("A door."), Reply("Hello."))
    with attached(image):
        assert (await ask_for_data(hass, attachments=[ATTACHMENT]))["data"] == "A door."
    await ask_for_data(hass)
    assert [chat.body["model"] for chat in sim.chats] == [VISION_MODEL, MODEL]
    assert [chat.body["options"]["num_ctx"] for chat in sim.chats] == [8192, 8192]


async def test_a_task_that_sees_needs_no_other(
    hass: HomeAssistant, sim: Simulator, add_entry, image: Path
):
    sim.install(SimModel("eye:1b", capabilities=("completion", "vision")))
    entry = await add_entry(task={"model": "eye:1b"})
    options = {**entry.options, "models": {"vision": VISION_MODEL}}
    hass.config_entries.async_update_entry(entry, options=options)
    with attached(image):
        await ask_for_data(hass, attachments=[ATTACHMENT])
    assert sim.chats[0].body["model"] == "eye:1b"


async def test_something_that_is_no_image(
    hass: HomeAssistant, sim: Simulator, add_entry, image: Path
):
    await add_entry(task={"model": VISION_MODEL})
    with (
        attached(image, "application/pdf"),
        pytest.raises(HomeAssistantError, match="not application/pdf"),
    ):
        await ask_for_data(
            hass, attachments=[{**ATTACHMENT, "media_content_type": "application/pdf"}]
        )
    assert not sim.chats


async def test_image_that_is_gone(hass: HomeAssistant, sim: Simulator, add_entry, image: Path):
    await add_entry(task={"model": VISION_MODEL})
    image.unlink()
    with attached(image), pytest.raises(HomeAssistantError, match="could not be read"):
        await ask_for_data(hass, attachments=[ATTACHMENT])
    assert not sim.chats
