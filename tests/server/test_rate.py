"""Limits of requests: a sliding hour, held against the plainest model of one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
import itertools

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ollama.server import (
    MOST_PER_HOUR,
    RateLimiter,
    RateLimits,
    Refused,
    Requester,
)

from .conftest import Clock

HOUR = 3600.0
TICK = 1 / 64
"""Times are multiples of it, so that sums of them are exact."""
PERSON, ADMIN = Requester.PERSON, Requester.ADMIN
AUTOMATION, BACKGROUND = Requester.AUTOMATION, Requester.BACKGROUND


@dataclass
class NaiveLimiter:
    """Remembers every request that was let through, and counts them anew each time."""

    passed: list[tuple[float, Requester, str | None, str]] = field(default_factory=list)

    def free_at(
        self, now: float, limits: RateLimits, who: Requester, user: str | None, place: str
    ) -> float:
        """Return when a request is let through; that is now, or later."""
        if who in (ADMIN, BACKGROUND):
            return now
        allowed = limits.per_hour
        if who is AUTOMATION:
            allowed -= allowed // 10
        own = [at for at, _, by, _ in self.passed if user and by == user]
        same = [
            at
            for at, kind, by, where in self.passed
            if (by == user if user else by is None and (kind, where) == (who, place))
        ]
        return max(
            now,
            _free_at(now, [at for at, *_ in self.passed], allowed),
            _free_at(now, own, limits.per_hour_and_user),
            max(same, default=-HOUR) + limits.seconds_between,
        )


def _free_at(now: float, times: Sequence[float], allowed: int) -> float:
    within = [at for at in times if at + HOUR > now]
    if not allowed or len(within) < allowed:
        return now
    return within[-allowed] + HOUR


limits = st.builds(
    RateLimits,
    per_hour=st.integers(0, 25),
    per_hour_and_user=st.integers(0, 5),
    seconds_between=st.sampled_from([0, 0.5, 30, 600, 3600]),
)
requests = st.tuples(
    st.sampled_from([0, TICK, 0.5, 10, 59, 600, 1799.5, 3599, HOUR - TICK, HOUR, HOUR + TICK]),
    st.one_of(
        st.tuples(st.sampled_from([PERSON, ADMIN]), st.sampled_from(["ann", "bob"]), st.just("")),
        st.tuples(
            st.sampled_from([PERSON, AUTOMATION, BACKGROUND]),
            st.none(),
            st.sampled_from(["", "kitchen"]),
        ),
    ),
    st.booleans(),
)


@given(st.lists(limits, min_size=1, max_size=3), st.lists(requests, max_size=60))
@settings(deadline=None, max_examples=300)
def test_against_the_naive_model(in_force: list[RateLimits], asked: list[tuple]):
    """Each request is let through, or refused until just the moment when it is free."""
    clock, naive, refused = Clock(), NaiveLimiter(), 0
    limiter = RateLimiter(clock)
    for number, (pause, (who, user, place), waits) in enumerate(asked):
        current = in_force[number * len(in_force) // len(asked)]
        clock.now += pause
        free = naive.free_at(clock.now, current, who, user, place)
        answer = limiter.take(current, who, user, place)
        if free > clock.now:
            refused += 1
            assert answer is not None
            assert answer.wait == free - clock.now
            if not waits:
                continue
            clock.now = free - TICK
            assert limiter.take(current, who, user, place) is not None
            refused += 1
            clock.now = free
            answer = limiter.take(current, who, user, place)
        assert answer is None
        if who is not BACKGROUND:
            naive.passed.append((clock.now, who, user, place))
        assert limiter.refused == refused


@given(
    st.floats(HOUR, 1e7),
    st.lists(st.floats(0, 2000), min_size=1, max_size=40),
    st.integers(1, 5),
    st.floats(0, HOUR),
)
@settings(deadline=None)
def test_wait_is_exact(start: float, pauses: list[float], per_hour: int, between: float):
    """Whatever the clock shows, a refused request is free at the moment that was told."""
    clock = Clock(start)
    limiter = RateLimiter(clock)
    limits = RateLimits(per_hour=per_hour, seconds_between=between)
    for pause in pauses:
        clock.now += pause
        refused = limiter.take(limits, PERSON, "ann")
        if refused is not None:
            assert refused.wait > 0
            clock.now += refused.wait
            assert limiter.take(limits, PERSON, "ann") is None


@given(
    st.integers(1, 30),
    st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from([PERSON, AUTOMATION])),
        min_size=30,
        max_size=120,
    ),
)
@settings(deadline=None)
def test_never_more_in_any_hour(per_hour: int, asked: list[tuple[int, Requester]]):
    clock = Clock()
    limiter = RateLimiter(clock)
    passed: list[tuple[float, Requester]] = []
    for pause, who in asked:
        clock.now += pause
        if limiter.take(RateLimits(per_hour=per_hour), who, None) is None:
            passed.append((clock.now, who))
    for end, who in passed:
        window = [at for at, _ in passed if end - HOUR < at <= end]
        assert len(window) <= per_hour
        if who is AUTOMATION:
            first_of_all = [at for at, _ in passed[: passed.index((end, who)) + 1]]
            before = [at for at in first_of_all if at > end - HOUR]
            assert len(before) <= per_hour - per_hour // 10


@pytest.mark.parametrize(("per_hour", "left"), [(10, 1), (100, 10), (25, 2), (9, 0), (1, 0)])
def test_automations_leave_a_tenth(per_hour: int, left: int):
    """People still get through when an automation has run wild."""
    limiter = RateLimiter(Clock())
    limits = RateLimits(per_hour=per_hour)
    taken = sum(limiter.take(limits, AUTOMATION, None) is None for _ in range(per_hour + 5))
    assert taken == per_hour - left
    people = sum(limiter.take(limits, PERSON, None, "kitchen") is None for _ in range(left + 5))
    assert people == left


def test_admins_are_counted_and_never_refused():
    clock = Clock()
    limiter = RateLimiter(clock)
    limits = RateLimits(per_hour=3, per_hour_and_user=2, seconds_between=60)
    for _ in range(10):
        assert limiter.take(limits, ADMIN, "owner") is None
    assert limiter.refused == 0
    # Others stand behind them: of the ten, three may still be there when one gets through.
    assert limiter.take(limits, PERSON, "ann") == Refused(HOUR, too_soon=False)
    # Somebody who is no admin any more has asked all that.
    assert limiter.take(RateLimits(per_hour_and_user=10), PERSON, "owner") == Refused(
        HOUR, too_soon=False
    )


def test_background_is_neither_counted_nor_refused():
    limiter = RateLimiter(Clock())
    limits = RateLimits(per_hour=1, per_hour_and_user=1, seconds_between=60)
    for _ in range(5):
        assert limiter.take(limits, BACKGROUND, None) is None
    assert limiter.take(limits, PERSON, None) is None
    assert limiter.take(limits, PERSON, None) is not None
    assert limiter.take(limits, BACKGROUND, None) is None
    assert limiter.refused == 1


def test_too_soon_is_told_from_too_many():
    clock = Clock()
    limiter = RateLimiter(clock)
    limits = RateLimits(per_hour=2, seconds_between=10)
    assert limiter.take(limits, PERSON, "ann") is None
    clock.now = 4
    assert limiter.take(limits, PERSON, "ann") == Refused(6, too_soon=True)
    # Somebody else doesn't wait for her.
    assert limiter.take(limits, PERSON, "bob") is None
    # What is longer is told.
    assert limiter.take(limits, PERSON, "ann") == Refused(HOUR - 4, too_soon=False)


def test_satellites_are_told_apart():
    """Two rooms in which somebody speaks don't wait for each other, nor for automations."""
    limiter = RateLimiter(Clock())
    limits = RateLimits(seconds_between=10)
    assert limiter.take(limits, PERSON, None, "kitchen") is None
    assert limiter.take(limits, PERSON, None, "bath") is None
    assert limiter.take(limits, AUTOMATION, None) is None
    assert limiter.take(limits, PERSON, None, "kitchen") == Refused(10, too_soon=True)
    assert limiter.take(limits, AUTOMATION, None) == Refused(10, too_soon=True)


