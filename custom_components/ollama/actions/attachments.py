"""What is attached to a question: snapshots, and files that the media browser offers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
import mimetypes
from pathlib import Path
import tempfile
from types import ModuleType
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components import conversation
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import chat_session
from homeassistant.helpers.importlib import async_import_module

from ..const import DOMAIN

_MEDIA_SOURCE: Final = "media_source"
_SNAPSHOTS: Final = {f"media-source://{domain}/": domain for domain in ("camera", "image")}
"""Whose media are entities: a picture of now, and with an owner who may hide it."""


@dataclass(frozen=True)
class Snapshot(conversation.Attachment):
    """An attachment in a file of ours, which has to be deleted again."""


async def async_attachments(
    hass: HomeAssistant,
    session: chat_session.ChatSession,
    items: Iterable[dict[str, Any]],
    may_read: Callable[[str], bool],
) -> list[conversation.Attachment]:
    """Return what a media selector gave as files.

    Snapshots live as long as the talk. A turn that fails may leave no talk behind:
    `async_delete_snapshots` then deletes them at once.

    Raises Unauthorized, and HomeAssistantError, translated.
    """
    attachments: list[conversation.Attachment] = []
    try:
        for item in items:
            attachments.append(await _async_attachment(hass, item, may_read))  # noqa: PERF401 - what was made must be known when the next one fails
    except BaseException:
        async_delete_snapshots(hass, attachments)
        raise
    session.async_on_cleanup(partial(async_delete_snapshots, hass, attachments))
    return attachments


@callback
def async_delete_snapshots(
    hass: HomeAssistant, attachments: Iterable[conversation.Attachment]
) -> None:
    """Delete the files of snapshots; files of the media browser stay."""
    paths = [item.path for item in attachments if isinstance(item, Snapshot)]
    if paths:
        hass.async_add_executor_job(_delete, paths)


async def _async_attachment(
    hass: HomeAssistant, item: dict[str, Any], may_read: Callable[[str], bool]
) -> conversation.Attachment:
    media_id: str = item["media_content_id"]
    for prefix, domain in _SNAPSHOTS.items():
        if media_id.startswith(prefix):
            entity_id = media_id.removeprefix(prefix)
            if not may_read(entity_id):
                raise Unauthorized(entity_id=entity_id, permission=POLICY_READ)
            return await _async_snapshot(hass, media_id, domain, entity_id)
    return await _async_file(hass, media_id, item.get("media_content_type"))


async def _async_snapshot(
    hass: HomeAssistant, media_id: str, domain: str, entity_id: str
) -> Snapshot:
    component = await _async_component(hass, domain, entity_id)
    try:
        picture = await component.async_get_image(hass, entity_id)
        path = await hass.async_add_executor_job(_write, picture.content, picture.content_type)
    except Exception as err:
        # Cameras raise whatever their devices do.
        raise _failure("attachment_unreadable", entity_id) from err
    return Snapshot(media_content_id=media_id, mime_type=picture.content_type, path=path)


async def _async_file(
    hass: HomeAssistant, media_id: str, mime_type: str | None
) -> conversation.Attachment:
    component = await _async_component(hass, _MEDIA_SOURCE, media_id)
    try:
        media = await component.async_resolve_media(hass, media_id, None)
    except Exception as err:
        # Each source is an integration of its own; that of local files asserts.
        raise _failure("attachment_unreadable", media_id) from err
    if media.path is None:
        raise _failure("attachment_not_local", media_id)
    return conversation.Attachment(
        media_content_id=media_id, mime_type=mime_type or media.mime_type, path=media.path
    )


async def _async_component(hass: HomeAssistant, domain: str, shown: str) -> ModuleType:
    """Return a component that a home needn't have."""
    if domain not in hass.config.components:
        raise _failure("attachment_unreadable", shown)
    return await async_import_module(hass, f"homeassistant.components.{domain}")


def _write(content: bytes, mime_type: str) -> Path:
    """Write a file that nobody else on this machine can read; blocking."""
    suffix = mimetypes.guess_extension(mime_type, strict=False)
    with tempfile.NamedTemporaryFile(prefix=f"{DOMAIN}_", suffix=suffix, delete=False) as file:
        file.write(content)
        return Path(file.name)


def _delete(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _failure(key: str, media: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders={"media": media}
    )
