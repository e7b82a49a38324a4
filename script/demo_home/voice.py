"""A spoken command end to end: sound goes in, a light is on, sound comes out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import io
from pathlib import Path
import shutil
import sys
from typing import TYPE_CHECKING
import wave

from .automations import expect
from .client import HomeAssistant, Json
from .errors import DemoError
from .flows import SUBENTRY_FLOW, walk
from .integration import Assistant
from .processes import Child, free_port
from .server import ROOT

if TYPE_CHECKING:
    from .tour import Account

COMMAND = "turn on the kitchen light"
LIGHT = "light.kitchen_light"
_RATE = 16_000
_BYTES_PER_SECOND = 2 * _RATE
_FRAME = _BYTES_PER_SECOND // 50
_SILENCE = 1.5
_START_LIMIT = 30.0
_RUN_LIMIT = 60.0
_FIRST_WORD = "first-word"
"""Our own mark: the first event that brings words of the answer."""
_STAGES = {
    "speech to text": ("stt-vad-end", "stt-end"),
    "first token": ("intent-start", _FIRST_WORD),
    "intent": ("intent-start", "intent-end"),
    "until it speaks": ("stt-vad-end", "tts-start"),
    "whole": ("stt-vad-end", "run-end"),
}


def missing() -> str | None:
    """Return what keeps this step from running; None where everything is there."""
    if shutil.which("espeak-ng") is None:
        return "espeak-ng is not installed"
    if shutil.which("ffmpeg") is None:
        return "ffmpeg is not installed"
    return None if _python() else "pocketsphinx is not installed"


def _python() -> str | None:
    """Return a Python that can hear: this one, or that of the tests."""
    for candidate in (sys.executable, str(ROOT / ".venv" / "bin" / "python")):
        folder = Path(candidate).parent.parent / "lib"
        if any(folder.glob("python*/site-packages/pocketsphinx")):
            return candidate
    return None


@asynccontextmanager
async def speech_servers(work: Path) -> AsyncIterator[tuple[str, str]]:
    """Run a server that hears and one that speaks; yields their addresses."""
    python = _python()
    if python is None:
        raise DemoError(f"No speech: {missing()}.")
    hear, speak = free_port(), free_port()
    log = work / "speech.log"
    command = [python, "-m", "speech", "--hear-port", str(hear), "--speak-port", str(speak)]
    child = await Child.start("Speech", [*command, "--command", COMMAND], cwd=ROOT, log=log)
    try:
        async with asyncio.timeout(_START_LIMIT):
            while "Speaks at" not in log.read_text(encoding="utf-8"):
                if not child.running:
                    raise DemoError(f"The speech servers ended:\n{child.tail()}")
                await asyncio.sleep(0.1)
        yield f"tcp://127.0.0.1:{hear}", f"tcp://127.0.0.1:{speak}"
    finally:
        await child.stop(10)


async def command(ha: HomeAssistant, assistant: Assistant, account: Account, work: Path) -> None:
    """Set up a voice pipeline through its dialog, and speak to it."""
    if (reason := missing()) is not None:
        raise DemoError(f"Nothing can be spoken: {reason}.")
    async with speech_servers(work) as (hears, speaks):
        account.tell("servers", f"{hears} hears (pocketsphinx), {speaks} speaks (espeak-ng)")
        known = set(await _pipelines(ha))
        answers: Json = {"stt": hears, "tts": speaks, "name": "Spoken"}
        await walk(ha, SUBENTRY_FLOW, [assistant.entry_id, "voice_pipeline"], answers)
        pipeline = (set(await _pipelines(ha)) - known).pop()
        account.tell("pipeline", "set up through its dialog")
        await _speak(ha, account, pipeline, work)


async def _pipelines(ha: HomeAssistant) -> list[str]:
    listed = await ha.command("assist_pipeline/pipeline/list")
    return [pipeline["id"] for pipeline in listed["pipelines"]]


async def _speak(ha: HomeAssistant, account: Account, pipeline: str, work: Path) -> None:
    said = work / "command.wav"
    await _run("espeak-ng", "-w", str(said), COMMAND)
    account.tell("in", f"{said.name}  {_shown(said.read_bytes())}: {COMMAND}")
    sound = await _converted(said.read_bytes(), "-ar", str(_RATE), "-ac", "1")
    before = (await ha.state(LIGHT))["state"]
    run = await ha.run_pipeline(pipeline, _as_microphone(sound), _RUN_LIMIT)
    heard = Run(run)
    expect(heard.error is None, f"the pipeline failed: {heard.error}")
    account.tell("heard", heard.data("stt-end")["stt_output"]["text"])
    speech = heard.data("intent-end")["intent_output"]["response"]["speech"]["plain"]["speech"]
    account.tell("answer", speech)
    answer = await _converted(await ha.download(heard.data("tts-end")["tts_output"]["url"]))
    (work / "answer.wav").write_bytes(answer)
    account.tell("out", f"answer.wav  {_shown(answer)}")
    for stage, (begin, end) in _STAGES.items():
        account.tell(stage, heard.seconds(begin, end), wide=True)
    state = (await ha.state(LIGHT))["state"]
    account.tell("state", f"{LIGHT}  {before} → {state}")
    expect(before == "off", f"the light was '{before}' to begin with")
    expect(state == "on", f"the light is '{state}'")
    expect(_seconds(answer) > 0, "nothing was spoken")
    # As it was before, for the next steps.
    await ha.post("/api/services/light/turn_off", {"entity_id": LIGHT})


@dataclass
class Run:
    """The events of one run of a pipeline."""

    events: list[Json] = field(default_factory=list)

    @property
    def error(self) -> str | None:
        """What went wrong."""
        return next((e["data"]["message"] for e in self.events if e["type"] == "error"), None)

    def data(self, kind: str) -> Json:
        """Return what the first event of a kind tells."""
        found: Json | None = next((e["data"] for e in self.events if e["type"] == kind), None)
        expect(found is not None, f"there was no {kind}")
        assert found is not None
        return found

    def seconds(self, begin: str, end: str) -> str:
        """Return how long it took from one event to the next of another kind."""
        start = next((e["received"] for e in self.events if e["type"] == begin), None)
        if start is None:
            return "-"
        times = [e["received"] for e in self.events if end in _kinds(e) and e["received"] >= start]
        return f"{times[0] - start:.2f} s" if times else "-"


def _kinds(event: Json) -> tuple[str, ...]:
    delta = (event.get("data") or {}).get("chat_log_delta") or {}
    return (event["type"], _FIRST_WORD) if delta.get("content") else (event["type"],)


def _as_microphone(wav: bytes) -> list[bytes]:
    """Return frames of a WAV file with silence behind, as a satellite sends them."""
    with wave.open(io.BytesIO(wav)) as sound:
        raw = sound.readframes(sound.getnframes()) + bytes(int(_SILENCE * _BYTES_PER_SECOND))
    return [raw[at : at + _FRAME] for at in range(0, len(raw), _FRAME)]


async def _converted(sound: bytes, *options: str) -> bytes:
    """Return a sound as a WAV file."""
    return await _run("ffmpeg", "-v", "error", "-i", "-", *options, "-f", "wav", "-", given=sound)


async def _run(*line: str, given: bytes = b"") -> bytes:
    process = await asyncio.create_subprocess_exec(
        *line,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(given)
    if process.returncode:
        raise DemoError(f"{line[0]} failed: {err.decode(errors='replace').strip()}")
    return out


def _seconds(wav: bytes) -> float:
    with wave.open(io.BytesIO(wav)) as sound:
        # What is written to a pipe doesn't know its length.
        frames: float = len(sound.readframes(sound.getnframes())) / sound.getsampwidth()
        return frames / float(sound.getnchannels() * sound.getframerate())


def _shown(wav: bytes) -> str:
    return f"WAV, {_seconds(wav):.1f} s"
