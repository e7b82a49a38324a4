"""``/api/embed`` and ``/api/embeddings``: vectors made from a hash of the text."""

import hashlib
import math
import time
from typing import Any

from .context import window
from .errors import INPUT_TOO_LONG, NO_EMBEDDINGS, ApiError, model_not_found
from .keepalive import parse_keep_alive
from .models import SimModel
from .state import Call
from .tokens import take_tokens
from .validation import check_options, read_object


def vector(text: str, length: int) -> list[float]:
    """Return ``length`` numbers between -1 and 1, always the same for one text."""
    data = hashlib.shake_256(text.encode()).digest(length * 2)
    return [
        (int.from_bytes(data[index : index + 2]) - 32767.5) / 32767.5
        for index in range(0, length * 2, 2)
    ]


def normalised(values: list[float]) -> list[float]:
    """Scale to length 1."""
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return [value / length for value in values]


async def embed(call: Call) -> None:
    """Answer ``POST /api/embed`` (embed.json): normalised vectors."""
    body = read_object(call.body, "EmbedRequest")
    name = str(body.get("model") or "")
    unknown = ApiError(404, f'model "{name}" not found, try pulling it first')
    model = _model(call, body, unknown, refused=501)
    given = body.get("input")
    inputs = [given] if isinstance(given, str) else list(given or ())
    async with call.state.scheduler.use(
        model, _num_ctx(call, body, model), parse_keep_alive(body.get("keep_alive"))
    ) as runner:
        loaded = time.monotonic_ns()
        if inputs in ([], [""]):
            await call.responder.json({"model": body["model"], "embeddings": []})
            return
        if "" in inputs:
            status, text = call.state.behaviour.empty_input_error
            raise ApiError(status, text)
        texts = [_fit(text, model, runner.num_ctx, body) for text in inputs]
    size = int(body.get("dimensions") or model.embedding_length)
    vectors = [normalised(vector(text, model.embedding_length)[:size]) for text in texts]
    await call.responder.json(
        {
            "model": body["model"],
            "embeddings": vectors,
            "total_duration": time.monotonic_ns() - call.received,
            "load_duration": max(1, loaded - call.received),
            "prompt_eval_count": sum(model.count_tokens(text) for text in texts),
        }
    )


async def embeddings(call: Call) -> None:
    """Answer ``POST /api/embeddings`` (embeddings_legacy.json): one raw vector."""
    body = read_object(call.body, "EmbeddingRequest")
    unknown = model_not_found(str(body.get("model") or ""))
    model = _model(call, body, unknown, refused=500)
    prompt = str(body.get("prompt") or "")
    async with call.state.scheduler.use(
        model, _num_ctx(call, body, model), parse_keep_alive(body.get("keep_alive"))
    ):
        values = vector(prompt, model.embedding_length) if prompt else []
    await call.responder.json({"embedding": values})


def _num_ctx(call: Call, body: dict[str, Any], model: SimModel) -> int:
    options = body.get("options") or {}
    check_options(options)
    return window(model, int(options.get("num_ctx", call.state.limits.num_ctx)))


def _model(call: Call, body: dict[str, Any], unknown: ApiError, *, refused: int) -> SimModel:
    name = str(body.get("model") or "")
    if not name:
        raise ApiError(400, "model is required")
    model = call.state.store.find(name)
    if model is None:
        raise unknown
    if not model.has("embedding") and not call.state.behaviour.completion_models_embed:
        raise ApiError(refused, NO_EMBEDDINGS)
    return model


def _fit(text: str, model: SimModel, num_ctx: int, body: dict[str, Any]) -> str:
    if model.count_tokens(text) <= num_ctx:
        return text
    if body.get("truncate") is False:
        raise ApiError(400, INPUT_TOO_LONG)
    # Two places are kept for the markers at both ends (embed_too_long_truncated.json).
    return take_tokens(text, num_ctx - 2, model.count_tokens)
