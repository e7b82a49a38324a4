"""A query from its beginning to its end: limits, counters, events.

Whatever asks a model on somebody's behalf passes here, so that each query is admitted,
counted and told of exactly once.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
import contextlib
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import timedelta
import math
from typing import Any, Final

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.json import json_bytes
from homeassistant.helpers.trace import trace_id_get
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from ..const import EVENT_QUERY_PROCESSED, EVENT_QUERY_REQUESTED
from ..server import OllamaError, Priority, Query, RateLimiter, RateLimits, Requester, Usage
from ..settings import LogQueries
from .calls import Deed

SOURCE_CONVERSATION: Final = "conversation"
SOURCE_AI_TASK: Final = "ai_task"
SOURCE_BRIEFING: Final = "briefing"

SHORT_TEXT: Final = 50
"""Characters of a text that events tell by default."""
LONG_TEXT: Final = 8_000
"""Bytes of a text that they tell at most: the recorder drops events above 32 kB."""
_FEWEST_SECONDS: Final = 2
"""That somebody is asked to wait: "in 1 seconds" is right in no language."""
_MOST_ENTITIES: Final = 50
"""Of one call: more than anybody looks up one by one."""
_ELLIPSIS: Final = "…"
_LONGEST_ESCAPE: Final = len(r"\u001b")
_CANCELLED: Final = "cancelled"


@dataclass(slots=True)
class _Outer:
    """A query whose tools may ask in turn."""

    priority: Priority
    ended: bool = False
    """Tasks and timers that a tool began live on with a copy of its context."""


_inside: ContextVar[_Outer | None] = ContextVar("ollama_inside_a_query", default=None)


class RateLimitError(OllamaError):
    """Too many requests in the last hour."""

    key = "rate_limit"


class TooSoonError(OllamaError):
    """A request too soon after the one before."""

    key = "too_soon"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, by which agent, and what."""

    source: str
    entity_id: str
    agent: str
    """Id of the agent's subentry."""
    model: str
    text: str = field(repr=False)
    context: Context | None = None
    place: str = ""
    """The device that was spoken to."""
    masked: Callable[[str], str] = str
    """Takes out of a text what nobody may read in an event."""

    @property
    def user_id(self) -> str | None:
        """The user's id; None for automations and satellites."""
        return self.context.user_id if self.context else None


@dataclass(slots=True)
class RunningQuery:
    """A query under way."""

    asker: Asker
    meter: Query
    requester: Requester
    limiter: RateLimiter
    limits: RateLimits
    is_inner: bool = False
    """Whether it is asked while another one is under way, by a tool of that one."""
    admitted: bool = False
    response: str = ""
    deeds: Sequence[Deed] = ()

    def admit(self) -> None:
        """Let the query through to the server, and count it from here on.

        Raises RateLimitError and TooSoonError.
        """
        limits = self.limits
        if self.is_inner:
            # What a model does with a tool isn't another request of the same person's.
            limits = replace(limits, seconds_between=0.0)
        refused = self.limiter.take(limits, self.requester, self.asker.user_id, self.asker.place)
        if refused is None:
            self.admitted = True
        elif refused.too_soon:
            raise TooSoonError(seconds=str(max(_FEWEST_SECONDS, math.ceil(refused.wait))))
        else:
            # Rounded up, so that it is really free by then. Added in UTC: a local clock may be
            # put back or forward in between.
            free = dt_util.utcnow() + timedelta(seconds=refused.wait, minutes=1)
            raise RateLimitError(time=dt_util.as_local(free).strftime("%H:%M"))


