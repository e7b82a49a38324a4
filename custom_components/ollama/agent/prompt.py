"""The system text and the tools of a turn."""

from typing import Final

from homeassistant.components import conversation
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, TemplateError
from homeassistant.helpers import llm
from homeassistant.helpers.template import Template

from ..const import CONF_NUM_CTX, DOMAIN
from ..home import prompt_characters
from .settings import AgentSettings

_CHARACTERS_PER_TOKEN: Final = 3
"""Few, so as to be safe: names of devices make short tokens."""
_SHARE_OF_WINDOW: Final = 0.6
_TOOLS_CHARACTERS: Final = 6_500


async def async_provide_prompt(
    chat_log: conversation.ChatLog,
    llm_context: llm.LLMContext,
    settings: AgentSettings,
    user_input: conversation.ConversationInput,
) -> None:
    """Put the system text and the tools into a chat log.

    Raises HomeAssistantError, translated, for a mistake in the owner's instructions
    and for an API that is gone.
    """
    known = {api.id for api in llm.async_get_apis(chat_log.hass)}
    for api_id in settings.apis:
        if api_id not in known:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="api_missing",
                translation_placeholders={"api": api_id},
            )
    token = prompt_characters.set(_room_for_home(settings))
    try:
        await chat_log.async_provide_llm_data(
            llm_context,
            list(settings.apis) or None,
            settings.prompt,
            user_input.extra_system_prompt,
        )
    except conversation.ConverseError as err:
        if isinstance(err.__cause__, TemplateError):
            raise _mistake_in_instructions(err.__cause__) from err
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="api_failed",
            translation_placeholders={"error": str(err.__cause__ or err)},
        ) from err
    finally:
        prompt_characters.reset(token)


async def async_instructions(
    hass: HomeAssistant, settings: AgentSettings, llm_context: llm.LLMContext
) -> str:
    """Return the owner's instructions alone, for a question without tools.

    Raises HomeAssistantError, translated, for a mistake in them.
    """
    user_id = llm_context.context.user_id if llm_context.context else None
    user = await hass.auth.async_get_user(user_id) if user_id else None
    known = {
        "ha_name": hass.config.location_name,
        "user_name": user.name if user else None,
        "llm_context": llm_context,
    }
    instructions = Template(settings.prompt or llm.DEFAULT_INSTRUCTIONS_PROMPT, hass)
    try:
        return str(instructions.async_render(known, parse_result=False))
    except TemplateError as err:
        raise _mistake_in_instructions(err) from err


def _mistake_in_instructions(err: TemplateError) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="prompt_template",
        translation_placeholders={"error": str(err)},
    )


def _room_for_home(settings: AgentSettings) -> int:
    """Return how many characters the home may take in the prompt.

    A little over half of the window, less what the tools take; the rest is for the talk.
    """
    window = settings.options[CONF_NUM_CTX] * _CHARACTERS_PER_TOKEN
    return max(0, int(window * _SHARE_OF_WINDOW) - _TOOLS_CHARACTERS)
