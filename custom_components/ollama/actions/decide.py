"""A decision: the model chooses one of the options or none, and may act on it, or ask first."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from homeassistant.const import CONF_DESCRIPTION, CONF_ID, CONF_SEQUENCE
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import probatio

from ..const import DOMAIN
from ..deciding import (
    NONE,
    Answer,
    Ending,
    Option,
    Proposal,
    Urgency,
    async_get_decisions,
    async_options,
    phone_of,
)
from .action import Action
from .agent_choice import async_agent_of
from .asking import COMMON_FIELDS, Question, async_ask, language_of, respond, words, words_needed

CONF_MODE: Final = "mode"
CONF_NOTIFY: Final = "notify"
CONF_OPTIONS: Final = "options"
CONF_SITUATION: Final = "situation"
CONF_TIMEOUT: Final = "timeout"

SOURCE: Final = "decide"
DEFAULT_TIMEOUT: Final = timedelta(minutes=10)
_LONGEST_TIMEOUT: Final = timedelta(days=1)

# Spoken to the model, not to a user: models understand English best.
_INSTRUCTIONS: Final = (
    "You decide for a home what to do. The data tells the situation, and the options with their "
    f'ids. Choose the one option that suits the situation, or "{NONE}" if none does or if nothing '
    "needs to be done. First give your reason, in one or two short sentences for the people who "
    "live there; then the id of the option; then how urgent it is."
)
_REQUEST: Final = "Which of the options suits this situation?"


class Mode(StrEnum):
    """How far a decision goes."""

    SUGGEST = "suggest"
    CONFIRM = "confirm"
    EXECUTE = "execute"


class Outcome(StrEnum):
    """What became of a decision."""

    SUGGESTED = "suggested"
    """Chosen, and not carried out."""
    EXECUTED = "executed"
    IGNORED = "ignored"
    EXPIRED = "expired"
    NONE = "none"


_OUTCOMES: Final[Mapping[Ending, Outcome]] = {
    Ending.DONE: Outcome.EXECUTED,
    Ending.GIVEN_UP: Outcome.SUGGESTED,
    Ending.STOPPED: Outcome.EXPIRED,
}

_OPTION: Final = probatio.Schema(
    {
        probatio.Required(CONF_ID): words,
        probatio.Optional(CONF_DESCRIPTION, default=""): words,
        # Validated when it is called, so that the error can name the option.
        probatio.Optional(CONF_SEQUENCE): probatio.Any(None, list, dict),
    }
)


async def _async_decide(call: ServiceCall) -> ServiceResponse:
    agent = await async_agent_of(call)
    options = await async_options(call, call.data[CONF_OPTIONS])
    phone = _phone(call)
    question = Question(
        source=SOURCE,
        request=_REQUEST,
        instructions=_INSTRUCTIONS,
        data={
            # Automations put into it what sensors and messages say.
            CONF_SITUATION: call.data[CONF_SITUATION],
            CONF_OPTIONS: [
                {CONF_ID: option.id, CONF_DESCRIPTION: option.description}
                for option in options.values()
            ],
        },
        told=call.data[CONF_SITUATION],
        structure=_structure(options),
    )
    reply = await async_ask(call, agent, question)
    reason: str = reply.data["reason"].strip()
    option = options.get(reply.data["action"])
    urgency = Urgency(reply.data["urgency"])
    outcome = await _async_act(call, option, reason, urgency, phone)
    return respond(
        call,
        reply,
        reason,
        action=option.id if option else NONE,
        reason=reason,
        urgency=urgency.value,
        executed=outcome is Outcome.EXECUTED,
        outcome=outcome.value,
    )


async def _async_act(
    call: ServiceCall, option: Option | None, reason: str, urgency: Urgency, phone: str
) -> Outcome:
    mode: Mode = call.data[CONF_MODE]
    if option is None:
        return Outcome.NONE
    if mode is Mode.SUGGEST or not option.sequence:
        return Outcome.SUGGESTED
    if mode is Mode.CONFIRM:
        proposal = Proposal(
            phone=phone,
            description=option.description or option.id,
            reason=reason,
            urgency=urgency,
            timeout=call.data[CONF_TIMEOUT],
            language=language_of(call),
        )
        answer = await async_get_decisions(call.hass).async_confirm(proposal, call.context)
        if answer is not Answer.EXECUTE:
            return Outcome.EXPIRED if answer is None else Outcome.IGNORED
    return _OUTCOMES[await option.async_run(call.hass, call.context)]


def _structure(options: Collection[str]) -> probatio.Schema:
    """Return what the model has to answer: first why, so that the choice follows from it."""
    return probatio.Schema(
        {
            probatio.Required("reason"): str,
            probatio.Required("action"): probatio.In([*options, NONE]),
            probatio.Required("urgency"): probatio.In([urgency.value for urgency in Urgency]),
        }
    )


def _phone(call: ServiceCall) -> str:
    """Return whom to ask; nobody unless somebody is to be asked."""
    if call.data[CONF_MODE] is not Mode.CONFIRM:
        return ""
    if CONF_NOTIFY not in call.data:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="decision_notify_missing"
        )
    return phone_of(call.hass, call.data[CONF_NOTIFY])


_FIELDS: Final[dict[Any, Any]] = {
    probatio.Required(CONF_SITUATION): words_needed,
    probatio.Required(CONF_OPTIONS): probatio.All(
        cv.ensure_list, [_OPTION], probatio.Length(min=1)
    ),
    probatio.Optional(CONF_MODE, default=Mode.SUGGEST): probatio.Coerce(Mode),
    probatio.Optional(CONF_NOTIFY): cv.service,
    probatio.Optional(CONF_TIMEOUT, default=DEFAULT_TIMEOUT): probatio.All(
        cv.positive_time_period,
        probatio.Range(min=timedelta(0), min_included=False, max=_LONGEST_TIMEOUT),
    ),
}

DECIDE = Action("decide", {**COMMON_FIELDS, **_FIELDS}, _async_decide)
