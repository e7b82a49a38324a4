"""The system text and the tools of a turn."""

from homeassistant.components import conversation
from homeassistant.exceptions import HomeAssistantError, TemplateError
from homeassistant.helpers import llm

from ..const import DOMAIN
from .settings import AgentSettings


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
    try:
        await chat_log.async_provide_llm_data(
            llm_context,
            list(settings.apis) or None,
            settings.prompt,
            user_input.extra_system_prompt,
        )
    except conversation.ConverseError as err:
        if isinstance(err.__cause__, TemplateError):
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="prompt_template",
                translation_placeholders={"error": str(err.__cause__)},
            ) from err
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="api_failed",
            translation_placeholders={"error": str(err.__cause__ or err)},
        ) from err
