"""Names that more than one room of the integration uses."""

from typing import TYPE_CHECKING

from homeassistant.util.hass_dict import HassKey

if TYPE_CHECKING:
    from .records import ServerRecords
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
CONF_NUM_CTX_AUTO = "num_ctx_auto"
CONF_PLAIN_TEXT = "plain_text"
CONF_POLICIES = "policies"
CONF_POLICY = "policy"
CONF_PRIME = "prime"
CONF_TOOL_CALLING = "tool_calling"

# Options of a server, applied in place.
CONF_ALLOW_CLOUD_MODELS = "allow_cloud_models"
CONF_ALLOW_PUBLIC_SERVER = "allow_public_server"
CONF_LOG_QUERIES = "log_queries"
CONF_MAX_PARALLEL = "max_parallel"
CONF_MIN_SECONDS_BETWEEN_REQUESTS = "min_seconds_between_requests"
CONF_MODELS = "models"
CONF_REQUESTS_PER_HOUR = "requests_per_hour"
CONF_REQUESTS_PER_HOUR_PER_USER = "requests_per_hour_per_user"

# What an entry of core's used when this integration took its place (promise 7).
CONF_KEPT = "kept"
CONF_KEPT_CLOUD_MODELS = "cloud_models"
CONF_KEPT_PUBLIC_SERVER = "public_server"

EVENT_PULL_PROGRESS = "ollama_pull_progress"
EVENT_QUERY_PROCESSED = "ollama_query_processed"
EVENT_QUERY_REQUESTED = "ollama_query_requested"

SUBENTRY_CONVERSATION = "conversation"
SUBENTRY_AI_TASK = "ai_task_data"

ENTRY_VERSION = 3
ENTRY_MINOR_VERSION = 3

DEFAULT_TITLE = "Ollama"
DEFAULT_CONVERSATION_NAME = "Ollama Conversation"
DEFAULT_AI_TASK_NAME = "Ollama AI Task"
MANUFACTURER = "Ollama"

DATA_RECORDS: HassKey[dict[str, ServerRecords]] = HassKey(f"{DOMAIN}_records")
DATA_DOWNLOADS: HassKey[Downloads] = HassKey(f"{DOMAIN}_downloads")
DATA_TIME_LIMITS: HassKey[TimeLimits] = HassKey(f"{DOMAIN}_time_limits")
