"""The talks that actions hold: one turn at a time, each kept apart from what runs around it."""

import asyncio
from collections.abc import AsyncGenerator, Generator
import contextlib
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from homeassistant.components import conversation
from homeassistant.components.conversation.chat_log import current_chat_log
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import chat_session
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..runtime import time_limits
from ..sessions import async_chat_session


@dataclass(slots=True)
class _Held:
    """A talk whose turn is held by a task."""

    conversation_id: str
    ended: bool = False
    """Tasks that began inside of it live on with a copy of its context."""


_held: ContextVar[tuple[_Held, ...]] = ContextVar("ollama_talks_held", default=())
"""Talks whose turn is under way in this very task or around it."""


@dataclass(slots=True)
class _Turns:
    """The turns of one talk that wait or run."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


_TURNS: Final[HassKey[dict[str, _Turns]]] = HassKey("ollama_talk_turns")


@contextlib.asynccontextmanager
async def async_talk_turn(
    hass: HomeAssistant, conversation_id: str | None, context: Context | None
) -> AsyncGenerator[tuple[chat_session.ChatSession, conversation.ChatLog]]:
    """Wait for a talk's turn and hold it; without an id, begin a new talk.

    What is said is kept only if the turn ends without an error. Raises HomeAssistantError
    when the turns before it take too long, and ServiceValidationError for a talk that would
    wait for itself.
    """
    if conversation_id is None:
        with _apart(), _log(hass, None, context) as both:
            yield both
        return
    held = _held.get()
    if any(one.conversation_id == conversation_id and not one.ended for one in held):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="conversation_inside_itself"
        )
    all_turns = hass.data.setdefault(_TURNS, {})
    turns = all_turns.setdefault(conversation_id, _Turns())
    turns.users += 1
    try:
        await _async_wait(turns.lock, time_limits(hass).answer)
        own = _Held(conversation_id)
        token = _held.set((*held, own))
        try:
            with _apart(), _log(hass, conversation_id, context) as both:
                yield both
        finally:
            _held.reset(token)
            own.ended = True
            turns.lock.release()
    finally:
        turns.users -= 1
        if not turns.users:
            del all_turns[conversation_id]


async def _async_wait(lock: asyncio.Lock, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await lock.acquire()
    except TimeoutError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="conversation_busy"
        ) from err


@contextlib.contextmanager
def _apart() -> Generator[None]:
    """Keep a talk apart from one that is under way around it, and from one that failed.

    Home Assistant remembers the talk of a task, also when that has ended in an error: an
    action inside of it would then write into the wrong log.
    """
    session = chat_session.current_session.set(None)
    log = current_chat_log.set(None)
    try:
        yield
    finally:
        current_chat_log.reset(log)
        chat_session.current_session.reset(session)


@contextlib.contextmanager
def _log(
    hass: HomeAssistant, conversation_id: str | None, context: Context | None
) -> Generator[tuple[chat_session.ChatSession, conversation.ChatLog]]:
    with (
        async_chat_session(hass, conversation_id, context) as session,
        conversation.async_get_chat_log(hass, session) as chat_log,
    ):
        yield session, chat_log
