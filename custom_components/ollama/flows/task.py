"""An AI task."""

from ..const import DEFAULT_AI_TASK_NAME
from .subentry import ModelSubentryFlow


class TaskFlow(ModelSubentryFlow):
    """Adds or changes an AI task."""

    talks = False
    default_name = DEFAULT_AI_TASK_NAME
