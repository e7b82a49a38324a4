"""What a server was asked and what it took, counted in one place.

A query is what somebody wants: a sentence, a task. It takes one generation of the server or
several, since a model that calls a tool is asked again. Figures are those that Ollama itself
returns at the end of each generation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
import logging
import math
from typing import Any, Final

import ollama

from .lenient import as_count, as_mapping, as_number, as_seconds, as_time
from .queue import Priority

_LOGGER = logging.getLogger(__name__)

_CLOCK_NEVER_SET: Final = date(2026, 1, 1)
"""A clock that shows an earlier day has not been set since the device was switched on."""
_SMALL_STEP_BACK: Final = timedelta(hours=1)

_BYTES_PER_TOKEN: Final = 3.5
"""Until a model has shown its own figure: English text has more, names of devices have less."""
_LEAST_PER_TOKEN: Final = 1.0
_MOST_PER_TOKEN: Final = 6.0
_LEAST_TO_LEARN: Final = 300
"""Tokens of a prompt that teaches how many bytes make one."""
_FULL: Final = 0.95
_HALF: Final = 0.5
_NEAR: Final = 0.03
"""Shares of the window at which a prompt may have been cut, so that its count says nothing."""
_LARGE: Final = 0.8
"""Of the window: a prompt that may not have fitted, where little is known of its tokens."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What generations took: durations in seconds, counts in tokens."""

    generations: int = 0
    load_duration: float = 0.0
    prompt_duration: float = 0.0
    generation_duration: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @classmethod
    def of_last_chunk(cls, chunk: ollama.ChatResponse) -> Figures:
        """Read the chunk that ends an answer; it gives durations in nanoseconds."""
        return cls(
            generations=1,
            load_duration=as_seconds(chunk.load_duration),
            prompt_duration=as_seconds(chunk.prompt_eval_duration),
            generation_duration=as_seconds(chunk.eval_duration),
            prompt_tokens=as_count(chunk.prompt_eval_count),
            completion_tokens=as_count(chunk.eval_count),
        )

    def __add__(self, other: Figures) -> Figures:
        """Return both together."""
        return Figures(
            self.generations + other.generations,
            self.load_duration + other.load_duration,
            self.prompt_duration + other.prompt_duration,
            self.generation_duration + other.generation_duration,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )

    @property
    def tokens_per_second(self) -> float | None:
        """How fast text was generated; None where no time was measured."""
        if not self.generation_duration or not self.completion_tokens:
            return None
        return self.completion_tokens / self.generation_duration


class Query:
    """One query under way. The server notes here what it sends for it."""

    def __init__(self, source: str, agent: str, model: str, now: Callable[[], float]) -> None:
        """Start its clock; `agent` is the id of a subentry, or empty."""
        self.source = source
        self.agent = agent
        self.model = model
        self.figures = Figures()
        self.time_to_first_token: float | None = None
        """Seconds from the request to the first token of any kind."""
        self.needed_tokens = 0
        """How many tokens its prompts take at least, without earlier turns; estimated."""
        self.num_ctx = 0
        """The context window that they had, in tokens."""
        self.priority = Priority.SPEECH
        self.forgot = False
        """Whether earlier exchanges of the talk were left out, because they don't fit."""
        self.waited = 0.0
        """Seconds in the queue."""
        self.on_end: Callable[[Figures], None] | None = None
        """Called with the figures of each generation that came to its end."""
        self._now = now
        self._started = now()

    @property
    def duration(self) -> float:
        """Seconds since it began."""
        return self._now() - self._started

    def note(self, chunk: ollama.ChatResponse) -> None:
        """Look at a chunk of an answer as it comes."""
        if self.time_to_first_token is None:
            message = chunk.message
            if message.content or message.thinking or message.tool_calls:
                self.time_to_first_token = self.duration
        if chunk.done:
            figures = Figures.of_last_chunk(chunk)
            self.figures += figures
            if self.on_end is not None:
                self.on_end(figures)


