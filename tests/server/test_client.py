"""The client's requests over real HTTP: what it sends, reads, refuses, and waits for."""

import asyncio
from collections.abc import AsyncGenerator
import contextlib
from dataclasses import replace
from datetime import UTC, datetime
import json
from typing import Any

import ollama
import pytest

from custom_components.ollama.server import (
    AnswerInvalidError,
    AuthenticationError,
    ChatRequest,
    CloudModelError,
    LoadedModel,
    ModelMissingError,
    OllamaError,
    OllamaServer,
    Priority,
    Privacy,
    PublicServerError,
    Query,
    RequestQueue,
    RequestRejectedError,
    ServerBusyError,
    ServerFailedError,
    ServerUnreachableError,
    TooSlowError,
    Usage,
)
from simulator import Fault, Rates, Reply, SimModel, Simulator

from ..common import EMBEDDING_MODEL, MODEL, PLAIN_MODEL
from ..conftest import SHORT_LIMITS
from .conftest import MakeServer, OddServer

TAGS, PS, SHOW = "/api/tags", "/api/ps", "/api/show"
PLAIN = '{"capabilities": ["completion"], "model_info": {}}'
"""What `show` tells of a model that can nothing but talk."""
GENERATE, EMBED, DELETE, CHAT = "/api/generate", "/api/embed", "/api/delete", "/api/chat"


def sent(sim: Simulator, path: str) -> list[Any]:
    return [request.body for request in sim.requests if request.path == path]


def chat_request(text: str = "Hello", model: str = MODEL) -> ChatRequest:
    return ChatRequest(model, [ollama.Message(role="user", content=text)])


def new_query() -> Query:
    return Query("ask", "one", MODEL, asyncio.get_running_loop().time)


async def answer(
    server: OllamaServer, text: str = "Hello", model: str = MODEL
) -> tuple[str, Query]:
    """Return what is answered, and what it took."""
    query = new_query()
    async with contextlib.aclosing(server.async_chat(chat_request(text, model), query)) as chunks:
        texts = [chunk.message.content or "" async for chunk in chunks]
    return "".join(texts), query


async def until(condition: Any) -> None:
    async with asyncio.timeout(2):
        while not condition():
            await asyncio.sleep(0.005)


# -- models in memory ------------------------------------------------------------


async def test_running(sim: Simulator, server: OllamaServer):
    assert await server.async_running() == []
    sim.install(SimModel("half:1b", 1_000_000_000, vram_share=0.5))
    await server.async_load("half:1b", num_ctx=2048, keep_alive=-1)
    (loaded,) = await server.async_running()
    assert (loaded.name, loaded.context_length, loaded.expires_at) == ("half:1b", 2048, None)
    assert loaded.size > loaded.gpu_size > 0
    await server.async_load("half:1b", num_ctx=2048, keep_alive=60)
    (loaded,) = await server.async_running()
    assert loaded.expires_at is not None


async def test_load(sim: Simulator, server: OllamaServer):
    """As asked for, or as the server wants it where nothing is said."""
    await server.async_load(MODEL, num_ctx=4096, keep_alive=30)
    await server.async_load(PLAIN_MODEL)
    assert set(sim.loaded) == {MODEL, PLAIN_MODEL}
    first, second = sent(sim, GENERATE)
    assert (first["options"], first["keep_alive"]) == ({"num_ctx": 4096}, 30)
    assert not first.get("prompt")
    assert not second.get("options")
    assert second.get("keep_alive") is None
    # The tag may be left out.
    sim.install(SimModel("fable"))
    await server.async_load("fable")
    assert "fable:latest" in sim.loaded


async def test_load_embedding_model(sim: Simulator, server: OllamaServer):
    """It takes no prompt."""
    await server.async_load(EMBEDDING_MODEL, keep_alive=30)
    assert sim.loaded == (EMBEDDING_MODEL,)
    assert sent(sim, EMBED)[0]["input"] == []
    assert sent(sim, EMBED)[0]["keep_alive"] == 30
    await server.async_unload(EMBEDDING_MODEL)
    assert sim.loaded == ()


async def test_load_what_is_missing(sim: Simulator, server: OllamaServer):
    with pytest.raises(ModelMissingError):
        await server.async_load("nobody:1b")
    with pytest.raises(ModelMissingError):
        await server.async_unload("nobody:1b")
    assert sim.loaded == ()


