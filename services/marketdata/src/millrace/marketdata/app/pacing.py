"""Lets recorded items happen when they are due."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from millrace.common.kernel.clock import Clock
from millrace.marketdata.domain.tape import Item, moment_of

BEHIND_LIMIT = 10.0


def market_time(clock: Clock, start: datetime, speed: float) -> Callable[[], datetime]:
    """What time it is in the market: the clock's own at speed 1, else it runs `speed` times as fast from `start` on."""
    if speed == 1:
        return clock.now
    begun = clock.monotonic()
    return lambda: start + timedelta(seconds=(clock.monotonic() - begun) * speed)


async def pace(
    items: Iterable[Item],
    now: Callable[[], datetime],
    speed: float,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[Sequence[Item]]:
    """Yield what happens at one instant when the market's time, `now`, has come to it; what is due comes at once.

    Ends before an item that is more than ten real seconds behind (a suspended machine, a blocked loop, a database that
    was away): who asks must go on from the present, and not pour out all that was missed.
    """
    begun = now()
    for moment, together in groupby(items, moment_of):
        wait = (moment - now()).total_seconds() / speed
        if wait < -BEHIND_LIMIT and moment > begun:
            return
        await sleep(max(wait, 0.0))
        yield list(together)
