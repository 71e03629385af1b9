"""Trades, the overview, wallets and transfers in contract network."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from libs.contracts.tests.crypto.desk import Desk, kinds, without
from libs.contracts.tests.samples import ID, sample
from millrace.common.events.trading import Side
from millrace.common.kernel.errors import Code
from millrace.contracts.canonical.accounts import RequestTransfer, Transfer
from millrace.contracts.canonical.frame import Nothing, Page
from millrace.contracts.canonical.performance import Overview
from millrace.contracts.canonical.trading import ListTrades, Trade
from millrace.contracts.network import DIALECT

NETWORK = Desk(DIALECT, "/api/")
TRADES, METRICS, BALANCES = "GET trades", "GET metrics", "GET wallet/balances"
TRANSFERS, TRANSFER = "GET wallet/transfers", "POST wallet/transfer"
BOT = UUID(int=2)
NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
MOVE: dict[str, Any] = {
    "from_provider": "luno",
    "to_provider": "binance",
    "amount": 1000.0,
    "currency": "ZAR",
    "reason": "manual_allocation",
}
DONE: dict[str, Any] = {
    "bot_id": BOT,
    "exchange": "luno",
    "symbol": "BTC/ZAR",
    "side": Side.BUY,
    "quantity": Decimal("0.001"),
    "price": Decimal(50000),
    "profit": Decimal(5),
    "at": NEW_YEAR,
}
MOVED: dict[str, Any] = {
    "from_exchange": "luno",
    "to_exchange": "binance",
    "amount": Decimal(1000),
    "currency": "ZAR",
    "status": "completed",
    "reason": "autopilot_rebalance",
    "correlation_id": "correlation_id",
    "at": NEW_YEAR,
}


def shown(**changes: Any) -> dict[str, Any]:
    """The document's own trade, with changes, as it is told."""
    (told,) = NETWORK.answers(TRADES, Page[Trade](items=(sample(Trade, **{**DONE, **changes}),)))["trades"]
    return dict(told)


def test_the_newest_hundred_trades_are_asked_for() -> None:
    assert NETWORK.asks(TRADES) == ListTrades(bot_id=None, limit=100, offset=0)


