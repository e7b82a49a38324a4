"""Context windows that are left to us: as large as is needed, and no larger than the card."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ollama.server import LoadedModel, Windows
from custom_components.ollama.server.windows import FIRST_WINDOW, STEPS

MODEL = "qwen3:4b-instruct"
GB = 1_000_000_000


@pytest.fixture
def windows() -> Windows:
    return Windows()


def loaded(window: int, *, share: float = 1.0, name: str = MODEL) -> LoadedModel:
    """Return a loaded model, so much of it on a graphics card."""
    return LoadedModel(name, 4 * GB, int(4 * GB * share), window, None)


def test_the_usual_one(windows: Windows):
    assert windows.of(MODEL, None) == FIRST_WINDOW
    assert windows.want(MODEL, 100, None) == FIRST_WINDOW


@pytest.mark.parametrize(
    ("tokens", "window"),
    [(8192, 8192), (8193, 16_384), (16_385, 32_768), (32_768, 32_768), (900_000, 32_768)],
)
def test_it_grows_in_steps(windows: Windows, tokens: int, window: int):
    assert windows.want(MODEL, tokens, None) == window
    assert windows.of(MODEL, None) == window
    assert windows.want(MODEL, 10, None) == window, "it never shrinks by itself"
    assert windows.of("llama3:8b", None) == FIRST_WINDOW


@pytest.mark.parametrize("limit", [2048, 6000, 20_000])
def test_never_more_than_the_model_was_made_for(windows: Windows, limit: int):
    assert windows.of(MODEL, limit) == min(FIRST_WINDOW, limit)
    assert windows.want(MODEL, 30_000, limit) == limit
    assert windows.largest(MODEL, limit) == limit


def test_names_of_one_model(windows: Windows):
    windows.want("phi4", 10_000, None)
    assert windows.of("phi4:latest", None) == 16_384


def test_given_back_where_the_card_is_too_small(windows: Windows):
    windows.want(MODEL, 10_000, None)
    windows.note(loaded(16_384, share=0.9))
    assert windows.of(MODEL, None) == 8192
    windows.note(loaded(16_384, share=0.9))
    assert windows.of(MODEL, None) == 8192, "told again, before it is loaded anew"
    assert windows.want(MODEL, 10_000, None) == 8192, "it doesn't try again"
    assert windows.largest(MODEL, None) == 8192


def test_a_model_larger_than_the_card(windows: Windows):
    """No window helps then, so that it gets the usual one."""
    windows.note(loaded(8192, share=0.5))
    windows.note(loaded(4096, share=0.5))
    assert windows.of(MODEL, None) == FIRST_WINDOW
    windows.note(loaded(8192, share=0.5))
    assert windows.of(MODEL, None) == FIRST_WINDOW
    assert windows.want(MODEL, 10_000, None) == 16_384


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_on_the_card_or_on_the_processor(windows: Windows, share: float):
    windows.note(loaded(8192, share=share))
    assert windows.of(MODEL, None) == FIRST_WINDOW


def test_given_back_where_the_model_was_made_for_less(windows: Windows):
    """What was asked for is its own limit then, and no step."""
    assert windows.want(MODEL, 100, 6000) == 6000
    windows.note(loaded(6000, share=0.8))
    assert windows.of(MODEL, 6000) == 4096
    windows.note(loaded(6000, share=0.8))
    assert windows.want(MODEL, 5000, 6000) == 4096, "told again, before it is loaded anew"


def test_a_model_larger_than_the_card_that_was_made_for_little(windows: Windows):
    assert windows.of(MODEL, 2048) == 2048
    windows.note(loaded(2048, share=0.5))
    assert windows.of(MODEL, 2048) == 2048


def test_a_window_of_somebody_else(windows: Windows):
    """Others may have loaded the model with theirs."""
    windows.note(loaded(131_072, share=0.5))
    assert windows.of(MODEL, None) == FIRST_WINDOW


def test_over_a_restart(windows: Windows):
    windows.want(MODEL, 30_000, None)
    windows.note(loaded(32_768, share=0.5))
    windows.note(loaded(8192, share=0.5, name="a:1"))
    windows.note(loaded(4096, share=0.5, name="a:1"))
    later = Windows()
    later.restore(windows.as_dict())
    assert later.as_dict() == windows.as_dict()
    assert later.of(MODEL, None) == 16_384
    assert later.want(MODEL, 30_000, None) == 16_384
    later.note(loaded(8192, share=0.5, name="a:1"))
    assert later.of("a:1", None) == 8192


@pytest.mark.parametrize(
    "saved",
    [
        None,
        [],
        {MODEL: None},
        {MODEL: {"chosen": 5000}},
        {MODEL: {"chosen": "8192"}},
        {MODEL: {"chosen": 8192, "cap": 3, "too_large": "yes"}},
    ],
)
def test_what_was_saved_badly(windows: Windows, saved: object):
    windows.restore(saved)
    assert windows.of(MODEL, None) == FIRST_WINDOW
    assert windows.largest(MODEL, None) == STEPS[-1]


def test_what_is_known_already_stays(windows: Windows):
    windows.want(MODEL, 10_000, None)
    windows.restore({MODEL: {"chosen": 4096}})
    assert windows.of(MODEL, None) == 16_384


@given(
    st.lists(
        st.one_of(
            st.integers(1, 60_000),
            st.tuples(st.sampled_from([*STEPS, 5000]), st.sampled_from([0.0, 0.3, 0.99, 1.0])),
        ),
        max_size=20,
    ),
    st.sampled_from([None, 2048, 10_000, 262_144]),
)
@settings(deadline=None)
def test_whatever_comes(told: list[int | tuple[int, float]], limit: int | None):
    """It is always a step or the model's own limit, and what didn't fit isn't chosen again."""
    windows = Windows()
    for step in told:
        if isinstance(step, int):
            assert windows.want(MODEL, step, limit) == windows.of(MODEL, limit)
        else:
            windows.note(loaded(step[0], share=step[1]))
        assert windows.of(MODEL, limit) in (*STEPS, limit)
        assert windows.of(MODEL, limit) <= windows.largest(MODEL, limit) <= (limit or STEPS[-1])


def test_an_answer_goes_before_the_graphics_card(windows: Windows):
    """What doesn't fit into the largest window of the card gets a larger one all the same."""
    windows.note(loaded(8192, share=0.9))
    assert windows.largest(MODEL, None) == 4096
    assert windows.want(MODEL, 6000, None) == 4096
    assert windows.want(MODEL, 6000, None, least=5000) == 8192
    assert windows.want(MODEL, 60_000, 16_384, least=40_000) == 16_384
