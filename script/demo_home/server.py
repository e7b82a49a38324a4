"""The model server of the demo: the simulator, or a real one named by OLLAMA_URL."""

import asyncio
from dataclasses import dataclass, field
import os
from pathlib import Path
import sys
from typing import Any

import aiohttp

from .errors import DemoError
from .processes import Child, free_port

ROOT = Path(__file__).resolve().parents[2]

START_LIMIT = 20.0
STOP_LIMIT = 10.0
ANSWER_LIMIT = aiohttp.ClientTimeout(total=10)
OLLAMA_PORT = 11434


def completed(url: str) -> str:
    """Return a full address for a bare host or host:port, as the integration completes it."""
    if "://" in url:
        return url.rstrip("/")
    return f"http://{url}" if ":" in url else f"http://{url}:{OLLAMA_PORT}"


@dataclass
class ModelServer:
    """What the integration is pointed at."""

    session: aiohttp.ClientSession
    work: Path
    url: str
    port: int = 0
    real: bool = False
    _child: Child | None = field(default=None, init=False)

    @classmethod
    def from_environment(cls, session: aiohttp.ClientSession, work: Path) -> ModelServer:
        """Return the real server that OLLAMA_URL names, or a simulator yet to be started."""
        if url := os.environ.get("OLLAMA_URL", "").strip():
            return cls(session, work, completed(url), real=True)
        port = free_port()
        return cls(session, work, f"http://127.0.0.1:{port}", port)

    @property
    def description(self) -> str:
        """Say what answers, in words."""
        if self.real:
            return f"your Ollama server at {self.url}"
        return (
            f"the simulator at {self.url}: the answers come from simple rules that stand in for a "
            "language model (set OLLAMA_URL for a real one)"
        )

    async def start(self) -> None:
        """Start the simulator, or see that the real server answers."""
        if self.real:
            try:
                await self._get("/api/version")
            except (aiohttp.ClientError, TimeoutError, ValueError) as err:
                raise DemoError(
                    f"No Ollama server answers at {self.url} ({err or type(err).__name__}). "
                    "Check OLLAMA_URL, or unset it to use the simulator."
                ) from err
            return
        self._child = await Child.start(
            "The simulator",
            [sys.executable, "-m", "simulator", "--port", str(self.port)],
            cwd=ROOT,
            log=self.work / "simulator.log",
        )
        try:
            async with asyncio.timeout(START_LIMIT):
                while not await self._answers():
                    self._child.check()
                    await asyncio.sleep(0.1)
        except TimeoutError as err:
            raise DemoError(
                f"The simulator did not answer within {START_LIMIT:.0f} s:\n{self._child.tail()}"
            ) from err

    async def stop(self) -> None:
        """Stop the simulator; a real server is left alone."""
        if self._child is not None:
            await self._child.stop(STOP_LIMIT)
            self._child = None

    async def pick_model(self) -> str:
        """Return OLLAMA_MODEL, or the first installed model that can use tools."""
        installed: list[str] = [model["name"] for model in (await self._get("/api/tags"))["models"]]
        if wanted := os.environ.get("OLLAMA_MODEL", "").strip():
            for name in (wanted, f"{wanted}:latest"):
                if name in installed:
                    return name
            raise DemoError(
                f"The model {wanted} (OLLAMA_MODEL) is not installed on {self.url}. "
                f"Installed: {', '.join(installed) or 'none'}."
            )
        for name in installed:
            async with self.session.post(
                f"{self.url}/api/show", json={"model": name}, timeout=ANSWER_LIMIT
            ) as response:
                response.raise_for_status()
                details = await response.json()
            if "tools" in details.get("capabilities", []):
                return name
        raise DemoError(
            f"No model on {self.url} can use tools. Installed: {', '.join(installed) or 'none'}. "
            "Pull one, such as qwen3:4b-instruct, or name one with OLLAMA_MODEL."
        )

    async def written_by(self, model: str, sentence: str) -> str:
        """Return what a model of the simulator writes when it is offered a tool."""
        tool = {
            "name": "turn_on",
            "description": "Turn on a light.",
            "parameters": {"type": "object", "properties": {"name": {"type": "string"}}},
        }
        request = {
            "model": model,
            "stream": False,
            "messages": [{"role": "user", "content": sentence}],
            "tools": [{"type": "function", "function": tool}],
        }
        async with self.session.post(
            f"{self.url}/api/chat", json=request, timeout=ANSWER_LIMIT
        ) as response:
            response.raise_for_status()
            written: str = (await response.json())["message"]["content"]
        return written

    async def _answers(self) -> bool:
        try:
            await self._get("/api/version")
        except aiohttp.ClientConnectionError:
            return False  # not listening yet
        return True

    async def _get(self, path: str) -> Any:
        async with self.session.get(f"{self.url}{path}", timeout=ANSWER_LIMIT) as response:
            response.raise_for_status()
            return await response.json()
