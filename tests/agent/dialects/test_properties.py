"""What holds for every text."""

# ruff: noqa: RUF001 - bars that look alike

import random

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.ollama.agent.dialects import (
    MarkdownStripper,
    Said,
    TextReader,
    WrittenCall,
    strip_markdown,
)
from custom_components.ollama.agent.dialects.markers import LINE_MARKERS, MARKERS

from .cases import ALL, KNOWN, H, K, knows
from .test_cases import merged
from .test_reader import longest_hold

LITERALS = [literal for literals in MARKERS.values() for literal in literals]
FRAGMENTS = [
    *LITERALS,
    *LINE_MARKERS,
    *sorted(KNOWN)[:4],
    *[K, H, K[:-1], K[: len(K) // 2]],
    *["{", "}", "[", "]", "(", ")", '"', "'", "`", "```", "```json\n", "```tool_code\n", ":", ","],
    *["name", "arguments", '"name": "turn_on"', '"arguments": {', "turn_on(", "Action: ", "\n"],
    *["Action: turn_on\nAction Input: ", " ", "  \n\n", "Hello", "a < b", "\\", "=", "functions."],
    *["user", "assistant", "analysis", "final", " to=functions.x", "<escape>", '<|"|>', "call:x{"],
    *["// c\n", "/*", "#", "True", "null", "-1", "“", "’", "\x1e", "\x1f", "\x00", "\ud800", "é"],
]
MARKDOWN = [
    "**",
    "*",
    "_",
    "__",
    "`",
    "```",
    "# ",
    "- ",
    "|",
    "---",
    "[a](",
    "https://",
    ")",
    "www.",
]
MARKDOWN += ["\n", " ", "a", "b c", "![", "](", "<b>", "<", "\\", "~~", "😀", "5", "> ", "1. ", "."]

FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))

mixtures = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join)
markdown = st.lists(st.sampled_from(MARKDOWN), max_size=30).map("".join)
any_text = st.text(max_size=200) | st.text(alphabet="{}[]()<>|`\"':,\\ \nab", max_size=120)
complete = st.booleans()

# No brackets, backticks or words that a tool could be named by: nothing can begin here.
plain = st.text(alphabet=st.characters(exclude_characters="<[{`(:◁", exclude_categories=["Cs"]))


def cut(text: str, seed: int) -> list[str]:
    """Return chunks of a text."""
    rng = random.Random(seed)
    chunks = []
    while text:
        size = rng.choice([1, 1, 2, 3, 5, 8, 30])
        chunks.append(text[:size])
        text = text[size:]
    return chunks


def check_split(text: str, seed: int, *, ended: bool) -> None:
    whole, parts = TextReader(knows), TextReader(knows)
    expected = merged(whole.feed(text) + whole.close(complete=ended))
    pieces = []
    for chunk in cut(text, seed):
        pieces += parts.feed(chunk)
    assert merged(pieces + parts.close(complete=ended)) == expected
    assert parts.unreadable == whole.unreadable


def check_pieces(text: str) -> None:
    reader = TextReader(knows)
    pieces = reader.feed(text) + reader.close()
    for piece in pieces:
        if isinstance(piece, WrittenCall):
            assert piece.name
            assert all(isinstance(key, str) for key in piece.arguments)
        else:
            assert piece.text
    spoken = "".join(piece.text for piece in pieces if isinstance(piece, Said))
    for literal in ("<tool_call>", "<|im_end|>", "</s>", "[TOOL_CALLS]", "<think>"):
        assert literal not in spoken
    # Nothing is made up: what is said stands in the text, in this order.
    rest = iter(text)
    for char in spoken:
        assert char in " \n" or char in rest


def check_plain(text: str) -> None:
    reader = TextReader(knows)
    assert merged(reader.feed(text) + reader.close()) == ([Said(text)] if text else [])


def check_stripper(text: str, seed: int) -> None:
    stripper = MarkdownStripper()
    parts = [stripper.feed(chunk) for chunk in cut(text, seed)]
    assert "".join(parts) + stripper.close() == strip_markdown(text)