async def test_load_has_the_time_of_a_first_chunk(sim: Simulator, make_server: MakeServer):
    """A large model takes longer than a question that is answered from memory."""
    limits = replace(SHORT_LIMITS, short=0.2, first_chunk=2.0)
    server = make_server(sim.url, limits=limits)
    sim.install(SimModel("large:70b", load_seconds=0.4))
    await server.async_load("large:70b")
    assert sim.loaded == ("large:70b",)
    sim.install(SimModel("huge:400b", load_seconds=5))
    slow = make_server(sim.url, limits=replace(limits, first_chunk=0.2))
    with pytest.raises(TooSlowError):
        await slow.async_load("huge:400b")


async def test_load_that_fails(sim: Simulator, server: OllamaServer):
    sim.install(SimModel("broken:1b", load_error="unable to load model"))
    with pytest.raises(ServerFailedError) as caught:
        await server.async_load("broken:1b")
    assert "unable to load model" in caught.value.translation_placeholders["detail"]


async def test_load_no_cloud_model(sim: Simulator, server: OllamaServer):
    sim.install(SimModel("gpt-oss:120b-cloud"))
    with pytest.raises(CloudModelError):
        await server.async_load("gpt-oss:120b-cloud")
    assert sim.requests == []
    server.privacy = Privacy(allow_cloud_models=True)
    # The server's own switch is off.
    with pytest.raises(RequestRejectedError):
        await server.async_load("gpt-oss:120b-cloud")


async def test_unload(sim: Simulator, server: OllamaServer):
    """It is taken out of memory, and it is no error when it isn't there."""
    await server.async_load(MODEL)
    await server.async_unload(MODEL)
    await server.async_unload(MODEL)
    assert sim.loaded == ()
    assert sent(sim, GENERATE)[-1]["keep_alive"] == 0


async def test_delete(sim: Simulator, server: OllamaServer):
    """What was known of it goes too: another may come under its name."""
    before = await server.models.async_refresh()
    await server.models.async_details(MODEL)
    await server.async_delete(MODEL)
    assert server.models.known_details(MODEL) is None
    assert MODEL not in server.models.installed
    assert len(await server.async_list()) == len(before) - 1
    with pytest.raises(ModelMissingError):
        await server.async_delete(MODEL)
    sim.install(SimModel(MODEL, capabilities=("embedding",)))
    assert not (await server.models.async_details(MODEL)).chats


async def test_nobody_is_overtaken(sim: Simulator, server: OllamaServer):
    """Who asks when the answer has just come is told after those who wait for it."""
    told: list[int] = []

    async def ask(number: int) -> None:
        await server.models.async_details(MODEL)
        told.append(number)

    asking: list[asyncio.Task[None]] = []
    while not told:
        asking.append(asyncio.create_task(ask(len(asking))))
        await asyncio.sleep(0)
    await asyncio.gather(*asking)
    assert told == sorted(told)
    assert len(sent(sim, SHOW)) == 1


async def test_who_gives_up_leaves_no_error(server: OllamaServer, monkeypatch: pytest.MonkeyPatch):
    """Also where the request, broken off, ends as a failed one: that would be told as lost."""

    async def show(model: str) -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError as err:
            raise ServerUnreachableError from err

    await server.models.async_refresh()
    monkeypatch.setattr(server, "async_show", show)
    asking = asyncio.create_task(server.models.async_details(MODEL))
    await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.sleep(0.01)


async def test_a_failed_delete_forgets_nothing(sim: Simulator, server: OllamaServer):
    await server.models.async_details(MODEL)
    sim.fault(Fault.HTTP_500, path=DELETE)
    with pytest.raises(ServerFailedError):
        await server.async_delete(MODEL)
    assert server.models.known_details(MODEL) is not None


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.GARBAGE, AnswerInvalidError),
        (Fault.WRONG_CONTENT_TYPE, AnswerInvalidError),
        (Fault.NOT_OLLAMA, AnswerInvalidError),
        (Fault.HTTP_500, ServerFailedError),
        (Fault.HTTP_503, ServerBusyError),
        (Fault.HANG, TooSlowError),
        (Fault.HTTP_401, AuthenticationError),
        (Fault.REFUSE, ServerUnreachableError),
    ],
)
async def test_faults_have_names(
    sim: Simulator, make_server: MakeServer, fault: Fault, error: type[OllamaError]
):
    server = make_server(sim.url, limits=replace(SHORT_LIMITS, short=0.1, first_chunk=0.1))
    await server.models.async_details(MODEL)
    sim.fault(fault, times=None)
    for ask in (
        server.async_version(),
        server.async_list(),
        server.async_running(),
        server.async_show(MODEL),
        server.async_load(MODEL),
        server.async_unload(MODEL),
    ):
        with pytest.raises(OllamaError) as caught:
            await ask
        assert type(caught.value) is error
    sim.clear_faults()


