"""Accounts, orders, fills and halts in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.db.work import Fenced, Work
from millrace.common.events.trading import TERMINAL, AccountOpened, OrderState
from millrace.common.kernel.clock import Clock
from millrace.execution.app.leases import LEADING, Leases
from millrace.execution.app.ports import DISABLED, Halt, Row

_TYPES = {
    "order_id": "uuid",
    "user_id": "uuid",
    "account_id": "uuid",
    "bot_id": "uuid",
    "strategy_id": "uuid",
    "intent_id": "uuid",
    "leg": "int",
    "client_order_id": "text",
    "client_ref": "text",
    "source": "text",
    "origin": "text",
    "exchange": "text",
    "symbol": "text",
    "spelling": "text",
    "side": "text",
    "order_type": "text",
    "quantity": "numeric",
    "price": "numeric",
    "stop_price": "numeric",
    "time_in_force": "text",
    "reduce_only": "boolean",
    "reference_price": "numeric",
    "state": "text",
    "version": "int",
    "reason": "text",
    "correlation": "uuid",
    "requested_at": "timestamptz",
    "updated_at": "timestamptz",
    "received_at": "timestamptz",
}
_INSERT = f"""
insert into orders ({", ".join(_TYPES)})
select {", ".join(_TYPES)} from unnest({", ".join(f"${n}::{kind}[]" for n, kind in enumerate(_TYPES.values(), 1))})
  with ordinality as n({", ".join(_TYPES)}, ord) order by ord
"""  # noqa: S608 - constants only
_INSERT_NEW = f"{_INSERT} on conflict do nothing returning order_id"
_UPDATE = f"""
with leader as materialized ({LEADING.format("$16", "$17")})
update orders o set state = n.state, filled_quantity = n.filled_quantity, filled_notional = n.filled_notional,
  fees = n.fees, version = n.version, reason = n.reason, approval_id = n.approval_id, epoch = n.epoch,
  signed_at = n.signed_at, deadline = n.deadline, cancel_requested_at = n.cancel_requested_at,
  exit_signature = n.exit_signature, standing = n.standing, updated_at = n.updated_at
