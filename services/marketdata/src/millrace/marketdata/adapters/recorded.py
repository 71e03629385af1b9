"""A feed that plays recorded data at a chosen speed."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice

from millrace.common.kernel.clock import Clock
from millrace.common.kernel.market import Candle
from millrace.marketdata.adapters.book_files import read_book
from millrace.marketdata.adapters.candle_files import recorded_file
from millrace.marketdata.adapters.trade_files import read_trades
from millrace.marketdata.app.pacing import pace
from millrace.marketdata.domain.tape import Item, as_ticks, looped, merged, restamped, scheduled

Tape = Callable[[], Iterable[Item]]


def bars_of(tape: Mapping[str, Sequence[Candle]]) -> list[Candle]:
    """Several symbols' bars as one: in order of their close, ties by symbol."""
    return list(merge(*tape.values(), key=lambda candle: (candle.closed_at, candle.symbol)))


def ticked(bars: Iterable[Candle]) -> Iterator[Item]:
    """Each bar preceded by the four ticks that make it. The bars of one interval go together, as they would live."""
    together: list[Candle] = []
    for bar in bars:
        if together and bar.opened_at != together[0].opened_at:
            yield from merged(*map(as_ticks, together), together)
            together = []
        together.append(bar)
    yield from merged(*map(as_ticks, together), together)


def as_of_now(bars: Sequence[Candle], start: datetime, timeframe: str, *, skip: int = 0) -> Iterator[Candle]:
    """The bars for ever, on the grid of `timeframe` from `start` on, without the first `skip`."""
    relabelled = list(restamped(bars, start, timeframe))
    return islice(looped(relabelled), skip, None)


def recorded_trades(exchange: str, symbol: str) -> Iterator[Item]:
    """The trades and the book that come with the platform, as they came: six minutes of BTC/USDT on Binance."""
    trades = read_trades(recorded_file(exchange, symbol, "trades.csv.gz"), exchange, symbol)
    return merged(read_book(recorded_file(exchange, symbol, "book.jsonl.gz"), exchange, symbol), trades)


class RecordedFeed:
    """Plays what `tape` gives anew each time, `speed` market seconds per real second. `past` answers for history."""

    stale = False

    def __init__(self, tape: Tape, speed: float, clock: Clock, past: Iterable[Candle] = ()) -> None:
        self._tape = tape
        self._speed = speed
        self._clock = clock
        self._past = sorted(past, key=lambda candle: candle.opened_at)

    def items(self) -> AsyncIterator[Item]:
        """The tape, each item when it is due."""
        return pace(scheduled(self._tape()), self._speed, self._clock)

    async def history(self, symbol: str, timeframe: str, start: datetime, end: datetime) -> list[Candle]:
        """The bars before the tape."""
        wanted = (symbol, timeframe)
        return [c for c in self._past if (c.symbol, c.timeframe) == wanted and start <= c.opened_at < end]

    async def close(self) -> None:
        """Nothing is held open."""
