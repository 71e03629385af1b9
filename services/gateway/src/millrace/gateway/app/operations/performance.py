"""Reports: how everything, an account, a group or a bot did."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.contracts.canonical import performance
from millrace.contracts.canonical.frame import ById, Nothing
from millrace.gateway.app.asking import Asking, Handlers
from millrace.gateway.app.operations.pages import count

_ZERO = Decimal(0)
DOLLARS = "USDT"
"""What amounts of several accounts are summed up in, whichever of them comes first."""
_SAME = (
    *("sharpe_ratio", "sortino_ratio", "volatility", "max_drawdown", "win_rate", "profit_factor"),
    *("total_trades", "winning_trades", "losing_trades", "largest_win", "largest_loss"),
)
_ON_CAPITAL = ("total_return", "volatility", "max_drawdown", "sharpe_ratio", "sortino_ratio")


def metrics(found: dict[str, Any]) -> performance.Metrics:
    """The numbers of a report; what cannot be said of a stretch without trades is zero."""
    told = found["metrics"]
    return performance.Metrics(
        **{name: told[name] if told[name] is not None else _ZERO for name in _SAME},
        profit=found["total_return"],
        total_return=found["total_return_fraction"] or _ZERO,
        avg_win=told["average_win"] or _ZERO,
        avg_loss=told["average_loss"] or _ZERO,
    )


def fractions(found: dict[str, Any]) -> dict[str, Any]:
    """The numbers of a report for a free-form object: returns, drawdown and win rate in percent.

    Without capital (a bot that was given none) what is measured on it is not known: None.
    """
    said = metrics(found)
    percents = ("total_return", "volatility", "max_drawdown", "win_rate")
    shown: dict[str, float | None] = {name: round(float(getattr(said, name) * 100), 4) for name in percents}
    rest = ("profit", "sharpe_ratio", "sortino_ratio", "profit_factor")
    shown |= {name: round(float(getattr(said, name)), 4) for name in rest}
    if found["total_return_fraction"] is None:
        shown |= dict.fromkeys(_ON_CAPITAL)
    return {
        **shown,
        "total_trades": said.total_trades,
        "winning_trades": said.winning_trades,
        "losing_trades": said.losing_trades,
    }


async def report(
    asking: Asking,
    asked: performance.AskPerformance,
    accounts: Sequence[UUID] | None = None,
    subject: str = "",
    currency: str | None = DOLLARS,
) -> performance.Performance:
    """A stretch of time over some accounts, or over all, in `currency`; None: in the one account's own."""
    query: dict[str, Any] = {"period": asked.period, "account_id": accounts}
    if currency is not None:
        query["currency"] = currency
    query |= {"start_date": asked.start and asked.start.isoformat(), "end_date": asked.end and asked.end.isoformat()}
    found = await asking.ask("portfolio", "GET", "/performance", query=query)
    days = tuple(
        performance.DailyReturn(
            date=day["date"], profit=day["amount"], fraction=day["fraction"] or _ZERO, balance=day["balance"]
        )
        for day in found["daily_returns"]
    )
    return performance.Performance(
        subject=subject,
        period=found["period"],
        start=found["start_date"],
        end=found["end_date"],
        initial_balance=found["initial_balance"],
        final_balance=found["final_balance"],
        days=days,
        metrics=metrics(found),
    )


async def portfolio(asking: Asking, asked: performance.AskPerformance) -> performance.Performance:
    """Everything the caller has."""
    return await report(asking, asked)


async def overview(asking: Asking, asked: Nothing) -> performance.Overview:
    """Seven numbers, in the caller's currency."""
    me = await asking.ask("auth", "GET", "/users/me")
    found = await asking.ask("portfolio", "GET", "/overview", query={"currency": me["currency"]})
    return performance.Overview(
        total_profit=found["total_profit"],
        total_capital=found["total_capital"],
        currency=found["currency"],
        active_bots=await count(asking, "bots", "/bots", status="active"),
        total_bots=await count(asking, "bots", "/bots"),
        win_rate=found["win_rate"] or _ZERO,
        exposure=found["exposure"] or _ZERO,
        risk_level=found["risk_level"],
    )


def of_all_time(bot: dict[str, Any]) -> dict[str, Any]:
    """The question for all that a bot ever did, in its quote currency and on the capital it was given, if any."""
    capital = bot["initial_capital"] if Decimal(bot["initial_capital"]) else None
    return {"bot_id": bot["id"], "period": "all", "currency": bot["symbol"].split("/")[1], "capital": capital}


async def of_bot(asking: Asking, asked: ById) -> performance.Periods:
    """What one bot earned by day, week and month, and on each of its accounts, in its quote currency.

    A return is one on the capital that it was given; None where it was given none.
    """
    row = await asking.ask("bots", "GET", f"/bots/{asked.id}")
    whole = of_all_time(row)
    periods: dict[str, Any] = {}
    for name, interval in (("daily", "day"), ("weekly", "week"), ("monthly", "month")):
        query = {**whole, "interval": interval}
        found = await asking.ask("portfolio", "GET", "/performance/history", query=query)
        periods[name] = {
            item["start"]: {
                "profit": float(item["gained"]),
                "return": round(float(item["fraction"]) * 100, 4) if whole["capital"] is not None else None,
            }
            for item in found["items"]
        }
    accounts = {}
    for account in dict.fromkeys([row["account_id"], *row["accounts"]]):
        did = await asking.ask("portfolio", "GET", "/performance", query={**whole, "account_id": account})
        accounts[account] = fractions(did)
    return performance.Periods(**periods, accounts=accounts)


HANDLERS: Handlers = {
    "portfolio.performance": portfolio,
    "portfolio.overview": overview,
    "bots.performance": of_bot,
}
