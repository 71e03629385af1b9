"""Books in PostgreSQL. A book's row is locked from its first reading to the end of the transaction."""

from decimal import Decimal
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.events.trading import TERMINAL, AccountOpened, OrderRequested, OrderUpdated
from millrace.common.kernel.clock import Clock, from_millis
from millrace.common.kernel.money import ZERO
from millrace.common.kernel.symbols import parse_symbol
from millrace.risk.config import RiskSettings
from millrace.risk.domain.book import Balance, Book, Exposure, Terms
from millrace.risk.domain.limits import effective

_EPOCH = from_millis(0)

_OPEN = """
with book as (
  insert into books (account_id, user_id, tokens, tokens_at) values ($1, $2, $3, $4) on conflict do nothing)
insert into balances (account_id, user_id, currency, total) values ($1, $2, $5, $6) on conflict do nothing
"""
_BOOK = "select * from books where account_id = $1 for update"
_BALANCES = "select currency, total, reserved from balances where account_id = $1"
_EXPOSURES = "select symbol, quantity, price, buying from exposures where account_id = $1"
_LIMITS = "select limit_type, symbol, limit_value from limits where user_id = $1 and enabled"
_HALTED = """
select scope, reason from switches where active and (scope, target) in
  (('global', 'all'), ('user', $1::text), ('account', $1::text || '/' || $2::text),
   ('bot', $1::text || '/' || $3::text)) limit 1
"""
_RESERVE = """
with taken as (
  update balances set reserved = reserved + $7
  where account_id = $3 and currency = $6 and total - reserved >= $7 returning account_id),
counted as (
  update books set open_orders = open_orders + 1, tokens = $12, tokens_at = $13
  where account_id in (select account_id from taken)),
exposed as (
  insert into exposures as e (account_id, user_id, symbol, price, buying) select account_id, $4, $5, $9, $10 from taken
  on conflict (account_id, symbol) do update set buying = e.buying + excluded.buying, price = excluded.price)
insert into reservations (order_id, approval_id, account_id, user_id, symbol, currency, amount, left_over, side,
  notional, decided_at)
select $1, $2, account_id, $4, $5, $6, $7, $7, $8, $11, $13 from taken returning order_id
"""
_SETTLE = """
with old as (
  select * from reservations where order_id = $1 and open for update),
step as (
  select old.*, $2 - filled_quantity as quantity, $3 - filled_notional as value, $4 - old.fees as paid,
    case when $5 then left_over else least(left_over,
      case when side = 'buy' then $3 - filled_notional + $4 - old.fees else $2 - filled_quantity end) end as released,
    case when side <> 'buy' or notional = 0 then 0
      when $5 then greatest(notional - filled_notional, 0)
      else least($3 - filled_notional, greatest(notional - filled_notional, 0)) end as unbought
  from old),
kept as (
  update reservations r set filled_quantity = $2, filled_notional = $3, fees = $4, open = not $5,
    left_over = r.left_over - s.released from step s where r.order_id = s.order_id),
spent as (
  update balances b set reserved = b.reserved - s.released,
    total = b.total + case when s.side = 'buy' then -(s.value + s.paid) else -s.quantity end
  from step s where b.account_id = s.account_id and b.currency = s.currency),
earned as (
  insert into balances as b (account_id, user_id, currency, total)
  select account_id, user_id, $6, case when side = 'buy' then quantity else value - paid end from step
  where quantity <> 0
  on conflict (account_id, currency) do update set total = b.total + excluded.total),
moved as (
  insert into exposures as e (account_id, user_id, symbol, quantity, price)
  select account_id, user_id, symbol, case when side = 'buy' then quantity else -quantity end, $7 from step
  on conflict (account_id, symbol) do update set quantity = e.quantity + excluded.quantity,
    price = case when excluded.price > 0 then excluded.price else e.price end,
    buying = greatest(e.buying - (select unbought from step), 0))
update books b set open_orders = b.open_orders - 1 from step s where b.account_id = s.account_id and $5
"""
_MARK = "update books set equity = $2, day_pnl = $3, drawdown = $4 where account_id = $1"
_SWITCH = """
insert into switches as s (scope, target, user_id, active, reason, changed_at) values ($1, $2, $3, $4, $5, $6)
on conflict (scope, target) do update set active = excluded.active, reason = excluded.reason,
  changed_at = excluded.changed_at where s.active <> excluded.active
returning 1
"""


