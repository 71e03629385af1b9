"""What contract interfaces' socket tells: flat messages with numbers."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.common.events.market import PriceSeen
from millrace.common.events.risk import RiskAlertRaised
from millrace.common.events.trading import OrderState, OrderType, OrderUpdated, Side
from millrace.contracts.interfaces import stream

AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
ID = UUID(int=7)
TIME = "2026-01-02T03:04:05Z"


def order(state: OrderState, filled: str, notional: str) -> OrderUpdated:
    """An order that was filled so far."""
    facts: dict[str, Any] = dict.fromkeys(("user_id", "account_id", "order_id", "intent_id"), ID)
    facts |= {"client_order_id": "1", "source": "api", "origin": "interfaces", "exchange": "binance"}
    facts |= {"symbol": "BTC/USDT", "side": Side.BUY, "order_type": OrderType.LIMIT, "requested_at": AT}
    amounts = {"quantity": Decimal(2), "filled_quantity": Decimal(filled), "filled_notional": Decimal(notional)}
    return OrderUpdated(**facts, **amounts, fees=Decimal(0), state=state, version=1, updated_at=AT)


def test_a_trade_in_the_market_is_flat_and_bears_the_clients_names() -> None:
    seen = PriceSeen(exchange="binance", symbol="BTC/USDT", price=Decimal("50000.0"), quantity=Decimal("10.5"), at=AT)
    told = {"type": "market_data", "symbol": "BTC/USDT", "exchange": "binance", "price": 50000.0, "volume": 10.5}
    assert stream.market_data(seen) == {**told, "timestamp": TIME}
    named = stream.market_data(seen, "BTC/USD", "Binance")
    assert named == {**told, "symbol": "BTC/USD", "exchange": "Binance", "timestamp": TIME}


def test_an_order_is_told_in_numbers() -> None:
    assert stream.order_update(order(OrderState.FILLED, "1", "50000")) == {
        "type": "order_update",
        "order_id": str(ID),
        "status": "filled",
        "filled_quantity": 1.0,
        "avg_fill_price": 50000.0,
        "timestamp": TIME,
    }


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (OrderState.SUBMITTING, "placed"),
        (OrderState.OPEN, "placed"),
        (OrderState.REFUSED, "rejected"),
        (OrderState.EXPIRED, "cancelled"),
    ],
)
def test_an_order_without_a_fill_has_a_number_all_the_same(state: OrderState, word: str) -> None:
    told = stream.order_update(order(state, "0", "0"))
    assert (told["status"], told["filled_quantity"], told["avg_fill_price"]) == (word, 0.0, 0.0)


@pytest.mark.parametrize(
    ("severity", "action", "level"),
    [
        ("info", "none", "info"),
        ("warning", "none", "warning"),
        ("critical", "none", "warning"),  # listed as high, which is a warning here
        ("critical", "trading_stopped", "critical"),
    ],
)
def test_a_risk_alert_has_a_level_words_and_a_time(severity: str, action: str, level: str) -> None:
    said = {"alert_type": "drawdown", "severity": severity, "message": "Portfolio drawdown exceeded threshold"}
    raised = RiskAlertRaised(alert_id=ID, user_id=ID, triggered_at=AT, action_taken=action, **said)
    assert stream.risk_alert(raised) == {
        "type": "risk_alert",
        "level": level,
        "message": said["message"],
        "timestamp": TIME,
    }
