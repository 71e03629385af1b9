"""Reports of how accounts, bots, or all that a user has, did over a time."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.db.database import Connection
from millrace.common.kernel.money import ZERO, divided
from millrace.portfolio.app import balances, curves
from millrace.portfolio.app.periods import Window
from millrace.portfolio.app.positions import FEES, gained
from millrace.portfolio.domain import performance
from millrace.portfolio.domain.performance import Interval, Point, Span
from millrace.portfolio.domain.rates import Rates
from millrace.portfolio.domain.round_trips import risk_level, tally

Row = dict[str, Any]

_RESULTS = f"""
select p.quote, p.result, g.known, g.rest
from (select *, split_part(symbol, '/', 2) as quote, realized_pnl - fees as result from positions) p
left join lateral (
  select {gained("$6")} from trades t {FEES} where t.position_id = p.id and p.quote <> $6) g on true
where p.user_id = $1 and p.closed_at > $2 and p.closed_at <= $3 and ($4::uuid[] is null or p.account_id = any($4))
  and ($5::uuid[] is null or p.bot_id = any($5)) order by p.closed_at, p.num
"""  # noqa: S608 - constants only
_NEWEST = "select max(marked_at) from accounts where user_id = $1"
_PUT_IN = """
select e.currency, sum(e.amount) as amount from transactions x join entries e on e.transaction_id = x.id
where x.user_id = $1 and x.kind in ('opening', 'adjustment', 'transfer') and e.book = 'cash'
  and e.account_id = any($2::uuid[]) group by 1
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is reported on: chosen accounts (a group's), chosen bots (a strategy's), or neither: all accounts.

    Bots and accounts are what the bots did on the accounts. Bots have no balance of their own: `capital` is what the
    caller says they were given, in `currency`.
    """

    accounts: list[UUID] | None = None
    bots: list[UUID] | None = None
    capital: Decimal | None = None
    currency: str | None = None


async def newest(connection: Connection, user_id: UUID, now: datetime) -> datetime:
    """Now, or the market's time where a replay has it run ahead of the clock."""
    marked = await connection.fetchval(_NEWEST, user_id)
    return now if marked is None else max(now, marked)


async def report(connection: Connection, user_id: UUID, subject: Subject, span: Window, rate: Rates) -> Row:
    """What the contracts' performance reports are made of. Fractions; what cannot be said is None."""
    owned = await balances.accounts(connection, user_id, subject.accounts)
    into = subject.currency or balances.main_currency(owned)
    points = await _points(connection, user_id, subject, owned, span, rate, into)
    spans = performance.days(points)
    fractions = [day.fraction for day in spans]
    first, last = (points[0].balance, points[-1].balance) if points else (ZERO, ZERO)
    flows = sum((point.flow for point in points[1:]), ZERO)
    sized = subject.bots is None or subject.capital is not None
    return {
        "period": span.name,
        "start_date": _begun(points, span) if span.begins_with_the_first else span.start,
        "end_date": span.end,
        "currency": into,
        "initial_balance": first,
        "final_balance": last,
        "net_deposits": flows,
        "total_return": last - first - flows,
        "total_return_fraction": performance.linked(fractions) if points and sized else None,
        "daily_returns": [_day(day, sized=sized) for day in spans],
        "metrics": {
            **_ratios(points, fractions, sized=sized),
            **asdict(tally(await _results(connection, user_id, subject, span, rate, into))),
            "exposure": await exposure(connection, user_id, subject, rate, into, last),
        },
    }


def _begun(points: Sequence[Point], span: Window) -> datetime:
    """When what is known begins; with nothing before its end a stretch has no length."""
    return points[0].at if points else span.end


async def history(
    connection: Connection, user_id: UUID, subject: Subject, span: Window, interval: Interval, rate: Rates
) -> list[Span]:
    """The same by days, weeks or calendar months, oldest first."""
    owned = await balances.accounts(connection, user_id, subject.accounts)
    into = subject.currency or balances.main_currency(owned)
    points = await _points(connection, user_id, subject, owned, span, rate, into)
    return performance.grouped(performance.days(points), interval)


