"""Counters: exact, of today, and not put out by any clock."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
import json
import math
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.helpers.json import json_bytes
from hypothesis import given, settings, strategies as st
import ollama
import pytest

from custom_components.ollama.server import Day, Figures, QueryResult, Totals, Usage

from .conftest import Clock, json_values

MODEL = "qwen3:8b"
FRIDAY = date(2026, 11, 20)
ONE = Totals(1, 0, 100, 20)
"""What `ask` counts."""


class Calendar:
    """The local time; a test sets the date."""

    def __init__(self, today: date = FRIDAY) -> None:
        self.today = today
        self.time = time(12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return datetime.combine(self.today, self.time)

    def show(self, moment: datetime) -> None:
        self.today, self.time = moment.date(), moment.timetz()


@pytest.fixture
def clock() -> Clock:
    return Clock(1000.0)


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def usage(clock: Clock, calendar: Calendar) -> Usage:
    return Usage(clock, calendar)


def last_chunk(prompt: int = 100, completion: int = 20, **more: Any) -> ollama.ChatResponse:
    """Return the end of an answer; durations are in nanoseconds."""
    values = {
        "load_duration": 500_000_000,
        "prompt_eval_duration": 250_000_000,
        "eval_duration": 2_000_000_000,
        "prompt_eval_count": prompt,
        "eval_count": completion,
        "done": True,
        "done_reason": "stop",
        "message": ollama.Message(role="assistant"),
    }
    return ollama.ChatResponse(**(values | more))


def chunk(**message: Any) -> ollama.ChatResponse:
    return ollama.ChatResponse(message=ollama.Message(role="assistant", **message), done=False)


def ask(
    usage: Usage,
    source: str = "conversation",
    agent: str = "one",
    model: str = MODEL,
    *,
    prompt: int = 100,
    completion: int = 20,
    error: str | None = None,
) -> QueryResult:
    """Let a query pass that takes one generation."""
    query = usage.open(source, agent, model)
    query.note(last_chunk(prompt, completion))
    return usage.close(query, error)


# -- figures ---------------------------------------------------------------------


def test_figures_of_a_query(usage: Usage, clock: Clock):
    """Of all its generations together; the first token is that of the first of them."""
    query = usage.open("ask", "one", MODEL)
    clock.now += 0.5
    query.note(chunk(content=""))
    assert query.time_to_first_token is None
    clock.now += 0.25
    query.note(chunk(content="Hel"))
    clock.now += 1
    query.note(chunk(content="lo"))
    query.note(last_chunk(100, 20))
    query.note(chunk(content="Again"))
    query.note(last_chunk(150, 4))
    clock.now += 0.25
    result = usage.close(query, None)
    assert result.time_to_first_token == 0.75
    assert result.duration == 2
    assert result.figures == Figures(2, 1.0, 0.5, 4.0, 250, 24)
    assert result.figures.tokens_per_second == 6
    assert usage.last is result
    assert usage.day.all == Totals(1, 0, 250, 24)
    assert usage.day.all.tokens == 274


@pytest.mark.parametrize(
    "message",
    [
        {"thinking": "Hm"},
        {
            "tool_calls": [
                ollama.Message.ToolCall(
                    function=ollama.Message.ToolCall.Function(name="x", arguments={})
                )
            ]
        },
    ],
)
def test_any_token_is_the_first(usage: Usage, clock: Clock, message: dict[str, Any]):
    query = usage.open("ask", "one", MODEL)
    clock.now += 3
    query.note(chunk(**message))
    assert query.time_to_first_token == 3


def test_what_was_not_measured_is_none(usage: Usage):
    """A server that leaves figures out, or tells nonsense, makes no division by zero."""
    query = usage.open("ask", "one", MODEL)
    odd = last_chunk(-5, -7, load_duration=None, prompt_eval_duration=-1, eval_duration=0)
    query.note(odd)
    result = usage.close(query, None)
    assert result.figures == Figures(generations=1)
    assert result.figures.tokens_per_second is None
    assert Figures(completion_tokens=0, generation_duration=1).tokens_per_second is None
    assert usage.day.all == Totals(requests=1)


def test_nonsense_stays_savable(usage: Usage):
    """A day full of counts that can't be is still a file of numbers of 64 bits."""
    for _ in range(1000):
        ask(usage, prompt=2**63 - 1, completion=10**30)
    assert Day.from_dict(json.loads(json_bytes(usage.day.as_dict()))) is not None
    assert usage.day.all.requests == 1000


