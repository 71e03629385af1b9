"""Candles out of ticks, whatever order the ticks come in."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Context, Decimal

from millrace.common.kernel import timeframes
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import ZERO, scaled
from millrace.marketdata.domain.ticks import Tick

_EXACT = Context(prec=60)


@dataclass(slots=True)
class Counts:
    """What a builder did with its input, for the metrics. `partial` ticks are of a candle that is not known whole."""

    taken: int = 0
    amended: int = 0
    duplicates: int = 0
    late: int = 0
    partial: int = 0
    filled: int = 0
    missing: int = 0


@dataclass(slots=True)
class _Forming:
    first: Tick
    last: Tick
    high: Decimal
    low: Decimal
    volume: Decimal
    turnover: Decimal = ZERO
    trades: int = 0
    counted: bool = True
    ids: set[str] = field(default_factory=set)

    def take(self, tick: Tick) -> None:
        if tick.rank < self.first.rank:
            self.first = tick
        if tick.rank >= self.last.rank:
            self.last = tick
        self.high, self.low = max(self.high, tick.price), min(self.low, tick.price)
        self.volume = _EXACT.add(self.volume, tick.quantity)
        self.turnover = _EXACT.fma(tick.price, tick.quantity, self.turnover)
        self.trades += 1
        self.counted = self.counted and not tick.invented


class CandleBuilder:
    """One market's candles of one timeframe.

    Time is that of the data: the latest instant seen in a tick or given to `advance`. A candle closes once that time
    has passed its end by `lateness`; until then a late tick still amends it, afterwards it is dropped and counted.
    Trades with a known id count once. Of intervals without any trade, the first `fill` in a row become flat candles of
    no volume at the last close; the others stay a gap and are counted as missing.
    """

    def __init__(
        self, exchange: str, symbol: str, timeframe: str, *, lateness: timedelta = timedelta(0), fill: int = 0
    ) -> None:
        self.counts = Counts()
        self._market = (exchange, symbol, timeframe)
        self._length = timeframes.length(timeframe)
        self._timeframe = timeframe
        self._lateness = lateness
        self._fill = fill
        self._open: dict[datetime, _Forming] = {}
        self._now: datetime | None = None
        self._first: datetime | None = None
        self._closed: Candle | None = None
        self._empty = 0

    @property
    def forming(self) -> Candle | None:
        """The newest candle as it is now; None before the first tick and after everything closed."""
        opened_at = max(self._open, default=None)
        return None if opened_at is None else self._candle(opened_at, self._open[opened_at])

    def begin(self, at: datetime) -> None:
        """Start afresh: what happened before `at` is not known as a whole, so the candle that holds it is not made."""
        self._open.clear()
        self._closed, self._empty = None, 0
        opened_at = timeframes.opening(at, self._timeframe)
        self._first = opened_at if opened_at == at else opened_at + self._length

    def follow(self, candle: Candle) -> None:
        """Go on after a candle that is closed already: earlier ticks are late, and flat candles know their price."""
        self._closed, self._empty = candle, 0
        self._open = {opened_at: forming for opened_at, forming in self._open.items() if opened_at > candle.opened_at}
        self._first = candle.closed_at

    def add(self, tick: Tick) -> list[Candle]:
        """Take a tick; returns the candles that closed by it, oldest first."""
        opened_at = timeframes.opening(tick.at, self._timeframe)
        if self._is_over(opened_at):
            if self._closed is None and self._first is not None and opened_at < self._first:
                self.counts.partial += 1
            else:
                self.counts.late += 1
            return []
        forming = self._open.get(opened_at)
        if forming is None:
            forming = self._open[opened_at] = _Forming(tick, tick, tick.price, tick.price, ZERO)
        elif tick.trade_id and tick.trade_id in forming.ids:
            self.counts.duplicates += 1
            return []
        if tick.trade_id:
            forming.ids.add(tick.trade_id)
        self.counts.taken += 1
        if self._now is not None and tick.at < self._now:
            self.counts.amended += 1
        forming.take(tick)
        return self.advance(tick.at)

    def advance(self, now: datetime) -> list[Candle]:
        """Let time pass without a trade; returns the candles that closed by it, oldest first."""
        self._see(now)
        closed: list[Candle] = []
        for opened_at in sorted(self._open):
            if self._is_over(opened_at):
                closed += self._flat_until(opened_at)
                self._closed = self._candle(opened_at, self._open.pop(opened_at))
                self._empty = 0
                closed.append(self._closed)
        return closed + self._flat_until(self._first_alive())

    def _see(self, now: datetime) -> None:
        self._now = now if self._now is None else max(self._now, now)

    def _is_over(self, opened_at: datetime) -> bool:
        if self._first is not None and opened_at < self._first:
            return True
        return self._now is not None and opened_at + self._length + self._lateness <= self._now

    def _first_alive(self) -> datetime:
        assert self._now is not None
        return timeframes.opening(self._now - self._lateness, self._timeframe)

    def _flat_until(self, opened_at: datetime) -> list[Candle]:
        """Flat candles for the empty intervals between the last closed candle and `opened_at`."""
        if self._closed is None:
            return []
        flat: list[Candle] = []
        start, price = self._closed.opened_at + self._length, self._closed.close
        empty = (opened_at - start) // self._length
        for number in range(self._empty, min(empty, self._fill)):
            at = start + number * self._length
            flat.append(Candle(*self._market, at, price, price, price, price, ZERO, ZERO, 0))
        self.counts.filled += len(flat)
        self.counts.missing += max(empty, self._fill) - max(self._empty, self._fill)
        self._empty = max(self._empty, empty)
        return flat

    def _candle(self, opened_at: datetime, forming: _Forming) -> Candle:
        prices = (forming.first.price, forming.high, forming.low, forming.last.price)
        known = (scaled(forming.turnover), forming.trades) if forming.counted else (None, None)
        return Candle(*self._market, opened_at, *prices, forming.volume, *known)
