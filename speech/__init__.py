"""Speech servers for tests and the demo: real Wyoming servers on loopback.

`EspeakServer` speaks with espeak-ng and `SphinxServer` understands commands that it is given
beforehand; `ScriptedRecogniser`, `ToneSpeaker` and `ScriptedWaker` need no program at all.
Each listens inside `async with`, and does what it is told to do wrong.
"""

from .espeak import EspeakServer
from .faults import Fault
from .hearing import Heard
from .scripted import ScriptedRecogniser, ScriptedWaker, ToneSpeaker
from .server import Place, SpeechServer
from .speaking import SpeakerVoice, Spoken
from .sphinx import SphinxServer

__all__ = [
    "EspeakServer",
    "Fault",
    "Heard",
    "Place",
    "ScriptedRecogniser",
    "ScriptedWaker",
    "SpeakerVoice",
    "SpeechServer",
    "SphinxServer",
    "Spoken",
    "ToneSpeaker",
]
