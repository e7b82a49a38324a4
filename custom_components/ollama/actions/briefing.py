"""A briefing: facts that are read here, and a model that only words them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.calendar import DOMAIN as CALENDAR
from homeassistant.components.todo import DOMAIN as TODO
from homeassistant.components.weather import DOMAIN as WEATHER
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import probatio

from ..agent import SOURCE_BRIEFING, RateLimitError, TooSoonError, async_sentence
from ..agents import Agent
from ..const import DOMAIN
from ..home.facts import (
    Facts,
    Reader,
    Section,
    Wanted,
    async_gather,
    async_plain,
    invented,
)
from ..server import OllamaError
from .action import Action
from .agent_choice import async_agent_of
from .asking import (
    COMMON_FIELDS,
    Question,
    Reply,
    async_ask,
    language_of,
    respond,
    settings_of,
    unasked,
    words,
)

CONF_CALENDARS: Final = "calendars"
CONF_HOURS: Final = "hours"
CONF_INSTRUCTIONS: Final = "instructions"
CONF_KIND: Final = "kind"
CONF_SECTIONS: Final = "sections"
CONF_TODO_LISTS: Final = "todo_lists"
CONF_WEATHER: Final = "weather"

_MOST_HOURS: Final = 7 * 24
_NIGHT_BEGINS: Final = time(22)
_LONGEST_INSTRUCTIONS: Final = 4_000

# Spoken to the model, not to a user: models understand English best.
_INSTRUCTIONS: Final = (
    "You word a {kind} briefing for the people of a home, to be read aloud or sent as a message. "
    "Tell in a few friendly sentences what matters of the facts that you are given, most "
    "important first. Write plain text without headings, lists or emoji. Tell only what the "
    "facts say; give figures as they stand there, with their unit. What is not in the facts you "
    "do not know, and do not mention."
)
_INVENTED: Final = (
    "These figures are not in the facts: {figures}. Write the briefing again, with figures from "
    "the facts only."
)


class Kind(StrEnum):
    """What a briefing looks at."""

    MORNING = "morning"
    """The day to come, and the night."""
    EVENING = "evening"
    """The day that was, and tomorrow."""
    CUSTOM = "custom"
    """A day ahead and a day back, unless told otherwise."""


_SECTIONS: Final[Mapping[Kind, tuple[Section, ...]]] = {
    Kind.MORNING: (
        Section.CALENDAR,
        Section.WEATHER,
        Section.TASKS,
        Section.HOME,
        Section.ENERGY,
        Section.SECURITY,
        Section.RECOMMENDATIONS,
    ),
    Kind.EVENING: tuple(Section),
    Kind.CUSTOM: tuple(Section),
}


async def _async_briefing(call: ServiceCall) -> ServiceResponse:
    agent = await async_agent_of(call)
    reader = await Reader.async_from(call.hass, call.context)
    kind: Kind = call.data[CONF_KIND]
    wanted = _wanted(call, kind, reader)
    gathered = await async_gather(reader, wanted, agent.runtime.server.limits.facts)
    facts = {section.value: found for section, found in gathered.facts.items()}
    reply, is_plain = await _async_words(call, agent, kind, facts, is_failed=bool(gathered.failed))
    return respond(
        call,
        reply,
        sections=facts,
        failed_sections=[section.value for section in gathered.failed],
        plain=is_plain,
        error=reply.problem,
    )


async def _async_words(
    call: ServiceCall,
    agent: Agent,
    kind: Kind,
    facts: Mapping[str, Facts],
    *,
    is_failed: bool,
) -> tuple[Reply, bool]:
    """Let the model word the facts; tell them plainly where it can't be asked or invents.

    Raises HomeAssistantError when the caller's limit is reached.
    """
    language, model = language_of(call), settings_of(call, agent).model
    if not facts:
        key = "briefing_unreadable" if is_failed else "briefing_nothing"
        text = await async_sentence(call.hass, language, key)
        return unasked(text, model, key if is_failed else None), True
    wishes = call.data.get(CONF_INSTRUCTIONS, "")
    question = Question(
        source=SOURCE_BRIEFING,
        request=wishes or kind.value,
        instructions=_INSTRUCTIONS.format(kind="" if kind is Kind.CUSTOM else kind.value),
        data={"now": dt_util.now().strftime("%A %Y-%m-%d %H:%M"), **facts},
        # What its owner says may be told as well: "say so if it is below 5 °C".
        check=lambda text: _problem(text, [facts, wishes]),
    )
    try:
        reply = await async_ask(call, agent, question)
    except RateLimitError, TooSoonError:
        raise
    except OllamaError as err:
        plain = await async_plain(call.hass, language, facts)
        return unasked(plain, model, err.translation_key), True
    if reply.problem is None:
        return reply, False
    plain = await async_plain(call.hass, language, facts)
    return reply.in_words(plain, "figures_invented"), True


def _problem(text: str, known: Any) -> str | None:
    """Return what to tell a model that told figures of its own."""
    figures = invented(text, known)
    return _INVENTED.format(figures=", ".join(figures)) if figures else None


def _wanted(call: ServiceCall, kind: Kind, reader: Reader) -> Wanted:
    """Return what to read. Raises ServiceValidationError and Unauthorized."""
    start, since, end = reader.now, *_period(kind, reader.now, call.data.get(CONF_HOURS))
    return Wanted(
        sections=tuple(call.data.get(CONF_SECTIONS) or _SECTIONS[kind]),
        start=start,
        end=end,
        since=since,
        calendars=_named(call, reader, CONF_CALENDARS),
        weather=next(iter(_named(call, reader, CONF_WEATHER) or ()), None),
        todo_lists=_named(call, reader, CONF_TODO_LISTS),
        completed=kind is not Kind.MORNING,
    )


def _period(kind: Kind, now: datetime, hours: float | None) -> tuple[datetime, datetime]:
    """Return how far to look back and ahead."""
    if hours is not None or kind is Kind.CUSTOM:
        span = timedelta(hours=24 if hours is None else hours)
        # Counted in UTC: an hour that a clock is put back or forward by is an hour all the same.
        moment = dt_util.as_utc(now)
        return dt_util.as_local(moment - span), dt_util.as_local(moment + span)
    today = dt_util.start_of_local_day(now)
    if kind is Kind.EVENING:
        return today, dt_util.start_of_local_day(today + timedelta(days=2))
    evening = datetime.combine(now.date() - timedelta(days=1), _NIGHT_BEGINS, now.tzinfo)
    return evening, dt_util.start_of_local_day(today + timedelta(days=1))


def _named(call: ServiceCall, reader: Reader, key: str) -> tuple[str, ...] | None:
    """Return the entities that a call names; None where it leaves that to us."""
    named: Iterable[str] | None = call.data.get(key)
    if not named:
        return None
    for entity_id in named:
        if call.hass.states.get(entity_id) is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="entity_unknown",
                translation_placeholders={"entity_id": entity_id},
            )
        if not reader.may_read(entity_id):
            raise Unauthorized(context=call.context, entity_id=entity_id, permission=POLICY_READ)
    return tuple(dict.fromkeys(named))


def _entities(domain: str) -> Any:
    return probatio.All(cv.ensure_list, [cv.entity_domain(domain)])


BRIEFING = Action(
    "briefing",
    {
        **COMMON_FIELDS,
        probatio.Optional(CONF_KIND, default=Kind.MORNING): probatio.Coerce(Kind),
        probatio.Optional(CONF_SECTIONS): probatio.All(cv.ensure_list, [probatio.Coerce(Section)]),
        probatio.Optional(CONF_CALENDARS): _entities(CALENDAR),
        probatio.Optional(CONF_WEATHER): probatio.All(_entities(WEATHER), probatio.Length(max=1)),
        probatio.Optional(CONF_TODO_LISTS): _entities(TODO),
        probatio.Optional(CONF_INSTRUCTIONS): probatio.All(
            words, probatio.Length(max=_LONGEST_INSTRUCTIONS)
        ),
        probatio.Optional(CONF_HOURS): probatio.All(
            probatio.Coerce(float), probatio.Range(min=0, max=_MOST_HOURS, min_included=False)
        ),
    },
    _async_briefing,
)
