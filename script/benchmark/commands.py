"""The other end of `child`: commands that come line by line."""

import asyncio
from collections.abc import AsyncIterator, Mapping
import json
import sys
from typing import Any

_LONGEST_LINE = 2**20


async def commands() -> AsyncIterator[dict[str, Any]]:
    """Yield the commands on stdin until it ends; answer each with `answer`."""
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        yield json.loads(line)


def answer(value: Mapping[str, Any]) -> None:
    """Answer a command."""
    print(json.dumps(value), flush=True)