# -- nonsense --------------------------------------------------------------------


@pytest.mark.parametrize("path", [TAGS, PS])
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"models": None},
        {"models": []},
        {"models": {}},
        {"models": "none"},
        {"models": 5},
        {"models": [None, 5, "x", [], True]},
        {"models": [{}, {"model": None}, {"model": 5}, {"model": "  "}, {"size": 3}]},
        {"other": [{"model": "x:1b"}]},
    ],
    ids=str,
)
async def test_lists_of_nothing(
    odd: OddServer, make_server: MakeServer, path: str, body: dict[str, Any]
):
    """What has no name can't be used, and costs nothing else."""
    odd.bodies[path] = json.dumps(body)
    server = make_server(odd.url)
    ask = server.async_list if path == TAGS else server.async_running
    assert await ask() == []


@pytest.mark.parametrize("path", [TAGS, PS])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"5",
        b'"models"',
        b"{",
        b'{"models": [',
        b"\xff\xfe",
        b"<html>",
        b"\x00",
    ],
)
async def test_no_lists_at_all(odd: OddServer, make_server: MakeServer, path: str, body: bytes):
    odd.bodies[path] = body
    server = make_server(odd.url)
    ask = server.async_list if path == TAGS else server.async_running
    with pytest.raises(AnswerInvalidError):
        await ask()


async def test_brackets_without_end(odd: OddServer, make_server: MakeServer):
    """What Python's parser gives up on is an invalid answer like any other."""
    odd.bodies = {TAGS: b'{"models":' + b"[" * 200_000, CHAT: b"[" * 200_000 + b"\n"}
    server = make_server(odd.url)
    with pytest.raises(AnswerInvalidError):
        await server.async_list()
    with pytest.raises(AnswerInvalidError):
        await answer(server)


async def test_odd_models_beside_a_good_one(odd: OddServer, make_server: MakeServer):
    good = {"name": "good:1b", "model": "good:1b", "size": 5, "details": {"family": "llama"}}
    strange = [
        {"model": "negative:1b", "size": -5, "size_vram": -1, "context_length": -8},
        {"model": "text:1b", "size": "big", "expires_at": "soon", "details": "none"},
        {"model": "null:1b", "size": None, "expires_at": None, "details": None},
        {"model": "never:1b", "expires_at": "0000-00-00T00:00:00Z"},
        {"model": "zero:1b", "expires_at": "0001-01-01T00:00:00Z"},
        {"model": "ever:1b", "expires_at": "2319-01-30T10:00:00.5+01:00"},
        {"name": "old:1b", "digest": ["a"], "capabilities": {"tools": True}},
        {"model": "nan:1b", "size": float("nan"), "size_vram": float("inf")},
        {"model": "huge:1b", "size": 10**400, "size_vram": 1e300, "context_length": 2**70},
        {"model": "half\ud800:1b", "digest": "\udfff"},
    ]
    body = json.dumps({"models": [*strange, good, 7]})
    odd.bodies = {TAGS: body, PS: body}
    server = make_server(odd.url)
    installed = {model.name: model for model in await server.async_list()}
    loaded = {model.name: model for model in await server.async_running()}
    names = {"negative:1b", "text:1b", "null:1b", "never:1b", "zero:1b", "ever:1b", "old:1b"}
    names |= {"nan:1b", "huge:1b", "half:1b", "good:1b"}
    assert set(installed) == set(loaded) == names
    assert (installed["good:1b"].size, installed["good:1b"].family) == (5, "llama")
    assert installed["negative:1b"].size == 0
    assert installed["old:1b"].capabilities == ()
    assert all(model.expires_at is None for model in loaded.values())
    assert [name for name, model in loaded.items() if model.stays] == ["ever:1b"]
    assert loaded["negative:1b"] == LoadedModel("negative:1b", 0, 0, 0, None)
    assert loaded["huge:1b"].size == loaded["huge:1b"].gpu_size > 0


