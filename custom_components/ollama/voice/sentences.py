"""What is said to try a pipeline out."""

# ruff: noqa: RUF001 - letters and marks of other scripts

from typing import Final

from homeassistant.components import conversation
from homeassistant.components.conversation.agent_manager import get_agent_manager
from homeassistant.const import MATCH_ALL
from homeassistant.core import Context, HomeAssistant

from .languages import best_match

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
    "nn": "Hva er hovedstaden i Frankrike?",  # recognisers of Norwegian write Bokmål
    "pl": "Jaka jest stolica Francji?",
    "pt": "Qual é a capital da França?",
    "sv": "Vad heter Frankrikes huvudstad?",
    "ar": "ما هي عاصمة فرنسا؟",
    "bg": "Коя е столицата на Франция?",
    "ca": "Quina és la capital de França?",
    "cy": "Beth yw prifddinas Ffrainc?",
    "el": "Ποια είναι η πρωτεύουσα της Γαλλίας;",
    "eu": "Zein da Frantziako hiriburua?",
    "fa": "پایتخت فرانسه کجاست؟",
    "hi": "फ़्रांस की राजधानी क्या है?",
    "hu": "Mi Franciaország fővárosa?",
    "id": "Apa ibu kota Prancis?",
    "is": "Hver er höfuðborg Frakklands?",
    "ka": "რომელი ქალაქია საფრანგეთის დედაქალაქი?",
    "kk": "Францияның астанасы қай қала?",
    "lb": "Wat ass d'Haaptstad vu Frankräich?",
    "lv": "Kas ir Francijas galvaspilsēta?",
    "ml": "ഫ്രാൻസിന്റെ തലസ്ഥാനം ഏതാണ്?",
    "ne": "फ्रान्सको राजधानी के हो?",
    "ro": "Care este capitala Franței?",
    "ru": "Какой город является столицей Франции?",
    "sk": "Aké je hlavné mesto Francúzska?",
    "sl": "Katero je glavno mesto Francije?",
    "sq": "Cili është kryeqyteti i Francës?",
    "sr": "Који је главни град Француске?",
    "sr-Latn": "Koji je glavni grad Francuske?",
    "sw": "Mji mkuu wa Ufaransa ni upi?",
    "te": "ఫ్రాన్స్ రాజధాని ఏది?",
    "tr": "Fransa'nın başkenti neresidir?",
    "uk": "Яке місто є столицею Франції?",
    "ur": "فرانس کا دارالحکومت کیا ہے؟",
    "vi": "Thủ đô của Pháp là gì?",
    "zh": "法国的首都是哪里？",
    "zh-TW": "法國的首都是哪裡？",
}


def neutral_sentence(language: str) -> str | None:
    """Return a question in a language, given as a tag such as `nl-NL` or `nl_NL`."""
    if language == MATCH_ALL:
        return None
    known = best_match(language, list(_NEUTRAL))
    return None if known is None else _NEUTRAL[known]


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
