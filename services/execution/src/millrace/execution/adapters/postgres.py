"""Accounts, orders, fills and halts in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.events.risk import KillSwitchChanged
from millrace.common.events.trading import AccountOpened
from millrace.execution.app.ports import Row

_COLUMNS = (
    "order_id, user_id, account_id, bot_id, strategy_id, intent_id, leg, client_order_id, client_ref, source, origin, "
    "exchange, symbol, spelling, side, order_type, quantity, price, stop_price, time_in_force, reduce_only, "
    "reference_price, state, version, correlation, requested_at, updated_at"
)
_NAMES = _COLUMNS.split(", ")
_INSERT = (
    f"insert into orders ({_COLUMNS}) values ({', '.join(f'${n + 1}' for n in range(len(_NAMES)))}) "  # noqa: S608
    "on conflict do nothing returning order_id"
)
_UPDATE = """
update orders o set state = n.state, filled_quantity = n.filled_quantity, filled_notional = n.filled_notional,
  fees = n.fees, version = n.version, reason = n.reason, approval_id = n.approval_id, epoch = n.epoch,
  signed_at = n.signed_at, deadline = n.deadline, cancel_requested_at = n.cancel_requested_at,
  updated_at = n.updated_at
from unnest($1::uuid[], $2::text[], $3::numeric[], $4::numeric[], $5::numeric[], $6::int[], $7::text[], $8::uuid[],
  $9::bigint[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[]) as n(order_id, state,
  filled_quantity, filled_notional, fees, version, reason, approval_id, epoch, signed_at, deadline,
  cancel_requested_at, updated_at)
where o.order_id = n.order_id
"""
_CHANGING = (
    "order_id",
    "state",
    "filled_quantity",
    "filled_notional",
    "fees",
    "version",
    "reason",
    "approval_id",
    "epoch",
    "signed_at",
    "deadline",
    "cancel_requested_at",
    "updated_at",
)
_FILL_NAMES = (
    "fill_id",
    "order_id",
    "account_id",
    "user_id",
    "trade_id",
    "price",
    "quantity",
    "notional",
    "fee",
    "fee_currency",
    "liquidity",
    "filled_at",
)
_FILLS = f"""
insert into fills ({", ".join(_FILL_NAMES)})
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::numeric[], $7::numeric[],
  $8::numeric[], $9::numeric[], $10::text[], $11::text[], $12::timestamptz[])
on conflict do nothing returning trade_id
"""  # noqa: S608
_ACCOUNT = """
select * from accounts where user_id = $1 and ($2::uuid is null or id = $2) and ($2 is not null or exchange = $3)
order by num limit 1
"""
_OPEN = """
insert into accounts (id, user_id, name, exchange, mode, currency, initial_balance, created_at, lease_owner,
  lease_epoch)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing
"""
_SCOPES = {"bot": "bot_id", "account": "account_id", "user": "user_id"}
_LIVE = "select * from orders where state not in ('refused', 'filled', 'cancelled', 'rejected', 'expired')"
_HALT = """
insert into halts (scope, target, user_id, reason, halted_at) values ($1, $2, $3, $4, $5)
on conflict (scope, target) do nothing
"""


class PostgresOrders:
    """Rows by id, locked where they are going to change."""

    async def account(self, work: Work, user_id: UUID, account_id: UUID | None, exchange: str) -> Row | None:
        key = ("account", user_id, account_id, exchange)
        if key not in work.cache:
            work.cache[key] = await work.connection.fetchrow(_ACCOUNT, user_id, account_id, exchange)
        found: Row | None = work.cache[key]
        return found

    async def open(self, work: Work, account: AccountOpened, at: datetime, *, owner: str, epoch: int) -> None:
        await work.connection.execute(
            _OPEN,
            account.account_id,
            account.user_id,
            account.name,
            account.exchange,
            account.mode,
            account.currency,
            account.initial_balance,
            at,
            owner,
            epoch,
        )

    async def insert(self, work: Work, row: Row) -> bool:
        return bool(await work.connection.fetch(_INSERT, *(row[name] for name in _NAMES)))

    async def locked(self, work: Work, order_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        rows = await work.connection.fetch(
            "select * from orders where order_id = any($1::uuid[]) order by order_id for update", list(order_ids)
        )
        return {row["order_id"]: dict(row) for row in rows}

    async def locked_by_client(self, work: Work, client_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        rows = await work.connection.fetch(
            "select * from orders where client_order_id = any($1::text[]) order by order_id for update",
            list(client_ids),
        )
        return {row["client_order_id"]: dict(row) for row in rows}

    async def live(self, work: Work, switch: KillSwitchChanged) -> list[dict[str, Any]]:
        if switch.scope == "global":
            rows = await work.connection.fetch(f"{_LIVE} order by order_id for update")
        else:  # nobody's switch reaches beyond what its owner has
            where = f"{_LIVE} and user_id = $1 and {_SCOPES[switch.scope]} = $2 order by order_id for update"
            rows = await work.connection.fetch(where, switch.user_id, UUID(switch.target))
        return [dict(row) for row in rows]

    async def halt(self, work: Work, switch: KillSwitchChanged, at: datetime) -> None:
        owner = None if switch.scope == "global" else switch.user_id
        await work.connection.execute(_HALT, switch.scope, switch.target, owner, switch.reason, at)
        work.cache.pop("halts", None)

    async def resume(self, work: Work, switch: KillSwitchChanged) -> None:
        await work.connection.execute("delete from halts where scope = $1 and target = $2", switch.scope, switch.target)
        work.cache.pop("halts", None)

    async def halted(self, work: Work, order: Row) -> str | None:
        if "halts" not in work.cache:
            work.cache["halts"] = await work.connection.fetch("select scope, target, user_id, reason from halts")
        for scope, target, user_id, reason in work.cache["halts"]:
            if scope == "global" or (user_id == order["user_id"] and target == str(order[_SCOPES[scope]])):
                return f"{reason} ({scope})"
        return None

    async def update(self, work: Work, rows: Sequence[Row]) -> None:
        if rows:
            await work.connection.execute(_UPDATE, *([row[name] for row in rows] for name in _CHANGING))

    async def add_fills(self, work: Work, fills: Sequence[Row]) -> set[str]:
        rows = await work.connection.fetch(_FILLS, *([fill[name] for fill in fills] for name in _FILL_NAMES))
        return {row["trade_id"] for row in rows}
