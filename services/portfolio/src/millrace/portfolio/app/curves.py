"""How balances have moved: of accounts by their marks, of bots by what their trades have realised."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.db.database import Connection
from millrace.common.kernel.money import ZERO
from millrace.portfolio.app.periods import Window
from millrace.portfolio.app.positions import FEES, gained
from millrace.portfolio.domain.performance import Point, accumulated
from millrace.portfolio.domain.rates import Rates

# A bin holds what is after its beginning up to its end, as days do; $3 is how long one is.
_BIN = "date_bin($3, {at}, timestamptz '1970-01-01 00:00:00.000001+00') + $3 - interval '1 microsecond'"
_MARKS = f"""
select distinct on (account_id, 2) account_id, {_BIN.format(at="at")} as bin, equity from equity
where account_id = any($1::uuid[]) and at > $2 and at <= $4 order by account_id, 2, at desc
"""  # noqa: S608 - constants only
_BEFORE = """
select a.account_id, e.equity from unnest($1::uuid[]) as a(account_id) cross join lateral (
  select equity from equity e where e.account_id = a.account_id and e.at <= $2 order by e.at desc limit 1) e
"""
_FLOWS = f"""
select e.account_id, e.currency, {_BIN.format(at="x.at")} as bin, sum(e.amount) as amount
from transactions x join entries e on e.transaction_id = x.id and e.book = 'cash'
where x.user_id = $5 and x.kind in ('opening', 'adjustment', 'transfer') and x.at > $2 and x.at <= $4
  and e.account_id = any($1::uuid[]) group by 1, 2, 3
"""  # noqa: S608
_GAINS = f"""
select split_part(t.symbol, '/', 2) as quote, {_BIN.format(at="t.at")} as bin, {gained("$6")}
from trades t {FEES} where t.user_id = $1 and t.bot_id = any($2::uuid[]) and t.at <= $4
  and ($5::uuid[] is null or t.account_id = any($5)) group by 1, 2
"""  # noqa: S608


async def of_accounts(
    connection: Connection, user_id: UUID, accounts: Sequence[Any], span: Window, rate: Rates, into: str
) -> list[Point]:
    """The accounts' balance together; the first point is what it began with. Empty when nothing was ever marked.

    Currencies are converted at today's rates. An account that was not marked keeps its last value; its opening funds
    and what is transferred are flows, except that a curve which begins with an opening starts from those funds.
    """
    currencies = {account["account_id"]: account["currency"] for account in accounts}
    chosen = (list(currencies), span.start, span.grain, span.end)
    values = {
        row["account_id"]: rate.worth(row["equity"], currencies[row["account_id"]], into) or ZERO
        for row in await connection.fetch(_BEFORE, *chosen[:2])
    }
    marks: dict[datetime, dict[UUID, Decimal]] = {}
    for row in await connection.fetch(_MARKS, *chosen):
        worth = rate.worth(row["equity"], currencies[row["account_id"]], into) or ZERO
        marks.setdefault(row["bin"], {})[row["account_id"]] = worth
    flows: dict[datetime, Decimal] = {}
    for row in await connection.fetch(_FLOWS, *chosen, user_id):
        flows[row["bin"]] = flows.get(row["bin"], ZERO) + (rate.worth(row["amount"], row["currency"], into) or ZERO)
    return _curve(values, marks, flows, span)


def _curve(
    values: dict[UUID, Decimal],
    marks: dict[datetime, dict[UUID, Decimal]],
    flows: dict[datetime, Decimal],
    span: Window,
) -> list[Point]:
    points = [Point(span.start, sum(values.values(), ZERO))] if values else []
    for at in sorted({*marks, *flows}):
        values.update(marks.get(at, {}))
        flow = flows.get(at, ZERO)
        if not points:
            points, flow = [Point(at - span.grain + timedelta(microseconds=1), flow)], ZERO
        points.append(Point(min(at, span.end), sum(values.values(), ZERO), flow))
    return points


async def of_bots(
    connection: Connection,
    user_id: UUID,
    chosen: tuple[list[UUID], list[UUID] | None],
    capital: Decimal,
    span: Window,
    rate: Rates,
    into: str,
) -> list[Point]:
    """`capital` and what fills have realised after fees, by their instants; of the chosen bots, on the accounts.

    Each fill is converted at the rate it was booked with, so that what is past stays as it was.
    """
    bots, accounts = chosen
    before, gains = ZERO, dict[datetime, Decimal]()
    for row in await connection.fetch(_GAINS, user_id, bots, span.grain, span.end, accounts, into):
        gain = row["known"] + (rate.worth(row["rest"], row["quote"], into) or ZERO)
        if row["bin"] <= span.start:
            before += gain
        else:
            gains[row["bin"]] = gains.get(row["bin"], ZERO) + gain
    start = Point(span.start, capital + before)
    return list(accumulated(start, [(min(at, span.end), gain) for at, gain in sorted(gains.items())]))
