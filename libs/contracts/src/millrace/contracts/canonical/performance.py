"""How well something did."""

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import AwareDatetime, Field

from millrace.contracts.canonical.frame import Canonical, Ref

ZERO = Decimal(0)


class Metrics(Canonical):
    """Returns, volatility, drawdown and win rate as fractions; ratios as they are; amounts in quote currency."""

    total_return: Decimal = ZERO
    profit: Decimal = ZERO
    volatility: Decimal = ZERO
    sharpe_ratio: Decimal = ZERO
    sortino_ratio: Decimal = ZERO
    max_drawdown: Decimal = ZERO
    win_rate: Decimal = ZERO
    profit_factor: Decimal = ZERO
    total_trades: int = 0
    winning_trades: int = 0
    losing_trades: int = 0
    avg_win: Decimal = ZERO
    avg_loss: Decimal = ZERO
    largest_win: Decimal = ZERO
    largest_loss: Decimal = ZERO


class Simulated(Metrics):
    """What is told of backtests besides: a fraction, a ratio, and the mean result of a trade as an amount."""

    annual_return: Decimal = ZERO
    calmar_ratio: Decimal = ZERO
    avg_trade_return: Decimal = ZERO


class DailyReturn(Canonical):
    """One day: what was earned, as an amount and as a fraction, and the balance at its end."""

    date: date
    profit: Decimal
    fraction: Decimal
    balance: Decimal


class Performance(Canonical):
    """A stretch of time. `subject` is whose: an account, a group or everything."""

    subject: str = ""
    period: str = "all"
    start: AwareDatetime
    end: AwareDatetime
    initial_balance: Decimal = ZERO
    final_balance: Decimal = ZERO
    days: tuple[DailyReturn, ...] = ()
    metrics: Metrics = Metrics()


class Periods(Canonical):
    """The same numbers by day, week, month and account, free-form."""

    daily: dict[str, Any] = Field(default_factory=dict)
    weekly: dict[str, Any] = Field(default_factory=dict)
    monthly: dict[str, Any] = Field(default_factory=dict)
    accounts: dict[str, Any] = Field(default_factory=dict)


class AskPerformance(Canonical):
    """How did it go? By period, or from `start` to `end`; `id` names an account or a group."""

    id: Ref | None = None
    period: str = "all"
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None


class Overview(Canonical):
    """Everything of one user in seven numbers; `win_rate` and `exposure` are fractions."""

    total_profit: Decimal = ZERO
    total_capital: Decimal = ZERO
    currency: str = "ZAR"
    active_bots: int = 0
    total_bots: int = 0
    win_rate: Decimal = ZERO
    exposure: Decimal = ZERO
    risk_level: str = "moderate"
