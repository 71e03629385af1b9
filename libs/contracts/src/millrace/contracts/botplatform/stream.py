"""What contract botplatform's clients are told at `/api/v1/ws/...`: decimal text, times with milliseconds."""

from typing import Any

from millrace.common.events.market import PriceSeen
from millrace.common.events.trading import OrderUpdated
from millrace.common.kernel.money import plain
from millrace.contracts.names import Contract
from millrace.contracts.spelling import joined, moment_ms, price
from millrace.contracts.table import Stream, Transport
from millrace.contracts.vocab import ORDER_STATUS

STREAMS = (
    Stream(Transport.WEBSOCKET, "/api/v1/ws/orders", Contract.BOTPLATFORM),
    Stream(Transport.WEBSOCKET, "/api/v1/ws/market/{symbol:path}", Contract.BOTPLATFORM),
)


def ticker(seen: PriceSeen, spelling: str | None = None) -> dict[str, Any]:
    """A market's last price, under the name that the client gave the market."""
    return {
        "type": "ticker",
        "symbol": joined(seen.symbol, spelling),
        "price": price(seen.price, seen.exchange, seen.symbol),
        "timestamp": moment_ms(seen.at),
    }


def order_update(order: OrderUpdated) -> dict[str, Any]:
    """An order as it is now."""
    return {
        "type": "order_update",
        "order_id": str(order.order_id),
        "status": ORDER_STATUS.say(order.state, Contract.BOTPLATFORM),
        "filled_quantity": plain(order.filled_quantity),
        "timestamp": moment_ms(order.updated_at),
    }
