"""Speech recognition by pocketsphinx, of sentences that are known beforehand.

Its model is small and comes inside its package. With a grammar of the expected commands it
understands espeak-ng; without one it does not.
"""

import asyncio
from collections.abc import Iterable
import re
from typing import Final

import numpy as np
from pocketsphinx import Decoder

from .hearing import RATE, Heard, HearingServer

DEFAULT_COMMANDS: Final = (
    "turn on the kitchen light",
    "turn off the kitchen light",
    "is the kitchen light on",
    "open the garage door",
    "close the garage door",
    "what time is it",
    "yes",
    "no",
)
_NOT_A_WORD = re.compile(r"[^a-z' ]+")
# A microphone never delivers digital silence, and the model was never shown any: on the clean
# samples of a synthesiser the search loses its way. Small, of 32768.
_ROOM_NOISE = 30
_SEED = 1


class SphinxServer(HearingServer):
    """Understands its commands, and nothing else: then the transcript is empty."""

    program = "pocketsphinx"

    def __init__(
        self,
        commands: Iterable[str] = DEFAULT_COMMANDS,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Set up a recogniser. Raises ValueError for words that its dictionary lacks."""
        super().__init__(languages=("en",), models=("en-us",), host=host, port=port)
        self.commands = frozenset(filter(None, map(_plain, commands)))
        self._decoder()

    async def transcribe(self, heard: Heard) -> str:
        """Return the command that was said."""
        if not heard.audio:
            return ""
        return await asyncio.to_thread(self._recognise, heard.audio)

    def _recognise(self, audio: bytes) -> str:
        decoder = self._decoder()
        decoder.start_utt()
        decoder.process_raw(_in_a_room(audio), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        text = str(found.hypstr) if found else ""
        # A beginning of a command is what is left of something else.
        return text if text in self.commands else ""

    def _decoder(self) -> Decoder:
        """Return a decoder of its own for each utterance: they adapt to what they hear."""
        decoder = Decoder(samprate=RATE, lm=None, loglevel="FATAL")
        words = {word for command in self.commands for word in command.split()}
        unknown = sorted(word for word in words if decoder.lookup_word(word) is None)
        if unknown:
            raise ValueError(f"not in the dictionary: {', '.join(unknown)}")
        choices = " | ".join(sorted(self.commands))
        decoder.add_jsgf_string(
            "commands", f"#JSGF V1.0;\ngrammar commands;\npublic <command> = {choices};\n"
        )
        decoder.activate_search("commands")
        return decoder


def _plain(command: str) -> str:
    return " ".join(_NOT_A_WORD.sub(" ", command.lower()).split())


def _in_a_room(audio: bytes) -> bytes:
    """Return the same with a little noise; the same noise each time."""
    samples = np.frombuffer(audio[: len(audio) // 2 * 2], dtype="<i2")
    noise = np.random.default_rng(_SEED).normal(0, _ROOM_NOISE, samples.size)
    return np.clip(samples + noise, -32768, 32767).astype("<i2").tobytes()
