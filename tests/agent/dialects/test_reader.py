"""What the reader does beside the pieces: cut streams, no tools, holding, what is unreadable."""

# ruff: noqa: RUF001 - DeepSeek's bars

from itertools import pairwise

import pytest

from custom_components.ollama.agent.dialects import Piece, Said, TextReader, Thought, WrittenCall
from custom_components.ollama.agent.dialects.hold import MAX_SURE
from custom_components.ollama.agent.dialects.markers import MARKERS
from custom_components.ollama.agent.dialects.region import MAX_BODY

from .cases import ALL, KITCHEN, TABLES, H, K, knows
from .test_cases import merged, read

CUT = [
    ("bare_json", K[:-1], []),
    ("bare_json_early", '{"name": "tur', []),
    ("bare_json_at_the_first_quote", 'Okay.\n{"', [Said("Okay.")]),
    ("whole_json", K, [KITCHEN]),
    ("second_json", f"{K}\n{H[:-1]}", [KITCHEN]),
    ("tag", f"<tool_call>{K[:-1]}", []),
    ("tag_whole_json", f"<tool_call>{K}", [KITCHEN]),
    ("tag_list", f"<tool_call>[{K}, ", []),
    ("tag_second_json", f"<tool_call>{K}\n{H[:-1]}", [KITCHEN]),
    ("tag_name_only", "<tool_call>turn_on", []),
    ("half_a_tag", "Okay. <tool_c", [Said("Okay.")]),
    ("half_a_token", "Okay.<|im_e", [Said("Okay.")]),
    ("a_lone_bracket", "a <", [Said("a <")]),
    ("xml", "<function=turn_on>\n<parameter=name>Kitchen light</parameter>\n", []),
    ("fence", f"```json\n{K}\n", []),
    ("fence_early", '```json\n{"na', []),
    ("marked_fence", f"```tool_call\n{K[:-1]}", []),
    ("python", 'turn_on(name="Kitchen light"', []),
    ("python_whole", 'turn_on(name="Kitchen light")', []),
    ("react", "Action: turn_on\nAction Input: Kit", []),
    ("mistral", '[TOOL_CALLS]turn_on[ARGS]{"name": "Kit', []),
    ("thinking", "<think>hm, h", [Thought("hm, h")]),
    ("text", "The light is o", [Said("The light is o")]),
    ("text_and_space", "The light is ", [Said("The light is ")]),
    ("word_at_line_start", "turn_on", [Said("turn_on")]),
    ("number", '{"1', []),
]


@pytest.mark.parametrize(("text", "pieces"), [row[1:] for row in CUT], ids=[row[0] for row in CUT])
def test_a_cut_stream_makes_no_call_of_what_is_unfinished(text: str, pieces: list[Piece]) -> None:
    for size in (0, 1):
        assert read(text, size=size, complete=False) == pieces


NO_TOOLS = [
    ("marked", f"Okay. <tool_call>{K}</tool_call> Done.", [Said("Okay. Done.")]),
    ("mistral", f"[TOOL_CALLS] [{K}]", []),
    ("tokens", "Hello<|im_end|>", [Said("Hello")]),
    ("thinking", "<think>hm</think>Hello", [Thought("hm"), Said("Hello")]),
    ("bare", K, [Said(K)]),
    ("fence", f"```json\n{K}\n```", [Said(f"```json\n{K}\n```")]),
    ("python", 'turn_on(name="x")', [Said('turn_on(name="x")')]),
    ("functools", f"functools[{K}]", [Said(f"functools[{K}]")]),
]


@pytest.mark.parametrize(
    ("text", "pieces"), [row[1:] for row in NO_TOOLS], ids=[row[0] for row in NO_TOOLS]
)
def test_without_tools_marked_calls_are_dropped(text: str, pieces: list[Piece]) -> None:
    assert read(text, calls=False) == pieces


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_without_tools_there_are_no_calls(case) -> None:
    assert not [piece for piece in read(case.text, calls=False) if isinstance(piece, WrittenCall)]


