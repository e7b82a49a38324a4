"""One turn with a model: what stays the same for all of its requests."""

from collections.abc import Sequence
import contextlib
from dataclasses import dataclass, replace
from typing import Any

from homeassistant.components import conversation
from homeassistant.core import HomeAssistant

import ollama

from ..home import async_prepare_inventory
from ..server import (
    Capability,
    ChatRequest,
    ModelDetails,
    ModelUnsuitableError,
    OllamaServer,
    Query,
)
from .calls import GuardedAPI
from .dialects import TextReader
from .fitting import Fitter
from .gate import ClaimGate
from .messages import async_to_messages
from .rounds import Answer, Rounds
from .settings import AgentSettings
from .stream import AnswerReader, PieceReader
from .tools import Described


@dataclass(frozen=True, slots=True)
class Turn:
    """What stays the same for all requests of one turn."""

    hass: HomeAssistant
    server: OllamaServer
    settings: AgentSettings
    query: Query
    """Where what the requests take is noted."""
    agent_id: str
    """Entity id of the agent, which the chat log keeps with what it says."""
    fitter: Fitter
    strip_markdown: bool = False
    spoken: bool = False
    """Whether the answer is heard: it then holds nothing but words."""

    async def async_run(self, chat_log: conversation.ChatLog) -> Answer:
        """Answer the last question of a chat log; the answer is in the log then.

        Raises OllamaError when there is no answer or when it is incomplete; what was
        said until then is in the log.
        """
        details = await self.async_check_model(chat_log)
        if chat_log.llm_api is not None:
            # Off the event loop; calls are then held to it.
            await async_prepare_inventory(self.hass, chat_log.llm_api.llm_context.assistant)
        return await Rounds(self, chat_log, details).async_run()

    async def async_check_model(self, chat_log: conversation.ChatLog) -> ModelDetails:
        """Return what the model can do. Raises OllamaError where that is too little."""
        model = self.settings.model
        self.server.check_model(model)
        details = await self.server.models.async_details(model)
        if not details.chats:
            raise ModelUnsuitableError("model_only_embeds", model=model)
        if not details.can(Capability.VISION) and has_images(chat_log):
            raise ModelUnsuitableError("model_without_vision", model=model)
        return details

    async def async_first_request(self, chat_log: conversation.ChatLog) -> ChatRequest:
        """Return the request with which a turn begins, byte for byte. Raises OllamaError."""
        details = await self.async_check_model(chat_log)
        return await Rounds(self, chat_log, details).async_request()

    async def async_request(
        self,
        content: Sequence[conversation.Content],
        details: ModelDetails,
        num_ctx: int,
        tools: Sequence[Described] = (),
    ) -> ChatRequest:
        """Return the first request of a turn for what was said so far."""
        settings = self.settings
        return ChatRequest(
            model=settings.model,
            messages=await async_to_messages(self.hass, content),
            tools=[tool.tool for tool in tools] or None,
            tool_size=sum(tool.size for tool in tools),
            options=settings.with_num_ctx(num_ctx).options,
            keep_alive=settings.keep_alive,
            think=settings.think_for(details),
        )

    async def async_ask(
        self,
        chat_log: conversation.ChatLog,
        request: ChatRequest,
        pieces: PieceReader | None = None,
        api: GuardedAPI | None = None,
        gate: ClaimGate | None = None,
    ) -> AnswerReader:
        """Send one request and read its answer into the chat log.

        The tools that the answer calls have run when this returns.
        """
        reader = AnswerReader(
            self.server.async_chat(request, self.query),
            pieces or TextReader(lambda name: False, calls=False),
            api=api,
            gate=gate,
            strip_markdown=self.strip_markdown,
            spoken=self.spoken,
        )
        async with contextlib.aclosing(reader.async_deltas()) as deltas:
            async for _ in chat_log.async_add_delta_content_stream(self.agent_id, deltas):
                pass
        self.fitter.learn(request, reader.prompt_tokens)
        return reader


def has_images(chat_log: conversation.ChatLog) -> bool:
    """Whether something in a talk has to be seen."""
    return any(
        item.attachments for item in chat_log.content if isinstance(item, conversation.UserContent)
    )


def with_format(request: ChatRequest, schema: dict[str, Any], *more: ollama.Message) -> ChatRequest:
    """Return a request bound to a schema; no tool can be called then (fact 9)."""
    return replace(request, messages=[*request.messages, *more], tools=None, format=schema)
