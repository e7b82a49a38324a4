"""The system text and the tools of a turn."""

from dataclasses import dataclass
from typing import Final

from homeassistant.components import conversation
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, TemplateError
from homeassistant.helpers import llm
from homeassistant.helpers.template import Template

from ..const import CONF_NUM_CTX, DOMAIN
from ..home import API_ID, prompt_characters
from .circumstances import async_attach
from .settings import AgentSettings

_CHARACTERS_PER_TOKEN: Final = 3
"""Few, so as to be safe: names of devices make short tokens."""
_SHARE_OF_WINDOW: Final = 0.6
_TOOLS_CHARACTERS: Final = 6_500
_FOR_EARS: Final = "Begin your answers with a short sentence."
"""So that a voice can begin early. The API `ollama` says it as well."""

ASSIST: Final = llm.LLM_API_ASSIST


@dataclass(frozen=True, slots=True)
class Prompt:
    """What stands before everything that is said."""

    system: str
    api: llm.APIInstance | None


async def async_provide_prompt(
    chat_log: conversation.ChatLog,
    llm_context: llm.LLMContext,
    settings: AgentSettings,
    user_input: conversation.ConversationInput,
) -> None:
    """Put the system text and the tools into a chat log.

    Composed here: Home Assistant adds the time, with which the whole prompt would change from
    minute to minute. Where and when something was said is attached to the sentence.

    Raises HomeAssistantError, translated, for a mistake in the owner's instructions
    and for an API that is gone.
    """
    extra = user_input.extra_system_prompt or chat_log.extra_system_prompt
    prompt = await async_compose(chat_log.hass, llm_context, settings, extra)
    chat_log.llm_input_provided_index = len(chat_log.content)
    chat_log.llm_api = prompt.api
    chat_log.extra_system_prompt = extra
    chat_log.content[0] = conversation.SystemContent(content=prompt.system)
    chat_log.async_trace(
        {"messages": list(chat_log.content), "tools": prompt.api.tools if prompt.api else None}
    )
    if ASSIST not in settings.apis:
        # Assist tells the room by itself, in its own text, and has a tool for the time.
        async_attach(chat_log.hass, chat_log, llm_context.device_id)


async def async_compose(
    hass: HomeAssistant,
    llm_context: llm.LLMContext,
    settings: AgentSettings,
    extra: str | None = None,
) -> Prompt:
    """Return the system text and the tools.

    With the API `ollama` they are the same for every speaker, room and hour.

    Raises HomeAssistantError, translated, for a mistake in the owner's instructions
    and for an API that is gone.
    """
    api = await _async_api(hass, llm_context, settings) if settings.apis else None
    parts = (
        await async_instructions(hass, settings, llm_context),
        None if API_ID in settings.apis else _FOR_EARS,
        api.api_prompt if api else None,
        extra,
    )
    return Prompt("\n".join(part for part in parts if part), api)


async def _async_api(
    hass: HomeAssistant, llm_context: llm.LLMContext, settings: AgentSettings
) -> llm.APIInstance:
    known = {api.id for api in llm.async_get_apis(hass)}
    for api_id in settings.apis:
        if api_id not in known:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="api_missing",
                translation_placeholders={"api": api_id},
            )
    token = prompt_characters.set(_room_for_home(settings))
    try:
        return await llm.async_get_api(hass, list(settings.apis), llm_context)
    except HomeAssistantError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="api_failed",
            translation_placeholders={"error": str(err)},
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


def changes_by_itself(hass: HomeAssistant, instructions: str) -> bool:
    """Whether a template tells the time, a state or who speaks: not the same at every turn."""
    texts = set()
    for number in (1, 2):
        known = {
            "ha_name": hass.config.location_name,
            "user_name": f"User {number}",
            "llm_context": _somebody(number),
        }
        info = Template(instructions, hass).async_render_to_info(known)
        if info.has_time or info.all_states or info.entities or info.domains:
            return True
        if info.exception is None:
            texts.add(str(info.result()))
    return len(texts) > 1


def _somebody(number: int) -> llm.LLMContext:
    return llm.LLMContext(
        platform=DOMAIN,
        context=Context(user_id=f"user{number}"),
        language=None,
        assistant=conversation.DOMAIN,
        device_id=f"device{number}",
    )


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
