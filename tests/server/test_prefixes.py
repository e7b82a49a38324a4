"""What a server remembers of prompts, judged by how long it takes to read them."""

from itertools import pairwise

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ollama.server import Prefixes

from .conftest import Clock

MODEL = "qwen3:4b-instruct"
TOKENS = 2000
SLOW = 2.0
"""Seconds to read a prompt anew."""
FAST = 0.05


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def prefixes(clock: Clock) -> Prefixes:
    return Prefixes(clock)


def test_nothing_is_known_at_first(prefixes: Prefixes):
    assert not prefixes.is_warm(MODEL, 1)


def test_what_was_read_last_is_remembered(prefixes: Prefixes):
    prefixes.note(MODEL, 1, TOKENS, SLOW)
    assert prefixes.is_warm(MODEL, 1)
    assert not prefixes.is_warm(MODEL, 2)
    assert not prefixes.is_warm("llama3:8b", 1)
    prefixes.note(MODEL, 2, TOKENS, SLOW)
    assert not prefixes.is_warm(MODEL, 1)


def test_names_of_one_model(prefixes: Prefixes):
    prefixes.note("phi4", 1, TOKENS, SLOW)
    assert prefixes.is_warm("phi4:latest", 1)


def test_a_server_that_keeps_several(prefixes: Prefixes):
    """It shows by reading an older prompt quickly, and shows as well that it does no more."""
    prefixes.note(MODEL, 1, TOKENS, SLOW)
    prefixes.note(MODEL, 2, TOKENS, SLOW)
    prefixes.note(MODEL, 1, TOKENS, FAST)
    assert prefixes.is_warm(MODEL, 1)
    assert prefixes.is_warm(MODEL, 2)
    prefixes.note(MODEL, 2, TOKENS, SLOW)
    assert not prefixes.is_warm(MODEL, 1)


def test_it_keeps_not_any_number(prefixes: Prefixes):
    prefixes.note(MODEL, 1, TOKENS, SLOW)
    prefixes.note(MODEL, 2, TOKENS, SLOW)
    prefixes.note(MODEL, 1, TOKENS, FAST)
    for prefix in (3, 4, 5):
        prefixes.note(MODEL, prefix, TOKENS, SLOW)
    assert not prefixes.is_warm(MODEL, 1)
    assert prefixes.is_warm(MODEL, 3)


def test_short_prompts_tell_nothing(prefixes: Prefixes):
    prefixes.note(MODEL, 1, TOKENS, SLOW)
    prefixes.note(MODEL, 2, 10, 0.0001)
    prefixes.note(MODEL, 1, 100, 0.0001)
    assert prefixes.is_warm(MODEL, 1)
    assert not prefixes.is_warm(MODEL, 2)


def test_others_use_the_server_too(prefixes: Prefixes, clock: Clock):
    """A prompt that had to be read anew though nobody here sent another is relied on briefly."""
    prefixes.note(MODEL, 1, TOKENS, SLOW)
    prefixes.note(MODEL, 1, TOKENS, SLOW)
    assert prefixes.is_warm(MODEL, 1)
    clock.now += 31
    assert not prefixes.is_warm(MODEL, 1)
    prefixes.note(MODEL, 1, TOKENS, FAST)
    clock.now += 3600
    assert prefixes.is_warm(MODEL, 1), "they have gone"


def test_what_is_unloaded_is_forgotten(prefixes: Prefixes, clock: Clock):
    prefixes.note(MODEL, 1, TOKENS, SLOW)
    clock.now += 6
    prefixes.keep_only([MODEL])
    assert prefixes.is_warm(MODEL, 1)
    prefixes.keep_only(["llama3:8b"])
    assert not prefixes.is_warm(MODEL, 1)


def test_what_we_unload_is_forgotten_at_once(prefixes: Prefixes):
    prefixes.note("phi4", 1, TOKENS, SLOW)
    prefixes.forget("phi4:latest")
    assert not prefixes.is_warm("phi4", 1)
    assert prefixes.seconds_to_read("phi4", TOKENS) == 0
    prefixes.forget("nobody:1b")


def test_how_long_a_reading_takes(prefixes: Prefixes):
    """As the slowest one did: that was none of a memory."""
    assert prefixes.seconds_to_read(MODEL, 1000) == 0, "nothing was measured"
    prefixes.note(MODEL, 1, TOKENS, SLOW)
    prefixes.note(MODEL, 1, TOKENS, FAST)
    assert prefixes.seconds_to_read(MODEL, TOKENS // 2) == pytest.approx(SLOW / 2)


def test_an_old_list_takes_nothing_away(prefixes: Prefixes):
    """The list of loaded models may have been made before the answer."""
    prefixes.note(MODEL, 1, TOKENS, SLOW)
    prefixes.keep_only([])
    assert prefixes.is_warm(MODEL, 1)


@given(st.lists(st.integers(1, 4), min_size=2, max_size=30), st.sampled_from([1, 4]))
@settings(deadline=None)
def test_it_is_right_about_a_server_it_has_to_itself(sent: list[int], keeps: int):
    """What is called warm is so; what is not called warm only costs a reading too many."""
    prefixes = Prefixes(Clock())
    memory: list[int] = []
    shown = False
    for before, prefix in pairwise([0, *sent]):
        is_known = prefix in memory
        if prefixes.is_warm(MODEL, prefix):
            assert is_known
        shown = shown or (prefix in memory[-3:] and prefix != before)
        prefixes.note(MODEL, prefix, TOKENS, FAST if is_known else SLOW)
        memory = [*(one for one in memory if one != prefix), prefix][-keeps:]
        warm = [one for one in memory if prefixes.is_warm(MODEL, one)]
        assert warm == (memory[-3:] if shown else [prefix])


def test_what_is_being_read_takes_the_place_of_others(prefixes: Prefixes):
    prefixes.note(MODEL, 1, TOKENS, SLOW)
    with prefixes.reading(MODEL, 2):
        assert not prefixes.is_warm(MODEL, 1)
        prefixes.note(MODEL, 2, TOKENS, SLOW)
    assert prefixes.is_warm(MODEL, 2)


def test_what_was_broken_off_leaves_nothing(prefixes: Prefixes):
    prefixes.note(MODEL, 1, TOKENS, SLOW)
    with prefixes.reading(MODEL, 2):
        pass
    assert not prefixes.is_warm(MODEL, 1)
    assert not prefixes.is_warm(MODEL, 2)


def test_reading_drives_nothing_out_where_several_are_kept(prefixes: Prefixes):
    prefixes.note(MODEL, 1, TOKENS, SLOW)
    prefixes.note(MODEL, 2, TOKENS, SLOW)
    prefixes.note(MODEL, 1, TOKENS, FAST)
    with prefixes.reading(MODEL, 2):
        assert prefixes.is_warm(MODEL, 1)
    assert prefixes.is_warm(MODEL, 1)
