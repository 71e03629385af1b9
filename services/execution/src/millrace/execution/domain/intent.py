"""One decision to trade, whatever its source: a request, a signal, a close."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from millrace.common.events.trading import OrderType, Side, TimeInForce
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import Instrument
from millrace.common.kernel.money import LIMIT


@dataclass(frozen=True, slots=True)
class Intent:
    """What somebody wants. `reference` values it when it names no price; `client_ref` is the caller's own id.

    `spelling` is the symbol as its client wrote it, empty where no client did.
    `correlation` is the story it belongs to when it is one leg of several; alone, an order is a story of its own.
    """

    intent_id: UUID
    user_id: UUID
    source: str
    origin: str
    exchange: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    requested_at: datetime
    reference: Decimal
    spelling: str = ""
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    account_id: UUID | None = None
    bot_id: UUID | None = None
    strategy_id: UUID | None = None
    client_ref: str | None = None
    leg: int = 0
    correlation: UUID | None = None


_TAKES = {
    "price": frozenset({OrderType.LIMIT}),
    "stop_price": frozenset({OrderType.STOP_LOSS, OrderType.TAKE_PROFIT}),
}


def own_terms(intent: Intent) -> Intent:
    """The intent without the prices that orders of its type do not use: clients fill in whole forms."""
    return replace(
        intent,
        price=intent.price if intent.order_type in _TAKES["price"] else None,
        stop_price=intent.stop_price if intent.order_type in _TAKES["stop_price"] else None,
    )


def check(intent: Intent, filters: Instrument) -> None:
    """Raise what is wrong with the order's own terms, in words for the caller."""
    if intent.quantity <= 0:
        raise MillraceError(
            Code.INVALID_QUANTITY,
            "quantity must be greater than zero",
            fields={"quantity": "must be greater than zero"},
        )
    if intent.quantity % filters.step_size:
        raise MillraceError(
            Code.INVALID_QUANTITY,
            f"quantity must be a multiple of {filters.step_size}",
            fields={"quantity": f"must be a multiple of {filters.step_size}"},
        )
    if intent.quantity > filters.max_quantity:
        raise MillraceError(
            Code.INVALID_QUANTITY,
            f"quantity must not be more than {filters.max_quantity}",
            fields={"quantity": f"must not be more than {filters.max_quantity}"},
        )
    kind = intent.order_type
    for name, takes in _TAKES.items():
        value = getattr(intent, name)
        _needs(kind in takes and value is None, name, f"is required for {kind} orders")
        _needs(value is not None and value <= 0, name, "must be greater than zero")
        _needs(value is not None and value % filters.tick_size != 0, name, f"must be a multiple of {filters.tick_size}")
    value = intent.quantity * (intent.price or intent.stop_price or intent.reference)
    if value < filters.min_notional:
        raise MillraceError(
            Code.INVALID_QUANTITY,
            f"the order is worth {value:f} {filters.quote}; the exchange wants at least {filters.min_notional}",
            fields={"quantity": f"is worth less than {filters.min_notional} {filters.quote}"},
        )
    if value >= LIMIT:
        raise MillraceError(
            Code.INVALID_QUANTITY,
            f"the order is worth {value:.3e} {filters.quote}, more than can be booked",
            fields={"quantity": f"is worth more {filters.quote} than can be booked"},
        )


def _needs(wrong: bool, field: str, what: str) -> None:
    if wrong:
        raise MillraceError(Code.INVALID_PRICE, f"{field} {what}", fields={field: what})
