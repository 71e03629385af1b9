"""Bots in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from millrace.bots.app.ports import NonDecision, Row
from millrace.common.db.work import Work
from millrace.common.events.trading import AccountOpened, OrderUpdated
from millrace.common.kernel.market import Candle

_ACCOUNT = """
insert into accounts (account_id, user_id, exchange, currency, cash, equity, name, mode)
values ($1, $2, $3, $4, $5, $5, $6, $7) on conflict do nothing
"""
_CASH = "update accounts set cash = $3 where account_id = $1 and currency = $2"
_EQUITY = "update accounts set equity = $2 where account_id = $1"
_FOLLOW = """
with mine as (
  select b.id, $6 - coalesce(o.filled_quantity, 0) as quantity, $7 - coalesce(o.filled_notional, 0) as notional,
    $13 - coalesce(o.fees, 0) as fees, $9 and $10 and coalesce(b.waiting_for, $12) = $12 as awaited
  from bots b left join bot_orders o on o.order_id = $1
  where b.id = $2 and b.user_id = $3 and b.account_id = $4 and b.symbol = $5 and coalesce(o.version, 0) < $8
  for update of b),
seen as (
  insert into bot_orders (order_id, bot_id, user_id, filled_quantity, filled_notional, version, own, ended, fees)
  select $1, id, $3, $6, $7, $8, $9, $10, $13 from mine
  on conflict (order_id) do update set filled_quantity = excluded.filled_quantity,
    filled_notional = excluded.filled_notional, version = excluded.version, ended = excluded.ended,
    fees = excluded.fees),
bought as (
  update targets set quantity = greatest(quantity, $6)
  where $9 and $11 and $6 > 0 and signal_id = $12 and user_id = $3),
never as (delete from targets where $9 and $10 and $6 = 0 and signal_id = $12 and user_id = $3)
update bots b set
  cost = case when $11 then b.cost + m.notional
    when b.position <= 0 then 0 else b.cost - b.cost * least(m.quantity / b.position, 1) end,
  position = b.position + case when $11 then m.quantity else -m.quantity end,
  flow = b.flow + case when $11 then -m.notional else m.notional end - m.fees,
  waiting_since = case when m.awaited then null else b.waiting_since end,
  waiting_for = case when m.awaited then null else b.waiting_for end,
  committed = case when m.awaited then 0 else b.committed end
from mine m where b.id = m.id returning 1
"""
_COMING = """
select id, strategy, timeframe, parameters, config, risk_mode, anchor_at, last_candle_at from bots
where status = 'active' and exchange = $1 and symbol = $2 and timeframe = $3
  and (last_candle_at is null or last_candle_at < $4)
"""
_DUE = """
with held as (select account_id, sum(committed) as committed from bots where committed > 0 group by account_id)
select b.*, a.equity, a.cash - coalesce(h.committed, 0) as free, coalesce(m.mode, 'testing') as mode,
  r.max_position_size, r.max_drawdown,
  exists (select from bot_orders o where o.bot_id = b.id and o.own and not o.ended) as live
from bots b join accounts a using (account_id) left join held h using (account_id)
  left join modes m on m.user_id = b.user_id
  left join strategy_runs r on r.user_id = b.user_id and r.strategy_id = b.managed_by
where b.status = 'active' and b.exchange = $1 and b.symbol = $2 and b.timeframe = $3
  and (b.last_candle_at is null or b.last_candle_at < $4)
order by b.num for update of b
"""
_STEPPED = """
update bots b set last_candle_at = $1, last_price = $6, anchor_at = n.anchor_at, waiting_for = n.waiting_for,
  committed = n.committed,
  waiting_since = case when n.waiting_for is distinct from b.waiting_for then now() else b.waiting_since end
from unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::numeric[]) as n(id, anchor_at, waiting_for, committed)
where b.id = n.id
"""
_MEASURE = """
with earned as (
  select b.user_id, b.managed_by, sum(b.flow + case when b.exchange = $3 and b.symbol = $4 then b.position * $5
    else coalesce(b.position * b.last_price, b.cost) end) as profit
  from bots b join unnest($1::uuid[], $2::uuid[]) as n(user_id, strategy_id)
    on b.user_id = n.user_id and b.managed_by = n.strategy_id
  group by 1, 2)
update strategy_runs r set profit = e.profit, peak = greatest(r.peak, e.profit)
from earned e where r.user_id = e.user_id and r.strategy_id = e.managed_by
returning r.user_id, r.strategy_id,
  case when r.capital + r.peak > 0 then (r.peak - r.profit) / (r.capital + r.peak) else 0 end as drawdown
