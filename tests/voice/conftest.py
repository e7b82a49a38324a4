"""Speech servers on loopback."""

from collections.abc import AsyncGenerator
import os

import pytest

from custom_components.ollama.priming import Primer
from speech import EspeakServer, ScriptedRecogniser, ScriptedWaker, SphinxServer, ToneSpeaker
from speech.espeak import is_installed


@pytest.fixture(autouse=True)
def _no_priming(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what a server is asked to what is said; priming has tests of its own."""

    async def nothing(_: Primer) -> None:
        pass

    monkeypatch.setattr(Primer, "async_prepare", nothing)


@pytest.fixture
async def whisper() -> AsyncGenerator[ScriptedRecogniser]:
    """Return a recogniser that hears what it is told to hear."""
    async with ScriptedRecogniser() as server:
        yield server


@pytest.fixture
async def piper() -> AsyncGenerator[ToneSpeaker]:
    """Return a speaker that makes a tone, with a character lasting a hundredth of a second."""
    async with ToneSpeaker(seconds_per_character=0.01) as server:
        yield server


@pytest.fixture
async def waker() -> AsyncGenerator[ScriptedWaker]:
    """Return a service that wakes at any sound."""
    async with ScriptedWaker() as server:
        yield server


@pytest.fixture
async def espeak() -> AsyncGenerator[EspeakServer]:
    """Return a speaker that really speaks."""
    if not is_installed():
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up("espeak-ng is not installed; script/setup does it where it may")
    async with EspeakServer() as server:
        yield server


@pytest.fixture
async def sphinx() -> AsyncGenerator[SphinxServer]:
    """Return a recogniser that really understands a few commands."""
    async with SphinxServer() as server:
        yield server
