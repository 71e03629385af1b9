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
from millrace.common.kernel.market import Candle
from millrace.marketdata.adapters.ccxt_market import CcxtMarket, followed
from millrace.marketdata.app.feeds import SourceDown
from millrace.marketdata.domain.candles import CandleBuilder
from millrace.marketdata.domain.tape import Item
from millrace.marketdata.domain.ticks import Tick

CANDLES_FROM_TRADES: Final = frozenset({"luno"})
"""Exchanges that give candles to key holders only; theirs are built from the trades."""
_TRADES, _CANDLES = 500, 500
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
    builder: CandleBuilder | None
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

    The exchange's own candles are taken where it gives them, else they are built from the trades. A failed question is
    asked again after a wait that doubles up to a minute; candles that closed meanwhile are fetched then.
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
        self.holes = 0
        self.failures = 0
        self._market = market
        self._symbols = tuple(symbols)
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

    async def items(self) -> AsyncIterator[Item]:
        """What the exchange tells, for ever. Raises INVALID_SYMBOL when it does not have one of the symbols."""
        failed = 0
        while True:
            try:
                await self._market.open()
                for symbol in self._symbols:
                    for item in await self._poll(symbol):
                        yield item
                failed, wait = 0, self._polling.every
                self._heard = self._clock.monotonic()
            except SourceDown as down:
                failed += 1
                self.failures += 1
                wait = max(min(self._polling.every * 2 ** min(failed, 10), _LONGEST_WAIT), down.wait)
                _log.warning("feed down", exchange=self._market.exchange, reason=str(down), retry_in=wait)
            await self._sleep(wait)

    async def history(self, symbol: str, timeframe: str, start: datetime, end: datetime) -> list[Candle]:
        """The exchange's closed candles that opened in [`start`, `end`). Raises SourceDown."""
        await self._market.open()
        found: list[Candle] = []
        while start < end:
            page = await self._market.candles(symbol, timeframe, start, _CANDLES)
            closed = followed(page, self._clock.now(), _GRACE)
            found += [candle for candle in closed if candle.opened_at < end]
            if not closed or len(page) < 2:
                break
            start = closed[-1].closed_at
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self._market.close()

    async def _poll(self, symbol: str) -> list[Item]:
        """One round for one symbol. Nothing is taken as told before every question has been answered."""
        watched = self._watched.get(symbol) or self._watch(symbol)
        trades = await self._market.trades(symbol, _TRADES)
        candles = await self._due_candles(symbol, watched)
        now = self._clock.now()
        items: list[Item] = []
        if self._polling.depth:
            items.append(await self._market.book(symbol, self._polling.depth, now))
        ticks, hole = watched.fresh(trades, now + _AHEAD)
        if hole:
            self.holes += 1
            _log.warning("trades missed", exchange=self._market.exchange, symbol=symbol)
        if candles:
            watched.next_open = candles[-1].closed_at
        return [*items, *ticks, *candles, *self._built(watched, ticks, now)]

    def _watch(self, symbol: str) -> _Watched:
        self._market.instrument(symbol)
        builder = None
        if self._market.exchange in CANDLES_FROM_TRADES:
            lateness = timedelta(seconds=2 * self._polling.every)
            builder = CandleBuilder(self._market.exchange, symbol, self._timeframe, lateness=lateness)
        opened_at = timeframes.opening(self._clock.now(), self._timeframe)
        if builder is not None:
            opened_at += timeframes.length(self._timeframe)
        watched = self._watched[symbol] = _Watched(opened_at, builder)
        return watched

    async def _due_candles(self, symbol: str, watched: _Watched) -> list[Candle]:
        closes_at = watched.next_open + timeframes.length(self._timeframe)
        if watched.builder is not None or self._clock.now() < closes_at:
            return []
        page = await self._market.candles(symbol, self._timeframe, watched.next_open, _CANDLES)
        return followed(page, self._clock.now(), _GRACE)

    def _built(self, watched: _Watched, ticks: Sequence[Tick], now: datetime) -> list[Candle]:
        """What the trades made. The candle during which we began to listen is left out: half of it is unknown."""
        if watched.builder is None:
            return []
        closed = [candle for tick in ticks for candle in watched.builder.add(tick)]
        closed += watched.builder.advance(now)
        return [candle for candle in closed if candle.opened_at >= watched.next_open]
