"""What the execution service's API takes and gives."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from millrace.common.events.trading import OrderType, Side, TimeInForce
from millrace.common.kernel.money import divided, plain
from millrace.common.web.json_body import Amount


class PlaceOrder(BaseModel):
    """An order as the gateway hands it on. `symbol` in any spelling; `client_ref` is the caller's own id.

    Without an `exchange` it goes to the first one that has the pair. What comes again with the same `intent_id` is
    answered with the order it became.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    exchange: str | None = None
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Amount
    price: Amount | None = None
    stop_price: Amount | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    account_id: UUID | None = None
    bot_id: UUID | None = None
    strategy_id: UUID | None = None
    client_ref: str | None = None
    intent_id: UUID | None = None
    origin: str = "botplatform"
    source: str = "api"


class Order(BaseModel):
    """An order as it is now. Amounts are decimal text."""

    order_id: UUID
    num: int = 0
    account_id: UUID
    bot_id: UUID | None
    strategy_id: UUID | None
    client_ref: str | None
    source: str
    origin: str
    exchange: str
    symbol: str
    spelling: str
    side: str
    order_type: str
    quantity: str
    price: str | None
    stop_price: str | None
    time_in_force: str
    state: str
    filled_quantity: str
    filled_notional: str
    average_price: str | None
    fees: str
    reason: str | None
    requested_at: datetime
    updated_at: datetime


class Orders(BaseModel):
    """A page of orders."""

    items: list[Order]
    total: int


_AMOUNTS = ("quantity", "price", "stop_price", "filled_quantity", "filled_notional", "fees")
_PLAIN = tuple(name for name in Order.model_fields if name not in (*_AMOUNTS, "average_price"))


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as the API shows it: the fields of an `Order`."""
    found = {name: row[name] for name in _PLAIN if name in row}
    for name in _AMOUNTS:
        found[name] = None if row[name] is None else plain(row[name])
    filled = row["filled_quantity"]
    found["average_price"] = plain(divided(row["filled_notional"], filled)) if filled else None
    return found


def present(row: dict[str, Any]) -> Order:
    """The same as an `Order`."""
    return Order(**shown(row))
