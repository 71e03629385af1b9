"""Orders in contract botplatform."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from libs.contracts.tests.botplatform.cases import asked, row_of
from libs.contracts.tests.samples import ID, NOW, sample
from millrace.common.events.trading import OrderState, OrderType, Side, TimeInForce
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.botplatform import DIALECT
from millrace.contracts.canonical.frame import ById, Page
from millrace.contracts.canonical.trading import Cancelled, CancelOrder, ListOrders, Order, PlaceOrder
from millrace.contracts.names import Contract

PLACE, LIST = "POST /api/v1/orders", "GET /api/v1/orders"
GET, CANCEL = "GET /api/v1/orders/{order_id}", "DELETE /api/v1/orders/{order_id}"
BOT = UUID(int=2)
SERVERS = (
    *("id", "num", "order_id", "user_id", "status", "reason", "origin", "source", "fees", "filled_quantity"),
    *("average_price", "avg_fill_price", "created_at", "placed_at", "updated_at"),
)
NEW: dict[str, Any] = {
    "bot_id": str(BOT),
    "symbol": "BTCUSDT",
    "side": "BUY",
    "order_type": "LIMIT",
    "quantity": 0.001,
    "price": 45000.00,
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
        f'{{"bot_id": "{BOT}", "symbol": "BTCUSDT", "side": "BUY", "order_type": "LIMIT", "quantity": 0.001,'
        ' "price": 45000.00}'
    )
    command = asked(DIALECT, PLACE, text)
    assert command == PlaceOrder(
        symbol="BTC/USDT",
        spelling="BTCUSDT",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=Decimal("0.001"),
        price=Decimal(45000),
        bot_id=BOT,
        origin=Contract.BOTPLATFORM,
    )
    assert command.time_in_force is TimeInForce.GTC


@pytest.mark.parametrize("side", ["SELL", "sell", "Sell"])
def test_a_side_is_read_in_any_case(side: str) -> None:
    assert asked(DIALECT, PLACE, {**NEW, "side": side}).side is Side.SELL


@pytest.mark.parametrize(
    ("word", "extra", "kind"),
    [
        ("MARKET", {}, OrderType.MARKET),
        ("limit", {}, OrderType.LIMIT),
        ("STOP_LOSS", {"stop_price": 44000}, OrderType.STOP_LOSS),
        ("take_profit", {"stop_price": "46000.5"}, OrderType.TAKE_PROFIT),
    ],
)
def test_a_type_is_read_in_any_case(word: str, extra: dict[str, Any], kind: OrderType) -> None:
    command = asked(DIALECT, PLACE, {**NEW, "order_type": word, **extra})
    assert command.order_type is kind
    assert command.stop_price == (Decimal(str(extra["stop_price"])) if extra else None)


@pytest.mark.parametrize(("quantity", "price"), [("0.001", "45000.00"), (0.001, 45000), ("0.0010", 45000.0)])
def test_amounts_are_numbers_or_text(quantity: Any, price: Any) -> None:
    command = asked(DIALECT, PLACE, {**NEW, "quantity": quantity, "price": price})
    assert (command.quantity, command.price) == (Decimal("0.001"), Decimal(45000))


def test_a_market_order_needs_no_price() -> None:
    told = {key: value for key, value in NEW.items() if key != "price"}
    assert asked(DIALECT, PLACE, {**told, "order_type": "MARKET"}).price is None


def test_an_order_may_carry_its_makers_id_and_time_in_force() -> None:
    command = asked(DIALECT, PLACE, {**NEW, "client_order_id": "mine-1", "time_in_force": "IOC"})
    assert (command.client_ref, command.time_in_force) == ("mine-1", TimeInForce.IOC)


def test_an_order_by_hand_names_no_bot_and_may_name_an_exchange() -> None:
    by_hand = {key: value for key, value in NEW.items() if key != "bot_id"}
    assert (asked(DIALECT, PLACE, by_hand).bot_id, asked(DIALECT, PLACE, by_hand).exchange) == (None, None)
    assert asked(DIALECT, PLACE, {**by_hand, "exchange": " Luno "}).exchange == "luno"


@pytest.mark.parametrize("name", ["symbol", "side", "order_type", "quantity"])
def test_what_an_order_cannot_do_without_must_be_there(name: str) -> None:
    with pytest.raises(ValidationError, match="Field required") as refused:
        asked(DIALECT, PLACE, {key: value for key, value in NEW.items() if key != name})
    assert [error["loc"] for error in refused.value.errors()] == [(name,)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"price": ...}, "price"),
        ({"price": None}, "price"),
        ({"order_type": "STOP_LOSS"}, "stop_price"),
        ({"order_type": "take_profit", "price": ...}, "stop_price"),
    ],
)
def test_a_price_that_the_type_calls_for_is_missing_in_the_documents_words(changes: Any, field: str) -> None:
    problem = refusal(**changes)
    assert (problem.code, problem.status) == (Code.VALIDATION_ERROR, 422)
    assert problem.details["errors"] == [{"loc": ("body", field), "msg": "Field required", "type": "missing"}]
    assert field in problem.message


@pytest.mark.parametrize("quantity", [0, -1, "0", "-0.001", 0.0])
def test_a_quantity_of_nothing_is_the_documents_bad_request(quantity: Any) -> None:
    problem = refusal(quantity=quantity)
    assert (problem.code, problem.status, problem.message) == (Code.INVALID_QUANTITY, 400, "Invalid order quantity")
    assert problem.fields == {"quantity": "must be greater than 0"}


@pytest.mark.parametrize(("field", "kind"), [("price", "LIMIT"), ("stop_price", "STOP_LOSS")])
def test_a_price_of_nothing_is_a_bad_request(field: str, kind: str) -> None:
    problem = refusal(order_type=kind, **{field: 0})
    assert (problem.code, problem.status) == (Code.INVALID_PRICE, 400)
    assert list(problem.fields) == [field]


def test_what_is_no_pair_is_refused() -> None:
    assert refusal(symbol="BITCOIN").code is Code.INVALID_SYMBOL


@pytest.mark.parametrize("key", ["stopprice", "stop_prise", "Price", "type", "account_id", "leverage"])
def test_a_key_that_nobody_knows_is_refused_by_name(key: str) -> None:
    with pytest.raises(ValidationError) as refused:
        asked(DIALECT, PLACE, {**NEW, key: "44000"})
    (wrong,) = refused.value.errors()
    assert (wrong["loc"], wrong["type"]) == ((key,), "extra_forbidden")


@pytest.mark.parametrize("key", SERVERS)
def test_what_only_the_server_says_of_an_order_changes_nothing(key: str) -> None:
    assert asked(DIALECT, PLACE, {**NEW, key: "x"}) == asked(DIALECT, PLACE, NEW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"side": "HOLD"},
        {"side": 1},
        {"order_type": "ICEBERG"},
        {"quantity": "much"},
        {"quantity": None},
        {"quantity": True},
        {"quantity": "1e30"},
        {"quantity": "0.0000000000000000001"},
        {"price": "NaN"},
        {"bot_id": "uuid"},
        {"exchange": "a b"},
        {"symbol": 5},
        {"time_in_force": "day"},
        {"client_order_id": ""},
        {"client_order_id": "x" * 101},
    ],
    ids=str,
)
def test_an_order_is_bounded(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        asked(DIALECT, PLACE, {**NEW, **wrong})
    assert [error["loc"] for error in refused.value.errors()] == [tuple(wrong)]


@pytest.mark.parametrize("body", [[], "x", 5])
def test_an_order_is_an_object(body: Any) -> None:
    with pytest.raises(ValidationError):
        row_of(DIALECT, PLACE).view.body.model_validate(body)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("word", "states"),
    [
        ("pending", {"received", "approved", "submitting", "unknown", "open"}),
        ("open", {"open"}),
        ("FILLED", {"filled"}),
        ("partially_filled", {"partially_filled"}),
        ("cancelled", {"cancelled"}),
        ("CANCELED", {"cancelled"}),
        ("rejected", {"rejected", "refused"}),
        ("expired", {"expired"}),
    ],
)
def test_orders_are_filtered_by_every_state_that_shows_as_the_word(word: str, states: set[str]) -> None:
    assert set(asked(DIALECT, LIST, query={"status": word}).statuses) == states


def test_orders_are_filtered_by_bot_and_symbol() -> None:
    command = asked(DIALECT, LIST, query={"bot_id": str(BOT), "symbol": "eth-usdt", "limit": "100", "offset": "3"})
    assert isinstance(command, ListOrders)
    assert (command.bot_id, command.symbol, command.limit, command.offset) == (BOT, "ETH/USDT", 100, 3)
    assert (command.statuses, command.start, command.end) == ((), None, None)


def test_a_filter_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="must be a UUID or a number"):
        asked(DIALECT, LIST, query={"bot_id": "mine"})
    with pytest.raises(ValidationError, match="must be one of cancelled, expired"):
        asked(DIALECT, LIST, query={"status": "lost"})
    with pytest.raises(MillraceError, match="is not a trading pair"):
        asked(DIALECT, LIST, query={"symbol": "lost"})


def test_amounts_are_text_with_the_markets_places() -> None:
    order = sample(
        Order,
        quantity=Decimal("0.001000000000000000"),
        price=Decimal("45000.000000000000000000"),
        filled_quantity=Decimal(0),
    )
    body = answer(GET, order)
    assert (body["quantity"], body["price"], body["filled_quantity"]) == ("0.001", "45000.00", "0")


def test_small_amounts_have_no_exponent() -> None:
    body = answer(GET, sample(Order, quantity=Decimal("1E-8"), price=Decimal("1E+5"), exchange="elsewhere"))
    assert (body["quantity"], body["price"]) == ("0.00000001", "100000.00")


def test_an_order_without_price_or_bot_says_so() -> None:
    body = answer(GET, sample(Order, price=None, bot_id=None, order_type=OrderType.MARKET))
    assert (body["price"], body["bot_id"], body["order_type"]) == (None, None, "MARKET")


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (OrderState.RECEIVED, "pending"),
        (OrderState.APPROVED, "pending"),
        (OrderState.SUBMITTING, "pending"),
        (OrderState.UNKNOWN, "pending"),
        (OrderState.OPEN, "pending"),
        (OrderState.PARTIALLY_FILLED, "partially_filled"),
        (OrderState.FILLED, "filled"),
        (OrderState.CANCELLED, "cancelled"),
        (OrderState.REJECTED, "rejected"),
        (OrderState.REFUSED, "rejected"),
        (OrderState.EXPIRED, "expired"),
    ],
)
def test_an_orders_state_is_lower_case_and_its_side_and_type_upper_case(state: OrderState, word: str) -> None:
    body = answer(GET, sample(Order, status=state, side=Side.SELL, order_type=OrderType.STOP_LOSS))
    assert (body["status"], body["side"], body["order_type"]) == (word, "SELL", "STOP_LOSS")


@pytest.mark.parametrize(
    ("reason", "code", "message"),
    [
        ("balance: needs 20 USDT, 10 are free", Code.INSUFFICIENT_BALANCE, "needs 20 USDT, 10 are free"),
        ("price_collar: price 9 is far away", Code.INVALID_PRICE, "price 9 is far away"),
        ("kill_switch: trading is stopped: holidays", Code.RISK_REFUSED, "trading is stopped: holidays"),
        (None, Code.RISK_REFUSED, "the order was refused"),
    ],
)
def test_placing_what_risk_refuses_is_an_error_and_the_order_stays_listed(
    reason: str | None, code: Code, message: str
) -> None:
    order = sample(Order, status=OrderState.REFUSED, reason=reason)
    with pytest.raises(MillraceError) as refused:
        answer(PLACE, order)
    assert (refused.value.code, refused.value.status, refused.value.message) == (code, 400, message)
    assert answer(LIST, Page[Order](items=(order,), total=1))["items"][0]["status"] == "rejected"


def test_a_new_order_is_told_as_documented_and_a_read_one_with_what_is_filled() -> None:
    order = sample(Order)
    assert set(answer(GET, order)) - set(answer(PLACE, order)) == {"filled_quantity"}
    assert answer(LIST, Page[Order](items=(order,), total=1))["items"] == [answer(GET, order)]


def test_an_order_tells_its_symbol_as_it_was_written() -> None:
    assert answer(PLACE, sample(Order, spelling="BTC/USDT"))["symbol"] == "BTC/USDT"
    assert answer(PLACE, sample(Order, spelling=None))["symbol"] == "BTCUSDT"


def test_an_order_is_as_old_as_when_it_was_placed() -> None:
    assert answer(GET, sample(Order))["created_at"] == "2026-01-02T03:04:05Z"


def test_cancelling_names_the_order_and_says_that_it_worked() -> None:
    assert asked(DIALECT, GET) == ById(id=ID)
    assert asked(DIALECT, CANCEL) == CancelOrder(id=ID)
    assert answer(CANCEL, sample(Cancelled)) == {
        "message": "Order cancelled successfully",
        "order_id": str(ID),
        "status": "cancelled",
    }


@pytest.mark.parametrize(
    ("reason", "message"), [("is filled", "is filled"), (None, "the order cannot be cancelled any more")]
)
def test_a_refused_wish_to_cancel_is_an_error(reason: str | None, message: str) -> None:
    with pytest.raises(MillraceError, match=message) as refused:
        answer(CANCEL, sample(Cancelled, cancelled=False, reason=reason))
    assert (refused.value.code, refused.value.status) == (Code.ORDER_NOT_CANCELABLE, 400)
