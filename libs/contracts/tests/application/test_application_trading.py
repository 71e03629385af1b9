"""Trades and positions in the words of contract application."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from libs.contracts.tests.application.asked import OTHER, answer, ask
from libs.contracts.tests.samples import ID, sample
from millrace.common.events.trading import OrderType, Side
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.frame import Page, Terminated
from millrace.contracts.canonical.trading import Executed, Order, Position

EXECUTE = ("POST", "/trading/group/{group_id}/execute")
CLOSE = ("POST", "/trading/close-position/{account_id}")
CLOSED = ("GET", "/trading/positions/{account_id}")
TRADE: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "order_type": "MARKET", "risk_percentage": 2}
CLOSING: dict[str, Any] = {"symbol": "BTCUSDT", "order_type": "MARKET"}


def test_a_group_trade_risks_a_fraction_of_equity() -> None:
    command = ask(*EXECUTE, body={**TRADE, "leverage": "3", "take_profit": 50_000.5})
    assert (command.group_id, command.symbol, command.spelling) == (ID, "BTC/USDT", "BTCUSDT")
    assert (command.side, command.order_type) == (Side.BUY, OrderType.MARKET)
    assert command.risk == Decimal("0.02")
    assert (command.leverage, command.take_profit) == (3, Decimal("50000.5"))


@pytest.mark.parametrize("given", [{}, {"leverage": 0, "take_profit": 0}, {"leverage": "0", "take_profit": None}])
def test_no_leverage_is_one_and_no_take_profit_is_none(given: dict[str, Any]) -> None:
    command = ask(*EXECUTE, body={**TRADE, **given})
    assert (command.leverage, command.take_profit) == (1, None)


@pytest.mark.parametrize("side", ["buy", "BUY", "Buy", " sell ", "SELL"])
@pytest.mark.parametrize("kind", ["market", "LIMIT", "Limit", "MARKET"])
def test_words_are_read_in_any_case(side: str, kind: str) -> None:
    command = ask(*EXECUTE, body={**TRADE, "side": side, "order_type": kind})
    assert (command.side, command.order_type) == (side.strip().lower(), kind.lower())


@pytest.mark.parametrize("kind", ["stop_loss", "TAKE_PROFIT"])
@pytest.mark.parametrize(("address", "body"), [(EXECUTE, {**TRADE, "take_profit": 50_000}), (CLOSE, CLOSING)])
def test_an_order_whose_trigger_cannot_be_said_is_refused(address: Any, body: dict[str, Any], kind: str) -> None:
    with pytest.raises(MillraceError, match=r"^order_type must be market or limit") as refused:
        ask(*address, body={**body, "order_type": kind})
    assert (refused.value.code, refused.value.status) == (Code.INVALID_ORDER_TYPE, 400)
    assert list(refused.value.fields) == ["order_type"]


@pytest.mark.parametrize(("field", "word"), [("side", "hold"), ("order_type", "iceberg")])
def test_a_word_nobody_knows_names_its_field(field: str, word: str) -> None:
    with pytest.raises(MillraceError, match=f"^{field} must be one of") as refused:
        ask(*EXECUTE, body={**TRADE, field: word})
    assert refused.value.code is Code.VALIDATION_ERROR
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize("address", [EXECUTE, CLOSE])
@pytest.mark.parametrize("written", ["BTCUSDT", "BTC/USDT", "btc-usdt", "BTC_USDT", "XBTUSDT", " BTCUSDT "])
def test_a_symbol_is_read_in_any_spelling_and_its_spelling_is_kept(address: tuple[str, str], written: str) -> None:
    command = ask(*address, body={**(TRADE if address is EXECUTE else CLOSING), "symbol": written})
    assert (command.symbol, command.spelling) == ("BTC/USDT", written.strip())


@pytest.mark.parametrize("written", ["BTC", "//", "BTC/BTC", "ΒTCUSDT"])
def test_what_is_no_pair_names_its_field(written: str) -> None:
    for address, body in ((EXECUTE, TRADE), (CLOSE, CLOSING)):
        with pytest.raises(MillraceError) as refused:
            ask(*address, body={**body, "symbol": written})
        assert refused.value.code is Code.INVALID_SYMBOL
        assert list(refused.value.fields) == ["symbol"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"risk_percentage": 0},
        {"risk_percentage": 100.1},
        {"risk_percentage": -2},
        {"leverage": 101},
        {"leverage": -1},
        {"take_profit": -1},
        {"risk_percentage": "NaN"},
        {"risk_percentage": None},
    ],
)
def test_a_trade_is_bounded(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ask(*EXECUTE, body={**TRADE, **wrong})


@pytest.mark.parametrize("missing", list(TRADE))
def test_a_trade_needs_all_that_has_no_default(missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        ask(*EXECUTE, body={key: value for key, value in TRADE.items() if key != missing})


@pytest.mark.parametrize(
    "key", ["stop_price", "takeprofit", "leverge", "account_id", "quantity", "price", "reduce_only"]
)
def test_a_key_that_nobody_knows_does_not_vanish(key: str) -> None:
    for address, body in ((EXECUTE, TRADE), (CLOSE, CLOSING)):
        with pytest.raises(ValidationError, match=key):
            ask(*address, body={**body, key: 1})


@pytest.mark.parametrize("key", ["id", "order_id", "user_id", "status", "origin", "created_at", "filled_quantity"])
def test_a_key_that_only_the_server_sets_is_passed_over(key: str) -> None:
    for address, body in ((EXECUTE, TRADE), (CLOSE, CLOSING)):
        assert ask(*address, body={**body, key: OTHER}) == ask(*address, body=body)


def test_a_body_that_is_no_object_is_refused() -> None:
    for address in (EXECUTE, CLOSE):
        with pytest.raises(ValidationError):
            ask(*address, body=["symbol"])


def test_outcomes_are_told_one_by_one() -> None:
    results = ({"account_id": ID, "quantity": Decimal("0.10"), "success": True}, {"error": "no funds"})
    assert answer(*EXECUTE, Executed(success_count=1, error_count=1, results=results)) == {
        "success_count": 1,
        "error_count": 1,
        "results": [{"account_id": str(ID), "quantity": 0.1, "success": True}, {"error": "no funds"}],
    }


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("received", "pending"),
        ("approved", "pending"),
        ("submitting", "pending"),
        ("unknown", "pending"),
        ("open", "open"),
        ("filled", "filled"),
        ("refused", "rejected"),
    ],
)
def test_an_outcome_has_no_word_of_the_inside(state: str, word: str) -> None:
    done = Executed(success_count=1, error_count=0, results=({"status": state, "success": True},))
    assert answer(*EXECUTE, done)["results"] == [{"status": word, "success": True}]


def test_a_position_is_closed_at_market_where_nothing_else_is_said() -> None:
    command = ask(*CLOSE, body={"symbol": "BTCUSDT"}, path={"account_id": OTHER})
    assert (command.account_id, command.order_type) == (UUID(OTHER), OrderType.MARKET)
    assert ask(*CLOSE, body={"symbol": "BTCUSDT", "order_type": "Limit"}).order_type is OrderType.LIMIT


@pytest.mark.parametrize(("spelling", "told"), [("btc-usdt", "btc-usdt"), (None, "BTC/USDT")])
def test_a_symbol_is_told_as_it_was_asked_for(spelling: str | None, told: str) -> None:
    assert answer(*CLOSE, sample(Order, spelling=spelling))["symbol"] == told
    positions = Page[Position](items=(sample(Position, spelling=spelling),))
    assert answer(*CLOSED, positions)[0]["symbol"] == told


def test_closed_positions_of_one_account_are_asked_for() -> None:
    command = ask(*CLOSED, {"limit": "10"})
    assert (command.status, command.account_id, command.limit, command.offset) == ("closed", ID, 10, 0)
    assert (command.symbol, command.side) == (None, None)
    assert ask(*CLOSED).limit == 50


@pytest.mark.parametrize("side", ["long", "short"])
def test_a_closed_position_is_told_in_numbers(side: Any) -> None:
    position = sample(
        Position,
        side=side,
        quantity=Decimal("0.10"),
        entry_price=Decimal("43250.00"),
        mark_price=Decimal(1),
        exit_price=Decimal("43000.5"),
        pnl=Decimal("-24.95"),
        fees=Decimal("8.6"),
        spelling=None,
    )
    assert answer(*CLOSED, Page[Position](items=(position,))) == [
        {
            "symbol": "BTC/USDT",
            "side": side,
            "size": 0.1,
            "entry_price": 43_250.0,
            "exit_price": 43_000.5,
            "pnl": -24.95,
            "fee": 8.6,
        }
    ]


def test_an_exit_price_is_never_missing() -> None:
    position = sample(Position, exit_price=None, mark_price=Decimal(7))
    assert answer(*CLOSED, Page[Position](items=(position,)))[0]["exit_price"] == 7.0
    assert answer(*CLOSED, Page[Position]()) == []


def test_a_termination_counts_positions() -> None:
    ended = Terminated(count=3, accounts=1, errors=("too late",))
    shown = answer("POST", "/trading/terminate/{account_id}", ended)
    assert shown == {"success": True, "terminated_positions": 3, "errors": ["too late"]}
    assert ask("POST", "/trading/terminate/{account_id}", path={"account_id": "9"}).id == 9