"""
_CLOSE = "update accounts set closed_at = $2 where account_id = $1 and closed_at is null"
_STOP_ON = """
update bots set status = 'stopped', reason = $2, updated_at = $3
where account_id = $1 and status in ('active', 'paused') returning *
"""
_ENDS = (
    "delete from modes where user_id = $1",
    "delete from alert_secrets where user_id = $1",
    "delete from targets where user_id = $1",
    "update strategy_runs set is_active = false where user_id = $1",
)
_PART = "delete from bot_accounts where account_id = $1"
_NONE_LEFT = """
delete from modes m where m.user_id = $1
  and not exists (select from accounts a where a.user_id = m.user_id and a.closed_at is null)
"""
_STOP = """
update bots b set status = 'stopped', reason = n.reason, updated_at = $3
from unnest($1::uuid[], $2::text[]) as n(id, reason) where b.id = n.id returning b.*
"""
_STOP_ALL = """
update bots set status = 'stopped', reason = $2, updated_at = $3
where user_id = $1 and status in ('active', 'paused') returning *
"""
_SKIPPED = """
insert into skips as s (bot_id, reason, user_id, count, last_at, last_values, detail)
select bot_id, reason, user_id, 1, $1, vals::jsonb, detail
from unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[]) as n(bot_id, reason, user_id, vals, detail)
on conflict (bot_id, reason) do update set count = s.count + 1, last_at = excluded.last_at,
  last_values = excluded.last_values, detail = excluded.detail
"""


class PostgresBots:
    """Rows, changed a set at a time."""

    async def open_account(self, work: Work, account: AccountOpened) -> None:
        await work.connection.execute(
            _ACCOUNT,
            account.account_id,
            account.user_id,
            account.exchange,
            account.currency,
            account.initial_balance,
            account.name,
            account.mode,
        )

    async def set_cash(self, work: Work, account_id: UUID, currency: str, total: Decimal) -> None:
        await work.connection.execute(_CASH, account_id, currency, total)

    async def set_equity(self, work: Work, account_id: UUID, equity: Decimal) -> None:
        await work.connection.execute(_EQUITY, account_id, equity)

    async def follow(self, work: Work, order: OrderUpdated, *, own: bool, ended: bool) -> bool:
        done = await work.connection.fetch(
            _FOLLOW,
            order.order_id,
            order.bot_id,
            order.user_id,
            order.account_id,
            order.symbol,
            order.filled_quantity,
            order.filled_notional,
            order.version,
            own,
            ended,
            order.side == "buy",
            order.intent_id,
            order.fees,
        )
        return bool(done)

    async def stop_all(self, work: Work, user_id: UUID, reason: str, at: datetime) -> list[Row]:
        for query in _ENDS:
            await work.connection.execute(query, user_id)
        return [dict(row) for row in await work.connection.fetch(_STOP_ALL, user_id, reason, at)]

    async def stop(self, work: Work, reasons: Mapping[UUID, str], at: datetime) -> list[Row]:
        rows = await work.connection.fetch(_STOP, list(reasons), list(reasons.values()), at)
        return [dict(row) for row in rows]

    async def coming(self, work: Work, exchange: str, symbol: str, timeframe: str, opened_at: datetime) -> list[Row]:
        rows = await work.connection.fetch(_COMING, exchange, symbol, timeframe, opened_at)
        return [dict(row) for row in rows]

    async def due(self, work: Work, exchange: str, symbol: str, timeframe: str, opened_at: datetime) -> list[Row]:
        rows = await work.connection.fetch(_DUE, exchange, symbol, timeframe, opened_at)
        return [dict(row) for row in rows]

    async def measure(self, work: Work, runs: Collection[tuple[UUID, UUID]], candle: Candle) -> dict[Any, Decimal]:
        users, strategies = zip(*sorted(runs), strict=True)
        place = (candle.exchange, candle.symbol, candle.close)
        rows = await work.connection.fetch(_MEASURE, list(users), list(strategies), *place)
        return {(row["user_id"], row["strategy_id"]): row["drawdown"] for row in rows}

    async def close_account(self, work: Work, user_id: UUID, account_id: UUID, reason: str, at: datetime) -> list[Row]:
        await work.connection.execute(_CLOSE, account_id, at)
        await work.connection.execute(_PART, account_id)
        await work.connection.execute("delete from targets where account_id = $1", account_id)
        await work.connection.execute(_NONE_LEFT, user_id)
        return [dict(row) for row in await work.connection.fetch(_STOP_ON, account_id, reason, at)]

    async def stepped(self, work: Work, rows: Sequence[Row], candle: Candle) -> None:
        if rows:
            names = ("id", "anchor_at", "waiting_for", "committed")
            columns = ([row[name] for row in rows] for name in names)
            await work.connection.execute(_STEPPED, candle.opened_at, *columns, candle.close)

    async def skipped(self, work: Work, skips: Sequence[NonDecision], at: datetime) -> None:
        if skips:
            await work.connection.execute(
                _SKIPPED,
                at,
                [skip.bot_id for skip in skips],
                [skip.reason for skip in skips],
                [skip.user_id for skip in skips],
                [orjson.dumps(dict(skip.values)).decode() for skip in skips],
                [skip.detail for skip in skips],
            )
