"""Backtests in contract crypto."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from libs.contracts.tests.crypto.desk import Desk, kinds, without
from libs.contracts.tests.samples import ID, sample
from millrace.common.events.trading import Side
from millrace.common.kernel.errors import Code
from millrace.contracts.canonical.frame import ById
from millrace.contracts.canonical.performance import Simulated
from millrace.contracts.canonical.research import Backtest, CreateBacktest, EquityPoint, RoundTrip
from millrace.contracts.crypto import DIALECT
from millrace.contracts.names import Contract

CRYPTO = Desk(DIALECT, "/api/v1/")
CREATE, RESULTS = "POST backtesting/backtests", "GET backtesting/backtests/{backtest_id}/results"
JULY = datetime(2025, 7, 1, tzinfo=UTC)
NINE = datetime(2025, 9, 18, 9, tzinfo=UTC)
NEW: dict[str, Any] = {
    "name": "BTC Momentum Backtest Q3 2025",
    "strategy_id": 1,
    "start_date": "2025-07-01T00:00:00Z",
    "end_date": "2025-09-30T23:59:59Z",
    "initial_capital": 10000,
    "symbols": ["BTCUSDT"],
    "timeframes": ["1h"],
    "parameters": {"commission": 0.001, "slippage": 0.0005, "market_impact": True},
}
DID: dict[str, Any] = {
    "profit": Decimal(1250),
    "total_return": Decimal("0.125"),
    "annual_return": Decimal("0.5"),
    "volatility": Decimal("0.185"),
    "sharpe_ratio": Decimal("1.85"),
    "sortino_ratio": Decimal("2.12"),
    "max_drawdown": Decimal("0.085"),
    "calmar_ratio": Decimal("5.88"),
    "win_rate": Decimal("0.655"),
    "profit_factor": Decimal("1.45"),
    "total_trades": 156,
    "winning_trades": 102,
    "losing_trades": 54,
    "avg_trade_return": Decimal("8.01"),
    "avg_win": Decimal("18.5"),
    "avg_loss": Decimal("12.25"),
    "largest_win": Decimal(125),
    "largest_loss": Decimal("85.5"),
}
TRADE: dict[str, Any] = {
    "entry_at": JULY.replace(hour=10),
    "exit_at": JULY.replace(hour=14),
    "symbol": "BTC/USDT",
    "side": Side.BUY,
    "quantity": Decimal("0.1"),
    "entry_price": Decimal(30000),
    "exit_price": Decimal(30150),
    "pnl": Decimal(12),  # after the commission, which the document tells apart
    "fraction": Decimal("0.004"),
    "commission": Decimal(3),
}


def backtest(**changes: Any) -> Backtest:
    """The document's own backtest, with changes."""
    told = {
        "num": 123,
        "name": NEW["name"],
        "status": "completed",
        "start": JULY,
        "end": datetime(2025, 9, 30, 23, 59, 59, tzinfo=UTC),
        "initial_capital": Decimal(10000),
        "final_capital": Decimal(11250),
        "metrics": Simulated(**DID),
        "equity_curve": (EquityPoint(at=JULY, equity=Decimal(10000)),),
        "trades": (RoundTrip(**TRADE),),
        "estimated_duration": "15 minutes",
        "created_at": NINE,
        "completed_at": NINE.replace(minute=15),
    }
    return sample(Backtest, **{**told, **changes})


def test_a_backtest_is_read_as_the_document_writes_it() -> None:
    assert CRYPTO.asks(CREATE, NEW) == CreateBacktest(
        name="BTC Momentum Backtest Q3 2025",
        strategy_id=1,
        symbols=("BTC/USDT",),
        timeframes=("1h",),
        start=JULY,
        end=datetime(2025, 9, 30, 23, 59, 59, tzinfo=UTC),
        initial_capital=Decimal(10000),
        commission=Decimal("0.001"),
        slippage_model="percent",
        slippage=Decimal("0.0005"),
        market_impact=True,
        origin=Contract.CRYPTO,
    )


@pytest.mark.parametrize("costs", [..., {}, {"commission": None, "slippage": None}, {"spread": 1}])
def test_costs_that_nobody_gives_have_their_defaults(costs: Any) -> None:
    told = without(NEW, "parameters") if costs is ... else {**NEW, "parameters": costs}
    command = CRYPTO.asks(CREATE, told)
    assert (command.commission, command.slippage, command.market_impact) == (Decimal("0.001"), Decimal(0), False)


@pytest.mark.parametrize(
    ("name", "value"), [("commission", 0), ("commission", "0.999"), ("slippage", "0"), ("slippage", 0.5)]
)
def test_a_cost_is_a_fraction_in_numbers_or_text(name: str, value: Any) -> None:
    assert getattr(CRYPTO.asks(CREATE, {**NEW, "parameters": {name: value}}), name) == Decimal(str(value))


@pytest.mark.parametrize("capital", ["10000", 10000.0, "1e4", " 10000.00 "])
def test_capital_is_a_number_or_text(capital: Any) -> None:
    assert CRYPTO.asks(CREATE, {**NEW, "initial_capital": capital}).initial_capital == Decimal(10000)


