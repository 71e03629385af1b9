"""Orders in contract crypto."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from libs.contracts.tests.crypto.desk import Desk, without
from libs.contracts.tests.samples import ID, sample
from millrace.common.events.trading import OrderState, OrderType, Side, TimeInForce
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.frame import Page
from millrace.contracts.canonical.problem import Problem
from millrace.contracts.canonical.trading import ListOrders, Order, PlaceOrder
from millrace.contracts.crypto import DIALECT
from millrace.contracts.names import Contract

CRYPTO = Desk(DIALECT, "/api/v1/")
PLACE, LIST = "POST trading/orders", "GET trading/orders"
NINE = datetime(2025, 9, 18, 9, tzinfo=UTC)
NEW: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "quantity": "0.1",
    "price": "43250.00",
    "time_in_force": "GTC",
    "client_order_id": "my_order_123",
}
MADE: dict[str, Any] = {
    "id": ID,
    "client_ref": "my_order_123",
    "symbol": "BTC/USDT",
    "spelling": "BTCUSDT",
    "side": Side.BUY,
    "order_type": OrderType.LIMIT,
    "quantity": Decimal("0.100000000000000000"),
    "price": Decimal("43250.000000000000000000"),
    "filled_quantity": Decimal("0.05"),
    "status": OrderState.OPEN,
    "placed_at": NINE,
    "updated_at": NINE.replace(minute=1),
}
SERVERS = (
    *("id", "num", "order_id", "user_id", "account_id", "status", "executed_quantity", "filled_quantity", "avg_price"),
    *("fees", "reason", "origin", "source", "created_at", "placed_at", "updated_at", "canceled_at", "count"),
)


def order(**changes: Any) -> Order:
    """The document's own order, with changes."""
    return sample(Order, **{**MADE, **changes})


def test_an_order_is_read_as_the_document_writes_it() -> None:
    assert CRYPTO.asks(PLACE, NEW) == PlaceOrder(
        symbol="BTC/USDT",
        spelling="BTCUSDT",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=Decimal("0.1"),
        price=Decimal(43250),
        time_in_force=TimeInForce.GTC,
        client_ref="my_order_123",
        origin=Contract.CRYPTO,
    )


def test_an_order_of_the_documents_sdk_has_numbers() -> None:
    text = '{"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": 0.1, "price": 43250.00}'
    command = CRYPTO.asks(PLACE, text)
    assert (command.quantity, command.price) == (Decimal("0.1"), Decimal("43250.00"))
    assert (command.client_ref, command.time_in_force) == (None, TimeInForce.GTC)


@pytest.mark.parametrize("quantity", ["0.1", 0.1, "0.10", " 0.1 ", "1e-1"])
def test_amounts_are_text_or_numbers(quantity: Any) -> None:
    command = CRYPTO.asks(PLACE, {**NEW, "quantity": quantity, "stop_price": "42000.5"})
    assert (command.quantity, command.stop_price) == (Decimal("0.1"), Decimal("42000.5"))


def test_every_digit_of_a_number_counts() -> None:
    text = '{"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": 0.100000000000000001}'
    assert CRYPTO.asks(PLACE, text).quantity == Decimal("0.100000000000000001")


@pytest.mark.parametrize(("word", "side"), [("BUY", Side.BUY), ("sell", Side.SELL), (" Sell ", Side.SELL)])
def test_a_side_is_written_in_any_case(word: str, side: Side) -> None:
    assert CRYPTO.asks(PLACE, {**NEW, "side": word}).side is side


@pytest.mark.parametrize("kind", list(OrderType))
def test_a_type_is_written_in_any_case(kind: OrderType) -> None:
    for word in (kind.upper(), kind.lower(), kind.title()):
        assert CRYPTO.asks(PLACE, {**NEW, "type": word}).order_type is kind


@pytest.mark.parametrize("force", list(TimeInForce))
def test_a_time_in_force_is_written_in_any_case(force: TimeInForce) -> None:
    for word in (force.upper(), force.lower()):
        assert CRYPTO.asks(PLACE, {**NEW, "time_in_force": word}).time_in_force is force


def test_a_type_that_there_is_not_has_the_documents_own_code() -> None:
    refused = CRYPTO.refuses(PLACE, {**NEW, "type": "ICEBERG"})
    assert (refused.code, refused.status) == (Code.INVALID_ORDER_TYPE, 400)
    assert refused.fields == {"type": "must be one of LIMIT, MARKET, STOP_LOSS, TAKE_PROFIT"}


