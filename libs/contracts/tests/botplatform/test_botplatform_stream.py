"""What contract botplatform's sockets tell: decimal text and milliseconds."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.common.events.market import PriceSeen
from millrace.common.events.trading import OrderState, OrderType, OrderUpdated, Side
from millrace.contracts.botplatform import stream

AT = datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=UTC)
ID = UUID(int=7)
WORDS = {
    OrderState.RECEIVED: "pending",
    OrderState.APPROVED: "pending",
    OrderState.SUBMITTING: "pending",
    OrderState.UNKNOWN: "pending",
    OrderState.OPEN: "pending",
    OrderState.PARTIALLY_FILLED: "partially_filled",
    OrderState.FILLED: "filled",
    OrderState.CANCELLED: "cancelled",
    OrderState.REJECTED: "rejected",
    OrderState.REFUSED: "rejected",
    OrderState.EXPIRED: "expired",
}


@pytest.mark.parametrize(("spelling", "shown"), [(None, "BTCUSDT"), ("btc/usdt", "btc/usdt"), ("BTC-USDT", "BTC-USDT")])
def test_a_ticker_bears_the_clients_spelling(spelling: str | None, shown: str) -> None:
    seen = PriceSeen(exchange="binance", symbol="BTC/USDT", price=Decimal(45000), quantity=Decimal(1), at=AT)
    assert stream.ticker(seen, spelling) == {
        "type": "ticker",
        "symbol": shown,
        "price": "45000.00",
        "timestamp": "2026-01-02T03:04:05.678Z",
    }


@pytest.mark.parametrize("state", WORDS)
def test_an_order_is_told_in_the_contracts_words(state: OrderState) -> None:
    facts: dict[str, Any] = dict.fromkeys(("user_id", "account_id", "order_id", "intent_id"), ID)
    facts |= {"client_order_id": "1", "source": "api", "origin": "botplatform", "exchange": "binance"}
    facts |= {"symbol": "BTC/USDT", "side": Side.BUY, "order_type": OrderType.LIMIT, "requested_at": AT}
    amounts = {"quantity": Decimal(1), "filled_notional": Decimal(45), "fees": Decimal(0)}
    order = OrderUpdated(**facts, **amounts, filled_quantity=Decimal("0.00100"), state=state, version=1, updated_at=AT)
    assert stream.order_update(order) == {
        "type": "order_update",
        "order_id": str(ID),
        "status": WORDS[state],
        "filled_quantity": "0.001",
        "timestamp": "2026-01-02T03:04:05.678Z",
    }
