"""The reader of one answer."""

from collections.abc import AsyncGenerator
from typing import Final, Protocol

from homeassistant.components import conversation
from homeassistant.helpers import llm

import ollama

from ..server import AnswerCutError, OllamaError
from .calls import GuardedAPI
from .dialects import MarkdownStripper, Piece, Said, Thought
from .gate import ClaimGate
from .spoken import SpokenText

MAX_ANSWER_CHARACTERS: Final = 100_000
"""More than any answer: a model that has lost its way ends here."""

type Delta = conversation.AssistantContentDeltaDict


class PieceReader(Protocol):
    """Tells what is said from what is called."""

    def words(self, text: str) -> str | None:
        """Return what is said where that is plain at once; None where it has to be fed."""

    def feed(self, text: str) -> list[Piece]:
        """Return what is clear so far."""

    def close(self, *, complete: bool = True) -> list[Piece]:
        """Return the rest; `complete` tells whether the answer came to its end."""


class WholeText:
    """Takes everything as said: data under a schema holds no calls, and is not cleaned."""

    def words(self, text: str) -> str | None:
        """Return the text as it is."""
        return text

    def feed(self, text: str) -> list[Piece]:
        """Return the text as it is."""
        return [Said(text)]

    def close(self, *, complete: bool = True) -> list[Piece]:
        """Return nothing: nothing was held back."""
        return []


class AnswerReader:
    """Turns the chunks of one answer into deltas, and remembers how it went.

    A failure in the middle doesn't break the deltas off: tool calls that came before
    it are running already, and their results must reach the chat log. It is kept in
    `error` for the caller to look at.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[ollama.ChatResponse],
        pieces: PieceReader,
        *,
        api: GuardedAPI | None = None,
        gate: ClaimGate | None = None,
        strip_markdown: bool = False,
        spoken: bool = False,
    ) -> None:
        """Read from `chunks`; without an `api` calls are dropped, since none was offered."""
        self._chunks = chunks
        self._pieces = pieces
        self._words = pieces.words
        self._api = api
        self._gate = gate
        self._cleaner: SpokenText | MarkdownStripper | None = None
        if spoken:
            self._cleaner = SpokenText()
        elif strip_markdown:
            self._cleaner = MarkdownStripper()
        self.done_reason: str | None = None
        self.error: OllamaError | None = None
        self.text = ""
        self.called_tools = False
        self.prompt_tokens = 0
        """How many tokens the server counted in the prompt; 0 when it didn't tell."""
        self._characters = 0

    @property
    def cut_by_length(self) -> bool:
        """Whether the answer reached its limit of tokens."""
        return self.done_reason == "length"

    @property
    def withheld_claim(self) -> str:
        """What the model claimed to have done, and nobody has heard."""
        return self._gate.withheld if self._gate and not self.called_tools else ""

    @property
    def claimed_aloud(self) -> bool:
        """Whether what was passed on claims an action, while this answer called none."""
        return self._gate is not None and not self.called_tools and self._gate.claimed_aloud

    async def async_deltas(self) -> AsyncGenerator[Delta]:
        """Yield the deltas of one assistant message."""
        yield {"role": "assistant"}
        done = False
        texts: list[str] = []
        read = self._read_plain if self._cleaner is None else self._read
        try:
            async for chunk in self._chunks:
                if delta := read(chunk.message, texts):
                    yield delta
                if chunk.done:
                    done = True
                    self.done_reason = chunk.done_reason
                    self.prompt_tokens = chunk.prompt_eval_count or 0
                if self._characters > MAX_ANSWER_CHARACTERS:
                    break
        except OllamaError as err:
            self.error = err
        finally:
            await self._chunks.aclose()
        # A call that was cut off may lack half of its target: it is none.
        complete = done and not self.cut_by_length
        if delta := self._last(self._pieces.close(complete=complete), texts):
            yield delta
        self.text = "".join(texts)
        if not done and self.error is None:
            # The server ends a stream without `done` when a model repeats itself.
            self.error = AnswerCutError()

    def _read_plain(self, message: ollama.Message, texts: list[str]) -> Delta:
        """Return the same where nothing has to be done to words: most chunks are no more."""
        content = message.content
        if not content or message.thinking or message.tool_calls:
            return self._read(message, texts)
        words = self._words(content)
        if words is None:
            return self._read(message, texts)
        self._characters += len(content)
        if self._gate is not None:
            words = self._gate.feed(words)
            if not words:
                return {}
        texts.append(words)
        return {"content": words}

    def _read(self, message: ollama.Message, texts: list[str]) -> Delta:
        """Return what one chunk adds; any of its parts may come with any other."""
        delta: Delta = {}
        if thinking := message.thinking:
            delta["thinking_content"] = thinking
            self._characters += len(thinking)
        if content := message.content:
            self._characters += len(content)
            self._apply(self._pieces.feed(content), delta, texts)
        for call in message.tool_calls or ():
            self._call(call.function.name, call.function.arguments, delta, texts)
        return delta

    def _last(self, pieces: list[Piece], texts: list[str]) -> Delta:
        delta: Delta = {}
        self._apply(pieces, delta, texts)
        rest = self._cleaner.close() if self._cleaner else ""
        if self._gate is not None:
            rest = self._gate.feed(rest) + self._gate.close()
        _add(rest, delta, texts)
        return delta

    def _apply(self, pieces: list[Piece], delta: Delta, texts: list[str]) -> None:
        for piece in pieces:
            if isinstance(piece, Said):
                self._say(piece.text, delta, texts)
            elif isinstance(piece, Thought):
                delta["thinking_content"] = (delta.get("thinking_content") or "") + piece.text
            else:
                self._call(piece.name, piece.arguments, delta, texts)

    def _say(self, text: str, delta: Delta, texts: list[str]) -> None:
        if self._cleaner is not None:
            text = self._cleaner.feed(text)
        if self._gate is not None:
            text = self._gate.feed(text)
        _add(text, delta, texts)

    def _call(self, name: str, arguments: object, delta: Delta, texts: list[str]) -> None:
        if self._api is None:
            return
        inputs: list[llm.ToolInput] = self._api.read_call(name, arguments)
        self.called_tools = True
        if self._gate is not None:
            _add(self._gate.release_for_call(), delta, texts)
        delta["tool_calls"] = [*(delta.get("tool_calls") or ()), *inputs]


def _add(text: str, delta: Delta, texts: list[str]) -> None:
    if not text:
        return
    texts.append(text)
    delta["content"] = (delta.get("content") or "") + text
