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
from .server import DEFAULT_PARALLEL, Privacy, RateLimits

MOST_PARALLEL: Final = 32


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
        """Read an entry's options; forms save every number as a float."""
        kept = options.get(CONF_KEPT) or {}
        logged = options.get(CONF_LOG_QUERIES)
        models = options.get(CONF_MODELS) or {}
        return cls(
            max_parallel=max(1, int(options.get(CONF_MAX_PARALLEL) or DEFAULT_PARALLEL)),
            rate_limits=RateLimits(
                per_hour=int(options.get(CONF_REQUESTS_PER_HOUR) or 0),
                per_hour_and_user=int(options.get(CONF_REQUESTS_PER_HOUR_PER_USER) or 0),
                seconds_between=float(options.get(CONF_MIN_SECONDS_BETWEEN_REQUESTS) or 0),
            ),
            log_queries=LogQueries(logged) if logged in list(LogQueries) else LogQueries.SHORT,
            privacy=Privacy(
                allow_cloud_models=bool(options.get(CONF_ALLOW_CLOUD_MODELS)),
                allow_public_server=bool(options.get(CONF_ALLOW_PUBLIC_SERVER)),
                kept_cloud_models=(
                    frozenset(kept[CONF_KEPT_CLOUD_MODELS] or ())
                    if CONF_KEPT_CLOUD_MODELS in kept
                    else None
                ),
                # Until its address could be looked up, an entry of core's keeps it.
                kept_public_server=bool(kept.get(CONF_KEPT_PUBLIC_SERVER, True)),
            ),
            models={kind: models[kind] for kind in QueryType if models.get(kind)},
        )
