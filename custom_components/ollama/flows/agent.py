"""A conversation agent."""

from ..const import DEFAULT_CONVERSATION_NAME
from .subentry import ModelSubentryFlow


class AgentFlow(ModelSubentryFlow):
    """Adds or changes a conversation agent."""

    talks = True
    default_name = DEFAULT_CONVERSATION_NAME
