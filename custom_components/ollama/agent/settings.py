"""What the owner set for an agent, in the units that the API wants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
import math
from typing import Any, Final

from homeassistant.const import CONF_LLM_HASS_API, CONF_MODEL, CONF_PROMPT

from ..const import (
    CONF_KEEP_ALIVE,
    CONF_LLM_APIS,
    CONF_MAX_HISTORY,
    CONF_NUM_CTX,
    CONF_NUM_CTX_AUTO,
    CONF_PLAIN_TEXT,
    CONF_PRIME,
    CONF_THINK,
    CONF_TOOL_CALLING,
)
from ..server import Capability, ModelDetails
from ..server.lenient import as_number, as_texts
from ..server.request import KEEP_LOADED_FOREVER, Think

DEFAULT_KEEP_ALIVE: Final = KEEP_LOADED_FOREVER
DEFAULT_MAX_HISTORY: Final = 20
DEFAULT_NUM_CTX: Final = 8192

CONF_NUM_PREDICT: Final = "num_predict"
WHOLE_NUMBER_OPTIONS: Final = ("top_k", "seed", CONF_NUM_PREDICT)
FRACTION_OPTIONS: Final = ("temperature", "top_p", "repeat_penalty")
STOP_OPTION: Final = "stop"

_MOST: Final = 2**31 - 1
"""What the API can take as a whole number."""


class ToolCalling(StrEnum):
    """How an agent lets its model call tools."""

    AUTOMATIC = "auto"
    NATIVE = "native"
    STRUCTURED = "structured"
    OFF = "off"

    @classmethod
    def read(cls, saved: Any) -> ToolCalling:
        """Return what was saved; what a later version saved means automatic."""
        return cls(saved) if saved in list(cls) else cls.AUTOMATIC


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """Settings of one agent or AI task, defaults filled in."""

    model: str
    options: Mapping[str, Any]
    """Options of the API: `num_ctx` in tokens and what else was set."""
    keep_alive: float | str
    """A number for ever, else a text with its unit, as core's integration sends it."""
    max_history: int
    """Earlier exchanges that are sent along; 0 or less for all of them."""
    think: Think
    prompt: str | None
    apis: tuple[str, ...]
    tool_calling: ToolCalling
    automatic_window: bool
    """Whether the context window is chosen here; what `options` hold is its first size then."""
    prime: bool
    """Whether the server reads the prompt before it is needed."""
    plain_text: bool
    """Whether Markdown is taken out of every answer, not only of what is spoken."""

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> AgentSettings:
        """Read subentry data, whoever has written it.

        Forms save every number as a float; what makes no sense counts as left out.
        """
        num_ctx = as_number(data.get(CONF_NUM_CTX), DEFAULT_NUM_CTX, 1, _MOST)
        options: dict[str, Any] = {CONF_NUM_CTX: int(num_ctx)}
        for key in (*WHOLE_NUMBER_OPTIONS, *FRACTION_OPTIONS):
            number = as_number(data.get(key), math.nan, -_MOST, _MOST)
            if not math.isnan(number):
                options[key] = int(number) if key in WHOLE_NUMBER_OPTIONS else number
        stop = data.get(STOP_OPTION)
        if isinstance(stop, Sequence) and not isinstance(stop, str) and stop:
            # As they are: a line's end is a word to stop at, too.
            options[STOP_OPTION] = [str(word) for word in stop]
        keep_alive = int(as_number(data.get(CONF_KEEP_ALIVE), DEFAULT_KEEP_ALIVE, -_MOST, _MOST))
        history = as_number(data.get(CONF_MAX_HISTORY), DEFAULT_MAX_HISTORY, -_MOST, _MOST)
        apis = data.get(CONF_LLM_APIS) or data.get(CONF_LLM_HASS_API) or ()
        # A level for a model that has levels; what it may not be is sorted out with the model.
        think: Any = data.get(CONF_THINK)
        if not isinstance(think, bool | str):
            think = False
        return cls(
            model=data[CONF_MODEL],
            options=options,
            keep_alive=(keep_alive if keep_alive == KEEP_LOADED_FOREVER else f"{keep_alive}s"),
            max_history=int(history),
            think=think or False,
            prompt=data.get(CONF_PROMPT),
            # Entries from before several could be chosen hold a single id.
            apis=(apis,) if isinstance(apis, str) else as_texts(list(apis)),
            tool_calling=ToolCalling.read(data.get(CONF_TOOL_CALLING)),
            automatic_window=data.get(CONF_NUM_CTX_AUTO) is True,
            prime=data.get(CONF_PRIME) is not False,
            plain_text=bool(data.get(CONF_PLAIN_TEXT, False)),
        )

    @property
    def num_ctx(self) -> int:
        """The context window, in tokens."""
        num_ctx: int = self.options[CONF_NUM_CTX]
        return num_ctx

    def with_num_ctx(self, num_ctx: int) -> AgentSettings:
        """Return the same with another context window."""
        if num_ctx == self.num_ctx:
            return self
        return replace(self, options={**self.options, CONF_NUM_CTX: num_ctx})

    def think_for(self, details: ModelDetails) -> Think | None:
        """Return what to send as `think`.

        Left out, a thinking model thinks; sent as true, any other model refuses the
        request (fact 10 of the recordings).
        """
        if not details.can(Capability.THINKING):
            return None
        if isinstance(self.think, str) and self.think not in details.thinking_levels:
            return True  # chosen for another model, which had levels
        return self.think
