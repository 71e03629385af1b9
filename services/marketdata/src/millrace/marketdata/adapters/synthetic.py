"""A feed of made-up markets, the same for the same seed."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice, takewhile

from millrace.common.kernel.clock import Clock
from millrace.common.kernel.instruments import Instrument, instrument
from millrace.common.kernel.market import Candle
from millrace.marketdata.app.pacing import pace
from millrace.marketdata.domain.tape import Item, merged, scheduled
from millrace.marketdata.domain.ticks import Tick
from millrace.marketdata.domain.walk import walk

FIRST_PRICES: Mapping[str, Decimal] = {
    "BTC/USDT": Decimal(40_000),
    "ETH/USDT": Decimal(2_500),
    "BTC/ZAR": Decimal(750_000),
    "ETH/ZAR": Decimal(45_000),
}
"""Where a made-up market starts; others start at 100."""


def synthetic_bars(exchange: str, symbol: str, timeframe: str, start: datetime, seed: int) -> Iterator[Candle]:
    """Closed bars for ever, from the one that holds `start`. Raises INVALID_SYMBOL for an unknown market."""
    market = instrument(exchange, symbol)
    for ticks in _walk(market, timeframe, start, seed):
        yield _bar(ticks, timeframe)


def synthetic_tape(
    exchange: str, symbols: Sequence[str], timeframe: str, start: datetime, seed: int, count: int
) -> dict[str, list[Candle]]:
    """`count` bars of each symbol, as a recorded market would be given."""
    return {name: list(islice(synthetic_bars(exchange, name, timeframe, start, seed), count)) for name in symbols}


class SyntheticFeed:
    """Made-up markets from `start` on: ticks, and the bar they made when it closes."""

    stale = False

    def __init__(
        self,
        exchange: str,
        symbols: Sequence[str],
        timeframe: str,
        start: datetime,
        seed: int,
        speed: float,
        clock: Clock,
    ) -> None:
        self._markets = [instrument(exchange, name) for name in symbols]
        self._timeframe = timeframe
        self._start = start
        self._seed = seed
        self._speed = speed
        self._clock = clock

    def items(self) -> AsyncIterator[Item]:
        """The markets together in time order, each item when it is due."""
        streams = [self._stream(market) for market in self._markets]
        return pace(scheduled(merged(*streams)), self._speed, self._clock)

    async def history(self, symbol: str, timeframe: str, start: datetime, end: datetime) -> list[Candle]:
        """The bars since the market began; there is nothing before."""
        market = next((m for m in self._markets if m.symbol == symbol), None)
        if market is None or timeframe != self._timeframe:
            return []
        bars = synthetic_bars(market.exchange, symbol, timeframe, self._start, self._seed)
        return [bar for bar in takewhile(lambda bar: bar.opened_at < end, bars) if bar.opened_at >= start]

    async def close(self) -> None:
        """Nothing is held open."""

    def _stream(self, market: Instrument) -> Iterator[Item]:
        for ticks in _walk(market, self._timeframe, self._start, self._seed):
            yield from ticks
            yield _bar(ticks, self._timeframe)


def _walk(market: Instrument, timeframe: str, start: datetime, seed: int) -> Iterator[list[Tick]]:
    return walk(market, timeframe, start, FIRST_PRICES.get(market.symbol, Decimal(100)), seed)


def _bar(ticks: Sequence[Tick], timeframe: str) -> Candle:
    prices = [tick.price for tick in ticks]
    volume = sum((tick.quantity for tick in ticks), Decimal(0))
    first = ticks[0]
    return Candle(
        first.exchange, first.symbol, timeframe, first.at, prices[0], max(prices), min(prices), prices[-1], volume
    )
