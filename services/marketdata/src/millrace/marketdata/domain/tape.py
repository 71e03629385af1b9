"""A recorded market as a stream of items with the time each is due. Pure generators; pacing is elsewhere."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from heapq import merge
from typing import NamedTuple

from millrace.common.kernel import timeframes
from millrace.common.kernel.clock import to_millis
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import SCALE, floor_to
from millrace.marketdata.domain.orderbook import BookSnapshot, BookUpdate
from millrace.marketdata.domain.ticks import Tick

Item = Tick | Candle | BookSnapshot | BookUpdate


class Due(NamedTuple):
    """An item and how long after the start of the tape it happens, in market time."""

    after: timedelta
    item: Item


def moment_of(item: Item) -> datetime:
    """When an item is known: a candle at its close, everything else when it happened."""
    return item.closed_at if isinstance(item, Candle) else item.at


def merged(*streams: Iterable[Item]) -> Iterator[Item]:
    """Streams in time order as one; at the same instant by symbol, then in the order of the streams."""
    return merge(*streams, key=lambda item: (moment_of(item), item.symbol))


def scheduled(items: Iterable[Item], start: datetime | None = None) -> Iterator[Due]:
    """Each item with its distance from `start`, by default from the first item."""
    for item in items:
        moment = moment_of(item)
        start = start or moment
        yield Due(moment - start, item)


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
        Tick(candle.exchange, candle.symbol, price, volume, candle.opened_at + number * step, str(first + number))
        for number, (price, volume) in enumerate(zip(price_path(candle), volumes, strict=True))
    ]


def restamped(candles: Sequence[Candle], start: datetime, timeframe: str) -> Iterator[Candle]:
    """The same bars relabelled: the first opens at `start`, each lasts one `timeframe`; holes keep their place.

    `start` is moved back to the grid. So a recorded 5-minute market is played as 1-second bars of the present.
    """
    if not candles:
        return
    origin, was, step = candles[0].opened_at, timeframes.length(candles[0].timeframe), timeframes.length(timeframe)
    begin = timeframes.opening(start, timeframe)
    for candle in candles:
        number = (candle.opened_at - origin) // was
        yield replace(candle, timeframe=timeframe, opened_at=begin + number * step)


def restamped_until(candles: Sequence[Candle], end: datetime, timeframe: str) -> Iterator[Candle]:
    """Relabelled so that the last bar closes at `end`, moved back to the grid: the history before now."""
    if not candles:
        return iter(())
    count = (candles[-1].closed_at - candles[0].opened_at) // timeframes.length(candles[0].timeframe)
    return restamped(candles, end - count * timeframes.length(timeframe), timeframe)


def looped(candles: Sequence[Candle]) -> Iterator[Candle]:
    """The bars for ever: after the last the first again, with the times shifted on and the prices as recorded.

    The bars may be of several symbols, in time order and of one timeframe; a round lasts from the first opening to
    the last close.
    """
    if not candles:
        return
    span = candles[-1].closed_at - candles[0].opened_at
    shift = timedelta(0)
    while True:
        for candle in candles:
            yield replace(candle, opened_at=candle.opened_at + shift)
        shift += span
