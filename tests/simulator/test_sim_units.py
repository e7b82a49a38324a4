"""Counting, names, durations, schemas and times: small things on their own."""

from datetime import UTC, datetime
import json
import math
from typing import Any

from hypothesis import given, strategies as st
import pytest

from simulator import SimModel
from simulator.cache import STORED_PROMPTS, PromptCache
from simulator.errors import ApiError
from simulator.keepalive import FOREVER, parse_duration, parse_keep_alive
from simulator.models import ModelName
from simulator.schema import instance, matches
from simulator.tokens import (
    common_prefix,
    count_tokens,
    split_pieces,
    take_last_tokens,
    take_tokens,
)
from simulator.validation import read_object
from simulator.versions import Behaviour
from simulator.wire import go_json, timestamp


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("é€", 2), ("<|im_start|>user\n", 3)],
)
def test_count_tokens(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


@given(st.text())
def test_pieces_are_the_text_again(text: str) -> None:
    assert "".join(split_pieces(text)) == text


@given(st.text(), st.text(), st.text())
def test_common_prefix(shared: str, one: str, other: str) -> None:
    first, second = shared + one, shared + other
    length = common_prefix(first, second)
    assert length >= len(shared)
    assert first[:length] == second[:length]
    assert length == min(len(first), len(second)) or first[length] != second[length]


@given(st.text(), st.integers(0, 20))
def test_taking_tokens(text: str, tokens: int) -> None:
    first = take_tokens(text, tokens, count_tokens)
    last = take_last_tokens(text, tokens, count_tokens)
    assert text.startswith(first)
    assert text.endswith(last)
    assert count_tokens(first) <= tokens
    assert count_tokens(last) <= tokens
    if count_tokens(text) <= tokens:
        assert first == last == text


def test_word_pieces() -> None:
    assert split_pieces("The kitchen lamp is now on.") == [
        "The", " kitchen", " lamp", " is", " now", " on.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "short", "full"),
    [
        ("qwen3", "qwen3:latest", "registry.ollama.ai/library/qwen3:latest"),
        ("qwen3:8b", "qwen3:8b", "registry.ollama.ai/library/qwen3:8b"),
        ("me/mine:x", "me/mine:x", "registry.ollama.ai/me/mine:x"),
        ("hf.co/me/mine:Q4_0", "hf.co/me/mine:Q4_0", "hf.co/me/mine:Q4_0"),
        ("http://127.0.0.1:9/a/b", "127.0.0.1:9/a/b:latest", "127.0.0.1:9/a/b:latest"),
    ],
)
def test_names(text: str, short: str, full: str) -> None:
    name = ModelName.parse(text)
    assert (name.short, name.full) == (short, full)


@pytest.mark.parametrize("text", ["a b", "", "a/b/c/d", ":x", "a//b"])
def test_bad_names(text: str) -> None:
    with pytest.raises(ApiError, match="invalid model name"):
        ModelName.parse(text)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        (0, 0.0),
        (1.5, 1.5),
        (-1, FOREVER),
        ("-1s", FOREVER),
        ("1h30m", 5400.0),
        ("0", 0.0),
        ("100ms", 0.1),
        (".5s", 0.5),
    ],
)
def test_keep_alive(value: Any, seconds: float | None) -> None:
    found = parse_keep_alive(value)
    assert found == (seconds if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("60", "missing unit in duration"),
        ("soon", "invalid duration"),
        ("", "invalid duration"),
        ("-", "invalid duration"),
        ("5 m", "missing unit"),
        ("5parsec", "unknown unit"),
    ],
)
def test_bad_durations(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_duration(text)
    with pytest.raises(ApiError) as caught:
        parse_keep_alive(text)
    assert caught.value.status == 400


def test_timestamps() -> None:
    assert timestamp(0) == "1970-01-01T00:00:00Z"
    assert timestamp(1_500_000_000) == "1970-01-01T00:00:01.5Z"
    now = datetime.now(UTC)
    assert abs((datetime.fromisoformat(timestamp()) - now).total_seconds()) < 5


def test_go_json() -> None:
    value = {"a": "<&>", "b": [1, 2.5, None, True], "ü": "€"}
    text = go_json(value)
    assert text == '{"a":"\\u003c\\u0026\\u003e","b":[1,2.5,null,true],"ü":"€"}'
    assert json.loads(text) == value


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "integer", "minimum": 5}}},
        {"type": "array", "items": {"enum": ["x"]}, "minItems": 3},
        {"type": ["string", "null"], "minLength": 30},
        {"const": {"a": 1}},
        {"anyOf": [{"type": "number", "maximum": -3}, {"type": "boolean"}]},
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "required": ["b"]}}},
        {"allOf": [{"properties": {"a": {"type": "null"}}, "required": ["a"]}]},
        {},
    ],
)
def test_instances_match_their_schema(schema: dict[str, Any]) -> None:
    assert matches(instance(schema, "some hint"), schema)


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (True, {"type": "integer"}),
        ("x", {"enum": ["a", "b"]}),
        ({}, {"type": "object", "required": ["a"]}),
        ({"a": 1}, {"properties": {"a": {"type": "string"}}}),
        ([1, "a"], {"type": "array", "items": {"type": "integer"}}),
        (2, {"const": 1}),
        ("x", {"anyOf": [{"type": "null"}, {"type": "integer"}]}),
    ],
)
def test_what_does_not_match(value: Any, schema: dict[str, Any]) -> None:
    assert not matches(value, schema)


def test_store_forgets_the_oldest() -> None:
    cache = PromptCache("store", count_tokens)
    for number in range(STORED_PROMPTS + 1):
        cache.remember(0, f"{number:03} " + "x" * 400)
    assert cache.cached_tokens(0, "000 " + "x" * 400, 101) == 0 + 1
    assert cache.cached_tokens(0, "001 " + "x" * 400, 101) == 100


def test_identical_prompt_reads_one_token() -> None:
    cache = PromptCache("slot", count_tokens)
    cache.remember(0, "x" * 400)
    assert cache.cached_tokens(0, "x" * 400, 100) == 99
    assert cache.cached_tokens(1, "x" * 400, 100) == 0
    assert cache.best_slot({0, 1}, "x" * 10) == 0
    assert cache.best_slot({0, 1}, "y") == 0


@pytest.mark.parametrize(
    ("version", "new"), [("0.32.15", True), ("0.25.0", True), ("0.24.0", False), ("1.0.0", True)]
)
def test_versions(version: str, new: bool) -> None:
    assert Behaviour.for_version(version).nested_errors is new


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "missing request body"),
        (b"[1]", "cannot unmarshal array into Go value of type api.ChatRequest"),
        (b'{"model": "x', "unexpected EOF"),
        (b"{'a': 1}", "invalid character"),
        (b'{"model": 5}', "cannot unmarshal number into Go struct field ChatRequest.model"),
        (b"\xff\xfe{}", "invalid character"),
    ],
)
def test_bodies_that_cannot_be_read(body: bytes, words: str) -> None:
    with pytest.raises(ApiError, match=words) as caught:
        read_object(body, "ChatRequest")
    assert caught.value.status == 400


def test_models_complete_themselves() -> None:
    model = SimModel("tiny")
    assert model.name == "tiny:latest"
    assert len(model.digest) == len(model.weights) == 64
    assert SimModel("tiny").digest == model.digest
    assert SimModel("other").digest != model.digest
    assert not math.isnan(model.size)
