"""One turn: ask, run what the model calls, ask again, until there is an answer."""

from collections.abc import Sequence
import contextlib
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any, Final

from homeassistant.components import conversation
from homeassistant.core import HomeAssistant

import ollama

from ..home import async_prepare_inventory, async_waiting
from ..server import (
    AnswerCutError,
    Capability,
    ChatRequest,
    ContextTooSmallError,
    ModelDetails,
    ModelUnsuitableError,
    OllamaError,
    OllamaServer,
    Query,
    Usage,
    Windows,
    text_size,
)
from ..server.windows import STEPS
from .calls import Deed, GuardedAPI
from .circumstances import async_get_attachments
from .data import without_data
from .dialects import TextReader
from .fitting import content_size, fitted
from .gate import ClaimGate
from .messages import async_to_messages, trimmed_history
from .questions import is_order, is_question
from .settings import AgentSettings, ToolCalling
from .stream import AnswerReader, PieceReader
from .structured import SayReader, answer_schema, as_plain_messages, describe_for_prompt
from .talk_state import TalkState, async_get_talk_state
from .tools import Described, describe

MAX_ROUNDS: Final = 10
"""Requests in one turn. The last one offers no tools, so that it brings an answer."""

_ROOM: Final = 1024
"""Tokens of the context window that are left for an answer."""
_SPARE: Final = 1 / 16
"""Of the window: for a short answer at least, and for what an estimate misses."""

# Spoken to the model: models understand English best.
_REALLY_DO_IT: Final = (
    "You have called no tool, so nothing was done. Call the tool now. If you cannot, tell the "
    "user that it was not done."
)
_SAY_SOMETHING: Final = "You answered nothing. Answer the user."


class EmptyAnswerError(AnswerCutError):
    """The model said nothing and called nothing, twice."""

    key = "empty_answer"


class AnswerTooLongError(AnswerCutError):
    """The limit of tokens was reached before the answer was complete."""

    key = "answer_too_long"


class NothingDoneError(OllamaError):
    """The model claims an action that no tool carried out, and insists."""

    key = "nothing_done"


