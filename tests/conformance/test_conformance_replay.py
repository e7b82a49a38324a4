"""Every recorded exchange again, against the simulator."""

from collections.abc import Awaitable, Callable
import json

import aiohttp
import pytest

from simulator import Reply, SimModel, Simulator
from tests.conformance import tiny
from tests.conformance.applicable import NOT_APPLICABLE, OBSERVED, ONLY_SHAPES
from tests.conformance.support import (
    VERSIONS,
    Recording,
    error_text,
    load,
    shape,
    without_thinking_runs,
)

Client = Callable[..., Awaitable[object]]
HEADERS = {
    "forbidden_origin_403.txt": {"Origin": "http://evil.example"},
    "cors_preflight.txt": {
        "Origin": "http://evil.example",
        "Access-Control-Request-Method": "POST",
    },
    "foreign_host_header_403.txt": {"Host": "evil.example"},
}
HI = [{"role": "user", "content": "Hi"}]
# Requests that came before, by the beginning of the file name, longest first.
BEFORE: dict[str, list[tuple[str, str, dict[str, object]]]] = {
    "ps_after_unload": [("POST", "/api/generate", {"model": "tiny-native"})],
    "ps_loaded": [("POST", "/api/generate", {"model": "tiny-plain"})],
    "ps_keep_alive_30s": [("POST", "/api/generate", {"model": "tiny-plain", "keep_alive": "30s"})],
    "ps_keep_alive_forever": [("POST", "/api/generate", {"model": "tiny-plain", "keep_alive": -1})],
    "ps_many_loaded": [
        ("POST", "/api/generate", {"model": name})
        for name in ("tiny-native", "tiny-random", "tiny-think")
    ],
    "ps_context_length_256": [
        ("POST", "/api/generate", {"model": "tiny-native"}),
        ("POST", "/api/embed", {"model": "tiny-embed", "input": "x"}),
        ("POST", "/api/generate", {"model": "tiny-plain", "options": {"num_ctx": 256}}),
    ],
    "ps_num_ctx_above_trained": [
        ("POST", "/api/embed", {"model": "tiny-embed", "input": "x"}),
        ("POST", "/api/generate", {"model": "tiny-native", "options": {"num_ctx": 256}}),
        ("POST", "/api/generate", {"model": "tiny-plain", "options": {"num_ctx": 100000}}),
    ],
    "chat_unload": [("POST", "/api/generate", {"model": "tiny-random"})],
    "generate_unload.": [("POST", "/api/generate", {"model": "tiny-plain"})],
    "delete_ok": [("POST", "/api/copy", {"source": "tiny-plain", "destination": "tiny-copy"})],
    "blob_head_after": [("POST", "/api/blobs/sha256:<digest>", {})],
    "delete_pulled_ok": [
        ("POST", "/api/pull", {"model": "127.0.0.1:5055/library/tiny-pulled", "stream": False})
    ],
    "tags_after_pull": [
        ("POST", "/api/pull", {"model": "127.0.0.1:5055/library/tiny-pulled", "stream": False})
    ],
    "pull_ok_again": [
        ("POST", "/api/pull", {"model": "127.0.0.1:5055/library/tiny-pulled", "stream": False})
    ],
    "create_stream": [
        (
            "POST",
            "/api/blobs/sha256:df7efc35eb960ce569c9680fcae8c7a660707f2ae474e78b822ebdec48e70267",
            {},
        )
    ],
}


def exchanges() -> list[pytest.ParameterSet]:
    skipped = {*OBSERVED, *NOT_APPLICABLE}
    return [
        pytest.param(recording, id=f"{version}-{recording.file}")
        for version in VERSIONS
        for recording in load(version)
        if recording.file not in skipped
    ]


def prepare(sim: Simulator, recording: Recording) -> None:
    """Script what cannot follow from the request."""
    pulled = "127.0.0.1:5055/library/tiny-pulled"
    sim.pull_plan(pulled, model=SimModel(pulled, capabilities=("completion", "tools")))
    file = recording.file
    request = recording.entry["request"]
    if file.startswith("chat_runner_crash"):
        pieces = [line["message"]["content"] for line in recording.lines if "message" in line]
        sim.script(Reply(chunks=pieces, error=recording.lines[-1]["error"]))
    elif file == "pull_no_dns_stream.jsonl":
        sim.pull_plan(request["model"], error=recording.lines[-1]["error"])
    elif file.startswith("pull_unknown_model"):
        sim.pull_plan(request["model"], error="pull model manifest: file does not exist")
    elif isinstance(request, dict) and isinstance(request.get("format"), str | dict):
        lines = [line for line in recording.lines if "message" in line]
        # What a model says inside a schema is its own affair: let it say the recorded words.
        said = [line["message"]["content"] for line in lines if "thinking" not in line["message"]]
        stream = file.endswith(".jsonl")
        chunks = said[:-1] if stream else said
        if "cut_by_num_predict" in file:
            chunks = [*said[0]]
        sim.script(Reply(chunks=chunks, thinking=tiny.THINKING))