def test_last_is_the_last_answer(usage: Usage):
    """Not a query that failed, nor one that needed no generation."""
    answered = ask(usage)
    ask(usage, error="too_slow")
    assert usage.last is answered
    assert usage.last_error == "too_slow"
    usage.close(usage.open("ask", "one", MODEL), None)
    assert usage.last is answered
    assert usage.last_error == "too_slow"
    assert usage.day.all == Totals(3, 1, 200, 40)


# -- sums ------------------------------------------------------------------------

queries = st.builds(
    dict,
    source=st.sampled_from(["conversation", "ai_task", "ask"]),
    agent=st.sampled_from(["one", "two", ""]),
    model=st.sampled_from([MODEL, "llama3:8b"]),
    prompt=st.integers(0, 5000),
    completion=st.integers(0, 500),
    error=st.none() | st.just("too_slow"),
)


@given(st.lists(st.tuples(queries, st.sampled_from([0, 0, 0, 1, 3])), max_size=40))
@settings(deadline=None)
def test_parts_sum_up_to_the_whole(asked: list[tuple[dict[str, Any], int]]):
    """Per agent, per model and per source, in every day."""
    calendar = Calendar()
    usage = Usage(Clock(), calendar)
    today: list[dict[str, Any]] = []
    for query, days in asked:
        ask(usage, **query)
        today.append(query)
        if days:
            calendar.today += timedelta(days)
            today.clear()
        day = usage.day
        assert day.day == calendar.today
        assert day.all == _sum(today)
        for key, parts in (
            ("agent", day.by_agent), ("model", day.by_model), ("source", day.by_source),
        ):  # fmt: skip
            assert parts == {
                name: _sum([query for query in today if query[key] == name])
                for name in {query[key] for query in today}
            }
            assert sum(parts.values(), Totals()) == day.all
        assert Day.from_dict(json.loads(json_bytes(day.as_dict()))) == day


def _sum(asked: list[dict[str, Any]]) -> Totals:
    return Totals(
        len(asked),
        sum(query["error"] is not None for query in asked),
        sum(query["prompt"] for query in asked),
        sum(query["completion"] for query in asked),
    )


# -- days ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first_sign", "counted"),
    [
        (lambda usage: usage.day, Totals()),
        (lambda usage: usage.turn_of_day(), Totals()),
        (ask, ONE),
    ],
    ids=["looking", "turning", "asking"],
)
def test_day_turns_at_midnight(
    usage: Usage, calendar: Calendar, first_sign: Callable[[Usage], Any], counted: Totals
):
    """With whatever comes first afterwards."""
    ask(usage)
    ask(usage)
    calendar.today += timedelta(1)
    first_sign(usage)
    assert usage.day.day == calendar.today
    assert usage.day.all == counted


def test_turn_is_told_once(usage: Usage, calendar: Calendar):
    heard: list[QueryResult | None] = []
    usage.listen(heard.append)
    assert not usage.turn_of_day()
    calendar.today += timedelta(1)
    assert usage.turn_of_day()
    assert not usage.turn_of_day()
    assert usage.day.all == Totals()
    assert heard == [None]


