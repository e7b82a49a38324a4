"""The decisions that wait for somebody's answer, and those whose time is over."""

import asyncio
from collections.abc import Callable
import logging
from typing import Any, Final

from homeassistant.components.notify import DOMAIN as NOTIFY
from homeassistant.const import (
    ATTR_DOMAIN,
    EVENT_HOMEASSISTANT_STOP,
    EVENT_SERVICE_REGISTERED,
)
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from .notices import (
    ATTR_ACTION,
    EVENT_TAPPED,
    Answer,
    Notice,
    Proposal,
    async_clear,
    async_show,
    async_tell_expired,
)

_LOGGER = logging.getLogger(__name__)

_VERSION: Final = 1
_SHOWN: Final = "shown"


class Decisions:
    """Asks people by phone, and knows which notification a tap belongs to.

    What it saves tells after a restart which notifications are still shown somewhere.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        """Start with nothing."""
        self._hass = hass
        # Private: whoever knows the name of a button can tap it.
        self._store: Store[dict[str, Any]] = Store(
            hass, _VERSION, f"{DOMAIN}.decisions", private=True
        )
        self._notices: dict[str, Notice] = {}
        """By tag: those that are waited for, and those of which a late tap is answered."""
        self._shown: set[str] = set()
        """Tags of those that a phone shows, as far as is known here."""
        self._waiting: dict[str, asyncio.Future[Answer | None]] = {}
        self._is_stopped = False
        self._end_looking: Callable[[], None] | None = None

    async def async_setup(self) -> None:
        """Take up what an earlier run has left, and begin to listen."""
        await self._async_load()
        endings = [
            self._hass.bus.async_listen(EVENT_TAPPED, self._tapped),
            async_at_started(self._hass, self._started),
        ]

        @callback
        def stop(_: Event) -> None:
            self._is_stopped = True
            for end in endings:
                end()
            self._stop_looking()
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_result(None)

        self._hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stop)

    async def async_confirm(self, proposal: Proposal, context: Context) -> Answer | None:
        """Ask a person, and return the answer; None if there was none in time.

        Raises HomeAssistantError, translated.
        """
        if self._is_stopped:
            return None
        notice = Notice.of(proposal)
        answer: asyncio.Future[Answer | None] = self._hass.loop.create_future()
        self._notices[notice.tag] = notice
        self._shown.add(notice.tag)
        self._waiting[notice.tag] = answer
        try:
            await self._async_save()
            await async_show(self._hass, notice, proposal, context)
            # A tap in the very moment in which the time ends is still an answer.
            await asyncio.wait((answer,), timeout=proposal.timeout.total_seconds())
            return answer.result() if answer.done() else None
        except HomeAssistantError:
            self._forget(notice)
            raise
        finally:
            # Also when whoever asked was stopped: nothing may be run for them later.
            del self._waiting[notice.tag]
            if answer.done() and answer.result() is not None:
                self._forget(notice)
            self._end(notice)

    @callback
    def _end(self, notice: Notice) -> None:
        """Take a notification back that nobody waits for, and save what is left."""
        if self._is_stopped:
            return  # it is saved as shown, and taken back after the restart
        self._hass.async_create_task(self._async_end(notice))

    async def _async_end(self, notice: Notice) -> None:
        if notice.tag in self._shown:
            self._shown.discard(notice.tag)
            await async_clear(self._hass, notice)
        await self._async_save()

    @callback
    def _tapped(self, event: Event) -> None:
        action = event.data.get(ATTR_ACTION)
        for notice in self._notices.values():
            if (answer := notice.answer(action)) is not None:
                break
        else:
            return
        waiting = self._waiting.get(notice.tag)
        if waiting is None:
            self._forget(notice)
            self._hass.async_create_task(self._async_answer_late(notice))
        elif not waiting.done():
            waiting.set_result(answer)

    async def _async_answer_late(self, notice: Notice) -> None:
        if notice.until > dt_util.utcnow().timestamp():
            await async_tell_expired(self._hass, notice)
        await self._async_save()

    @callback
    def _forget(self, notice: Notice) -> None:
        self._notices.pop(notice.tag, None)
        self._shown.discard(notice.tag)

    @callback
    def _started(self, hass: HomeAssistant) -> None:
        """Take back what an earlier run has left, where the phone's action is there."""

        @callback
        def is_of_notify(data: Any) -> bool:
            return bool(data[ATTR_DOMAIN] == NOTIFY)

        if self._left():
            self._end_looking = hass.bus.async_listen(
                EVENT_SERVICE_REGISTERED, self._look, event_filter=is_of_notify
            )
            self._look(None)

    @callback
    def _look(self, _: Event[Any] | None) -> None:
        for notice in self._left():
            if notice.can_be_reached(self._hass):
                self._end(notice)
        if not self._left():
            self._stop_looking()

    @callback
    def _stop_looking(self) -> None:
        if self._end_looking is not None:
            self._end_looking()
            self._end_looking = None

    def _left(self) -> list[Notice]:
        """Return what is shown though nobody waits for it."""
        tags = self._shown - self._waiting.keys()
        return [notice for tag, notice in self._notices.items() if tag in tags]

    async def _async_load(self) -> None:
        try:
            saved = await self._store.async_load() or {}
            for item in saved.get("notices", ()):
                notice = Notice.from_dict(item)
                self._notices[notice.tag] = notice
                if item.get(_SHOWN):
                    self._shown.add(notice.tag)
        except (
            HomeAssistantError,
            NotImplementedError,
            AttributeError,
            KeyError,
            TypeError,
            ValueError,
        ):
            # Of a later version, or unreadable. That must never keep Home Assistant from starting.
            _LOGGER.exception("The decisions of an earlier run could not be read")

    async def _async_save(self) -> None:
        now = dt_util.utcnow().timestamp()
        for notice in list(self._notices.values()):
            if notice.until <= now and notice.tag not in self._waiting:
                self._forget(notice)
        notices = [
            {**notice.as_dict(), _SHOWN: notice.tag in self._shown}
            for notice in self._notices.values()
        ]
        await self._store.async_save({"notices": notices})


DATA_DECISIONS: Final[HassKey[Decisions]] = HassKey(f"{DOMAIN}_decisions")


async def async_setup_decisions(hass: HomeAssistant) -> None:
    """Take up the decisions of an earlier run; to be called once, whatever servers there are."""
    if DATA_DECISIONS not in hass.data:
        hass.data[DATA_DECISIONS] = decisions = Decisions(hass)
        await decisions.async_setup()


@callback
def async_get_decisions(hass: HomeAssistant) -> Decisions:
    """Return the decisions that wait."""
    return hass.data[DATA_DECISIONS]
