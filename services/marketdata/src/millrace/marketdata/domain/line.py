"""One market on its way from what a feed tells to closed candles of every timeframe."""

from dataclasses import replace
from datetime import datetime, timedelta

from millrace.common.kernel import timeframes
from millrace.common.kernel.market import Candle
from millrace.marketdata.domain.candles import CandleBuilder
from millrace.marketdata.domain.gaps import Gap
from millrace.marketdata.domain.resampling import Resampler, larger_than, merged
from millrace.marketdata.domain.tape import Heard
from millrace.marketdata.domain.ticks import Tick

_FILL = 3600


class Line:
    """Candles of one market from `start` on, an instant on the grid of `timeframe`.

    A feed that `closes` tells closed candles itself, and its ticks only show how the next one looks; else candles are
    made of the ticks. Candles that should have come before a closed one and did not are added to `gaps`.
    """

    def __init__(
        self,
        exchange: str,
        symbol: str,
        timeframe: str,
        start: datetime,
        *,
        closes: bool,
        lateness: timedelta = timedelta(0),
    ) -> None:
        self.exchange, self.symbol, self.timeframe = exchange, symbol, timeframe
        self.expected = start
        self.gaps: list[Gap] = []
        self.repeated = 0
        self.tick: Tick | None = None
        self.larger = larger_than(timeframe)
        self.resampler = Resampler(self.larger)
        self._closes = closes
        self._builder = CandleBuilder(exchange, symbol, timeframe, lateness=lateness, fill=0 if closes else _FILL)
        self._builder.begin(start)
        self._last: Candle | None = None

    @property
    def late(self) -> int:
        """How many ticks came after their candle had closed."""
        return self._builder.counts.late

    def begin(self, at: datetime) -> None:
        """Make candles of ticks from `at` on, an instant on the grid; those before are known from elsewhere."""
        if self._last is None or self._last.closed_at != at:
            self._builder.begin(at)

    def resume(self, target: str, candle: Candle, parts: int) -> None:
        """Go on with a larger candle that `parts` stored ones have made so far."""
        opened_at = timeframes.opening(candle.opened_at, target)
        self.resampler.resume(target, replace(candle, timeframe=target, opened_at=opened_at), parts)

    def take(self, item: Tick | Candle | Heard) -> list[Candle]:
        """The candles that closed by what was told: each followed by the larger ones that it completes."""
        if isinstance(item, Candle):
            self._builder.follow(item)
            return self._closed([item])
        if isinstance(item, Tick):
            if self.tick is None or item.rank >= self.tick.rank:
                self.tick = item
            made = self._builder.add(item)
        elif item.missed:
            self._builder.begin(item.at)
            return []
        else:
            made = self._builder.advance(item.at)
        return [] if self._closes else self._closed(made)

    def forming(self) -> list[Candle]:
        """The open candles of every timeframe as they are now."""
        part = self._builder.forming
        if part is None:
            return []
        return [part, *(self._grown(target, part) for target in self.larger)]

    def _grown(self, target: str, part: Candle) -> Candle:
        known = self.resampler.open.get(target)
        same = known is not None and known.opened_at == timeframes.opening(part.opened_at, target)
        return merged(known if same else None, part, target)

    def _closed(self, candles: list[Candle]) -> list[Candle]:
        closed: list[Candle] = []
        for candle in candles:
            if candle.opened_at < self.expected:
                self.repeated += 1
                continue
            if candle.opened_at > self.expected:
                missing = (candle.opened_at - self.expected) // timeframes.length(self.timeframe)
                self.gaps.append(Gap(self.expected, candle.opened_at, missing))
            self.expected, self._last = candle.closed_at, candle
            closed += [candle, *self.resampler.add(candle)]
        return closed
