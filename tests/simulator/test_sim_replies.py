"""What becomes of a scripted reply."""

from itertools import count
import json
from typing import Any

import aiohttp
import pytest

from simulator import ChatRequest, Reply, SimModel, Simulator, ToolCall
from tests.simulator.helpers import TOOLS, chat, chat_body, content, post

CALL = ToolCall("turn_on", {"name": "Lamp"})
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "level": {"enum": ["low", "high"]},
        "count": {"type": "integer", "minimum": 3},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "minItems": 2},
        "note": {"type": "string", "maxLength": 5},
        "maybe": {"anyOf": [{"type": "null"}, {"type": "string"}]},
    },
    "required": ["level", "count", "tags", "note"],
    "$defs": {"tag": {"type": "string"}},
}


async def test_script_is_first_come_first_served(
    sim: Simulator, session: aiohttp.ClientSession
) -> None:
    sim.script(Reply("one"), Reply("two"))
    said = [content(await chat(session, sim)) for _ in range(3)]
    assert said == ["one", "two", "The kitchen lamp is now on."]
    sim.script(Reply("never"))
    sim.clear_script()
    status, body = await post(
        session, sim, "/api/generate", {"model": "test:1b", "prompt": "x", "stream": False}
    )
    assert (status, body["response"]) == (200, "The kitchen lamp is now on.")


async def test_priming_leaves_the_script_alone(
    sim: Simulator, session: aiohttp.ClientSession
) -> None:
    """A request for one token only warms the prompt cache (fact 25)."""
    sim.script(Reply("for the real one"))
    primed = await chat(session, sim, "Hi there", options={"num_predict": 1})
    assert primed[-1]["done_reason"] == "length"
    assert content(await chat(session, sim, "Hi there")) == "for the real one"
    assert sim.chats[1].cached_tokens == sim.chats[1].prompt_tokens - 1


async def test_brain_sees_the_request(session: aiohttp.ClientSession) -> None:
    seen: list[ChatRequest] = []

    def brain(request: ChatRequest) -> Reply:
        seen.append(request)
        return Reply(f"{request.last_user_text}!")

    models = (SimModel("test:1b", capabilities=("completion", "tools")),)
    async with Simulator(models=models, brain=brain) as sim:
        assert content(await chat(session, sim, "Hello", tools=TOOLS)) == "Hello!"
        sim.set_brain(lambda request: Reply("other"))
        assert content(await chat(session, sim)) == "other"
    assert seen[0].tool_names == ("turn_on",)
    assert seen[0].kind == "chat"
    assert seen[0].stream


