"""One Ollama server: its address, its client, its models, its errors.

This room knows nothing of the home. What it raises is always an OllamaError.
"""

from .address import complete_url, same_server
from .client import ChatRequest, Connection, OllamaServer
from .downloads import Download, Downloads
from .errors import (
    AnswerCutError,
    AnswerInvalidError,
    AuthenticationError,
    ModelMissingError,
    ModelUnsuitableError,
    OllamaError,
    RequestRejectedError,
    ServerBusyError,
    ServerFailedError,
    ServerUnreachableError,
    TooSlowError,
    Unreachable,
)
from .limits import TimeLimits
from .models import Capability, InstalledModel, ModelCatalog, ModelDetails

__all__ = [
    "AnswerCutError",
    "AnswerInvalidError",
    "AuthenticationError",
    "Capability",
    "ChatRequest",
    "Connection",
    "Download",
    "Downloads",
    "InstalledModel",
    "ModelCatalog",
    "ModelDetails",
    "ModelMissingError",
    "ModelUnsuitableError",
    "OllamaError",
    "OllamaServer",
    "RequestRejectedError",
    "ServerBusyError",
    "ServerFailedError",
    "ServerUnreachableError",
    "TimeLimits",
    "TooSlowError",
    "Unreachable",
    "complete_url",
    "same_server",
]
