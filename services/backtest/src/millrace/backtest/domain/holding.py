"""What is held of one pair, and what it turns out to have earned."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from millrace.backtest.domain.desk import Fill
from millrace.common.kernel.money import ZERO, divided


@dataclass(frozen=True, slots=True)
class Trade:
    """From the first purchase to the sale. `pnl` is after both commissions; `fraction` is `pnl` over what was paid."""

    entry_at: datetime
    exit_at: datetime
    symbol: str
    side: str
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    pnl: Decimal
    fraction: Decimal
    commission: Decimal


@dataclass(slots=True)
class Holding:
    """Bought and not sold yet: `quantity` in base currency, `notional` and `fees` in quote currency."""

    symbol: str
    quantity: Decimal = ZERO
    notional: Decimal = ZERO
    fees: Decimal = ZERO
    since: datetime | None = None

    @property
    def entry_price(self) -> Decimal | None:
        """The mean price of what is held; None when nothing is."""
        return divided(self.notional, self.quantity) if self.quantity else None

    def buy(self, fill: Fill, at: datetime) -> None:
        """Add what was bought."""
        self.since = self.since or at
        self.quantity += fill.quantity
        self.notional += fill.notional
        self.fees += fill.fee

    def sell(self, fill: Fill, at: datetime) -> Trade:
        """Close all of it. Raises ValueError for a sale of anything else."""
        if self.since is None or self.entry_price is None or fill.quantity != self.quantity:
            raise ValueError(f"sold {fill.quantity} of {self.quantity} {self.symbol}")
        paid = self.notional + self.fees
        pnl = fill.notional - fill.fee - paid
        trade = Trade(
            entry_at=self.since,
            exit_at=at,
            symbol=self.symbol,
            side="buy",
            quantity=self.quantity,
            entry_price=self.entry_price,
            exit_price=fill.price,
            pnl=pnl,
            fraction=divided(pnl, paid),
            commission=self.fees + fill.fee,
        )
        self.quantity = self.notional = self.fees = ZERO
        self.since = None
        return trade
