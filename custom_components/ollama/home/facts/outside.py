"""What other integrations answer: calendars, weather services, to-do lists."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
import logging
import math
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Context, State
from homeassistant.util import dt as dt_util

from .reader import Facts, Reader, figure

_LOGGER: Final = logging.getLogger(__name__)

_LONGEST: Final = 200  # characters
_NOTHING: Final = (STATE_UNAVAILABLE, STATE_UNKNOWN)
_DIGITS: Final = {"in": 2}
"""Of units in which one is not enough."""


class NothingToAskError(Exception):
    """None of the entities that were named can be asked."""


def chosen(reader: Reader, domain: str, named: Sequence[str] | None) -> list[State]:
    """Return those of the named entities that can be asked; all of a domain if none is named.

    Raises NothingToAskError: what somebody named must not be left out silently.
    """
    if named is None:
        return reader.states(domain)
    states = map(reader.hass.states.get, reader.allowed(dict.fromkeys(named)))
    found = [state for state in states if state and state.state not in _NOTHING]
    if not found:
        raise NothingToAskError
    return found


async def async_ask_each(
    reader: Reader, domain: str, action: str, entities: Sequence[State], data: Mapping[str, Any]
) -> list[tuple[State, Facts]]:
    """Return what each entity answers. One that fails is left out, unless all do."""
    answers = await asyncio.gather(
        *(_async_ask(reader, domain, action, state.entity_id, data) for state in entities),
        return_exceptions=True,
    )
    answered: list[tuple[State, Facts]] = []
    failed: list[tuple[State, BaseException]] = []
    for state, answer in zip(entities, answers, strict=True):
        if isinstance(answer, BaseException):
            failed.append((state, answer))
        else:
            answered.append((state, answer))
    if failed and not answered:
        raise failed[0][1]
    for state, err in failed:
        # Without what it says, which may be what somebody wrote.
        _LOGGER.warning("%s could not be read: %s", state.entity_id, type(err).__name__)
    return answered


async def _async_ask(
    reader: Reader, domain: str, action: str, entity_id: str, data: Mapping[str, Any]
) -> Facts:
    async with asyncio.timeout(reader.patience):
        response = await reader.hass.services.async_call(
            domain,
            action,
            {ATTR_ENTITY_ID: entity_id, **data},
            blocking=True,
            return_response=True,
            context=_context(reader, entity_id),
        )
    answer = (response or {}).get(entity_id)
    return answer if isinstance(answer, dict) else {}


def _context(reader: Reader, entity_id: str) -> Context:
    # Actions of entities ask for the right to control them, also those that only read. Who may
    # read has been looked at before; whoever may only read is left out of the context.
    if reader.user and reader.user.permissions.check_entity(entity_id, POLICY_CONTROL):
        return Context(user_id=reader.user_id)
    return Context()


def one_line(text: object) -> str:
    """Return a text from outside in a shape that fits into a list, and of whole characters."""
    line = " ".join(str(text or "").encode(errors="replace").decode().split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1].rstrip()}…"


def moment_or_day(written: object) -> datetime | date | None:
    """Return a local time, or a day where no time of it was written."""
    text = str(written or "")
    try:
        if (day := dt_util.parse_date(text)) is not None:
            return day
        moment = dt_util.parse_datetime(text)
    except ValueError:
        return None
    return dt_util.as_local(moment) if moment else None


def instant_of(when: datetime | date) -> datetime:
    """Return a time, of a day its begin, to compare and to count with.

    Not in local time: that repeats an hour when the clocks go back.
    """
    return dt_util.as_utc(when if isinstance(when, datetime) else dt_util.start_of_local_day(when))


def told(when: datetime | date) -> str:
    """Return a time or a day as facts tell it."""
    return when.isoformat(timespec="minutes") if isinstance(when, datetime) else when.isoformat()


def number_of(value: object) -> float | None:
    """Return a finite number, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # of an integer of hundreds of digits
        return None


def figures(values: Mapping[str, tuple[object, object]]) -> Facts:
    """Return the values that are numbers, with their units."""
    return {
        key: figure(number, str(unit or ""), _DIGITS.get(str(unit), 1))
        for key, (value, unit) in values.items()
        if (number := number_of(value)) is not None
    }