async def before(sim: Simulator, session: aiohttp.ClientSession, recording: Recording) -> None:
    if recording.file == "tags_empty.json":
        for model in tiny.models(recording.version):
            sim.remove(model.name)
    if recording.file == "tags_after_pull.json":
        for model in tiny.models(recording.version):
            sim.remove(model.name)
    for start, requests in BEFORE.items():
        if not recording.file.startswith(start):
            continue
        for method, path, body in requests:
            answer = await session.request(method, sim.url + path, json=body)
            await answer.read()
            assert answer.status in (200, 201), await answer.text()


@pytest.mark.parametrize("recording", exchanges())
async def test_replay(recording: Recording) -> None:
    entry = recording.entry
    models = tiny.models(recording.version)
    async with (
        Simulator(version=recording.version, models=models, brain=tiny.brain) as sim,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session,
    ):
        prepare(sim, recording)
        await before(sim, session, recording)
        answer = await session.request(
            entry["method"],
            sim.url + entry["path"],
            data=recording.request_body,
            headers={"Content-Type": "application/json", **HEADERS.get(recording.file, {})},
        )
        body = (await answer.read()).decode()
        compare_head(recording, answer)
        if recording.file.endswith(".txt"):
            assert body == recording.body
            return
        got = Recording(recording.version, recording.file, entry, body)
        compare_lines(recording, got)
        assert sim.requests[-1].finished
        assert sim.requests[-1].status == entry["status"]


def compare_head(recording: Recording, answer: aiohttp.ClientResponse) -> None:
    assert answer.status == recording.entry["status"]
    headers = recording.entry["response_headers"]
    for name in ("content-type", "allow"):
        assert answer.headers.get(name) == headers.get(name), name
    if "transfer-encoding" not in headers and int(headers.get("content-length", 1)) == 0:
        assert answer.headers["content-length"] == "0"


def compare_lines(recording: Recording, got: Recording) -> None:
    expected_shapes = without_thinking_runs([shape(line) for line in recording.lines])
    shapes = without_thinking_runs([shape(line) for line in got.lines])
    assert [error_text(line) for line in got.lines if error_text(line)] == [
        error_text(line) for line in recording.lines if error_text(line)
    ]
    if recording.file in ONLY_SHAPES:
        assert shapes[0] == expected_shapes[0]
        assert shapes[-1] == expected_shapes[-1]
        assert {json.dumps(one) for one in shapes} <= {json.dumps(one) for one in expected_shapes}
        return
    assert shapes == expected_shapes
    for line, expected in zip(got.lines[-1:], recording.lines[-1:], strict=True):
        compare_values(line, expected)
        # The vocabulary of the tiny models has whole pieces of tool lists, calls and thinking.
        request = recording.entry["request"]
        has_tools = isinstance(request, dict) and bool(request.get("tools"))
        if not has_tools:
            assert line.get("prompt_eval_count") == expected.get("prompt_eval_count")
        if not has_tools and '"thinking"' not in recording.body:
            assert line.get("eval_count") == expected.get("eval_count")


def compare_values(line: dict[str, object], expected: dict[str, object]) -> None:
    for name in ("done", "done_reason", "version", "status", "response"):
        assert line.get(name) == expected.get(name), name
    assert listed(line) >= listed(expected)
    if "expires_at" in json.dumps(expected):
        assert listed(line) == listed(expected)
    message, recorded = line.get("message"), expected.get("message")
    if isinstance(message, dict) and isinstance(recorded, dict):
        for name in ("content", "thinking"):
            assert message.get(name) == recorded.get(name), name


def listed(line: dict[str, object]) -> set[tuple[object, ...]]:
    """Names, windows and capabilities in an answer of ``tags`` or ``ps``."""
    models = line.get("models")
    if not isinstance(models, list):
        return set()
    return {
        (model["name"], model.get("context_length"), *model.get("capabilities", ()))
        for model in models
    }


def test_tiny_models_are_those_of_the_recordings() -> None:
    recorded = json.loads((VERSIONS["0.32.15"] / "tags.json").read_text(encoding="utf-8"))
    known = {model.name for model in tiny.models("0.32.15")}
    assert {model["name"] for model in recorded["models"]} <= known
