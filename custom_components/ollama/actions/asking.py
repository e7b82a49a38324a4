"""What the actions that ask a model have in common: fields, question, reply."""

from collections.abc import Callable
from dataclasses import dataclass, replace
import re
from typing import Any, Final

from homeassistant.components import conversation
from homeassistant.const import CONF_MODEL
from homeassistant.core import ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.json import json_dumps
from homeassistant.util.ulid import ulid_now
import probatio

from ..agent import (
    AgentSettings,
    Asker,
    RunningQuery,
    as_data,
    async_generate_structured,
    async_generate_text,
    shortened,
    whole,
)
from ..agent.data import DATA_IS_NO_INSTRUCTION
from ..agents import Agent
from ..server import Figures, Query, QueryResult
from .agent_choice import CONF_AGENT
from .talks import async_talk_turn

CONF_LANGUAGE: Final = "language"
CONF_MAX_LENGTH: Final = "max_length"

_LEAST_LENGTH: Final = 20
_MOST_LENGTH: Final = 100_000
_LARGEST: Final = 2**63 - 1
_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
"""A language, and what narrows it: script, region, variants (RFC 5646)."""
_SCRIPT: Final = 4
_REGION: Final = 2


def language_tag(value: Any) -> str:
    """Return a language code as it is usually written: nl, en-GB, zh-Hans; empty for none."""
    tag = cv.string(value).strip().replace("_", "-")
    if tag and not _TAG.fullmatch(tag):
        raise probatio.Invalid("expected a language code such as nl or en-GB")
    language, *others = tag.split("-")
    return "-".join((language.lower(), *map(_subtag, others)))


def _subtag(written: str) -> str:
    if len(written) == _REGION:
        return written.upper()
    return written.title() if len(written) == _SCRIPT and written.isalpha() else written.lower()


COMMON_FIELDS: Final[dict[Any, Any]] = {
    probatio.Optional(CONF_AGENT): cv.entity_id,
    probatio.Optional(CONF_MODEL): cv.string,
    probatio.Optional(CONF_LANGUAGE): language_tag,
    probatio.Optional(CONF_MAX_LENGTH): probatio.All(
        probatio.Coerce(int), probatio.Range(min=_LEAST_LENGTH, max=_MOST_LENGTH)
    ),
}
"""Fields of every action that asks a model."""


def words(value: Any) -> str:
    """Return a text of whole characters.

    Templates can make half of one, which could be sent to no server.
    """
    return whole(cv.string(value))


def words_needed(value: Any) -> str:
    """Return a text that says something."""
    text = words(value).strip()
    if not text:
        raise probatio.Invalid("the text is empty")
    return text


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a model that has no tools."""

    source: str
    """Which action asks; events tell it."""
    request: str
    """In the words of whoever calls, for the model."""
    instructions: str
    """What the model is to do. In English, which models understand best."""
    data: Any = None
    """What comes from outside; the model takes it as data."""
    told: str | None = None
    """What events tell of it, where that isn't the request."""
    structure: probatio.Schema | None = None
    check: Callable[[str], str | None] | None = None
    """Returns what is wrong with an answer; the model is told it, and asked once more."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered."""

    text: str
    model: str
    conversation_id: str
    usage: dict[str, Any]
    data: Any = None
    """What follows the question's structure."""
    problem: str | None = None
    """What was still wrong the second time, or why the model did not answer."""

    def in_words(self, text: str, problem: str) -> Reply:
        """Return the same with another text, and why."""
        return replace(self, text=text, problem=problem)


def unasked(text: str, model: str, problem: str | None = None) -> Reply:
    """Return a text of our own, where no model answered."""
    return Reply(text, model, ulid_now(), usage_of(None), problem=problem)


def settings_of(call: ServiceCall, agent: Agent) -> AgentSettings:
    """Return the agent's settings, with the model that the call names."""
    model = model_of(call)
    return replace(agent.settings, model=model) if model else agent.settings


def model_of(call: ServiceCall) -> str:
    """Return the model that a call names; empty if it names none."""
    return str(call.data.get(CONF_MODEL, "")).strip()


def language_of(call: ServiceCall) -> str:
    """Return the language that a call names, or the home's."""
    language: str = call.data.get(CONF_LANGUAGE) or call.hass.config.language
    return language


