"""Orders and positions."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import ConfigDict, Field

from millrace.common.events.trading import OrderState, OrderType, Side, TimeInForce
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import INSTRUMENTS
from millrace.common.kernel.money import plain
from millrace.contracts import vocab
from millrace.contracts.canonical.frame import MOST, Page
from millrace.contracts.canonical.trading import (
    Cancelled,
    CancelOrder,
    ListOrders,
    ListPositions,
    Order,
    PlaceOrder,
    Position,
)
from millrace.contracts.crypto.wire import CRYPTO, Counted, Id, SymbolText, TimesAsked
from millrace.contracts.names import Access
from millrace.contracts.refusals import taken
from millrace.contracts.spelling import (
    Number,
    canonical_symbol,
    fixed,
    joined,
    moment,
    percent,
    price,
    ratio,
    read_ref,
)
from millrace.contracts.table import Asked, Call, Row, Shape, View

_SERVER_SETS = {
    "id", "num", "order_id", "user_id", "account_id", "status", "reason", "executed_quantity", "filled_quantity",
    "avg_price", "fees", "origin", "source", "created_at", "placed_at", "updated_at", "canceled_at", "count",
}  # fmt: skip
"""What only the server says of an order; in a request it means nothing."""
_FINEST = Decimal("1e-8")


class NewOrder(Asked):
    """An order. A key that nobody knows is refused: misspelt, it would silently become a default."""

    model_config = ConfigDict(frozen=True, extra="allow")

    symbol: SymbolText
    side: str = Field(max_length=20)
    type: str = Field(max_length=20)
    quantity: Number
    price: Number | None = None
    stop_price: Number | None = None
    time_in_force: str = Field("GTC", max_length=20)
    client_order_id: str | None = Field(None, min_length=1, max_length=64)
    exchange: str | None = Field(None, max_length=40)
    strategy_id: Id | None = None


class OrdersQuery(TimesAsked):
    """Which orders."""

    symbol: SymbolText | None = None
    status: str | None = Field(None, max_length=20)
    limit: int = Field(50, ge=1, le=500)


class PositionsQuery(Asked):
    """Which positions."""

    symbol: SymbolText | None = None
    side: str | None = Field(None, max_length=20)


class _OrderShape(Shape):
    order_id: str
    client_order_id: str | None
    symbol: str
    side: Literal["BUY", "SELL"]
    type: str
    quantity: str
    price: str | None
    status: str
    created_at: str
    updated_at: str


class PlacedOrder(_OrderShape):
    """An order that was just taken."""

    time_in_force: str


class ListedOrder(_OrderShape):
    """An order of a list."""

    executed_quantity: str


class Orders(Counted):
    """Orders, newest first."""

    orders: list[ListedOrder]
    has_more: bool


class CancelledOrder(Shape):
    """An order that is taken back."""

    order_id: str
    status: Literal["CANCELED"]
    canceled_at: str


class OpenPosition(Shape):
    """A position at market. `percentage` is its profit over its margin."""

    symbol: str
    side: Literal["LONG", "SHORT"]
    size: str
    entry_price: str
    mark_price: str
    unrealized_pnl: str
    percentage: str
    margin: str
    opened_at: str
    updated_at: str


class Positions(Counted):
    """Open positions."""

    positions: list[OpenPosition]


def _place(call: Call) -> PlaceOrder:
    said: NewOrder = call.body
    unknown = [name for name in (said.model_extra or {}) if name not in _SERVER_SETS]
    if unknown:
        fields = dict.fromkeys(unknown, "is not a known key")
        raise MillraceError(Code.VALIDATION_ERROR, f"{unknown[0][:40]}: is not a known key", fields=fields)
    return PlaceOrder(
        symbol=canonical_symbol(said.symbol),
        spelling=said.symbol,
        side=Side(vocab.SIDE.read(said.side, CRYPTO)),
        order_type=_order_type(said.type),
        quantity=said.quantity,
        price=said.price,
        stop_price=said.stop_price,
        time_in_force=TimeInForce(vocab.TIME_IN_FORCE.read(said.time_in_force, CRYPTO)),
        exchange=said.exchange.strip().lower() if said.exchange else None,
        strategy_id=None if said.strategy_id is None else read_ref(said.strategy_id, "strategy"),
        client_ref=said.client_order_id,
        origin=CRYPTO,
    )


def _order_type(word: str) -> OrderType:
    try:
        return OrderType(vocab.ORDER_TYPE.read(word, CRYPTO))
    except MillraceError as wrong:
        raise MillraceError(Code.INVALID_ORDER_TYPE, wrong.message, fields=wrong.fields) from None


def _list(call: Call) -> ListOrders:
    asked: OrdersQuery = call.query
    asked.check()
    states = vocab.ORDER_STATUS.read_all(asked.status, CRYPTO) if asked.status else ()
    return ListOrders(
        symbol=canonical_symbol(asked.symbol) if asked.symbol else None,
        statuses=tuple(OrderState(state) for state in states),
        limit=asked.limit,
        start=asked.start_time,
        end=asked.end_time,
    )


def _positions(call: Call) -> ListPositions:
    asked: PositionsQuery = call.query
    side: Any = vocab.POSITION_SIDE.read(asked.side, CRYPTO) if asked.side else None
    spelling = asked.symbol and asked.symbol.strip()
    return ListPositions(
        symbol=canonical_symbol(spelling) if spelling else None, spelling=spelling, side=side, limit=MOST
    )


def _shown(order: Order) -> dict[str, Any]:
    return {
        "order_id": str(order.id),
        "client_order_id": order.client_ref,
        "symbol": joined(order.symbol, order.spelling),
        "side": vocab.SIDE.say(order.side, CRYPTO),
        "type": vocab.ORDER_TYPE.say(order.order_type, CRYPTO),
        "quantity": plain(order.quantity),
        "price": None if order.price is None else price(order.price, order.exchange, order.symbol),
        "status": vocab.ORDER_STATUS.say(order.status, CRYPTO),
        "created_at": moment(order.placed_at),
        "updated_at": moment(order.updated_at),
    }


def _show_placed(order: Order, now: datetime) -> dict[str, Any]:
    return {**_shown(taken(order)), "time_in_force": vocab.TIME_IN_FORCE.say(order.time_in_force, CRYPTO)}


def _show_list(found: Page[Order], now: datetime) -> dict[str, Any]:
    orders = [{**_shown(order), "executed_quantity": plain(order.filled_quantity)} for order in found.items]
    return {"orders": orders, "count": len(orders), "has_more": found.has_more}


def _show_cancelled(found: Cancelled, now: datetime) -> dict[str, Any]:
    if not found.cancelled:
        raise MillraceError(Code.ORDER_NOT_CANCELABLE, found.reason or "the order cannot be cancelled")
    return {"order_id": str(found.order.id), "status": "CANCELED", "canceled_at": moment(found.at)}


def _show_positions(found: Page[Position], now: datetime) -> dict[str, Any]:
    positions = [_position(each) for each in found.items]
    return {"positions": positions, "count": len(positions)}


def _position(held: Position) -> dict[str, Any]:
    def priced(amount: Decimal) -> str:
        return price(amount, held.exchange, held.symbol)

    return {
        "symbol": joined(held.symbol, held.spelling),
        "side": vocab.POSITION_SIDE.say(held.side, CRYPTO),
        "size": plain(held.quantity),
        "entry_price": priced(_average(held)),
        "mark_price": priced(held.mark_price),
        "unrealized_pnl": fixed(held.pnl),
        "percentage": ratio(percent(held.return_on_margin)),
        "margin": fixed(held.margin),
        "opened_at": moment(held.opened_at),
        "updated_at": moment(held.updated_at),
    }


def _average(held: Position) -> Decimal:
    """The entry price in steps of the market's prices; one of an unknown market keeps eight places."""
    known = INSTRUMENTS.get((held.exchange, held.symbol))
    return held.entry_price.quantize(known.tick_size if known else _FINEST)


def _row(method: str, path: str, operation: str, access: Access, view: View) -> Row:
    return Row(method, f"/api/v1/trading/{path}", CRYPTO, operation, access, view, category="trading")


ROWS = (
    _row("POST", "orders", "orders.place", Access.TRADER, View(_place, _show_placed, PlacedOrder, 201, body=NewOrder)),
    _row("GET", "orders", "orders.list", Access.USER, View(_list, _show_list, Orders, query=OrdersQuery)),
    _row(
        "DELETE",
        "orders/{order_id}",
        "orders.cancel",
        Access.TRADER,
        View(lambda call: CancelOrder(id=call.ref("order_id")), _show_cancelled, CancelledOrder),
    ),
    _row(
        "GET",
        "positions",
        "positions.list",
        Access.USER,
        View(_positions, _show_positions, Positions, query=PositionsQuery),
    ),
)
