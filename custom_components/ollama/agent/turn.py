"""One turn: ask, run what the model calls, ask again, until there is an answer."""

from collections.abc import Sequence
import contextlib
from dataclasses import dataclass, replace
from typing import Any, Final

from homeassistant.components import conversation
from homeassistant.core import HomeAssistant

import ollama

from ..server import (
    AnswerCutError,
    Capability,
    ChatRequest,
    ModelDetails,
    ModelUnsuitableError,
    OllamaServer,
)
from .messages import async_to_messages, trimmed_history
from .settings import AgentSettings
from .stream import AnswerReader
from .tools import describe_tools

MAX_ROUNDS: Final = 10
"""Requests in one turn. The last one offers no tools, so that it brings an answer."""


class EmptyAnswerError(AnswerCutError):
    """The model said nothing and called nothing."""

    key = "empty_answer"


class AnswerTooLongError(AnswerCutError):
    """The limit of tokens was reached before the answer was complete."""

    key = "answer_too_long"


@dataclass(frozen=True, slots=True)
class Turn:
    """What stays the same for all requests of one turn."""

    hass: HomeAssistant
    server: OllamaServer
    settings: AgentSettings
    agent_id: str
    """Entity id of the agent, which the chat log keeps with what it says."""

    async def async_run(self, chat_log: conversation.ChatLog) -> AnswerReader:
        """Answer the last question of a chat log; the answer is in the log then.

        Returns the reader of the last request. Raises OllamaError when there is no
        answer or when it is incomplete; what was said until then is in the log.
        """
        details = await self.async_check_model(chat_log)
        tools = describe_tools(chat_log.llm_api)
        request = await self.async_request(chat_log.content, details, tools)
        acted = False
        for rounds_left in reversed(range(MAX_ROUNDS)):
            if not rounds_left:
                request = replace(request, tools=None)
            known = len(chat_log.content)
            reader = await self.async_ask(chat_log, request)
            if reader.error is not None and not reader.called_tools:
                raise reader.error
            if not reader.called_tools:
                break
            said = chat_log.content[known:]
            acted = acted or any_success(said)
            request = replace(
                request,
                messages=[
                    *request.messages,
                    *await async_to_messages(self.hass, said, current=True),
                ],
            )
        if not reader.text.strip():
            if reader.cut_by_length:
                raise AnswerTooLongError
            raise EmptyAnswerError("empty_answer_after_action" if acted else None)
        return reader

    async def async_check_model(self, chat_log: conversation.ChatLog) -> ModelDetails:
        """Return what the model can do. Raises OllamaError where that is too little."""
        model = self.settings.model
        details = await self.server.models.async_details(model)
        if not details.chats:
            raise ModelUnsuitableError("model_only_embeds", model=model)
        if (
            chat_log.llm_api is not None
            and chat_log.llm_api.tools
            and not details.can(Capability.TOOLS)
        ):
            raise ModelUnsuitableError("model_without_tools", model=model)
        if not details.can(Capability.VISION) and any(
            item.attachments
            for item in chat_log.content
            if isinstance(item, conversation.UserContent)
        ):
            raise ModelUnsuitableError("model_without_vision", model=model)
        return details

    async def async_request(
        self,
        content: Sequence[conversation.Content],
        details: ModelDetails,
        tools: Sequence[ollama.Tool] = (),
    ) -> ChatRequest:
        """Return the first request of a turn for what was said so far."""
        settings = self.settings
        return ChatRequest(
            model=settings.model,
            messages=await async_to_messages(
                self.hass, trimmed_history(content, settings.max_history)
            ),
            tools=tools or None,
            options=settings.options,
            keep_alive=settings.keep_alive,
            think=settings.think_for(details),
        )

    async def async_ask(self, chat_log: conversation.ChatLog, request: ChatRequest) -> AnswerReader:
        """Send one request and read its answer into the chat log.

        The tools that the answer calls have run when this returns.
        """
        reader = AnswerReader(self.server.async_chat(request), tools_offered=bool(request.tools))
        async with contextlib.aclosing(reader.async_deltas()) as deltas:
            async for _ in chat_log.async_add_delta_content_stream(self.agent_id, deltas):
                pass
        return reader


def any_success(content: Sequence[conversation.Content]) -> bool:
    """Whether a tool among this content did what it was called for."""
    return any(
        isinstance(item, conversation.ToolResultContent) and not item.result.error
        for item in content
    )


def with_format(request: ChatRequest, schema: dict[str, Any], *more: ollama.Message) -> ChatRequest:
    """Return a request bound to a schema; no tool can be called then (fact 9)."""
    return replace(request, messages=[*request.messages, *more], tools=None, format=schema)
