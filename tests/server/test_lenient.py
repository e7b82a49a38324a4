"""Answers that hold anything: what is odd costs itself, and nothing else."""

from datetime import UTC, datetime
import json
import math
from typing import Any

from homeassistant.helpers.json import json_bytes
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ollama.server import (
    Day,
    InstalledModel,
    LoadedModel,
    ModelDetails,
    Totals,
    full_name,
    is_too_old,
)
from custom_components.ollama.server.lenient import (
    as_count,
    as_mapping,
    as_objects,
    as_seconds,
    as_text,
    as_texts,
    as_time,
)

from .conftest import json_values

MOST = 2**48
INSTALLED_FIELDS = (
    "name", "model", "digest", "size", "details", "capabilities", "remote_host",
    "parameter_size", "quantization_level", "family",
)  # fmt: skip
LOADED_FIELDS = ("name", "model", "size", "size_vram", "context_length", "expires_at")


def objects(keys: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Return anything that looks like an object of these fields."""
    flat = st.dictionaries(st.sampled_from(keys), json_values)
    return st.dictionaries(st.sampled_from(keys), json_values | flat)


def check_text(text: Any) -> None:
    assert isinstance(text, str)
    assert text == text.strip()
    assert text.encode().decode() == text


def check_count(count: Any) -> None:
    assert type(count) is int
    assert 0 <= count <= MOST


@given(objects(INSTALLED_FIELDS))
@settings(deadline=None, max_examples=300)
def test_any_installed_model(answer: dict[str, Any]):
    model = InstalledModel.from_answer(answer)
    for text in (model.name, model.digest, model.parameter_size, model.quantization, model.family):
        check_text(text)
    check_count(model.size)
    assert type(model.is_remote) is bool
    assert all(model.capabilities)
    assert hash(model) == hash(InstalledModel.from_answer(answer))
    assert json_bytes([model.name, model.size, model.capabilities])


@given(objects(LOADED_FIELDS))
@settings(deadline=None, max_examples=300)
def test_any_loaded_model(answer: dict[str, Any]):
    model = LoadedModel.from_answer(answer)
    check_text(model.name)
    for count in (model.size, model.gpu_size, model.context_length):
        check_count(count)
    if model.expires_at is not None:
        assert model.expires_at.utcoffset() is not None
        assert 1970 <= model.expires_at.year < 2300
        assert model.expires_at.astimezone(UTC).isoformat()
    assert model == LoadedModel.from_answer(answer)
    assert json_bytes([model.name, model.expires_at])


@given(json_values)
@settings(deadline=None, max_examples=300)
def test_any_value(value: Any):
    check_count(as_count(value))
    check_text(as_text(value))
    assert as_seconds(value) >= 0
    assert isinstance(as_mapping(value), dict)
    assert all(isinstance(item, dict) for item in as_objects(value))
    for text in as_texts(value):
        assert text
        check_text(text)
    moment = as_time(value)
    assert moment is None or moment.tzinfo is not None
    for count in Totals.from_dict(value).as_dict().values():
        check_count(count)
    day = Day.from_dict(value)
    assert day is None or day.all == Totals()


@given(st.dictionaries(st.sampled_from(["a.context_length", "b.context_length", "c"]), json_values))
@settings(deadline=None, max_examples=200)
def test_any_context_length(info: dict[str, Any]):
    details = ModelDetails.from_answer({"model_info": info})
    assert details.context_length is None or 0 < details.context_length <= MOST


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (0, 0),
        (1, 1),
        (7_071_700_672, 7_071_700_672),
        (1e9, 1_000_000_000),
        (2.9, 2),
        (MOST, MOST),
        (MOST + 1, MOST),
        (2**63, MOST),
        (10**400, MOST),
        (1e308, MOST),
        (-1, 0),
        (-0.5, 0),
        (-(10**400), 0),
        (math.nan, 0),
        (math.inf, 0),
        (-math.inf, 0),
        (True, 0),
        (False, 0),
        ("5", 0),
        (None, 0),
        ([5], 0),
        ({}, 0),
    ],
    ids=lambda value: str(value)[:20],
)
def test_counts(value: Any, count: int):
    assert as_count(value) == count
    assert as_seconds(value) == count / 1e9


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        # As the server writes it: nanoseconds, and its own zone.
        (
            "2026-11-20T11:00:00.123456789+01:00",
            datetime(2026, 11, 20, 10, 0, 0, 123456, tzinfo=UTC),
        ),
        ("2026-11-20T10:00:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        (" 2026-11-20 10:00:00+00:00 ", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2319-01-30T10:00:00Z", None),
        ("2300-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59.999999999-12:00", None),
        ("9999-12-31T24:00:00Z", None),
        ("10000-01-01T00:00:00Z", None),
        ("0000-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("1969-12-31T23:59:59Z", None),
        ("-2026-11-20T10:00:00Z", None),
        ("2026-13-45T99:00:00Z", None),
        ("2026-11-20T10:00:00+99:99", None),
        ("soon", None),
        ("", None),
        ("\ud800", None),
        (1_790_000_000, None),
        (None, None),
        (True, None),
    ],
)
def test_times(value: Any, moment: datetime | None):
    assert as_time(value) == moment


def test_texts_that_no_state_could_hold():
    """JSON can spell half of a pair of surrogates; what is left of the text is kept."""
    model = InstalledModel.from_answer(
        json.loads('{"model": "lla\\ud83dma:8b", "digest": "\\udc00"}')
    )
    assert (model.name, model.digest) == ("llama:8b", "")
    # A whole pair is one character.
    assert as_text(json.loads('"\\ud83d\\ude00"')) == "😀"


def test_lists():
    assert as_texts([" tools ", "", 5, None, "vision", ["x"]]) == ("tools", "vision")
    assert as_texts("tools") == ()
    assert as_objects([{}, 5, None, {"a": 1}]) == [{}, {"a": 1}]
    assert as_objects({"a": 1}) == []


def test_installed_model():
    """As 0.32 lists it."""
    answer = {
        "name": "qwen3:8b",
        "model": "qwen3:8b",
        "digest": "abc",
        "size": 5_225_388_164,
        "details": {"parameter_size": "8.2B", "quantization_level": "Q4_K_M", "family": "qwen3"},
        "capabilities": ["completion", "tools"],
    }
    expected = InstalledModel(
        "qwen3:8b", "abc", 5_225_388_164, "8.2B", "Q4_K_M", "qwen3", ("completion", "tools")
    )
    assert InstalledModel.from_answer(answer) == expected
    assert InstalledModel.from_answer(answer | {"remote_host": "https://ollama.com:443"}).is_remote
    assert not InstalledModel.from_answer(answer | {"remote_host": " "}).is_remote
    assert InstalledModel.from_answer({"name": "old"}).name == "old"
    assert InstalledModel.from_answer({"name": "old", "model": ""}).name == "old"
    assert InstalledModel.from_answer({}).name == ""


def test_loaded_model():
    answer = {
        "model": "qwen3:8b",
        "size": 6_000_000_000,
        "size_vram": 5_000_000_000,
        "context_length": 8192,
        "expires_at": "2026-11-20T11:00:00+01:00",
    }
    assert LoadedModel.from_answer(answer) == LoadedModel(
        "qwen3:8b", 6_000_000_000, 5_000_000_000, 8192, datetime(2026, 11, 20, 10, tzinfo=UTC)
    )
    assert LoadedModel.from_answer({}) == LoadedModel("", 0, 0, 0, None)


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("llama3", "llama3:latest"),
        ("llama3:8b", "llama3:8b"),
        ("host:5000/a/llama3", "host:5000/a/llama3:latest"),
        ("hf.co/a/b:q4", "hf.co/a/b:q4"),
    ],
)
def test_full_name(name: str, full: str):
    assert full_name(name) == full


@pytest.mark.parametrize(
    ("version", "too_old"),
    [
        ("0.8.9", True),
        ("0.8", True),
        ("v0.8.1", True),
        ("0.1.32", True),
        ("0.9.0", False),
        ("0.9", False),
        ("0.10.0", False),
        ("0.24.0", False),
        ("0.32.15-rc0", False),
        ("v1.0.0", False),
        # What no release is called: its owner knows.
        ("0.0.0", False),
        ("my-fork", False),
        ("", False),
    ],
)
def test_too_old(version: str, too_old: bool):
    assert is_too_old(version) is too_old


@given(st.text(max_size=30) | st.from_regex(r"v?[0-9.]{0,12}[-+a-z0-9]{0,8}", fullmatch=True))
@settings(deadline=None, max_examples=300)
def test_any_version(version: str):
    assert is_too_old(version) in (True, False)


@pytest.mark.parametrize(
    ("written", "listed"),
    [
        ("qwen3", "qwen3:latest"),
        ("qwen3:8b", "qwen3:8b"),
        ("library/qwen3:8b", "qwen3:8b"),
        ("registry.ollama.ai/library/qwen3:8b", "qwen3:8b"),
        ("registry.ollama.ai/me/mine", "me/mine:latest"),
        ("hf.co/Me/Mine:Q4", "hf.co/me/mine:q4"),
        (" QWEN3:8B ", "qwen3:8b"),
        ("https://Registry.ollama.ai/library/qwen3", "qwen3:latest"),
        ("localhost:5000/me/mine", "localhost:5000/me/mine:latest"),
    ],
)
def test_full_names(written: str, listed: str):
    assert full_name(written) == listed
