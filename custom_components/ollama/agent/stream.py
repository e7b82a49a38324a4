"""The reader of one answer."""

from collections.abc import AsyncGenerator

from homeassistant.components import conversation
from homeassistant.helpers import llm

import ollama

from ..server import AnswerCutError, OllamaError
from .tools import read_arguments

MAX_ANSWER_CHARACTERS = 100_000
"""More than any answer: a model that has lost its way ends here."""

type Delta = conversation.AssistantContentDeltaDict


class AnswerReader:
    """Turns the chunks of one answer into deltas, and remembers how it went.

    A failure in the middle doesn't break the deltas off: tool calls that came before
    it are running already, and their results must reach the chat log. It is kept in
    `error` for the caller to look at.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[ollama.ChatResponse],
        *,
        tools_offered: bool,
    ) -> None:
        """Read from `chunks`; a call of a tool that was not offered is dropped."""
        self._chunks = chunks
        self._tools_offered = tools_offered
        self.done_reason: str | None = None
        self.error: OllamaError | None = None
        self.text = ""
        self.called_tools = False
        self._characters = 0

    @property
    def cut_by_length(self) -> bool:
        """Whether the answer reached its limit of tokens."""
        return self.done_reason == "length"

    async def async_deltas(self) -> AsyncGenerator[Delta]:
        """Yield the deltas of one assistant message."""
        yield {"role": "assistant"}
        done = False
        texts: list[str] = []
        try:
            async for chunk in self._chunks:
                if delta := self._read(chunk.message, texts):
                    yield delta
                if chunk.done:
                    done = True
                    self.done_reason = chunk.done_reason
                if self._characters > MAX_ANSWER_CHARACTERS:
                    break
        except OllamaError as err:
            self.error = err
        finally:
            self.text = "".join(texts)
            await self._chunks.aclose()
        if not done and self.error is None:
            # The server ends a stream without `done` when a model repeats itself.
            self.error = AnswerCutError()

    def _read(self, message: ollama.Message, texts: list[str]) -> Delta:
        """Return what one chunk adds; any of its parts may come with any other."""
        delta: Delta = {}
        if content := message.content:
            delta["content"] = content
            texts.append(content)
            self._characters += len(content)
        if thinking := message.thinking:
            delta["thinking_content"] = thinking
            self._characters += len(thinking)
        if message.tool_calls and self._tools_offered:
            self.called_tools = True
            delta["tool_calls"] = [
                llm.ToolInput(
                    tool_name=call.function.name,
                    tool_args=read_arguments(call.function.arguments),
                )
                for call in message.tool_calls
            ]
        return delta
