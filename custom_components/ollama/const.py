"""Names that more than one room of the integration uses."""

from typing import TYPE_CHECKING

from homeassistant.util.hass_dict import HassKey

if TYPE_CHECKING:
    from .server import Downloads, TimeLimits

DOMAIN = "ollama"

# Keys of core's integration: entry data and subentry data stay readable for it.
CONF_KEEP_ALIVE = "keep_alive"
CONF_MAX_HISTORY = "max_history"
CONF_NUM_CTX = "num_ctx"
CONF_THINK = "think"

# Keys of this integration's own; core's ignores them, so each must be optional.
CONF_HEADERS = "headers"
CONF_LLM_APIS = "llm_apis"
CONF_PLAIN_TEXT = "plain_text"
CONF_POLICIES = "policies"
CONF_POLICY = "policy"
CONF_TOOL_CALLING = "tool_calling"

SUBENTRY_CONVERSATION = "conversation"
SUBENTRY_AI_TASK = "ai_task_data"

ENTRY_VERSION = 3
ENTRY_MINOR_VERSION = 3

DEFAULT_TITLE = "Ollama"
DEFAULT_CONVERSATION_NAME = "Ollama Conversation"
DEFAULT_AI_TASK_NAME = "Ollama AI Task"
MANUFACTURER = "Ollama"

DATA_DOWNLOADS: HassKey[Downloads] = HassKey(f"{DOMAIN}_downloads")
DATA_TIME_LIMITS: HassKey[TimeLimits] = HassKey(f"{DOMAIN}_time_limits")
