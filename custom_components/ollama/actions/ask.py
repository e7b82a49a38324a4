"""Asking a model anything: text or data, with images, with or without control of the home."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
import hashlib
from pathlib import Path
import sys
from typing import Any, Final

from homeassistant.components import conversation
from homeassistant.const import CONF_DESCRIPTION, CONF_SELECTOR
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import chat_session, config_validation as cv, llm, selector
import probatio

from ..agent import (
    AgentSettings,
    RunningQuery,
    as_data,
    async_instructions,
    async_provide_prompt,
    describe_structure,
    done_in,
    has_images,
    without_pin,
)
from ..agents import Agent
from ..const import DOMAIN
from ..home import async_drop_waiting
from ..home.facts import Reader
from ..settings import QueryType
from ..talking import async_note_forgotten, async_talk, policy_in_force
from .action import Action
from .agent_choice import async_agent_of
from .answers import KeptAnswer, async_get_answers, key_of
from .asking import (
    COMMON_FIELDS,
    CONF_MAX_LENGTH,
    Reply,
    asker_of,
    async_generate,
    language_of,
    model_of,
    respond,
    rules_of,
    set_system,
    settings_of,
    usage_of,
    words,
    words_needed,
)
from .attachments import async_attachments, async_delete_snapshots
from .home_context import HomeContext, async_home_context, without_noise
from .routing import kind_of_question
from .talks import async_talk_turn

CONF_ATTACHMENTS: Final = "attachments"
CONF_CACHE_FOR: Final = "cache_for"
CONF_CONTROL: Final = "control"
CONF_CONVERSATION_ID: Final = "conversation_id"
CONF_HOME_CONTEXT: Final = "home_context"
CONF_PROMPT: Final = "prompt"
CONF_QUERY_TYPE: Final = "query_type"
CONF_REQUIRED: Final = "required"
CONF_STRUCTURE: Final = "structure"
CONF_SYSTEM: Final = "system"

SOURCE: Final = "ask"
_AUTO: Final = "auto"
_LONGEST_CACHE: Final = timedelta(days=7)
_MOST_ID: Final = 100
_NO_TEMPLATE: Final = "{# the caller's own text follows #}"
"""Stands in place of the agent's instructions, which are a template: a caller's text is none."""


def _structure(fields: Any) -> probatio.Schema:
    """Return the schema for fields as `ai_task.generate_data` takes them."""
    fields = _STRUCTURE_FIELDS(fields)
    if not fields:
        raise probatio.Invalid("a structure needs a field")
    marked = {
        (probatio.Required if field[CONF_REQUIRED] else probatio.Optional)(
            name, description=field.get(CONF_DESCRIPTION)
        ): selector.selector(field[CONF_SELECTOR])
        for name, field in fields.items()
    }
    return probatio.Schema(marked, extra=probatio.PREVENT_EXTRA)


_STRUCTURE_FIELDS: Final = probatio.Schema(
    {
        str: {
            probatio.Optional(CONF_DESCRIPTION): str,
            probatio.Optional(CONF_REQUIRED, default=False): cv.boolean,
            probatio.Required(CONF_SELECTOR): selector.validate_selector,
        }
    }
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One call, understood."""

    call: ServiceCall
    agent: Agent
    settings: AgentSettings
    kind: QueryType
    context: dict[str, Any] | None

    @property
    def prompt(self) -> str:
        """What is asked."""
        prompt: str = self.call.data[CONF_PROMPT]
        return prompt

    @property
    def text(self) -> str:
        """What is asked, and the state of the home with it."""
        return self.prompt if self.context is None else f"{self.prompt}\n\n{as_data(self.context)}"

    @property
    def rules(self) -> str:
        """What the answer has to heed."""
        return rules_of(self.call, has_data=self.context is not None, always_language=False)

    @property
    def llm_context(self) -> llm.LLMContext:
        """Who asks, as Home Assistant tells it to tools and templates."""
        return llm.LLMContext(
            platform=DOMAIN,
            context=self.call.context,
            language=language_of(self.call),
            assistant=conversation.DOMAIN,
            device_id=None,
        )


async def _async_ask(call: ServiceCall) -> ServiceResponse:
    if call.data[CONF_CONTROL] and call.data.get(CONF_CACHE_FOR):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="cache_with_control"
        )
    agent = await async_agent_of(call)
    conversation_id = call.data.get(CONF_CONVERSATION_ID)
    try:
        async with async_talk_turn(call.hass, conversation_id, call.context) as (session, chat_log):
            attachments = await _async_files(call, session)
            try:
                asked = await _async_understand(call, agent, chat_log, attachments)
                if call.data[CONF_CONTROL]:
                    return await _async_control(asked, chat_log)
                return await _async_answer(asked, chat_log)
            except BaseException:
                # What fails is not kept, nor is what a camera showed for it.
                async_delete_snapshots(call.hass, attachments)
                raise
    except HomeAssistantError as err:
        agent.note_failure(err)
        raise


