"""Bots in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import orjson

from millrace.bots.app.ports import Row
from millrace.common.db.work import Work
from millrace.common.events.trading import AccountOpened, OrderUpdated
from millrace.strategy.port import Skip

_ACCOUNT = """
insert into accounts (account_id, user_id, exchange, currency, cash, equity) values ($1, $2, $3, $4, $5, $5)
on conflict do nothing
"""
_CASH = "update accounts set cash = $3 where account_id = $1 and currency = $2"
_EQUITY = "update accounts set equity = $2 where account_id = $1"
_FOLLOW = """
with old as (
  select coalesce((select filled_quantity from bot_orders where order_id = $1), 0) as quantity,
    coalesce((select filled_notional from bot_orders where order_id = $1), 0) as notional),
seen as (
  insert into bot_orders values ($1, $2, $3, $4, $5)
  on conflict (order_id) do update set filled_quantity = excluded.filled_quantity,
    filled_notional = excluded.filled_notional)
update bots b set
  cost = case when $6 then b.cost + $5 - old.notional
    when b.position = 0 then 0 else b.cost - b.cost * least(($4 - old.quantity) / b.position, 1) end,
  position = b.position + case when $6 then $4 - old.quantity else old.quantity - $4 end,
  waiting_since = case when $7 then null else waiting_since end
from old where b.id = $2
"""
_RUNNING = """
select b.*, a.cash, a.equity from bots b join accounts a using (account_id)
where b.status = 'active' and b.exchange = $1 and b.symbol = $2 and b.timeframe = $3 order by b.num for update of b
"""
_STEPPED = """
update bots b set last_candle_at = $1, anchor_at = coalesce(anchor_at, $1), waiting_since = n.waiting_since
from unnest($2::uuid[], $3::timestamptz[]) as n(id, waiting_since) where b.id = n.id
"""
_SKIPPED = """
insert into skips as s (bot_id, reason, user_id, count, last_at, last_values)
select bot_id, reason, user_id, 1, $1, vals::jsonb
from unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[]) as n(bot_id, reason, user_id, vals)
on conflict (bot_id, reason) do update set count = s.count + 1, last_at = excluded.last_at,
  last_values = excluded.last_values
"""


class PostgresBots:
    """Rows, changed a set at a time."""

    async def open_account(self, work: Work, account: AccountOpened) -> None:
        await work.connection.execute(
            _ACCOUNT, account.account_id, account.user_id, account.exchange, account.currency, account.initial_balance
        )

    async def set_cash(self, work: Work, account_id: UUID, currency: str, total: Decimal) -> None:
        await work.connection.execute(_CASH, account_id, currency, total)

    async def set_equity(self, work: Work, account_id: UUID, equity: Decimal) -> None:
        await work.connection.execute(_EQUITY, account_id, equity)

    async def follow(self, work: Work, order: OrderUpdated, *, ended: bool) -> None:
        await work.connection.execute(
            _FOLLOW,
            order.order_id,
            order.bot_id,
            order.user_id,
            order.filled_quantity,
            order.filled_notional,
            order.side == "buy",
            ended,
        )

    async def stop_all(self, work: Work, user_id: UUID) -> None:
        await work.connection.execute("update bots set status = 'stopped' where user_id = $1", user_id)

    async def running(self, work: Work, exchange: str, symbol: str, timeframe: str) -> list[Row]:
        return [dict(row) for row in await work.connection.fetch(_RUNNING, exchange, symbol, timeframe)]

    async def stepped(self, work: Work, rows: Sequence[Row], opened_at: datetime) -> None:
        if rows:
            waiting = [row["waiting_since"] for row in rows]
            await work.connection.execute(_STEPPED, opened_at, [row["id"] for row in rows], waiting)

    async def skipped(self, work: Work, skips: Sequence[tuple[Row, Skip]], at: datetime) -> None:
        if skips:
            await work.connection.execute(
                _SKIPPED,
                at,
                [row["id"] for row, _ in skips],
                [skip.reason for _, skip in skips],
                [row["user_id"] for row, _ in skips],
                [orjson.dumps(dict(skip.values)).decode() for _, skip in skips],
            )
