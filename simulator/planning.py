"""From a reply to what the server makes of it, decided before the first token."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
import json
import random
import string
from typing import Any

from .models import SimModel
from .replies import ChatRequest, Reply, ToolCall
from .schema import instance, matches
from .tokens import split_pieces
from .versions import Behaviour
from .wire import go_json

# More equal pieces in a row than this abort the answer (chat_repetition_abort_stream.jsonl).
MOST_REPEATS = 30
_CALL_ID = string.ascii_lowercase + string.digits
_NATIVE_ID = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Plan:
    """An answer, token by token.

    ``pieces``: (is_thinking, text), one token each. ``calls`` come after them and take
    ``call_tokens``. ``done`` False: the answer ends without a last line.
    """

    pieces: tuple[tuple[bool, str], ...]
    calls: tuple[Mapping[str, Any], ...] = ()
    call_tokens: int = 0
    calls_in_last_line: bool = False
    done: bool = True
    done_reason: str = "stop"
    eval_count: int = 0
    error: str | None = None
    error_status: int = 500


def plan_reply(
    reply: Reply,
    request: ChatRequest,
    model: SimModel,
    behaviour: Behaviour,
    ids: random.Random,
    *,
    limit: int,
) -> Plan:
    """Return what is sent for ``reply``; ``limit`` is the largest number of tokens."""
    thinks = model.has("thinking") and request.think is not False
    thinking = split_pieces(reply.thinking) if thinks else []
    constrained = request.format not in (None, "")
    calls = () if constrained else reply.tool_calls
    content = _content(reply, request, constrained=constrained)
    tokens: Iterable[tuple[bool, str]] = chain(
        ((True, text) for text in thinking), ((False, text) for text in content)
    )
    # One more than allowed, to see whether the limit cuts anything.
    taken = list(islice(_until_repetition(tokens), limit + 1))
    aborted = bool(taken) and taken[-1] is _ABORTED
    if aborted:
        return Plan(tuple(taken[:-1]), done=False, eval_count=len(taken) - 1)
    taken, used, stopped = _apply_stop(taken, request.options.get("stop"))
    if used > limit:
        return Plan(tuple(taken[:limit]), done_reason="length", eval_count=limit)
    plan = Plan(
        tuple(taken),
        done=reply.done,
        done_reason=reply.done_reason,
        eval_count=used if stopped else used + 1,
        error=reply.error,
        error_status=reply.error_status,
    )
    if calls and not stopped:
        plan = _with_calls(plan, calls, request, model, behaviour, ids, limit)
    # Thinking comes from a first pass; only the second, constrained one is counted (fact 9).
    if constrained and thinking:
        plan = replace(plan, eval_count=max(1, plan.eval_count - len(thinking)))
    if reply.completion_tokens is not None:
        plan = replace(plan, eval_count=reply.completion_tokens)
    return plan


_ABORTED = (False, "")


def _until_repetition(
    tokens: Iterable[tuple[bool, str]],
) -> Iterator[tuple[bool, str]]:
    """Pass tokens on; end with _ABORTED when one comes too often (white space is equal)."""
    last = None
    repeats = 0
    for token in tokens:
        text = token[1].strip()
        if text == last or not text:
            repeats += 1
            if repeats > MOST_REPEATS:
                yield _ABORTED
                return
        else:
            last = text
            repeats = 0
        yield token


def _content(reply: Reply, request: ChatRequest, *, constrained: bool) -> Iterable[str]:
    if reply.chunks is not None:
        return reply.chunks
    if not constrained:
        return split_pieces(reply.content)
    return split_pieces(_constrained(reply.content, request))


def _constrained(content: str, request: ChatRequest) -> str:
    """Return ``content`` if it is what ``format`` allows, else something that is."""
    try:
        value = json.loads(content)
    except ValueError:
        value = None
    if request.format == "json":
        return content if isinstance(value, dict | list) else go_json({"answer": content})
    if value is not None and matches(value, request.format):
        return content
    made = instance(request.format, request.last_user_text)
    return json.dumps(made, ensure_ascii=False)


def _apply_stop(
    taken: list[tuple[bool, str]], stop: Any
) -> tuple[list[tuple[bool, str]], int, bool]:
    """Cut the content at the first stop sequence (chat_stop_sequence.json).

    Returns the pieces left, the number of tokens generated, and whether it was cut.
    """
    sequences: Sequence[str] = [stop] if isinstance(stop, str) else list(stop or ())
    if not sequences:
        return taken, len(taken), False
    text = ""
    for count, (is_thinking, piece) in enumerate(taken):
        if is_thinking:
            continue
        start = len(text)
        text += piece
        hits = [at for s in sequences if s and (at := text.find(s)) >= 0]
        if not hits:
            continue
        # The sequence may have begun some pieces ago.
        return _cut_content(taken[: count + 1], min(hits), start), count + 1, True
    return taken, len(taken), False


def _cut_content(
    pieces: list[tuple[bool, str]], at: int, last_start: int
) -> list[tuple[bool, str]]:
    position = last_start + len(pieces[-1][1])
    kept = list(pieces)
    while kept and position > at:
        is_thinking, text = kept.pop()
        if is_thinking:
            kept.append((is_thinking, text))
            break
        position -= len(text)
        if position < at:
            kept.append((False, text[: at - position]))
            break
    return kept


def _with_calls(
    plan: Plan,
    calls: Sequence[ToolCall],
    request: ChatRequest,
    model: SimModel,
    behaviour: Behaviour,
    ids: random.Random,
    limit: int,
) -> Plan:
    # A call of a tool nobody offered vanishes (chat_tools_unknown_tool_name_stream.jsonl);
    # it was generated all the same.
    offered = [
        call for call in calls if model.layout != "template" or call.name in request.tool_names
    ]
    native = model.layout == "native" and behaviour.jinja_templates
    shown = tuple(
        {
            "id": call.id or _new_id(ids, native=native),
            "function": {
                "index": index,
                "name": call.name,
                "arguments": dict(call.arguments),
            },
        }
        for index, call in enumerate(offered)
    )
    tokens = sum(
        model.count_tokens(go_json({"name": call.name, "arguments": dict(call.arguments)}))
        for call in calls
    )
    if plan.eval_count + tokens > limit:
        # Cut inside a call: it cannot be read, so there is none.
        return replace(plan, done_reason="length", eval_count=limit)
    return replace(
        plan,
        calls=shown,
        call_tokens=tokens,
        calls_in_last_line=native,
        eval_count=plan.eval_count + tokens,
    )


def _new_id(ids: random.Random, *, native: bool) -> str:
    if native:
        return "".join(ids.choices(_NATIVE_ID, k=32))
    return "call_" + "".join(ids.choices(_CALL_ID, k=8))
