"""What contract crypto's clients are told at `/ws`, by channel: decimal text, times in whole seconds."""

from decimal import Decimal
from typing import Any

from millrace.common.events.market import CandleClosed, CandleForming
from millrace.common.events.portfolio import EquityMarked, MarkedPosition
from millrace.common.events.trading import OrderUpdated
from millrace.common.kernel.instruments import INSTRUMENTS
from millrace.common.kernel.money import ZERO, divided, plain
from millrace.contracts.canonical.accounts import Funds
from millrace.contracts.crypto.wire import CRYPTO
from millrace.contracts.spelling import fixed, joined, moment, price
from millrace.contracts.table import Stream, Transport
from millrace.contracts.vocab import ORDER_STATUS, POSITION_SIDE

STREAMS = (Stream(Transport.WEBSOCKET, "/ws", CRYPTO, also=("/api/v1/ws",)),)
"""Some clients append `/ws` to their base address."""

_FINEST = Decimal("1e-8")


def market_data(candle: CandleForming | CandleClosed, spelling: str | None = None) -> dict[str, Any]:
    """A market's newest candle, under the name that the client gave the market."""
    prices = {
        name: price(getattr(candle, name), candle.exchange, candle.symbol) for name in ("open", "high", "low", "close")
    }
    return {
        "type": "market_data",
        "channel": "market_data",
        "symbol": joined(candle.symbol, spelling),
        "timeframe": candle.timeframe,
        "data": {"timestamp": moment(candle.opened_at), **prices, "volume": plain(candle.volume)},
    }


def trading_update(order: OrderUpdated) -> dict[str, Any]:
    """An order as it is now; the average price has eight places at most, or its market's, and is zero at first."""
    filled = order.filled_quantity
    known = INSTRUMENTS.get((order.exchange, order.symbol))
    finest = min(known.tick_size, _FINEST) if known else _FINEST
    average = divided(order.filled_notional, filled).quantize(finest) if filled else ZERO
    return {
        "type": "trading_update",
        "channel": "trading_updates",
        "data": {
            "order_id": str(order.order_id),
            "status": ORDER_STATUS.say(order.state, CRYPTO),
            "executed_quantity": plain(filled),
            "avg_price": price(average, order.exchange, order.symbol),
            "timestamp": moment(order.updated_at),
        },
    }


def portfolio_update(of: EquityMarked | OrderUpdated, funds: Funds) -> dict[str, Any]:
    """What the user has in all, as the balance and the positions tell it, at the time of a mark or of an order."""
    at = of.marked_at if isinstance(of, EquityMarked) else of.updated_at
    return {
        "type": "portfolio_update",
        "channel": "portfolio_updates",
        "data": {
            "total_balance": fixed(funds.equity),
            "available_balance": fixed(funds.available),
            "unrealized_pnl": fixed(funds.unrealized_pnl),
            "positions": [_position(held) for held in funds.positions],
            "timestamp": moment(at),
        },
    }


def _position(held: MarkedPosition) -> dict[str, str]:
    side = "long" if held.quantity >= 0 else "short"
    return {
        "symbol": joined(held.symbol),
        "side": POSITION_SIDE.say(side, CRYPTO),
        "size": plain(abs(held.quantity)),
        "unrealized_pnl": fixed(held.unrealized_pnl),
    }
