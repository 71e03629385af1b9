"""What contract interfaces' clients are told at `/ws/v1`: flat messages, JSON numbers."""

from typing import Any

from millrace.common.events.market import PriceSeen
from millrace.common.events.risk import RiskAlertRaised
from millrace.common.events.trading import OrderUpdated
from millrace.common.kernel.money import ZERO, divided
from millrace.contracts.names import Contract
from millrace.contracts.spelling import moment, number, slashed
from millrace.contracts.table import Stream, Transport
from millrace.contracts.vocab import ORDER_STATUS, SEVERITY

STREAMS = (Stream(Transport.WEBSOCKET, "/ws/v1", Contract.INTERFACES),)


def market_data(seen: PriceSeen, spelling: str | None = None, exchange: str | None = None) -> dict[str, Any]:
    """A trade in the market, under the names that the client gave it; `volume` is the trade's quantity."""
    return {
        "type": "market_data",
        "symbol": slashed(seen.symbol, spelling),
        "exchange": exchange or seen.exchange,
        "price": number(seen.price),
        "volume": number(seen.quantity),
        "timestamp": moment(seen.at),
    }


def order_update(order: OrderUpdated) -> dict[str, Any]:
    """An order as it is now; the average price is zero before the first fill."""
    filled = order.filled_quantity
    return {
        "type": "order_update",
        "order_id": str(order.order_id),
        "status": ORDER_STATUS.say(order.state, Contract.INTERFACES),
        "filled_quantity": number(filled),
        "avg_fill_price": number(divided(order.filled_notional, filled) if filled else ZERO),
        "timestamp": moment(order.updated_at),
    }


def risk_alert(raised: RiskAlertRaised) -> dict[str, Any]:
    """A limit is near or broken."""
    return {
        "type": "risk_alert",
        "level": SEVERITY.say(raised.level, Contract.INTERFACES),
        "message": raised.message,
        "timestamp": moment(raised.triggered_at),
    }
