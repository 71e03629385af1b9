"""A live feed by asking an exchange's public REST API again and again, through ccxt.

Tried against a local server that answers like Binance's public REST API; not verified live.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from millrace.common.kernel import timeframes
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import ZERO
from millrace.marketdata.adapters.ccxt_market import CcxtMarket, followed
from millrace.marketdata.app.feeds import SourceDown
from millrace.marketdata.domain.gaps import find_gaps
from millrace.marketdata.domain.past import Past
from millrace.marketdata.domain.tape import Heard, Item
from millrace.marketdata.domain.ticks import Tick

CANDLES_FROM_TRADES: Final = frozenset({"luno"})
"""Exchanges that give candles to key holders only; theirs are made of the trades."""
_TRADES, _CANDLES = 500, 500
_SHALLOW = 5
_GRACE = timedelta(seconds=10)
_AHEAD = timedelta(minutes=1)
_LONGEST_WAIT = 60.0
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Polling:
    """How often to ask, in seconds, and how long a silence is healthy. `depth` 0 asks for no book."""

    every: float = 2.0
    stale_after: float = 30.0
    depth: int = 0


@dataclass(slots=True)
class _Watched:
    """What is known of one symbol."""

    next_open: datetime
    last: Candle | None = None
    seen: set[str] = field(default_factory=set)
    newest: Tick | None = None

    def fresh(self, batch: Sequence[Tick], limit: datetime) -> tuple[list[Tick], bool]:
        """The trades not given before, and whether some between them and the last ones may be missing.

        Of the very first answer only the newest counts. Trades from beyond `limit` are not believed.
        """
        batch = [tick for tick in batch if tick.at <= limit]
        if self.newest is None:
            new, hole = list(batch[-1:]), False
        else:
            last = self.newest
            new = [tick for tick in batch if tick.at >= last.at and tick.trade_id not in self.seen]
            hole = bool(new) and len(new) == len(batch)
        if batch:
            self.newest, self.seen = batch[-1], {tick.trade_id for tick in batch}
        return new, hole


class CcxtFeed:
    """Ticks, closed candles and, if wanted, books of some symbols.

    The exchange's own candles are taken where it gives them. A failed question is asked again after a wait that doubles
    up to a minute; candles that closed meanwhile are fetched then. An interval between two candles of one answer had no
    trade, so it becomes a flat candle; what no answer spoke of is missing.
    """

    def __init__(
        self,
        market: CcxtMarket,
        symbols: Sequence[str],
        timeframe: str,
        clock: Clock,
        polling: Polling | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name, self.exchange, self.symbols = "ccxt", market.exchange, tuple(symbols)
        self.closes = market.exchange not in CANDLES_FROM_TRADES
        self.connected, self.reconnects = False, 0
        self.holes = 0
        self.failures = 0
        self._market = market
        self._timeframe = timeframe
        self._clock = clock
        self._polling = polling or Polling()
        self._sleep = sleep
        self._heard = clock.monotonic()
        self._watched: dict[str, _Watched] = {}

    @property
    def stale(self) -> bool:
        """Whether the exchange has not answered for longer than is healthy."""
        return self._clock.monotonic() - self._heard > self._polling.stale_after

    async def prepare(self, start: datetime) -> None:
        """Nothing is stored of a live feed."""

    async def items(self, start: datetime) -> AsyncIterator[Sequence[Item]]:
        """What the exchange tells, for ever. Raises INVALID_SYMBOL when it does not have one of the symbols."""
        failed = 0
        while True:
            try:
                await self._market.open()
                for symbol in self.symbols:
                    for item in await self._poll(symbol, start):
                        yield [item]
                self.reconnects += bool(failed)
                self.connected, failed, wait = True, 0, self._polling.every
                self._heard = self._clock.monotonic()
            except SourceDown as down:
                self.connected = False
                failed += 1
                self.failures += 1
                wait = max(min(self._polling.every * 2 ** min(failed, 10), _LONGEST_WAIT), down.wait)
                _log.warning("feed down", exchange=self.exchange, reason=str(down), retry_in=wait)
            await self._sleep(wait)

    async def history(self, symbol: str, timeframe: str, start: datetime, end: datetime) -> list[Candle]:
        """The exchange's closed candles that opened in [`start`, `end`). Raises SourceDown."""
        if not self.closes:
            raise MillraceError(Code.UNAVAILABLE, f"{self.exchange} gives candles to key holders only")
        await self._market.open()
        found: list[Candle] = []
        since = start - timeframes.length(timeframe)  # its close is the price of an interval without trades after it
        while since < end:
            page = await self._market.candles(symbol, timeframe, since, _CANDLES)
            closed = followed(page, self._clock.now(), _GRACE)
            found += closed
            if not closed or len(page) < 2:
                break
            since = closed[-1].closed_at
        return [candle for candle in with_flat(found) if start <= candle.opened_at < end]

    def past(self, symbol: str, seam: datetime, days: int) -> Past | None:
        """Nothing is made up of a real market."""
        return None

    async def ask(self) -> None:
        """The best bid and ask of the first symbol."""
        await self._market.open()
        await self._market.book(self.symbols[0], _SHALLOW, self._clock.now())

    async def close(self) -> None:
        """Close the connections."""
        await self._market.close()

    async def _poll(self, symbol: str, start: datetime) -> list[Item]:
        """One round for one symbol. Nothing is taken as told before every question has been answered."""
        watched = self._watched.get(symbol) or self._watch(symbol, start)
        asked_at = self._clock.now()
        trades = await self._market.trades(symbol, _TRADES)
        candles = await self._due_candles(symbol, watched)
        now = self._clock.now()
        items: list[Item] = []
        if watched.newest is None and not self.closes:
            items.append(Heard(self.exchange, symbol, asked_at, missed=True))
        if self._polling.depth:
            items.append(await self._market.book(symbol, self._polling.depth, now))
        ticks, hole = watched.fresh(trades, now + _AHEAD)
        if hole:
            self.holes += 1
            _log.warning("trades missed", exchange=self.exchange, symbol=symbol)
            items.append(Heard(self.exchange, symbol, ticks[0].at, missed=True))
        if candles:
            watched.next_open, watched.last = candles[-1].closed_at, candles[-1]
        return [*items, *ticks, Heard(self.exchange, symbol, asked_at), *candles]

    def _watch(self, symbol: str, start: datetime) -> _Watched:
        self._market.instrument(symbol)
        watched = self._watched[symbol] = _Watched(start)
        return watched

    async def _due_candles(self, symbol: str, watched: _Watched) -> list[Candle]:
        closes_at = watched.next_open + timeframes.length(self._timeframe)
        if not self.closes or self._clock.now() < closes_at:
            return []
        page = await self._market.candles(symbol, self._timeframe, watched.next_open, _CANDLES)
        closed = followed(page, self._clock.now(), _GRACE)
        known = [] if watched.last is None else [watched.last]
        return with_flat([*known, *closed])[len(known) :]


def with_flat(candles: Sequence[Candle]) -> list[Candle]:
    """The candles with a flat one of no volume, at the last close, for each interval between two of them."""
    whole: list[Candle] = []
    for candle in candles:
        for gap in find_gaps([candle.opened_at], candle.timeframe, start=whole[-1].closed_at) if whole else ():
            step, close = timeframes.length(candle.timeframe), whole[-1].close
            whole += [
                Candle(*_market_of(candle), gap.start + number * step, close, close, close, close, ZERO)
                for number in range(gap.missing)
            ]
        whole.append(candle)
    return whole


def _market_of(candle: Candle) -> tuple[str, str, str]:
    return candle.exchange, candle.symbol, candle.timeframe
