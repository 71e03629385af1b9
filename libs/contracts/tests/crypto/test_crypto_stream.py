"""What contract crypto's socket tells: decimal text inside `data`."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.common.events.market import CandleClosed, CandleForming
from millrace.common.events.portfolio import EquityMarked, MarkedPosition
from millrace.common.events.trading import OrderState, OrderType, OrderUpdated, Side
from millrace.contracts.canonical.accounts import Funds
from millrace.contracts.crypto import stream

AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
ID = UUID(int=7)
TIME = "2026-01-02T03:04:05Z"


def order(state: OrderState, filled: str, notional: str) -> OrderUpdated:
    """An order that was filled so far."""
    facts: dict[str, Any] = dict.fromkeys(("user_id", "account_id", "order_id", "intent_id"), ID)
    facts |= {"client_order_id": "1", "source": "api", "origin": "crypto", "exchange": "binance"}
    facts |= {"symbol": "BTC/USDT", "side": Side.BUY, "order_type": OrderType.LIMIT, "requested_at": AT}
    amounts = {"quantity": Decimal(2), "filled_quantity": Decimal(filled), "filled_notional": Decimal(notional)}
    return OrderUpdated(**facts, **amounts, fees=Decimal(0), state=state, version=1, updated_at=AT)


@pytest.mark.parametrize("kind", [CandleForming, CandleClosed])
def test_a_candle_keeps_its_markets_places(kind: Any) -> None:
    prices = {"open": "43250.5", "high": "43280.75", "low": "43240.25", "close": "43275", "volume": "125.45"}
    candle = kind(exchange="binance", symbol="BTC/USDT", timeframe="1m", opened_at=AT, **prices)
    assert stream.market_data(candle) == {
        "type": "market_data",
        "channel": "market_data",
        "symbol": "BTCUSDT",
        "timeframe": "1m",
        "data": {**prices, "timestamp": TIME, "open": "43250.50", "close": "43275.00"},
    }
    assert stream.market_data(candle, "btc_usdt")["symbol"] == "btc_usdt"


def test_an_order_is_told_with_its_average_price() -> None:
    assert stream.trading_update(order(OrderState.FILLED, "0.1", "4326")) == {
        "type": "trading_update",
        "channel": "trading_updates",
        "data": {
            "order_id": str(ID),
            "status": "FILLED",
            "executed_quantity": "0.1",
            "avg_price": "43260.00",
            "timestamp": TIME,
        },
    }


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (OrderState.RECEIVED, "NEW"),
        (OrderState.OPEN, "NEW"),
        (OrderState.PARTIALLY_FILLED, "PARTIALLY_FILLED"),
        (OrderState.CANCELLED, "CANCELED"),
        (OrderState.REFUSED, "REJECTED"),
        (OrderState.EXPIRED, "EXPIRED"),
    ],
)
def test_an_order_is_told_in_the_contracts_words(state: OrderState, word: str) -> None:
    data = stream.trading_update(order(state, "0", "0"))["data"]
    assert (data["status"], data["executed_quantity"], data["avg_price"]) == (word, "0", "0.00")


@pytest.mark.parametrize(("notional", "average"), [("0.00003", "0.00001"), ("100", "33.33333333")])
def test_an_average_price_finer_than_the_tick_keeps_eight_places(notional: str, average: str) -> None:
    assert stream.trading_update(order(OrderState.OPEN, "3", notional))["data"]["avg_price"] == average


def test_a_portfolio_is_told_with_its_positions() -> None:
    held = MarkedPosition(symbol="BTC/USDT", quantity=Decimal("0.50"), unrealized_pnl=Decimal("37.5"))
    short = MarkedPosition(symbol="ETH/USDT", quantity=Decimal(-2), unrealized_pnl=Decimal(0))
    amounts = dict.fromkeys(("equity", "cash", "unrealized_pnl", "day_pnl", "peak"), "1")  # of one account
    all_of_it: Any = {"equity": "10875.5", "available": "8500", "unrealized_pnl": "125.5", "positions": (held, short)}
    funds = Funds(**all_of_it)
    given: Any = {**amounts, "drawdown": "0"}
    marked = EquityMarked(user_id=ID, account_id=ID, currency="USDT", marked_at=AT, positions=(short,), **given)
    assert stream.portfolio_update(marked, funds) == {
        "type": "portfolio_update",
        "channel": "portfolio_updates",
        "data": {
            "total_balance": "10875.50",
            "available_balance": "8500.00",
            "unrealized_pnl": "125.50",
            "positions": [
                {"symbol": "BTCUSDT", "side": "LONG", "size": "0.5", "unrealized_pnl": "37.50"},
                {"symbol": "ETHUSDT", "side": "SHORT", "size": "2", "unrealized_pnl": "0.00"},
            ],
            "timestamp": TIME,
        },
    }
