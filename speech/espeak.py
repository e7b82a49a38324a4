"""Speech by espeak-ng: a small old synthesiser that needs no model and sounds like one."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
import contextlib
import shutil
from typing import Final

from .speaking import SpeakerVoice, SpeakingServer, SpeechError

PROGRAM: Final = "espeak-ng"
_HEADER_END = b"data"
_LENGTH_BYTES = 4

VOICES: Final = (
    SpeakerVoice("en-us", ("en_US",), "English (America)"),
    SpeakerVoice("en-gb", ("en_GB",), "English (Great Britain)"),
    SpeakerVoice("nl", ("nl_NL",), "Dutch"),
    SpeakerVoice("de", ("de_DE",), "German"),
    SpeakerVoice("fr-fr", ("fr_FR",), "French (France)"),
    SpeakerVoice("es", ("es_ES",), "Spanish (Spain)"),
)


def is_installed() -> bool:
    """Whether the program is there."""
    return shutil.which(PROGRAM) is not None


class EspeakServer(SpeakingServer):
    """Speaks with espeak-ng: 22.05 kHz, 16 bit, mono, as it makes it."""

    program = PROGRAM

    def __init__(self, *, streams: bool = True, host: str = "127.0.0.1", port: int = 0) -> None:
        """Set up a speaker."""
        super().__init__(voices=VOICES, streams=streams, host=host, port=port)

    async def synthesize(self, text: str, voice: SpeakerVoice) -> bytes:
        """Return the samples of a text."""
        # The text goes through the pipe: on the command line a dash would begin an option.
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            "--stdin",
            "--stdout",
            "-v",
            voice.name,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
        )
        try:
            wav, _ = await process.communicate(text.encode())
        finally:
            await _end(process)
        if process.returncode:
            raise SpeechError(f"{PROGRAM} ended with {process.returncode}.")
        # Its header holds no true length, since it is written first.
        _header, _, samples = wav.partition(_HEADER_END)
        return samples[_LENGTH_BYTES:]


async def _end(process: Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
