"""Orders in contract interfaces."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from libs.contracts.tests.botplatform.cases import asked, row_of
from libs.contracts.tests.samples import ID, NOW, sample
from millrace.common.events.trading import OrderState, OrderType, Side, TimeInForce
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.frame import ById
from millrace.contracts.canonical.trading import Cancelled, CancelOrder, Order, PlaceOrder
from millrace.contracts.interfaces import DIALECT
from millrace.contracts.names import Contract

PLACE = "POST /api/v1/trading/orders"
GET, CANCEL = "GET /api/v1/trading/orders/{order_id}", "DELETE /api/v1/trading/orders/{order_id}"
SERVERS = (
    *("id", "num", "order_id", "user_id", "status", "reason", "origin", "source", "fees", "filled_quantity"),
    *("average_price", "avg_fill_price", "created_at", "placed_at", "updated_at", "cancelled_at"),
)
NEW: dict[str, Any] = {
    "symbol": "BTC/USD",
    "exchange": "binance",
    "side": "buy",
    "type": "limit",
    "quantity": 0.5,
    "price": 50000.0,
}


def answer(ask: str, result: Any) -> Any:
    """The body that a result becomes."""
    return row_of(DIALECT, ask).view.present(result, NOW)


def refusal(**changes: Any) -> MillraceError:
    """Why an order is not taken."""
    with pytest.raises(MillraceError) as refused:
        asked(DIALECT, PLACE, {key: value for key, value in {**NEW, **changes}.items() if value is not ...})
    return refused.value


def test_an_order_is_read_exactly() -> None:
    text = (
        '{"symbol": "BTC/USD", "exchange": "binance", "side": "buy", "type": "limit", "quantity": 0.5,'
        ' "price": 50000.010000000000000001}'
    )
    assert asked(DIALECT, PLACE, text) == PlaceOrder(
        symbol="BTC/USD",
        spelling="BTC/USD",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=Decimal("0.5"),
        price=Decimal("50000.010000000000000001"),
        exchange="binance",
        origin=Contract.INTERFACES,
    )


def test_an_order_may_say_everything_the_document_knows() -> None:
    told = {**NEW, "type": "stop_loss", "stop_price": 49000, "time_in_force": "fok", "strategy_id": str(UUID(int=3))}
    command = asked(DIALECT, PLACE, told)
    assert (command.order_type, command.stop_price) == (OrderType.STOP_LOSS, Decimal(49000))
    assert (command.time_in_force, command.strategy_id) == (TimeInForce.FOK, UUID(int=3))
    assert (command.bot_id, command.account_id, command.client_ref) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"side": "SELL"}, "side", Side.SELL),
        ({"type": "MARKET"}, "order_type", OrderType.MARKET),
        ({"time_in_force": "IOC"}, "time_in_force", TimeInForce.IOC),
        ({"quantity": "0.1"}, "quantity", Decimal("0.1")),
        ({"price": "43250.00"}, "price", Decimal(43250)),
        ({"exchange": "Binance"}, "exchange", "binance"),
        ({"symbol": "BTCUSDT"}, "symbol", "BTC/USDT"),
        ({"symbol": "btc-usd"}, "spelling", "btc-usd"),
        ({"client_order_id": "mine-1"}, "client_ref", "mine-1"),
        ({"strategy_id": 12}, "strategy_id", 12),
    ],
)
def test_an_order_is_understood_as_other_contracts_write_it(changes: dict[str, Any], field: str, value: Any) -> None:
    assert getattr(asked(DIALECT, PLACE, {**NEW, **changes}), field) == value


@pytest.mark.parametrize(
    ("changes", "field", "kind"),
    [
        ({"price": ...}, "price", "limit"),
        ({"price": None}, "price", "limit"),
        ({"type": "stop_loss"}, "stop_price", "stop_loss"),
        ({"type": "TAKE_PROFIT"}, "stop_price", "take_profit"),
    ],
)
def test_a_price_that_the_type_calls_for_must_be_there(changes: dict[str, Any], field: str, kind: str) -> None:
    problem = refusal(**changes)
    assert problem.code is Code.VALIDATION_ERROR
    assert problem.fields == {field: f"is required for {kind} orders"}


def test_a_market_order_needs_no_price() -> None:
    told = {key: value for key, value in NEW.items() if key != "price"}
    assert asked(DIALECT, PLACE, {**told, "type": "market"}).price is None


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"quantity": 0}, Code.INVALID_QUANTITY, "quantity"),
        ({"quantity": 0.0}, Code.INVALID_QUANTITY, "quantity"),
        ({"quantity": "-1"}, Code.INVALID_QUANTITY, "quantity"),
        ({"price": 0}, Code.INVALID_PRICE, "price"),
        ({"stop_price": -5}, Code.INVALID_PRICE, "stop_price"),
        ({"symbol": "BITCOIN"}, Code.INVALID_SYMBOL, "symbol"),
    ],
)
def test_what_cannot_be_traded_is_a_bad_request_by_its_field(changes: dict[str, Any], code: Code, field: str) -> None:
    problem = refusal(**changes)
    assert (problem.code, problem.status) == (code, 400)
    reason = "is not a trading pair" if field == "symbol" else "must be greater than 0"
    assert problem.fields == {field: reason}


@pytest.mark.parametrize("key", ["stopprice", "stop_prise", "Type", "order_type", "account_id", "leverage"])
def test_a_key_that_nobody_knows_is_refused_by_name(key: str) -> None:
    with pytest.raises(ValidationError) as refused:
        asked(DIALECT, PLACE, {**NEW, key: "44000"})
    assert [error["loc"] for error in refused.value.errors()] == [(key,)]


@pytest.mark.parametrize("key", SERVERS)
def test_what_only_the_server_says_of_an_order_changes_nothing(key: str) -> None:
    assert asked(DIALECT, PLACE, {**NEW, key: "x"}) == asked(DIALECT, PLACE, NEW)


@pytest.mark.parametrize("name", ["symbol", "exchange", "side", "type", "quantity"])
def test_what_an_order_cannot_do_without_must_be_there(name: str) -> None:
    with pytest.raises(ValidationError, match="Field required") as refused:
        asked(DIALECT, PLACE, {key: value for key, value in NEW.items() if key != name})
    assert [error["loc"] for error in refused.value.errors()] == [(name,)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"side": "long"},
        {"side": None},
        {"type": "iceberg"},
        {"time_in_force": "day"},
        {"quantity": "much"},
        {"quantity": True},
        {"price": "NaN"},
        {"stop_price": "1e30"},
        {"exchange": "a b"},
        {"exchange": ""},
        {"symbol": ""},
        {"symbol": "x" * 41},
        {"strategy_id": "mine"},
        {"client_order_id": ""},
        {"client_order_id": "x" * 101},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_an_order_is_bounded(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        asked(DIALECT, PLACE, {**NEW, **wrong})
    assert [error["loc"] for error in refused.value.errors()] == [tuple(wrong)]


@pytest.mark.parametrize("body", [[], "x", 5])
def test_an_order_is_an_object(body: Any) -> None:
    with pytest.raises(ValidationError):
        row_of(DIALECT, PLACE).view.body.model_validate(body)  # type: ignore[union-attr]


@pytest.mark.parametrize("state", list(OrderState))
def test_an_order_was_placed_unless_it_was_rejected(state: OrderState) -> None:
    body = answer(PLACE, sample(Order, status=state))
    rejected = state in (OrderState.REFUSED, OrderState.REJECTED)
    assert body == {
        "order_id": str(ID),
        "status": "rejected" if rejected else "placed",
        "placed_at": "2026-01-02T03:04:05Z",
    }


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (OrderState.RECEIVED, "placed"),
        (OrderState.APPROVED, "placed"),
        (OrderState.SUBMITTING, "placed"),
        (OrderState.UNKNOWN, "placed"),
        (OrderState.OPEN, "placed"),
        (OrderState.PARTIALLY_FILLED, "partially_filled"),
        (OrderState.FILLED, "filled"),
        (OrderState.CANCELLED, "cancelled"),
        (OrderState.EXPIRED, "cancelled"),
        (OrderState.REJECTED, "rejected"),
        (OrderState.REFUSED, "rejected"),
    ],
)
def test_an_orders_state_side_and_type_are_lower_case(state: OrderState, word: str) -> None:
    body = answer(GET, sample(Order, status=state, side=Side.SELL, order_type=OrderType.TAKE_PROFIT))
    assert (body["status"], body["side"], body["type"]) == (word, "sell", "take_profit")


def test_amounts_are_json_numbers() -> None:
    order = sample(
        Order,
        quantity=Decimal(2),
        price=Decimal("50000.010000000000000000"),
        filled_quantity=Decimal("0.1"),
        average_price=Decimal("49999.5"),
        fees=Decimal("0.0000001"),
    )
    body = answer(GET, order)
    assert (body["quantity"], body["price"], body["filled_quantity"]) == (2.0, 50000.01, 0.1)
    assert (body["avg_fill_price"], body["fees"]) == (49999.5, 1e-7)
    assert type(body["quantity"]) is float


def test_prices_that_are_not_there_yet_are_null() -> None:
    body = answer(GET, sample(Order, price=None, stop_price=None))
    assert (body["price"], body["stop_price"]) == (None, None)


@pytest.mark.parametrize("average", [None, Decimal(0)])
def test_the_average_of_no_fills_is_a_number_as_the_stream_tells_it(average: Decimal | None) -> None:
    told = answer(GET, sample(Order, average_price=average))["avg_fill_price"]
    assert (type(told), told) == (float, 0.0)


def test_a_symbol_is_told_as_it_was_written_else_with_a_slash() -> None:
    assert answer(GET, sample(Order, symbol="BTC/USDT", spelling="BTCUSDT"))["symbol"] == "BTCUSDT"
    assert answer(GET, sample(Order, symbol="BTC/USDT", spelling=None))["symbol"] == "BTC/USDT"


def test_reading_and_cancelling_name_the_order() -> None:
    assert asked(DIALECT, GET) == ById(id=ID)
    assert asked(DIALECT, CANCEL) == CancelOrder(id=ID)


@pytest.mark.parametrize(("worked", "word"), [(True, "cancelled"), (False, "cancel_failed")])
def test_a_wish_to_cancel_is_answered_either_way(worked: bool, word: str) -> None:
    body = answer(CANCEL, sample(Cancelled, cancelled=worked))
    assert body == {"order_id": str(ID), "status": word, "cancelled_at": "2026-01-02T03:04:05Z"}