class Mode(Enum):
    """How a model calls tools."""

    NATIVE = auto()
    STRUCTURED = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """How a turn ended."""

    text: str = ""
    """What the model said last; empty where there is nothing but what was done."""
    deeds: tuple[Deed, ...] = ()
    """What was done and what the model has not told of."""
    cut_by_length: bool = False
    asks_for_confirmation: bool = False
    claimed_falsely: bool = False
    """It was said aloud that something was done, and nothing was."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What stays the same for all requests of one turn."""

    hass: HomeAssistant
    server: OllamaServer
    settings: AgentSettings
    query: Query
    """Where what the requests take is noted."""
    usage: Usage
    """Where it is learned how many tokens a text makes."""
    agent_id: str
    """Entity id of the agent, which the chat log keeps with what it says."""
    windows: Windows
    """Context windows of the models whose users leave that to us."""
    fixed_window: int | None = None
    """The window that the owner has set for another user of the model."""
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
        rounds = _Rounds(self, chat_log, details)
        return await rounds.async_run()

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
        return await _Rounds(self, chat_log, details).async_request()

    def fit(
        self,
        chat_log: conversation.ChatLog,
        details: ModelDetails,
        tools: Sequence[Described] = (),
    ) -> tuple[list[conversation.Content], int]:
        """Return what of a talk is sent, and the context window to ask for.

        Raises ContextTooSmallError where not even the last sentence fits.
        """
        settings, usage, query = self.settings, self.usage, self.query
        state = async_get_talk_state(self.hass, chat_log, self.agent_id)
        content = trimmed_history(chat_log.content, settings.max_history)
        now = _begin_of_turn(content)
        fixed = sum(tool.size for tool in tools) + sum(
            self._size_of(item) for item in (*content[:1], *content[now:])
        )
        least = usage.tokens_of(settings.model, fixed)
        num_ctx = self._num_ctx(state, least, details)
        window = _served(num_ctx, details)
        if least > _usable(window):
            query.needed_tokens, query.num_ctx = least, window
            raise ContextTooSmallError
        room = usage.size_of(settings.model, window - min(_ROOM, window // 4)) - fixed
        # Of all exchanges, those that the owner's own limit leaves out come first.
        over = _questions(chat_log.content) - _questions(content)
        kept, dropped = fitted(content, room, max(0, state.dropped - over), self._size_of)
        if dropped:
            state.dropped = over + dropped
            query.forgot = True
        return kept, num_ctx

    def forget_earlier(self, chat_log: conversation.ChatLog) -> None:
        """Note that nothing of a talk is sent any more but its last exchange."""
        state = async_get_talk_state(self.hass, chat_log, self.agent_id)
        state.dropped = _questions(chat_log.content) - 1
        self.query.forgot = True

    def _size_of(self, item: conversation.Content) -> int:
        if not isinstance(item, conversation.UserContent):
            return content_size(item)
        return content_size(item, async_get_attachments(self.hass).text_of(item))

    def _num_ctx(self, state: TalkState, least: int, details: ModelDetails) -> int:
        """Return the context window to ask for in a talk: it keeps what it began with."""
        settings = self.settings
        if not settings.automatic_window:
            return settings.num_ctx
        if self.fixed_window is not None:
            return self.fixed_window
        if settings.model not in state.windows:
            state.windows[settings.model] = self.windows.want(
                settings.model,
                least + 2 * _ROOM,
                details.context_length,
                least=_needing(least),
            )
        return state.windows[settings.model]

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
        self._learn(request, reader.prompt_tokens)
        return reader

    def holds(self, request: ChatRequest, details: ModelDetails) -> bool:
        """Whether the context window holds a request."""
        thoughts = sum(text_size(message.thinking or "") for message in request.messages)
        needed = self.usage.tokens_of(request.model, request.size + thoughts)
        return needed <= _usable(_served(request.num_ctx, details))

    def _learn(self, request: ChatRequest, prompt_tokens: int) -> None:
        """Note how large the prompt was, and what that tells of the model's tokens."""
        usage, query = self.usage, self.query
        if not request.has_images:
            usage.learn_tokens(
                request.model,
                request.size,
                prompt_tokens,
                request.num_ctx,
                has_history=request.size > request.least_size,
            )
        needed = usage.tokens_of(request.model, request.least_size)
        query.needed_tokens = max(query.needed_tokens, needed)
        query.num_ctx = request.num_ctx


class _Rounds:
    """The requests of one turn."""

    def __init__(self, turn: Turn, chat_log: conversation.ChatLog, details: ModelDetails) -> None:
        self._turn = turn
        self._log = chat_log
        self._details = details
        self._api: GuardedAPI | None = None
        if chat_log.llm_api is not None:
            # In the log's place, so that every call is repaired and remembered.
            self._api = chat_log.llm_api = GuardedAPI.around(chat_log.llm_api)
        api = self._api
        self._tools = [describe(tool, api.custom_serializer) for tool in api.tools] if api else []
        self._mode = self._first_mode()
        self._earlier = 0
        """How many messages of earlier turns are sent along."""
        self._asked_to_act = False
        self._asked_to_speak = False
        question = _last_question(chat_log)
        # A question may truly be answered with "I did", or with a state.
        self._watches_claims = bool(self._tools) and not is_question(question)
        self._after_order = is_order(question)

    def _first_mode(self) -> Mode:
        calling = self._turn.settings.tool_calling
        if not self._tools or calling is ToolCalling.OFF:
            return Mode.NONE
        if calling is ToolCalling.STRUCTURED:
            return Mode.STRUCTURED
        if calling is ToolCalling.NATIVE or self._details.can(Capability.TOOLS):
            return Mode.NATIVE
        return Mode.STRUCTURED

    async def async_run(self) -> Answer:
        """Go through the rounds."""
        loop = self._turn.hass.loop
        end = loop.time() + self._turn.server.limits.turn
        request = await self.async_request()
        for rounds_left in reversed(range(MAX_ROUNDS)):
            # Not the time in the queue, in which nothing could be done.
            is_late = loop.time() - self._turn.query.waited > end
            if not rounds_left or self._is_stuck or is_late:
                self._mode = Mode.NONE
                request = replace(request, tools=None, format=None)
            known = len(self._log.content)
            reader = await self._async_ask(request)
            if reader.called_tools:
                if self._waits_for_a_yes:
                    return Answer(asks_for_confirmation=True)
                try:
                    request = await self._async_extend(request, self._log.content[known:])
                except ContextTooSmallError:
                    if not self._has_acted:
                        raise
                    return self._done  # and told by us, since the model can't take it in
                continue
            if self._can_try_structured(reader, known):
                self._mode = Mode.STRUCTURED
                request = await self.async_request()
                continue
            if reader.error is not None:
                raise reader.error
            again = self._what_to_ask_again(reader)
            if again is None or not rounds_left:
                return self._answer(reader)
            request = replace(request, messages=[*request.messages, *again])
        # The last round offers no tools, so that it returns.
        raise EmptyAnswerError

    async def async_request(self) -> ChatRequest:
        """Return a request for all that was said so far."""
        turn = self._turn
        native = self._mode is Mode.NATIVE
        offered = self._tools if self._mode is not Mode.NONE else ()
        content, num_ctx = turn.fit(self._log, self._details, offered)
        request = await turn.async_request(
            content, self._details, num_ctx, self._tools if native else ()
        )
        now = _begin_of_turn(content)
        if self._mode is not Mode.STRUCTURED:
            self._earlier = now - 1
            return request
        self._earlier = len(as_plain_messages(content[1:now], request.messages[1:now], ""))
        tools = [tool.tool for tool in self._tools]
        return replace(
            request,
            messages=as_plain_messages(content, request.messages, describe_for_prompt(tools)),
            format=answer_schema(tools),
        )

    async def _async_extend(
        self, request: ChatRequest, said: Sequence[conversation.Content]
    ) -> ChatRequest:
        """Add what was called and what came of it.

        Raises ContextTooSmallError where that is too much, also without the earlier talk.
        """
        turn = self._turn
        messages = await async_to_messages(turn.hass, said, current=True)
        if self._mode is Mode.STRUCTURED:
            messages = as_plain_messages(said, messages, "")
        request = replace(request, messages=[*request.messages, *messages])
        if self._earlier > 0 and not turn.holds(request, self._details):
            kept = [request.messages[0], *request.messages[1 + self._earlier :]]
            request, self._earlier = replace(request, messages=kept), 0
            turn.forget_earlier(self._log)
        if not turn.holds(request, self._details):
            raise ContextTooSmallError
        return request

    async def _async_ask(self, request: ChatRequest) -> AnswerReader:
        api = self._api if self._mode is not Mode.NONE else None
        pieces: PieceReader
        if self._mode is Mode.STRUCTURED:
            pieces = SayReader()
        elif api is not None:
            pieces = TextReader(api.repair.knows)
        else:
            pieces = TextReader(lambda name: False, calls=False)
        gate = None
        if self._watches_claims and not self._has_acted:
            gate = ClaimGate(after_order=self._after_order)
        return await self._turn.async_ask(self._log, request, pieces, api, gate)

    @property
    def _has_acted(self) -> bool:
        return self._api is not None and bool(self._api.deeds)

    @property
    def _done(self) -> Answer:
        """What was done, for an answer of our own."""
        return Answer(deeds=tuple(self._api.deeds) if self._api is not None else ())

    @property
    def _is_stuck(self) -> bool:
        return self._api is not None and self._api.stuck

    @property
    def _waits_for_a_yes(self) -> bool:
        return bool(async_waiting(self._turn.hass, self._log.conversation_id))

    def _can_try_structured(self, reader: AnswerReader, known: int) -> bool:
        """Whether to go on under a schema.

        A model whose server refuses tools after all, and one that says nothing when it
        is offered tools: a call of a tool that wasn't offered vanishes in the server
        (fact 7 of the recordings).
        """
        if self._mode is not Mode.NATIVE or len(self._log.content) > known:
            return False
        if self._turn.settings.tool_calling is not ToolCalling.AUTOMATIC or self._has_acted:
            return False
        if isinstance(reader.error, ModelUnsuitableError):
            return True
        nothing = not reader.text.strip() and not reader.withheld_claim
        return reader.error is None and nothing and not reader.cut_by_length

    def _what_to_ask_again(self, reader: AnswerReader) -> list[ollama.Message] | None:
        """Return what to say to a model that has to try once more."""
        if reader.withheld_claim and not self._asked_to_act:
            self._asked_to_act = True
            return [
                ollama.Message(role="assistant", content=reader.withheld_claim),
                ollama.Message(role="user", content=_REALLY_DO_IT),
            ]
        silent = not reader.text.strip() and not reader.withheld_claim
        if silent and not self._has_acted and not reader.cut_by_length:
            if self._asked_to_speak:
                raise EmptyAnswerError
            self._asked_to_speak = True
            return [ollama.Message(role="user", content=_SAY_SOMETHING)]
        return None

    def _answer(self, reader: AnswerReader) -> Answer:
        if reader.withheld_claim:
            raise NothingDoneError
        if reader.text.strip():
            return Answer(
                text=reader.text,
                cut_by_length=reader.cut_by_length,
                claimed_falsely=reader.claimed_aloud,
            )
        if self._has_acted:
            return self._done
        raise AnswerTooLongError if reader.cut_by_length else EmptyAnswerError


def _served(num_ctx: int, details: ModelDetails) -> int:
    """Return the window that a server gives: no more than its model was made for (fact 13)."""
    return min(num_ctx, details.context_length or num_ctx)


def _usable(window: int) -> int:
    return window - round(window * _SPARE)


def _questions(content: Sequence[conversation.Content]) -> int:
    return sum(item.role == "user" for item in content)


def _needing(tokens: int) -> int:
    """Return the window that holds so many tokens and leaves its spare room."""
    return next((step for step in STEPS if _usable(step) >= tokens), tokens)


def _begin_of_turn(content: Sequence[conversation.Content]) -> int:
    """Return where the last question stands; behind everything where nobody asks."""
    return max(
        (index for index, item in enumerate(content) if item.role == "user"), default=len(content)
    )


def has_images(chat_log: conversation.ChatLog) -> bool:
    """Whether something in a talk has to be seen."""
    return any(
        item.attachments for item in chat_log.content if isinstance(item, conversation.UserContent)
    )


def _last_question(chat_log: conversation.ChatLog) -> str:
    return next(
        (
            without_data(item.content)
            for item in reversed(chat_log.content)
            if isinstance(item, conversation.UserContent)
        ),
        "",
    )


def with_format(request: ChatRequest, schema: dict[str, Any], *more: ollama.Message) -> ChatRequest:
    """Return a request bound to a schema; no tool can be called then (fact 9)."""
    return replace(request, messages=[*request.messages, *more], tools=None, format=schema)
