"""Strategies in contract interfaces."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from libs.contracts.tests.botplatform.cases import asked, row_of
from libs.contracts.tests.samples import ID, NOW, sample
from millrace.common.kernel.errors import MillraceError
from millrace.contracts.canonical.bots import CreateStrategy, ListStrategies, Strategy, UpdateStrategy
from millrace.contracts.canonical.frame import Page
from millrace.contracts.interfaces import DIALECT
from millrace.contracts.names import Contract

STRATEGIES, MAKE, SET = "GET /api/v1/strategies", "POST /api/v1/strategies", "PUT /api/v1/strategies/{id}"
AT = "2026-01-02T03:04:05Z"


def answer(ask: str, result: Any) -> Any:
    """The body that a result becomes."""
    return row_of(DIALECT, ask).view.present(result, NOW)


@pytest.mark.parametrize(("told", "read"), [("true", True), ("false", False), ("1", True)])
def test_strategies_are_filtered_by_whether_they_are_active(told: str, read: bool) -> None:
    assert asked(DIALECT, STRATEGIES, query={"active": told}) == ListStrategies(is_active=read)


def test_without_a_filter_all_strategies_are_listed() -> None:
    assert asked(DIALECT, STRATEGIES) == ListStrategies(limit=50)
    with pytest.raises(ValidationError):
        asked(DIALECT, STRATEGIES, query={"active": "perhaps"})


def test_a_strategy_is_made_with_its_own_configuration() -> None:
    config = {"fast": 12, "levels": [0.5, 1], "deep": {"flag": True}}
    command = asked(DIALECT, MAKE, {"name": " Trend ", "description": "d", "config": config})
    assert command == CreateStrategy(name="Trend", description="d", config=config, origin=Contract.INTERFACES)


@pytest.mark.parametrize(
    ("config", "read"),
    [
        (
            {"strategy_type": "trend", "symbols": ["BTC/USD", "ETHUSDT"], "timeframes": ["1m", "1h"]},
            {"strategy_type": "trend", "symbols": ("BTC/USD", "ETH/USDT"), "timeframes": ("1m", "1h")},
        ),
        ({"type": "momentum", "symbol": "ETH/USD"}, {"strategy_type": "momentum", "symbols": ("ETH/USD",)}),
        ({"interval": "5m"}, {"timeframes": ("5m",)}),
        ({"timeframe": "4h", "symbols": [], "type": ""}, {"timeframes": ("4h",)}),
        ({"type": 3, "symbols": [1, "BTC/USD"], "interval": {"m": 1}}, {}),
    ],
)
@pytest.mark.parametrize("ask", [MAKE, SET])
def test_a_configuration_says_what_a_strategy_trades_by(ask: str, config: dict[str, Any], read: dict[str, Any]) -> None:
    told = {"name": "x", "config": config, "is_active": True}
    plain = asked(DIALECT, ask, {**told, "config": {}})
    assert asked(DIALECT, ask, told) == plain.model_copy(update={**read, "config": config})


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"symbol": "gold"}, "INVALID_SYMBOL"),
        ({"symbols": ["BTC/USD", "gold"]}, "INVALID_SYMBOL"),
        ({"interval": "7h"}, "INVALID_TIMEFRAME"),
        ({"timeframes": ["7h"]}, "INVALID_TIMEFRAME"),
    ],
)
def test_a_market_that_makes_no_sense_is_refused(config: dict[str, Any], code: str) -> None:
    with pytest.raises(MillraceError) as refused:
        asked(DIALECT, MAKE, {"name": "x", "config": config})
    assert (refused.value.code, list(refused.value.fields)) == (code, list(config))


def test_a_strategy_needs_only_a_name() -> None:
    assert asked(DIALECT, MAKE, {"name": "x"}) == CreateStrategy(name="x", origin=Contract.INTERFACES)


def test_a_new_strategy_cannot_begin_active() -> None:
    assert asked(DIALECT, MAKE, {"name": "x", "is_active": True}) == asked(DIALECT, MAKE, {"name": "x"})


def test_a_strategy_is_replaced_by_what_is_put() -> None:
    told = {"name": "x", "description": "d", "config": {"fast": 5}, "is_active": True}
    assert asked(DIALECT, SET, told) == UpdateStrategy(
        id=ID, name="x", description="d", config={"fast": 5}, is_active=True
    )


@pytest.mark.parametrize("name", ["name", "config", "is_active"])
def test_a_replacement_must_be_whole(name: str) -> None:
    told = {"name": "x", "description": "d", "config": {}, "is_active": True}
    with pytest.raises(ValidationError, match="Field required"):
        asked(DIALECT, SET, {key: value for key, value in told.items() if key != name})


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"description": "x" * 2001},
        {"config": []},
        {"config": {str(n): n for n in range(101)}},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
@pytest.mark.parametrize("ask", [MAKE, SET])
def test_a_strategy_is_bounded(ask: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        asked(DIALECT, ask, {"name": "x", "config": {}, "is_active": False, **wrong})
    assert [error["loc"] for error in refused.value.errors()] == [tuple(wrong)]


def test_a_strategy_is_told_by_uuid_with_what_each_answer_documents() -> None:
    strategy = sample(Strategy, is_active=False, config={"size": Decimal("0.5"), "fast": Decimal(12), "at": NOW})
    made, changed = answer(MAKE, strategy), answer(SET, strategy)
    (item,) = answer(STRATEGIES, Page[Strategy](items=(strategy,), total=1))["strategies"]
    assert made["config"] == changed["config"] == {"size": 0.5, "fast": 12, "at": AT}
    assert (made["id"], made["is_active"], made["created_at"], changed["updated_at"]) == (str(ID), False, AT, AT)
    assert "config" not in item
    assert made.keys() - changed.keys() == {"created_at"}


def test_what_a_configuration_holds_is_told_as_json() -> None:
    config = {"who": ID, "steps": (Decimal(1), "a", None), "deep": {"x": [Decimal("0.5")]}}
    assert answer(MAKE, sample(Strategy, config=config))["config"] == {
        "who": str(ID),
        "steps": [1, "a", None],
        "deep": {"x": [0.5]},
    }
