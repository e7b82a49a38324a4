"""Chat sessions on the releases of Home Assistant that this integration runs on."""

import contextlib
import inspect
from typing import Any, Final

from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import chat_session

_TAKES_CONTEXT: Final = (
    "context" in inspect.signature(chat_session.async_get_chat_session).parameters
)
"""From 2026.11 on a talk belongs to the user who began it."""


def async_chat_session(
    hass: HomeAssistant, conversation_id: str | None, context: Context | None
) -> contextlib.AbstractContextManager[chat_session.ChatSession]:
    """Return the session of a talk; without an id, of a new one.

    Raises Unauthorized, from 2026.11 on, for the talk of another user.
    """
    more: dict[str, Any] = {"context": context} if _TAKES_CONTEXT else {}
    return chat_session.async_get_chat_session(hass, conversation_id, **more)
