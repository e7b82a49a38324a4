"""What of a talk is sent: whole exchanges, the newest ones, and seldom another beginning."""

from itertools import pairwise
from typing import Any

from homeassistant.components import conversation
from homeassistant.helpers import llm
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ollama.agent.fitting import content_size, fitted
from custom_components.ollama.agent.messages import to_message
from custom_components.ollama.server import message_size, text_size

texts = st.text(max_size=40)


def log(exchanges: list[tuple[str, str]], question: str = "Now?") -> list[conversation.Content]:
    content: list[conversation.Content] = [conversation.SystemContent(content="Be brief.")]
    for asked, answered in exchanges:
        content.append(conversation.UserContent(content=asked))
        content.append(conversation.AssistantContent(agent_id="a", content=answered))
    return [*content, conversation.UserContent(content=question)]


def history(content: list[conversation.Content]) -> list[conversation.Content]:
    """Return what stands between the system text and the last sentence."""
    return content[1:-1]


def size(content: list[conversation.Content]) -> int:
    return sum(map(content_size, content))


@given(
    st.lists(st.tuples(texts, texts), max_size=15),
    st.integers(-100, 2000),
    st.integers(0, 20),
)
@settings(deadline=None, max_examples=300)
def test_what_is_left(exchanges: list[tuple[str, str]], room: int, dropped: int):
    content = log(exchanges)
    kept, out = fitted(content, room, dropped, content_size)
    assert kept[0] is content[0]
    assert kept[-1] is content[-1]
    assert kept[1].role == "user"
    assert history(kept) == history(content)[2 * out :], "whole exchanges, the oldest first"
    assert size(history(kept)) <= max(0, room)
    assert out >= min(dropped, len(exchanges)), "what is out stays out"
    if size(history(content)[2 * dropped :]) <= room:
        assert out == min(dropped, len(exchanges)), "nothing goes that fits"


def test_many_go_at_once():
    """So that a server reads the prompt anew only now and then."""
    dropped, beginnings = 0, []
    for count in range(100):
        content = log([("How are you?", "Fine, thank you.")] * count)
        kept, dropped = fitted(content, 1000, dropped, content_size)
        beginnings.append(dropped)
        assert size(history(kept)) <= 1000
    changes = sum(before != after for before, after in pairwise(beginnings))
    assert beginnings[-1] > 80
    assert changes <= 100 / 5
    assert beginnings == sorted(beginnings)


def test_a_tool_and_its_result_go_together():
    call = llm.ToolInput(tool_name="get_state", tool_args={"name": "Lamp"}, id="1")
    content = log([("One", "1"), ("Two", "2")])
    content[2:3] = [
        conversation.AssistantContent(agent_id="a", content=None, tool_calls=[call]),
        conversation.ToolResultContent(
            agent_id="a",
            tool_call_id="1",
            tool_name="get_state",
            result=llm.ToolResult(data={"state": "on" * 500}),
        ),
        conversation.AssistantContent(agent_id="a", content="It is on."),
    ]
    kept, out = fitted(content, 500, 0, content_size)
    assert (out, [item.role for item in kept]) == (1, ["system", "user", "assistant", "user"])


@pytest.mark.parametrize(
    ("text", "size"), [("", 0), ("abc", 3), ("äöü", 6), ("Привет", 12), ("你好", 6), ("\ud800", 1)]
)
def test_bytes_and_not_characters(text: str, size: int):
    """A character of another script takes as many tokens as several of ours."""
    assert text_size(text) == size


@given(texts, st.dictionaries(texts, texts | st.integers(), max_size=3), st.booleans())
@settings(deadline=None)
def test_the_same_measure_for_talks_and_requests(
    text: str, arguments: dict[str, Any], has_call: bool
):
    """Else what is learned from one would be wrong for the other."""
    calls = [llm.ToolInput(tool_name="turn_on", tool_args=arguments)] if has_call else None
    item = conversation.AssistantContent(agent_id="a", content=text, tool_calls=calls)
    assert content_size(item) == message_size(to_message(item, current=False))


def test_what_is_attached_counts():
    item = conversation.UserContent(content="Hello")
    assert content_size(item, "\n[said]") == content_size(item) + len("\n[said]")
