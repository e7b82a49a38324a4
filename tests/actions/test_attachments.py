"""Images that are attached: snapshots in files of ours, and files of the media browser."""

import asyncio
from pathlib import Path
import tempfile

from homeassistant.components.camera import Camera
from homeassistant.components.image import ImageEntity
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import chat_session
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import setup_test_component_platform

from custom_components.ollama.actions.attachments import (
    async_attachments,
    async_delete_snapshots,
)
from custom_components.ollama.const import DOMAIN

JPEG = b"\xff\xd8\xff picture"
PNG = b"\x89PNG\r\n\x1a\n picture"
DOOR = "media-source://camera/camera.door"
MAP = "media-source://image/image.map"
FILE = "media-source://media_source/local/cat.jpg"


class Door(Camera):
    """A camera at a door."""

    _attr_name = "Door"
    picture: bytes | None = JPEG
    raises: Exception | None = None

    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        if self.raises is not None:
            raise self.raises
        return self.picture


class Map(ImageEntity):
    """A map that a vacuum drew."""

    _attr_name = "Map"
    _attr_content_type = "image/png"
    _attr_should_poll = False

    async def async_image(self) -> bytes | None:
        return PNG


def may_read(entity_id: str) -> bool:
    return True


def item(media_id: str, media_type: str | None = None) -> dict[str, str]:
    """Return an item as the media selector gives it."""
    given = {"media_content_id": media_id, "metadata": {}}
    return given | ({"media_content_type": media_type} if media_type else {})


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where snapshots are written."""
    path = tmp_path / "snapshots"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


@pytest.fixture
def session() -> chat_session.ChatSession:
    return chat_session.ChatSession("talk")


@pytest.fixture
async def door(hass: HomeAssistant) -> Door:
    camera = Door()
    setup_test_component_platform(hass, "camera", [camera])
    assert await async_setup_component(hass, "camera", {"camera": {"platform": "test"}})
    await hass.async_block_till_done()
    return camera


@pytest.fixture
async def image_map(hass: HomeAssistant) -> Map:
    image = Map(hass)
    image._attr_image_last_updated = dt_util.utcnow()
    setup_test_component_platform(hass, "image", [image])
    assert await async_setup_component(hass, "image", {"image": {"platform": "test"}})
    await hass.async_block_till_done()
    return image


@pytest.fixture
async def cat(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Return a picture that the media browser offers."""
    media = tmp_path / "media"
    media.mkdir()
    hass.config.media_dirs = {"local": str(media)}
    assert await async_setup_component(hass, "media_source", {})
    path = media / "cat.jpg"
    path.write_bytes(JPEG)
    return path


async def _async_deleted(hass: HomeAssistant) -> None:
    """Wait until files are deleted, which nobody waits for."""
    await hass.async_block_till_done(wait_background_tasks=True)


async def key_of(hass: HomeAssistant, session: chat_session.ChatSession, *items: dict) -> str:
    with pytest.raises(HomeAssistantError) as caught:
        await async_attachments(hass, session, items, may_read)
    assert caught.value.translation_domain == DOMAIN
    await _async_deleted(hass)
    return str(caught.value.translation_key)


async def test_snapshots_live_as_long_as_the_talk(
    hass: HomeAssistant, session, door, image_map, cat: Path, files: Path
):
    attachments = await async_attachments(
        hass, session, [item(DOOR, "application/x"), item(MAP), item(FILE)], may_read
    )
    assert [one.media_content_id for one in attachments] == [DOOR, MAP, FILE]
    assert [one.mime_type for one in attachments] == ["image/jpeg", "image/png", "image/jpeg"]
    assert [one.path.read_bytes() for one in attachments] == [JPEG, PNG, JPEG]
    assert attachments[1].path.suffix == ".png"
    assert {one.path for one in attachments[:2]} == set(files.iterdir())
    # Nobody else on the machine sees what the camera saw.
    assert attachments[0].path.stat().st_mode & 0o077 == 0
    session.async_cleanup()
    await _async_deleted(hass)
    assert not list(files.iterdir())
    assert cat.exists()


