"""Questions about what a user has."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.db.database import Connection

_POSITIONS = """
select p.*, coalesce(m.price, p.entry_price) as mark_price from positions p
left join marks m on m.exchange = p.exchange and m.symbol = p.symbol
where p.user_id = $1 and ($2::text is null or p.symbol = $2)
  and ($3 = 'all' or (p.closed_at is null) = ($3 = 'open'))
order by p.opened_at desc, p.id limit $4
"""
_BALANCES = """
select b.account_id, b.currency, b.total, a.currency as account_currency, a.equity, a.marked_at,
  a.day_equity, a.peak, m.price
from balances b join accounts a using (account_id)
left join marks m on m.exchange = a.exchange and m.symbol = b.currency || '/' || a.currency
where b.user_id = $1 order by a.account_id, b.currency
"""
_TRADES = """
select *, count(*) over () as total from trades
where user_id = $1 and ($2::uuid is null or bot_id = $2) and ($3::text is null or symbol = $3)
order by num desc limit $4 offset $5
"""
_EQUITY = """
select * from (select at, sum(equity) as equity, max(drawdown) as drawdown from equity where user_id = $1
  group by at order by at desc limit $2) newest order by at
"""
_BOTS = """
select bot_id, sum(realized_pnl - fees) + sum(case when closed_at is null then
  quantity * (coalesce((select price from marks m where m.exchange = p.exchange and m.symbol = p.symbol), entry_price)
  - entry_price) else 0 end) as pnl
from positions p where user_id = $1 and bot_id is not null group by bot_id
"""


async def positions(
    connection: Connection, user_id: UUID, symbol: str | None, status: str, limit: int
) -> list[dict[str, Any]]:
    """The user's positions with the price they are valued at."""
    return [dict(r) for r in await connection.fetch(_POSITIONS, user_id, symbol, status, limit)]


async def balances(connection: Connection, user_id: UUID) -> list[dict[str, Any]]:
    """What each account holds of each currency."""
    return [dict(r) for r in await connection.fetch(_BALANCES, user_id)]


async def trades(
    connection: Connection, user_id: UUID, bot_id: UUID | None, symbol: str | None, limit: int, offset: int
) -> tuple[list[dict[str, Any]], int]:
    """Fills, newest first, and how many there are."""
    rows = await connection.fetch(_TRADES, user_id, bot_id, symbol, limit, offset)
    return [dict(r) for r in rows], rows[0]["total"] if rows else 0


async def equity(connection: Connection, user_id: UUID, limit: int) -> list[dict[str, Any]]:
    """The value of all accounts over time, oldest first."""
    return [dict(r) for r in await connection.fetch(_EQUITY, user_id, limit)]


async def bot_results(connection: Connection, user_id: UUID) -> dict[str, Decimal]:
    """Profit and loss of each bot after fees, open positions at market."""
    return {str(r["bot_id"]): r["pnl"] for r in await connection.fetch(_BOTS, user_id)}
