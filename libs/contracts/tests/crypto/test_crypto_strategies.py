"""Strategies in contract crypto."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from libs.contracts.tests.crypto.desk import Desk, kinds, without
from libs.contracts.tests.samples import ID, NOW, sample
from millrace.common.kernel.errors import Code
from millrace.contracts.canonical.bots import CreateStrategy, ListStrategies, Strategy
from millrace.contracts.canonical.frame import ById, Page
from millrace.contracts.canonical.performance import Metrics
from millrace.contracts.crypto import DIALECT
from millrace.contracts.names import Contract

CRYPTO = Desk(DIALECT, "/api/v1/")
LIST, CREATE = "GET strategies", "POST strategies"
START, STOP = "POST strategies/{strategy_id}/start", "POST strategies/{strategy_id}/stop"
NINE = datetime(2025, 9, 18, 9, tzinfo=UTC)
NEW: dict[str, Any] = {
    "name": "ETH Mean Reversion",
    "description": "Bollinger Bands mean reversion for ETH",
    "strategy_type": "mean_reversion",
    "symbols": ["ETHUSDT"],
    "timeframes": ["15m", "1h"],
    "parameters": {"bb_period": 20, "bb_std": 2, "position_size": 0.2, "stop_loss": 0.02, "take_profit": 0.04},
    "risk_parameters": {"max_position_size": 1000, "max_drawdown": 0.1},
    "is_paper_trading": True,
}
MADE: dict[str, Any] = {
    "num": 2,
    "name": NEW["name"],
    "description": NEW["description"],
    "strategy_type": "mean_reversion",
    "is_active": False,
    "is_paper_trading": True,
    "symbols": ("ETH/USDT",),
    "timeframes": ("15m", "1h"),
    "config": NEW["parameters"],
    "created_at": NINE,
}


def strategy(**changes: Any) -> Strategy:
    """The document's own strategy, with changes."""
    return sample(Strategy, **{**MADE, **changes})


def test_a_strategy_is_read_as_the_document_writes_it() -> None:
    assert CRYPTO.asks(CREATE, NEW) == CreateStrategy(
        name="ETH Mean Reversion",
        description="Bollinger Bands mean reversion for ETH",
        strategy_type="mean_reversion",
        is_paper_trading=True,
        symbols=("ETH/USDT",),
        timeframes=("15m", "1h"),
        config=NEW["parameters"],
        risk={"max_position_size": Decimal(1000), "max_drawdown": Decimal("0.1")},
        origin=Contract.CRYPTO,
    )


def test_a_strategy_needs_no_more_than_a_name_and_trades_on_paper() -> None:
    command = CRYPTO.asks(CREATE, {"name": " x "})
    assert command == CreateStrategy(name="x", origin=Contract.CRYPTO)
    assert (command.is_paper_trading, command.strategy_type) == (True, "custom")


@pytest.mark.parametrize("written", ["ETHUSDT", "eth/usdt", "ETH-USDT", " ETH_USDT "])
def test_a_symbol_is_written_in_any_spelling(written: str) -> None:
    assert CRYPTO.asks(CREATE, {**NEW, "symbols": [written, "BTCUSDT"]}).symbols == ("ETH/USDT", "BTC/USDT")


@pytest.mark.parametrize(
    ("told", "code"),
    [({"symbols": ["ETHUSDT", "lost"]}, Code.INVALID_SYMBOL), ({"timeframes": ["2h"]}, Code.INVALID_TIMEFRAME)],
)
def test_what_is_no_market_or_timeframe_has_the_documents_code(told: dict[str, Any], code: Code) -> None:
    assert CRYPTO.refuses(CREATE, {**NEW, **told}).code is code


def test_a_timeframe_is_written_in_any_case() -> None:
    assert CRYPTO.asks(CREATE, {**NEW, "timeframes": ["15m", " 1H "]}).timeframes == ("15m", "1h")


def test_parameters_keep_every_digit() -> None:
    text = '{"name": "x", "parameters": {"size": 0.10000000000000001, "n": 5, "deep": {"list": [1, 2.50]}}}'
    config = CRYPTO.asks(CREATE, text).config
    assert config == {"size": Decimal("0.10000000000000001"), "n": 5, "deep": {"list": [1, Decimal("2.50")]}}


