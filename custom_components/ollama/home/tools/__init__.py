"""The tools, each in one file, in the order in which a model sees them."""

from typing import Final

from .alarm import Alarm
from .announce import Broadcast
from .base import HomeTool
from .calendar import GetEvents
from .cleaning import Vacuum
from .climate import SetTemperature
from .clock import GetDateTime
from .entrance import Close, Lock, Open, SetPosition, Unlock
from .find import FindDevices
from .history import GetHistory
from .light import SetLight
from .lists import TodoList
from .media import Media
from .run import Run
from .setting import SetFan, SetValue
from .state import GetState
from .switching import TurnOff, TurnOn
from .timers import Timer
from .weather import GetForecast

TOOLS: Final[tuple[type[HomeTool], ...]] = (
    TurnOn,
    TurnOff,
    SetLight,
    SetTemperature,
    Lock,
    Unlock,
    Open,
    Close,
    SetPosition,
    Media,
    SetFan,
    Vacuum,
    SetValue,
    Alarm,
    Run,
    GetState,
    GetHistory,
    GetForecast,
    Timer,
    TodoList,
    GetEvents,
    Broadcast,
    GetDateTime,
)

__all__ = ["TOOLS", "FindDevices", "HomeTool"]
