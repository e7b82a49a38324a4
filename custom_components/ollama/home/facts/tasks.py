"""What is to be done, and what was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from homeassistant.components.todo import DOMAIN as TODO, TodoItemStatus, TodoServices

from .outside import async_ask_each, chosen, instant_of, moment_or_day, one_line, told
from .reader import Facts, Reader, name_of

_MOST_ITEMS: Final = 20


@dataclass(frozen=True, slots=True)
class _Item:
    summary: str
    of: str
    status: str
    due: datetime | date | None
    completed: datetime | None

    def told(self, now: datetime) -> Facts:
        facts: Facts = {"summary": self.summary, "list": self.of}
        if self.due is None:
            return facts
        facts["due"] = told(self.due)
        return facts | ({"overdue": True} if self._is_over(self.due, now) else {})

    @staticmethod
    def _is_over(due: datetime | date, now: datetime) -> bool:
        return instant_of(due) < now if isinstance(due, datetime) else due < now.date()


async def async_tasks(
    reader: Reader, todo_lists: Sequence[str] | None, *, completed: bool
) -> Facts:
    """Return what is open, and what was completed today, on some lists or on all that exist.

    Of a list that doesn't note when something was completed, all that is counts.
    """
    wanted = chosen(reader, TODO, todo_lists)
    if not wanted:
        return {}
    statuses = list(TodoItemStatus) if completed else [TodoItemStatus.NEEDS_ACTION]
    answers = await async_ask_each(
        reader, TODO, TodoServices.GET_ITEMS, wanted, {"status": statuses}
    )
    items = [
        item
        for state, answer in answers
        for written in answer.get("items") or []
        if (item := _item(written, one_line(name_of(state)))).summary
    ]
    facts = _open(items, reader.now)
    return facts | _completed(items, reader.now) if completed else facts


def _item(written: Facts, name: str) -> _Item:
    completed = moment_or_day(written.get("completed"))
    return _Item(
        one_line(written.get("summary")),
        name,
        str(written.get("status")),
        moment_or_day(written.get("due")),
        completed if isinstance(completed, datetime) else None,
    )


def _open(items: Sequence[_Item], now: datetime) -> Facts:
    found = [item for item in items if item.status == TodoItemStatus.NEEDS_ACTION]
    dated = sorted(
        (instant_of(item.due), place, item)
        for place, item in enumerate(found)
        if item.due is not None
    )
    ordered = [item for _, _, item in dated] + [item for item in found if item.due is None]
    return {
        "open": [item.told(now) for item in ordered[:_MOST_ITEMS]],
        "open_count": len(ordered),
    }


def _completed(items: Sequence[_Item], now: datetime) -> Facts:
    today = instant_of(now.date())
    found = [
        item
        for item in items
        if item.status == TodoItemStatus.COMPLETED
        and (item.completed is None or item.completed >= today)
    ]
    return {
        "completed": [{"summary": item.summary, "list": item.of} for item in found[:_MOST_ITEMS]],
        "completed_count": len(found),
    }
