"""Orders, positions and trades."""

from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime

from millrace.common.events.trading import OrderState, OrderType, Side, TimeInForce
from millrace.contracts.canonical.frame import Canonical, Listing, Ref
from millrace.contracts.canonical.users import Secret
from millrace.contracts.names import Contract

ZERO = Decimal(0)
PositionSide = Literal["long", "short"]


class Order(Canonical):
    """An order as it is now: prices in quote currency, quantities in base; `client_ref` is its maker's own id."""

    id: UUID
    client_ref: str | None = None
    bot_id: UUID | None = None
    strategy_id: UUID | None = None
    account_id: UUID | None = None
    exchange: str
    symbol: str
    spelling: str | None = None
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    status: OrderState
    filled_quantity: Decimal = ZERO
    average_price: Decimal | None = None
    fees: Decimal = ZERO
    reason: str | None = None
    placed_at: AwareDatetime
    updated_at: AwareDatetime
    origin: Contract | None = None


class PlaceOrder(Canonical):
    """Buy or sell. Without an account the user's default one on `exchange`, or anywhere, is taken."""

    symbol: str
    spelling: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    exchange: str | None = None
    bot_id: Ref | None = None
    strategy_id: Ref | None = None
    account_id: Ref | None = None
    client_ref: str | None = None
    origin: Contract


class ListOrders(Listing):
    """The caller's orders, newest first."""

    symbol: str | None = None
    statuses: tuple[OrderState, ...] = ()
    bot_id: Ref | None = None
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None


class CancelOrder(Canonical):
    """Take an order back."""

    id: Ref


class Cancelled(Canonical):
    """What became of a wish to cancel; a refusal says why."""

    order: Order
    cancelled: bool = True
    reason: str | None = None
    at: AwareDatetime

    @property
    def origin(self) -> Contract | None:
        """The order's."""
        return self.order.origin


class Position(Canonical):
    """What is held, or was. `pnl` is unrealized while open, realized when closed; `margin` is what is tied up.

    `return_on_cost` and `return_on_margin` are fractions.
    """

    id: UUID
    account_id: UUID | None = None
    exchange: str
    symbol: str
    spelling: str | None = None
    side: PositionSide
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    exit_price: Decimal | None = None
    pnl: Decimal = ZERO
    return_on_cost: Decimal = ZERO
    return_on_margin: Decimal = ZERO
    margin: Decimal = ZERO
    fees: Decimal = ZERO
    is_open: bool = True
    opened_at: AwareDatetime
    updated_at: AwareDatetime
    origin: Contract | None = None


class ListPositions(Listing):
    """The caller's positions; `account_id` narrows them to one account.

    Those of one `symbol` are told under its `spelling`, where there is one.
    """

    status: Literal["open", "closed", "all"] = "open"
    symbol: str | None = None
    spelling: str | None = None
    side: PositionSide | None = None
    account_id: Ref | None = None


class ClosePosition(Canonical):
    """Sell or buy back what an account holds of one symbol."""

    account_id: Ref
    symbol: str
    spelling: str
    order_type: OrderType = OrderType.MARKET


class Trade(Canonical):
    """One booked fill, with what it earned: in quote currency, for contract network in the user's."""

    id: UUID
    bot_id: UUID | None = None
    exchange: str
    symbol: str
    spelling: str | None = None
    side: Side
    quantity: Decimal
    price: Decimal
    profit: Decimal = ZERO
    at: AwareDatetime


class ListTrades(Listing):
    """The caller's trades, newest first."""

    bot_id: Ref | None = None


class ExecuteForGroup(Canonical):
    """Trade for every account of a group; `risk` is the fraction of each account's equity to put at risk."""

    group_id: Ref
    symbol: str
    spelling: str
    side: Side
    order_type: OrderType
    risk: Decimal
    leverage: Decimal = Decimal(1)
    take_profit: Decimal | None = None


class Signal(Canonical):
    """An outside signal for the bot of this name.

    `signature` is over `raw`, the body's own bytes, by the key of `user_id` where that is said; who cannot sign sends
    the shared `secret` itself. `at` is when the sender says it was made.
    """

    bot: str
    symbol: str
    spelling: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    leverage: Decimal = Decimal(1)
    take_profit: Decimal | None = None
    signature: str = ""
    user_id: UUID | None = None
    secret: Secret | None = None
    raw: bytes = b""
    at: AwareDatetime | None = None


class Executed(Canonical):
    """How many orders a group trade or a signal made, and each one's outcome, free-form."""

    correlation_id: str = ""
    success_count: int
    error_count: int
    results: tuple[dict[str, Any], ...] = ()
