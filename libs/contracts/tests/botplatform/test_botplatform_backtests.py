"""Backtests in contract botplatform."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from libs.contracts.tests.botplatform.cases import asked, row_of
from libs.contracts.tests.samples import ID, NOW, sample
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.botplatform import DIALECT
from millrace.contracts.canonical.frame import ById, Page
from millrace.contracts.canonical.performance import Simulated
from millrace.contracts.canonical.research import Backtest, CreateBacktest, EquityPoint, ListBacktests
from millrace.contracts.names import Contract

ALL, ONE = "/api/v1/backtests", "/api/v1/backtests/{backtest_id}"
CREATE, LIST, GET, DELETE = f"POST {ALL}", f"GET {ALL}", f"GET {ONE}", f"DELETE {ONE}"
STRATEGY = UUID(int=5)
COSTS = {"initial_capital": 10000.00, "mode": "PERCENT_EQUITY", "commission_rate": 0.001, "slippage_model": "FIXED"}
NEW: dict[str, Any] = {
    "strategy_id": str(STRATEGY),
    "symbol": "BTCUSDT",
    "start_date": "2025-01-01T00:00:00Z",
    "end_date": "2025-12-01T00:00:00Z",
    "config": COSTS,
}


def answer(ask: str, result: Any) -> Any:
    """The body that a result becomes."""
    return row_of(DIALECT, ask).view.present(result, NOW)


def test_a_backtest_is_of_a_strategy_a_market_a_time_and_costs() -> None:
    assert asked(DIALECT, CREATE, NEW) == CreateBacktest(
        strategy_id=STRATEGY,
        symbols=("BTC/USDT",),
        timeframes=("1h",),
        start=datetime(2025, 1, 1, tzinfo=UTC),
        end=datetime(2025, 12, 1, tzinfo=UTC),
        initial_capital=Decimal(10000),
        mode="percent_equity",
        commission=Decimal("0.001"),
        slippage_model="fixed",
        slippage=Decimal("0.0005"),
        origin=Contract.BOTPLATFORM,
    )


def test_costs_may_be_missing() -> None:
    told = {key: value for key, value in NEW.items() if key != "config"}
    assert asked(DIALECT, CREATE, told) == asked(DIALECT, CREATE, NEW)


@pytest.mark.parametrize(
    ("model", "rate"), [("NONE", "0"), ("none", "0"), ("FIXED", "0.002"), ("Percent", "0.002"), ("VOLUME", "0.002")]
)
def test_a_model_of_slippage_has_its_rate_and_none_has_none(model: str, rate: str) -> None:
    command = asked(DIALECT, CREATE, {**NEW, "config": {"slippage_model": model, "slippage": 0.002}})
    assert (command.slippage_model, command.slippage) == (model.lower(), Decimal(rate))


@pytest.mark.parametrize("mode", ["PERCENT_EQUITY", "fixed_amount", "Fixed_Quantity"])
def test_a_mode_is_read_in_any_case(mode: str) -> None:
    assert asked(DIALECT, CREATE, {**NEW, "config": {"mode": mode}}).mode == mode.lower()


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2025-01-01", "2025-12-01"),
        (1735689600, 1764547200),
        ("1735689600", "1764547200000"),
        ("2025-01-01T02:00:00+02:00", "2025-12-01T00:00:00"),
    ],
)
def test_times_are_read_in_every_way(start: Any, end: Any) -> None:
    assert asked(DIALECT, CREATE, {**NEW, "start_date": start, "end_date": end}) == asked(DIALECT, CREATE, NEW)


@pytest.mark.parametrize("end", ["2025-01-01T00:00:00Z", "2024-12-31"])
def test_an_end_comes_after_its_start(end: str) -> None:
    with pytest.raises(MillraceError) as refused:
        asked(DIALECT, CREATE, {**NEW, "end_date": end})
    assert (refused.value.code, refused.value.status) == (Code.INVALID_DATE_RANGE, 400)
    assert refused.value.fields == {"end_date": "must be after start_date"}


def test_what_is_no_pair_is_refused() -> None:
    with pytest.raises(MillraceError, match="is not a trading pair"):
        asked(DIALECT, CREATE, {**NEW, "symbol": "BTC"})


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("strategy_id", "uuid"),
        ("symbol", ""),
        ("start_date", "soon"),
        ("end_date", None),
    ],
)
def test_a_backtest_is_bounded(field: str, wrong: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        asked(DIALECT, CREATE, {**NEW, field: wrong})
    assert [error["loc"] for error in refused.value.errors()] == [(field,)]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("initial_capital", 0),
        ("initial_capital", "1e13"),
        ("commission_rate", 0.11),
        ("commission_rate", -0.001),
        ("slippage", 0.11),
        ("mode", "ALL_IN"),
        ("slippage_model", "RANDOM"),
    ],
)
def test_costs_are_bounded(field: str, wrong: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        asked(DIALECT, CREATE, {**NEW, "config": {**COSTS, field: wrong}})
    assert [error["loc"] for error in refused.value.errors()] == [("config", field)]


@pytest.mark.parametrize(
    ("word", "statuses"),
    [
        ("running", {"running", "queued"}),
        ("COMPLETED", {"completed"}),
        ("failed", {"failed"}),
        ("cancelled", {"cancelled"}),
        ("queued", {"queued"}),
    ],
)
def test_backtests_are_filtered_by_every_state_that_shows_as_the_word(word: str, statuses: set[str]) -> None:
    assert set(asked(DIALECT, LIST, query={"status": word}).statuses) == statuses


def test_backtests_are_filtered_by_strategy() -> None:
    assert asked(DIALECT, LIST, query={"strategy_id": "12"}) == ListBacktests(strategy_id=12)
    assert asked(DIALECT, LIST) == ListBacktests()


def test_a_new_backtest_runs() -> None:
    body = answer(CREATE, sample(Backtest, status="queued", progress=Decimal(0), strategy_id=STRATEGY))
    assert body == {
        "id": str(ID),
        "strategy_id": str(STRATEGY),
        "status": "running",
        "progress_percent": 0,
        "created_at": "2026-01-02T03:04:05Z",
    }


@pytest.mark.parametrize(("progress", "percent"), [("0", 0), ("0.005", 0), ("0.42", 42), ("0.999", 99), ("1", 100)])
def test_progress_is_a_whole_percent_and_whole_only_at_the_end(progress: str, percent: int) -> None:
    body = answer(GET, sample(Backtest, status="running", progress=Decimal(progress)))
    assert body["progress_percent"] == percent
    assert type(body["progress_percent"]) is int


METRICS = Simulated(
    total_return=Decimal("0.254"),
    sharpe_ratio=Decimal("1.82"),
    sortino_ratio=Decimal("2.150"),
    max_drawdown=Decimal("0.085"),
    win_rate=Decimal("0.625"),
    profit_factor=Decimal("1.85"),
    total_trades=247,
)


def test_results_are_text_in_percent_with_a_drawdown_above_zero() -> None:
    assert answer(GET, sample(Backtest, status="completed", metrics=METRICS))["results"] == {
        "total_return": "25.4",
        "sharpe_ratio": "1.82",
        "sortino_ratio": "2.15",
        "max_drawdown": "8.5",
        "win_rate": "62.5",
        "profit_factor": "1.85",
        "total_trades": 247,
    }


def test_a_loss_is_below_zero_and_nothing_is_nothing() -> None:
    metrics = Simulated(total_return=Decimal("-0.1"), sharpe_ratio=Decimal("-0.5"))
    results = answer(GET, sample(Backtest, status="completed", metrics=metrics))["results"]
    assert (results["total_return"], results["sharpe_ratio"], results["win_rate"]) == ("-10", "-0.5", "0")


def test_the_curve_is_money_as_text_and_a_fall_in_percent() -> None:
    points = (
        EquityPoint(at=NOW, equity=Decimal(10000)),
        EquityPoint(at=NOW, equity=Decimal("9500.5"), drawdown=Decimal("0.04995")),
    )
    assert answer(GET, sample(Backtest, status="completed", equity_curve=points))["equity_curve"] == [
        {"timestamp": "2026-01-02T03:04:05Z", "equity": "10000.00", "drawdown": "0"},
        {"timestamp": "2026-01-02T03:04:05Z", "equity": "9500.50", "drawdown": "5"},
    ]


def test_before_its_end_a_backtest_has_no_results() -> None:
    body = answer(GET, sample(Backtest, status="running", progress=Decimal("0.5"), completed_at=None))
    assert body == {"id": str(ID), "status": "running", "progress_percent": 50}
    TypeAdapter(row_of(DIALECT, GET).view.response).validate_python(body)


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_backtest_that_came_to_nothing_says_when(status: str) -> None:
    body = answer(GET, sample(Backtest, status=status))
    assert (body["status"], body["completed_at"]) == (status, "2026-01-02T03:04:05Z")
    assert "results" not in body
    assert "equity_curve" not in body


def test_a_page_tells_backtests_as_when_they_were_made() -> None:
    backtest = sample(Backtest, status="completed")
    body = answer(LIST, Page[Backtest](items=(backtest,), total=3, limit=1, offset=2))
    assert body == {"items": [answer(CREATE, backtest)], "total": 3, "limit": 1, "offset": 2}


def test_reading_and_deleting_name_the_backtest() -> None:
    assert asked(DIALECT, GET) == asked(DIALECT, DELETE) == ById(id=ID)
    assert answer(DELETE, None) is None
