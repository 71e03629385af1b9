"""Questions about what a user has."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.db.database import Connection
from millrace.common.kernel.money import ZERO
from millrace.portfolio.app.balances import accounts, main_currency, open_positions
from millrace.portfolio.app.positions import FEES, gained
from millrace.portfolio.domain.rates import Rates

Row = dict[str, Any]

_BALANCES = """
select b.account_id, b.currency, b.total, a.currency as account_currency, a.equity, a.marked_at,
  a.day_equity, greatest(a.best, a.equity) as peak, m.price
from balances b join accounts a using (account_id)
left join marks m on m.exchange = a.exchange and m.symbol = b.currency || '/' || a.currency
where b.user_id = $1 order by a.account_id, b.currency
"""
_EQUITY = """
with moments as (select distinct at from equity where user_id = $1 order by at desc limit $2)
select m.at, a.currency, sum(e.equity) as equity, max(e.drawdown) as drawdown
from moments m cross join accounts a cross join lateral (
  select equity, drawdown from equity e where e.account_id = a.account_id and e.at <= m.at order by e.at desc limit 1) e
where a.user_id = $1 group by m.at, a.currency order by m.at, a.currency
"""
_BOTS = """
select bot_id, sum(realized_pnl - fees) + sum(case when closed_at is null then
  quantity * (coalesce((select price from marks m where m.exchange = p.exchange and m.symbol = p.symbol), entry_price)
  - entry_price) else 0 end) as pnl
from positions p where user_id = $1 and bot_id is not null group by bot_id
"""
_REALISED = f"""
select t.bot_id, split_part(t.symbol, '/', 2) as quote, {gained("$2")}
from trades t {FEES} where t.user_id = $1 and t.bot_id is not null group by 1, 2
"""  # noqa: S608 - constants only


async def balances(connection: Connection, user_id: UUID, rate: Rates) -> Row:
    """What each account holds of each currency; `rates` are from the accounts' own into `currency`, where known."""
    owned = await accounts(connection, user_id)
    into = main_currency(owned)
    known = {name: rate.rate(name, into) for name in sorted({account["currency"] for account in owned})}
    return {
        "items": [dict(r) for r in await connection.fetch(_BALANCES, user_id)],
        "currency": into,
        "rates": {name: found.factor for name, found in known.items() if found is not None},
    }


async def equity(connection: Connection, user_id: UUID, limit: int, rate: Rates) -> Row:
    """The value of all accounts over time, oldest first; an account that was not marked keeps its last value.

    In `currency`, at today's rates; accounts in an `unpriced` currency have none and are left out.
    """
    into, points, unpriced = main_currency(await accounts(connection, user_id)), dict[datetime, Row](), set[str]()
    for row in await connection.fetch(_EQUITY, user_id, limit):
        worth = rate.worth(row["equity"], row["currency"], into)
        if worth is None:
            unpriced.add(row["currency"])
            continue
        point = points.setdefault(row["at"], {"at": row["at"], "equity": ZERO, "drawdown": ZERO})
        point.update(equity=point["equity"] + worth, drawdown=max(point["drawdown"], row["drawdown"]))
    return {"items": list(points.values()), "currency": into, "unpriced": sorted(unpriced)}


async def bot_results(connection: Connection, user_id: UUID) -> dict[str, Decimal]:
    """Profit and loss of each bot after fees, open positions at market, in its pair's quote currency."""
    return {str(r["bot_id"]): r["pnl"] for r in await connection.fetch(_BOTS, user_id)}


async def bot_results_in(connection: Connection, user_id: UUID, into: str, rate: Rates) -> dict[str, Decimal]:
    """The same in the currency `into`: what is realised at the rates of its time, the rest at those of now.

    Bots whose pair's quote currency has no rate are left out.
    """
    found: dict[str, Decimal] = {}
    for row in await connection.fetch(_REALISED, user_id, into):
        if (rest := rate.worth(row["rest"], row["quote"], into)) is not None:
            found[str(row["bot_id"])] = row["known"] + rest
    for position in await open_positions(connection, user_id):
        if (bot := str(position["bot_id"])) in found:
            found[bot] += rate.worth(position["pnl"], position["quote"], into) or ZERO
    return found