async def _points(
    connection: Connection,
    user_id: UUID,
    subject: Subject,
    owned: Sequence[Row],
    span: Window,
    rate: Rates,
    into: str,
) -> list[Point]:
    if subject.bots is None:
        points = await curves.of_accounts(connection, user_id, owned, span, rate, into)
        if points and span.end >= span.now and any(account["moved"] for account in owned):
            worth = sum((rate.worth(a["equity"], a["currency"], into) or ZERO for a in owned), ZERO)
            points.append(Point(max(points[-1].at, span.now), worth))
        return points
    chosen = (subject.bots, subject.accounts)
    points = await curves.of_bots(connection, user_id, chosen, subject.capital or ZERO, span, rate, into)
    still_open = await _open(connection, user_id, subject)
    gained = sum((rate.worth(p["pnl"], p["quote"], into) or ZERO for p in still_open), ZERO)
    at = max(min(span.end, span.now), points[-1].at)  # not a day for each one until an end far in the future
    return [*points, Point(at, points[-1].balance + gained)]


def _ratios(points: Sequence[Point], fractions: Sequence[Decimal], *, sized: bool) -> Row:
    if not sized:
        return dict.fromkeys(("sharpe_ratio", "sortino_ratio", "volatility", "max_drawdown"))
    return {
        "sharpe_ratio": performance.sharpe(fractions),
        "sortino_ratio": performance.sortino(fractions),
        "volatility": performance.volatility(fractions),
        "max_drawdown": performance.max_drawdown(points),
    }


def _day(day: Span, *, sized: bool) -> Row:
    fraction = day.fraction if sized else None
    return {"date": day.end, "amount": day.gained, "fraction": fraction, "balance": day.balance}


async def _results(
    connection: Connection, user_id: UUID, subject: Subject, span: Window, rate: Rates, into: str
) -> list[Decimal]:
    """What each closed position made after fees: what its fills realised, at the rates they were booked with."""
    chosen = (user_id, span.start, span.end, subject.accounts, subject.bots)
    rows = await connection.fetch(_RESULTS, *chosen, into)
    return [
        row["result"] if row["quote"] == into else row["known"] + (rate.worth(row["rest"], row["quote"], into) or ZERO)
        for row in rows
    ]


async def _open(connection: Connection, user_id: UUID, subject: Subject) -> list[Row]:
    rows = await balances.open_positions(connection, user_id, subject.accounts)
    return [row for row in rows if subject.bots is None or row["bot_id"] in subject.bots]


async def exposure(
    connection: Connection, user_id: UUID, subject: Subject, rate: Rates, into: str, equity: Decimal
) -> Decimal | None:
    """The value of what is open now, as a fraction of `equity`; None without any."""
    rows = await _open(connection, user_id, subject)
    value = sum((rate.worth(abs(row["value"]), row["quote"], into) or ZERO for row in rows), ZERO)
    return divided(value, equity) if equity > 0 else None


async def overview(
    connection: Connection,
    user_id: UUID,
    currency: str | None,
    span: Window,
    rate: Rates,
) -> Row:
    """All that a user has, in a few figures over all time."""
    owned = await balances.accounts(connection, user_id)
    into = currency or balances.main_currency(owned)
    equity = sum((rate.worth(a["equity"], a["currency"], into) or ZERO for a in owned), ZERO)
    rows = await connection.fetch(_PUT_IN, user_id, [account["account_id"] for account in owned])
    put_in = sum((rate.worth(row["amount"], row["currency"], into) or ZERO for row in rows), ZERO)
    counted = tally(await _results(connection, user_id, Subject(), span, rate, into))
    share = await exposure(connection, user_id, Subject(), rate, into, equity)
    falls = [divided(a["peak"] - a["equity"], a["peak"]) for a in owned if a["peak"] > 0]
    return {
        "currency": into,
        "total_profit": equity - put_in,
        "total_capital": equity,
        "win_rate": counted.win_rate,
        "total_trades": counted.total_trades,
        "exposure": share,
        "risk_level": risk_level(share or ZERO, max(falls, default=ZERO)),
    }
