"""Orders and trades."""

from decimal import Decimal
from typing import Any

from millrace.common.events.trading import OrderState
from millrace.common.kernel.conversion import Conversion
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical import trading
from millrace.contracts.canonical.frame import ById, Page
from millrace.gateway.app.asking import Asking, Handlers
from millrace.gateway.app.operations.currency import users_own
from millrace.gateway.app.operations.pages import rows
from millrace.gateway.app.operations.refs import chosen_bot, origin_of, traded, uuid_of

_SAME = (
    *("client_ref", "bot_id", "strategy_id", "account_id", "exchange", "symbol", "spelling", "side", "order_type"),
    *("quantity", "price", "stop_price", "time_in_force", "filled_quantity", "average_price", "fees", "reason"),
    "updated_at",
)
_ENDED = {OrderState.CANCELLED, OrderState.FILLED, OrderState.EXPIRED, OrderState.REJECTED, OrderState.REFUSED}


def order(row: dict[str, Any]) -> trading.Order:
    """An order as the execution service tells of one."""
    same = {name: row[name] for name in _SAME} | {"origin": origin_of(row)}
    return trading.Order(id=row["order_id"], status=row["state"], placed_at=row["requested_at"], **same)


async def place(asking: Asking, asked: trading.PlaceOrder) -> trading.Order:
    """The order as risk and venue have left it by now; it goes to the account its bot trades on, if it has a bot."""
    sent: dict[str, Any] = {
        "symbol": asked.spelling,
        "side": asked.side,
        "order_type": asked.order_type,
        "quantity": asked.quantity,
        "price": asked.price,
        "stop_price": asked.stop_price,
        "time_in_force": asked.time_in_force,
        "client_ref": asked.client_ref,
        "intent_id": asking.intent,
        "origin": asked.origin,
    }
    if asked.exchange is not None:
        sent["exchange"] = asked.exchange
    if asked.account_id is not None:
        sent["account_id"] = uuid_of(asked.account_id, "account")
    if asked.strategy_id is not None:
        sent["strategy_id"] = (await asking.ask("bots", "GET", f"/strategies/{asked.strategy_id}"))["id"]
    if asked.bot_id is not None:
        bot = await asking.ask("bots", "GET", f"/bots/{asked.bot_id}")
        sent |= {"bot_id": bot["id"], "account_id": bot["account_id"]}
        sent.setdefault("exchange", bot["exchange"])
    return order(await asking.ask("execution", "POST", "/orders", json=sent))


async def list_orders(asking: Asking, asked: trading.ListOrders) -> Page[trading.Order]:
    """The caller's orders, newest first."""
    query = {
        "bot_id": await chosen_bot(asking, asked.bot_id),
        "symbol": traded(asked.symbol),
        "state": [status.value for status in asked.statuses] or None,
        "since": asked.start and asked.start.isoformat(),
        "until": asked.end and asked.end.isoformat(),
    }
    found, total = await rows(asking, "execution", "/orders", query, asked.limit, asked.offset)
    return Page(items=tuple(order(row) for row in found), total=total, limit=asked.limit, offset=asked.offset)


async def get(asking: Asking, asked: ById) -> trading.Order:
    """One of them."""
    return order(await asking.ask("execution", "GET", f"/orders/{uuid_of(asked.id, 'order')}"))


async def cancel(asking: Asking, asked: trading.CancelOrder) -> trading.Cancelled:
    """What became of it; an order that has ended is told with the reason why it cannot be cancelled."""
    order_id = uuid_of(asked.id, "order")
    try:
        found = order(await asking.ask("execution", "DELETE", f"/orders/{order_id}"))
    except MillraceError as refused:
        if refused.code is not Code.ORDER_NOT_CANCELABLE:
            raise
        found = order(await asking.ask("execution", "GET", f"/orders/{order_id}"))
        return trading.Cancelled(order=found, cancelled=False, reason=refused.message, at=asking.now)
    gone = found.status is OrderState.CANCELLED or found.status not in _ENDED
    reason = None if gone else f"the order is {found.status.value}"
    return trading.Cancelled(order=found, cancelled=gone, reason=reason, at=asking.now)


async def trades(asking: Asking, asked: trading.ListTrades) -> Page[trading.Trade]:
    """Booked fills, newest first."""
    bot = await chosen_bot(asking, asked.bot_id)
    found, total = await rows(asking, "portfolio", "/trades", {"bot_id": bot}, asked.limit, asked.offset)
    into = await users_own(asking) if found else None
    items = tuple(
        trading.Trade(
            id=row["fill_id"],
            bot_id=row["bot_id"],
            exchange=row["exchange"],
            symbol=row["symbol"],
            side=row["side"],
            quantity=row["quantity"],
            price=row["price"],
            profit=_earned(row, into),
            at=row["at"],
        )
        for row in found
    )
    return Page(items=items, total=total, limit=asked.limit, offset=asked.offset)


def _earned(row: dict[str, Any], into: Conversion | None) -> Decimal:
    earned = Decimal(row["profit_loss"])
    return earned if into is None else into.booked(earned, row["symbol"].split("/")[1], row["rates"])


HANDLERS: Handlers = {
    "orders.place": place,
    "orders.list": list_orders,
    "orders.get": get,
    "orders.cancel": cancel,
    "trades.list": trades,
}
