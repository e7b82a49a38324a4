"""Child processes that are started, watched, and always ended."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
import os
from pathlib import Path
import signal
import socket
from typing import Self

from .errors import DemoError

LOG_TAIL_LINES = 25


def free_port(preferred: int | None = None) -> int:
    """Return a free port on loopback: the preferred one when it is free."""
    for candidate in (preferred, 0):
        if candidate is None:
            continue
        with socket.socket() as probe:
            # As the servers do: a port that was used a moment ago may be used again.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            port: int = probe.getsockname()[1]
            return port
    raise DemoError("No free port on 127.0.0.1.")


class Child:
    """One child process in a process group of its own, with its output in a file."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @classmethod
    async def start(cls, name: str, command: Sequence[str], *, cwd: Path, log: Path) -> Self:
        """Start a command; its output is appended to the log."""
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=cwd,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                # Ctrl-C in the terminal is for us; the children are ended in order afterwards.
                start_new_session=True,
            )
        return cls(name, process, log)

    @property
    def running(self) -> bool:
        """Whether the process has not ended yet."""
        return self._process.returncode is None

    def check(self) -> None:
        """Raise when the process has ended by itself."""
        if not self.running:
            raise DemoError(
                f"{self.name} ended with exit code {self._process.returncode}:\n{self.tail()}"
            )

    def tail(self) -> str:
        """Return the last lines of what the process wrote."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"  | {line}" for line in lines[-LOG_TAIL_LINES:])

    async def wait(self) -> int:
        """Wait until the process ends by itself."""
        return await self._process.wait()

    async def stop(self, limit: float) -> bool:
        """End the process and all that it started; return whether it went when asked to.

        Args:
            limit: seconds until it is killed.
        """
        willing = True
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(limit):
                    await self._process.wait()
            except TimeoutError:
                willing = False
        # Whatever is left of its group goes too; usually nothing is.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        return willing and self._process.returncode == 0
