"""Replays bars with their own times, each reader stage only after the one before has come to rest.

That order, and clocks that follow the messages, are why the same bars give the same orders on every bus.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from millrace.common.db.work import Works
from millrace.common.events.topics import CATALOGUE
from millrace.common.kernel.market import Candle
from millrace.marketdata.app.ports import Candles
from millrace.marketdata.app.publisher import Publisher

STAGES = sorted(set(CATALOGUE["market.candles.v1"].readers.values()))


class Lockstep:
    """A replay that waits to be started. `at_rest` tells whether the whole platform has nothing left to do."""

    def __init__(
        self,
        works: Works,
        candles: Candles,
        publisher: Publisher,
        bars: Sequence[Candle],
        at_rest: Callable[[], Awaitable[bool]],
    ) -> None:
        self._works = works
        self._candles = candles
        self._publisher = publisher
        self._bars = bars
        self._at_rest = at_rest
        self.started = asyncio.Event()
        self.played = 0

    @property
    def total(self) -> int:
        """How many bars there are."""
        return len(self._bars)

    async def run(self) -> None:
        """Wait for the start, then play everything once."""
        await self.started.wait()
        for bar in self._bars:
            for stage in STAGES:
                async with self._works.begin() as work:
                    if stage == STAGES[0]:
                        await self._candles.add(work, [bar])
                    self._publisher.closed([bar], work, stage)
                await self._rest()
            self.played += 1

    async def _rest(self) -> None:
        while not await self._at_rest():
            await asyncio.sleep(0)