async def test_snapshots_of_a_failed_turn(hass: HomeAssistant, session, door, cat, files: Path):
    attachments = await async_attachments(hass, session, [item(DOOR), item(FILE)], may_read)
    async_delete_snapshots(hass, attachments)
    await _async_deleted(hass)
    assert not list(files.iterdir())
    assert cat.exists()
    session.async_cleanup()  # once more does no harm
    await _async_deleted(hass)


async def test_nothing_is_left_when_the_next_one_fails(
    hass: HomeAssistant, session, door, files: Path
):
    gone = item("media-source://camera/camera.gone")
    assert await key_of(hass, session, item(DOOR), gone) == "attachment_unreadable"
    assert not list(files.iterdir())


async def test_nothing_is_left_when_it_is_broken_off(
    hass: HomeAssistant, session, door, image_map, files: Path, monkeypatch
):
    asked = asyncio.Event()

    async def never(self) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr("homeassistant.components.image.async_get_image", lambda *_: never(None))
    work = asyncio.create_task(async_attachments(hass, session, [item(DOOR), item(MAP)], may_read))
    await asked.wait()
    assert list(files.iterdir())
    work.cancel()
    await asyncio.wait({work})
    await _async_deleted(hass)
    assert work.cancelled()
    assert not list(files.iterdir())


@pytest.mark.parametrize("media", [DOOR, MAP])
async def test_who_may_not_see_a_picture(hass: HomeAssistant, session, door, image_map, media: str):
    asked: list[str] = []

    def refuse(entity_id: str) -> bool:
        asked.append(entity_id)
        return False

    with pytest.raises(Unauthorized):
        await async_attachments(hass, session, [item(media)], refuse)
    assert asked == [media.rpartition("/")[2]]


@pytest.mark.parametrize("raises", [None, OSError("no route"), HomeAssistantError("asleep")])
async def test_a_camera_that_shows_nothing(hass: HomeAssistant, session, door, raises):
    door.picture, door.raises = None, raises
    assert await key_of(hass, session, item(DOOR)) == "attachment_unreadable"


async def test_a_camera_that_is_off(hass: HomeAssistant, session, door):
    door._attr_is_on = False
    assert await key_of(hass, session, item(DOOR)) == "attachment_unreadable"


@pytest.mark.parametrize(
    "media",
    [
        "media-source://media_source/local/../secrets.yaml",
        "media-source://media_source/elsewhere/cat.jpg",
        "media-source://media_source/local/no_type",
        "media-source://nobody/cat.jpg",
        "/etc/passwd",
        "",
    ],
)
async def test_what_the_media_browser_does_not_have(hass: HomeAssistant, session, cat, media: str):
    assert await key_of(hass, session, item(media)) == "attachment_unreadable"


async def test_what_is_no_file(hass: HomeAssistant, session, cat, door):
    """A stream of the radio has an address, and no file."""
    from homeassistant.components.media_source import PlayMedia

    with pytest.MonkeyPatch.context() as patch:

        async def resolve(*_: object) -> PlayMedia:
            return PlayMedia("http://radio.example", "image/jpeg")

        patch.setattr("homeassistant.components.media_source.async_resolve_media", resolve)
        assert await key_of(hass, session, item(FILE)) == "attachment_not_local"


async def test_the_type_that_was_chosen(hass: HomeAssistant, session, cat):
    (one,) = await async_attachments(hass, session, [item(FILE, "image/webp")], may_read)
    assert one.mime_type == "image/webp"


@pytest.mark.parametrize("media", [DOOR, MAP, FILE])
async def test_a_home_without_any_of_it(hass: HomeAssistant, session, media: str):
    assert not {"camera", "image", "media_source"} & hass.config.components
    assert await key_of(hass, session, item(media)) == "attachment_unreadable"


async def test_nothing_attached(hass: HomeAssistant, session):
    assert await async_attachments(hass, session, [], may_read) == []
