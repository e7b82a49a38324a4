"""What the tools have in common."""

from abc import abstractmethod
from collections.abc import Mapping
import logging
from typing import Any, ClassVar, Final, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import llm
import probatio

from ...const import DOMAIN
from ..caller import Caller
from ..inventory import Inventory
from ..problem import ToolProblemError
from ..values import ValueNotUnderstoodError
from .aiming import candidates_of, described
from .arguments import Arguments, Unsaid
from .reading import (
    AREA_KEYS,
    CLASS_KEYS,
    DOMAIN_KEYS,
    FLOOR_KEYS,
    HARMLESS_KEYS,
    LABEL_KEYS,
    NAME_KEYS,
    TARGET_KEYS,
    flattened,
    texts_of,
)

__all__ = [
    "AREA_KEYS",
    "CHANGE",
    "CLASS_KEYS",
    "DOMAIN_KEYS",
    "FLOOR_KEYS",
    "GUARDED",
    "HARMLESS_KEYS",
    "LABEL_KEYS",
    "NAME_KEYS",
    "READ",
    "RUN",
    "SET",
    "STEP",
    "TARGET",
    "TARGET_KEYS",
    "Arguments",
    "HomeTool",
    "Unsaid",
    "candidates_of",
    "described",
    "schema",
    "texts_of",
]

_LOGGER = logging.getLogger(__name__)

READ: Final = llm.ToolAnnotations(
    read_only=True, destructive=False, idempotent=True, open_world=False
)
SET: Final = llm.ToolAnnotations(destructive=False, idempotent=True, open_world=False)
"""Changes something, can be changed back, and twice is the same as once."""
STEP: Final = llm.ToolAnnotations(destructive=False, idempotent=False, open_world=False)
"""Does something more each time."""
GUARDED: Final = llm.ToolAnnotations(destructive=True, idempotent=True, open_world=False)
"""Lets somebody in, or takes something away."""
CHANGE: Final = llm.ToolAnnotations(destructive=True, idempotent=False, open_world=False)
"""Adds each time, and can take away for good."""
RUN: Final = llm.ToolAnnotations(destructive=True, idempotent=False, open_world=True)
"""Does whatever its owner wrote."""

# Field by field the same words everywhere, so that a small model learns them once.
TARGET: Final[Mapping[Any, Any]] = {
    probatio.Optional("name"): str,
    probatio.Optional("area"): str,
}


def schema(arguments: Mapping[Any, Any]) -> probatio.Schema:
    """Return a schema for the model's eyes.

    Nothing is validated by it. It removes what is extra rather than to forbid it, as that
    would cost some thirty bytes in each tool for a word that the client drops. The type
    of a value is one word, since the client drops a choice of types altogether; how a
    value may be written is more than a type can say anyway.
    """
    return probatio.Schema(dict(arguments), extra=probatio.REMOVE_EXTRA)


class HomeTool(llm.Tool):
    """A tool of the home. Its schema is what the model sees; it reads more than that."""

    integration = DOMAIN
    needs_domains: ClassVar[frozenset[str]] = frozenset()
    """Offered only where something of these domains is exposed; empty for always."""
    example: ClassVar[Mapping[str, Any]] = {}
    """A correct call, which a model gets that made a wrong one."""
    takes: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Arguments that it reads, each with other names; those of the schema need none."""
    aims: ClassVar[bool] = True
    """Whether it acts on things of the home, which a call names in many ways."""
    repeats: ClassVar[frozenset[str]] = frozenset()
    """Words for what it does, which some models say again in an argument."""

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: llm.ToolInput, llm_context: llm.LLMContext
    ) -> llm.ToolResult:
        """Run the tool; what can't be done comes back as a result that says why."""
        try:
            caller = await Caller.async_from(hass, llm_context)
            arguments = self._arguments(caller, tool_input.tool_args)
            return llm.ToolResult(data=await self.async_run(caller, arguments))
        except ToolProblemError as err:
            result = err.result
            if "candidates" in result.data or "refused" in result.data:
                return result
            return self._with_example(result.data)
        except (ValueNotUnderstoodError, HomeAssistantError, probatio.Invalid) as err:
            return self._with_example({"error": str(err) or "Home Assistant refused this."})
        except Exception:
            # A model can only go on with an answer, and a user must not hear a traceback.
            _LOGGER.exception("The tool %s failed on %s", self.name, list(tool_input.tool_args))
            return llm.ToolResult(
                data={"error": "This did not work. Tell the user that an error was logged."},
                error=True,
            )

    def _with_example(self, data: Mapping[str, Any]) -> llm.ToolResult:
        return llm.ToolResult(data={**data, "example": dict(self.example)}, error=True)

    def _arguments(self, caller: Caller, written: Mapping[str, Any]) -> Arguments:
        """Return arguments of which each is known. Raises ToolProblemError."""
        takes = {str(key): () for key in self.parameters.schema} | dict(self.takes)
        arguments = Arguments(caller, flattened(written), takes)
        self._refuse_unknown(arguments)
        return arguments

    def _refuse_unknown(self, arguments: Arguments) -> None:
        """Refuse what the tool doesn't know. Raises ToolProblemError."""
        arguments.refuse_unknown(
            aims=self.aims,
            repeats={self.name, *self.repeats},
            shown=[str(key) for key in self.parameters.schema],
        )

    @abstractmethod
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Do it. Raises ToolProblemError and ValueNotUnderstoodError."""

    @classmethod
    def is_useful(cls, hass: HomeAssistant, inventory: Inventory) -> bool:
        """Whether the home has anything for it; never a matter of who asks, or when."""
        return not cls.needs_domains or bool(cls.needs_domains & inventory.domains)
