"""The actions: one file each, with its schema and what it does."""

from .action import Action
from .delete_model import DELETE_MODEL
from .load_model import LOAD_MODEL
from .pull_model import PULL_MODEL
from .unload_model import UNLOAD_MODEL

ACTIONS = (DELETE_MODEL, LOAD_MODEL, PULL_MODEL, UNLOAD_MODEL)

__all__ = ["ACTIONS", "Action"]
