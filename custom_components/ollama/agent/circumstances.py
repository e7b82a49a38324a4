"""Where and when something was said.

It travels with the sentence, behind all that stays the same, so that a server can keep
what it has read before. What was attached to a sentence stays with it in later turns.
"""

from datetime import datetime
from typing import Final
import weakref

from homeassistant.components import conversation
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN


class Attachments:
    """Texts that belong to sentences of chat logs, for as long as these are kept.

    Home Assistant's content has no place for them, and stays the same object from turn
    to turn.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._texts: dict[int, str] = {}

    def attach(self, item: conversation.UserContent, text: str) -> None:
        """Remember a text until its sentence is forgotten."""
        if id(item) not in self._texts:
            weakref.finalize(item, self._texts.pop, id(item), None)
        self._texts[id(item)] = text

    def text_of(self, item: conversation.UserContent) -> str:
        """Return what was attached to a sentence, or nothing."""
        return self._texts.get(id(item), "")


_ATTACHMENTS: Final[HassKey[Attachments]] = HassKey(f"{DOMAIN}_circumstances")


@callback
def async_get_attachments(hass: HomeAssistant) -> Attachments:
    """Return what is attached to all sentences."""
    if (attachments := hass.data.get(_ATTACHMENTS)) is None:
        attachments = hass.data[_ATTACHMENTS] = Attachments()
    return attachments


@callback
def async_attach(
    hass: HomeAssistant, chat_log: conversation.ChatLog, device_id: str | None
) -> None:
    """Attach where and when the last sentence of a talk was said."""
    item = chat_log.content[-1]
    if isinstance(item, conversation.UserContent):
        said = circumstances(dt_util.now(), _room(hass, device_id))
        async_get_attachments(hass).attach(item, said)


def circumstances(now: datetime, room: str | None) -> str:
    """Return where and when in words; a model must not take them for a part of the sentence."""
    where = f"in the room {room}, " if room else ""
    return f"\n[said {where}on {now:%A %Y-%m-%d at %H:%M}]"


def _room(hass: HomeAssistant, device_id: str | None) -> str | None:
    device = dr.async_get(hass).async_get(device_id) if device_id else None
    if device is None or (area_id := dr.async_get_effective_area_id(hass, device)) is None:
        return None
    area = ar.async_get(hass).async_get_area(area_id)
    return area.name if area else None