async def test_a_thousand_models(odd: OddServer, make_server: MakeServer):
    models = [{"model": f"m{number}:1b", "size": number} for number in range(1000)]
    odd.bodies = {TAGS: json.dumps({"models": models})}
    server = make_server(odd.url)
    installed = await server.models.async_refresh()
    assert [model.size for model in installed] == list(range(1000))
    assert len(server.models.installed) == 1000


@pytest.mark.parametrize("version", [None, 5, True, [], {}])
async def test_a_version_that_is_none(odd: OddServer, make_server: MakeServer, version: Any):
    odd.bodies["/api/version"] = json.dumps({"version": version})
    with pytest.raises(AnswerInvalidError):
        await make_server(odd.url).async_version()


@pytest.mark.parametrize(
    ("length", "known"),
    [
        ("8192", 8192),
        ("8192.0", 8192),
        ("NaN", None),
        ("Infinity", None),
        ("-1", None),
        ("true", None),
        ('"8192"', None),
        ("null", None),
        ("1" + "0" * 400, 2**48),
    ],
    ids=lambda value: str(value)[:10],
)
async def test_any_context_length(
    odd: OddServer, make_server: MakeServer, length: str, known: int | None
):
    odd.bodies[SHOW] = (
        f'{{"capabilities": ["completion"], "model_info": {{"llama.context_length": {length}}}}}'
    )
    details = await make_server(odd.url).async_show("x:1b")
    assert details.context_length == known
    assert details.chats


@pytest.mark.parametrize("body", ["{}", '{"models": [{"model": "x:1b"}]}'])
async def test_details_of_what_is_not_listed(odd: OddServer, make_server: MakeServer, body: str):
    """A server that leaves a model out of its list may know it all the same."""
    odd.bodies = {TAGS: body, SHOW: PLAIN}
    server = make_server(odd.url)
    assert (await server.models.async_details("x:1b")).chats
    # There is no digest that could tell whether it is still the same.
    assert server.models.known_details("x:1b") is None


async def test_a_remote_model_in_disguise(odd: OddServer, make_server: MakeServer):
    """The server says that it passes a model on, so that its name doesn't matter."""
    listed = {"model": "butler:latest", "digest": "a", "remote_host": "https://ollama.com:443"}
    odd.bodies = {
        TAGS: json.dumps({"models": [listed]}),
        SHOW: PLAIN,
        CHAT: '{"message": {"role": "assistant", "content": "Yes?"}, "done": true}\n',
    }
    server = make_server(odd.url, privacy=Privacy())
    await server.models.async_details("butler")
    for name in ("butler", "butler:latest"):
        with pytest.raises(CloudModelError):
            await answer(server, model=name)
        with pytest.raises(CloudModelError):
            await server.async_load(name)
    assert CHAT not in odd.paths
    server.privacy = Privacy(allow_cloud_models=True)
    assert (await answer(server, model="butler"))[0] == "Yes?"


# -- redirections ----------------------------------------------------------------


async def _ask_for_everything(server: OllamaServer) -> AsyncGenerator[BaseException | None]:
    async def chat() -> None:
        await answer(server)

    async def pull() -> None:
        async for _ in server.async_pull("x:1b"):
            pass

    for ask in (
        server.async_version,
        server.async_list,
        server.async_running,
        lambda: server.async_show("x:1b"),
        lambda: server.async_unload("x:1b"),
        lambda: server.async_delete("x:1b"),
        chat,
        pull,
    ):
        try:
            await ask()
        except OllamaError as err:
            yield err
        else:
            yield None


async def test_redirected_to_another_host(odd: OddServer, sim: Simulator, make_server: MakeServer):
    """It could lead out of the home: nothing is sent there, least of all a key."""
    for path in ("version", "tags", "ps", "show", "generate", "delete", "chat", "pull"):
        odd.redirects[f"/api/{path}"] = f"http://localhost:{sim.port}/api/{path}"
    server = make_server(odd.url, privacy=Privacy(), api_key="secret")
    errors = [type(err) async for err in _ask_for_everything(server)]
    assert errors == [AnswerInvalidError] * 8
    assert sim.requests == []


