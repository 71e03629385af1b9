"""Statements of the portfolio's store."""

ACCOUNT = """
with opened as (
  insert into accounts (account_id, user_id, exchange, mode, currency, opening, equity, best, day, day_equity,
    marked_at)
  values ($1, $2, $3, $4, $5, $6, $6, $6, $8, $6, $7) on conflict do nothing returning *)
insert into equity (account_id, at, user_id, equity, drawdown)
select account_id, marked_at, user_id, opening, 0 from opened
"""
CLOSE = "update accounts set closed_at = $2 where account_id = $1"
POSITION_FIELDS = (
    "id",
    "account_id",
    "user_id",
    "bot_id",
    "exchange",
    "symbol",
    "quantity",
    "entry_price",
    "realized_pnl",
    "fees",
    "origin",
    "opened_at",
    "updated_at",
    "closed_at",
)
POSITION = f"""
select {", ".join(POSITION_FIELDS)} from positions
where account_id = $1 and symbol = $2 and bot_id is not distinct from $3 and closed_at is null for update
"""  # noqa: S608
# A page: transactions ($1 to $6), their entries (to $13), positions (to $27), trades (to $42) and what balances move by
# (to $46), all of which are written whatever of them is empty. Returns the balances.
WRITE = f"""
with posted as (
  insert into transactions (id, account_id, user_id, kind, ref, at)
  select id, account_id, user_id, kind, ref, at
  from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[])
    with ordinality as t(id, account_id, user_id, kind, ref, at, ord) order by ord),
entered as (
  insert into entries (transaction_id, leg, account_id, user_id, book, currency, amount)
  select * from unnest($7::uuid[], $8::int[], $9::uuid[], $10::uuid[], $11::text[], $12::text[], $13::numeric[])),
held as (
  insert into positions ({", ".join(POSITION_FIELDS)})
  select * from unnest($14::uuid[], $15::uuid[], $16::uuid[], $17::uuid[], $18::text[], $19::text[], $20::numeric[],
    $21::numeric[], $22::numeric[], $23::numeric[], $24::text[], $25::timestamptz[], $26::timestamptz[],
    $27::timestamptz[])
  on conflict (id) do update set quantity = excluded.quantity, entry_price = excluded.entry_price,
    realized_pnl = excluded.realized_pnl, fees = excluded.fees, updated_at = excluded.updated_at,
    closed_at = excluded.closed_at),
traded as (
  insert into trades (fill_id, order_id, position_id, account_id, user_id, bot_id, exchange, symbol, side, price,
    quantity, fee, realized_pnl, at, rates)
  select fill_id, order_id, position_id, account_id, user_id, bot_id, exchange, symbol, side, price, quantity, fee,
    realized_pnl, at, rates::jsonb
  from unnest($28::uuid[], $29::uuid[], $30::uuid[], $31::uuid[], $32::uuid[], $33::uuid[], $34::text[], $35::text[],
    $36::text[], $37::numeric[], $38::numeric[], $39::numeric[], $40::numeric[], $41::timestamptz[],
    $42::text[])
    with ordinality as t(fill_id, order_id, position_id, account_id, user_id, bot_id, exchange, symbol, side, price,
    quantity, fee, realized_pnl, at, rates, ord) order by ord),
moved as (
  update accounts set moved = true where account_id = any($43::uuid[]) and not moved)
insert into balances as b (account_id, user_id, currency, total)
select * from unnest($43::uuid[], $44::uuid[], $45::text[], $46::numeric[])
on conflict (account_id, currency) do update set total = b.total + excluded.total
returning account_id, currency, total
"""  # noqa: S608
# Notes a price, and locks whom it concerns: exchange, symbol, price, time and base currency.
MARK = """
with noted as (
  insert into marks select $1, symbol, price, $4 from unnest($2::text[], $3::numeric[]) as n(symbol, price)
  on conflict (exchange, symbol) do update set price = excluded.price, at = excluded.at where marks.at <= excluded.at)
select a.* from accounts a where a.exchange = $1 and a.marked_at <= $4
  and (a.moved
    or exists (select from balances b
      where b.account_id = a.account_id and b.currency = any($5::text[]) and b.total <> 0))
order by a.account_id for update
"""
HOLDINGS = "select account_id, currency, total from balances where account_id = any($1::uuid[])"
PRICES = "select symbol, price from marks where exchange = $1"
MARKED = """
update accounts a set equity = n.equity, best = n.best, day = n.day, day_equity = n.day_equity, marked_at = $1,
  moved = false
from unnest($2::uuid[], $3::numeric[], $4::numeric[], $5::date[], $6::numeric[])
  as n(account_id, equity, best, day, day_equity)
where a.account_id = n.account_id
"""
EQUITY = """
insert into equity (account_id, at, user_id, equity, drawdown)
select id, $1, user_id, equity, drawdown from unnest($2::uuid[], $3::uuid[], $4::numeric[], $5::numeric[])
  as n(id, user_id, equity, drawdown)
on conflict (account_id, minute) do update set at = excluded.at, equity = excluded.equity,
  drawdown = excluded.drawdown
"""
OPEN_POSITIONS = """
select account_id, symbol, quantity, entry_price from positions
where closed_at is null and account_id = any($1::uuid[]) order by account_id, symbol, opened_at, id
"""
