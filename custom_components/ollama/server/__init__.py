"""One Ollama server: its address, its client, its models, its errors.

This room knows nothing of the home. What it raises is always an OllamaError.
"""

from .address import complete_url, host_of, same_server
from .client import DEFAULT_PARALLEL, OllamaServer
from .downloads import Download, Downloads
from .errors import (
    AnswerCutError,
    AnswerInvalidError,
    AuthenticationError,
    CloudModelError,
    ContextTooSmallError,
    ModelMissingError,
    ModelUnsuitableError,
    OllamaError,
    PublicServerError,
    RequestRejectedError,
    ServerBusyError,
    ServerFailedError,
    ServerUnreachableError,
    TooSlowError,
    Unreachable,
    of_download,
)
from .limits import TimeLimits
from .models import (
    Capability,
    InstalledModel,
    LoadedModel,
    ModelCatalog,
    ModelDetails,
)
from .names import full_name
from .prefixes import Prefixes
from .privacy import (
    HostKind,
    Privacy,
    async_addresses,
    is_cloud_model,
    kind_of,
)
from .queue import MOST_CUTS, MOST_WAITING, Priority, QueueFullError, RequestQueue
from .rate import MOST_PER_HOUR, RateLimiter, RateLimits, Refused, Requester
from .request import ChatRequest, Connection
from .sizes import message_size, size_of, text_size
from .usage import Day, Figures, Query, QueryResult, Totals, Usage
from .version import OLDEST_VERSION, is_too_old
from .windows import Windows

__all__ = [
    "DEFAULT_PARALLEL",
    "MOST_CUTS",
    "MOST_PER_HOUR",
    "MOST_WAITING",
    "OLDEST_VERSION",
    "AnswerCutError",
    "AnswerInvalidError",
    "AuthenticationError",
    "Capability",
    "ChatRequest",
    "CloudModelError",
    "Connection",
    "ContextTooSmallError",
    "Day",
    "Download",
    "Downloads",
    "Figures",
    "HostKind",
    "InstalledModel",
    "LoadedModel",
    "ModelCatalog",
    "ModelDetails",
    "ModelMissingError",
    "ModelUnsuitableError",
    "OllamaError",
    "OllamaServer",
    "Prefixes",
    "Priority",
    "Privacy",
    "PublicServerError",
    "Query",
    "QueryResult",
    "QueueFullError",
    "RateLimiter",
    "RateLimits",
    "Refused",
    "RequestQueue",
    "RequestRejectedError",
    "Requester",
    "ServerBusyError",
    "ServerFailedError",
    "ServerUnreachableError",
    "TimeLimits",
    "TooSlowError",
    "Totals",
    "Unreachable",
    "Usage",
    "Windows",
    "async_addresses",
    "complete_url",
    "full_name",
    "host_of",
    "is_cloud_model",
    "is_too_old",
    "kind_of",
    "message_size",
    "of_download",
    "same_server",
    "size_of",
    "text_size",
]
