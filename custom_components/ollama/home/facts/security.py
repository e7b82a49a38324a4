"""Whether the home is shut and guarded, and what happened at its doors."""

from datetime import datetime
from typing import Final

from .changes import Change, async_changes, by_time
from .openings import (
    alarm_panels,
    alarms,
    doors,
    hazard_sensors,
    locks,
    open_ones,
    unlocked_ones,
    windows,
)
from .reader import Facts, Reader
from .telling import counted, named_states

MOST_EVENTS: Final = 20
MOST_LOCKS: Final = 20
_MINOR: Final = frozenset({"binary_sensor", "cover"})


async def async_security(reader: Reader, since: datetime) -> Facts:
    """Return locks, doors, windows and alarms as they are, and how they changed since then."""
    all_doors, all_windows, all_locks = doors(reader), windows(reader), locks(reader)
    facts: Facts = {}
    if all_locks:
        # What is not locked is told first, should there be more than can be told.
        unlocked = unlocked_ones(all_locks)
        rest = [state for state in all_locks if state not in unlocked]
        facts["locks"] = named_states([*unlocked, *rest][:MOST_LOCKS])
    if all_doors:
        facts["doors_open"] = counted(open_ones(all_doors))
    if all_windows:
        facts["windows_open"] = counted(open_ones(all_windows))
    if warning := alarms(reader):
        facts["alarms"] = named_states(warning)
    hazards = hazard_sensors(reader)
    watched = [*all_locks, *all_doors, *all_windows, *alarm_panels(reader), *hazards]
    changes = await async_changes(reader, watched, since)
    if changes:
        grave = {state.entity_id for state in hazards}
        facts["events"] = [change.facts for change in _most_telling(changes, grave)]
        facts["count"] = len(changes)
    return facts


def _most_telling(changes: list[Change], grave: set[str]) -> list[Change]:
    """Return the latest, but alarms and locks before doors and windows; oldest first."""

    def rank(change: Change) -> tuple[bool, float]:
        is_minor = change.state.domain in _MINOR and change.state.entity_id not in grave
        return is_minor, -change.time.timestamp()

    return sorted(sorted(changes, key=rank)[:MOST_EVENTS], key=by_time)