async def test_redirected_over_several_stations(
    odd: OddServer, sim: Simulator, make_server: MakeServer
):
    odd.redirects = {"/api/version": "/elsewhere", "/elsewhere": f"http://localhost:{sim.port}/"}
    with pytest.raises(AnswerInvalidError):
        await make_server(odd.url).async_version()
    assert odd.paths == ["/api/version", "/elsewhere"]
    assert sim.requests == []


async def test_redirected_on_the_same_host(odd: OddServer, sim: Simulator, make_server: MakeServer):
    """A reverse proxy may send to another path or port."""
    odd.redirects = {"/api/tags": "/there/tags"}
    odd.bodies = {"/there/tags": '{"models": [{"model": "x:1b"}]}'}
    odd.redirects["/api/version"] = f"{sim.url}/api/version"
    server = make_server(odd.url)
    assert [model.name for model in await server.async_list()] == ["x:1b"]
    assert await server.async_version() == "0.32.15"


async def test_redirected_in_a_circle(odd: OddServer, make_server: MakeServer):
    odd.redirects = {"/api/version": "/api/version"}
    with pytest.raises(OllamaError):
        await make_server(odd.url).async_version()


# -- queue -----------------------------------------------------------------------


async def test_so_many_answers_at_once(sim: Simulator, make_server: MakeServer):
    """The others wait here, in order, and not in the server's queue."""
    sim.set_rates(Rates(generation_tokens_per_second=100))
    queue = RequestQueue(1)
    server = make_server(sim.url, queue=queue)
    sim.script(*(Reply(f"Answer {number} is here.") for number in range(3)))
    asked = [asyncio.create_task(answer(server, f"Question {n}")) for n in range(3)]
    await until(lambda: sim.chats)
    assert queue.waiting == 2
    assert len(sim.chats) == 1
    answers = [text for text, _ in await asyncio.gather(*asked)]
    assert answers == [f"Answer {number} is here." for number in range(3)]
    said = [request.body["messages"][0]["content"] for request in sim.chats]
    assert said == [f"Question {number}" for number in range(3)]
    for before, after in zip(sim.chats, sim.chats[1:], strict=False):
        assert before.timings.finished_at <= after.timings.received_at
    assert queue.taken == queue.waiting == 0


async def test_a_slot_is_free_after_a_failure(sim: Simulator, make_server: MakeServer):
    queue = RequestQueue(1)
    server = make_server(sim.url, queue=queue, limits=replace(SHORT_LIMITS, first_chunk=0.1))
    for fault in (Fault.HTTP_500, Fault.CUT_MID_STREAM, Fault.HANG, Fault.GARBAGE_MID_STREAM):
        sim.fault(fault, path=CHAT, after_chunks=1)
        with pytest.raises(OllamaError):
            await answer(server)
        assert queue.taken == 0
    assert (await answer(server))[0]


async def test_a_slot_is_free_when_nobody_listens(sim: Simulator, make_server: MakeServer):
    """Whoever goes away leaves the server to the next."""
    queue = RequestQueue(1)
    server = make_server(sim.url, queue=queue)
    sim.fault(Fault.ENDLESS_STREAM, path=CHAT, times=1, after_chunks=1)
    chunks = server.async_chat(chat_request(), new_query())
    await anext(chunks)
    assert queue.taken == 1
    await chunks.aclose()
    assert queue.taken == 0
    sim.fault(Fault.HANG, path=CHAT)
    task = asyncio.create_task(answer(server))
    await until(lambda: len(sim.chats) == 2)
    waiting = asyncio.create_task(answer(server))
    await until(lambda: queue.waiting)
    task.cancel()
    assert (await waiting)[0]
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_waiting_for_a_slot_has_an_end(sim: Simulator, make_server: MakeServer):
    queue = RequestQueue(1)
    server = make_server(sim.url, queue=queue, limits=replace(SHORT_LIMITS, queue=0.05))
    async with queue.async_take(queue.ticket(Priority.SPEECH), 1):
        with pytest.raises(ServerBusyError):
            await answer(server)
        assert sim.requests == []
        assert queue.waiting == 0
        # What takes none of the server's time needs no slot.
        assert await server.async_version()
    assert (await answer(server))[0]


