"""What is said to try a pipeline out."""

from typing import Final

from homeassistant.components import conversation
from homeassistant.components.conversation.agent_manager import get_agent_manager
from homeassistant.core import Context, HomeAssistant

# About nothing in the home, and with an answer that every model knows.
_NEUTRAL: Final = {
    "en": "What is the capital of France?",
    "nl": "Wat is de hoofdstad van Frankrijk?",
    "de": "Was ist die Hauptstadt von Frankreich?",
    "fr": "Quelle est la capitale de la France ?",
    "es": "¿Cuál es la capital de Francia?",
    "cs": "Jaké je hlavní město Francie?",
    "da": "Hvad er hovedstaden i Frankrig?",
    "fi": "Mikä on Ranskan pääkaupunki?",
    "it": "Qual è la capitale della Francia?",
    "nb": "Hva er hovedstaden i Frankrike?",
    "pl": "Jaka jest stolica Francji?",
    "pt": "Qual é a capital da França?",
    "sv": "Vad heter Frankrikes huvudstad?",
}


def neutral_sentence(language: str) -> str | None:
    """Return a question in a language, given as a tag such as `nl-NL` or `nl_NL`."""
    return _NEUTRAL.get(language.replace("_", "-").partition("-")[0].lower())


async def async_starts_an_automation(hass: HomeAssistant, sentence: str, language: str) -> bool:
    """Whether a sentence is a trigger: Home Assistant then asks no agent."""
    default = get_agent_manager(hass).default_agent
    if default is None:
        return False
    said = conversation.ConversationInput(
        text=sentence,
        context=Context(),
        conversation_id=None,
        device_id=None,
        satellite_id=None,
        language=language,
        agent_id=conversation.HOME_ASSISTANT_AGENT,
    )
    # It only looks for them; they are started by whoever handles them.
    return await default.async_recognize_sentence_trigger(said) is not None