@pytest.mark.parametrize(("told", "strategy"), [(1, 1), ("1", 1), (str(ID), ID), (str(ID).upper(), ID)])
def test_a_strategy_is_named_by_number_or_uuid(told: Any, strategy: int | UUID) -> None:
    assert CRYPTO.asks(CREATE, {**NEW, "strategy_id": told}).strategy_id == strategy


@pytest.mark.parametrize("told", ["mine", "", "1.5", -1, "9" * 30])
def test_what_can_name_no_strategy_is_a_strategy_that_is_not_there(told: Any) -> None:
    refused = CRYPTO.refuses(CREATE, {**NEW, "strategy_id": told})
    assert (refused.code, refused.message) == (Code.NOT_FOUND, "strategy not found")


@pytest.mark.parametrize("written", ["BTCUSDT", "btc/usdt", "BTC-USDT", " BTC_USDT "])
def test_symbols_are_written_in_any_spelling(written: str) -> None:
    assert CRYPTO.asks(CREATE, {**NEW, "symbols": [written, "ethusdt"]}).symbols == ("BTC/USDT", "ETH/USDT")


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"symbols": ["BTCUSDT", "lost"]}, Code.INVALID_SYMBOL),
        ({"timeframes": ["1h", "2h"]}, Code.INVALID_TIMEFRAME),
        ({"timeframes": ["1M"]}, Code.INVALID_TIMEFRAME),
        ({"end_date": "2025-07-01"}, Code.INVALID_DATE_RANGE),
        ({"end_date": "2024-07-01"}, Code.INVALID_DATE_RANGE),
    ],
)
def test_what_cannot_be_tested_has_the_documents_code(told: dict[str, Any], code: Code) -> None:
    refused = CRYPTO.refuses(CREATE, {**NEW, **told})
    assert (refused.code, refused.status) == (code, 400)


