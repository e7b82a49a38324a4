"""The tools of a turn, guarded: calls are repaired first and remembered afterwards."""

from collections import Counter
from collections.abc import Generator, Iterable
import contextlib
from dataclasses import dataclass
import json
from typing import Any, Final

from homeassistant.components import conversation
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import intent, llm
from homeassistant.helpers.json import json_dumps
import probatio

from ..home import HomeTool, ToolProblemError, acted_on, async_fix_call
from .repair import CallRepair, Repaired
from .toolnames import words_of

_TIMES_TO_FAIL: Final = 2
"""The same call that fails this often will not get better."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was really done."""

    action: str
    """The tool, in the words of the home's own tools, such as `turn_on`."""
    targets: tuple[str, ...]
    """Names as they are spoken."""
    entity_ids: tuple[str, ...] = ()
    """Where entities were acted on, each once."""


class GuardedAPI(llm.APIInstance):
    """An API whose calls a small model may write badly.

    It stands in the chat log in place of the API itself, so that calls of every kind,
    native or written as text, pass here.
    """

    def __init__(self, inner: llm.APIInstance) -> None:
        """Wrap an API for one turn."""
        super().__init__(
            api=inner.api,
            api_prompt=inner.api_prompt,
            llm_context=inner.llm_context,
            tools=inner.tools,
            custom_serializer=inner.custom_serializer,
        )
        self.inner = inner
        self.repair = CallRepair(inner)
        self.deeds: list[Deed] = []
        self.stuck = False
        """Whether the model goes on making a call that fails."""
        self._wrong: dict[str, Repaired] = {}
        self._failures: Counter[str] = Counter()

    @classmethod
    def around(cls, api: llm.APIInstance) -> GuardedAPI:
        """Wrap an API, or wrap what an earlier turn had wrapped anew."""
        return cls(api.inner if isinstance(api, GuardedAPI) else api)

    def read_call(self, name: str, arguments: Any) -> list[llm.ToolInput]:
        """Return the calls that a model means."""
        inputs = []
        for repaired in self.repair.repair(name, arguments):
            tool_input = llm.ToolInput(tool_name=repaired.tool_name, tool_args=repaired.arguments)
            if repaired.problem is not None:
                self._wrong[tool_input.id] = repaired
            inputs.append(tool_input)
        return inputs

    async def async_call_tool(self, tool_input: llm.ToolInput) -> llm.ToolResult:
        """Call a tool; whatever is wrong comes back as a result that says so."""
        result = await self._async_try(tool_input)
        if not result.error:
            return result
        call = json.dumps([tool_input.tool_name, tool_input.tool_args], sort_keys=True, default=str)
        self._failures[call] += 1
        self.stuck = self.stuck or self._failures[call] >= _TIMES_TO_FAIL
        return result

    async def _async_try(self, tool_input: llm.ToolInput) -> llm.ToolResult:
        if (wrong := self._wrong.pop(tool_input.id, None)) is not None:
            return llm.ToolResult(data={"error": wrong.problem}, error=True)
        tool = next(tool for tool in self.tools if tool.name == tool_input.tool_name)
        if isinstance(_innermost(tool), HomeTool):
            with recording() as ids:
                result = await super().async_call_tool(tool_input)
            if not result.error:
                self._remember(tool, result, ids)
            return result
        try:
            fixed = async_fix_call(
                self.api.hass,
                self.llm_context,
                tool_input.tool_args,
                self.repair.schema(tool.name),
                acts=not tool.annotations.read_only,
            )
        except ToolProblemError as err:
            return err.result
        results = [await self._async_call(tool, arguments) for arguments in fixed]
        return results[0] if len(results) == 1 else _merged(results)

    async def _async_call(self, tool: llm.Tool, arguments: dict[str, Any]) -> llm.ToolResult:
        try:
            result = await super().async_call_tool(
                llm.ToolInput(tool_name=tool.name, tool_args=arguments)
            )
        except (HomeAssistantError, probatio.Invalid) as err:
            return llm.ToolResult(
                data={
                    "error": type(err).__name__,
                    "error_text": str(err),
                    "example": self.repair.example(tool.name),
                },
                error=True,
            )
        if not result.error:
            self._remember(tool, result)
        return result

    def _remember(self, tool: llm.Tool, result: llm.ToolResult, ids: Iterable[str] = ()) -> None:
        data = result.data
        if tool.annotations.read_only or data.get("waiting_for_confirmation"):
            return
        if not isinstance(data, llm.IntentResponseDict):
            named = data.get("targets")
            targets = tuple(str(name) for name in named) if isinstance(named, list) else ()
            action = str(data.get("action") or tool.name)
            self.deeds.append(Deed(action, targets, tuple(dict.fromkeys(ids))))
            return
        response = data.original
        if response.response_type is not intent.IntentResponseType.ERROR:
            action = "_".join(words_of(tool.name.rpartition("__")[2]))
            targets = tuple(target.name for target in response.success_results)
            entities = (
                str(target.id)
                for target in response.success_results
                if target.type is intent.IntentResponseTargetType.ENTITY and target.id
            )
            self.deeds.append(Deed(action, targets, tuple(dict.fromkeys(entities))))


@contextlib.contextmanager
def recording() -> Generator[list[str]]:
    """Note the ids of the entities that the home's tools act on."""
    ids: list[str] = []
    token = acted_on.set(ids)
    try:
        yield ids
    finally:
        acted_on.reset(token)


def done_in(chat_log: conversation.ChatLog) -> list[Deed]:
    """Return what the last turn of a chat log has done."""
    api = chat_log.llm_api
    return api.deeds if isinstance(api, GuardedAPI) else []


def _innermost(tool: llm.Tool) -> llm.Tool:
    """Return the tool inside the namespaces of several APIs."""
    while isinstance(tool, llm.NamespacedTool):
        tool = tool.tool
    return tool


def _merged(results: list[llm.ToolResult]) -> llm.ToolResult:
    """Return one result for a call that had to be made for each target."""
    return llm.ToolResult(
        data={"results": [json.loads(json_dumps(result.data)) for result in results]},
        error=all(result.error for result in results),
    )
