"""Trades for whole groups, and the positions of accounts."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from millrace.common.events.trading import OrderType, Side
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.application.answering import Json, Message, Success, free
from millrace.contracts.application.asking import APPLICATION, Ordering, Paging, Word, by, endpoint, symbol, word
from millrace.contracts.canonical import trading
from millrace.contracts.canonical.frame import Page, Terminated
from millrace.contracts.names import Access
from millrace.contracts.spelling import Number, fraction, number, slashed
from millrace.contracts.table import Call, Shape, View
from millrace.contracts.vocab import ORDER_STATUS, ORDER_TYPE, POSITION_SIDE, SIDE

Leverage = Annotated[Number, Field(ge=0, le=100)]
"""A factor; zero says as much as one: no leverage."""
TakeProfit = Annotated[Number, Field(ge=0, lt=10**12)]
"""A price at which to sell again; zero is none."""


class GroupTrade(Ordering):
    """A trade for every account of a group; each risks a percentage of its equity."""

    symbol: Word
    side: Word
    order_type: Word
    risk_percentage: Number = Field(gt=0, le=100)
    leverage: Leverage = Decimal(1)
    take_profit: TakeProfit | None = None


class Closing(Ordering):
    """What to close, and with which kind of order."""

    symbol: Word
    order_type: Word = "market"


class ExecutedTrade(Shape):
    """How many orders were made, how many were not, and each one's outcome."""

    success_count: int
    error_count: int
    results: list[Any]


class ClosedPosition(Shape):
    """What was held. `pnl` is before the fee."""

    symbol: str
    side: str
    size: float
    entry_price: float
    exit_price: float
    pnl: float
    fee: float


class Closed(Message):
    """The symbol as it was asked for."""

    symbol: str


class EndedPositions(Success):
    """How many positions were closed, and what could not be."""

    terminated_positions: int
    errors: list[Any]


def side(text: str) -> Side:
    """`buy` or `sell`, in any case. Raises VALIDATION_ERROR."""
    return Side(word("side", SIDE, text))


def order_type(text: str) -> OrderType:
    """How an order asks for its price, in any case. Raises VALIDATION_ERROR."""
    return OrderType(word("order_type", ORDER_TYPE, text))


def _untriggered(text: str) -> OrderType:
    """`market` or `limit`: of the others these bodies cannot say the price that triggers them. Raises what is wrong."""
    kind = order_type(text)
    if kind not in (OrderType.MARKET, OrderType.LIMIT):
        reason = f"must be market or limit: nothing here says at which price a {kind} order is triggered"
        raise MillraceError(Code.INVALID_ORDER_TYPE, f"order_type {reason}", fields={"order_type": reason})
    return kind


def _execute(call: Call) -> trading.ExecuteForGroup:
    asked: GroupTrade = call.body
    return trading.ExecuteForGroup(
        group_id=call.ref("group_id"),
        **symbol(asked.symbol),
        side=side(asked.side),
        order_type=_untriggered(asked.order_type),
        risk=fraction(asked.risk_percentage),
        leverage=asked.leverage or Decimal(1),
        take_profit=asked.take_profit or None,
    )


def _list(call: Call) -> trading.ListPositions:
    asked: Paging = call.query
    account = call.ref("account_id")
    return trading.ListPositions(status="closed", account_id=account, limit=asked.limit, offset=asked.skip)


def _close(call: Call) -> trading.ClosePosition:
    asked: Closing = call.body
    return trading.ClosePosition(
        account_id=call.ref("account_id"), **symbol(asked.symbol), order_type=_untriggered(asked.order_type)
    )


def _executed(result: trading.Executed, now: datetime) -> Json:
    return {
        "success_count": result.success_count,
        "error_count": result.error_count,
        "results": [free(_outcome(one)) for one in result.results],
    }


def _outcome(one: Json) -> Json:
    return {**one, "status": ORDER_STATUS.say(one["status"], APPLICATION)} if "status" in one else one


def _positions(page: Page[trading.Position], now: datetime) -> list[Json]:
    return [
        {
            "symbol": slashed(position.symbol, position.spelling),
            "side": POSITION_SIDE.say(position.side, APPLICATION),
            "size": number(position.quantity),
            "entry_price": number(position.entry_price),
            "exit_price": number(position.mark_price if position.exit_price is None else position.exit_price),
            "pnl": number(position.pnl),
            "fee": number(position.fees),
        }
        for position in page.items
    ]


def _closed(order: trading.Order, now: datetime) -> Json:
    return {"success": True, "message": "Position closed", "symbol": slashed(order.symbol, order.spelling)}


def _ended(result: Terminated, now: datetime) -> Json:
    return {"success": True, "terminated_positions": result.count, "errors": list(result.errors)}


_ADMIN = Access.ADMIN
_POSITIONS = View(_list, _positions, list[ClosedPosition], query=Paging)

ROWS = (
    endpoint(
        "POST",
        "/trading/group/{group_id}/execute",
        "groups.execute",
        _ADMIN,
        View(_execute, _executed, ExecutedTrade, body=GroupTrade),
    ),
    endpoint("GET", "/trading/positions/{account_id}", "positions.list", Access.USER, _POSITIONS),
    endpoint(
        "POST",
        "/trading/close-position/{account_id}",
        "positions.close",
        _ADMIN,
        View(_close, _closed, Closed, body=Closing),
    ),
    endpoint(
        "POST",
        "/trading/terminate/{account_id}",
        "accounts.terminate",
        _ADMIN,
        View(by("account_id"), _ended, EndedPositions),
    ),
)