@contextlib.asynccontextmanager
async def async_query(
    hass: HomeAssistant,
    usage: Usage,
    limiter: RateLimiter,
    limits: RateLimits,
    log_queries: LogQueries,
    asker: Asker,
) -> AsyncGenerator[RunningQuery]:
    """Tell of a query, and when it has ended count it and tell how."""
    meter = usage.open(asker.source, asker.agent, asker.model)
    requester = await _requester(hass, asker)
    outer = _inside.get()
    if outer is not None and outer.ended:
        outer = None
    meter.priority = _priority(asker, requester, outer.priority if outer else None)
    running = RunningQuery(asker, meter, requester, limiter, limits, is_inner=outer is not None)
    told: dict[str, Any] = {
        "query_id": ulid_now(),
        "source": asker.source,
        "entity_id": asker.entity_id,
        "model": asker.model,
        "user_id": asker.user_id,
        **_text("query", asker.masked(asker.text), log_queries),
    }
    hass.bus.async_fire(EVENT_QUERY_REQUESTED, told, context=asker.context)
    error: str | None = None
    own = _Outer(meter.priority)
    inside = _inside.set(own)
    try:
        yield running
    except HomeAssistantError as err:
        error = err.translation_key or "unknown"
        raise
    except asyncio.CancelledError:
        error = _CANCELLED
        raise
    except BaseException:
        error = "unknown"
        raise
    finally:
        _inside.reset(inside)
        own.ended = True
        if running.admitted:
            # Somebody who changes his mind is no error of the server's.
            cancelled = error == _CANCELLED
            usage.close(meter, None if cancelled else error, answered=not cancelled)
        figures = meter.figures
        first = meter.time_to_first_token
        hass.bus.async_fire(
            EVENT_QUERY_PROCESSED,
            {
                **told,
                **_text("response", asker.masked(running.response), log_queries),
                "tool_calls": _calls(running.deeds),
                "duration": round(meter.duration, 3),
                "waiting_time": round(meter.waited, 3),
                "time_to_first_token": None if first is None else round(first, 3),
                "prompt_tokens": figures.prompt_tokens,
                "completion_tokens": figures.completion_tokens,
                "error": error,
            },
            context=asker.context,
        )


async def _requester(hass: HomeAssistant, asker: Asker) -> Requester:
    """Tell people from automations, and admins from others."""
    if asker.user_id is not None:
        user = await hass.auth.async_get_user(asker.user_id)
        return Requester.ADMIN if user and user.is_admin else Requester.PERSON
    # A satellite knows no user, but is a place. What has neither was started by a trigger.
    return Requester.PERSON if asker.place else Requester.AUTOMATION


def _priority(asker: Asker, requester: Requester, outer: Priority | None) -> Priority:
    """Return how important a query is; one inside of another is not less than that."""
    # Somebody without a user and a place who speaks is somebody all the same, unless it is
    # an automation that hands a sentence on.
    by_itself = requester is Requester.AUTOMATION and _is_by_automation(asker.context)
    if asker.source == SOURCE_CONVERSATION and not by_itself:
        return Priority.SPEECH
    if requester is not Requester.AUTOMATION:
        own = Priority.PERSON
    else:
        own = Priority.BACKGROUND if asker.source == SOURCE_BRIEFING else Priority.AUTOMATION
    return own if outer is None else min(own, outer)


def _is_by_automation(context: Context | None) -> bool:
    """Whether an automation or a script is under way here, or something has caused this."""
    return trace_id_get() is not None or (context is not None and context.parent_id is not None)


def _text(key: str, text: str, log_queries: LogQueries) -> dict[str, str]:
    """Return what an event tells of a text."""
    # Half a character, which a model may write, can be kept nowhere.
    text = text.encode(errors="replace").decode()
    match log_queries:
        case LogQueries.NONE:
            return {}
        case LogQueries.SHORT if len(text) > SHORT_TEXT:
            text = f"{text[: SHORT_TEXT - 1]}{_ELLIPSIS}"
        case LogQueries.FULL if _size(text) > LONG_TEXT:
            text = _cut(text, LONG_TEXT - len(_ELLIPSIS.encode())) + _ELLIPSIS
    return {key: text}


def _cut(text: str, size: int) -> str:
    """Return as much of the beginning of a text as has a size; a little less at most."""
    text = text.encode()[:size].decode(errors="ignore")
    while (over := _size(text) - size) > 0:
        text = text[: -max(1, over // _LONGEST_ESCAPE)]
    return text


def _size(text: str) -> int:
    """Return how many bytes a text has where it is kept: in JSON, which escapes some."""
    return len(json_bytes(text)) - len('""')


def _calls(deeds: Sequence[Deed]) -> list[dict[str, Any]]:
    """Return what was done, cut where it would be too much for an event."""
    calls: list[dict[str, Any]] = []
    left = LONG_TEXT
    for deed in deeds:
        targets: list[str] = []
        call = {
            "name": deed.action,
            "targets": targets,
            "entity_ids": list(deed.entity_ids[:_MOST_ENTITIES]),
        }
        left -= len(json_bytes(call)) + len(",")
        if left < 0:
            break
        calls.append(call)
        for target in deed.targets:
            left -= len(json_bytes(target)) + len(",")
            if left < 0:
                break
            targets.append(target)
    return calls
