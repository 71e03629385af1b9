"""Statements of the risk service's store."""

GATE = 0x6D696C6C  # advisory lock: decisions hold it shared, a kill switch that is being changed takes it alone
CLOSE_GATE = f"select pg_advisory_xact_lock({GATE})"

OPEN = """
with book as (
  insert into books (account_id, user_id, tokens, tokens_at) values ($1, $2, $3, $4) on conflict do nothing),
given as (
  insert into limits (id, user_id, limit_type, limit_value, source, created_at, updated_at)
  select id, $2, kind, 0, 'system', $9, $9 from unnest($7::uuid[], $8::text[]) as n(id, kind) on conflict do nothing)
insert into balances (account_id, user_id, currency, total) values ($1, $2, $5, $6) on conflict do nothing
"""
LOCK = f"""
with passed as materialized (select pg_advisory_xact_lock_shared({GATE}))
select b.* from passed, books b where account_id = any($1::uuid[]) order by account_id for update of b
"""  # noqa: S608 - a constant
READ = """
select b.account_id,
  array(select (currency, total, reserved) from balances t where t.account_id = b.account_id) as balances,
  array(select (symbol, quantity, price, buying) from exposures t where t.account_id = b.account_id) as exposures,
  array(select (order_id, symbol, buying, currency, decided_at, approval_id, amount, left_over, unbought,
      filled_quantity, filled_notional, fees, version, open)
    from reservations t where t.account_id = b.account_id and t.order_id = any($2::uuid[])) as reservations,
  array(select (limit_type, symbol, limit_value, warning_threshold, critical_threshold) from limits t
    where t.user_id = b.user_id and enabled and source = 'user'
      and coalesce(t.account_id, b.account_id) = b.account_id) as limits,
  array(select (scope, target, reason) from switches t
    where active and (scope = 'global' or t.user_id = b.user_id)) as switches,
  array(select (kind, symbol, level, refused_at) from watches t where t.account_id = b.account_id) as watches
from books b where b.account_id = any($1::uuid[])
"""
WRITE = """
with written as (
  update books b set open_orders = n.open_orders, tokens = n.tokens, tokens_at = n.tokens_at, day_pnl = n.day_pnl,
    drawdown = n.drawdown, marked_at = n.marked_at, day_loss = n.day_loss
  from unnest($1::uuid[], $2::int[], $3::float8[], $4::timestamptz[], $5::numeric[], $6::numeric[], $7::timestamptz[],
    $8::numeric[]) as n(account_id, open_orders, tokens, tokens_at, day_pnl, drawdown, marked_at, day_loss)
  where b.account_id = n.account_id),
funds as (
  insert into balances (account_id, user_id, currency, total, reserved)
  select * from unnest($9::uuid[], $10::uuid[], $11::text[], $12::numeric[], $13::numeric[])
  on conflict (account_id, currency) do update set total = excluded.total, reserved = excluded.reserved),
exposed as (
  insert into exposures (account_id, user_id, symbol, quantity, price, buying)
  select * from unnest($14::uuid[], $15::uuid[], $16::text[], $17::numeric[], $18::numeric[], $19::numeric[])
  on conflict (account_id, symbol) do update set quantity = excluded.quantity, price = excluded.price,
    buying = excluded.buying)
insert into reservations (account_id, user_id, order_id, symbol, buying, currency, decided_at, approval_id, amount,
  left_over, unbought, filled_quantity, filled_notional, fees, version, open)
select * from unnest($20::uuid[], $21::uuid[], $22::uuid[], $23::text[], $24::bool[], $25::text[], $26::timestamptz[],
  $27::uuid[], $28::numeric[], $29::numeric[], $30::numeric[], $31::numeric[], $32::numeric[], $33::numeric[],
  $34::int[], $35::bool[])
on conflict (order_id) do update set left_over = excluded.left_over, unbought = excluded.unbought,
  filled_quantity = excluded.filled_quantity, filled_notional = excluded.filled_notional, fees = excluded.fees,
  version = excluded.version, open = excluded.open
"""
WATCHED = """
insert into watches (account_id, user_id, kind, symbol, level, refused_at)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::timestamptz[])
on conflict (account_id, kind, symbol) do update set level = excluded.level, refused_at = excluded.refused_at
"""
ALERTS = """
insert into alerts (id, user_id, account_id, alert_type, severity, message, symbol, current_value, limit_value,
  action_taken, triggered_at)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
  $8::numeric[], $9::numeric[], $10::text[], $11::timestamptz[])
"""
SWITCH = """
insert into switches as s (scope, target, user_id, active, reason, changed_at) values ($1, $2, $3, $4, $5, $6)
on conflict (scope, target) do update set active = excluded.active, reason = excluded.reason,
  changed_at = excluded.changed_at where s.active <> excluded.active
returning 1
"""
