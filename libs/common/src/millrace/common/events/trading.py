"""From a strategy's wish to a booked fill."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from millrace.common.events.message import Amount, Event


class Side(StrEnum):
    """The direction of an order or fill."""

    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    """How an order asks for its price."""

    MARKET = "market"
    LIMIT = "limit"
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"


class TimeInForce(StrEnum):
    """Good till cancelled, immediate or cancel, fill or kill."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"


class OrderState(StrEnum):
    """Where an order is in its life. `UNKNOWN`: sent, but the venue's answer was lost; never a failure."""

    RECEIVED = "received"
    REFUSED = "refused"
    APPROVED = "approved"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"


TERMINAL = frozenset(
    {OrderState.REFUSED, OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED}
)


class _AccountEvent(Event):
    user_id: UUID
    account_id: UUID

    @property
    def key(self) -> str:
        return str(self.account_id)


class SignalRaised(_AccountEvent):
    """A strategy wants to trade. `values` are the indicator values it decided on, `origin` is the bot's."""

    type: ClassVar[str] = "trading.signal_raised.v1"
    topic: ClassVar[str] = "trading.signals.v1"
    signal_id: UUID
    bot_id: UUID
    bot: str
    origin: str = "bot"
    exchange: str
    symbol: str
    side: Side
    order_type: OrderType = OrderType.MARKET
    quantity: Amount
    price: Amount | None = None
    reference_price: Amount
    reduce_only: bool = False
    reason: str
    values: dict[str, float] = Field(default_factory=dict)
    candle_at: datetime


class AccountOpened(_AccountEvent):
    """An exchange account exists. A paper account starts with `initial_balance` of `currency`."""

    type: ClassVar[str] = "trading.account_opened.v1"
    topic: ClassVar[str] = "trading.orders.v1"
    name: str
    exchange: str
    mode: str
    currency: str
    initial_balance: Amount


class AccountClosed(_AccountEvent):
    """The account's owner deleted it: nothing new is ordered on it. What it did and holds stays on record."""

    type: ClassVar[str] = "trading.account_closed.v1"
    topic: ClassVar[str] = "trading.orders.v1"


class OrderFacts(_AccountEvent):
    """What never changes about an order."""

    order_id: UUID
    intent_id: UUID
    client_order_id: str
    source: str
    origin: str
    bot_id: UUID | None = None
    strategy_id: UUID | None = None
    exchange: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Amount
    price: Amount | None = None
    stop_price: Amount | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    requested_at: datetime


class OrderRequested(OrderFacts):
    """An order waits for the risk service's answer. `reference_price` values orders without a price of their own."""

    type: ClassVar[str] = "trading.order_requested.v1"
    topic: ClassVar[str] = "trading.orders.v1"
    reference_price: Amount


class OrderUpdated(OrderFacts):
    """The order's state changed. Amounts are cumulative, so a reader needs only the newest of these.

    `filled_notional` and `fees` are in quote currency; `version` grows by one with each change.
    """

    type: ClassVar[str] = "trading.order_updated.v1"
    topic: ClassVar[str] = "trading.orders.v1"
    state: OrderState
    filled_quantity: Amount
    filled_notional: Amount
    fees: Amount
    version: int
    reason: str | None = None
    updated_at: datetime

    @property
    def average_price(self) -> Decimal | None:
        """Mean price of what has been filled."""
        return self.filled_notional / self.filled_quantity if self.filled_quantity else None


class FillBooked(_AccountEvent):
    """A venue trade of ours was booked, once. `fee` is in `fee_currency`; `notional` = price x quantity in quote."""

    type: ClassVar[str] = "trading.fill_booked.v1"
    topic: ClassVar[str] = "trading.fills.v1"
    fill_id: UUID
    order_id: UUID
    trade_id: str
    bot_id: UUID | None = None
    origin: str
    exchange: str
    symbol: str
    side: Side
    price: Amount
    quantity: Amount
    notional: Amount
    fee: Amount
    fee_currency: str
    liquidity: str
    filled_at: datetime
