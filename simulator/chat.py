"""``/api/chat`` and ``/api/generate``."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
import time
from typing import Any, Literal

from .context import Prompt, chat_prompt, fit, generation_room, window
from .errors import CLOUD_DISABLED, IMAGE_ON_TEXT_MODEL, ApiError, model_not_found, nested
from .generation import Measures, Pacer, Speaker, last_fields, prefill
from .keepalive import parse_keep_alive
from .models import ModelName, SimModel
from .planning import Plan, plan_reply
from .replies import ChatRequest, Reply
from .responder import NDJSON
from .scheduler import Runner
from .schema import check_format
from .state import Call, State
from .validation import (
    check_images,
    check_messages,
    check_options,
    check_think,
    is_cloud,
    read_object,
)
from .wire import LineWriter

Kind = Literal["chat", "generate"]


@dataclass(frozen=True, slots=True)
class _Job:
    """A checked request."""

    request: ChatRequest
    model: SimModel
    keep_alive: float | None
    num_ctx: int
    truncate: bool
    shift: bool
    raw: bool
    logprobs: int | None


async def chat(call: Call) -> None:
    """Answer ``POST /api/chat``."""
    body = read_object(call.body, "ChatRequest")
    check_messages(body.get("messages") or [])
    await _answer(call, "chat", body, bool(body.get("messages")))


async def generate(call: Call) -> None:
    """Answer ``POST /api/generate``."""
    body = read_object(call.body, "GenerateRequest")
    check_images(body.get("images") or ())
    await _answer(call, "generate", body, bool(body.get("prompt")))


async def _answer(call: Call, kind: Kind, body: dict[str, Any], wanted: bool) -> None:
    state = call.state
    think = check_think(body.get("think"))
    keep_alive = parse_keep_alive(body.get("keep_alive"))
    name = body.get("model") or ""
    if not name:
        raise ApiError(400, "model is required")
    parsed = ModelName.parse(name)
    if is_cloud(name):
        raise ApiError(403, CLOUD_DISABLED)
    model = state.store.find(parsed.short)
    if model is None:
        raise model_not_found(name)
    writer = LineWriter(kind, name)
    if not wanted and keep_alive == 0.0:
        state.scheduler.unload(model)
        await _only_done(call, writer, "unload")
        return
    job = _check(state, kind, body, model, think, keep_alive)
    async with state.scheduler.use(model, job.num_ctx, keep_alive) as runner:
        loaded = time.monotonic_ns()
        if not wanted:
            await _only_done(call, writer, "load")
            return
        await _generate(call, job, runner, writer, loaded - call.received)


async def _only_done(call: Call, writer: LineWriter, reason: str) -> None:
    data = writer.whole(tail={"done": True, "done_reason": reason})
    await call.responder.body(data, "application/json; charset=utf-8")


def _check(
    state: State,
    kind: Kind,
    body: dict[str, Any],
    model: SimModel,
    think: bool | str | None,
    keep_alive: float | None,
) -> _Job:
    able = state.capabilities(model)
    name = body["model"]
    if "completion" not in able:
        raise ApiError(400, f'"{name}" does not support {kind}')
    tools = body.get("tools") or []
    if tools and "tools" not in able:
        full = ModelName.parse(name).full
        raise ApiError(400, f"{full} does not support tools")
    if think and "thinking" not in able:
        raise ApiError(400, f'"{name}" does not support thinking')
    given = body.get("options") or {}
    check_options(given)
    options = {**model.parameters, **{k: v for k, v in given.items() if v is not None}}
    request = ChatRequest(
        kind=kind,
        model=name,
        messages=tuple(body.get("messages") or ()) if kind == "chat" else _as_chat(body),
        tools=tuple(tools),
        format=body.get("format"),
        think=think,
        options=options,
        stream=body.get("stream") is not False,
        body=body,
    )
    wants_logprobs = body.get("logprobs") is True
    return _Job(
        request=request,
        model=model,
        keep_alive=keep_alive,
        num_ctx=window(model, int(options.get("num_ctx", state.limits.num_ctx))),
        truncate=body.get("truncate") is not False,
        shift=body.get("shift") is not False,
        raw=body.get("raw") is True,
        logprobs=int(body.get("top_logprobs") or 0) if wants_logprobs else None,
    )


def _as_chat(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    user = {"role": "user", "content": body.get("prompt") or ""}
    if body.get("images"):
        user["images"] = body["images"]
    if body.get("system"):
        return ({"role": "system", "content": body["system"]}, user)
    return (user,)


def _prompt(state: State, job: _Job) -> Prompt:
    request, model = job.request, job.model
    has_images = any(message.get("images") for message in request.messages)
    text_only = "vision" not in model.capabilities
    if has_images and text_only and state.behaviour.image_on_text_model_is_error:
        raise nested(400, IMAGE_ON_TEXT_MODEL, "invalid_request_error")
    if job.raw:
        text = str(request.body.get("prompt") or "")
        prompt = Prompt(text, model.count_tokens(text))
    else:
        prompt = chat_prompt(
            request.messages,
            request.tools,
            model,
            job.num_ctx,
            truncate=job.truncate and request.kind == "chat",
        )
    return fit(
        prompt,
        model,
        job.num_ctx,
        state.behaviour,
        truncate=job.truncate,
        shift=job.shift,
        chat=request.kind == "chat",
    )


def _limit(state: State, job: _Job, prompt: Prompt) -> int:
    if prompt.only_one_token:
        return 1
    room = generation_room(prompt.tokens, job.num_ctx, state.behaviour, shift=job.shift)
    wanted = int(job.request.options.get("num_predict", -1))
    return min(wanted, room) if wanted > 0 else room


async def _generate(
    call: Call, job: _Job, runner: Runner, writer: LineWriter, load_duration: int
) -> None:
    state, request, record = call.state, job.request, call.record
    if request.body.get("_debug_render_only"):
        await _debug_render(call, job)
        return
    check_format(request.format, state.behaviour)
    prompt = _prompt(state, job)
    async with state.scheduler.slot(runner, prompt.text) as slot:
        record.timings.started_at = asyncio.get_running_loop().time()
        reply = state.reply(request)
        cached = await prefill(slot, prompt, state.rates, record)
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if reply.raw_lines is not None:
            await _raw(call, reply, stream=request.stream)
            return
        limit = _limit(state, job, prompt)
        plan = plan_reply(reply, request, job.model, state.behaviour, state.ids, limit=limit)
        if reply.prompt_tokens is not None:
            prompt = replace(prompt, tokens=reply.prompt_tokens)
        pacer = Pacer(state.rates.generation_tokens_per_second)
        speaker = Speaker(call.responder, record, writer, pacer, job.logprobs)
        await speaker.generate(plan, stream=request.stream)
        runner.cache.remember(slot.index, prompt.text + _said(plan))
        measures = Measures(
            load_duration=load_duration,
            prompt_tokens=prompt.tokens,
            cached_tokens=cached,
            eval_count=plan.eval_count,
            elapsed=time.monotonic_ns() - call.received,
            context=_context(prompt, plan) if request.kind == "generate" and not job.raw else None,
        )
        tail = last_fields(plan, measures.fields(state.rates, state.behaviour))
        if request.stream:
            await speaker.finish_stream(plan, tail)
        else:
            await speaker.finish_whole(plan, tail)


def _said(plan: Plan) -> str:
    return "".join(text for is_thinking, text in plan.pieces if not is_thinking)


def _context(prompt: Prompt, plan: Plan) -> list[int]:
    """Make up token numbers: as many as there are tokens."""
    data = (prompt.text + _said(plan)).encode()
    count = prompt.tokens + max(0, plan.eval_count - 1)
    step = max(1, len(data) // max(1, count))
    return [int.from_bytes(data[index * step : index * step + 2]) for index in range(count)]


async def _raw(call: Call, reply: Reply, *, stream: bool) -> None:
    lines = [line if line.endswith(b"\n") else line + b"\n" for line in reply.raw_lines or ()]
    if not stream:
        await call.responder.body(b"".join(lines), "application/json; charset=utf-8")
        return
    if not lines:
        await call.responder.body(b"", NDJSON)
        return
    for line in lines:
        await call.responder.line(line)
    await call.responder.end()


async def _debug_render(call: Call, job: _Job) -> None:
    """Answer the prompt itself (overflow_history_debug_render_256.json)."""
    request = job.request
    prompt = chat_prompt(
        request.messages, request.tools, job.model, job.num_ctx, truncate=job.truncate
    )
    writer = LineWriter(request.kind, request.model)
    data = writer.whole(tail={"done": False, "_debug_info": {"rendered_template": prompt.text}})
    await call.responder.body(data, "application/json; charset=utf-8")