from unnest($1::uuid[], $2::text[], $3::numeric[], $4::numeric[], $5::numeric[], $6::int[], $7::text[], $8::uuid[],
  $9::bigint[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::boolean[],
  $15::timestamptz[]) as n(order_id, state, filled_quantity, filled_notional, fees, version, reason, approval_id, epoch,
  signed_at, deadline, cancel_requested_at, exit_signature, standing, updated_at), leader
where o.order_id = n.order_id
"""  # noqa: S608 - constants only
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
    "exit_signature",
    "standing",
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
with added as (
  insert into fills ({", ".join(_FILL_NAMES)})
  select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::numeric[], $7::numeric[],
    $8::numeric[], $9::numeric[], $10::text[], $11::text[], $12::timestamptz[])
  on conflict do nothing returning trade_id, order_id, quantity
), moved as (
  insert into holdings (account_id, symbol, bot_id, quantity)
  select o.account_id, o.symbol, o.bot_id, sum(case when o.side = 'buy' then a.quantity else -a.quantity end)
  from added a join orders o using (order_id) group by 1, 2, 3
  on conflict (account_id, symbol, bot_id) do update set quantity = holdings.quantity + excluded.quantity
)
select trade_id from added
"""  # noqa: S608
_ACCOUNTS = """
select id, user_id, exchange, mode, is_active from accounts
where user_id = any($1::uuid[]) and deleted_at is null order by mode <> 'paper', not is_active, num
for key share
"""
_INTENTS = "select intent_id, leg from orders where intent_id = any($1::uuid[])"
_OPEN = """
insert into accounts (id, user_id, name, exchange, mode, currency, initial_balance, created_at, lease_owner,
  lease_epoch)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing
"""
_SCOPES = {"bot": "bot_id", "account": "account_id", "user": "user_id", DISABLED: "user_id"}
_LIVE = "select * from orders where state not in ('refused', 'filled', 'cancelled', 'rejected', 'expired')"
_LOCK = "select * from orders where order_id = any($1::uuid[]) order by order_id for update"
_LOCK_BY_CLIENT = "select * from orders where client_order_id = any($1::text[]) order by order_id for update"
_WAITING_EXIT = "state = 'received' and reduce_only and side = 'sell'"
_WAITING_EXITS = f"select * from orders where {_WAITING_EXIT} and received_at < $1 order by received_at"  # noqa: S608
_LOCK_EXIT = f"select * from orders where {_WAITING_EXIT} and order_id = $1 for update skip locked"  # noqa: S608
_IN_TURN = "select pg_advisory_xact_lock(hashtextextended('sales of ' || $1::uuid, 0))"
_BEING_SOLD = f"""
coalesce((select sum(quantity - filled_quantity) from ({_LIVE}) live
  where account_id = $1 and symbol = $2 and side = 'sell' and state <> 'received' and {{bot}}), 0)
"""  # noqa: S608
_SELLABLE = f"""
select coalesce((select sum(quantity) from holdings where account_id = $1 and symbol = $2), 0)
  - {_BEING_SOLD.format(bot="true")}
"""  # noqa: S608
_THIS_BOT = "(bot_id = $3 or bot_id is null and $3::uuid is null)"
_ENTRIES = f"""
select o.*, least(o.filled_quantity, held.quantity - o.newer) as kept from
  (select coalesce((select quantity from holdings where account_id = $1 and symbol = $2 and {_THIS_BOT}), 0)
    - {_BEING_SOLD.format(bot=_THIS_BOT)} as quantity) held,
  (select *, sum(filled_quantity) over (order by num desc) - filled_quantity as newer from orders
    where account_id = $1 and symbol = $2 and {{bot}} and side = 'buy' and filled_quantity > 0
    order by num desc limit 1000) o
where o.newer < held.quantity
"""  # noqa: S608
_RESUME = "delete from halts where scope = $1 and target = $2 and user_id is not distinct from $3"
_HALT = """
insert into halts (scope, target, user_id, reason, halted_at) values ($1, $2, $3, $4, $5)
on conflict do nothing
"""


class _Page:
    """The orders of one unit of work: each is read once, changed in memory, and written with the others at its end."""

    def __init__(self) -> None:
        self.accounts: dict[UUID, list[Any]] = {}
        self.rows: dict[UUID, dict[str, Any]] = {}
        self.intents: dict[tuple[UUID, int], bool] = {}
        self.added: list[Row] = []
        self.changed: dict[UUID, Row] = {}
        self.sellable: dict[tuple[UUID, str], Decimal] = {}

    def adopt(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """The rows just read, as they are on this page where they are on it already."""
        return [self.rows.setdefault(row["order_id"], dict(row)) for row in rows]


class PostgresOrders:
    """Rows by id, locked where they are going to change. What changes is written by the process that leads, and raises
    `Fenced` in any other; `clock` tells when orders arrive.
    """

    def __init__(self, leases: Leases, clock: Clock) -> None:
        self._leases = leases
        self._clock = clock

    def _page(self, work: Work) -> _Page:
        if _Page not in work.cache:
            page = work.cache[_Page] = _Page()
            work.before_flush(lambda: self._write(work, page))
        found: _Page = work.cache[_Page]
        return found

    async def _write(self, work: Work, page: _Page) -> None:
        if page.added:
            await self._leases.hold(work.connection)
            await work.connection.execute(_INSERT, *self._columns(page.added))
        if page.changed:
            rows = list(page.changed.values())
            columns = ([row[name] for row in rows] for name in _CHANGING)
            done = await work.connection.execute(_UPDATE, *columns, self._leases.owner, self._leases.epoch)
            if done == "UPDATE 0":
                raise Fenced("another process leads")

    def _columns(self, rows: Sequence[Row]) -> list[list[Any]]:
        stamped = [{**row, "received_at": self._clock.now()} for row in rows]
        return [[row[name] for row in stamped] for name in _TYPES]

    async def expect(self, work: Work, intents: Sequence[tuple[UUID, UUID, int]]) -> None:
        page = self._page(work)
        known = {tuple(row) for row in await work.connection.fetch(_INTENTS, [intent for _, intent, _ in intents])}
        page.intents.update({(intent, leg): (intent, leg) in known for _, intent, leg in intents})
        await self._read_accounts(work, page, {user for user, _, _ in intents})

    async def _read_accounts(self, work: Work, page: _Page, users: Collection[UUID]) -> None:
        missing = [user for user in users if user not in page.accounts]
        if missing:
            page.accounts.update({user: [] for user in missing})
            for row in await work.connection.fetch(_ACCOUNTS, missing):
                page.accounts[row["user_id"]].append(row)

    async def account(self, work: Work, user_id: UUID, account_id: UUID | None, exchange: str) -> Row | None:
        page = self._page(work)
        await self._read_accounts(work, page, [user_id])
        there = (a for a in page.accounts[user_id] if a["exchange"] == exchange)
        return next((a for a in there if account_id in (None, a["id"])), None)

    async def open(self, work: Work, account: AccountOpened, at: datetime, *, owner: str, epoch: int) -> None:
        self._page(work).accounts.pop(account.user_id, None)
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
        page, intent = self._page(work), (row["intent_id"], row["leg"])
        if intent not in page.intents:
            return bool(await work.connection.fetch(_INSERT_NEW, *self._columns([row])))
        if page.intents[intent]:
            return False
        page.intents[intent] = True
        page.added.append(row)
        return True

    async def locked(self, work: Work, order_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        page = self._page(work)
        missing = [order_id for order_id in order_ids if order_id not in page.rows]
        if missing:
            page.adopt(await work.connection.fetch(_LOCK, missing))
        return {order_id: page.rows[order_id] for order_id in order_ids if order_id in page.rows}

    async def locked_by_client(self, work: Work, client_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        found = self._page(work).adopt(await work.connection.fetch(_LOCK_BY_CLIENT, list(client_ids)))
        return {row["client_order_id"]: row for row in found}

    async def waiting_exits(self, work: Work, before: datetime) -> Sequence[Row]:
        return [dict(row) for row in await work.connection.fetch(_WAITING_EXITS, before)]

    async def waiting_exit(self, work: Work, order_id: UUID) -> dict[str, Any] | None:
        return next(iter(self._page(work).adopt(await work.connection.fetch(_LOCK_EXIT, order_id))), None)

    async def covers(self, work: Work, sale: Row) -> bool:
        account, symbol = place = (sale["account_id"], sale["symbol"])
        sellable = self._page(work).sellable
        if place not in sellable:
            await work.connection.execute(_IN_TURN, account)
            sellable[place] = await work.connection.fetchval(_SELLABLE, account, symbol)
        if sale["quantity"] > sellable[place]:
            return False
        sellable[place] -= sale["quantity"]
        return True

    async def entries(self, work: Work, order: Row) -> Sequence[Row]:
        bot = "bot_id is null" if order["bot_id"] is None else "bot_id = $3"  # either can use the index
        values = (order["account_id"], order["symbol"], order["bot_id"])
        return [dict(row) for row in await work.connection.fetch(_ENTRIES.format(bot=bot), *values)]

    async def live(self, work: Work, halt: Halt) -> list[dict[str, Any]]:
        if halt.scope == "global":
            rows = await work.connection.fetch(f"{_LIVE} order by order_id for update")
        else:  # a halt reaches nothing but what its user has
            where = f"{_LIVE} and user_id = $1 and {_SCOPES[halt.scope]} = $2 order by order_id for update"
            rows = await work.connection.fetch(where, halt.user_id, UUID(halt.target))
        return [row for row in self._page(work).adopt(rows) if OrderState(row["state"]) not in TERMINAL]

    async def update(self, work: Work, rows: Sequence[Row]) -> None:
        self._page(work).changed.update({row["order_id"]: row for row in rows})

    async def halt(self, work: Work, halt: Halt, at: datetime) -> None:
        await work.connection.execute(_HALT, halt.scope, halt.target, halt.user_id, halt.reason, at)
        work.cache.pop("halts", None)

    async def resume(self, work: Work, halt: Halt) -> None:
        await work.connection.execute(_RESUME, halt.scope, halt.target, halt.user_id)
        work.cache.pop("halts", None)

    async def halted(self, work: Work, order: Row) -> str | None:
        if "halts" not in work.cache:
            work.cache["halts"] = await work.connection.fetch("select scope, target, user_id, reason from halts")
        for scope, target, user_id, reason in work.cache["halts"]:
            if scope == "global" or (user_id == order["user_id"] and target == str(order[_SCOPES[scope]])):
                return f"{reason} ({scope})"
        return None

    async def add_fills(self, work: Work, fills: Sequence[Row]) -> set[str]:
        rows = await work.connection.fetch(_FILLS, *([fill[name] for fill in fills] for name in _FILL_NAMES))
        return {row["trade_id"] for row in rows}
