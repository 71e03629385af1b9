"""Questions about backtests."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from millrace.common.db.database import Connection
from millrace.common.kernel.errors import not_found

Row = dict[str, Any]
Ref = UUID | int

_COLUMNS = """
b.id, b.num, b.name, b.strategy_id, b.strategy_num, b.strategy, b.parameters, b.exchange, b.symbols, b.timeframes,
b.start_at as "start", b.end_at as "end", b.initial_capital, b.final_capital, b.mode, b.size, b.commission,
b.slippage_model, b.slippage, b.market_impact, b.protection, b.origin, b.status,
case when b.status = 'completed' then 1 else coalesce(j.progress, 0) end as progress, b.estimated_duration, b.metrics,
b.error, b.created_at, b.started_at, b.completed_at
"""
_LISTED = """
from backtests b left join jobs j on j.id = b.id where b.user_id = $1
  and ($2::text[] is null or b.status = any($2))
  and ($3::uuid is null or b.strategy_id = $3) and ($4::bigint is null or b.strategy_num = $4)
"""
_LIST = f"select {_COLUMNS} {_LISTED} order by b.num desc limit $5 offset $6"
_COUNT = f"select count(*) {_LISTED}"
_NAMED = "b.user_id = $1 and (b.id = $2 or b.num = $3)"
_GET = f"select {_COLUMNS} from backtests b left join jobs j on j.id = b.id where {_NAMED}"  # noqa: S608 - constants only
_RESULTS = f"""
select r.equity_curve, r.trades, r.skips, r.digest
from results r join backtests b on b.id = r.backtest_id where {_NAMED}
"""  # noqa: S608
_JSON = ("parameters", "metrics", "equity_curve", "trades", "skips")


def named(ref: Ref | None) -> tuple[UUID | None, int | None]:
    """A reference as an id or a number."""
    return (ref, None) if isinstance(ref, UUID) else (None, ref)


async def listed(
    connection: Connection, user_id: UUID, statuses: Sequence[str] | None, strategy: Ref | None, limit: int, offset: int
) -> tuple[list[Row], int]:
    """The user's backtests, newest first, and how many there are."""
    chosen = (user_id, statuses, *named(strategy))
    rows = await connection.fetch(_LIST, *chosen, limit, offset)
    return [_shown(row) for row in rows], await connection.fetchval(_COUNT, *chosen)


async def one(connection: Connection, user_id: UUID, ref: Ref) -> Row:
    """A backtest of the user's, without its curve and trades. Raises NOT_FOUND."""
    row = await connection.fetchrow(_GET, user_id, *named(ref))
    if row is None:
        raise not_found("backtest")
    return _shown(row)


async def results(connection: Connection, user_id: UUID, ref: Ref) -> Row:
    """The same with its curve and trades, which are empty until it is completed. Raises NOT_FOUND."""
    found = await one(connection, user_id, ref)
    row = None
    if found["status"] == "completed":
        row = await connection.fetchrow(_RESULTS, user_id, *named(ref))
    return {**found, **(_shown(row) if row else {"equity_curve": [], "trades": [], "skips": {}, "digest": None})}


def _shown(row: Any) -> Row:
    """A row whose stored JSON is passed on as it is."""
    found = dict(row)
    for name in _JSON:
        if isinstance(found.get(name), str):
            found[name] = orjson.Fragment(found[name])
    return found
