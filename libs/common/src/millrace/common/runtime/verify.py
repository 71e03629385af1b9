"""Checks the invariants of money and messages on a database, running or not.

Each check is a query that finds broken rows. On a running platform messages are under way between the services, so a
check that finds something is asked again until it is clean or `patience` seconds are over. What is broken stays: a row
counts when most of the answers had it, figures and all, so its figures are differences, which trading does not move.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from itertools import count
from typing import Any

import asyncpg

from millrace.common.events.topics import CATALOGUE

_SERVICES = (
    *("auth", "marketdata", "bots", "execution", "risk", "portfolio"),
    *("backtest", "ml", "assistant", "notifier"),
)
_LOOKED_AT, _SHOWN = 1000, 20  # rows of one answer, and of a finding


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant; `query` returns broken rows."""

    number: str
    meaning: str
    query: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: nothing, when `rows` is empty."""

    check: Check
    rows: list[dict[str, Any]]


def _each(query: str) -> str:
    return " union all ".join(query.format(s=service) for service in _SERVICES)


# What bots and risk say in their services' `concerns`.
_CONCERNS = """case reader when 'bots' then convert_from(body, 'UTF8')::jsonb ->> 'bot_id' is not null
  when 'risk' then (convert_from(body, 'UTF8')::jsonb ->> 'filled_quantity')::numeric <> 0
    or convert_from(body, 'UTF8')::jsonb ->> 'state' in ('refused', 'filled', 'cancelled', 'rejected', 'expired')
  else true end"""


def _applied() -> str:
    """Messages whose turn has come and that a reader has not applied, and numbers that it applied twice.

    What is said stands in the embedded bus's log or in its producer's outbox. A message is due for a reader that has
    gone past it, and for every reader ten seconds after it was published. A reader applies the types that it has
    applied before; it never applies the copies that are meant for another stage, nor what does not concern it.
    """
    columns = "topic, type, stage, key, seq, id, body"
    log = f"select {columns}, partition, position, appended_at as at from bus.log"  # noqa: S608 - constants only
    outboxes = _each(f"select {columns}, partition, null, published_at from {{s}}.outbox")  # noqa: S608
    seen = _each("select '{s}' as reader, event_id, topic, key, seq from {s}.inbox")
    stages = ", ".join(f"('{t.name}', '{s}', {n})" for t in CATALOGUE.values() for s, n in t.readers.items())
    return f"""with said as materialized ({log} union all {outboxes}), seen as materialized ({seen}),
      applies as (select distinct reader, said.topic, type from said join seen on event_id = id)
      select 'not applied' as what, reader as service, topic, key, seq, type, id::text from said
        join applies using (topic, type) join (values {stages}) as declared(topic, reader, turn) using (topic, reader)
        left join bus.readers r using (reader, topic, partition)
        where stage in (0, turn) and (said.position < r.position or at < now() - interval '10 seconds')
        and not exists (select from seen where seen.event_id = said.id and seen.reader = applies.reader)
        and case when type = 'trading.order_updated.v1' then {_CONCERNS} else true end
      union all select 'applied twice', reader, topic, key, seq, null, null from seen group by 2, 3, 4, 5
        having count(*) > 1"""  # noqa: S608


CHECKS = (
    Check(
        "I1",
        "every ledger transaction, and each currency in all, sums to zero",
        """select transaction_id::text as subject, currency, sum(amount) from portfolio.entries group by 1, 2
           having sum(amount) <> 0
           union all select 'all', currency, sum(amount) from portfolio.entries group by 2 having sum(amount) <> 0""",
    ),
    Check(
        "I2",
        "balances equal the ledger, reservations equal what is reserved, nothing is below zero",
        """select 'balance' as what, account_id, currency, coalesce(b.total, 0) - coalesce(l.total, 0) as difference
             from portfolio.balances b full join (select account_id, currency, sum(amount) as total
             from portfolio.entries where book = 'cash' group by 1, 2) l using (account_id, currency)
             where b.total is distinct from l.total
           union all select 'negative', account_id, currency, null from portfolio.balances where total < 0
           union all select 'reserved', b.account_id, b.currency, b.reserved - coalesce(r.held, 0) from risk.balances b
             left join (select account_id, currency, sum(left_over) as held from risk.reservations group by 1, 2) r
             using (account_id, currency) where b.reserved <> coalesce(r.held, 0)
           union all select 'risk', account_id, currency, coalesce(r.total, 0) - coalesce(p.total, 0)
             from risk.balances r full join portfolio.balances p using (account_id, currency)
             where coalesce(r.total, 0) <> coalesce(p.total, 0)""",
    ),
    Check(
        "I3",
        "positions equal the fills",
        """select coalesce(p.account_id, f.account_id) as account_id, coalesce(p.symbol, f.symbol) as symbol,
             coalesce(p.bot_id, f.bot_id) as bot_id, coalesce(p.held, 0) - coalesce(f.filled, 0) as difference from
           (select account_id, symbol, bot_id, sum(quantity) as held from portfolio.positions group by 1, 2, 3) p
           full join (select f.account_id, o.symbol, o.bot_id,
             sum(case when o.side = 'buy' then f.quantity else -f.quantity end) as filled
             from execution.fills f join execution.orders o using (order_id) group by 1, 2, 3) f
           on f.account_id = p.account_id and f.symbol = p.symbol
             and coalesce(f.bot_id, '00000000-0000-0000-0000-000000000000')
               = coalesce(p.bot_id, '00000000-0000-0000-0000-000000000000')
           where coalesce(p.held, 0) <> coalesce(f.filled, 0)""",
    ),
    Check(
        "I4",
        "one venue order for each order that was sent, none without",
        """select 'no order' as what, v.client_order_id from execution.venue_orders v
           left join execution.orders o using (client_order_id) where o.order_id is null
           union all select 'never sent', o.client_order_id from execution.orders o
             left join execution.venue_orders v using (client_order_id) where v.client_order_id is null
             and o.state in ('open', 'partially_filled', 'filled')
           union all select 'lost', o.client_order_id from execution.orders o
             left join execution.venue_orders v using (client_order_id) where v.client_order_id is null
             and o.state in ('submitting', 'unknown')""",
    ),
    Check(
        "I5",
        "no order was sent without an approval and a reservation",
        """select o.order_id, o.state from execution.orders o left join risk.reservations r using (order_id)
           where o.state not in ('received', 'refused', 'cancelled', 'expired') and (o.approval_id is null
             or (r.approval_id is distinct from o.approval_id and not (o.standing and o.reduce_only)))""",
    ),
    Check(
        "I6",
        "every venue trade is booked once, everywhere",
        """select coalesce(v.trade_id, f.trade_id) as trade_id, v.n as venue, f.n as booked from
           (select body->>'trade_id' as trade_id, count(*) as n from execution.venue_reports where kind = 'filled'
             group by 1) v
           full join (select trade_id, count(*) as n from execution.fills group by 1) f using (trade_id)
           where v.n is distinct from f.n or v.n > 1
           union all select coalesce(f.fill_id, t.fill_id)::text, case when f.fill_id is null then 0 else 1 end,
             case when t.fill_id is null then 0 else 1 end from execution.fills f
             full join portfolio.trades t using (fill_id) where f.fill_id is null or t.fill_id is null""",
    ),
    Check(
        "I7",
        "no order is filled beyond its quantity, and its fills add up",
        """select o.order_id, o.quantity, o.filled_quantity, coalesce(f.filled, 0) as fills from execution.orders o
           left join (select order_id, sum(quantity) as filled from execution.fills group by 1) f using (order_id)
           where o.filled_quantity > o.quantity or o.filled_quantity <> coalesce(f.filled, 0)""",
    ),
    Check(
        "I8",
        "every order ends, rests at the venue, or is younger than a minute",
        """select o.order_id, o.state, o.received_at from execution.orders o
           left join execution.venue_orders v using (client_order_id)
           where o.state not in ('refused', 'filled', 'cancelled', 'rejected', 'expired') and v.resting is null
           and o.received_at < now() - interval '1 minute'""",
    ),
    Check(
        "I9",
        "everything said was applied, once, by every service that applies its kind",
        _applied(),
    ),
    Check(
        "I10",
        "everything that was committed has been published",
        _each(
            "select '{s}' as service, min(said_at) as since from {s}.outbox where published_at is null "
            "and said_at < now() - interval '2 seconds' having count(*) > 0"
        ),
    ),
    Check(
        "I11",
        "every fill is in the ledger once",
        """select ref, count(*) from portfolio.transactions where kind = 'fill' group by 1 having count(*) <> 1
           union all select f.fill_id::text, 0 from execution.fills f
             left join portfolio.transactions t on t.ref = f.fill_id::text and t.kind = 'fill' where t.id is null""",
    ),
    Check(
        "I12",
        "no row belongs to another user than its parent",
        """select 'order' as what, o.order_id as id from execution.orders o join execution.accounts a
             on a.id = o.account_id where a.user_id <> o.user_id
           union all select 'fill', f.fill_id from execution.fills f join execution.orders o using (order_id)
             where f.user_id <> o.user_id or f.account_id <> o.account_id
           union all select 'trade', t.fill_id from portfolio.trades t join execution.fills f using (fill_id)
             where t.user_id <> f.user_id
           union all select 'position', p.id from portfolio.positions p join execution.accounts a
             on a.id = p.account_id where a.user_id <> p.user_id
           union all select 'bot', b.id from bots.bots b join execution.accounts a on a.id = b.account_id
             where a.user_id <> b.user_id""",
    ),
    Check(
        "DLQ",
        "no message is parked",
        _each("select '{s}' as service, topic, key, error from {s}.dead_letters where state in ('parked', 'redrive')"),
    ),
)


async def verify(url: str, patience: float = 10.0) -> list[Finding]:
    """Ask every check; those that stay broken for `patience` seconds are found broken."""
    # fresh rows have no statistics yet: the planner takes them for few and would compare each with each
    connection = await asyncpg.connect(url, server_settings={"enable_nestloop": "off"})
    try:
        return [Finding(check, await _settled(connection, check, patience)) for check in CHECKS]
    finally:
        await connection.close()


async def _settled(connection: Any, check: Check, patience: float) -> list[dict[str, Any]]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    found: Counter[Any] = Counter()
    for looks in count(1):
        rows = await connection.fetch(f"select * from ({check.query}) broken limit {_LOOKED_AT}")  # noqa: S608
        found.update(rows)
        if not rows:
            break
        if loop.time() >= deadline:
            return [dict(row) for row, times in found.items() if times > looks / 2][:_SHOWN]
        await asyncio.sleep(0.1)
    return []
