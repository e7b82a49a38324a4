"""When things changed, from the recorder."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from homeassistant.components.recorder import history
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import State
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util

from .outside import told as moment
from .reader import Facts, Reader
from .telling import called, told

_RECORDER: Final = "recorder"
# Not there, or on the way to what counts.
_PASSING: Final = frozenset({
    STATE_UNAVAILABLE, STATE_UNKNOWN, "", "arming", "closing", "disarming", "locking", "opening",
    "unlocking",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """A thing became something else than before."""

    state: State
    """The thing as it is now."""
    time: datetime
    """Local and aware."""
    value: str

    @property
    def facts(self) -> Facts:
        """The change as it is told."""
        return {
            "time": moment(self.time),
            "name": called(self.state),
            "state": told(self.state, self.value),
        }


async def async_changes(reader: Reader, states: Sequence[State], since: datetime) -> list[Change]:
    """Return how some things changed since then, oldest first; none without a recorder.

    What was away for a while and came back as it was hasn't changed.
    """
    if not states or since >= reader.now or _RECORDER not in reader.hass.config.components:
        return []
    by_id = {state.entity_id: state for state in states}
    found = await get_instance(reader.hass).async_add_executor_job(
        partial(
            history.get_significant_states,
            reader.hass,
            since,
            reader.now,
            list(by_id),
            no_attributes=True,
        )
    )
    changes = [
        change
        for entity_id, rows in found.items()
        for change in _changes_of(by_id[entity_id], rows)
    ]
    return sorted(changes, key=by_time)


def by_time(change: Change) -> tuple[float, str]:
    """Sort by the clock of the world: the local one repeats an hour in autumn."""
    return change.time.timestamp(), change.state.entity_id


def _changes_of(state: State, rows: list[State | dict[str, Any]]) -> Iterator[Change]:
    before: str | None = None
    for row in rows:
        if not isinstance(row, State) or row.state in _PASSING:
            continue
        if before is not None and row.state != before:
            yield Change(state, dt_util.as_local(row.last_changed), row.state)
        before = row.state
