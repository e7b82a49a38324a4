"""Letting a model write an automation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.components import conversation
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ...agent import as_data
from ...agents import Agent
from ...const import DOMAIN
from ...home import Policy, Rule
from ...home.judging import kinds_of
from ..asking import Reply, asker_of, async_generate, rules_of, set_system, settings_of, usage_of
from ..talks import async_talk_turn
from .checking import Findings, async_check
from .reach import Reach
from .shape import STRUCTURE, normalised

SOURCE: Final = "create_automation"

_INSTRUCTIONS: Final = """\
You write one automation for Home Assistant, which does what the user describes. Answer with JSON: \
alias (a short name), description (one sentence), triggers, conditions, actions, mode.
Use only entity ids and actions that stand in the data, and write them out; entities marked \
only_to_watch stand in triggers and conditions alone. If conditions are not needed, give none.
Examples of triggers: {"trigger": "state", "entity_id": "binary_sensor.door", "to": "on", \
"for": "00:05:00"}, {"trigger": "numeric_state", "entity_id": "sensor.outdoor", "below": 5}, \
{"trigger": "time", "at": "07:00:00"}, {"trigger": "sun", "event": "sunset"}.
Examples of conditions: {"condition": "state", "entity_id": "person.anna", "state": "home"}, \
{"condition": "time", "after": "22:00:00", "weekday": ["sat", "sun"]}, \
{"condition": "numeric_state", "entity_id": "sensor.outdoor", "above": 20}.
Examples of actions: {"action": "light.turn_on", "target": {"entity_id": "light.hall"}, \
"data": {"brightness_pct": 50}}, {"delay": "00:10:00"}, {"action": "notify.notify", \
"data": {"message": "The door is open"}}."""
_MEND: Final = (
    "This automation can't be used yet. What is wrong with it stands in the data. Answer again "
    "with the whole automation, mended."
)


@dataclass(frozen=True, slots=True)
class Draft:
    """An automation that a model wrote, and what is wrong with it."""

    automation: dict[str, Any]
    errors: list[str]
    reply: Reply


async def async_write(call: ServiceCall, agent: Agent, request: str) -> Draft:
    """Let a model write an automation; what is wrong with it, it may mend once.

    Both are one query: it counts once, and the model sees what it wrote. Raises
    ServiceValidationError for what the agent's policy refuses, and HomeAssistantError.
    """
    hass = call.hass
    settings = settings_of(call, agent)
    asker = asker_of(call, agent, SOURCE, settings.model, request)
    reach = await Reach.async_from(hass, call.context)
    try:
        async with (
            async_talk_turn(hass, None, call.context) as (_, chat_log),
            agent.query(asker) as query,
        ):
            query.admit()
            set_system(chat_log, f"{_INSTRUCTIONS}\n{rules_of(call, has_data=True)}")
            _say(chat_log, request, reach.described(request))

            async def async_attempt() -> tuple[dict[str, Any], Findings]:
                written = await async_generate(agent, query, settings, chat_log, STRUCTURE)
                automation = normalised(written)
                findings = await async_check(reach, automation)
                _refuse(hass, agent.policy(), findings)
                return automation, findings

            automation, findings = await async_attempt()
            if findings.errors:
                _say(chat_log, _MEND, {"errors": findings.errors})
                automation, findings = await async_attempt()
            return Draft(
                automation,
                findings.errors,
                Reply(
                    text=query.response,
                    model=settings.model,
                    conversation_id=chat_log.conversation_id,
                    usage=usage_of(query.meter),
                ),
            )
    except HomeAssistantError as err:
        agent.note_failure(err)
        raise


def _say(chat_log: conversation.ChatLog, text: str, data: Mapping[str, Any]) -> None:
    content = f"{text}\n\n{as_data(data)}"
    chat_log.async_add_user_content(conversation.UserContent(content=content))


def _refuse(hass: HomeAssistant, policy: Policy, findings: Findings) -> None:
    """Refuse what the owner refuses. What has to be agreed to waits until it is turned on."""
    refused = {
        entity_id
        for act in findings.acts
        for entity_id in act.entity_ids
        if policy.strictest(kinds_of(hass, policy, act.service, [entity_id])) is Rule.REFUSE
    }
    if refused:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="automation_refused",
            translation_placeholders={"targets": ", ".join(sorted(refused))},
        )
