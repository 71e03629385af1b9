"""The other end of `processes.Child`: commands come on standard input, answers go to standard output."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from time import monotonic_ns
from typing import Any


def answer(**content: Any) -> None:
    """Say something to who started this process."""
    print(json.dumps(content), flush=True)


async def commands() -> AsyncIterator[dict[str, Any]]:
    """What is asked of this process, until nobody asks any more."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


async def load(publish: Callable[[int], None], burst: int, per_second: float, seconds: float) -> int:
    """Publish `burst` messages in one turn of the loop, `per_second` times a second; returns how many messages.

    Each is given the instant of its publication, nanoseconds of the machine's monotonic clock.
    """
    loop = asyncio.get_running_loop()
    begun, turns = loop.time(), max(1, int(per_second * seconds))
    for number in range(turns):
        await asyncio.sleep(max(0.0, begun + number / per_second - loop.time()))
        for _ in range(burst):
            publish(monotonic_ns())
    return burst * turns
