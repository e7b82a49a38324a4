"""To-do and shopping lists."""

from collections.abc import Iterable
from typing import Any, Final, override

from homeassistant.components.todo import DOMAIN as TODO, TodoItemStatus, TodoServices
import probatio

from ..acting import Call, async_act, async_ask
from ..caller import Caller
from ..inventory import ExposedEntity
from ..names import normalized, stem
from ..problem import ToolProblemError
from .base import CHANGE, Arguments, HomeTool, Unsaid, schema, texts_of

_ACTIONS: Final = ("get", "add", "complete", "remove")
_SAME: Final = {
    "list": "get",
    "read": "get",
    "show": "get",
    "get_items": "get",
    "add_item": "add",
    "create": "add",
    "put": "add",
    "done": "complete",
    "check": "complete",
    "check_off": "complete",
    "tick": "complete",
    "finish": "complete",
    "completed": "complete",
    "complete_item": "complete",
    "delete": "remove",
    "remove_item": "remove",
}
_STATUSES: Final = ("needs_action", "completed", "all")
_SAME_STATUSES: Final = {"open": "needs_action", "incomplete": "needs_action", "done": "completed"}
_MOST_SHOWN: Final = 30


class TodoList(HomeTool):
    """Reads and changes a list."""

    name = "todo_list"
    description = "Read a to-do or shopping list, or add, complete or remove an item."
    parameters = schema(
        {
            probatio.Required("action"): probatio.In(list(_ACTIONS)),
            probatio.Optional("item"): str,
            probatio.Optional("name", description="Of the list"): str,
        }
    )
    annotations = CHANGE
    needs_domains = frozenset({TODO})
    example = {"action": "add", "item": "Milk", "name": "Shopping list"}
    takes = {
        "name": ("list", "list_name", "todo_list", "todo"),
        "item": ("items", "item_name", "summary", "task", "text"),
        "action": ("command", "service"),
        "status": ("filter",),
    }

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Read, or change items."""
        wanted = texts_of(arguments.get("item"))
        action = arguments.choice("action", _ACTIONS, _SAME) or ("add" if wanted else "get")
        status = arguments.choice("status", _STATUSES, _SAME_STATUSES) or "needs_action"
        (chosen,) = arguments.targets((TODO,), unsaid=Unsaid.ONLY, only_one=True)
        if action == "get":
            items = await _async_items(caller, chosen)
            return {"name": chosen.name, "items": _shown(items, status)}
        if not wanted:
            raise ToolProblemError("Say which item.")
        calls = (
            [Call(TODO, TodoServices.ADD_ITEM, (chosen,), {"item": item}) for item in wanted]
            if action == "add"
            else await _async_changes(caller, chosen, action, wanted)
        )
        return {**await async_act(caller, f"todo_{action}", calls), "items": list(wanted)}


async def _async_changes(
    caller: Caller, chosen: ExposedEntity, action: str, wanted: Iterable[str]
) -> list[Call]:
    """Return the calls that complete or remove items, all of which are found first."""
    items = await _async_items(caller, chosen)
    if action == "complete":
        items = [item for item in items if not _is_completed(item)]
    found = [_find(items, text, chosen) for text in wanted]
    ids = [str(item.get("uid") or item["summary"]) for item in found]
    if action == "remove":
        return [Call(TODO, TodoServices.REMOVE_ITEM, (chosen,), {"item": ids})]
    return [
        Call(
            TODO,
            TodoServices.UPDATE_ITEM,
            (chosen,),
            {"item": item_id, "status": TodoItemStatus.COMPLETED},
        )
        for item_id in ids
    ]


async def _async_items(caller: Caller, chosen: ExposedEntity) -> list[dict[str, Any]]:
    answer = await async_ask(
        caller, TODO, TodoServices.GET_ITEMS, (chosen,), {"status": list(TodoItemStatus)}
    )
    return [
        item
        for item in (answer.get(chosen.entity_id) or {}).get("items") or []
        if item.get("summary")
    ]


def _is_completed(item: dict[str, Any]) -> bool:
    return item.get("status") == TodoItemStatus.COMPLETED


def _shown(items: Iterable[dict[str, Any]], status: str) -> list[Any]:
    """Return items as texts; with what else they say where they say it."""
    shown: list[Any] = []
    for item in items:
        if status != "all" and _is_completed(item) != (status == "completed"):
            continue
        more = {"due": item["due"]} if item.get("due") else {}
        if status == "all" and _is_completed(item):
            more["completed"] = True
        shown.append({"item": item["summary"], **more} if more else item["summary"])
    return shown


def _find(items: list[dict[str, Any]], wanted: str, chosen: ExposedEntity) -> dict[str, Any]:
    """Return the one item meant: by its text, else by words that only it has."""
    text = normalized(wanted)
    words = {stem(word) for word in text.split()}
    exact = [item for item in items if normalized(item["summary"]) == text]
    part = [
        item
        for item in items
        if words and words <= {stem(word) for word in normalized(item["summary"]).split()}
    ]
    if exact or len(part) == 1:
        return (exact or part)[0]
    raise ToolProblemError(
        f"Nothing was done: {wanted!r} is {'several times' if part else 'not'} on {chosen.name}.",
        items=[item["summary"] for item in (part or items)[:_MOST_SHOWN]],
    )
