"""``/api/create``: a new model from an installed one or from an uploaded file."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .errors import ApiError
from .models import ModelName, SimModel
from .responder import JSON_PLAIN, error_line
from .state import Call
from .validation import read_object
from .wire import go_json_bytes, timestamp


async def create(call: Call) -> None:
    """Answer ``POST /api/create`` (create_*.json, create_stream.jsonl)."""
    body = read_object(call.body, "CreateRequest")
    name = ModelName.parse(str(body.get("model") or body.get("name") or ""))
    stream = body.get("stream") is not False
    if not body.get("from") and not body.get("files"):
        await call.responder.body(
            go_json_bytes({"error": "neither 'from' or 'files' was specified"}),
            JSON_PLAIN,
            400,
            chunked=stream,
        )
        return
    statuses: list[str] = []
    try:
        model = _new_model(call, body, name, statuses)
    except ApiError as error:
        if stream and statuses:
            for text in statuses:
                await call.responder.status(text)
            await call.responder.line(error_line(error.text))
            await call.responder.end()
            return
        await call.responder.error(error.status, error.text, JSON_PLAIN)
        return
    call.state.store.install(model)
    if not stream:
        await call.responder.body(go_json_bytes({"status": "success"}), JSON_PLAIN)
        return
    for text in (*statuses, "writing manifest", "success"):
        await call.responder.status(text)
    await call.responder.end()


def _new_model(
    call: Call, body: Mapping[str, Any], name: ModelName, statuses: list[str]
) -> SimModel:
    """Return the model; ``statuses`` gets the lines sent before a possible error."""
    if body.get("files"):
        base = _from_files(call, body["files"], name, statuses)
    else:
        base = _from_model(call, str(body["from"]))
    template = body.get("template")
    if template is not None and template.count("{{") > template.count("}}"):
        raise ApiError(400, "template error: template: :1: unclosed action")
    made = replace(
        base,
        name=name.short,
        digest="",
        weights=base.weights,
        template=template or base.template,
        system=str(body.get("system") or base.system),
        parameters={**base.parameters, **(body.get("parameters") or {})},
        parent_model=base.name if body.get("from") else "",
        modified_at=timestamp(),
    )
    layers = [made.weights, made.digest]
    layers += [made.digest[::-1]] * bool(made.system)
    layers += [made.digest[1:] + "0"] * bool(made.parameters)
    statuses += [f"creating new layer sha256:{digest}" for digest in layers]
    return made


def _from_model(call: Call, source: str) -> SimModel:
    name = ModelName.parse(source)
    found = call.state.store.find(name.short)
    if found is not None:
        return found
    plan = call.state.pulls.plan(name, "https")
    if plan.error is not None:
        raise ApiError(500, plan.error)
    return plan.model or SimModel(name.short)


def _from_files(
    call: Call, files: Mapping[str, str], name: ModelName, statuses: list[str]
) -> SimModel:
    statuses.append("parsing GGUF")
    for digest in files.values():
        if digest not in call.state.store.blobs:
            path = f"/models/blobs/{digest.replace(':', '-')}"
            raise ApiError(500, f"open {path}: no such file or directory")
    if call.state.behaviour.create_verifies:
        statuses.append("verifying conversion")
    weights = next(iter(files.values())).removeprefix("sha256:")
    return SimModel(name.short, weights=weights)
