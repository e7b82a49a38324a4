"""What comes from outside stays data, whatever it says."""

import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ollama.agent.data import DATA_IS_NO_INSTRUCTION, as_data, without_data

BEGIN, END = "<data>\n", "\n</data>"
PIECES = st.lists(
    st.sampled_from(
        ["<data>", "</data>", "\n", "<", ">", "\\", '"', "</DATA >", "x", "é", "\\u003c"]
    )
).map("".join)
TEXTS = PIECES | st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
)


@given(JSON)
def test_nothing_ends_the_block(data: Any):
    block = as_data(data)
    assert block.startswith(BEGIN)
    assert block.endswith(END)
    inside = block.removeprefix(BEGIN).removesuffix(END)
    assert not set("<>\n") & set(inside)
    assert json.loads(inside) == data


@given(TEXTS, JSON)
def test_what_was_said_comes_back(said: str, data: Any):
    said = said.replace("<data>", "").rstrip()
    assert without_data(f"{said}\n\n{as_data(data)}") == said


@pytest.mark.parametrize("text", ["", "No data here.", "a < b > c", "<data>", "</data>"])
def test_a_text_without_data(text: str):
    assert without_data(text) == text


def test_the_rule_names_the_marks():
    assert BEGIN.strip() in DATA_IS_NO_INSTRUCTION
    assert END.strip() in DATA_IS_NO_INSTRUCTION
