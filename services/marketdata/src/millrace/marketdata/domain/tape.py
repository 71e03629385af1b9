"""What a source of market data tells, and how a bar is told as ticks. Pure; pacing is elsewhere."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from heapq import merge

from millrace.common.kernel import timeframes
from millrace.common.kernel.clock import to_millis
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import SCALE, floor_to
from millrace.marketdata.domain.orderbook import BookSnapshot, BookUpdate
from millrace.marketdata.domain.ticks import Tick


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything that happened in a market until `at` has been told, so silence means that there was no trade.

    With `missed`, some of it was lost and will not be told: silence means nothing.
    """

    exchange: str
    symbol: str
    at: datetime
    missed: bool = False


Item = Tick | Candle | BookSnapshot | BookUpdate | Heard


def moment_of(item: Item) -> datetime:
    """When an item is known: a candle at its close, everything else when it happened."""
    return item.closed_at if isinstance(item, Candle) else item.at


def merged(*streams: Iterable[Item]) -> Iterator[Item]:
    """Streams in time order as one; at the same instant by symbol, then in the order of the streams."""
    return merge(*streams, key=lambda item: (moment_of(item), item.symbol))


def price_path(candle: Candle) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """The way through a bar: open, the nearer extreme, the other one, close. A tie goes against the bar's direction."""
    up, down = candle.high - candle.open, candle.open - candle.low
    high_first = up < down or (up == down and candle.close < candle.open)
    extremes = (candle.high, candle.low) if high_first else (candle.low, candle.high)
    return candle.open, *extremes, candle.close


def as_ticks(candle: Candle) -> list[Tick]:
    """Four ticks that make the bar again: a quarter of the time apart, with a quarter of the volume each.

    What a quarter of the volume cannot hold in 18 decimal places goes to the last.
    """
    with localcontext(prec=60):
        quarter = floor_to(candle.volume / 4, SCALE).normalize()
        volumes = (quarter, quarter, quarter, candle.volume - 3 * quarter)
    step = timeframes.length(candle.timeframe) / 4
    first = to_millis(candle.opened_at) * 10
    return [
        Tick(candle.exchange, candle.symbol, price, volume, candle.opened_at + number * step, str(first + number), True)
        for number, (price, volume) in enumerate(zip(price_path(candle), volumes, strict=True))
    ]
