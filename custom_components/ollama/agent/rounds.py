"""The requests of one turn: ask, run what is called, ask again, until there is an answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from homeassistant.components import conversation

import ollama

from ..home import async_waiting
from ..server import (
    AnswerCutError,
    Capability,
    ContextTooSmallError,
    ModelUnsuitableError,
    OllamaError,
)
from .calls import Deed, GuardedAPI
from .data import without_data
from .dialects import TextReader
from .fitting import begin_of_turn
from .gate import ClaimGate
from .messages import async_to_messages
from .questions import is_order, is_question
from .settings import ToolCalling
from .structured import SayReader, answer_schema, as_plain_messages, describe_for_prompt
from .tools import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..server import ChatRequest, ModelDetails
    from .stream import AnswerReader, PieceReader
    from .turn import Turn

MAX_ROUNDS: Final = 10
"""Requests in one turn. The last one offers no tools, so that it brings an answer."""

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


class Rounds:
    """The requests of one turn."""

    def __init__(self, turn: Turn, chat_log: conversation.ChatLog, details: ModelDetails) -> None:
        """Begin with what the model can do; nothing is asked yet."""
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
            try:
                request = self._fitting(replace(request, messages=[*request.messages, *again]))
            except ContextTooSmallError:
                return self._answer(reader)
        # The last round offers no tools, so that it returns.
        raise EmptyAnswerError

    async def async_request(self) -> ChatRequest:
        """Return a request for all that was said so far."""
        turn = self._turn
        native = self._mode is Mode.NATIVE
        offered = self._tools if self._mode is not Mode.NONE else ()
        content, num_ctx = turn.fitter.fit(self._log, self._details, offered)
        request = await turn.async_request(
            content, self._details, num_ctx, self._tools if native else ()
        )
        now = begin_of_turn(content)
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
        return self._fitting(replace(request, messages=[*request.messages, *messages]))

    def _fitting(self, request: ChatRequest) -> ChatRequest:
        """Return a request that the window holds, if need be without the earlier talk.

        Raises ContextTooSmallError.
        """
        turn = self._turn
        if self._earlier > 0 and not turn.fitter.holds(request, self._details):
            kept = [request.messages[0], *request.messages[1 + self._earlier :]]
            request, self._earlier = replace(request, messages=kept), 0
            turn.fitter.forget_earlier(self._log)
        if not turn.fitter.holds(request, self._details):
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


def _last_question(chat_log: conversation.ChatLog) -> str:
    return next(
        (
            without_data(item.content)
            for item in reversed(chat_log.content)
            if isinstance(item, conversation.UserContent)
        ),
        "",
    )
