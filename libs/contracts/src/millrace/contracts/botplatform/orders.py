"""Orders."""

from datetime import datetime
from typing import Annotated, Any, Literal

from millrace.common.events.trading import OrderType, Side, TimeInForce
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.money import plain
from millrace.contracts.botplatform.wire import Amount, B, Id, Paged, Paging, absent, page, refused, row, symbol
from millrace.contracts.canonical.frame import ById, Page
from millrace.contracts.canonical.trading import Cancelled, CancelOrder, ListOrders, Order, PlaceOrder
from millrace.contracts.fields import Exchange, Ordering, RefText, Spoken, SymbolText, Time
from millrace.contracts.names import Access
from millrace.contracts.refusals import taken
from millrace.contracts.spelling import joined, moment, price
from millrace.contracts.table import Call, Shape, View
from millrace.contracts.vocab import ORDER_STATUS, ORDER_TYPE, SIDE, TIME_IN_FORCE

StatusWord = Literal["pending", "partially_filled", "filled", "cancelled", "rejected", "expired"]


class NewOrder(Ordering):
    """An order for a bot, or by hand: then `exchange` says where.

    LIMIT needs `price`, STOP_LOSS and TAKE_PROFIT need `stop_price`.
    """

    bot_id: RefText | None = None
    exchange: Exchange | None = None
    side: Annotated[str, Spoken(SIDE, B)]
    order_type: Annotated[str, Spoken(ORDER_TYPE, B)]
    time_in_force: Annotated[str, Spoken(TIME_IN_FORCE, B)] = "gtc"


class Orders(Paging):
    """Which orders."""

    bot_id: RefText | None = None
    symbol: SymbolText | None = None
    status: Annotated[str, Spoken(ORDER_STATUS, B)] | None = None


class OrderMade(Shape):
    """A new order. `price` is missing where the market makes it, `bot_id` where no bot ordered."""

    id: Id
    bot_id: Id | None
    symbol: str
    side: Literal["BUY", "SELL"]
    order_type: Literal["MARKET", "LIMIT", "STOP_LOSS", "TAKE_PROFIT"]
    quantity: Amount
    price: Amount | None
    status: StatusWord
    created_at: Time


class OrderBody(OrderMade):
    """An order in full."""

    filled_quantity: Amount


class OrderPage(Paged):
    """Some orders."""

    items: list[OrderBody]


class OrderCancelled(Shape):
    """The order is off the market."""

    message: str
    order_id: Id
    status: Literal["cancelled"]


def made(order: Order, now: datetime) -> dict[str, Any]:
    """A new order. Raises why risk refused it."""
    return _made(taken(order))


def _made(order: Order) -> dict[str, Any]:
    return {
        "id": str(order.id),
        "bot_id": str(order.bot_id) if order.bot_id else None,
        "symbol": joined(order.symbol, order.spelling),
        "side": SIDE.say(order.side, B),
        "order_type": ORDER_TYPE.say(order.order_type, B),
        "quantity": plain(order.quantity),
        "price": None if order.price is None else price(order.price, order.exchange, order.symbol),
        "status": ORDER_STATUS.say(order.status, B),
        "created_at": moment(order.placed_at),
    }


def shown(order: Order, now: datetime) -> dict[str, Any]:
    """An order in full."""
    return {**_made(order), "filled_quantity": plain(order.filled_quantity)}


def listed(found: Page[Order], now: datetime) -> dict[str, Any]:
    """Some orders."""
    return page(found, lambda order: shown(order, now))


def cancelled(result: Cancelled, now: datetime) -> dict[str, Any]:
    """The order is off the market. Raises ORDER_NOT_CANCELABLE where it is not."""
    if not result.cancelled:
        raise MillraceError(Code.ORDER_NOT_CANCELABLE, result.reason or "the order cannot be cancelled any more")
    return {"message": "Order cancelled successfully", "order_id": str(result.order.id), "status": "cancelled"}


def _place(call: Call) -> PlaceOrder:
    asked: NewOrder = call.body
    _check(asked)
    return PlaceOrder(
        symbol=symbol(asked.symbol),
        spelling=asked.symbol,
        side=Side(SIDE.read(asked.side, B)),
        order_type=OrderType(ORDER_TYPE.read(asked.order_type, B)),
        quantity=asked.quantity,
        price=asked.price,
        stop_price=asked.stop_price,
        time_in_force=TimeInForce(TIME_IN_FORCE.read(asked.time_in_force, B)),
        bot_id=asked.bot_id,
        exchange=asked.exchange,
        client_ref=asked.client_order_id,
        origin=B,
    )


def _check(asked: NewOrder) -> None:
    kind = ORDER_TYPE.read(asked.order_type, B)
    needed = {"limit": "price", "stop_loss": "stop_price", "take_profit": "stop_price"}.get(kind)
    if needed and getattr(asked, needed) is None:
        raise absent(needed, f"{needed} is required for a {ORDER_TYPE.say(kind, B)} order")
    if asked.quantity <= 0:
        raise refused(Code.INVALID_QUANTITY, "Invalid order quantity", "quantity", "must be greater than 0")
    for field, amount in (("price", asked.price), ("stop_price", asked.stop_price)):
        if amount is not None and amount <= 0:
            raise refused(Code.INVALID_PRICE, "Invalid order price", field, "must be greater than 0")


def _list(call: Call) -> ListOrders:
    asked: Orders = call.query
    return ListOrders(
        bot_id=asked.bot_id,
        symbol=symbol(asked.symbol) if asked.symbol else None,
        statuses=ORDER_STATUS.read_all(asked.status, B) if asked.status else (),
        limit=asked.limit,
        offset=asked.offset,
    )


_ALL = "/api/v1/orders"
_ONE = f"{_ALL}/{{order_id}}"
ROWS = (
    row("POST", _ALL, "orders.place", Access.TRADER, View(_place, made, OrderMade, 201, body=NewOrder)),
    row("GET", _ALL, "orders.list", Access.USER, View(_list, listed, OrderPage, query=Orders)),
    row("GET", _ONE, "orders.get", Access.USER, View(lambda call: ById(id=call.ref("order_id")), shown, OrderBody)),
    row(
        "DELETE",
        _ONE,
        "orders.cancel",
        Access.TRADER,
        View(lambda call: CancelOrder(id=call.ref("order_id")), cancelled, OrderCancelled),
    ),
)