@dataclass(frozen=True, slots=True)
class QueryResult:
    """How a query ended; durations in seconds."""

    source: str
    agent: str
    model: str
    duration: float
    time_to_first_token: float | None
    figures: Figures
    error: str | None
    """Translation key of what went wrong."""
    needed_tokens: int = 0
    num_ctx: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over queries; tokens count those of the prompts too."""

    requests: int = 0
    errors: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def tokens(self) -> int:
        """All tokens, read and generated."""
        return self.prompt_tokens + self.completion_tokens

    @classmethod
    def of(cls, result: QueryResult) -> Totals:
        """Return what a single query counts."""
        return cls(
            1,
            int(result.error is not None),
            result.figures.prompt_tokens,
            result.figures.completion_tokens,
        )

    def __add__(self, other: Totals) -> Totals:
        """Return both together."""
        return Totals(
            self.requests + other.requests,
            self.errors + other.errors,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )

    def as_dict(self) -> dict[str, int]:
        """Return what can be saved."""
        return {
            "requests": self.requests,
            "errors": self.errors,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
        }

    @classmethod
    def from_dict(cls, saved: Any) -> Totals:
        """Read what was saved."""
        values = as_mapping(saved)
        return cls(
            as_count(values.get("requests")),
            as_count(values.get("errors")),
            as_count(values.get("prompt_tokens")),
            as_count(values.get("completion_tokens")),
        )


@dataclass(frozen=True, slots=True)
class Day:
    """What was counted since a midnight."""

    day: date
    all: Totals = Totals()
    by_agent: Mapping[str, Totals] = field(default_factory=dict)
    by_model: Mapping[str, Totals] = field(default_factory=dict)
    by_source: Mapping[str, Totals] = field(default_factory=dict)
    since: datetime | None = None
    """The midnight with which it began, wherever that was; None where that wasn't noted."""

    @classmethod
    def of(cls, day: date, result: QueryResult) -> Day:
        """Return a day with a single query."""
        one = Totals.of(result)
        return cls(day, one, {result.agent: one}, {result.model: one}, {result.source: one})

    def __add__(self, other: Day) -> Day:
        """Return both together, as the earlier one's day."""
        return replace(
            self,
            all=self.all + other.all,
            by_agent=_together(self.by_agent, other.by_agent),
            by_model=_together(self.by_model, other.by_model),
            by_source=_together(self.by_source, other.by_source),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return what can be saved."""
        return {
            "day": self.day.isoformat(),
            "all": self.all.as_dict(),
            "by_agent": _as_dicts(self.by_agent),
            "by_model": _as_dicts(self.by_model),
            "by_source": _as_dicts(self.by_source),
            "since": self.since and self.since.isoformat(),
        }

    @classmethod
    def from_dict(cls, saved: Any) -> Day | None:
        """Read what was saved, None when that isn't a day."""
        values = as_mapping(saved)
        try:
            day = date.fromisoformat(values.get("day", ""))
        except TypeError, ValueError:
            return None
        return cls(
            day,
            Totals.from_dict(values.get("all")),
            _from_dicts(values.get("by_agent")),
            _from_dicts(values.get("by_model")),
            _from_dicts(values.get("by_source")),
            as_time(values.get("since")),
        )


class Usage:
    """The counters of one server, and who wants to know of their changes."""

    def __init__(
        self,
        now: Callable[[], float],
        local_now: Callable[[], datetime],
    ) -> None:
        """Take a clock that only goes forward, in seconds, and the local time."""
        self._now = now
        self._local_now = local_now
        today = local_now().date()
        self._day = Day(today, since=self._midnight(today))
        self.last: QueryResult | None = None
        """The last query that was answered."""
        self.last_error: str | None = None
        self._listeners: list[Callable[[QueryResult | None], None]] = []
        self._bytes_per_token: dict[str, float] = {}

    @property
    def day(self) -> Day:
        """What was counted today."""
        self.turn_of_day()
        return self._day

    def restore(self, day: Day) -> None:
        """Go on from what an earlier run has counted, if that was today."""
        before, self._day = self._day, day
        self.turn_of_day()
        if before.all.requests:
            # Counted while the file was being read.
            self._day += before
        self.tell()

    def turn_of_day(self) -> bool:
        """Begin to count anew when it has become another day; return whether it has.

        A clock that has not been set yet, a step back, and a time zone that is changed there
        and back, are no new day.
        """
        today = self._local_now().date()
        if today == self._day.day or today < _CLOCK_NEVER_SET:
            return False
        if today < self._day.day:
            self._step_back(today)
            return False
        midnight, since = self._midnight(today), self._day.since
        is_same = since is not None and midnight <= since <= self._local_now()
        self._day = replace(self._day, day=today) if is_same else Day(today, since=midnight)
        self.tell()
        return not is_same

    def _step_back(self, today: date) -> None:
        """Let what was counted belong to an earlier day, unless its midnight is about to come."""
        now, since = self._local_now(), self._day.since
        if now >= self._midnight(self._day.day) - _SMALL_STEP_BACK:
            return
        if since is not None and since > now:
            # The clock was wrong before: nothing can have begun in the future.
            since = self._midnight(today)
        self._day = replace(self._day, day=today, since=since)
        self.tell()

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._local_now().tzinfo).astimezone(UTC)

    def open(self, source: str, agent: str, model: str) -> Query:
        """Begin a query."""
        return Query(source, agent, model, self._now)

    def close(self, query: Query, error: str | None, *, answered: bool = True) -> QueryResult:
        """Count a query that has ended. To be called once for each.

        One that was cancelled has neither failed nor been answered.
        """
        result = QueryResult(
            source=query.source,
            agent=query.agent,
            model=query.model,
            duration=query.duration,
            time_to_first_token=query.time_to_first_token,
            figures=query.figures,
            error=error,
            needed_tokens=query.needed_tokens,
            num_ctx=query.num_ctx,
        )
        self.turn_of_day()
        self._day += Day.of(self._day.day, result)
        if error is not None:
            self.last_error = error
        elif answered and query.figures.generations:
            self.last = result
        self.tell(result)
        return result

    def listen(self, listener: Callable[[QueryResult | None], None]) -> Callable[[], None]:
        """Call with each result, and with None when only other figures have changed."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def learn_tokens(
        self, model: str, size: int, tokens: int, num_ctx: int, *, has_history: bool
    ) -> None:
        """Learn from a prompt how many bytes of it make a token for a model.

        A prompt that may have been cut teaches little (fact 11 of the recordings): one that
        fills the window; one that fills half of it, which is what newer servers leave of a
        long one; and with a history, from which whole messages go, one that seems too long.
        Where it was nearly as large as the window by what was known, it had more tokens.
        """
        if tokens < _LEAST_TO_LEARN or not size or num_ctx <= 0:
            # What a template adds to a short prompt outweighs the prompt.
            return
        estimate = self.tokens_of(model, size)
        is_full = tokens > num_ctx * _FULL
        if is_full or abs(tokens / num_ctx - _HALF) < _NEAR:
            if estimate > num_ctx * _FULL or estimate < num_ctx * _LARGE:
                return
            least = tokens if is_full else num_ctx / _FULL
            learned = min(size / least, self.size_of(model, 1))
        else:
            # Whole messages may have gone from it.
            too_few = estimate > num_ctx * _LARGE and tokens < estimate * _LARGE
            if has_history and (too_few or estimate > num_ctx * _FULL):
                return
            learned = size / tokens
        self._bytes_per_token[model] = min(max(learned, _LEAST_PER_TOKEN), _MOST_PER_TOKEN)

    def tokens_of(self, model: str, size: int) -> int:
        """Return how many tokens a text of so many bytes will have, roughly."""
        return round(size / self._bytes_per_token.get(model, _BYTES_PER_TOKEN))

    def size_of(self, model: str, tokens: float) -> float:
        """Return how many bytes make so many tokens, roughly."""
        return tokens * self._bytes_per_token.get(model, _BYTES_PER_TOKEN)

    @property
    def learned(self) -> Mapping[str, float]:
        """What models have shown, to be saved: bytes that make a token."""
        return self._bytes_per_token

    def restore_learned(self, saved: Any) -> None:
        """Go on with what an earlier run has learned of models."""
        for model, value in as_mapping(saved).items():
            learned = as_number(value, math.nan, _LEAST_PER_TOKEN, _MOST_PER_TOKEN)
            if not math.isnan(learned):
                self._bytes_per_token.setdefault(str(model), learned)

    def tell(self, result: QueryResult | None = None) -> None:
        """Tell who listens of a result, or that some figure has changed."""
        for listener in list(self._listeners):
            try:
                listener(result)
            except Exception:
                # What somebody shows of it must not break an answer.
                _LOGGER.exception("Somebody who listens to the usage has failed")


def _together(one: Mapping[str, Totals], other: Mapping[str, Totals]) -> dict[str, Totals]:
    return dict(one) | {key: one.get(key, Totals()) + more for key, more in other.items()}


def _as_dicts(totals: Mapping[str, Totals]) -> dict[str, dict[str, int]]:
    return {key: value.as_dict() for key, value in totals.items()}


def _from_dicts(saved: Any) -> dict[str, Totals]:
    return {str(key): Totals.from_dict(value) for key, value in as_mapping(saved).items()}