@pytest.mark.parametrize(
    ("told", "fields"),
    [
        ({"side": "HOLD"}, {"side": "must be one of BUY, SELL"}),
        ({"side": ""}, {"side": "must be one of BUY, SELL"}),
        ({"time_in_force": "DAY"}, {"time_in_force": "must be one of FOK, GTC, IOC"}),
    ],
)
def test_another_word_that_there_is_not_is_told_by_its_field(told: dict[str, Any], fields: dict[str, str]) -> None:
    refused = CRYPTO.refuses(PLACE, {**NEW, **told})
    assert (refused.code, refused.fields) == (Code.VALIDATION_ERROR, fields)


@pytest.mark.parametrize("written", ["BTCUSDT", "btcusdt", "BTC/USDT", "BTC-USDT", "BTC_USDT", " BTC/USDT "])
def test_a_symbol_is_read_in_any_spelling_and_kept(written: str) -> None:
    command = CRYPTO.asks(PLACE, {**NEW, "symbol": written})
    assert (command.symbol, command.spelling) == ("BTC/USDT", written.strip())


def test_what_is_no_pair_is_refused() -> None:
    refused = CRYPTO.refuses(PLACE, {**NEW, "symbol": "INVALID"})
    assert (refused.code, refused.details) == (Code.INVALID_SYMBOL, {"symbol": "INVALID"})


@pytest.mark.parametrize("name", ["symbol", "side", "type", "quantity"])
def test_what_an_order_cannot_do_without_must_be_there(name: str) -> None:
    assert CRYPTO.wrong(PLACE, without(NEW, name)) == [name]
    assert CRYPTO.wrong(PLACE, {**NEW, name: None}) == [name]


@pytest.mark.parametrize("name", ["price", "time_in_force", "client_order_id"])
def test_what_an_order_can_do_without_may_be_missing(name: str) -> None:
    assert isinstance(CRYPTO.asks(PLACE, without(NEW, name)), PlaceOrder)


