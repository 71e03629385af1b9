"""Positions."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from millrace.contracts.canonical.frame import Page
from millrace.contracts.canonical.trading import ListPositions, Position
from millrace.contracts.fields import Spoken, SymbolText, Time
from millrace.contracts.interfaces.wire import I, row, symbol
from millrace.contracts.names import Access
from millrace.contracts.spelling import moment, number, percent, slashed
from millrace.contracts.table import Asked, Call, Shape, View
from millrace.contracts.vocab import POSITION_SIDE, Vocabulary

SHOWN = Vocabulary("status", ("open", "closed", "all"))


class Positions(Asked):
    """Which positions."""

    status: Annotated[str, Spoken(SHOWN, I)] = "open"
    symbol: SymbolText | None = None
    limit: int = Field(50, ge=1, le=100)


class PositionBody(Shape):
    """What is held, or was; `pnl_percentage` is of what was paid."""

    id: str
    symbol: str
    exchange: str
    side: Literal["buy", "sell"]
    quantity: float
    entry_price: float
    current_price: float
    pnl: float
    pnl_percentage: float
    opened_at: Time
    updated_at: Time


class PositionList(Shape):
    """Some positions."""

    positions: list[PositionBody]


def listed(found: Page[Position], now: datetime) -> dict[str, Any]:
    """Some positions."""
    return {"positions": [_shown(position) for position in found.items]}


def _shown(position: Position) -> dict[str, Any]:
    return {
        "id": str(position.id),
        "symbol": slashed(position.symbol, position.spelling),
        "exchange": position.exchange,
        "side": POSITION_SIDE.say(position.side, I),
        "quantity": number(position.quantity),
        "entry_price": number(position.entry_price),
        "current_price": number(position.mark_price),
        "pnl": number(position.pnl),
        "pnl_percentage": number(percent(position.return_on_cost)),
        "opened_at": moment(position.opened_at),
        "updated_at": moment(position.updated_at),
    }


def _list(call: Call) -> ListPositions:
    asked: Positions = call.query
    return ListPositions(
        status=SHOWN.read(asked.status, I),
        symbol=symbol(asked.symbol) if asked.symbol else None,
        spelling=asked.symbol,
        limit=asked.limit,
    )


ROWS = (
    row(
        "GET",
        "/api/v1/trading/positions",
        "positions.list",
        Access.USER,
        View(_list, listed, PositionList, query=Positions),
    ),
)
