"""Tells of the markets that are derived from the feed's, so that paper accounts can trade them.

Their candles are told from a minute on and never stored; prices, the minute so far and a book at most twice a second.
What is derived costs the feed's own markets nothing but that.
"""

from collections.abc import Sequence
from functools import partial

from millrace.common.db.work import Work
from millrace.common.kernel import timeframes
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.market import Candle
from millrace.marketdata.app.conflation import Conflation
from millrace.marketdata.app.publisher import Publisher
from millrace.marketdata.domain.derived import Derived, simulated_book
from millrace.marketdata.domain.ticks import Tick

EVERY = 0.5
"""Seconds between two lossy messages of one derived market."""
LEAST = "1m"
"""Their smallest candles."""


class Mirrors:
    """All derived markets. `depth` levels of each book are told; 0: no books."""

    def __init__(self, derived: Sequence[Derived], publisher: Publisher, clock: Clock, depth: int) -> None:
        self.conflation = Conflation(clock, EVERY)
        self._derived = derived
        self._publisher = publisher
        self._clock = clock
        self._depth = depth

    def closed(self, candles: Sequence[Candle], work: Work) -> None:
        """Tell of what closed when `work` commits."""
        large = [c for c in candles if timeframes.SECONDS[c.timeframe] >= timeframes.SECONDS[LEAST]]
        for one in self._derived if large else ():
            self._publisher.closed([one.candle(c) for c in large if c.symbol == one.symbol], work)

    def seen(self, tick: Tick, forming: Sequence[Candle]) -> None:
        """The market traded, and so look its open candles now."""
        for one in self._derived:
            if one.symbol == tick.symbol:
                self.conflation.offer(one.place, partial(self._tell, one, tick, forming))

    def _tell(self, one: Derived, tick: Tick, forming: Sequence[Candle]) -> None:
        now, here = self._clock.now(), one.tick(tick)
        shown = [one.candle(candle) for candle in forming if candle.timeframe == LEAST]
        self._publisher.price(here, shown, now)
        if self._depth:
            self._publisher.book(simulated_book(one.quoted, here, self._depth), now)
