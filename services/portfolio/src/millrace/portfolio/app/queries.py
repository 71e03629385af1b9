"""Questions about what a user has."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.db.database import Connection

_BALANCES = """
select b.account_id, b.currency, b.total, a.currency as account_currency, a.equity, a.marked_at,
  a.day_equity, greatest(a.best, a.equity) as peak, m.price
from balances b join accounts a using (account_id)
left join marks m on m.exchange = a.exchange and m.symbol = b.currency || '/' || a.currency
where b.user_id = $1 order by a.account_id, b.currency
"""
_EQUITY = """
with moments as (select distinct at from equity where user_id = $1 order by at desc limit $2)
select m.at, sum(e.equity) as equity, max(e.drawdown) as drawdown
from moments m cross join accounts a cross join lateral (
  select equity, drawdown from equity e where e.account_id = a.account_id and e.at <= m.at order by e.at desc limit 1) e
where a.user_id = $1 group by m.at order by m.at
"""
_BOTS = """
select bot_id, sum(realized_pnl - fees) + sum(case when closed_at is null then
  quantity * (coalesce((select price from marks m where m.exchange = p.exchange and m.symbol = p.symbol), entry_price)
  - entry_price) else 0 end) as pnl
from positions p where user_id = $1 and bot_id is not null group by bot_id
"""


async def balances(connection: Connection, user_id: UUID) -> list[dict[str, Any]]:
    """What each account holds of each currency."""
    return [dict(r) for r in await connection.fetch(_BALANCES, user_id)]


async def equity(connection: Connection, user_id: UUID, limit: int) -> list[dict[str, Any]]:
    """The value of all accounts over time, oldest first; an account that was not marked keeps its last value."""
    return [dict(r) for r in await connection.fetch(_EQUITY, user_id, limit)]


async def bot_results(connection: Connection, user_id: UUID) -> dict[str, Decimal]:
    """Profit and loss of each bot after fees, open positions at market."""
    return {str(r["bot_id"]): r["pnl"] for r in await connection.fetch(_BOTS, user_id)}
