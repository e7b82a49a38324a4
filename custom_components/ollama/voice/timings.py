"""How long a run of a pipeline took, from the record that Home Assistant keeps of the last ones."""

from collections.abc import Callable, Iterable, Mapping
import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.components.assist_pipeline import PipelineEvent, PipelineEventType
from homeassistant.components.assist_pipeline.runtime import KEY_ASSIST_PIPELINE
from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.util import dt as dt_util

from ..const import EVENT_QUERY_PROCESSED

RUN_CUT: Final = "run-cut"
"""Error of a run that ended amid a stage: whoever spoke has gone away, or a stage never ended."""
UNKNOWN_ERROR: Final = "unknown"

POLL: Final = timedelta(seconds=30)
PAUSES: Final = (0.1, 0.4, 1.5, 4.0)
"""Seconds between looks after our agent has answered: its run ends a little later."""

_FIRST_WORD: Final = "first-word"
_STREAMING: Final = "streaming"
_WAITING: Final = (
    PipelineEventType.STT_VAD_END,
    PipelineEventType.STT_START,
    PipelineEventType.INTENT_START,
)
"""From when people wait: the first of these that a run has."""
_NOBODY_SPOKE: Final = frozenset(
    {"wake-word-timeout", "wake_word_detection_aborted", "duplicate_wake_up_detected"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTimings:
    """How long a finished run took, in seconds; None for what it did not come to.

    People wait from the end of their speech. Home Assistant knows it where it waits for the
    silence after the speech itself (that silence, 0.7 s by default, isn't counted). Where the
    speech server or the client finds the end, the record doesn't tell it: the waiting then counts
    from the beginning of speech recognition, and the speaking is in it. For a text it counts from
    when the agent got it.
    """

    speech_to_text: float | None = None
    """From the end of speech until the text is known."""
    first_token: float | None = None
    """From when the agent got the text to the first piece of its answer."""
    intent: float | None = None
    """From when the text went to the agent, or to local intents, until the answer is whole."""
    speech_start: float | None = None
    """From the end of speech until the answer is first given to text-to-speech."""
    whole: float | None = None
    """From the end of speech until the run has ended, well or not; None where it was cut."""
    handled_locally: bool = False
    finished_at: datetime
    error: str | None = None
    """Home Assistant's code, or `RUN_CUT`. An agent that apologises is no error."""


def read_run(events: Iterable[PipelineEvent]) -> RunTimings | None:
    """Return how long a run took; None while it goes on, and where nobody asked anything."""
    marks = _marks(events)
    end = _moment(marks.get(PipelineEventType.RUN_END))
    error = _error(marks)
    since = next((mark for mark in _WAITING if mark in marks), None)
    if end is None or error in _NOBODY_SPOKE or (since is None and error is None):
        return None
    speaks = _STREAMING if _STREAMING in marks else PipelineEventType.TTS_START
    heard = since if since != PipelineEventType.INTENT_START else None
    intent = PipelineEventType.INTENT_START
    return RunTimings(
        speech_to_text=_seconds(marks, heard, PipelineEventType.STT_END),
        first_token=_seconds(marks, intent, _FIRST_WORD),
        intent=_seconds(marks, intent, PipelineEventType.INTENT_END),
        speech_start=_seconds(marks, since, speaks),
        whole=None if error == RUN_CUT else _seconds(marks, since, PipelineEventType.RUN_END),
        handled_locally=bool(_told(marks, PipelineEventType.INTENT_END, "processed_locally")),
        finished_at=end,
        error=error,
    )


class PipelineWatcher:
    """Tells of each run of a pipeline, once, when it has ended.

    Runs cannot be subscribed to. So the record is looked at shortly after an agent of ours has
    answered, and now and then for runs that were handled without one.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        pipeline_id: str,
        on_result: Callable[[RunTimings], None],
    ) -> None:
        self._hass = hass
        self._pipeline_id = pipeline_id
        self._on_result = on_result
        self._known: set[str] = set()
        self._stop: list[CALLBACK_TYPE] = []
        self._drop_look: CALLBACK_TYPE | None = None

    @callback
    def async_start(self) -> None:
        """Tell of the last run at once, and of each that ends from now on."""
        for result in self._new_results()[-1:]:
            self._on_result(result)
        self._stop = [
            self._hass.bus.async_listen(EVENT_QUERY_PROCESSED, self._look_soon),
            async_track_time_interval(
                self._hass, self._poll, POLL, name="voice runs", cancel_on_shutdown=True
            ),
        ]

    @callback
    def async_stop(self) -> None:
        """Look no more."""
        self._look_after(())
        while self._stop:
            self._stop.pop()()

    @callback
    def async_look(self) -> None:
        """Tell of the runs that have ended since the last look, in the order in which they did."""
        for result in self._new_results():
            self._on_result(result)

    @callback
    def _poll(self, _now: datetime) -> None:
        self.async_look()

    @callback
    def _look_soon(self, _event: Event) -> None:
        self._look_after(PAUSES)

    @callback
    def _look_after(self, pauses: tuple[float, ...]) -> None:
        """Look after each of the pauses, in place of what was planned before."""
        if self._drop_look is not None:
            self._drop_look()
            self._drop_look = None
        if not pauses:
            return

        @callback
        def look(_now: datetime) -> None:
            # Planned first: whoever is told may stop the watching.
            self._look_after(pauses[1:])
            self.async_look()

        self._drop_look = async_call_later(
            self._hass, pauses[0], HassJob(look, cancel_on_shutdown=True)
        )

    def _new_results(self) -> list[RunTimings]:
        """Return the runs that have ended and were not known yet, the oldest end first."""
        if (data := self._hass.data.get(KEY_ASSIST_PIPELINE)) is None:
            return []
        if (runs := data.pipeline_debug.get(self._pipeline_id)) is None:
            return []
        results = {
            run_id: result
            for run_id, run in runs.items()
            if run_id not in self._known and (result := read_run(run.events))
        }
        # Only what is still in the record can be met again.
        self._known = (self._known & runs.keys()) | results.keys()
        return sorted(results.values(), key=lambda result: result.finished_at)


def _marks(events: Iterable[PipelineEvent]) -> dict[str, PipelineEvent]:
    """Return the first event of each kind, and of what an answer comes to underway."""
    marks: dict[str, PipelineEvent] = {}
    role = "assistant"
    for event in events:
        marks.setdefault(event.type, event)
        if event.type != PipelineEventType.INTENT_PROGRESS:
            continue
        if _field(event, "tts_start_streaming"):
            marks.setdefault(_STREAMING, event)
        delta = _field(event, "chat_log_delta")
        if not isinstance(delta, Mapping):
            continue
        role = delta.get("role", role)
        if role == "assistant" and delta.get("content"):
            marks.setdefault(_FIRST_WORD, event)
    return marks


def _error(marks: Mapping[str, PipelineEvent]) -> str | None:
    """Return what went wrong in a run."""
    if PipelineEventType.ERROR in marks:
        return str(_told(marks, PipelineEventType.ERROR, "code") or UNKNOWN_ERROR)
    hears_still = PipelineEventType.STT_START in marks and PipelineEventType.STT_END not in marks
    thinks_still = (
        PipelineEventType.INTENT_START in marks and PipelineEventType.INTENT_END not in marks
    )
    return RUN_CUT if hears_still or thinks_still else None


def _seconds(
    marks: Mapping[str, PipelineEvent], begin: str | None, end: str | None
) -> float | None:
    """Return the time between two marks; None where there is none, or the clock was put back."""
    first = _moment(marks.get(begin)) if begin else None
    last = _moment(marks.get(end)) if end else None
    if first is None or last is None or last < first:
        return None
    return round((last - first).total_seconds(), 3)


def _moment(event: PipelineEvent | None) -> datetime | None:
    """Return when something happened; None where it can't be read."""
    with contextlib.suppress(TypeError, ValueError):
        if event and (moment := dt_util.parse_datetime(event.timestamp)) and moment.tzinfo:
            return moment
    return None


def _told(marks: Mapping[str, PipelineEvent], mark: str, key: str) -> Any:
    """Return what an event tells, None where there was none."""
    return _field(marks[mark], key) if mark in marks else None


def _field(event: PipelineEvent, key: str) -> Any:
    """Return what an event tells, whatever its data is."""
    return event.data.get(key) if isinstance(event.data, Mapping) else None
