"""A feed that plays recorded data, as if it happened now, round after round."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count

from millrace.common.kernel import timeframes
from millrace.common.kernel.clock import Clock, from_millis, to_millis
from millrace.common.kernel.market import Candle
from millrace.marketdata.adapters.book_files import read_book
from millrace.marketdata.adapters.candle_files import recorded_file
from millrace.marketdata.adapters.trade_files import read_trades
from millrace.marketdata.app.pacing import market_time, pace
from millrace.marketdata.app.ports import Places
from millrace.marketdata.domain.candles import CandleBuilder
from millrace.marketdata.domain.cycle import Cycle
from millrace.marketdata.domain.orderbook import BookOutOfSync, BookSnapshot, BookUpdate, OrderBook
from millrace.marketdata.domain.past import Past
from millrace.marketdata.domain.tape import Heard, Item, as_ticks, merged, moment_of
from millrace.marketdata.domain.ticks import Tick

Telling = Callable[[Cycle, datetime], Iterator[Item]]
"""What happens in the market of a cycle from an instant on its grid, for ever."""
Tape = Callable[[], Iterable[Item]]
_ROUND_IDS = 10**9
_WHOLE = 10**6


class RecordedFeed:
    """Plays a recorded market at `speed` market seconds per real second.

    The first time, the recording begins `lead` bars ago, so that there is a history; this beginning is stored, and
    every later run goes on from it: the recorded market has an answer for every time, also for those when nobody
    listened.
    """

    connected, stale, reconnects = True, False, 0

    def __init__(
        self,
        name: str,
        exchange: str,
        bars: Mapping[str, Sequence[Candle]],
        told: Telling,
        *,
        closes: bool,
        timeframe: str,
        speed: float,
        lead: int,
        clock: Clock,
        places: Places,
    ) -> None:
        self.name, self.exchange, self.closes = name, exchange, closes
        self.symbols = tuple(bars)
        self._cycle = Cycle(bars, timeframe, timeframes.opening(from_millis(0), timeframe))
        self._bars = bars
        self._told = told
        self._timeframe = timeframe
        self._speed = speed
        self._lead = lead
        self._clock = clock
        self._places = places

    async def prepare(self, start: datetime) -> None:
        """Find where the recording began, or let it begin."""
        known = await self._places.position(self.name)
        if known is None:
            begun = start - self._lead % self._cycle.count * timeframes.length(self._timeframe)
            known = to_millis(begun)
            await self._places.move(self.name, known)
        self._cycle = Cycle(self._bars, self._timeframe, from_millis(known))

    async def items(self, start: datetime) -> AsyncIterator[Sequence[Item]]:
        """The recording from `start` on. After a long stop it goes on in the present, and says what was missed."""
        now = market_time(self._clock, start, self._speed)
        while True:
            async for items in pace(self._told(self._cycle, start), now, self._speed):
                yield items
            start = timeframes.opening(now(), self._timeframe)
            yield [Heard(self.exchange, symbol, start, missed=True) for symbol in self.symbols]

    async def history(self, symbol: str, timeframe: str, start: datetime, end: datetime) -> list[Candle]:
        """The recorded bars at any time; only those of the timeframe that is played."""
        return list(self._cycle.bars(symbol, start, end)) if timeframe == self._timeframe else []

    def past(self, symbol: str, seam: datetime, days: int) -> Past | None:
        """The recording back and forth, at its own pace."""
        return self._cycle.past(symbol, seam, days)

    async def ask(self) -> None:
        """The recording is at hand."""

    async def close(self) -> None:
        """Nothing is held open."""


def told_as_bars(cycle: Cycle, start: datetime) -> Iterator[Item]:
    """Each bar preceded by the four ticks that make it; the bars of one interval together, as they would be live."""
    return _told(cycle, start, lambda bar: bar)


def told_as_ticks(cycle: Cycle, start: datetime) -> Iterator[Item]:
    """The ticks of each bar, and then that this was all."""
    return _told(cycle, start, lambda bar: Heard(bar.exchange, bar.symbol, bar.closed_at))


def _told(cycle: Cycle, start: datetime, closing: Callable[[Candle], Item]) -> Iterator[Item]:
    step = timeframes.length(cycle.timeframe)
    for number in count():
        opened_at = start + number * step
        bars = {symbol: cycle.bar(symbol, opened_at) for symbol in cycle.symbols}
        yield from merged(
            *(
                [*as_ticks(bar), closing(bar)]
                if bar
                else [Heard(cycle.exchange, symbol, opened_at + step, missed=True)]
                for symbol, bar in bars.items()
            )
        )


def told_as_recorded(tape: Tape, origin: datetime) -> Telling:
    """The recorded items at their own distances; `origin` is when the recording's first bar opened.

    Ids grow from round to round, with a hole between, because the end of a recording does not lead to its beginning.
    """

    def told(cycle: Cycle, start: datetime) -> Iterator[Item]:
        number, begun = cycle.round_at(start)
        books: dict[str, OrderBook] = {}
        while True:
            end = cycle.begins(number + 1)
            for item in tape():
                moved = _moved(item, begun + (moment_of(item) - origin), number)
                if begun <= moment_of(moved) < start:
                    _remember(books, moved)
                elif start <= moment_of(moved) < end:
                    yield from (book.top(_WHOLE) for book in books.values() if book.ready)
                    books.clear()
                    yield moved
            number, begun, start = number + 1, end, end

    return told


def _moved(item: Item, at: datetime, number: int) -> Item:
    shift = number * _ROUND_IDS
    if isinstance(item, Tick):
        return replace(item, at=at, trade_id=str(int(item.trade_id) + shift) if item.trade_id.isdecimal() else "")
    if isinstance(item, BookSnapshot):
        return replace(item, at=at, last_update_id=item.last_update_id + shift)
    if isinstance(item, BookUpdate):
        first, last = item.first_update_id + shift, item.last_update_id + shift
        return replace(item, at=at, first_update_id=first, last_update_id=last)
    raise TypeError(f"a recording has no {type(item).__name__}")


def _remember(books: dict[str, OrderBook], item: Item) -> None:
    """Keep the book that a recording has come to, for who begins to listen in the middle."""
    if isinstance(item, BookSnapshot | BookUpdate):
        try:
            books.setdefault(item.symbol, OrderBook(item.exchange, item.symbol)).take(item)
        except BookOutOfSync:
            return


def recorded_trades(exchange: str, symbol: str) -> Iterator[Tick]:
    """The trades that come with the platform: six minutes of BTC/USDT on Binance."""
    return read_trades(recorded_file(exchange, symbol, "trades.csv.gz"), exchange, symbol)


def recorded_book(exchange: str, symbol: str) -> Iterator[Item]:
    """The same six minutes' order book, with the trades between its changes."""
    book = read_book(recorded_file(exchange, symbol, "book.jsonl.gz"), exchange, symbol)
    return merged(book, recorded_trades(exchange, symbol))


def bars_of_trades(trades: Iterable[Tick], timeframe: str) -> list[Candle]:
    """The candles that trades make; an interval without a trade is flat, the last one may be cut short."""
    made: list[Candle] = []
    builder: CandleBuilder | None = None
    for tick in trades:
        builder = builder or CandleBuilder(tick.exchange, tick.symbol, timeframe, fill=_WHOLE)
        made += builder.add(tick)
    if builder is None:
        raise ValueError("there are no trades")
    last = builder.forming
    return made if last is None else [*made, *builder.advance(last.closed_at)]
