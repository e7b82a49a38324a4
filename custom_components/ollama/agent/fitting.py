"""What fits into the context window. A server cuts what doesn't, from the front and silently.

So it is cut here: whole exchanges, the oldest first, and many at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from homeassistant.components import conversation
from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import json_dumps

from ..server import (
    ChatRequest,
    ContextTooSmallError,
    ModelDetails,
    Query,
    Usage,
    Windows,
    size_of,
    text_size,
)
from ..server.windows import STEPS
from .circumstances import async_get_attachments
from .messages import trimmed_history
from .settings import AgentSettings
from .talk_state import TalkState, async_get_talk_state
from .tools import Described

_SHARE_LEFT: Final = 0.5
"""Of the room for the history: so much of it is left, so that the next turns need no cut."""
_ROOM: Final = 1024
"""Tokens of the context window that are left for an answer."""
_SPARE: Final = 1 / 16
"""Of the window: for a short answer at least, and for what an estimate misses."""


@dataclass(frozen=True, slots=True)
class Fitter:
    """What of the talks with an agent is sent, and the context window to ask for."""

    hass: HomeAssistant
    settings: AgentSettings
    query: Query
    """Where it is noted how much was needed, and whether something was left out."""
    usage: Usage
    """Where it is learned how many tokens a text makes."""
    agent_id: str
    """Entity id of the agent."""
    windows: Windows
    """Context windows of the models whose users leave that to us."""
    fixed_window: int | None = None
    """The window that the owner has set for another user of the model."""

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
        now = begin_of_turn(content)
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

    def holds(self, request: ChatRequest, details: ModelDetails) -> bool:
        """Whether the context window holds a request."""
        thoughts = sum(text_size(message.thinking or "") for message in request.messages)
        needed = self.usage.tokens_of(request.model, request.size + thoughts)
        return needed <= _usable(_served(request.num_ctx, details))

    def learn(self, request: ChatRequest, prompt_tokens: int) -> None:
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


def fitted(
    content: Sequence[conversation.Content],
    room: float,
    dropped: int,
    size: Callable[[conversation.Content], int],
) -> tuple[list[conversation.Content], int]:
    """Return what of a talk is sent, and how many exchanges that leaves out.

    `room` is what earlier exchanges may take, measured by `size`. `dropped` have been left out
    before and stay out, so that the prompt goes on beginning in the same way.
    """
    questions = [index for index, item in enumerate(content) if item.role == "user"]
    exchanges = [sum(map(size, content[start:end])) for start, end in pairwise(questions)]
    first = min(dropped, len(exchanges))
    left = sum(exchanges[first:])
    if left > room:
        while first < len(exchanges) and left > room * _SHARE_LEFT:
            left -= exchanges[first]
            first += 1
    if not first:
        return list(content), 0
    return [content[0], *content[questions[first] :]], first


def content_size(item: conversation.Content, attached: str = "") -> int:
    """Return how large something is in a prompt; `attached` is sent with a sentence."""
    match item:
        case conversation.ToolResultContent():
            return size_of("tool", json_dumps(item.result.data))
        case conversation.AssistantContent():
            calls = ((call.tool_name, call.tool_args) for call in item.tool_calls or ())
            return size_of("assistant", item.content or "", calls)
        case conversation.UserContent():
            return size_of("user", item.content + attached, images=len(item.attachments or ()))
        case _:
            return size_of(item.role, item.content)


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


def begin_of_turn(content: Sequence[conversation.Content]) -> int:
    """Return where the last question stands; behind everything where nobody asks."""
    return max(
        (index for index, item in enumerate(content) if item.role == "user"), default=len(content)
    )
