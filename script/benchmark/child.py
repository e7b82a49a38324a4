"""A process of our own that answers each line of JSON with another one."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
import json
import os
from pathlib import Path
import sys
import tempfile
from typing import IO, Any

ROOT = Path(__file__).parents[2]
_LONGEST_LINE = 2**24
_STOP_LIMIT = 30.0
_TAIL_LINES = 25


class BenchError(Exception):
    """The bench can't go on; the text says why."""


class Child:
    """The process."""

    def __init__(self, name: str, process: Process, log: IO[bytes]) -> None:
        """Use `child` rather than this."""
        self.name = name
        self._process = process
        self._log = log

    async def ask(self, command: Mapping[str, Any], limit: float) -> dict[str, Any]:
        """Send a command and return the answer, which takes `limit` seconds at most.

        Raises BenchError when it takes longer and when the process has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(limit):
                self._process.stdin.write(json.dumps(command).encode() + b"\n")
                await self._process.stdin.drain()
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise BenchError(f"{self.name} took longer than {limit:.0f} seconds") from None
        except ConnectionError:
            line = b""
        if not line:
            code = await self._process.wait()
            raise BenchError(f"{self.name} ended by itself ({code}):\n{self._tail()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _tail(self) -> str:
        """Return the last lines of what the process logged."""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").splitlines()
        return "\n".join(f"  | {line}" for line in lines[-_TAIL_LINES:])


@asynccontextmanager
async def child(
    name: str, module: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Child]:
    """Run a module of this project as long as the block runs.

    It ends when its input does, and is killed when it has not after half a minute.
    """
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            stdin=PIPE,
            stdout=PIPE,
            stderr=log,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            limit=_LONGEST_LINE,
        )
        try:
            yield Child(name, process, log)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                async with asyncio.timeout(_STOP_LIMIT):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
