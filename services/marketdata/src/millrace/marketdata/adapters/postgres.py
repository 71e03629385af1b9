"""Candles in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from millrace.common.db.database import Database
from millrace.common.db.work import Work
from millrace.common.kernel.market import Candle

_NAMES = ("exchange", "symbol", "timeframe", "opened_at", "open", "high", "low", "close", "volume")
_ADD = """
insert into candles select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::numeric[],
  $6::numeric[], $7::numeric[], $8::numeric[], $9::numeric[]) on conflict do nothing
"""
_READ = """
select * from candles where exchange = $1 and symbol = $2 and timeframe = $3
  and ($4::timestamptz is null or opened_at >= $4) and ($5::timestamptz is null or opened_at < $5)
order by opened_at desc limit $6
"""
_LAST = "select max(opened_at) from candles where exchange = $1 and symbol = $2 and timeframe = $3"
_POSITION = """
insert into feeds values ($1, $2) on conflict (name) do update set position = excluded.position
"""


class PostgresCandles:
    """The table of closed candles."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, work: Work, candles: Sequence[Candle]) -> None:
        await work.connection.execute(_ADD, *([getattr(c, name) for c in candles] for name in _NAMES))

    async def load(self, candles: Sequence[Candle]) -> None:
        records = [tuple(getattr(c, name) for name in _NAMES) for c in candles]
        async with self._database.transaction() as connection:
            await connection.copy_records_to_table("candles", records=records, columns=_NAMES)

    async def read(
        self,
        exchange: str,
        symbol: str,
        timeframe: str,
        *,
        start: datetime | None,
        before: datetime | None,
        limit: int,
    ) -> list[Candle]:
        rows = await self._database.fetch(_READ, exchange, symbol, timeframe, start, before, limit)
        return [_candle(row) for row in reversed(rows)]

    async def last_at(self, exchange: str, symbol: str, timeframe: str) -> datetime | None:
        found: datetime | None = (await self._database.fetch(_LAST, exchange, symbol, timeframe))[0][0]
        return found

    async def position(self, feed: str) -> int | None:
        """How many bars of a recorded feed have been played."""
        rows = await self._database.fetch("select position from feeds where name = $1", feed)
        return rows[0]["position"] if rows else None

    async def move(self, work: Work, feed: str, position: int) -> None:
        """Note how far the feed has come, with the candles it made."""
        await work.connection.execute(_POSITION, feed, position)


def _candle(row: Any) -> Candle:
    return Candle(**{name: row[name] for name in _NAMES})
