"""Figures of a run, worked out by hand."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from millrace.backtest.domain.holding import Trade
from millrace.backtest.domain.simulation import Point
from millrace.backtest.domain.statistics import daily_returns, drawdowns, metrics
from services.backtest.tests.conftest import START

DAY = timedelta(days=1)


def points(*worth: object, step: timedelta = DAY) -> list[Point]:
    """One point after the other."""
    return [Point(START + n * step, Decimal(str(value))) for n, value in enumerate(worth)]


def earned(pnl: object) -> Trade:
    """A trade of which only the result matters."""
    facts: dict[str, Any] = {"entry_at": START, "exit_at": START + DAY, "symbol": "BTC/USDT", "side": "buy"}
    numbers = dict.fromkeys(("quantity", "entry_price", "exit_price", "fraction", "commission"), Decimal(1))
    return Trade(**facts, **numbers, pnl=Decimal(str(pnl)))


def test_returns_and_drawdown_are_fractions_and_the_profit_is_an_amount() -> None:
    found = metrics(points(1000, 1200, 900, 1125), [])
    assert found["total_return"] == Decimal("0.125")
    assert found["profit"] == 125
    assert found["max_drawdown"] == Decimal("0.25")
    assert found["annual_return"] == pytest.approx(Decimal("0.125") * 365 / 3)
    assert found["calmar_ratio"] == pytest.approx(Decimal("0.125") * 365 / 3 / Decimal("0.25"))


def test_in_a_year_nobody_loses_more_than_all() -> None:
    found = metrics(points(1000, 800, 500), [])
    assert (found["annual_return"], found["calmar_ratio"]) == (-1, -2)


def test_a_drawdown_counts_from_the_highest_point_before() -> None:
    assert drawdowns(points(100, 80, 120, 90, 120)) == [0, Decimal("0.2"), 0, Decimal("0.25"), 0]


def test_ratios_are_of_daily_returns_by_the_year() -> None:
    found = metrics(points(1000, 1100, 1045), [])  # +10 %, -5 %
    mean, deviation = 0.025, ((0.075**2 * 2) / 1) ** 0.5
    downside = (0.05**2 / 2) ** 0.5
    root = 365**0.5
    assert float(found["volatility"] or 0) == pytest.approx(deviation * root)
    assert float(found["sharpe_ratio"] or 0) == pytest.approx(mean / deviation * root)
    assert float(found["sortino_ratio"] or 0) == pytest.approx(mean / downside * root)


def test_hours_are_joined_to_days_and_midnight_ends_the_day_before() -> None:
    hours = points(*(1000 + n for n in range(49)), step=timedelta(hours=1))
    assert daily_returns(hours) == [Decimal("0.024"), Decimal(1048) / Decimal(1024) - 1]


def test_what_cannot_be_said_is_none() -> None:
    flat = metrics(points(1000, 1000), [])
    for name in ("volatility", "sharpe_ratio", "sortino_ratio", "calmar_ratio", "win_rate", "profit_factor", "avg_win"):
        assert flat[name] is None, name
    assert (flat["total_return"], flat["max_drawdown"], flat["total_trades"]) == (0, 0, 0)
    assert metrics(points(1000, 1000, 1000), [])["sharpe_ratio"] is None
    assert metrics(points(1000, 1010, 1030), [])["sortino_ratio"] is None


def test_trades_are_counted_by_their_result() -> None:
    found = metrics(points(1000, 1006), [earned(pnl) for pnl in (10, -4, 0, 2, -2)])
    assert (found["total_trades"], found["winning_trades"], found["losing_trades"]) == (5, 2, 2)
    assert (found["win_rate"], found["profit_factor"]) == (Decimal("0.4"), 2)
    assert (found["avg_trade_return"], found["avg_win"], found["avg_loss"]) == (Decimal("1.2"), 6, -3)
    assert (found["largest_win"], found["largest_loss"]) == (10, -4)


def test_losing_everything_breaks_no_figure() -> None:
    found = metrics(points(1000, 0, 0), [])
    assert (found["total_return"], found["max_drawdown"]) == (-1, 1)
