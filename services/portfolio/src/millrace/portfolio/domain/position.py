"""A position by average cost. `quantity` is signed base; prices and results are in quote currency."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from millrace.common.kernel.money import ZERO, divided, times


@dataclass(slots=True)
class Position:
    """What an account, or one bot on it, holds of a pair."""

    id: UUID
    account_id: UUID
    user_id: UUID
    bot_id: UUID | None
    exchange: str
    symbol: str
    origin: str
    opened_at: datetime
    updated_at: datetime
    quantity: Decimal = ZERO
    entry_price: Decimal = ZERO
    realized_pnl: Decimal = ZERO
    fees: Decimal = ZERO
    closed_at: datetime | None = None

    def apply(self, signed: Decimal, price: Decimal, fee: Decimal, at: datetime) -> Decimal:
        """Take in a fill of `signed` base quantity; returns what it realised, before fees.

        Adding moves the entry price to the average; reducing realises against it; crossing zero does both.
        """
        realised = ZERO
        reducing = self.quantity and (self.quantity > 0) != (signed > 0)
        closing = min(abs(signed), abs(self.quantity)) if reducing else ZERO
        if closing:
            gain = price - self.entry_price if self.quantity > 0 else self.entry_price - price
            realised = times(closing, gain)
        opening = abs(signed) - closing
        if opening:
            held = ZERO if closing else abs(self.quantity)
            cost = times(held, self.entry_price) + times(opening, price)
            self.entry_price = divided(cost, held + opening)
        self.quantity += signed
        self.realized_pnl += realised
        self.fees += fee
        self.updated_at = at
        if self.quantity == 0:
            self.closed_at = at
        return realised