@pytest.mark.parametrize("quantity", ["0", 0, "-1", -0.5, "99999999999999999999"])
def test_whether_an_amount_can_be_traded_its_market_decides(quantity: Any) -> None:
    assert CRYPTO.asks(PLACE, {**NEW, "quantity": quantity}).quantity == Decimal(str(quantity))


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"symbol": "x" * 41}, "symbol"),
        ({"symbol": ""}, "symbol"),
        ({"symbol": "   "}, "symbol"),
        ({"symbol": 5}, "symbol"),
        ({"side": "B" * 21}, "side"),
        ({"side": 1}, "side"),
        ({"type": "L" * 21}, "type"),
        ({"type": ["LIMIT"]}, "type"),
        ({"quantity": "much"}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"quantity": "NaN"}, "quantity"),
        ({"quantity": "Infinity"}, "quantity"),
        ({"quantity": "1e20"}, "quantity"),
        ({"quantity": "0.0000000000000000001"}, "quantity"),
        ({"quantity": {"value": 1}}, "quantity"),
        ({"price": "1_000"}, "price"),
        ({"price": ""}, "price"),
        ({"stop_price": "1,000"}, "stop_price"),
        ({"time_in_force": "G" * 21}, "time_in_force"),
        ({"client_order_id": ""}, "client_order_id"),
        ({"client_order_id": "x" * 65}, "client_order_id"),
        ({"client_order_id": 123}, "client_order_id"),
        ({"exchange": "x" * 41}, "exchange"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_order_is_bounded(told: dict[str, Any], field: str) -> None:
    assert CRYPTO.wrong(PLACE, {**NEW, **told}) == [field]


@pytest.mark.parametrize("key", ["stopprice", "stop_prise", "Price", "order_type", "leverage", "reduce_only", "x" * 99])
def test_a_key_that_nobody_knows_is_refused_by_name(key: str) -> None:
    refused = CRYPTO.refuses(PLACE, {**NEW, key: "44000"})
    assert (refused.code, refused.fields) == (Code.VALIDATION_ERROR, {key: "is not a known key"})
    assert len(refused.message) < 80


def test_all_keys_that_nobody_knows_are_told() -> None:
    assert set(CRYPTO.refuses(PLACE, {**NEW, "a": 1, "b": 2}).fields) == {"a", "b"}


@pytest.mark.parametrize("key", SERVERS)
def test_what_only_the_server_says_of_an_order_changes_nothing(key: str) -> None:
    assert CRYPTO.asks(PLACE, {**NEW, key: "x"}) == CRYPTO.asks(PLACE, NEW)


def test_an_answer_sent_back_is_an_order_again() -> None:
    body = CRYPTO.answers(PLACE, order())
    assert CRYPTO.asks(PLACE, body) == CRYPTO.asks(PLACE, NEW)


@pytest.mark.parametrize("written", ["luno", " Luno ", "LUNO"])
def test_an_exchange_may_be_named_as_in_the_contract_of_the_same_address(written: str) -> None:
    assert CRYPTO.asks(PLACE, {**NEW, "exchange": written}).exchange == "luno"


@pytest.mark.parametrize("none", [None, ""])
def test_no_exchange_is_anywhere(none: Any) -> None:
    assert CRYPTO.asks(PLACE, {**NEW, "exchange": none}).exchange is None


@pytest.mark.parametrize(("told", "strategy"), [(1, 1), ("1", 1), (str(ID), ID), (None, None)])
def test_an_order_may_be_a_strategys(told: Any, strategy: int | UUID | None) -> None:
    assert CRYPTO.asks(PLACE, {**NEW, "strategy_id": told}).strategy_id == strategy


def test_a_strategy_that_can_be_none_is_not_found() -> None:
    refused = CRYPTO.refuses(PLACE, {**NEW, "strategy_id": "mine"})
    assert (refused.code, refused.message) == (Code.NOT_FOUND, "strategy not found")


def test_without_a_filter_the_newest_fifty_are_listed() -> None:
    assert CRYPTO.asks(LIST) == ListOrders(symbol=None, statuses=(), bot_id=None, limit=50, offset=0)


@pytest.mark.parametrize(
    ("word", "states"),
    [
        ("NEW", {"open", "received", "approved", "submitting", "unknown"}),
        ("new", {"open", "received", "approved", "submitting", "unknown"}),
        ("PARTIALLY_FILLED", {"partially_filled"}),
        ("FILLED", {"filled"}),
        ("CANCELED", {"cancelled"}),
        ("CANCELLED", {"cancelled"}),
        ("REJECTED", {"rejected", "refused"}),
        ("EXPIRED", {"expired"}),
        ("expired", {"expired"}),
    ],
)
def test_a_status_covers_every_state_that_is_told_so(word: str, states: set[str]) -> None:
    assert {state.value for state in CRYPTO.asks(LIST, query={"status": word}).statuses} == states


def test_orders_of_one_market_and_time_are_asked_for() -> None:
    query = {"symbol": "btc-usdt", "limit": "500", "start_time": "2025-09-18T09:00:00Z", "end_time": "1758186060"}
    command = CRYPTO.asks(LIST, query=query)
    assert (command.symbol, command.limit) == ("BTC/USDT", 500)
    assert (command.start, command.end) == (NINE, NINE.replace(minute=1))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 501}, "limit"),
        ({"limit": 0}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"symbol": ""}, "symbol"),
        ({"symbol": "x" * 41}, "symbol"),
        ({"status": "x" * 21}, "status"),
        ({"start_time": "soon"}, "start_time"),
        ({"end_time": "soon"}, "end_time"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_list_is_bounded(query: dict[str, Any], field: str) -> None:
    assert CRYPTO.wrong(LIST, query=query) == [field]


def test_a_filter_that_is_none_is_refused() -> None:
    assert CRYPTO.refuses(LIST, query={"symbol": "lost"}).code is Code.INVALID_SYMBOL
    lost = CRYPTO.refuses(LIST, query={"status": "LOST"})
    assert lost.fields == {"status": "must be one of CANCELED, EXPIRED, FILLED, NEW, PARTIALLY_FILLED, REJECTED"}


def test_a_new_order_is_told_as_in_the_document() -> None:
    assert CRYPTO.answers(PLACE, order(updated_at=NINE)) == {
        "order_id": str(ID),
        "client_order_id": "my_order_123",
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "quantity": "0.1",
        "price": "43250.00",
        "status": "NEW",
        "time_in_force": "GTC",
        "created_at": "2025-09-18T09:00:00Z",
        "updated_at": "2025-09-18T09:00:00Z",
    }


def test_a_list_of_orders_is_told_as_in_the_document() -> None:
    found = Page[Order](items=(order(status=OrderState.PARTIALLY_FILLED),), total=1)
    assert CRYPTO.answers(LIST, found) == {
        "orders": [
            {
                "order_id": str(ID),
                "client_order_id": "my_order_123",
                "symbol": "BTCUSDT",
                "side": "BUY",
                "type": "LIMIT",
                "quantity": "0.1",
                "price": "43250.00",
                "executed_quantity": "0.05",
                "status": "PARTIALLY_FILLED",
                "created_at": "2025-09-18T09:00:00Z",
                "updated_at": "2025-09-18T09:01:00Z",
            }
        ],
        "count": 1,
        "has_more": False,
    }


@pytest.mark.parametrize(("total", "offset", "more"), [(2, 0, True), (1, 0, False), (2, 1, False), (0, 0, False)])
def test_more_is_said_when_more_follow(total: int, offset: int, more: bool) -> None:
    assert CRYPTO.answers(LIST, Page[Order](items=(order(),), total=total, offset=offset))["has_more"] is more


def test_no_orders_are_an_empty_list() -> None:
    assert CRYPTO.answers(LIST, Page[Order]()) == {"orders": [], "count": 0, "has_more": False}


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (OrderState.RECEIVED, "NEW"),
        (OrderState.APPROVED, "NEW"),
        (OrderState.SUBMITTING, "NEW"),
        (OrderState.UNKNOWN, "NEW"),
        (OrderState.OPEN, "NEW"),
        (OrderState.PARTIALLY_FILLED, "PARTIALLY_FILLED"),
        (OrderState.FILLED, "FILLED"),
        (OrderState.CANCELLED, "CANCELED"),
        (OrderState.REJECTED, "REJECTED"),
        (OrderState.REFUSED, "REJECTED"),
        (OrderState.EXPIRED, "EXPIRED"),
    ],
)
def test_an_orders_state_is_one_of_the_documents_words(state: OrderState, word: str) -> None:
    body = _listed(order(status=state, side=Side.SELL, order_type=OrderType.STOP_LOSS))
    assert (body["status"], body["side"], body["type"]) == (word, "SELL", "STOP_LOSS")


