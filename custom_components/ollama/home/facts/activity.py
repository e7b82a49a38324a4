"""What was switched in the home, and who came and went."""

from collections import Counter
from datetime import datetime
from typing import Final

from .changes import Change, async_changes
from .outside import told as moment
from .reader import Facts, Reader
from .telling import called, singles

MOST_SWITCHED: Final = 15
MOST_ARRIVALS: Final = 20
_PERSON: Final = "person"
_SWITCHED: Final = ("climate", "cover", "fan", "humidifier", "light", "siren", "switch")


async def async_activity(reader: Reader, since: datetime) -> Facts:
    """Return how often things were switched since then, and where people went."""
    things = singles(reader.states(*_SWITCHED))
    changes = await async_changes(reader, [*things, *reader.states(_PERSON)], since)
    people = [change for change in changes if change.state.domain == _PERSON]
    facts: Facts = {}
    if switched := _switched([change for change in changes if change.state.domain != _PERSON]):
        facts["switched"] = switched[:MOST_SWITCHED]
        if len(switched) > MOST_SWITCHED:
            facts["switched_count"] = len(switched)
    if people:
        facts["people"] = [change.facts for change in people[-MOST_ARRIVALS:]]
        if len(people) > MOST_ARRIVALS:
            facts["people_count"] = len(people)
    return facts


def _switched(changes: list[Change]) -> list[Facts]:
    """Return each thing once, what was switched most often first."""
    times = Counter(change.state.entity_id for change in changes)
    last = {change.state.entity_id: change for change in changes}
    return [
        {
            "name": called(last[entity_id].state),
            "times": count,
            "last": moment(last[entity_id].time),
        }
        for entity_id, count in times.most_common()
    ]
