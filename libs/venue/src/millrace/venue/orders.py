"""Orders as the venue sees them, and what it reports about them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order to be placed. `side` buy or sell; `order_type` market, limit, stop_loss or take_profit; `time_in_force`
    gtc, ioc or fok. A stop_loss or take_profit becomes a market order when a trade touches `stop_price`; its time in
    force counts from then on.
    """

    client_order_id: str
    account: str
    side: str
    order_type: str
    quantity: Decimal
    at: datetime
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: str = "gtc"
    post_only: bool = False


@dataclass(frozen=True, slots=True)
class RestingOrder:
    """An order waiting in the book, in whole ticks and lots; all that is needed to rebuild the book after a crash."""

    client_order_id: str
    account: str
    side: str
    order_type: str
    left: int
    quantity: int
    at: datetime
    price: int | None
    stop_price: int | None
    fills: int = 0
    time_in_force: str = "gtc"

    @property
    def limit(self) -> int | None:
        """The worst price it takes, in ticks; None for any price."""
        return self.price if self.order_type == "limit" else None

    @property
    def is_stop(self) -> bool:
        """Whether it waits to be triggered."""
        return self.order_type in ("stop_loss", "take_profit")

    @property
    def rises(self) -> bool:
        """Whether it waits for the price to rise to its `level`; else for it to fall there."""
        if self.is_stop:
            return (self.side == "buy") == (self.order_type == "stop_loss")
        return self.side == "sell"

    @property
    def level(self) -> int:
        """The price it waits for, in ticks."""
        level = self.stop_price if self.is_stop else self.price
        assert level is not None
        return level

    def accepts(self, price: int) -> bool:
        """Whether `price` is within its limit."""
        return self.limit is None or (price <= self.limit if self.side == "buy" else price >= self.limit)

    def reached(self, price: int) -> bool:
        """Whether `price` is what it waits for, or beyond."""
        return price >= self.level if self.rises else price <= self.level


@dataclass(frozen=True, slots=True)
class Report:
    """Something the venue says about an order.

    `kind`: accepted, refused, triggered, filled, cancelled or expired, in the order in which they happen; `reason` is
    a stable code for refusals and endings. Fills have a `trade_id` made of the client order id and the fill's number,
    so that a replay repeats it. Fees are in quote currency.
    """

    kind: str
    client_order_id: str
    at: datetime
    reason: str | None = None
    trade_id: str | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None
    fee: Decimal | None = None
    liquidity: str | None = None
