"""Made-up markets, the same for the same seed, to be played like recorded ones."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice

from millrace.common.kernel.instruments import Instrument, instrument
from millrace.common.kernel.market import Candle
from millrace.marketdata.adapters.recorded import Telling, told_as_ticks
from millrace.marketdata.domain.cycle import Cycle
from millrace.marketdata.domain.tape import Item
from millrace.marketdata.domain.ticks import Tick
from millrace.marketdata.domain.walk import quotes, walk

FIRST_PRICES: Mapping[str, Decimal] = {
    "BTC/USDT": Decimal(40_000),
    "ETH/USDT": Decimal(2_500),
    "BTC/ZAR": Decimal(750_000),
    "ETH/ZAR": Decimal(45_000),
}
"""Where a made-up market starts; others start at 100."""
ORIGIN = datetime(2024, 1, 1, tzinfo=UTC)


def synthetic_bars(exchange: str, symbol: str, timeframe: str, start: datetime, seed: int) -> Iterator[Candle]:
    """Closed bars for ever, from the one that holds `start`. Raises INVALID_SYMBOL for an unknown market."""
    market = instrument(exchange, symbol)
    price = FIRST_PRICES.get(market.symbol, Decimal(100))
    for ticks in walk(market, timeframe, start, price, seed):
        yield _bar(ticks, timeframe)


def synthetic_tape(
    exchange: str, symbols: Sequence[str], timeframe: str, seed: int, count: int
) -> dict[str, list[Candle]]:
    """`count` bars of each symbol, as a recorded market would be given."""
    return {name: list(islice(synthetic_bars(exchange, name, timeframe, ORIGIN, seed), count)) for name in symbols}


def told_with_books(depth: int) -> Telling:
    """The ticks of each bar, each followed by a book of `depth` levels around its price."""

    def told(cycle: Cycle, start: datetime) -> Iterator[Item]:
        markets: dict[str, Instrument] = {name: instrument(cycle.exchange, name) for name in cycle.symbols}
        for item in told_as_ticks(cycle, start):
            yield item
            if isinstance(item, Tick):
                yield quotes(markets[item.symbol], item, depth)

    return told


def _bar(ticks: Sequence[Tick], timeframe: str) -> Candle:
    prices = [tick.price for tick in ticks]
    volume = sum((tick.quantity for tick in ticks), Decimal(0))
    first = ticks[0]
    return Candle(
        first.exchange, first.symbol, timeframe, first.at, prices[0], max(prices), min(prices), prices[-1], volume
    )
