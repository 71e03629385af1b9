"""Questions about positions and the fills they are made of."""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from millrace.common.db.database import Connection
from millrace.common.kernel.money import ZERO, divided, times
from millrace.portfolio.domain.round_trips import round_trip

Row = dict[str, Any]

# Positions are of spot accounts: the margin of one is all that it cost.
_FOUND = """
from positions p left join marks m on m.exchange = p.exchange and m.symbol = p.symbol
where p.user_id = $1 and ($2::uuid[] is null or p.account_id = any($2)) and ($3::uuid[] is null or p.bot_id = any($3))
  and ($4::text is null or p.symbol = $4) and ($5 = 'all' or (p.closed_at is null) = ($5 = 'open'))
  and ($6::text is null or case $6 when 'long' then p.quantity >= 0 else p.quantity < 0 end)
"""
_POSITIONS = f"""
select p.*, coalesce(m.price, p.entry_price) as mark_price {_FOUND} order by p.opened_at desc, p.id limit $7 offset $8
"""
_POSITION_COUNT = f"select count(*) {_FOUND}"
_CLOSED = """
from positions p where user_id = $1 and closed_at is not null
  and ($2::uuid[] is null or account_id = any($2)) and ($3::uuid[] is null or bot_id = any($3))
  and ($4::text is null or symbol = $4) and ($5::timestamptz is null or closed_at >= $5)
  and ($6::timestamptz is null or closed_at < $6)
"""
_CLOSED_PAGE = f"select * {_CLOSED} order by closed_at desc, num desc limit $7 offset $8"
_CLOSED_COUNT = f"select count(*) {_CLOSED}"
_FILLS = "select position_id, side, quantity, price from trades where position_id = any($1::uuid[]) order by num"

FEES = """
left join lateral (
  select e.currency as fee_currency from transactions x join entries e on e.transaction_id = x.id and e.book = 'fees'
  where x.kind = 'fill' and x.ref = t.fill_id::text limit 1) f on true
"""
"""What the ledger says of the currency that a trade's fee was paid in."""
FEE_IN_QUOTE = """
case f.fee_currency when split_part(t.symbol, '/', 2) then t.fee when split_part(t.symbol, '/', 1) then t.fee * t.price
  else 0 end
"""
"""The fee in the pair's quote currency, as positions count it: one in a third currency is in the ledger only."""


def gained(into: str) -> str:
    """SQL: what trades `t` realised after fees; `known` in the currency `into`, by the rates they were booked with.

    `rest` is in quote currency, of those without: nothing has to be converted, or an older version booked them.
    """
    gain, rate = f"t.realized_pnl - ({FEE_IN_QUOTE})", f"(t.rates->>{into}::text)::numeric"
    return f"""
  round(coalesce(sum(({gain}) * {rate}), 0), 18) as known,
  round(coalesce(sum({gain}) filter (where {rate} is null), 0), 18) as rest
"""


_TRADED = """
from trades t where t.user_id = $1 and ($2::uuid[] is null or t.account_id = any($2))
  and ($3::uuid[] is null or t.bot_id = any($3)) and ($4::text is null or t.symbol = $4)
  and ($5::text is null or t.side = $5) and ($6::timestamptz is null or t.at >= $6)
  and ($7::timestamptz is null or t.at < $7)
"""
_TRADES = f"""
with page as (select * {_TRADED} order by t.num desc limit $8 offset $9)
select t.*, f.fee_currency, ({FEE_IN_QUOTE})::numeric(38,18) as fee_in_quote,
  (t.realized_pnl - ({FEE_IN_QUOTE}))::numeric(38,18) as profit_loss
from page t {FEES} order by t.num desc
"""  # noqa: S608 - constants only
_TRADE_COUNT = f"select count(*) {_TRADED}"


class Scope(NamedTuple):
    """Whose positions: of some accounts, of some bots, of one pair; None means all."""

    accounts: list[UUID] | None = None
    bots: list[UUID] | None = None
    symbol: str | None = None


async def positions(
    connection: Connection, user_id: UUID, scope: Scope, status: str, side: str | None, limit: int, offset: int
) -> tuple[list[Row], int]:
    """The user's positions, newest first, at market, and how many there are."""
    chosen = (user_id, *scope, status, side)
    rows = await connection.fetch(_POSITIONS, *chosen, limit, offset)
    return [_at_market(dict(row)) for row in rows], await connection.fetchval(_POSITION_COUNT, *chosen)


async def closed(
    connection: Connection,
    user_id: UUID,
    scope: Scope,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    offset: int,
) -> tuple[list[Row], int]:
    """Closed positions, the last closed first, with what was paid and got on the whole, and how many there are."""
    chosen = (user_id, *scope, since, until)
    rows = await connection.fetch(_CLOSED_PAGE, *chosen, limit, offset)
    fills: dict[UUID, list[tuple[Decimal, Decimal]]] = {}
    for fill in await connection.fetch(_FILLS, [row["id"] for row in rows]):
        signed = fill["quantity"] if fill["side"] == "buy" else -fill["quantity"]
        fills.setdefault(fill["position_id"], []).append((signed, fill["price"]))
    items = [_whole(dict(row), fills.get(row["id"], [])) for row in rows]
    return items, await connection.fetchval(_CLOSED_COUNT, *chosen)


async def trades(
    connection: Connection,
    user_id: UUID,
    scope: Scope,
    side: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    offset: int,
) -> tuple[list[Row], int]:
    """Fills, newest first, with what each realised after its fee, and how many there are."""
    chosen = (user_id, *scope, side, since, until)
    rows = await connection.fetch(_TRADES, *chosen, limit, offset)
    items = [{**row, "rates": orjson.loads(row["rates"] or "{}")} for row in rows]
    return items, await connection.fetchval(_TRADE_COUNT, *chosen)


def _at_market(row: Row) -> Row:
    margin = times(abs(row["quantity"]), row["entry_price"])
    pnl = times(row["quantity"], row["mark_price"] - row["entry_price"])
    return {
        **row,
        "side": "long" if row["quantity"] >= 0 else "short",
        "unrealized_pnl": pnl,
        "margin": margin,
        "return_on_margin": divided(pnl, margin) if margin else ZERO,
    }


def _whole(row: Row, fills: list[tuple[Decimal, Decimal]]) -> Row:
    trip = round_trip(fills)
    return {
        **row,
        "side": trip.side,
        "size": trip.size,
        "entry_price": trip.entry_price,
        "exit_price": trip.exit_price,
        "pnl": row["realized_pnl"],
        "fee": row["fees"],
        "net_pnl": row["realized_pnl"] - row["fees"],
    }
