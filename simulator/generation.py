"""Reads the prompt and says the answer, at the speed of the simulated machine."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .context import Prompt
from .planning import Plan
from .recording import RecordedRequest
from .replies import Rates
from .responder import JSON_PLAIN, Responder, error_line
from .scheduler import Slot
from .versions import Behaviour
from .wire import LineWriter

# Nanoseconds per token that an instant machine reports, so that counts show in durations.
_INSTANT_PREFILL = 10_000
_INSTANT_GENERATION = 50_000
# Pieces between two chances for others to run, on an instant machine.
_PIECES_PER_TURN = 32
_NANO = 1_000_000_000
# Seconds; shorter waits are saved up, a timer is not more precise.
_SHORTEST_WAIT = 0.001


class Pacer:
    """Keeps a number of tokens per second on average; short waits are saved up."""

    def __init__(self, tokens_per_second: float | None) -> None:
        """Start now. None: as fast as it goes."""
        self._step = 1 / tokens_per_second if tokens_per_second else 0.0
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time()
        self._count = 0

    async def spend(self, tokens: int = 1) -> None:
        """Wait as long as ``tokens`` take."""
        if not self._step:
            self._count += tokens
            if self._count >= _PIECES_PER_TURN:
                self._count = 0
                await asyncio.sleep(0)
            return
        self._due += tokens * self._step
        rest = self._due - self._loop.time()
        if rest > _SHORTEST_WAIT:
            await asyncio.sleep(rest)

    def rest(self) -> float:
        """Return the seconds until what was spent last is over."""
        return max(0.0, self._due - self._loop.time())


async def prefill(slot: Slot, prompt: Prompt, rates: Rates, record: RecordedRequest) -> int:
    """Read ``prompt``; returns how many tokens were still known.

    Cancelled: what was read stays known, the batch in progress is finished first (fact 25).
    """
    cache = slot.runner.cache
    cached = cache.cached_tokens(slot.index, prompt.text, prompt.tokens)
    record.prompt_tokens = prompt.tokens
    record.cached_tokens = cached
    record.dropped_messages = prompt.dropped_messages
    if rates.prefill_tokens_per_second is None:
        cache.remember(slot.index, prompt.text)
        return cached
    pacer = Pacer(rates.prefill_tokens_per_second)
    read = cached
    try:
        while read < prompt.tokens:
            batch = min(rates.batch_tokens, prompt.tokens - read)
            # Counted at once: a batch that was begun is finished in any case.
            read += batch
            await pacer.spend(batch)
    except asyncio.CancelledError:
        slot.linger = pacer.rest()
        cache.remember_part(slot.index, prompt.text, read)
        raise
    cache.remember(slot.index, prompt.text)
    return cached


@dataclass(frozen=True, slots=True)
class Measures:
    """What the last line tells about an answer. Durations in nanoseconds."""

    load_duration: int
    prompt_tokens: int
    cached_tokens: int
    eval_count: int
    # Since the request came in.
    elapsed: int
    context: Sequence[int] | None = None

    def fields(self, rates: Rates, behaviour: Behaviour) -> dict[str, Any]:
        """Return the fields after ``done_reason``; Go leaves out those that are zero."""
        read = max(1, self.prompt_tokens - self.cached_tokens)
        prompt_rate = rates.prefill_tokens_per_second
        rate = rates.generation_tokens_per_second
        prompt_duration = read * (round(_NANO / prompt_rate) if prompt_rate else _INSTANT_PREFILL)
        duration = behaviour.single_token_duration
        if self.eval_count > 1:
            duration = self.eval_count * (round(_NANO / rate) if rate else _INSTANT_GENERATION)
        total = max(self.elapsed, self.load_duration + prompt_duration + duration)
        found: dict[str, Any] = {
            "context": self.context,
            "total_duration": total,
            "load_duration": self.load_duration,
            "prompt_eval_count": self.prompt_tokens,
            "prompt_eval_duration": prompt_duration,
            "eval_count": self.eval_count,
            "eval_duration": duration,
        }
        return {key: value for key, value in found.items() if value}


class Speaker:
    """Says one plan, streaming or in one piece."""

    def __init__(
        self,
        responder: Responder,
        record: RecordedRequest,
        writer: LineWriter,
        pacer: Pacer,
        logprobs: int | None = None,
    ) -> None:
        """``logprobs``: number of alternatives per token, None for no logprobs at all."""
        self._responder = responder
        self._record = record
        self._writer = writer
        self._pacer = pacer
        self._logprobs = logprobs

    async def generate(self, plan: Plan, *, stream: bool) -> None:
        """Let the time of all tokens pass; send the pieces when streaming."""
        line = self._responder.line
        writer, record, spend = self._writer, self._record, self._pacer.spend
        for is_thinking, text in plan.pieces:
            await spend()
            record.completion_tokens += 1
            if not stream or not text:
                continue
            if is_thinking:
                await line(writer.thinking(text))
            else:
                await line(writer.content(text, self._probabilities(text)))
        if not plan.call_tokens:
            return
        await spend(plan.call_tokens)
        record.completion_tokens += plan.call_tokens
        if stream and not plan.calls_in_last_line:
            for call in plan.calls:
                await line(writer.tool_call(call))

    async def finish_stream(self, plan: Plan, tail: Mapping[str, Any]) -> None:
        """Send the last line, if there is one."""
        if plan.error is not None:
            await self._fail_stream(plan)
            return
        if plan.done:
            calls = plan.calls if plan.calls_in_last_line else ()
            await self._responder.line(self._writer.whole(calls=calls, tail=tail) + b"\n")
        elif not self._responder.started:
            # Nothing at all: an empty stream.
            await self._responder.open_stream()
        await self._responder.end()

    async def _fail_stream(self, plan: Plan) -> None:
        text = plan.error or ""
        if not self._responder.started:
            await self._responder.error(plan.error_status, text, JSON_PLAIN)
            return
        await self._responder.line(error_line(text))
        await self._responder.end()

    async def finish_whole(self, plan: Plan, tail: Mapping[str, Any]) -> None:
        """Send everything in one JSON object."""
        if plan.error is not None:
            await self._responder.error(plan.error_status, plan.error)
            return
        content = "".join(text for is_thinking, text in plan.pieces if not is_thinking)
        thinking = "".join(text for is_thinking, text in plan.pieces if is_thinking)
        data = self._writer.whole(content=content, thinking=thinking, calls=plan.calls, tail=tail)
        await self._responder.body(data, "application/json; charset=utf-8")

    def _probabilities(self, text: str) -> Sequence[Mapping[str, Any]]:
        """Make up the certainty of a model that had no doubt (chat_logprobs.jsonl)."""
        if self._logprobs is None:
            return ()
        sure = {"token": text, "logprob": 0, "bytes": list(text.encode())}
        if not self._logprobs:
            return (sure,)
        other = {"token": "}", "logprob": -36.905643463134766, "bytes": [125]}
        return ({**sure, "top_logprobs": [sure, *[other] * (self._logprobs - 1)]},)


def last_fields(plan: Plan, measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``done`` and what follows it; an aborted answer has nothing more."""
    if not plan.done:
        return {"done": False}
    return {"done": True, "done_reason": plan.done_reason, **measured}
