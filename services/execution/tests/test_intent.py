"""An order's own terms."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.events.trading import OrderType, Side
from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.instruments import instrument
from millrace.execution.domain.intent import Intent, check, own_terms

BTC = instrument("binance", "BTC/USDT")


def intent(**changes: Any) -> Intent:
    """A good limit order."""
    terms: dict[str, Any] = {
        "intent_id": uuid4(),
        "user_id": uuid4(),
        "source": "api",
        "origin": "test",
        "exchange": "binance",
        "symbol": "BTC/USDT",
        "spelling": "BTCUSDT",
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "quantity": Decimal("0.01"),
        "price": Decimal(20_000),
        "requested_at": datetime(2026, 1, 1, tzinfo=UTC),
        "reference": Decimal(20_000),
    }
    return Intent(**{**terms, **changes})


@pytest.mark.parametrize(
    "good",
    [
        {},
        {"order_type": OrderType.MARKET, "price": None},
        {"order_type": OrderType.STOP_LOSS, "price": None, "stop_price": Decimal(19_000)},
        {"quantity": Decimal("0.00025"), "price": Decimal(20_000)},
        {"stop_price": Decimal(19_000)},
        {"order_type": OrderType.MARKET},
        {"order_type": OrderType.MARKET, "stop_price": Decimal("0.001")},
        {"order_type": OrderType.STOP_LOSS, "stop_price": Decimal(19_000)},
        {"order_type": OrderType.TAKE_PROFIT, "price": Decimal("0.01"), "stop_price": Decimal(21_000)},
    ],
)
def test_good_terms_pass(good: dict[str, Any]) -> None:
    check(own_terms(intent(**good)), BTC)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"quantity": Decimal(0)}, "quantity"),
        ({"quantity": Decimal("0.000015")}, "quantity"),
        ({"quantity": Decimal("0.00024")}, "quantity"),
        ({"quantity": Decimal(9_001)}, "quantity"),
        ({"price": None}, "price"),
        ({"price": Decimal("20000.001")}, "price"),
        ({"price": Decimal(-1)}, "price"),
        ({"order_type": OrderType.TAKE_PROFIT, "price": None}, "stop_price"),
        ({"order_type": OrderType.STOP_LOSS, "price": None, "stop_price": Decimal("0.001")}, "stop_price"),
        ({"quantity": Decimal(1_000), "price": Decimal("1e17")}, "quantity"),
        ({"order_type": OrderType.MARKET, "price": None, "reference": Decimal(100)}, "quantity"),
    ],
)
def test_wrong_terms_name_their_field(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(MillraceError) as caught:
        check(intent(**wrong), BTC)
    assert list(caught.value.fields) == [field]


def test_what_an_orders_type_does_not_use_is_not_kept() -> None:
    both = {"price": Decimal(20_000), "stop_price": Decimal(19_000)}
    kept = {kind: own_terms(intent(order_type=kind, **both)) for kind in OrderType}
    assert {kind: (found.price, found.stop_price) for kind, found in kept.items()} == {
        OrderType.MARKET: (None, None),
        OrderType.LIMIT: (Decimal(20_000), None),
        OrderType.STOP_LOSS: (None, Decimal(19_000)),
        OrderType.TAKE_PROFIT: (None, Decimal(19_000)),
    }
