"""Lets a tape run at a chosen speed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from millrace.common.kernel import timeframes
from millrace.common.kernel.clock import Clock
from millrace.marketdata.domain.tape import Due, Item

BEHIND_LIMIT = 5.0


def speed_of(bars_per_second: float, timeframe: str) -> float:
    """Market seconds per real second when that many bars of `timeframe` go by in one."""
    return bars_per_second * timeframes.SECONDS[timeframe]


async def pace(
    tape: Iterable[Due], speed: float, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> AsyncIterator[Item]:
    """Yield each item when it is due, `speed` market seconds per real second.

    Small delays are made up for, so the tape does not drift. Who is more than five real seconds behind (a suspended
    machine, a blocked loop) goes on from there, and does not pour out all that was missed.
    """
    origin = clock.monotonic()
    for due in tape:
        wait = origin + due.after.total_seconds() / speed - clock.monotonic()
        if wait < -BEHIND_LIMIT:
            origin -= wait
        await sleep(max(wait, 0.0))
        yield due.item
