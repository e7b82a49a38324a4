"""The settings of a server, as its entry's options hold them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from .const import (
    CONF_ALLOW_CLOUD_MODELS,
    CONF_ALLOW_PUBLIC_SERVER,
    CONF_KEPT,
    CONF_KEPT_CLOUD_MODELS,
    CONF_KEPT_PUBLIC_SERVER,
    CONF_LOG_QUERIES,
    CONF_MAX_PARALLEL,
    CONF_MIN_SECONDS_BETWEEN_REQUESTS,
    CONF_MODELS,
    CONF_REQUESTS_PER_HOUR,
    CONF_REQUESTS_PER_HOUR_PER_USER,
)
from .server import DEFAULT_PARALLEL, MOST_PER_HOUR, Privacy, RateLimits
from .server.lenient import as_mapping, as_number, as_text, as_texts

MOST_PARALLEL: Final = 32
MOST_SECONDS_BETWEEN: Final = 3600


class LogQueries(StrEnum):
    """How much of a sentence and its answer is told in events."""

    NONE = "none"
    SHORT = "short"
    FULL = "full"


class QueryType(StrEnum):
    """Kinds of questions that can have a model of their own."""

    FAST = "fast"
    GENERAL = "general"
    CODE = "code"
    CREATIVE = "creative"
    VISION = "vision"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Settings of one server, defaults filled in."""

    max_parallel: int = DEFAULT_PARALLEL
    """Generations at once."""
    rate_limits: RateLimits = field(default_factory=RateLimits)
    log_queries: LogQueries = LogQueries.SHORT
    privacy: Privacy = field(default_factory=Privacy)
    models: Mapping[QueryType, str] = field(default_factory=dict)
    """The model for a kind of question, where it isn't the agent's own."""

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> ServerSettings:
        """Read an entry's options, whoever has written them.

        Forms save every number as a float; what makes no sense counts as left out.
        """
        kept = as_mapping(options.get(CONF_KEPT))
        models = as_mapping(options.get(CONF_MODELS))
        logged = options.get(CONF_LOG_QUERIES)
        parallel = as_number(
            options.get(CONF_MAX_PARALLEL), DEFAULT_PARALLEL, DEFAULT_PARALLEL, MOST_PARALLEL
        )
        return cls(
            max_parallel=int(parallel),
            rate_limits=RateLimits(
                per_hour=_limit(options, CONF_REQUESTS_PER_HOUR),
                per_hour_and_user=_limit(options, CONF_REQUESTS_PER_HOUR_PER_USER),
                seconds_between=as_number(
                    options.get(CONF_MIN_SECONDS_BETWEEN_REQUESTS), 0, 0, MOST_SECONDS_BETWEEN
                ),
            ),
            log_queries=LogQueries(logged) if logged in list(LogQueries) else LogQueries.SHORT,
            privacy=Privacy(
                allow_cloud_models=options.get(CONF_ALLOW_CLOUD_MODELS) is True,
                allow_public_server=options.get(CONF_ALLOW_PUBLIC_SERVER) is True,
                kept_cloud_models=(
                    frozenset(as_texts(kept[CONF_KEPT_CLOUD_MODELS]))
                    if CONF_KEPT_CLOUD_MODELS in kept
                    else None
                ),
                # Until its address could be looked up, an entry of core's keeps it.
                kept_public_server=bool(kept.get(CONF_KEPT_PUBLIC_SERVER, True)),
            ),
            models={kind: model for kind in QueryType if (model := as_text(models.get(kind)))},
        )


def _limit(options: Mapping[str, Any], key: str) -> int:
    return int(as_number(options.get(key), 0, 0, MOST_PER_HOUR))