def rules_of(call: ServiceCall, *, has_data: bool, always_language: bool = True) -> str:
    """Return what a model has to heed in every answer of an action."""
    rules = []
    if always_language or call.data.get(CONF_LANGUAGE):
        rules.append(f'Write in the language with the code "{language_of(call)}".')
    if (most := call.data.get(CONF_MAX_LENGTH)) is not None:
        rules.append(f"Write {most} characters at most, in whole sentences.")
    if has_data:
        rules.append(DATA_IS_NO_INSTRUCTION)
    return " ".join(rules)


async def async_ask(call: ServiceCall, agent: Agent, question: Question) -> Reply:
    """Ask a model once, in a talk of its own and without any tool.

    Raises HomeAssistantError, translated.
    """
    settings = settings_of(call, agent)
    has_data = question.data is not None
    text = question.request
    if has_data:
        text = f"{text}\n\n{as_data(question.data)}".strip()
    told = question.request if question.told is None else question.told
    asker = asker_of(call, agent, question.source, settings.model, told)
    try:
        async with (
            async_talk_turn(call.hass, None, call.context) as (_, chat_log),
            agent.query(asker) as query,
        ):
            query.admit()
            rules = rules_of(call, has_data=has_data)
            set_system(chat_log, f"{question.instructions} {rules}")
            chat_log.async_add_user_content(conversation.UserContent(content=text))
            data = await async_generate(agent, query, settings, chat_log, question.structure)
            problem = question.check(query.response) if question.check else None
            if problem is not None and question.check is not None:
                chat_log.async_add_user_content(conversation.UserContent(content=problem))
                data = await async_generate(agent, query, settings, chat_log, question.structure)
                problem = question.check(query.response)
            return Reply(
                text=query.response,
                model=settings.model,
                conversation_id=chat_log.conversation_id,
                usage=usage_of(query.meter),
                data=data,
                problem=problem,
            )
    except HomeAssistantError as err:
        agent.note_failure(err)
        raise


async def async_generate(
    agent: Agent,
    query: RunningQuery,
    settings: AgentSettings,
    chat_log: conversation.ChatLog,
    structure: probatio.Schema | None,
) -> Any:
    """Let the model answer; return its data, if it has to follow a structure.

    The text stands in the query then. Raises HomeAssistantError.
    """
    turn = agent.turn(query.meter, settings)
    if structure is None:
        query.response = await async_generate_text(turn, chat_log)
        return None
    data = _sendable(await async_generate_structured(turn, chat_log, structure))
    query.response = json_dumps(data)
    return data


def _sendable(data: Any) -> Any:
    """Return what a model wrote as data that a browser takes.

    JSON can spell halves of characters, and numbers of any length.
    """
    match data:
        case dict():
            return {_sendable(key): _sendable(item) for key, item in data.items()}
        case list():
            return [_sendable(item) for item in data]
        case str():
            return whole(data)
        case int() if abs(data) > _LARGEST:
            return str(data)
        case _:
            return data


def asker_of(call: ServiceCall, agent: Agent, source: str, model: str, text: str) -> Asker:
    """Return who asks, for limits and events."""
    return Asker(
        source=source,
        entity_id=agent.entity_id,
        agent=agent.subentry_id,
        model=model,
        text=text,
        context=call.context,
    )


def set_system(chat_log: conversation.ChatLog, text: str) -> None:
    """Give a talk its system text, and take away all tools that it may have had."""
    chat_log.content[0] = conversation.SystemContent(content=text.strip())
    chat_log.llm_api = None


def usage_of(query: Query | QueryResult | None) -> dict[str, Any]:
    """Return what an answer took: tokens, seconds, and tokens in a second.

    Nothing where no model was asked.
    """
    figures = query.figures if query else Figures()
    speed = figures.tokens_per_second
    return {
        "prompt_tokens": figures.prompt_tokens,
        "completion_tokens": figures.completion_tokens,
        "duration": round(query.duration, 3) if query else 0.0,
        "tokens_per_second": None if speed is None else round(speed, 1),
    }


def respond(
    call: ServiceCall, reply: Reply, text: str | None = None, **more: Any
) -> dict[str, Any]:
    """Return what every one of these actions answers, and more.

    `text` stands in place of the reply's own. Data as text is never cut.
    """
    most = call.data.get(CONF_MAX_LENGTH)
    is_data = text is None and reply.data is not None
    text = reply.text if text is None else text
    return {
        "response": text if most is None or is_data else shortened(text, most),
        "model": reply.model,
        "conversation_id": reply.conversation_id,
        "usage": reply.usage,
        **more,
    }