async def _async_files(
    call: ServiceCall, session: chat_session.ChatSession
) -> list[conversation.Attachment]:
    items = call.data.get(CONF_ATTACHMENTS)
    if not items:
        return []
    reader = await Reader.async_from(call.hass, call.context)
    return await async_attachments(call.hass, session, items, reader.may_read)


async def _async_understand(
    call: ServiceCall,
    agent: Agent,
    chat_log: conversation.ChatLog,
    attachments: list[conversation.Attachment],
) -> _Asked:
    """Choose the model, and look at the home; the question is in the log then."""
    wanted = call.data[CONF_QUERY_TYPE]
    kind = (
        kind_of_question(call.data[CONF_PROMPT], has_images=bool(attachments))
        if wanted == _AUTO
        else QueryType(wanted)
    )
    settings = settings_of(call, agent)
    asked = _Asked(
        call, agent, settings, kind, await async_home_context(call, call.data[CONF_HOME_CONTEXT])
    )
    chat_log.async_add_user_content(
        conversation.UserContent(content=asked.text, attachments=attachments or None)
    )
    if model_of(call):
        return asked
    if has_images(chat_log):
        return replace(asked, settings=await agent.async_settings(chat_log))
    model = agent.runtime.settings.models.get(kind, settings.model)
    return replace(asked, settings=replace(settings, model=model))


async def _async_answer(asked: _Asked, chat_log: conversation.ChatLog) -> ServiceResponse:
    """Answer without any tool, from memory where that was asked for."""
    call, agent, settings = asked.call, asked.agent, asked.settings
    structure: probatio.Schema | None = call.data.get(CONF_STRUCTURE)
    system = call.data.get(CONF_SYSTEM) or await async_instructions(
        call.hass, settings, asked.llm_context
    )
    set_system(chat_log, f"{system}\n{asked.rules}")
    asker = asker_of(call, agent, SOURCE, settings.model, asked.prompt)
    keep_for: timedelta | None = call.data.get(CONF_CACHE_FOR)
    if not keep_for:
        async with agent.query(asker) as query:
            query.admit()
            data = await async_generate(agent, query, settings, chat_log, structure)
            answer = KeptAnswer(query.response, settings.model, data)
            return await _async_with_note(asked, chat_log, query, answer)
    answers = async_get_answers(call.hass)
    key = await _async_key(asked, chat_log, structure)
    async with answers.async_only_one(key), agent.query(asker) as query:
        kept = answers.find(key)
        if kept is not None:
            query.response = kept.text
            chat_log.async_add_assistant_content_without_tools(
                conversation.AssistantContent(agent_id=agent.entity_id, content=kept.text)
            )
            return _response(asked, chat_log, query, kept, cached=True)
        query.admit()
        data = await async_generate(agent, query, settings, chat_log, structure)
        kept = KeptAnswer(query.response, settings.model, data)
        answers.keep(key, kept, keep_for)
        return await _async_with_note(asked, chat_log, query, kept)


async def _async_with_note(
    asked: _Asked, chat_log: conversation.ChatLog, query: RunningQuery, answer: KeptAnswer
) -> ServiceResponse:
    """Return a response that tells, the first time, that the begin of the talk is forgotten.

    Data has no place for that, nor has a text that would get too long by it: a later one tells.
    """
    call, agent = asked.call, asked.agent
    if CONF_STRUCTURE in call.data:
        return _response(asked, chat_log, query, answer)
    most = call.data.get(CONF_MAX_LENGTH, sys.maxsize)
    language, room = language_of(call), most - len(answer.text) - 1
    note = await async_note_forgotten(agent, query, chat_log, language, room)
    if note is not None:
        answer = replace(answer, text=f"{answer.text} {note}")
    return _response(asked, chat_log, query, answer)


