"""What one order asks for, and what an account holds back for it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from millrace.common.kernel.money import ZERO, times


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order asks for. `price` is what it names, a limit or a stop, or else the market's `reference`."""

    symbol: str
    base: str
    quote: str
    buying: bool
    quantity: Decimal
    price: Decimal
    reference: Decimal
    limited: bool
    reduce_only: bool = False
    bot: UUID | None = None

    @property
    def notional(self) -> Decimal:
        """The most it can be worth, in quote currency; only a limit keeps an order from trading at the market."""
        return times(self.quantity, self.price if self.limited else max(self.price, self.reference))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an order has come: cumulative amounts, `notional` and `fees` in quote currency."""

    symbol: str
    base: str
    quote: str
    buying: bool
    version: int
    quantity: Decimal
    notional: Decimal
    fees: Decimal
    ended: bool


@dataclass(slots=True)
class Reservation:
    """What is still held back for one order, and how much of the order is booked already.

    `left_over` is held of `currency`; `unbought` of the buying notional that counts against the position limit. An
    order that was sent without a reservation has one of nothing, so that its fills are booked once too.
    """

    order_id: UUID
    symbol: str
    buying: bool
    currency: str
    decided_at: datetime
    approval_id: UUID | None = None
    amount: Decimal = ZERO
    left_over: Decimal = ZERO
    unbought: Decimal = ZERO
    filled_quantity: Decimal = ZERO
    filled_notional: Decimal = ZERO
    fees: Decimal = ZERO
    version: int = 0
    open: bool = False