@pytest.mark.parametrize(("told", "bot"), [("7", 7), (str(BOT), BOT), ("", None)])
def test_trades_of_a_bot_are_asked_for(told: str, bot: Any) -> None:
    command = NETWORK.asks(TRADES, query={"bot_id": told, "limit": "1000", "offset": "1000000"})
    assert command == ListTrades(bot_id=bot, limit=1000, offset=1_000_000)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 1001}, "limit"),
        ({"limit": 0}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"offset": -1}, "offset"),
        ({"offset": 1_000_001}, "offset"),
        ({"bot_id": "x" * 65}, "bot_id"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_page_of_trades_is_bounded(query: dict[str, Any], field: str) -> None:
    assert NETWORK.wrong(TRADES, query=query) == [field]


def test_a_bot_that_can_be_none_is_not_found() -> None:
    assert NETWORK.refuses(TRADES, query={"bot_id": "bot_id"}).code is Code.NOT_FOUND


def test_trades_are_told_as_in_the_document() -> None:
    found = Page[Trade](items=(sample(Trade, **DONE),), total=1)
    assert NETWORK.answers(TRADES, found) == {
        "success": True,
        "trades": [
            {
                "id": str(ID),
                "bot_id": str(BOT),
                "exchange": "luno",
                "symbol": "BTC/ZAR",
                "side": "buy",
                "amount": 0.001,
                "price": 50000.0,
                "profit_loss": 5.0,
                "timestamp": "2024-01-01T00:00:00Z",
            }
        ],
        "total": 1,
    }


def test_no_trades_are_an_empty_list_and_a_total_counts_all() -> None:
    assert NETWORK.answers(TRADES, Page[Trade]()) == {"success": True, "trades": [], "total": 0}
    assert NETWORK.answers(TRADES, Page[Trade](total=321, offset=400))["total"] == 321


def test_a_trade_of_no_bot_names_none_in_text() -> None:
    assert shown(bot_id=None)["bot_id"] == ""


@pytest.mark.parametrize(("side", "word"), [(Side.BUY, "buy"), (Side.SELL, "sell")])
def test_a_side_is_lower_case(side: Side, word: str) -> None:
    assert shown(side=side)["side"] == word


@pytest.mark.parametrize("spelling", ["BTCZAR", "btc-zar", None])
def test_a_symbol_of_a_trade_has_its_slash_whoever_wrote_it(spelling: str | None) -> None:
    assert shown(spelling=spelling)["symbol"] == "BTC/ZAR"


@pytest.mark.parametrize("text", ["0", "-12.5", "1E-8", "123456789.123456789", "1E+15"])
def test_amounts_of_a_trade_are_numbers(text: str) -> None:
    told = shown(quantity=Decimal(text), price=Decimal(text), profit=Decimal(text))
    assert [told[name] for name in ("amount", "price", "profit_loss")] == [float(text)] * 3
    assert {kinds(told)[name] for name in ("amount", "price", "profit_loss")} == {"float"}


def test_an_overview_is_told_as_in_the_document() -> None:
    found = Overview(
        total_profit=Decimal(500),
        total_capital=Decimal(10500),
        active_bots=5,
        total_bots=10,
        win_rate=Decimal("0.655"),
        exposure=Decimal("0.152"),
        risk_level="moderate",
    )
    assert NETWORK.asks(METRICS) == Nothing()
    assert NETWORK.answers(METRICS, found) == {
        "success": True,
        "metrics": {
            "total_profit": 500.0,
            "total_capital": 10500.0,
            "active_bots": 5,
            "total_bots": 10,
            "win_rate": 65.5,
            "exposure": 15.2,
            "risk_level": "moderate",
        },
    }


def test_whoever_has_nothing_has_zeros() -> None:
    told = NETWORK.answers(METRICS, Overview())["metrics"]
    assert told.pop("risk_level") == "moderate"
    assert set(told.values()) == {0}
    assert [name for name, kind in kinds(told).items() if kind == "int"] == ["active_bots", "total_bots"]


@pytest.mark.parametrize(("rate", "shown"), [("0", 0.0), ("1", 100.0), ("0.5", 50.0), ("0.001", 0.1)])
def test_rates_are_percents(rate: str, shown: float) -> None:
    told = NETWORK.answers(METRICS, Overview(win_rate=Decimal(rate), exposure=Decimal(rate)))["metrics"]
    assert (told["win_rate"], told["exposure"]) == (shown, shown)


def test_balances_are_told_as_in_the_document() -> None:
    held = {
        "luno": {"ZAR": Decimal(5000), "BTC": Decimal("0.05"), "ETH": Decimal("0.5")},
        "binance": {"USDT": Decimal(1000), "BTC": Decimal("0.01")},
    }
    assert NETWORK.asks(BALANCES) == Nothing()
    assert NETWORK.answers(BALANCES, balances=held, total_zar=Decimal(25000)) == {
        "success": True,
        "balances": {
            "luno": {"ZAR": 5000.0, "BTC": 0.05, "ETH": 0.5},
            "binance": {"USDT": 1000.0, "BTC": 0.01},
        },
        "total_value_zar": 25000.0,
    }


@pytest.mark.parametrize("held", [{}, {"luno": {}}])
def test_empty_wallets_are_empty_objects(held: dict[str, Any]) -> None:
    body = NETWORK.answers(BALANCES, balances=held, total_zar=Decimal(0))
    assert (body["balances"], body["total_value_zar"]) == (held, 0.0)


def test_transfers_are_told_as_in_the_document() -> None:
    assert NETWORK.asks(TRANSFERS) == Nothing()
    assert NETWORK.answers(TRANSFERS, items=(sample(Transfer, **MOVED),)) == {
        "success": True,
        "transfers": [
            {
                "id": str(ID),
                "from_provider": "luno",
                "to_provider": "binance",
                "amount": 1000.0,
                "currency": "ZAR",
                "status": "completed",
                "reason": "autopilot_rebalance",
                "correlation_id": "correlation_id",
                "timestamp": "2024-01-01T00:00:00Z",
            }
        ],
    }
    assert NETWORK.answers(TRANSFERS, items=()) == {"success": True, "transfers": []}


@pytest.mark.parametrize("status", ["pending", "completed", "failed"])
def test_a_transfer_is_as_far_as_it_is(status: str) -> None:
    moved = sample(Transfer, **{**MOVED, "status": status, "reason": "", "correlation_id": ""})
    (told,) = NETWORK.answers(TRANSFERS, items=(moved,))["transfers"]
    assert (told["status"], told["reason"], told["correlation_id"]) == (status, "", "")


def test_a_wish_to_move_funds_is_read_as_the_document_writes_it() -> None:
    assert NETWORK.asks(TRANSFER, MOVE) == RequestTransfer(
        from_exchange="luno", to_exchange="binance", amount=Decimal(1000), currency="ZAR", reason="manual_allocation"
    )
    assert NETWORK.asks(TRANSFER, without(MOVE, "reason")).reason == ""


@pytest.mark.parametrize("amount", ["1000", 1000, "1e3", "1000.00"])
def test_an_amount_is_a_number_or_text(amount: Any) -> None:
    assert NETWORK.asks(TRANSFER, {**MOVE, "amount": amount}).amount == Decimal(1000)


def test_names_are_written_in_any_case() -> None:
    told = {"from_provider": " Luno ", "to_provider": "BINANCE", "currency": " zar "}
    assert NETWORK.asks(TRANSFER, {**MOVE, **told}) == NETWORK.asks(TRANSFER, MOVE)


@pytest.mark.parametrize("name", ["from_provider", "to_provider", "amount", "currency"])
def test_what_a_transfer_cannot_do_without_must_be_there(name: str) -> None:
    assert NETWORK.wrong(TRANSFER, without(MOVE, name)) == [name]


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"from_provider": ""}, "from_provider"),
        ({"from_provider": " "}, "from_provider"),
        ({"from_provider": "x" * 41}, "from_provider"),
        ({"from_provider": "nowhere"}, "from_provider"),
        ({"to_provider": ""}, "to_provider"),
        ({"to_provider": "nowhere"}, "to_provider"),
        ({"to_provider": "x" * 41}, "to_provider"),
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": "all"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": "1e20"}, "amount"),
        ({"currency": "Z"}, "currency"),
        ({"currency": " Z "}, "currency"),
        ({"currency": "Z" * 16}, "currency"),
        ({"reason": "x" * 201}, "reason"),
        ({"reason": None}, "reason"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_transfer_is_bounded(told: dict[str, Any], field: str) -> None:
    assert NETWORK.wrong(TRANSFER, {**MOVE, **told}) == [field]


@pytest.mark.parametrize("key", ["id", "status", "user_id", "correlation_id", "message", "timestamp", "account_id"])
def test_nobody_sets_what_the_server_says(key: str) -> None:
    assert NETWORK.asks(TRANSFER, {**MOVE, key: "completed"}) == NETWORK.asks(TRANSFER, MOVE)


def test_a_recorded_transfer_is_told_as_in_the_document() -> None:
    message = "Transfer recorded. Manual action required for real exchange transfer."
    assert NETWORK.answers(TRANSFER, sample(Transfer, **{**MOVED, "status": "pending", "message": message})) == {
        "success": True,
        "transfer": {"id": str(ID), "status": "pending", "message": message},
    }
