"""What is on the to-do lists."""

from datetime import date, datetime, timedelta
import json
from typing import Any

from homeassistant.components.todo import TodoItem, TodoItemStatus
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.ollama.home.facts.outside import NothingToAskError
from custom_components.ollama.home.facts.reader import Facts
from custom_components.ollama.home.facts.tasks import async_tasks

from .furniture import NOON, READ_ALL, Chores, furnish, reader_for, somebody

TODAY = date(2026, 10, 14)


@pytest.fixture(autouse=True)
def _noon(freezer: Any) -> None:
    freezer.move_to(NOON)


def todo(summary: str | None, due: date | datetime | None = None) -> TodoItem:
    return TodoItem(summary, summary, TodoItemStatus.NEEDS_ACTION, due)


def done(summary: str, completed: datetime | None = None) -> TodoItem:
    return TodoItem(summary, summary, TodoItemStatus.COMPLETED, completed=completed)


async def tasks(
    hass: HomeAssistant, *named: str, completed: bool = False, user: Any = None
) -> Facts:
    return await async_tasks(await reader_for(hass, user), named or None, completed=completed)


async def test_what_is_due_comes_first(hass: HomeAssistant) -> None:
    chores = Chores(
        "Chores",
        todo("Paint the fence"),
        todo("Taxes", TODAY + timedelta(days=1)),
        todo("Call mum", NOON + timedelta(hours=2)),
        todo("Bins", TODAY),
        done("Dishes"),
    )
    work = Chores(
        "Work",
        todo("Report", NOON - timedelta(minutes=1)),
        todo("Invoice", TODAY - timedelta(days=1)),
    )
    await furnish(hass, "todo", chores, work)
    facts = await tasks(hass)
    assert facts == {
        "open": [
            {"summary": "Invoice", "list": "Work", "due": "2026-10-13", "overdue": True},
            {"summary": "Bins", "list": "Chores", "due": "2026-10-14"},
            {
                "summary": "Report",
                "list": "Work",
                "due": "2026-10-14T11:59-07:00",
                "overdue": True,
            },
            {"summary": "Call mum", "list": "Chores", "due": "2026-10-14T14:00-07:00"},
            {"summary": "Taxes", "list": "Chores", "due": "2026-10-15"},
            {"summary": "Paint the fence", "list": "Chores"},
        ],
        "open_count": 6,
    }
    json.dumps(facts)


async def test_overdue_in_the_hour_that_comes_twice(hass: HomeAssistant, freezer: Any) -> None:
    second = datetime(2026, 11, 1, 9, 10, tzinfo=dt_util.UTC)  # ten past one, again
    freezer.move_to(second)
    await furnish(hass, "todo", Chores("Chores", todo("Clocks", second - timedelta(minutes=20))))
    assert (await tasks(hass))["open"][0]["due"] == "2026-11-01T01:50-07:00"
    assert (await tasks(hass))["open"][0]["overdue"]


async def test_completed_ones_only_when_asked_for(hass: HomeAssistant) -> None:
    midnight = datetime(2026, 10, 14, tzinfo=dt_util.get_default_time_zone())
    await furnish(
        hass,
        "todo",
        Chores(
            "Chores",
            todo("Bins"),
            done("Dishes"),
            done("Windows", midnight),
            done("Attic", midnight - timedelta(minutes=1)),
        ),
    )
    facts = await tasks(hass, completed=True)
    assert facts["open_count"] == 1
    assert facts["completed"] == [
        {"summary": "Dishes", "list": "Chores"},
        {"summary": "Windows", "list": "Chores"},
    ]
    assert facts["completed_count"] == 2
    assert set(await tasks(hass)) == {"open", "open_count"}


async def test_an_empty_list_is_told_and_no_list_is_not(hass: HomeAssistant) -> None:
    assert await tasks(hass, completed=True) == {}
    await furnish(hass, "todo", Chores("Chores"), Chores("Away", todo("Far"), available=False))
    assert await tasks(hass) == {"open": [], "open_count": 0}
    for named in ("todo.away", "todo.gone"):
        with pytest.raises(NothingToAskError):
            await tasks(hass, named)


async def test_long_lists_and_texts_are_cut(hass: HomeAssistant) -> None:
    many = [todo(f"{place}\nthing") for place in range(30)]
    await furnish(
        hass,
        "todo",
        Chores("Chores", *many, *(done(f"{place}") for place in range(40))),
        Chores("Work", todo("x" * 500), todo("  "), todo(None)),
    )
    facts = await tasks(hass, completed=True)
    assert [item["summary"] for item in facts["open"]] == [f"{place} thing" for place in range(20)]
    assert (facts["open_count"], facts["completed_count"]) == (31, 40)
    assert len(facts["completed"]) == 20
    (long,) = (await tasks(hass, "todo.work"))["open"]
    assert len(long["summary"]) == 200


async def test_only_what_the_user_may_see(hass: HomeAssistant) -> None:
    await furnish(
        hass, "todo", Chores("Chores", todo("Bins")), Chores("Presents", todo("A bicycle"))
    )
    user = somebody(hass, {"entities": {"entity_ids": {"todo.chores": True}}})
    for named in ((), ("todo.chores", "todo.presents")):
        facts = await tasks(hass, *named, user=user)
        assert [item["summary"] for item in facts["open"]] == ["Bins"]
    with pytest.raises(NothingToAskError):
        await tasks(hass, "todo.presents", user=user)
    assert (await tasks(hass, user=somebody(hass, READ_ALL)))["open_count"] == 2
