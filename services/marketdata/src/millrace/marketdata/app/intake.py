"""The way from a feed to the topics, the same for every feed: ticks to candles to larger candles to subscribers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from millrace.common.db.database import RETRYABLE
from millrace.common.db.work import Work, Works
from millrace.common.kernel import timeframes
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.market import Candle
from millrace.common.telemetry import metrics
from millrace.marketdata.app.books import Books
from millrace.marketdata.app.conflation import Conflation
from millrace.marketdata.app.feeds import Feed, SourceDown
from millrace.marketdata.app.gaps import Gaps
from millrace.marketdata.app.mirrors import Mirrors
from millrace.marketdata.app.ports import Candles
from millrace.marketdata.app.publisher import Publisher
from millrace.marketdata.domain.gaps import Gap
from millrace.marketdata.domain.line import Line
from millrace.marketdata.domain.orderbook import BookSnapshot, BookUpdate
from millrace.marketdata.domain.tape import Item
from millrace.marketdata.domain.ticks import Tick

log = structlog.get_logger()

EVERY = 0.05
"""Seconds between two lossy messages of one market."""
CATCH_UP = 30
"""Bars that closed while the service was down and are still announced; older ones are only stored."""
LONGEST = 100_000
"""Bars: what is missing from before them is not looked for."""
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class _Closing:
    """What closed of a market, what was missing before, and (timeframe, opening) of larger candles that lack a part."""

    line: Line
    closed: Sequence[Candle]
    gaps: Sequence[Gap]
    torn: Sequence[tuple[str, datetime]]


class Intake:
    """Takes what a feed tells of its markets and makes candles of `timeframe` and larger ones of it."""

    def __init__(
        self,
        feed: Feed,
        works: Works,
        candles: Candles,
        publisher: Publisher,
        gaps: Gaps,
        clock: Clock,
        timeframe: str,
        *,
        history: int,
        depth: int,
        lateness: timedelta = timedelta(0),
        mirrors: Mirrors | None = None,
    ) -> None:
        self.feed = feed
        self.books = Books()
        self.lines: dict[str, Line] = {}
        self.heard_at: datetime | None = None
        self.conflation = Conflation(clock, EVERY)
        self._works = works
        self._candles = candles
        self._publisher = publisher
        self._mirrors = mirrors
        self._gaps = gaps
        self._clock = clock
        self._timeframe = timeframe
        self._step = timeframes.length(timeframe)
        self._history = history
        self._depth = depth
        self._lateness = lateness
        self._start = clock.now()
        self._reconnects = 0

    @property
    def missing(self) -> int:
        """How many candles are known to be missing and still looked for."""
        return self._gaps.missing

    async def prepare(self) -> None:
        """Complete the stored history up to now, and go on where the last run stopped."""
        feed, series = self.feed, self._gaps.series
        lasts = {symbol: await self._candles.last_at(series(symbol)) for symbol in feed.symbols}
        ends = [last + self._step for last in lasts.values() if last is not None]
        self._start = start = max([timeframes.opening(self._clock.now(), self._timeframe), *ends])
        await feed.prepare(start)
        horizon = start - self._history * self._step
        froms: dict[str, datetime] = {}
        for symbol, last in lasts.items():
            froms[symbol] = begun = start if last is None else max(last + self._step, start - CATCH_UP * self._step)
            if last is not None:
                await self._ask_for(symbol, max(last + self._step, start - LONGEST * self._step), horizon)
            await self._complete(symbol, horizon, begun, counted=last is not None)
            self.lines[symbol] = line = Line(
                feed.exchange, symbol, self._timeframe, begun, closes=feed.closes, lateness=self._lateness
            )
            await self._resume(line, begun)
        await self._catch_up(froms)

    async def _ask_for(self, symbol: str, start: datetime, end: datetime) -> None:
        """What is missing from before the wanted history can wait for a job."""
        if start < end:
            async with self._works.begin() as work:
                await self._gaps.note(work, symbol, Gap(start, end, (end - start) // self._step))

    async def _complete(self, symbol: str, horizon: datetime, end: datetime, *, counted: bool) -> None:
        """Fetch what is missing of the history; what cannot be had at once is left to a job."""
        for hole in await self._gaps.find(symbol, horizon, end):
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._gaps.fill(self._works.begin, symbol, hole.start, hole.end)
            except (SourceDown, TimeoutError) as down:
                log.warning("history is missing", symbol=symbol, start=hole.start.isoformat(), reason=str(down))
            left = await self._gaps.find(symbol, hole.start, hole.end)
            known = counted and hole.start > horizon
            if known:
                metrics.MARKET_GAPS.labels(self.feed.exchange).inc(hole.missing - sum(gap.missing for gap in left))
            async with self._works.begin() as work:
                await self._gaps.fold(work, symbol, hole.start, hole.end)
                for gap in left:
                    await self._gaps.note(work, symbol, gap, counted=known)

    async def _resume(self, line: Line, start: datetime) -> None:
        """Let the larger candles that are open at `start` know their parts."""
        for target in line.larger:
            known = await self._candles.summary(
                self._gaps.series(line.symbol), timeframes.opening(start, target), start
            )
            if known is not None:
                line.resume(target, *known)

    async def _catch_up(self, froms: dict[str, datetime]) -> None:
        """Tell of the bars that closed while the service was down as if they closed now."""
        missed: list[Candle] = []
        for symbol, begun in froms.items():
            try:
                missed += await self._gaps.history(symbol, begun, self._start)
            except SourceDown as down:
                log.warning("history is missing", symbol=symbol, start=begun.isoformat(), reason=str(down))
        for candle in sorted(missed, key=lambda c: (c.closed_at, c.symbol)):
            await self._close([self._closing(line := self.lines[candle.symbol], line.take(candle))])
        for line in self.lines.values():
            line.begin(self._start)

    async def run(self) -> None:
        """Listen until the feed ends."""
        async for items in self.feed.items(self._start):
            await self.take(items)

    async def take(self, items: Sequence[Item]) -> None:
        """Let these things happen in the market. What closes by them is told together, so that who listens to several
        markets is woken once."""
        self.heard_at = now = self._clock.now()
        if closings := [closing for item in items if (closing := self._heard(item, now)) is not None]:
            await self._close(closings)

    def _heard(self, item: Item, now: datetime) -> _Closing | None:
        if isinstance(item, BookSnapshot | BookUpdate):
            top = self.books.take(item, self._depth)
            if top is not None:
                self.conflation.offer(("book", item.symbol), lambda: self._publisher.book(top, now))
            return None
        line = self.lines[item.symbol]
        late = line.late
        closed = line.take(item)
        if isinstance(item, Tick):
            self._seen(line, item, line.late - late)
        return self._closing(line, closed) if closed or line.gaps else None

    def _seen(self, line: Line, tick: Tick, late: int) -> None:
        metrics.MARKET_TICKS.labels(tick.exchange, tick.symbol).inc()
        if late:
            metrics.MARKET_LATE.labels(tick.exchange).inc(late)
        if line.tick is tick:  # else the market has gone on since
            self.conflation.offer(("price", tick.symbol), lambda: self._tell(line, tick))

    def _tell(self, line: Line, tick: Tick) -> None:
        metrics.MARKET_LAST_TICK.labels(tick.exchange, tick.symbol).set(tick.at.timestamp())
        forming = line.forming()
        self._publisher.price(tick, forming, self._clock.now())
        if self._mirrors is not None:
            self._mirrors.seen(tick, forming)

    @staticmethod
    def _closing(line: Line, closed: Sequence[Candle]) -> _Closing:
        gaps, line.gaps = line.gaps, []
        torn, line.resampler.torn = line.resampler.torn, []
        return _Closing(line, closed, gaps, torn)

    async def _close(self, closings: Sequence[_Closing]) -> None:
        """Store what closed and tell of it; a database that is away is waited for."""

        async def act(work: Work) -> list[int]:
            return [await self._store(work, closing) for closing in closings]

        for closing, count in zip(closings, await self._patiently(act), strict=True):
            metrics.MARKET_CANDLES.labels(closing.line.exchange, closing.line.symbol).inc(count)

    async def _store(self, work: Work, closing: "_Closing") -> int:
        line = closing.line
        for gap in closing.gaps:
            await self._gaps.note(work, line.symbol, gap)
        new = await self._candles.add(work, closing.closed) if closing.closed else []
        for target, opened_at in closing.torn:
            new += await self._mended(work, line, target, opened_at)
        self._publisher.closed(new, work)
        if self._mirrors is not None:
            self._mirrors.closed(new, work)
        return len(new)

    async def _mended(self, work: Work, line: Line, target: str, opened_at: datetime) -> list[Candle]:
        """A larger candle of which a part was missing when its time was over, as far as the parts are stored by now."""
        end = opened_at + timeframes.length(target)
        if self._gaps.pending(line.symbol, opened_at, end):
            return []  # the repair will make it
        whole = not self._gaps.given_up(line.symbol, opened_at, end)
        return await self._candles.fold(work, self._gaps.series(line.symbol), target, opened_at, end, whole=whole)

    async def _patiently(self, act: Callable[[Work], Awaitable[list[int]]]) -> list[int]:
        while True:
            try:
                async with self._works.begin() as work:
                    return await act(work)
            except RETRYABLE as problem:
                log.warning("waiting to store candles", error=repr(problem))
                await asyncio.sleep(0.5)

    async def watch(self) -> None:
        """Keep the metrics of the connection, for ever."""
        while True:
            metrics.MARKET_CONNECTED.labels(self.feed.exchange).set(self.feed.connected)
            metrics.MARKET_RECONNECTS.labels(self.feed.exchange).inc(self.feed.reconnects - self._reconnects)
            self._reconnects = self.feed.reconnects
            await asyncio.sleep(1)