async def test_a_load_comes_in_its_turn(sim: Simulator, make_server: MakeServer):
    """Behind everything that somebody waits for."""
    queue = RequestQueue(1)
    server = make_server(sim.url, queue=queue)
    async with queue.async_take(queue.ticket(Priority.SPEECH), 1):
        load = asyncio.create_task(server.async_load(MODEL))
        await until(lambda: queue.waiting)
        question = asyncio.create_task(answer(server))
        await until(lambda: queue.waiting == 2)
        assert not sent(sim, GENERATE)
    await asyncio.gather(load, question)
    paths = [request.path for request in sim.requests if request.path in (GENERATE, "/api/chat")]
    assert paths == ["/api/chat", GENERATE]


async def test_the_wait_costs_none_of_the_answers_time(sim: Simulator, make_server: MakeServer):
    queue = RequestQueue(1)
    limits = replace(SHORT_LIMITS, first_chunk=0.3, between_chunks=0.3, answer=0.3, queue=2.0)
    server = make_server(sim.url, queue=queue, limits=limits)
    async with queue.async_take(queue.ticket(Priority.SPEECH), 1):
        task = asyncio.create_task(answer(server))
        await asyncio.sleep(0.4)
    assert (await task)[0]


async def test_a_refused_model_takes_no_slot(sim: Simulator, make_server: MakeServer):
    queue = RequestQueue(1)
    server = make_server(sim.url, queue=queue, privacy=Privacy())
    with pytest.raises(CloudModelError):
        await answer(server, model="x:cloud")
    assert queue.taken == 0
    assert sim.requests == []


async def test_figures_come_from_the_server(sim: Simulator, server: OllamaServer):
    """What an answer took is noted in its query, also the wait for the first token."""
    usage = Usage(asyncio.get_running_loop().time, lambda: datetime(2026, 11, 20, tzinfo=UTC))
    query = usage.open("ask", "one", MODEL)
    sim.script(Reply("Four short words here."))
    async with contextlib.aclosing(server.async_chat(chat_request(), query)) as chunks:
        last = [chunk async for chunk in chunks][-1]
    result = usage.close(query, None)
    assert result.figures.generations == 1
    assert result.figures.prompt_tokens == last.prompt_eval_count == sim.chats[0].prompt_tokens
    assert result.figures.completion_tokens == last.eval_count
    assert result.figures.generation_duration == pytest.approx(last.eval_duration / 1e9)
    assert 0 < result.time_to_first_token <= result.duration


async def test_a_cut_answer_counts_nothing_it_does_not_know(sim: Simulator, server: OllamaServer):
    sim.fault(Fault.CUT_MID_STREAM, path=CHAT, after_chunks=2)
    query = new_query()
    with pytest.raises(OllamaError):
        async for _ in server.async_chat(chat_request(), query):
            pass
    assert query.figures.generations == 0
    assert query.time_to_first_token is not None


# -- addresses that entries of core's may hold -------------------------------------


@pytest.mark.parametrize("url", ["http://me:secret@127.0.0.1:{port}", "127.0.0.1:{port}/"])
async def test_an_address_as_core_takes_it(sim: Simulator, make_server: MakeServer, url: str):
    """The client drops what it doesn't need, and the address is looked at all the same."""
    server = make_server(url.format(port=sim.port), privacy=Privacy())
    assert await server.async_version() == "0.32.15"
    assert (await answer(server))[0]


async def test_a_public_address_with_credentials(make_server: MakeServer):
    server = make_server("http://me:secret@8.8.8.8:11434", privacy=Privacy())
    with pytest.raises(PublicServerError):
        await server.async_version()


async def test_details_without_all_that_is_usual(odd: OddServer, make_server: MakeServer):
    """A fork that tells nothing of a model's insides can still be talked to."""
    odd.bodies[TAGS] = '{"models": [{"model": "small:latest", "digest": "1"}]}'
    odd.bodies[SHOW] = '{"capabilities": ["completion", 5, null]}'
    details = await make_server(odd.url).async_show("small")
    assert details.capabilities == {"completion"}
    assert details.context_length is None
