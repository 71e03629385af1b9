"""What there is and how it went, as text."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from millrace.contracts.canonical.accounts import Asset, PortfolioBalance
from millrace.contracts.canonical.frame import Nothing
from millrace.contracts.canonical.performance import AskPerformance, Performance
from millrace.contracts.crypto.wire import CRYPTO
from millrace.contracts.names import Access
from millrace.contracts.spelling import End, Moment, falling, fixed, moment, percent, ratio, units
from millrace.contracts.table import Asked, Call, Row, Shape, View


def _lower(told: Any) -> Any:
    return told.strip().lower() if isinstance(told, str) else told


Period = Annotated[Literal["1d", "7d", "30d", "90d", "1y", "all"], BeforeValidator(_lower)]


class PerformanceQuery(Asked):
    """A period, or a stretch of one's own; a date as its end is in it."""

    period: Period = "30d"
    start_date: Moment | None = None
    end_date: End | None = None


class AssetShape(Shape):
    """One currency."""

    asset: str
    wallet_balance: str
    unrealized_pnl: str
    margin_balance: str
    available_balance: str
    locked_balance: str


class BalanceShape(Shape):
    """Everything together, in USDT. Locked is what open orders hold, available what another could use."""

    account_type: str
    total_wallet_balance: str
    available_balance: str
    locked_balance: str
    unrealized_pnl: str
    margin_balance: str
    assets: list[AssetShape]
    updated_at: str


class DayShape(Shape):
    """One day: what was earned as an amount and in percent."""

    date: str
    return_: str = Field(alias="return")
    return_percentage: str
    balance: str


class MetricsShape(Shape):
    """Percents, and drawdown at or below zero."""

    sharpe_ratio: str
    sortino_ratio: str
    max_drawdown: str
    max_drawdown_percentage: str
    volatility: str
    win_rate: str
    profit_factor: str


class PerformanceShape(Shape):
    """A stretch of time."""

    period: str
    start_date: str
    end_date: str
    initial_balance: str
    final_balance: str
    total_return: str
    total_return_percentage: str
    daily_returns: list[DayShape]
    metrics: MetricsShape


_DAYS = {"1d": 1, "7d": 7, "30d": 30, "90d": 90, "1y": 365}


def _ask(call: Call) -> AskPerformance:
    asked: PerformanceQuery = call.query
    start = asked.start_date
    if start is None and asked.end_date is not None and "period" in asked.model_fields_set:
        start = _before(asked.end_date, asked.period)
    return AskPerformance(period=asked.period, start=start, end=asked.end_date)


def _before(end: datetime, period: str) -> datetime | None:
    """When a period begins that ends at one's own time; None for all there is before that."""
    try:
        return end - timedelta(days=_DAYS[period])
    except (KeyError, OverflowError):
        return None


def _asset(held: Asset) -> dict[str, str]:
    return {
        "asset": held.currency,
        "wallet_balance": units(held.total),
        "unrealized_pnl": units(held.unrealized_pnl),
        "margin_balance": units(held.total + held.unrealized_pnl),
        "available_balance": units(held.total - held.locked),
        "locked_balance": units(held.locked),
    }


def _show_balance(found: PortfolioBalance, now: datetime) -> dict[str, Any]:
    return {
        "account_type": found.account_type,
        "total_wallet_balance": fixed(found.wallet),
        "available_balance": fixed(found.available),
        "locked_balance": fixed(found.locked),
        "unrealized_pnl": fixed(found.unrealized_pnl),
        "margin_balance": fixed(found.wallet + found.unrealized_pnl),
        "assets": [_asset(held) for held in found.assets],
        "updated_at": moment(found.updated_at),
    }


def _show_performance(found: Performance, now: datetime) -> dict[str, Any]:
    did = found.metrics
    days = [
        {
            "date": day.date.isoformat(),
            "return": fixed(day.profit),
            "return_percentage": ratio(percent(day.fraction)),
            "balance": fixed(day.balance),
        }
        for day in found.days
    ]
    drawdown, earned = ratio(falling(did.max_drawdown)), ratio(percent(did.total_return))
    return {
        "period": found.period,
        "start_date": moment(found.start),
        "end_date": moment(found.end),
        "initial_balance": fixed(found.initial_balance),
        "final_balance": fixed(found.final_balance),
        "total_return": earned,  # the document's sample is a percent under both names
        "total_return_percentage": earned,
        "daily_returns": days,
        "metrics": {
            "sharpe_ratio": ratio(did.sharpe_ratio),
            "sortino_ratio": ratio(did.sortino_ratio),
            "max_drawdown": drawdown,
            "max_drawdown_percentage": drawdown,
            "volatility": ratio(percent(did.volatility)),
            "win_rate": ratio(percent(did.win_rate)),
            "profit_factor": ratio(did.profit_factor),
        },
    }


def _row(path: str, operation: str, view: View) -> Row:
    return Row("GET", f"/api/v1/portfolio/{path}", CRYPTO, operation, Access.USER, view, category="portfolio")


ROWS = (
    _row("balance", "portfolio.balance", View(lambda call: Nothing(), _show_balance, BalanceShape)),
    _row(
        "performance",
        "portfolio.performance",
        View(_ask, _show_performance, PerformanceShape, query=PerformanceQuery),
    ),
)