def test_placing_what_risk_refuses_is_the_documents_error_and_the_order_stays_listed() -> None:
    poor = order(status=OrderState.REFUSED, reason="balance: needs 20 USDT, 10 are free")
    with pytest.raises(MillraceError) as refused:
        CRYPTO.answers(PLACE, poor)
    told = DIALECT.error(Problem.of(refused.value, NINE))["error"]
    assert (told["code"], told["message"]) == ("INSUFFICIENT_BALANCE", "needs 20 USDT, 10 are free")
    assert told["details"] == {"order_id": str(ID), "rule": "balance"}
    assert DIALECT.status(Problem.of(refused.value, NINE)) == 400
    assert _listed(poor)["status"] == "REJECTED"


def _listed(one: Order) -> Any:
    return CRYPTO.answers(LIST, Page[Order](items=(one,)))["orders"][0]


def test_every_state_has_a_word() -> None:
    words = {_listed(order(status=state))["status"] for state in OrderState}
    assert words == {"NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED"}


@pytest.mark.parametrize(
    ("exchange", "symbol", "price", "shown"),
    [
        ("binance", "BTC/USDT", "43250", "43250.00"),
        ("binance", "BTC/USDT", "43250.125", "43250.125"),
        ("luno", "BTC/ZAR", "900000.000", "900000"),
        ("elsewhere", "SHIB/USDT", "1E-8", "0.00000001"),
    ],
)
def test_a_price_has_its_markets_places(exchange: str, symbol: str, price: str, shown: str) -> None:
    assert CRYPTO.answers(PLACE, order(exchange=exchange, symbol=symbol, price=Decimal(price)))["price"] == shown


@pytest.mark.parametrize(
    ("quantity", "shown"), [("1E+3", "1000"), ("1E-18", f"0.{'0' * 17}1"), ("0", "0"), ("2.50", "2.5")]
)
def test_a_quantity_has_the_places_it_needs(quantity: str, shown: str) -> None:
    body = CRYPTO.answers(
        LIST, Page[Order](items=(order(quantity=Decimal(quantity), filled_quantity=Decimal(quantity)),))
    )
    assert (body["orders"][0]["quantity"], body["orders"][0]["executed_quantity"]) == (shown, shown)


def test_what_an_order_does_not_have_is_null() -> None:
    body = CRYPTO.answers(PLACE, order(order_type=OrderType.MARKET, price=None, client_ref=None))
    assert (body["price"], body["client_order_id"], body["type"]) == (None, None, "MARKET")


@pytest.mark.parametrize(("spelling", "shown"), [("btc_usdt", "btc_usdt"), ("BTC/USDT", "BTC/USDT"), (None, "BTCUSDT")])
def test_a_symbol_is_told_as_it_was_written(spelling: str | None, shown: str) -> None:
    assert CRYPTO.answers(PLACE, order(spelling=spelling))["symbol"] == shown