UNREADABLE = {
    "garbage_in_a_tag": "<tool_call>{{{a]]</tool_call>",
    "no_name": '<tool_call>{"path": "/"}</tool_call>',
    "string_never_closed": '{"name": "turn_on", "arguments": {"name": "Kit',
    "value_missing": '{"name": "turn_on", "arguments": {"name": "Kitchen", "area":',
    "comma_at_the_end": '{"name": "turn_on", "arguments": {"name": "Kitchen",',
    "python_string_never_closed": 'turn_on(name="Kit',
    "fence_with_something_else": "```tool_code\n1 + 1\n```",
    "schema": '<tool_call>{"name": "turn_on", "parameters": {"type": "object", "properties": {"name": {"type": "string"}}}}</tool_call>',
    "too_deep": "<tool_call>" + '{"a":' * 100 + "1" + "}" * 100 + "</tool_call>",
    "too_long": "<tool_call>" + '{"name": "turn_on", "a": "' + "x" * MAX_BODY + '"}</tool_call>',
    "glm_without_a_name": "<tool_call><arg_key>a</arg_key><arg_value>b</arg_value></tool_call>",
    "fields_without_a_name": "<tool_call><foo>b</foo></tool_call>",
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_unreadable_call_is_neither_made_nor_spoken(text: str) -> None:
    reader = TextReader(knows)
    assert reader.feed(text) + reader.close() == []
    assert reader.unreadable == 1


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_what_is_readable_is_not_reported(case) -> None:
    reader = TextReader(knows)
    reader.feed(case.text)
    reader.close()
    assert reader.unreadable == (case.id == "harmony-call_without_a_name")


def test_the_readable_one_of_two_is_made() -> None:
    reader = TextReader(knows)
    pieces = reader.feed(f"<tool_call>{K}\n{{a}}</tool_call>") + reader.close()
    assert pieces == [KITCHEN]
    assert reader.unreadable == 1


def test_a_call_comes_before_the_stream_ends() -> None:
    reader = TextReader(knows)
    assert reader.feed(K) == [KITCHEN]
    assert reader.feed(f" <tool_call>{H}</tool_call>") == [
        WrittenCall("turn_off", {"name": "Hall light"})
    ]
    assert not reader.holding


HOLDING = [
    ("nothing", "Hello there", False),
    ("space", "Hello ", True),
    ("newline", "Hello\n\n", True),
    ("brace", "Hello {", True),
    ("tag", "Hello <", True),
    ("tag_that_is_none", "Hello <x", False),
    ("answer", '{"city"', True),
    ("answer_with_colon", '{"city":', False),
    ("json_call", '{"name": "turn_on", "arguments": {', True),
    ("marked_call", "<tool_call>{", True),
    ("after_a_call", K, False),
    ("after_a_call_and_space", K + "\n", False),
    ("thinking", "<think>hm", False),
    ("backtick", "`", True),
    ("code", "`a", False),
    ("fence", "```json\n", True),
    ("fence_with_code", "```python\nx = 1", False),
    ("fence_of_another_language", "```rust\n", True),
    ("words", "The light", False),
    ("first_word", "The", True),
    ("tool_name", "turn_on(", True),
    ("other_name", "fly(", False),
]


@pytest.mark.parametrize(
    ("text", "holding"), [row[1:] for row in HOLDING], ids=[row[0] for row in HOLDING]
)
def test_holding(text: str, holding: bool) -> None:
    reader = TextReader(knows)
    reader.feed(text)
    assert reader.holding is holding
    reader.close()
    assert not reader.holding


# A definition of a known tool looks like its call up to the end.
ORDINARY = [case for case in TABLES["unchanged"] if not case.id.startswith("json_definition")]


@pytest.mark.parametrize("case", ORDINARY, ids=lambda case: case.id)
def test_at_most_60_characters_of_an_answer_are_held(case) -> None:
    assert longest_hold(case.text) <= 60


def longest_hold(text: str) -> int:
    """Return how far the reader is behind, at worst."""
    reader = TextReader(knows)
    said = 0
    longest = 0
    for index, char in enumerate(text):
        said += sum(len(piece.text) for piece in reader.feed(char) if isinstance(piece, Said))
        longest = max(longest, index + 1 - said)
    return longest


def test_a_call_that_grows_too_long_is_text() -> None:
    text = '{"name": "turn_on", "arguments": {"name": "' + "x" * MAX_SURE + '"}}'
    assert read(text) == [Said(text)]


def test_a_long_marked_call_swallows_nothing_behind_it() -> None:
    text = "<tool_call>" + "{" * (MAX_BODY + 10) + "</tool_call>Hello"
    assert read(text) == [Said("Hello")]


def test_the_closed_reader_says_nothing_more() -> None:
    reader = TextReader(knows)
    pieces = reader.feed("Hello {")
    assert merged(pieces + reader.close()) == [Said("Hello {")]
    assert reader.close() == []


def test_no_marker_is_the_beginning_of_another() -> None:
    literals = sorted(literal for literals in MARKERS.values() for literal in literals)
    assert len(set(literals)) == len(literals)
    for first, second in pairwise(literals):
        assert not second.startswith(first)


@pytest.mark.parametrize(
    "literal", [literal for literals in MARKERS.values() for literal in literals]
)
def test_no_marker_alone_is_spoken_or_raises(literal: str) -> None:
    """Those that mean something in a call only may stand in a text."""
    pieces = read(f"Hello {literal}")
    assert pieces in ([Said("Hello")], [Said(f"Hello {literal}")])
    in_call_only = (
        literal.startswith(
            (
                "[ARGS",
                "[CALL_ID",
                "<｜tool▁sep",
                "<|tool_call_arg",
                "<|plugin",
                "<|constrain",
                "<param",
                "<arg_",
            )
        )
        or "DSML" in literal
    )
    assert pieces == [Said("Hello")] or in_call_only


def test_the_name_is_asked_for_as_written() -> None:
    asked: list[str] = []

    def ask(name: str) -> bool:
        asked.append(name)
        return name == "HassTurnOnn"

    reader = TextReader(ask)
    pieces = reader.feed('{"name": "HassTurnOnn", "arguments": {}}') + reader.close()
    assert pieces == [WrittenCall("HassTurnOnn", {})]
    assert set(asked) == {"HassTurnOnn"}