def test_who_has_not_asked_is_never_too_soon():
    """Also in the first hour after the computer was switched on."""
    limiter = RateLimiter(Clock(1.0))
    assert limiter.take(RateLimits(seconds_between=2 * HOUR), PERSON, "ann") is None


def test_a_refused_request_counts_for_nothing():
    clock = Clock()
    limiter = RateLimiter(clock)
    limits = RateLimits(per_hour=1, seconds_between=5)
    assert limiter.take(limits, PERSON, "ann") is None
    for _ in range(100):
        clock.now += 30
        assert limiter.take(limits, PERSON, "ann") is not None
    clock.now = HOUR
    assert limiter.take(limits, PERSON, "ann") is None


def test_limits_change_in_place():
    """What was let through before counts for a limit that is set later."""
    clock = Clock()
    limiter = RateLimiter(clock)
    for clock.now in range(5):
        assert limiter.take(RateLimits(), PERSON, "ann") is None
    clock.now = 10
    assert limiter.take(RateLimits(per_hour=5), PERSON, "bob") == Refused(HOUR - 10, too_soon=False)
    # With three allowed, the third last has to be an hour old.
    assert limiter.take(RateLimits(per_hour=3), PERSON, "bob") == Refused(HOUR - 8, too_soon=False)
    assert limiter.take(RateLimits(per_hour=6), PERSON, "bob") is None


def test_the_highest_limit_holds():
    """It can be reached and not passed, with admins in between."""
    clock = Clock()
    limiter = RateLimiter(clock)
    limits = RateLimits(per_hour=MOST_PER_HOUR, per_hour_and_user=MOST_PER_HOUR)
    who = itertools.cycle([PERSON, ADMIN])
    for _ in range(MOST_PER_HOUR):
        assert limiter.take(limits, next(who), "ann") is None
        clock.now += TICK
    for _ in range(10):
        assert limiter.take(limits, ADMIN, "ann") is None
    refused = limiter.take(limits, PERSON, "ann")
    # The ten of the end stand in the way longer than the first ten.
    assert refused == Refused(10 * TICK + HOUR - clock.now, too_soon=False)


def test_memory_stays_flat():
    """Thousands of users, one after another, leave nothing behind after an hour."""
    clock = Clock()
    limiter = RateLimiter(clock)
    limits = RateLimits(per_hour_and_user=10, seconds_between=1)
    for number in range(3000):
        clock.now += 60
        assert limiter.take(limits, PERSON, f"user {number}") is None
        assert limiter.take(limits, PERSON, None, f"place {number}") is None
    assert len(limiter._all) <= 120
    assert len(limiter._by_user) <= 60
    assert len(limiter._last) <= 240