async def _async_control(asked: _Asked, chat_log: conversation.ChatLog) -> ServiceResponse:
    """Answer as the agent does: with its tools, under its policy, asking back where it must."""
    call, agent = asked.call, asked.agent
    settings, extra = asked.settings, asked.rules
    if system := call.data.get(CONF_SYSTEM):
        settings, extra = replace(settings, prompt=_NO_TEMPLATE), f"{system}\n{extra}".strip()
    user_input = conversation.ConversationInput(
        text=asked.prompt,
        context=call.context,
        conversation_id=chat_log.conversation_id,
        device_id=None,
        satellite_id=None,
        language=language_of(call),
        agent_id=agent.entity_id,
        extra_system_prompt=extra or None,
    )
    asker = replace(
        asker_of(call, agent, SOURCE, settings.model, asked.prompt),
        masked=partial(without_pin, call.hass, chat_log.conversation_id),
    )
    known = len(chat_log.content)
    structure: probatio.Schema | None = call.data.get(CONF_STRUCTURE)
    data: Any = None
    try:
        with policy_in_force(agent) as policy:
            async with agent.query(asker) as query:
                if structure is None:
                    await async_talk(agent, query, user_input, chat_log, policy, settings)
                else:
                    query.admit()
                    await async_provide_prompt(
                        chat_log,
                        asked.llm_context,
                        await agent.async_with_room(settings),
                        user_input,
                    )
                    try:
                        data = await async_generate(agent, query, settings, chat_log, structure)
                    finally:
                        query.deeds = done_in(chat_log)
                    # Data asks nobody, so that nobody could agree.
                    async_drop_waiting(call.hass, chat_log.conversation_id)
                answer = KeptAnswer(query.response, settings.model, data)
                calls = _tool_calls(chat_log.content[known:]) or [
                    {"name": deed.action, "arguments": {"name": list(deed.targets)}, "ok": True}
                    for deed in query.deeds
                ]
                return _response(asked, chat_log, query, answer, calls=calls)
    except HomeAssistantError:
        # What began to wait in this turn was never asked about.
        async_drop_waiting(call.hass, chat_log.conversation_id)
        raise


def _response(
    asked: _Asked,
    chat_log: conversation.ChatLog,
    query: RunningQuery,
    answer: KeptAnswer,
    *,
    cached: bool = False,
    calls: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    usage = usage_of(query.meter)
    reply = Reply(answer.text, answer.model, chat_log.conversation_id, usage, answer.data)
    more: dict[str, Any] = {}
    if CONF_STRUCTURE in asked.call.data:
        more["data"] = answer.data
    return respond(
        asked.call,
        reply,
        query_type=asked.kind.value,
        tool_calls=list(calls),
        cached=cached,
        **more,
    )


def _tool_calls(content: Sequence[conversation.Content]) -> list[dict[str, Any]]:
    """Return what the model called, and whether that succeeded."""
    failed = {
        item.tool_call_id
        for item in content
        if isinstance(item, conversation.ToolResultContent) and item.result.error
    }
    return [
        {"name": tool.tool_name, "arguments": tool.tool_args, "ok": tool.id not in failed}
        for item in content
        if isinstance(item, conversation.AssistantContent)
        for tool in item.tool_calls or ()
    ]


async def _async_key(
    asked: _Asked, chat_log: conversation.ChatLog, structure: probatio.Schema | None
) -> str:
    """Return what tells one request from another: all of it, but the clock and fractions."""
    settings = asked.settings
    files = [
        attachment.path
        for item in chat_log.content
        if isinstance(item, conversation.UserContent)
        for attachment in item.attachments or ()
    ]
    return key_of(
        (
            asked.agent.entry.entry_id,
            [settings.model, dict(settings.options), settings.think, settings.plain_text],
            # Earlier ones as they were sent; the question with the home in whole degrees.
            [[item.role, getattr(item, "content", "")] for item in chat_log.content[:-1]],
            [asked.prompt, without_noise(asked.context)],
            describe_structure(structure) if structure else None,
            await asked.call.hass.async_add_executor_job(_digests, files),
        )
    )


def _digests(files: Sequence[Path]) -> list[str]:
    """Return what tells images apart; blocking. One that is gone is told by the turn."""
    return [
        hashlib.sha256(file.read_bytes() if file.is_file() else b"").hexdigest() for file in files
    ]


ASK = Action(
    "ask",
    {
        **COMMON_FIELDS,
        probatio.Required(CONF_PROMPT): words_needed,
        probatio.Optional(CONF_SYSTEM): words,
        probatio.Optional(CONF_QUERY_TYPE, default=_AUTO): probatio.In([_AUTO, *QueryType]),
        probatio.Optional(CONF_HOME_CONTEXT, default=HomeContext.SUMMARY): probatio.Coerce(
            HomeContext
        ),
        probatio.Optional(CONF_CONTROL, default=False): cv.boolean,
        probatio.Optional(CONF_STRUCTURE): _structure,
        probatio.Optional(CONF_ATTACHMENTS): selector.MediaSelector(
            {"accept": ["image/*"], "multiple": True}
        ),
        probatio.Optional(CONF_CONVERSATION_ID): probatio.All(
            words_needed, probatio.Length(max=_MOST_ID)
        ),
        probatio.Optional(CONF_CACHE_FOR): probatio.All(
            cv.positive_time_period, probatio.Range(max=_LONGEST_CACHE)
        ),
    },
    _async_ask,
)
