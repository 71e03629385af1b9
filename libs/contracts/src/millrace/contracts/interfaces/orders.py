"""Orders."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from millrace.common.events.trading import OrderType, Side, TimeInForce
from millrace.common.kernel.errors import Code
from millrace.common.kernel.money import ZERO
from millrace.contracts.canonical.frame import ById
from millrace.contracts.canonical.trading import Cancelled, CancelOrder, Order, PlaceOrder
from millrace.contracts.fields import Exchange, Ordering, RefText, Spoken, Time
from millrace.contracts.interfaces.wire import I, refused, row, symbol
from millrace.contracts.names import Access
from millrace.contracts.spelling import moment, number, slashed
from millrace.contracts.table import Call, Shape, View
from millrace.contracts.vocab import ORDER_STATUS, ORDER_TYPE, SIDE, TIME_IN_FORCE

SideWord = Literal["buy", "sell"]
TypeWord = Literal["market", "limit", "stop_loss", "take_profit"]


class NewOrder(Ordering):
    """An order. A limit order needs `price`, stop_loss and take_profit need `stop_price`."""

    exchange: Exchange
    side: Annotated[str, Spoken(SIDE, I)]
    type: Annotated[str, Spoken(ORDER_TYPE, I)]
    time_in_force: Annotated[str, Spoken(TIME_IN_FORCE, I)] = "gtc"
    strategy_id: RefText | None = None


class Placed(Shape):
    """What became of a wish to trade."""

    order_id: str
    status: Literal["placed", "rejected"]
    placed_at: Time


class OrderBody(Shape):
    """An order in full. Prices that it does not have are null; the average of no fills is 0, as the stream tells it."""

    order_id: str
    symbol: str
    exchange: str
    side: SideWord
    type: TypeWord
    quantity: float
    price: float | None
    stop_price: float | None
    status: Literal["placed", "filled", "partially_filled", "cancelled", "rejected"]
    filled_quantity: float
    avg_fill_price: float
    fees: float
    placed_at: Time
    updated_at: Time


class OrderCancelled(Shape):
    """What became of a wish to cancel, and when it was asked for."""

    order_id: str
    status: Literal["cancelled", "cancel_failed"]
    cancelled_at: Time


def placed(order: Order, now: datetime) -> dict[str, Any]:
    """What became of a wish to trade: whatever was not rejected was placed, even if it has ended since."""
    rejected = ORDER_STATUS.say(order.status, I) == "rejected"
    return {
        "order_id": str(order.id),
        "status": "rejected" if rejected else "placed",
        "placed_at": moment(order.placed_at),
    }


def shown(order: Order, now: datetime) -> dict[str, Any]:
    """An order in full."""
    return {
        "order_id": str(order.id),
        "symbol": slashed(order.symbol, order.spelling),
        "exchange": order.exchange,
        "side": SIDE.say(order.side, I),
        "type": ORDER_TYPE.say(order.order_type, I),
        "quantity": number(order.quantity),
        "price": _or_none(order.price),
        "stop_price": _or_none(order.stop_price),
        "status": ORDER_STATUS.say(order.status, I),
        "filled_quantity": number(order.filled_quantity),
        "avg_fill_price": number(order.average_price or ZERO),
        "fees": number(order.fees),
        "placed_at": moment(order.placed_at),
        "updated_at": moment(order.updated_at),
    }


def cancelled(result: Cancelled, now: datetime) -> dict[str, Any]:
    """What became of a wish to cancel: one that is refused is an answer, not an error."""
    return {
        "order_id": str(result.order.id),
        "status": "cancelled" if result.cancelled else "cancel_failed",
        "cancelled_at": moment(result.at),
    }


def _or_none(amount: Decimal | None) -> float | None:
    return None if amount is None else number(amount)


def _place(call: Call) -> PlaceOrder:
    asked: NewOrder = call.body
    _check(asked)
    return PlaceOrder(
        symbol=symbol(asked.symbol),
        spelling=asked.symbol,
        exchange=asked.exchange,
        side=Side(SIDE.read(asked.side, I)),
        order_type=OrderType(ORDER_TYPE.read(asked.type, I)),
        quantity=asked.quantity,
        price=asked.price,
        stop_price=asked.stop_price,
        time_in_force=TimeInForce(TIME_IN_FORCE.read(asked.time_in_force, I)),
        strategy_id=asked.strategy_id,
        client_ref=asked.client_order_id,
        origin=I,
    )


def _check(asked: NewOrder) -> None:
    kind = ORDER_TYPE.read(asked.type, I)
    needed = {"limit": "price", "stop_loss": "stop_price", "take_profit": "stop_price"}.get(kind)
    if needed and getattr(asked, needed) is None:
        raise refused(Code.VALIDATION_ERROR, needed, f"is required for {kind} orders")
    if asked.quantity <= 0:
        raise refused(Code.INVALID_QUANTITY, "quantity", "must be greater than 0")
    for field, amount in (("price", asked.price), ("stop_price", asked.stop_price)):
        if amount is not None and amount <= 0:
            raise refused(Code.INVALID_PRICE, field, "must be greater than 0")


def _get(call: Call) -> ById:
    return ById(id=call.ref("order_id"))


def _cancel(call: Call) -> CancelOrder:
    return CancelOrder(id=call.ref("order_id"))


_ALL = "/api/v1/trading/orders"
_ONE = f"{_ALL}/{{order_id}}"
ROWS = (
    row("POST", _ALL, "orders.place", Access.TRADER, View(_place, placed, Placed, body=NewOrder)),
    row("GET", _ONE, "orders.get", Access.USER, View(_get, shown, OrderBody)),
    row("DELETE", _ONE, "orders.cancel", Access.TRADER, View(_cancel, cancelled, OrderCancelled)),
)
