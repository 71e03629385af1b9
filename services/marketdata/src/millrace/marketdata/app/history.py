"""Candles of every timeframe, wherever they come from.

What is stored comes first. A timeframe that is not stored is folded of the largest stored one that divides it, or,
where all stored ones are larger, split out of the smallest. Before the oldest stored candle stands the past of a played
market, which is computed and not stored. A market that is derived from another one is that one, converted.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from millrace.common.kernel import timeframes
from millrace.common.kernel.market import Candle
from millrace.marketdata.app.feeds import Feed
from millrace.marketdata.app.ports import Candles, Series
from millrace.marketdata.domain.derived import Derived
from millrace.marketdata.domain.folding import ceiling, folded, split
from millrace.marketdata.domain.past import Past

_MINUTE = "1m"


class History:
    """Closed candles to read. `offered` are the timeframes that are stored, smallest first.

    Only a market that is `played` is split or has a past of `past_days`: of a real one nothing is made up.
    """

    def __init__(
        self,
        candles: Candles,
        offered: Sequence[str],
        feed: Feed | None,
        derived: Mapping[tuple[str, str], Derived],
        *,
        played: bool,
        past_days: int,
    ) -> None:
        self._candles = candles
        self._offered = tuple(offered)
        self._feed = feed
        self._derived = derived
        self._played = played
        self._days = past_days
        self._pasts: dict[str, Past] = {}
        self._joints: dict[Series, Candle] = {}

    async def read(self, series: Series, start: datetime | None, before: datetime | None, limit: int) -> list[Candle]:
        """The newest `limit` candles that opened in [`start`, `before`), oldest first."""
        if (derived := self._derived.get(series[:2])) is not None:
            source = Series(derived.exchange, derived.symbol, series.timeframe)
            return [derived.candle(candle) for candle in await self.read(source, start, before, limit)]
        found = await self._stored(series, start, before, limit)
        past = await self._past(series) if len(found) < limit else None
        if past is None:
            return found
        joint = await self._joint(series, past)
        if joint is not None and _within(joint.opened_at, start, found[0].opened_at if found else before):
            found.insert(0, joint)
        until, left = found[0].opened_at if found else before, limit - len(found)
        earlier = await asyncio.to_thread(
            past.candles, series.timeframe, start, until, left
        )  # a year of it takes a while
        return earlier + found

    async def newest(self, exchange: str, symbol: str) -> Candle | None:
        """The last closed candle of the smallest timeframe."""
        found = await self.read(Series(exchange, symbol, self._offered[0]), None, None, 1)
        return found[0] if found else None

    async def newest_end(self, series: Series) -> datetime | None:
        """When the last closed candle of a market ended, by the smallest timeframe."""
        derived = self._derived.get(series[:2])
        exchange, symbol = (derived.exchange, derived.symbol) if derived else series[:2]
        smallest = Series(exchange, symbol, self._offered[0])
        last = await self._candles.last_at(smallest)
        return None if last is None else last + timeframes.length(smallest.timeframe)

    async def _stored(
        self, series: Series, start: datetime | None, before: datetime | None, limit: int
    ) -> list[Candle]:
        timeframe = series.timeframe
        if timeframe in self._offered:
            return await self._candles.read(series, start=start, before=before, limit=limit)
        seconds = timeframes.SECONDS
        parts = [name for name in self._offered if seconds[timeframe] % seconds[name] == 0]
        if parts:
            part = series._replace(timeframe=max(parts, key=seconds.__getitem__))
            return await self._folded(part, timeframe, start, before, limit)
        wholes = [name for name in self._offered if seconds[name] % seconds[timeframe] == 0]
        if not wholes or not self._played:
            return []
        whole = series._replace(timeframe=wholes[0])
        count = limit // (seconds[wholes[0]] // seconds[timeframe]) + 2
        begin = None if start is None else timeframes.opening(start, wholes[0])
        bars = await self._candles.read(whole, start=begin, before=before, limit=count)
        made = [small for bar in bars for small in split(bar, timeframe)]
        return [small for small in made if _within(small.opened_at, start, before)][-limit:]

    async def _folded(
        self, part: Series, timeframe: str, start: datetime | None, before: datetime | None, limit: int
    ) -> list[Candle]:
        """Whole larger candles: the first one begins with a stored part or after it, the last one is over."""
        first, last = await self._candles.ends(part)
        if first is None or last is None:
            return []
        begin = ceiling(first if start is None else max(first, start), timeframe)
        end = timeframes.opening(last + timeframes.length(part.timeframe), timeframe)
        if before is not None:
            end = min(end, ceiling(before, timeframe))
        return await self._candles.folded(part, timeframe, begin, end, limit) if begin < end else []

    async def _past(self, series: Series) -> Past | None:
        feed = self._feed
        known = feed is not None and feed.exchange == series.exchange and series.symbol in feed.symbols
        if feed is None or not known or not self._days or timeframes.SECONDS[series.timeframe] < 60:
            return None
        if series.symbol not in self._pasts:
            seam, _ = await self._candles.ends(series._replace(timeframe=self._offered[0]))
            past = feed.past(series.symbol, seam, self._days) if seam is not None else None
            if past is None:
                return None
            self._pasts[series.symbol] = past
        return self._pasts[series.symbol]

    async def _joint(self, series: Series, past: Past) -> Candle | None:
        """The candle in which what is stored begins, made of the past's part and of what is stored.

        None until it is over, and where a stored candle begins exactly there.
        """
        opened_at = timeframes.opening(past.seam, series.timeframe)
        closed_at = opened_at + timeframes.length(series.timeframe)
        if opened_at == past.seam:
            return None
        if series not in self._joints:
            newest = await self.newest_end(series)
            if newest is None or newest < closed_at:
                return None
            before = past.until_end(series.timeframe) if opened_at < past.end else None
            parts = [part for part in (before, *await self._after(series, past.seam, closed_at)) if part is not None]
            self._joints[series] = folded(parts, series.timeframe, opened_at)
        return self._joints[series]

    async def _after(self, series: Series, seam: datetime, end: datetime) -> list[Candle]:
        """What is stored between `seam` and `end`: the seconds until the next minute as one candle, the rest as one."""
        smallest, turn = self._offered[0], min(ceiling(seam, _MINUTE), end)
        coarse = _MINUTE if _MINUTE in self._offered else smallest
        stretches = ((smallest, seam, turn), (coarse, turn, end))
        found = [await self._candles.summary(series._replace(timeframe=t), a, b) for t, a, b in stretches if a < b]
        return [known[0] for known in found if known is not None]


def _within(moment: datetime, start: datetime | None, before: datetime | None) -> bool:
    return (start is None or moment >= start) and (before is None or moment < before)