class TestQuick:
    """A short run of each property."""

    @FEW
    @given(mixtures | any_text, st.integers(0, 99), complete)
    def test_the_cut_does_not_matter(self, text: str, seed: int, ended: bool) -> None:
        check_split(text, seed, ended=ended)

    @FEW
    @given(mixtures | any_text)
    def test_the_pieces_make_sense(self, text: str) -> None:
        check_pieces(text)

    @FEW
    @given(plain)
    def test_plain_text_is_unchanged(self, text: str) -> None:
        check_plain(text)

    @FEW
    @given(plain)
    def test_plain_text_is_hardly_held(self, text: str) -> None:
        assert longest_hold(text) <= 60

    @FEW
    @given(markdown | any_text, st.integers(0, 99))
    def test_the_cut_does_not_matter_to_markdown(self, text: str, seed: int) -> None:
        check_stripper(text, seed)


@pytest.mark.slow
@pytest.mark.timeout(600)
class TestLong:
    """A long run of each property."""

    @MANY
    @given(mixtures | any_text, st.integers(0, 99), complete)
    def test_the_cut_does_not_matter(self, text: str, seed: int, ended: bool) -> None:
        check_split(text, seed, ended=ended)

    @MANY
    @given(mixtures | any_text)
    def test_the_pieces_make_sense(self, text: str) -> None:
        check_pieces(text)

    @MANY
    @given(plain)
    def test_plain_text_is_unchanged(self, text: str) -> None:
        check_plain(text)

    @MANY
    @given(plain)
    def test_plain_text_is_hardly_held(self, text: str) -> None:
        assert longest_hold(text) <= 60

    @MANY
    @given(markdown | any_text, st.integers(0, 99))
    def test_the_cut_does_not_matter_to_markdown(self, text: str, seed: int) -> None:
        check_stripper(text, seed)


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_the_cut_of_a_case_does_not_matter(case, ended: bool) -> None:
    for seed in range(4):
        check_split(case.text, seed, ended=ended)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_no_beginning_of_a_case_raises(case) -> None:
    for end in range(case.text.count("a") % 5, len(case.text), 7):
        check_pieces(case.text[:end])
        check_split(case.text[:end], end, ended=False)


class Steps:
    """Counts the characters that all the readers inside have taken."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        step = TextReader._step

        def counting(reader: TextReader, char: str, *, blind: bool):
            self.count += 1
            return step(reader, char, blind=blind)

        monkeypatch.setattr(TextReader, "_step", counting)


REPEATED = {
    "words": "The light is on. ",
    "braces": "{",
    "brackets": "[",
    "tags": "<",
    "backticks": "`",
    "spaces": " ",
    "newlines": "\n",
    "almost_calls": '{"name":',
    "unfinished_calls": '{"name": "turn_on", ',
    "calls": K + "\n",
    "marked": f"<tool_call>{K}</tool_call>",
    "markers": "<tool_call>",
    "half_markers": "<tool_cal",
    "thinking": "<think>a ",
    "thinking_spaces": "<think>" + " " * 50,
    "python": "turn_on(",
    "fences": "```json\n",
    "quotes": '{"name": "turn_on", "a": "' + '" ' * 20,
    "comments": "<tool_call>[/*",
    "xml": "<function=a><parameter=b>",
    "parameters": "<parameter=b>",
    "fields": "<tool_call><a><b>",
    "names": "<tool_call>a \n",
    "roles": "<|im_start|>user",
    "channels": "<|channel|>",
    "react": "Action: a\nAction Input: ",
    "escapes": "\\",
    "mixed": "a {b [c <d `e ",
}


SIZES = [pytest.param(15_000, id="15k"), pytest.param(100_000, id="100k", marks=pytest.mark.slow)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("unit", REPEATED.values(), ids=REPEATED.keys())
def test_the_work_is_linear(unit: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch)
    text = unit * (size // len(unit))
    reader = TextReader(knows)
    for char in text:
        reader.feed(char)
    reader.close()
    assert steps.count <= 20 * len(text)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("unit", [*MARKDOWN, "**a", "[a](https://", "https://a.b ", "| a ", "h"])
def test_markdown_of_any_length(unit: str, size: int) -> None:
    text = unit * (size // len(unit))
    stripper = MarkdownStripper()
    behind = 0
    for char in text:
        stripper.feed(char)
        behind = max(behind, len(stripper._held) + len(stripper._writer._space))
    stripper.close()
    assert behind <= 60
