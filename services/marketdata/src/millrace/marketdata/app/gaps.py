"""Finds candles that are missing, and fetches them from the feed's history by durable jobs.

Repaired candles are stored and not announced: nobody shall trade on what is past.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

import structlog

from millrace.common.db.work import Work
from millrace.common.jobs.queue import Jobs
from millrace.common.jobs.run import Run
from millrace.common.kernel import timeframes
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.market import Candle
from millrace.common.telemetry import metrics
from millrace.marketdata.app.feeds import Feed, SourceDown
from millrace.marketdata.app.ports import Candles, Series
from millrace.marketdata.domain.gaps import Gap, find_gaps
from millrace.marketdata.domain.resampling import larger_than

log = structlog.get_logger()

Hole = tuple[str, datetime, datetime]
Begin = Callable[[], AbstractAsyncContextManager[Work]]

JOB = "repair_gap"
_PAGE = 5_000
_TRIES = 10_000
_LOOKS = 3


class Gaps:
    """The holes of one feed's candles of `timeframe`."""

    def __init__(self, feed: Feed, candles: Candles, jobs: Jobs, timeframe: str) -> None:
        self._feed = feed
        self._candles = candles
        self._jobs = jobs
        self._timeframe = timeframe
        self._step = timeframes.length(timeframe)
        self._open: set[Hole] = set()
        self._given_up: set[Hole] = set()

    @property
    def missing(self) -> int:
        """How many candles are known to be missing and still looked for."""
        return sum((end - start) // self._step for _, start, end in self._open)

    def pending(self, symbol: str, start: datetime, end: datetime) -> bool:
        """Whether some candle of [`start`, `end`) is still looked for."""
        return _touched(self._open, symbol, start, end)

    def given_up(self, symbol: str, start: datetime, end: datetime) -> bool:
        """Whether some candle of [`start`, `end`) will stay missing."""
        return _touched(self._given_up, symbol, start, end)

    def series(self, symbol: str) -> Series:
        """A market's candles."""
        return Series(self._feed.exchange, symbol, self._timeframe)

    async def find(self, symbol: str, start: datetime, end: datetime) -> list[Gap]:
        """The holes in what is stored of [`start`, `end`)."""
        openings = await self._candles.openings(self.series(symbol), start, end)
        return find_gaps(openings, self._timeframe, start=start, end=end)

    async def note(self, work: Work, symbol: str, gap: Gap, *, counted: bool = True) -> None:
        """Ask for a hole's repair with the commit of `work`. History that was never there is not counted as a hole."""
        place = (symbol, gap.start, gap.end)
        if place not in self._open:
            self._open.add(place)
            if counted:
                metrics.MARKET_GAPS.labels(self._feed.exchange).inc(gap.missing)
            log.warning("candles are missing", symbol=symbol, start=gap.start.isoformat(), missing=gap.missing)
        start, end = gap.start.isoformat(), gap.end.isoformat()
        kind = "gap" if counted else "history"
        arguments = {**self.series(symbol)._asdict(), "start": start, "end": end, "kind": kind}
        key = "|".join(arguments.values())
        await self._jobs.enqueue(work, JOB, arguments, dedupe_key=key, max_tries=_TRIES)

    async def repair(self, run: Run) -> dict[str, Any]:
        """The job: fetch what is missing; what the source does not know after some looks stays missing."""
        asked = run.job.arguments
        symbol = asked["symbol"]
        start, end = (datetime.fromisoformat(asked[name]) for name in ("start", "end"))
        if Series(asked["exchange"], symbol, asked["timeframe"]) != self.series(symbol) or (
            symbol not in self._feed.symbols
        ):
            return {"found": 0, "note": "this feed does not tell of that market"}
        try:
            found = await self.fill(run.begin, symbol, start, end)
        except SourceDown as down:
            raise MillraceError(Code.UNAVAILABLE, str(down)) from None
        left = sum(gap.missing for gap in await self.find(symbol, start, end))
        if left and run.job.tries + 1 < _LOOKS:
            raise MillraceError(Code.UNAVAILABLE, f"{left} candles are still missing")
        lost = bool(left) and asked["kind"] == "gap"
        self._open.discard((symbol, start, end))
        if lost:
            self._given_up.add((symbol, start, end))
        async with run.begin() as work:
            await self.fold(work, symbol, start, end, whole=not lost)
        return {"found": found, "missing": left}

    async def fill(self, begin: Begin, symbol: str, start: datetime, end: datetime) -> int:
        """Fetch and store the candles of [`start`, `end`); returns how many were new. Raises SourceDown."""
        found = 0
        while start < end:
            until = min(end, start + _PAGE * self._step)
            told = await self.history(symbol, start, until)
            async with begin() as work:
                found += len(await self._candles.add(work, told))
            start = until
        return found

    async def history(self, symbol: str, start: datetime, end: datetime) -> Sequence[Candle]:
        """What the feed knows of [`start`, `end`), each candle once and on its place. Raises SourceDown."""
        try:
            told = await self._feed.history(symbol, self._timeframe, start, end)
        except MillraceError as refused:
            if refused.code is not Code.UNAVAILABLE:
                raise
            return []
        fits = {
            candle.opened_at: candle
            for candle in told
            if start <= candle.opened_at < end
            and timeframes.opening(candle.opened_at, self._timeframe) == candle.opened_at
        }
        return [fits[opened_at] for opened_at in sorted(fits)]

    async def fold(self, work: Work, symbol: str, start: datetime, end: datetime, *, whole: bool = True) -> None:
        """Make the larger candles that are over by now and hold a part of [`start`, `end`)."""
        last = await self._candles.last_at(self.series(symbol))
        if last is None:
            return
        over = max(last + self._step, end)
        for target in larger_than(self._timeframe):
            length = timeframes.length(target)
            first = timeframes.opening(start, target)
            behind = min(_ceiling(end, target), timeframes.opening(over, target))
            if first + length <= behind:
                await self._candles.fold(work, self.series(symbol), target, first, behind, whole=whole)


def _touched(holes: set[Hole], symbol: str, start: datetime, end: datetime) -> bool:
    return any(name == symbol and begun < end and start < over for name, begun, over in holes)


def _ceiling(moment: datetime, timeframe: str) -> datetime:
    return timeframes.opening(moment - timedelta(microseconds=1), timeframe) + timeframes.length(timeframe)