def _moments(around: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield local times every ten minutes, from two days before to two days after."""
    for step in range(-2 * 144, 2 * 144):
        yield (around + timedelta(minutes=10 * step)).astimezone(zone)


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2027, 3, 14, 10, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        # Where a day begins at one o'clock, and where midnight comes twice.
        ("Asia/Beirut", datetime(2026, 3, 28, 22, tzinfo=UTC)),
        ("Asia/Beirut", datetime(2026, 10, 24, 21, tzinfo=UTC)),
        ("Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC)),
        ("Africa/Cairo", datetime(2026, 10, 29, 21, tzinfo=UTC)),
        ("America/Havana", datetime(2026, 11, 1, 5, tzinfo=UTC)),
    ],
)
def test_daylight_saving(zone: str, change: datetime):
    """Each day is counted whole, be it of 23 or 25 hours, and turns once."""
    moments = list(_moments(change, ZoneInfo(zone)))
    offsets = {moment.utcoffset() for moment in moments}
    assert len(offsets) == 2, "the clock is changed in between"
    calendar = Calendar()
    calendar.show(moments[0])
    usage = Usage(Clock(), calendar)
    counted: dict[date, int] = {}
    turns = 0
    for moment in moments:
        calendar.show(moment)
        turns += usage.turn_of_day()
        ask(usage)
        counted[usage.day.day] = usage.day.all.requests
    days = {moment.date() for moment in moments}
    assert turns == len(days) - 1
    assert counted == {day: sum(m.date() == day for m in moments) for day in days}


def test_set_back_by_an_hour(usage: Usage, calendar: Calendar):
    """Half past midnight becomes half past eleven: it stays the day that has begun."""
    calendar.show(datetime(2026, 11, 20, 0, 30, tzinfo=UTC))
    ask(usage)
    calendar.show(datetime(2026, 11, 19, 23, 30, tzinfo=UTC))
    ask(usage)
    assert usage.day.day == FRIDAY
    assert usage.day.all.requests == 2
    calendar.today = FRIDAY
    ask(usage)
    assert usage.day.all.requests == 3
    calendar.today += timedelta(1)
    assert usage.day.all.requests == 0


@pytest.mark.parametrize("days", [1, 2, 30, 365 * 14])
def test_set_back_from_the_future(days: int):
    """A clock that was wrong before: what was counted stays, and the days turn as they do."""
    calendar = Calendar(FRIDAY + timedelta(days))
    usage = Usage(Clock(), calendar)
    ask(usage)
    calendar.today = FRIDAY
    assert usage.day.day == FRIDAY
    assert usage.day.all == ONE
    assert usage.day.since == midnight(FRIDAY), "it can't have begun in the future"
    ask(usage)
    assert usage.day.all.requests == 2
    calendar.today = FRIDAY + timedelta(1)
    assert usage.day.all.requests == 0
    assert usage.day.since == midnight(FRIDAY + timedelta(1))


def midnight(day: date, zone: str = "UTC") -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))


def test_zone_that_is_changed_there_and_back(usage: Usage, calendar: Calendar):
    """As long as no midnight has passed meanwhile, it is the same day."""
    moment = datetime(2026, 11, 20, 1, tzinfo=ZoneInfo("Europe/Amsterdam"))
    calendar.show(moment)
    usage.turn_of_day()
    began = usage.day.since
    ask(usage)
    for zone in ("America/Los_Angeles", "Europe/Amsterdam"):
        calendar.show(moment.astimezone(ZoneInfo(zone)))
        assert not usage.turn_of_day()
        assert usage.day.day == calendar.today
        assert (usage.day.all, usage.day.since) == (ONE, began)
    calendar.today += timedelta(1)
    assert usage.day.all.requests == 0
    assert usage.day.since == midnight(FRIDAY + timedelta(1), "Europe/Amsterdam")


def test_zone_to_the_west_has_a_midnight_of_its_own(usage: Usage, calendar: Calendar):
    moment = datetime(2026, 11, 20, 1, tzinfo=ZoneInfo("Europe/Amsterdam"))
    calendar.show(moment)
    ask(usage)
    west = ZoneInfo("America/Los_Angeles")
    calendar.show(moment.astimezone(west))
    ask(usage)
    assert usage.day.all.requests == 2
    calendar.show(datetime(2026, 11, 20, tzinfo=west))
    assert usage.day.all.requests == 0
    assert usage.day.since == midnight(FRIDAY, "America/Los_Angeles")


def test_from_2040_to_2026(usage: Usage, calendar: Calendar):
    calendar.today = date(2040, 1, 1)
    ask(usage)
    calendar.today = FRIDAY
    assert usage.day.day == FRIDAY
    assert usage.day.all == ONE


def test_set_to_1970_and_back(usage: Usage, calendar: Calendar):
    """A clock that nobody has set tells nothing: neither then nor afterwards is a new day."""
    heard: list[QueryResult | None] = []
    ask(usage)
    usage.listen(heard.append)
    for day in range(3):
        calendar.today = date(1970, 1, 1) + timedelta(day)
        assert not usage.turn_of_day()
        ask(usage)
        assert usage.day.day == FRIDAY
    calendar.today = FRIDAY
    assert usage.day.all.requests == 4
    assert None not in heard


@given(st.lists(st.dates() | st.dates(date(2026, 11, 18), date(2026, 11, 23)), max_size=30))
@settings(deadline=None)
def test_whatever_the_calendar_does(days: list[date]):
    """No query is counted twice or in the past, and the counters go down at turns alone."""
    calendar = Calendar()
    usage = Usage(Clock(), calendar)
    for today in days:
        before = usage.day.all.requests
        calendar.today = today
        turned = usage.turn_of_day()
        assert usage.day.all.requests == (0 if turned else before)
        ask(usage)
        assert usage.day.all.requests == (1 if turned else before + 1)
        assert usage.day.day >= today


# -- from run to run -------------------------------------------------------------


def _saved(usage: Usage) -> Any:
    return json.loads(json_bytes(usage.day.as_dict()))


def _restored(saved: Any, today: date = FRIDAY) -> Usage:
    usage = Usage(Clock(), Calendar(today))
    day = Day.from_dict(saved)
    assert day is not None
    usage.restore(day)
    return usage


def test_counters_survive(usage: Usage):
    ask(usage, agent="two", error="too_slow")
    ask(usage)
    again = _restored(_saved(usage))
    assert again.day == usage.day
    ask(again)
    assert again.day.all == Totals(3, 1, 300, 60)
    assert again.day.by_agent == {"one": Totals(2, 0, 200, 40), "two": Totals(1, 1, 100, 20)}


def test_of_yesterday_is_gone(usage: Usage):
    ask(usage)
    again = _restored(_saved(usage), FRIDAY + timedelta(1))
    tomorrow = FRIDAY + timedelta(1)
    assert again.day == Day(tomorrow, since=midnight(tomorrow))


def test_of_a_version_that_noted_no_begin(usage: Usage):
    ask(usage)
    saved = _saved(usage)
    del saved["since"]
    again = _restored(saved)
    assert (again.day.all, again.day.since) == (ONE, None)


def test_counted_while_the_file_was_read(usage: Usage):
    """What comes in meanwhile is added to what was."""
    ask(usage)
    saved = Day.from_dict(_saved(usage))
    assert saved is not None
    ask(usage, agent="two")
    again = Usage(Clock(), Calendar())
    ask(again, agent="three")
    heard: list[QueryResult | None] = []
    again.listen(heard.append)
    again.restore(saved)
    assert again.day.all == Totals(2, 0, 200, 40)
    assert again.day.by_agent == {"one": ONE, "three": ONE}
    assert heard == [None]


def test_started_before_the_clock_is_set(usage: Usage):
    """A computer without a clock of its own begins in 1970, until the network tells."""
    ask(usage)
    calendar = Calendar(date(1970, 1, 1))
    again = Usage(Clock(), calendar)
    ask(again)
    saved = Day.from_dict(_saved(usage))
    assert saved is not None
    again.restore(saved)
    ask(again)
    calendar.today = FRIDAY
    assert again.day.all.requests == 3
    assert again.day.day == FRIDAY


shape = st.fixed_dictionaries(
    {"day": st.just("2026-11-20")},
    optional={
        "all": json_values | st.dictionaries(st.sampled_from(["requests", "errors"]), json_values),
        "by_agent": json_values
        | st.dictionaries(
            st.text(max_size=3), st.dictionaries(st.sampled_from(["requests"]), json_values)
        ),
        "by_model": json_values,
        "by_source": json_values,
        "since": json_values | st.datetimes().map(datetime.isoformat),
    },
)


@given(json_values | shape | st.dictionaries(st.just("day"), json_values))
@settings(deadline=None, max_examples=300)
def test_garbage_is_restored_as_far_as_it_goes(saved: Any):
    day = Day.from_dict(saved)
    if day is None:
        return
    calendar = Calendar()
    usage = Usage(Clock(), calendar)
    usage.restore(day)
    before = usage.day.all
    assert min(before.requests, before.errors, before.tokens) >= 0
    ask(usage)
    assert usage.day.all == before + ONE
    assert json_bytes(usage.day.as_dict())
    assert all(isinstance(part, Totals) for part in usage.day.by_agent.values())
    calendar.today += timedelta(1)
    assert usage.day.all.requests in (0, 1)
    calendar.today += timedelta(400_000)
    assert usage.day.all.requests == 0


@pytest.mark.parametrize(
    "day", [None, 5, True, [], {}, "", "yesterday", "2026-02-30", "10000-01-01"]
)
def test_no_day_at_all(day: Any):
    assert Day.from_dict({"day": day, "all": {"requests": 5}}) is None
    assert Day.from_dict(day) is None


# -- listeners -------------------------------------------------------------------


def test_listeners(usage: Usage):
    first: list[QueryResult | None] = []
    second: list[QueryResult | None] = []
    stop = usage.listen(first.append)

    def once(result: QueryResult | None) -> None:
        second.append(result)
        stop_second()

    stop_second = usage.listen(once)
    one = ask(usage)
    usage.tell()
    stop()
    ask(usage)
    assert first == [one, None]
    assert second == [one]


def test_listeners_see_what_is_counted(usage: Usage):
    seen: list[int] = []
    usage.listen(lambda _: seen.append(usage.day.all.requests))
    ask(usage)
    ask(usage)
    assert seen == [1, 2]


# -- how many tokens a text makes ------------------------------------------------


def test_tokens_are_learned(usage: Usage):
    assert usage.tokens_of(MODEL, 3500) == 1000
    usage.learn_tokens(MODEL, 3000, 1200, 8192, has_history=False)
    assert usage.tokens_of(MODEL, 5000) == 2000
    assert usage.tokens_of("llama3:8b", 3500) == 1000
    # The newest counts: another language takes other tokens.
    usage.learn_tokens(MODEL, 3000, 1000, 8192, has_history=True)
    assert usage.tokens_of(MODEL, 3000) == 1000


@pytest.mark.parametrize(
    ("tokens", "num_ctx"),
    [
        # As recorded: 907 and 2853 tokens in windows of 256 and 512, by 0.32 and by 0.24.
        (130, 256), (258, 512), (256, 256), (512, 512),
        (4098, 8192), (8192, 8192), (8000, 8192),
        # Nothing is known of the window, or of the prompt.
        (1000, 0), (1000, -1), (0, 8192), (-5, 8192), (-5, 0), (0, 0),
    ],
)  # fmt: skip
def test_a_cut_prompt_teaches_nothing(usage: Usage, tokens: int, num_ctx: int):
    usage.learn_tokens(MODEL, 2000, tokens, num_ctx, has_history=False)
    assert usage.tokens_of(MODEL, 3500) == 1000


def test_an_empty_prompt_teaches_nothing(usage: Usage):
    usage.learn_tokens(MODEL, 0, 30, 8192, has_history=False)
    assert usage.tokens_of(MODEL, 3500) == 1000


def test_a_long_talk_teaches_nothing(usage: Usage):
    """Whole messages go from it, and nothing in the answer tells."""
    usage.learn_tokens(MODEL, 40_000, 5000, 8192, has_history=True)
    assert usage.tokens_of(MODEL, 3500) == 1000
    # Without a history it can only have been like that.
    usage.learn_tokens(MODEL, 30_000, 5000, 8192, has_history=False)
    assert usage.tokens_of(MODEL, 6000) == 1000


def test_learned_figures_stay_likely(usage: Usage):
    usage.learn_tokens(MODEL, 100_000, 1000, 8192, has_history=False)
    assert usage.tokens_of(MODEL, 6000) == 1000
    usage.learn_tokens(MODEL, 10, 1000, 8192, has_history=False)
    assert usage.tokens_of(MODEL, 6000) == 6000


@given(
    st.floats(1, 6),
    st.lists(
        st.tuples(
            st.integers(20, 40_000),
            st.sampled_from([256, 512, 2048, 4096, 8192, 32_768]),
            st.booleans(),
            st.booleans(),
            st.floats(0.01, 1),
        ),
        max_size=10,
    ),
)
@settings(deadline=None, max_examples=200)
def test_estimate_stays_near_the_truth(
    per_token: float, prompts: list[tuple[int, int, bool, bool, float]]
):
    """However prompts are cut, by servers old and new: once it is right it stays right."""
    usage = Usage(Clock(), Calendar())
    usage.learn_tokens(MODEL, round(10_000 * per_token), 10_000, 32_768, has_history=False)
    for tokens, num_ctx, has_history, is_old, share in prompts:
        counted = tokens
        if tokens > num_ctx and has_history:
            counted = max(1, int(num_ctx * share))
        elif tokens > num_ctx:
            counted = num_ctx if is_old else num_ctx // 2 + 2
        usage.learn_tokens(
            MODEL, round(tokens * per_token), counted, num_ctx, has_history=has_history
        )
        assert usage.tokens_of(MODEL, round(10_000 * per_token)) == pytest.approx(10_000, rel=0.03)


def test_a_prompt_that_was_cut_unexpectedly(usage: Usage):
    """By what was known it would have fitted: so its tokens are shorter than was thought."""
    usage.learn_tokens(MODEL, 13_000, 2050, 4096, has_history=False)
    assert usage.tokens_of(MODEL, 13_000) > 4096
    usage.learn_tokens("llama3:8b", 13_500, 4096, 4096, has_history=False)
    assert usage.tokens_of("llama3:8b", 13_500) == 4096


def test_a_long_talk_of_too_few_tokens(usage: Usage):
    """Whole messages may be gone from it, though it seemed to fit."""
    usage.learn_tokens(MODEL, 12_600, 2600, 4096, has_history=True)
    assert usage.tokens_of(MODEL, 3500) == 1000
    usage.learn_tokens(MODEL, 12_600, 2600, 4096, has_history=False)
    assert usage.tokens_of(MODEL, 12_600) == 2600


def test_what_was_learned_is_kept(usage: Usage):
    usage.learn_tokens(MODEL, 3000, 1200, 8192, has_history=False)
    later = Usage(Clock(), Calendar())
    later.restore_learned(dict(usage.learned))
    assert later.tokens_of(MODEL, 5000) == 2000


@pytest.mark.parametrize("saved", [None, [], {MODEL: None}, {MODEL: "3"}, {MODEL: math.nan}])
def test_what_was_kept_badly(usage: Usage, saved: object):
    usage.restore_learned(saved)
    assert usage.tokens_of(MODEL, 3500) == 1000