@pytest.mark.parametrize("written", ["2025-07-01", 1751328000, "1751328000000", "2025-06-30T22:00:00-02:00"])
def test_dates_are_written_in_any_form(written: Any) -> None:
    assert CRYPTO.asks(CREATE, {**NEW, "start_date": written}).start == JULY


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"start_date": "soon"}, "start_date"),
        ({"end_date": "0001-01-01T00:00:00+02:00"}, "end_date"),
        ({"initial_capital": 0}, "initial_capital"),
        ({"initial_capital": -1}, "initial_capital"),
        ({"initial_capital": "1e20"}, "initial_capital"),
        ({"initial_capital": True}, "initial_capital"),
        ({"symbols": []}, "symbols"),
        ({"symbols": ["BTCUSDT"] * 21}, "symbols"),
        ({"symbols": "BTCUSDT"}, "symbols"),
        ({"symbols": [""]}, "symbols.0"),
        ({"timeframes": []}, "timeframes"),
        ({"timeframes": ["1h"] * 6}, "timeframes"),
        ({"timeframes": ["1" * 21]}, "timeframes.0"),
        ({"parameters": {"commission": 1}}, "parameters.commission"),
        ({"parameters": {"commission": -0.001}}, "parameters.commission"),
        ({"parameters": {"slippage": 1}}, "parameters.slippage"),
        ({"parameters": {"slippage": "some"}}, "parameters.slippage"),
        ({"parameters": {"market_impact": "much"}}, "parameters.market_impact"),
        ({"parameters": None}, "parameters"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_backtest_is_bounded(told: dict[str, Any], field: str) -> None:
    assert CRYPTO.wrong(CREATE, {**NEW, **told}) == [field]


@pytest.mark.parametrize("strategy", [True, None, 1.5, [1], {}])
def test_a_strategys_name_is_a_whole_number_or_text(strategy: Any) -> None:
    assert {field.split(".")[0] for field in CRYPTO.wrong(CREATE, {**NEW, "strategy_id": strategy})} == {"strategy_id"}


@pytest.mark.parametrize("name", [name for name in NEW if name != "parameters"])
def test_everything_but_the_costs_must_be_there(name: str) -> None:
    assert CRYPTO.wrong(CREATE, without(NEW, name)) == [name]


@pytest.mark.parametrize(
    "key", ["id", "backtest_id", "status", "user_id", "results", "final_capital", "origin", "mode"]
)
def test_nobody_sets_what_the_server_says(key: str) -> None:
    assert CRYPTO.asks(CREATE, {**NEW, key: "x"}) == CRYPTO.asks(CREATE, NEW)


def test_results_are_asked_for_by_number_or_uuid() -> None:
    assert CRYPTO.asks(RESULTS, backtest_id="123") == ById(id=123)
    assert CRYPTO.asks(RESULTS, backtest_id=str(ID)) == ById(id=ID)


def test_a_backtest_that_was_taken_is_told_as_in_the_document() -> None:
    assert CRYPTO.answers(CREATE, backtest(status="queued", completed_at=None)) == {
        "backtest_id": 123,
        "name": "BTC Momentum Backtest Q3 2025",
        "status": "queued",
        "estimated_duration": "15 minutes",
        "created_at": "2025-09-18T09:00:00Z",
    }


def test_results_are_told_as_in_the_document() -> None:
    assert CRYPTO.answers(RESULTS, backtest()) == {
        "backtest_id": 123,
        "name": "BTC Momentum Backtest Q3 2025",
        "status": "completed",
        "start_date": "2025-07-01T00:00:00Z",
        "end_date": "2025-09-30T23:59:59Z",
        "initial_capital": 10000.0,
        "final_capital": 11250.0,
        "results": {
            "total_return": 1250.0,
            "total_return_percentage": 12.5,
            "annual_return": 50.0,
            "volatility": 18.5,
            "sharpe_ratio": 1.85,
            "sortino_ratio": 2.12,
            "max_drawdown": -8.5,
            "max_drawdown_percentage": -8.5,
            "calmar_ratio": 5.88,
            "win_rate": 65.5,
            "profit_factor": 1.45,
            "total_trades": 156,
            "winning_trades": 102,
            "losing_trades": 54,
            "avg_trade_return": 8.01,
            "avg_win": 18.5,
            "avg_loss": -12.25,
            "largest_win": 125.0,
            "largest_loss": -85.5,
        },
        "equity_curve": [{"timestamp": "2025-07-01T00:00:00Z", "equity": 10000.0, "drawdown": 0.0}],
        "trades": [
            {
                "entry_time": "2025-07-01T10:00:00Z",
                "exit_time": "2025-07-01T14:00:00Z",
                "symbol": "BTCUSDT",
                "side": "BUY",
                "quantity": 0.1,
                "entry_price": 30000.0,
                "exit_price": 30150.0,
                "pnl": 15.0,
                "pnl_percentage": 0.5,
                "commission": 3.0,
            }
        ],
        "completed_at": "2025-09-18T09:15:00Z",
    }


def test_results_are_numbers_and_counts_are_whole() -> None:
    told = kinds(CRYPTO.answers(RESULTS, backtest())["results"])
    whole = {name for name, kind in told.items() if kind == "int"}
    assert whole == {"total_trades", "winning_trades", "losing_trades"}
    assert {kind for name, kind in told.items() if name not in whole} == {"float"}


@pytest.mark.parametrize("status", ["queued", "running", "completed", "failed", "cancelled"])
def test_a_status_is_told_as_it_is(status: str) -> None:
    assert CRYPTO.answers(RESULTS, backtest(status=status))["status"] == status
    assert CRYPTO.answers(CREATE, backtest(status=status))["status"] == status


def test_until_it_is_done_there_are_zeros_empty_lists_and_no_end() -> None:
    body = CRYPTO.answers(
        RESULTS, backtest(metrics=Simulated(), equity_curve=(), trades=(), completed_at=None, final_capital=Decimal(0))
    )
    assert set(body["results"].values()) == {0}
    assert "-0.0" not in str(body["results"]), "no minus before a zero"
    assert (body["equity_curve"], body["trades"], body["completed_at"], body["final_capital"]) == ([], [], None, 0.0)


@pytest.mark.parametrize("loss", ["12.25", "-12.25"])
def test_a_loss_is_below_zero_however_it_was_kept(loss: str) -> None:
    did = Simulated(**{**DID, "avg_loss": Decimal(loss), "largest_loss": Decimal(loss)})
    told = CRYPTO.answers(RESULTS, backtest(metrics=did))["results"]
    assert (told["avg_loss"], told["largest_loss"]) == (-12.25, -12.25)


def test_what_was_lost_is_below_zero() -> None:
    did = Simulated(total_return=Decimal("-0.3"), profit=Decimal(-3000), annual_return=Decimal("-0.9"))
    told = CRYPTO.answers(RESULTS, backtest(metrics=did))["results"]
    assert (told["total_return"], told["total_return_percentage"], told["annual_return"]) == (-3000.0, -30.0, -90.0)
    trade = RoundTrip(**{**TRADE, "side": Side.SELL, "pnl": Decimal("-4.5"), "fraction": Decimal("-0.0015")})
    (sold,) = CRYPTO.answers(RESULTS, backtest(trades=(trade,)))["trades"]
    assert (sold["side"], sold["pnl"], sold["pnl_percentage"]) == ("SELL", -1.5, -0.05)


@pytest.mark.parametrize(
    ("value", "shown"), [("1E-9", 0.0), ("-1E-9", 0.0), ("0.123456789", 0.12345679), ("1E+19", 1e19), ("1E+30", 1e30)]
)
def test_however_large_or_small_a_result_it_is_a_number(value: str, shown: float) -> None:
    told = CRYPTO.answers(RESULTS, backtest(metrics=Simulated(profit=Decimal(value))))["results"]
    assert told["total_return"] == shown
    assert str(told["total_return"]) != "-0.0"


def test_a_drawdown_of_the_curve_is_a_percent_below_zero() -> None:
    curve = tuple(EquityPoint(at=JULY, equity=Decimal(9000), drawdown=Decimal(text)) for text in ("0", "0.1", "1"))
    body = CRYPTO.answers(RESULTS, backtest(equity_curve=curve))
    assert [point["drawdown"] for point in body["equity_curve"]] == [0.0, -10.0, -100.0]
