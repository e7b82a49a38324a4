"""The actions: one file each, with its schema and what it does."""

from .action import Action
from .ask import ASK
from .briefing import BRIEFING
from .create_automation import CREATE_AUTOMATION
from .decide import DECIDE
from .delete_model import DELETE_MODEL
from .load_model import LOAD_MODEL
from .pull_model import PULL_MODEL
from .select_scene import SELECT_SCENE
from .test_voice import TEST_VOICE
from .unload_model import UNLOAD_MODEL

ACTIONS = (
    ASK,
    BRIEFING,
    CREATE_AUTOMATION,
    DECIDE,
    DELETE_MODEL,
    LOAD_MODEL,
    PULL_MODEL,
    SELECT_SCENE,
    TEST_VOICE,
    UNLOAD_MODEL,
)

__all__ = ["ACTIONS", "Action"]