async def test_explicit_chunks_are_lines(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.script(Reply(chunks=("a", "bc", " d")))
    lines = await chat(session, sim)
    assert [line["message"]["content"] for line in lines] == ["a", "bc", " d", ""]
    assert lines[-1]["eval_count"] == 4


async def test_endless_chunks_stop_at_ten_windows(
    sim: Simulator, session: aiohttp.ClientSession
) -> None:
    sim.script(Reply(chunks=(f" {number}" for number in count())))
    lines = await chat(session, sim, options={"num_ctx": 64})
    assert len(lines) == 641
    assert lines[-1]["done_reason"] == "length"


async def test_no_done_line(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.script(Reply("just this", done=False))
    lines = await chat(session, sim)
    assert [line["done"] for line in lines] == [False, False]
    assert sim.chats[0].finished
    sim.script(Reply("", done=False))
    assert await chat(session, sim) == []


async def test_error_in_the_middle_and_before(
    sim: Simulator, session: aiohttp.ClientSession
) -> None:
    sim.script(Reply("one two", error="boom"), Reply(error="boom", error_status=503))
    lines = await chat(session, sim)
    assert lines[-1] == {"error": "boom"}
    assert len(lines) == 3
    assert sim.chats[0].status == 200
    assert await chat(session, sim) == [{"error": "boom"}]
    assert sim.chats[1].status == 503


async def test_raw_lines(sim: Simulator, session: aiohttp.ClientSession) -> None:
    raw = (b'{"message":{"content":"x"}}', b"not json\n", b"")
    sim.script(Reply(raw_lines=raw), Reply(raw_lines=raw))
    async with session.post(f"{sim.url}/api/chat", json=chat_body()) as answer:
        assert await answer.read() == raw[0] + b"\nnot json\n\n"
    async with session.post(f"{sim.url}/api/chat", json=chat_body(stream=False)) as answer:
        assert (await answer.read()).startswith(raw[0])


async def test_counts_can_be_given(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.script(Reply("x", prompt_tokens=1234, completion_tokens=56, done_reason="other"))
    last = (await chat(session, sim))[-1]
    assert (last["prompt_eval_count"], last["eval_count"]) == (1234, 56)
    assert last["done_reason"] == "other"


@pytest.mark.parametrize(
    ("layout", "lines", "in_last", "id_length"),
    [("template", 3, False, 13), ("parser", 3, False, 13), ("native", 2, True, 32)],
)
async def test_tool_call_layouts(
    layout: Any, lines: int, in_last: bool, id_length: int, session: aiohttp.ClientSession
) -> None:
    model = SimModel("test:1b", capabilities=("completion", "tools"), layout=layout)
    async with Simulator(models=(model,)) as sim:
        sim.script(Reply("Sure.", tool_calls=(CALL,)))
        got = await chat(session, sim, tools=TOOLS)
        assert len(got) == lines
        place = got[-1] if in_last else got[-2]
        assert place["done"] is in_last
        (call,) = place["message"]["tool_calls"]
        assert call["function"] == {"index": 0, "name": "turn_on", "arguments": {"name": "Lamp"}}
        assert len(call["id"]) == id_length


async def test_tools_that_were_not_offered_vanish(
    sim: Simulator, session: aiohttp.ClientSession
) -> None:
    other = ToolCall("other")
    sim.script(Reply("Sure.", tool_calls=(other, CALL)), Reply(tool_calls=(other,)))
    lines = await chat(session, sim, tools=TOOLS)
    calls = [call for line in lines for call in line["message"].get("tool_calls", ())]
    assert [(call["function"]["name"], call["function"]["index"]) for call in calls] == [
        ("turn_on", 0)
    ]
    (only,) = await chat(session, sim, tools=TOOLS)
    assert only["message"] == {"role": "assistant", "content": ""}
    assert only["eval_count"] > 1


async def test_call_cut_by_num_predict(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.script(Reply("Sure.", tool_calls=(CALL,)))
    lines = await chat(session, sim, tools=TOOLS, options={"num_predict": 4})
    assert "tool_calls" not in json.dumps(lines)
    assert lines[-1]["done_reason"] == "length"


async def test_thinking(sim: Simulator, session: aiohttp.ClientSession) -> None:
    reply = Reply("yes", thinking="let me see")
    sim.script(reply, reply, reply)
    lines = await chat(session, sim)
    assert [line["message"].get("thinking") for line in lines] == ["let", " me", " see", None, None]
    assert all(line["message"]["content"] == "" for line in lines[:3])
    lines = await chat(session, sim, think=False)
    assert len(lines) == 2
    _, whole = await post(session, sim, "/api/chat", chat_body(stream=False, think="low"))
    assert whole["message"]["thinking"] == "let me see"


@pytest.mark.parametrize("content_given", ["", "no JSON at all", '{"level": "none"}'])
async def test_format_makes_an_instance(
    content_given: str, sim: Simulator, session: aiohttp.ClientSession
) -> None:
    sim.script(Reply(content_given, tool_calls=(CALL,)))
    lines = await chat(session, sim, "The level is high", format=SCHEMA, tools=TOOLS)
    value = json.loads(content(lines))
    assert value["level"] == "high"
    assert value["count"] == 3
    assert value["maybe"] is None
    assert [type(tag) for tag in value["tags"]] == [str, str]
    assert 0 < len(value["note"]) <= 5
    assert "tool_calls" not in json.dumps(lines)


async def test_format_keeps_a_valid_answer(sim: Simulator, session: aiohttp.ClientSession) -> None:
    given = {"level": "low", "count": 7, "tags": ["a"], "note": "ok", "more": 1}
    broken = ('{"level"', ": oops")
    sim.script(Reply(json.dumps(given)), Reply(chunks=broken), Reply("hello"))
    assert json.loads(content(await chat(session, sim, format=SCHEMA))) == given
    # Explicit chunks go out as they are, to test what a client does with them.
    assert content(await chat(session, sim, format=SCHEMA)) == "".join(broken)
    assert json.loads(content(await chat(session, sim, format="json"))) == {"answer": "hello"}


@pytest.mark.parametrize(
    ("stop", "said"),
    [(["fo"], "one two three "), ([" two", "one"], ""), (["e t"], "on"), (["absent"], None)],
)
async def test_stop_sequences(
    stop: list[str], said: str | None, sim: Simulator, session: aiohttp.ClientSession
) -> None:
    whole = "one two three four"
    sim.script(Reply(whole, thinking="two"))
    lines = await chat(session, sim, options={"stop": stop})
    assert content(lines) == (whole if said is None else said)
    assert lines[-1]["done_reason"] == "stop"


async def test_repetition_aborts(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.script(Reply(chunks=[" ha"] * 100), Reply(chunks=[" ", "\n"] * 50), Reply(" a b" * 100))
    assert len(await chat(session, sim)) == 31
    assert len(await chat(session, sim)) == 30
    assert (await chat(session, sim))[-1]["done"]


async def test_many_chunks(sim: Simulator, session: aiohttp.ClientSession) -> None:
    sim.script(Reply(chunks=[f"{number} " for number in range(5000)]))
    lines = await chat(session, sim)
    assert len(lines) == 5001
    assert sim.chats[0].lines == 5001
    assert content(lines).split() == [str(number) for number in range(5000)]


async def test_unusual_characters(sim: Simulator, session: aiohttp.ClientSession) -> None:
    text = 'é <b>&"\\\u2028 日本語 🙂 \x00'
    sim.script(Reply(text), Reply(text))
    async with session.post(f"{sim.url}/api/chat", json=chat_body(stream=False)) as answer:
        body = await answer.text()
    assert "\\u003cb\\u003e\\u0026" in body
    assert "日本語 🙂" in body
    assert json.loads(body)["message"]["content"] == text
    assert content(await chat(session, sim)) == text