class PostgresBooks:
    """The books, cached for the length of one unit of work."""

    def __init__(self, system: RiskSettings) -> None:
        self._system = system

    async def open(self, work: Work, account: AccountOpened) -> None:
        await work.connection.execute(
            _OPEN,
            account.account_id,
            account.user_id,
            self._system.orders_burst,
            _EPOCH,
            account.currency,
            account.initial_balance,
        )

    async def of(self, work: Work, user_id: UUID, account_id: UUID, bot_id: UUID | None) -> Book | None:
        book: Book | None = work.cache.get(account_id) or await self._load(work, user_id, account_id)
        if book is not None:
            work.cache[account_id] = book
            row = await work.connection.fetchrow(_HALTED, str(user_id), str(account_id), str(bot_id or ""))
            book.halted = f"{row['reason']} ({row['scope']})" if row else None
        return book

    async def _load(self, work: Work, user_id: UUID, account_id: UUID) -> Book | None:
        fetch = work.connection.fetch
        found = await fetch(_BOOK, account_id)
        if not found or found[0]["user_id"] != user_id:
            return None
        row = found[0]
        return Book(
            limits=effective(self._system, [dict(r) for r in await fetch(_LIMITS, user_id)]),
            tokens=row["tokens"],
            tokens_at=row["tokens_at"],
            open_orders=row["open_orders"],
            day_pnl=row["day_pnl"],
            drawdown=row["drawdown"],
            balances={r["currency"]: Balance(r["total"], r["reserved"]) for r in await fetch(_BALANCES, account_id)},
            exposures={
                r["symbol"]: Exposure(r["quantity"], r["price"], r["buying"])
                for r in await fetch(_EXPOSURES, account_id)
            },
        )

    async def reserve(
        self, work: Work, order: OrderRequested, approval_id: UUID, terms: Terms, currency: str, amount: Decimal
    ) -> bool:
        book: Book = work.cache[order.account_id]
        taken = await work.connection.fetch(
            _RESERVE,
            order.order_id,
            approval_id,
            order.account_id,
            order.user_id,
            order.symbol,
            currency,
            amount,
            order.side.value,
            terms.price,
            terms.notional if terms.buying else ZERO,
            terms.notional,
            book.tokens,
            book.tokens_at,
        )
        if not taken:
            work.cache.pop(order.account_id)
        return bool(taken)

    async def settle(self, work: Work, order: OrderUpdated) -> None:
        if order.filled_quantity == 0 and order.state not in TERMINAL:
            return
        quote = parse_symbol(order.symbol)
        received = quote.base if order.side == "buy" else quote.quote
        price = order.filled_notional / order.filled_quantity if order.filled_quantity else ZERO
        await work.connection.execute(
            _SETTLE,
            order.order_id,
            order.filled_quantity,
            order.filled_notional,
            order.fees,
            order.state in TERMINAL,
            received,
            price,
        )
        work.cache.pop(order.account_id, None)

    async def mark(self, work: Work, account_id: UUID, equity: Decimal, day_pnl: Decimal, drawdown: Decimal) -> None:
        await work.connection.execute(_MARK, account_id, equity, day_pnl, drawdown)
        work.cache.pop(account_id, None)


class PostgresSwitches:
    """Kill switch rows."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def set(self, work: Work, scope: str, target: str, user_id: UUID | None, active: bool, reason: str) -> bool:
        done = await work.connection.fetch(_SWITCH, scope, target, user_id, active, reason, self._clock.now())
        return bool(done)
