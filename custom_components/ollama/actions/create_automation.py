"""Making an automation from a sentence."""

from typing import Final

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv
import probatio

from ..agent import async_sentence
from ..const import DOMAIN
from .action import Action
from .agent_choice import async_agent_of
from .asking import COMMON_FIELDS, language_of, respond, words
from .automations import as_yaml, async_save, async_write

CONF_DESCRIPTION: Final = "description"
CONF_SAVE: Final = "save"

_LONGEST_DESCRIPTION: Final = 2_000
"""Characters. It stands in the saved automation as well."""


async def _async_create(call: ServiceCall) -> ServiceResponse:
    if call.data[CONF_SAVE]:
        await _async_check_may_save(call)
    request = call.data[CONF_DESCRIPTION].strip()
    if not request:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="automation_description_empty"
        )
    agent = await async_agent_of(call)
    draft = await async_write(call, agent, request)
    automation, saved_as = draft.automation, None
    text = automation["description"] or automation["alias"]
    if draft.errors:
        text = await async_sentence(
            call.hass, language_of(call), "automation_invalid", error=draft.errors[0]
        )
    elif call.data[CONF_SAVE]:
        automation, saved_as = await async_save(
            call.hass, automation, request, language_of(call), call.context
        )
        text = await async_sentence(
            call.hass, language_of(call), "automation_saved", name=automation["alias"]
        )
    return respond(
        call,
        draft.reply,
        text,
        automation=automation,
        yaml=as_yaml(automation),
        valid=not draft.errors,
        errors=draft.errors,
        saved_as=saved_as,
    )


async def _async_check_may_save(call: ServiceCall) -> None:
    """Let only those save who may edit automations; one without a user is its owner's."""
    if (user_id := call.context.user_id) is None:
        return
    user = await call.hass.auth.async_get_user(user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    if not user.is_admin:
        raise Unauthorized(context=call.context)


CREATE_AUTOMATION = Action(
    "create_automation",
    {
        **COMMON_FIELDS,
        probatio.Required(CONF_DESCRIPTION): probatio.All(
            words, probatio.Length(max=_LONGEST_DESCRIPTION)
        ),
        probatio.Optional(CONF_SAVE, default=False): cv.boolean,
    },
    _async_create,
)
