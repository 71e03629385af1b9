"""Candles in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from millrace.common.db.database import Database
from millrace.common.db.work import Work
from millrace.common.kernel import timeframes
from millrace.common.kernel.market import Candle
from millrace.marketdata.app.ports import Series

_NAMES = ("exchange", "symbol", "timeframe", "opened_at", "open", "high", "low", "close", "volume")
_TOLD = ("quote_volume", "trades")
_ADD = """
insert into candles select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::numeric[],
  $6::numeric[], $7::numeric[], $8::numeric[], $9::numeric[], $10::numeric[], $11::int[]) on conflict do nothing
returning exchange, symbol, timeframe, opened_at
"""
_RANGE = "exchange = $1 and symbol = $2 and timeframe = $3 and opened_at >= $4 and opened_at < $5"
_MADE = """
(array_agg(open order by opened_at))[1] as open, max(high) as high, min(low) as low,
(array_agg(close order by opened_at desc))[1] as close, sum(volume) as volume,
case when count(quote_volume) = count(*) then sum(quote_volume) end as quote_volume,
case when count(trades) = count(*) then sum(trades)::int end as trades
"""
_FOLD = f"""
insert into candles (exchange, symbol, timeframe, opened_at, open, high, low, close, volume, quote_volume, trades)
select $1, $2, $6, date_bin($7, opened_at, $4) as bin, {_MADE} from candles where {_RANGE}
group by bin having count(*) >= $8
on conflict do nothing returning *
"""  # noqa: S608 - constants only
_SUMMARY = f"""
select min(opened_at) as opened_at, count(*) as parts, {_MADE} from candles where {_RANGE} having count(*) > 0
"""  # noqa: S608
_FOLDED = f"""
select $1 as exchange, $2 as symbol, $6 as timeframe, date_bin($7, opened_at, $4) as opened_at, {_MADE}
from candles where {_RANGE} group by 4 order by 4 desc limit $8
"""  # noqa: S608
_OPENINGS = f"select opened_at from candles where {_RANGE} order by opened_at"  # noqa: S608
_READ = """
select * from candles where exchange = $1 and symbol = $2 and timeframe = $3
  and ($4::timestamptz is null or opened_at >= $4) and ($5::timestamptz is null or opened_at < $5)
order by opened_at desc limit $6
"""
_ENDS = "select min(opened_at), max(opened_at) from candles where exchange = $1 and symbol = $2 and timeframe = $3"


class PostgresCandles:
    """The table of closed candles, and where recorded feeds began."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, work: Work, candles: Sequence[Candle]) -> list[Candle]:
        rows = await work.connection.fetch(_ADD, *([getattr(c, name) for c in candles] for name in _NAMES + _TOLD))
        new = {tuple(row) for row in rows}
        return [c for c in candles if (c.exchange, c.symbol, c.timeframe, c.opened_at) in new]

    async def fold(
        self, work: Work, series: Series, target: str, start: datetime, end: datetime, *, whole: bool
    ) -> list[Candle]:
        length = timeframes.length(target)
        parts = length // timeframes.length(series.timeframe) if whole else 1
        rows = await work.connection.fetch(_FOLD, *series, start, end, target, length, parts)
        return sorted(map(_candle, rows), key=lambda candle: candle.opened_at)

    async def read(
        self, series: Series, *, start: datetime | None, before: datetime | None, limit: int
    ) -> list[Candle]:
        rows = await self._database.fetch(_READ, *series, start, before, limit)
        return [_candle(row) for row in reversed(rows)]

    async def summary(self, series: Series, start: datetime, end: datetime) -> tuple[Candle, int] | None:
        rows = await self._database.fetch(_SUMMARY, *series, start, end)
        return next(((_candle({**series._asdict(), **row}), row["parts"]) for row in rows), None)

    async def openings(self, series: Series, start: datetime, end: datetime) -> list[datetime]:
        return [row["opened_at"] for row in await self._database.fetch(_OPENINGS, *series, start, end)]

    async def last_at(self, series: Series) -> datetime | None:
        return (await self.ends(series))[1]

    async def ends(self, series: Series) -> tuple[datetime | None, datetime | None]:
        first, last = (await self._database.fetch(_ENDS, *series))[0]
        return first, last

    async def folded(self, series: Series, target: str, start: datetime, end: datetime, limit: int) -> list[Candle]:
        rows = await self._database.fetch(_FOLDED, *series, start, end, target, timeframes.length(target), limit)
        return [_candle(row) for row in reversed(rows)]

    async def position(self, feed: str) -> int | None:
        rows = await self._database.fetch("select position from feeds where name = $1", feed)
        return rows[0]["position"] if rows else None

    async def move(self, feed: str, position: int) -> None:
        await self._database.fetch("insert into feeds values ($1, $2) on conflict do nothing", feed, position)


def _candle(row: Any) -> Candle:
    return Candle(**{name: row[name] for name in _NAMES + _TOLD})
