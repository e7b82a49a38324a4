"""A sentence to an agent, and what comes of it: a turn, a question back, or a deed."""

from collections.abc import AsyncGenerator, Generator
import contextlib
from contextvars import ContextVar
from dataclasses import replace
import sys

from homeassistant.components import conversation
from homeassistant.core import HomeAssistant

from .agent import (
    AgentSettings,
    AnswerTooLongError,
    Deed,
    RunningQuery,
    as_spoken,
    asks_back,
    async_get_talk_state,
    async_provide_prompt,
    async_question,
    async_report,
    async_sentence,
    async_settle,
    done_in,
)
from .agents import Agent
from .const import DOMAIN
from .home import Policy, async_waiting, current_policy
from .voice.heard import is_heard

without_control: ContextVar[bool] = ContextVar("ollama_without_control", default=False)
"""Set around a turn that is to answer and do nothing: it gets no tools."""


@contextlib.contextmanager
def policy_in_force(agent: Agent) -> Generator[Policy]:
    """Let the tools of a turn know what its agent may do."""
    policy = agent.policy()
    token = current_policy.set(policy)
    try:
        yield policy
    finally:
        current_policy.reset(token)


async def async_talk(
    agent: Agent,
    query: RunningQuery,
    user_input: conversation.ConversationInput,
    chat_log: conversation.ChatLog,
    policy: Policy,
    settings: AgentSettings,
) -> conversation.ConversationResult:
    """Settle what waits for a yes, or else let the model answer.

    `settings` are those for this talk. Raises HomeAssistantError.
    """
    settled: list[Deed] = []
    earlier = chat_log.llm_api
    try:
        text = await async_settle(agent.hass, chat_log, user_input, policy, settled)
        if text is not None:
            result = await _async_answer(agent, text, user_input, chat_log)
        else:
            query.admit()
            result = await _async_converse(agent, query, user_input, chat_log, policy, settings)
    finally:
        # The tools of an earlier turn stay in the log until this one brings its own.
        began = chat_log.llm_api is not earlier
        query.deeds = settled or (done_in(chat_log) if began else ())
    query.response = result.response.speech.get("plain", {}).get("speech", "")
    return result


async def async_say(agent: Agent, chat_log: conversation.ChatLog, text: str) -> None:
    """Add a sentence of our own to the answer, where it is streamed as well."""

    async def deltas() -> AsyncGenerator[conversation.AssistantContentDeltaDict]:
        yield {"role": "assistant", "content": text}

    async for _ in chat_log.async_add_delta_content_stream(agent.entity_id, deltas()):
        pass


async def _async_converse(
    agent: Agent,
    query: RunningQuery,
    user_input: conversation.ConversationInput,
    chat_log: conversation.ChatLog,
    policy: Policy,
    settings: AgentSettings,
) -> conversation.ConversationResult:
    """Let the model answer. Raises HomeAssistantError."""
    hass, language = agent.hass, user_input.language
    if without_control.get():
        settings = replace(settings, apis=())
    context = user_input.as_llm_context(DOMAIN)
    await async_provide_prompt(chat_log, context, await agent.async_with_room(settings), user_input)
    spoken = _is_spoken(hass, user_input, chat_log)
    turn = agent.turn(query.meter, settings, spoken=spoken)
    answer = await turn.async_run(chat_log)
    if answer.cut_by_length:
        raise AnswerTooLongError
    if answer.asks_for_confirmation:
        waiting = async_waiting(hass, chat_log.conversation_id)
        text = await async_question(hass, language, waiting, with_pin=policy.pin is not None)
        return await _async_answer(agent, text, user_input, chat_log, listen=True)
    if answer.deeds:
        text = await async_report(hass, language, answer.deeds)
        return await _async_answer(agent, text, user_input, chat_log)
    if answer.claimed_falsely:
        text = await async_sentence(hass, language, "claim_corrected")
        return await _async_answer(agent, text, user_input, chat_log)
    result = conversation.async_get_result_from_chat_log(user_input, chat_log)
    result.continue_conversation = result.continue_conversation or asks_back(answer.text)
    if (note := await async_note_forgotten(agent, query, chat_log, language)) is not None:
        await async_say(agent, chat_log, note)
        result.response.async_set_speech(f"{answer.text.strip()} {note}")
    return result


async def async_note_forgotten(
    agent: Agent,
    query: RunningQuery,
    chat_log: conversation.ChatLog,
    language: str,
    room: int = sys.maxsize,
) -> str | None:
    """Return what tells that the begin of a talk is not sent any more, the first time.

    None as well where it has no room, in characters: it is told another time then.
    """
    state = async_get_talk_state(agent.hass, chat_log, agent.entity_id)
    if not query.meter.forgot or state.told:
        return None
    note = await async_sentence(agent.hass, language, "begin_forgotten")
    if len(note) > room:
        return None
    state.told = True
    return note


async def _async_answer(
    agent: Agent,
    text: str,
    user_input: conversation.ConversationInput,
    chat_log: conversation.ChatLog,
    *,
    listen: bool = False,
) -> conversation.ConversationResult:
    """Answer with a sentence of our own."""
    text = audible(agent.hass, user_input, chat_log, text)
    await async_say(agent, chat_log, text)
    result = conversation.async_get_result_from_chat_log(user_input, chat_log)
    result.continue_conversation = result.continue_conversation or listen
    return result


def audible(
    hass: HomeAssistant,
    user_input: conversation.ConversationInput,
    chat_log: conversation.ChatLog,
    text: str,
) -> str:
    """Return a sentence of our own as it is heard, where it is: names may hold anything."""
    return (as_spoken(text) or text) if _is_spoken(hass, user_input, chat_log) else text


def _is_spoken(
    hass: HomeAssistant,
    user_input: conversation.ConversationInput,
    chat_log: conversation.ChatLog,
) -> bool:
    return bool(user_input.satellite_id) or is_heard(hass, chat_log.conversation_id)
