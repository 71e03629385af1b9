"""What happened, in a form that is equal when the same happened: orders, fills and ledger of each account, in order.

Ids are left out, since users and bots get new ones in every run; names, amounts and market times stay.
"""

import hashlib
from typing import Any

import asyncpg
import orjson

from millrace.common.kernel.money import plain

_ACCOUNTS = "select id from execution.accounts order by num"
_ORDERS = """
select 'order' as kind, b.name as bot, o.symbol, o.side, o.order_type, o.quantity, o.price, o.state, o.filled_quantity,
  o.filled_notional, o.fees, o.reason, o.requested_at, o.updated_at
from execution.orders o left join bots.bots b on b.id = o.bot_id where o.account_id = $1 order by o.num
"""
_FILLS = """
select 'fill' as kind, b.name as bot, o.symbol, o.side, f.price, f.quantity, f.notional, f.fee, f.fee_currency,
  f.liquidity, f.filled_at
from execution.fills f join execution.orders o using (order_id) left join bots.bots b on b.id = o.bot_id
where f.account_id = $1 order by f.num
"""
_LEDGER = """
select 'ledger' as kind, t.kind as entry, e.leg, e.book, e.currency, e.amount,
  case when t.kind = 'opening' then null else t.at end as at
from portfolio.entries e join portfolio.transactions t on t.id = e.transaction_id
where t.account_id = $1 order by t.num, e.leg
"""


async def record(url: str) -> list[str]:
    """One line for each order, fill and ledger leg."""
    connection = await asyncpg.connect(url)
    try:
        lines: list[str] = []
        for number, account in enumerate(await connection.fetch(_ACCOUNTS)):
            for query in (_ORDERS, _FILLS, _LEDGER):
                lines += [_line(number, row) for row in await connection.fetch(query, account["id"])]
        return lines
    finally:
        await connection.close()


def digest(lines: list[str]) -> str:
    """SHA-256 over the lines."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def first_difference(one: list[str], other: list[str]) -> str | None:
    """Where two records part, in words; None when they are equal."""
    for number, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return f"event {number + 1} differs:\n  {a}\n  {b}"
    if len(one) != len(other):
        end = min(len(one), len(other))
        longer = one if len(one) > len(other) else other
        return f"one record ends after {end} events; the other goes on with\n  {longer[end]}"
    return None


def _line(account: int, row: Any) -> str:
    found = {name: plain(value) if hasattr(value, "as_tuple") else value for name, value in row.items()}
    return orjson.dumps({"account": account, **found}, default=str).decode()