@pytest.mark.parametrize(
    ("told", "risk"),
    [
        (None, {}),
        ({}, {}),
        ({"max_drawdown": "0.1"}, {"max_drawdown": Decimal("0.1")}),
        ({"max_drawdown": 1, "max_position_size": None}, {"max_drawdown": Decimal(1)}),
        ({"max_position_size": 0, "max_loss": 5}, {"max_position_size": Decimal(0)}),
    ],
)
def test_of_its_own_limits_those_that_are_given_count(told: Any, risk: dict[str, Decimal]) -> None:
    assert CRYPTO.asks(CREATE, {**NEW, "risk_parameters": told}).risk == risk


@pytest.mark.parametrize("key", ["id", "num", "is_active", "user_id", "created_at", "performance", "origin", "status"])
def test_nobody_sets_what_the_server_says(key: str) -> None:
    assert CRYPTO.asks(CREATE, {**NEW, key: True}) == CRYPTO.asks(CREATE, NEW)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": None}, "name"),
        ({"description": "x" * 2001}, "description"),
        ({"strategy_type": ""}, "strategy_type"),
        ({"strategy_type": "x" * 61}, "strategy_type"),
        ({"symbols": "ETHUSDT"}, "symbols"),
        ({"symbols": ["BTCUSDT"] * 51}, "symbols"),
        ({"symbols": [""]}, "symbols.0"),
        ({"symbols": ["x" * 41]}, "symbols.0"),
        ({"timeframes": ["1h"] * 21}, "timeframes"),
        ({"timeframes": ["1" * 21]}, "timeframes.0"),
        ({"parameters": []}, "parameters"),
        ({"parameters": None}, "parameters"),
        ({"parameters": {str(n): n for n in range(101)}}, "parameters"),
        ({"parameters": {"deep": [{"wide": 2**63}]}}, "parameters"),
        ({"parameters": {"wide": Decimal("-1E+19")}}, "parameters"),
        ({"risk_parameters": {"max_drawdown": 1.01}}, "risk_parameters.max_drawdown"),
        ({"risk_parameters": {"max_drawdown": -0.1}}, "risk_parameters.max_drawdown"),
        ({"risk_parameters": {"max_position_size": -1}}, "risk_parameters.max_position_size"),
        ({"risk_parameters": {"max_position_size": "much"}}, "risk_parameters.max_position_size"),
        ({"is_paper_trading": "maybe"}, "is_paper_trading"),
        ({"is_paper_trading": None}, "is_paper_trading"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_strategy_is_bounded(told: dict[str, Any], field: str) -> None:
    assert CRYPTO.wrong(CREATE, {**NEW, **told}) == [field]


def test_a_strategy_has_a_name() -> None:
    assert CRYPTO.wrong(CREATE, without(NEW, "name")) == ["name"]


def test_all_strategies_are_asked_for() -> None:
    assert CRYPTO.asks(LIST) == ListStrategies(is_active=None, strategy_type=None, limit=5000)


@pytest.mark.parametrize(
    ("word", "active"), [("true", True), ("TRUE", True), ("1", True), ("false", False), ("0", False)]
)
def test_active_ones_are_asked_for_in_any_word_for_yes(word: str, active: bool) -> None:
    assert CRYPTO.asks(LIST, query={"is_active": word}).is_active is active


def test_strategies_of_a_type_are_asked_for() -> None:
    assert CRYPTO.asks(LIST, query={"strategy_type": "momentum"}).strategy_type == "momentum"


@pytest.mark.parametrize(
    "query",
    [{"is_active": "maybe"}, {"is_active": ""}, {"strategy_type": ""}, {"strategy_type": "x" * 61}],
    ids=lambda value: str(value)[:40],
)
def test_a_filter_is_bounded(query: dict[str, str]) -> None:
    assert CRYPTO.wrong(LIST, query=query) == list(query)


@pytest.mark.parametrize("ask", [START, STOP])
def test_a_strategy_is_started_and_stopped_by_its_name_alone(ask: str) -> None:
    assert CRYPTO.asks(ask, strategy_id="1") == ById(id=1)
    assert CRYPTO.asks(ask, strategy_id=str(ID)) == ById(id=ID)
    assert CRYPTO.row(ask).view.body is None


def test_a_new_strategy_is_told_as_in_the_document() -> None:
    assert CRYPTO.answers(CREATE, strategy()) == {
        "id": 2,
        "name": "ETH Mean Reversion",
        "description": "Bollinger Bands mean reversion for ETH",
        "strategy_type": "mean_reversion",
        "is_active": False,
        "is_paper_trading": True,
        "symbols": ["ETHUSDT"],
        "timeframes": ["15m", "1h"],
        "parameters": {"bb_period": 20, "bb_std": 2, "position_size": 0.2, "stop_loss": 0.02, "take_profit": 0.04},
        "created_at": "2025-09-18T09:00:00Z",
    }


def test_a_list_of_strategies_is_told_as_in_the_document() -> None:
    metrics = Metrics(
        total_return=Decimal("0.125"),
        sharpe_ratio=Decimal("1.8"),
        max_drawdown=Decimal("0.052"),
        win_rate=Decimal("0.685"),
    )
    momentum = strategy(
        num=1,
        name="BTC Momentum Strategy",
        description="RSI-based momentum trading for BTC",
        strategy_type="momentum",
        is_active=True,
        is_paper_trading=False,
        symbols=("BTC/USDT",),
        timeframes=("1h", "4h"),
        config={"rsi_period": Decimal(14), "rsi_oversold": 30, "rsi_overbought": 70, "position_size": Decimal("0.1")},
        metrics=metrics,
        created_at=datetime(2025, 9, 1, tzinfo=UTC),
        updated_at=NINE,
    )
    assert CRYPTO.answers(LIST, Page[Strategy](items=(momentum,), total=1)) == {
        "strategies": [
            {
                "id": 1,
                "name": "BTC Momentum Strategy",
                "description": "RSI-based momentum trading for BTC",
                "strategy_type": "momentum",
                "is_active": True,
                "is_paper_trading": False,
                "symbols": ["BTCUSDT"],
                "timeframes": ["1h", "4h"],
                "parameters": {"rsi_period": 14, "rsi_oversold": 30, "rsi_overbought": 70, "position_size": 0.1},
                "performance": {
                    "total_return": "12.5",
                    "sharpe_ratio": "1.8",
                    "max_drawdown": "-5.2",
                    "win_rate": "68.5",
                },
                "created_at": "2025-09-01T00:00:00Z",
                "updated_at": "2025-09-18T09:00:00Z",
            }
        ],
        "count": 1,
    }


def test_no_strategies_are_an_empty_list() -> None:
    assert CRYPTO.answers(LIST, Page[Strategy]()) == {"strategies": [], "count": 0}


def test_a_strategy_that_never_traded_has_zeros_and_empty_lists() -> None:
    idle = strategy(metrics=Metrics(), symbols=(), timeframes=(), config={}, description="")
    (told,) = CRYPTO.answers(LIST, Page[Strategy](items=(idle,)))["strategies"]
    assert set(told["performance"].values()) == {"0"}
    assert (told["symbols"], told["timeframes"], told["parameters"], told["description"]) == ([], [], {}, "")


def test_parameters_come_back_as_the_numbers_they_were() -> None:
    config = {
        "whole": Decimal("2.0"),
        "part": Decimal("0.5"),
        "deep": {"list": [Decimal(1), Decimal("1.5"), "text", None, True]},
        "huge": Decimal("1E+30"),
        "wide": 10**40,
        "below": Decimal(-3),
    }
    told = CRYPTO.answers(CREATE, strategy(config=config))["parameters"]
    assert told == {
        "whole": 2,
        "part": 0.5,
        "deep": {"list": [1, 1.5, "text", None, True]},
        "huge": 1e30,
        "wide": 1e40,
        "below": -3,
    }
    assert kinds(told)["deep"] == {"list": ["int", "float", "str", "NoneType", "bool"]}


def test_a_loss_is_below_zero_and_a_drawdown_always() -> None:
    lost = strategy(metrics=Metrics(total_return=Decimal("-0.2"), max_drawdown=Decimal("0.2")))
    (told,) = CRYPTO.answers(LIST, Page[Strategy](items=(lost,)))["strategies"]
    assert (told["performance"]["total_return"], told["performance"]["max_drawdown"]) == ("-20", "-20")


def test_a_start_is_told_as_in_the_document() -> None:
    assert CRYPTO.answers(START, strategy(num=1, started_at=NINE)) == {
        "strategy_id": 1,
        "status": "started",
        "message": "Strategy started successfully",
        "started_at": "2025-09-18T09:00:00Z",
    }


def test_a_stop_says_when_and_keeps_when_it_had_started() -> None:
    stopped = strategy(num=1, started_at=NINE, stopped_at=NOW)
    assert CRYPTO.answers(STOP, stopped) == {
        "strategy_id": 1,
        "status": "stopped",
        "message": "Strategy stopped successfully",
        "stopped_at": "2026-01-02T03:04:05Z",
        "started_at": "2025-09-18T09:00:00Z",
    }
    assert "started_at" not in CRYPTO.answers(STOP, strategy(started_at=None))
