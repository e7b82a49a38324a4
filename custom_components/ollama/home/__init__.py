"""The home as a model sees it: what is exposed, tools that act on it, and who may.

This room knows nothing of Ollama: any agent can use the API that it registers.
"""

from .acting import Call, acted_on, async_act
from .api import API_ID, async_register, prompt_characters
from .assist import async_fix_call
from .caller import Caller, current_policy
from .confirmation import (
    Waiting,
    async_drop_waiting,
    async_may_say_pin,
    async_take_waiting,
    async_wait_for_yes,
    async_waiting,
)
from .inventory import (
    async_close_inventory_cache,
    async_get_inventory,
    async_get_inventory_cache,
    async_prepare_inventory,
)
from .policy import CONFIRM_LABEL, DEFAULT_RULES, Kind, Policy, Rule
from .problem import ToolProblemError
from .tools import HomeTool

__all__ = [
    "API_ID",
    "CONFIRM_LABEL",
    "DEFAULT_RULES",
    "Call",
    "Caller",
    "HomeTool",
    "Kind",
    "Policy",
    "Rule",
    "ToolProblemError",
    "Waiting",
    "acted_on",
    "async_act",
    "async_close_inventory_cache",
    "async_drop_waiting",
    "async_fix_call",
    "async_get_inventory",
    "async_get_inventory_cache",
    "async_may_say_pin",
    "async_prepare_inventory",
    "async_register",
    "async_take_waiting",
    "async_wait_for_yes",
    "async_waiting",
    "current_policy",
    "prompt_characters",
]
