"""What an account is worth at market."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from millrace.common.kernel.money import ZERO, divided, times


def valued(balances: Mapping[str, Decimal], currency: str, prices: Mapping[str, Decimal]) -> Decimal:
    """All balances in `currency`; what has no price counts as nothing."""
    total = balances.get(currency, ZERO)
    for asset, amount in balances.items():
        if asset != currency and amount:
            total += times(amount, prices.get(f"{asset}/{currency}", ZERO))
    return total


@dataclass(frozen=True, slots=True)
class Mark:
    """An account's value over time. `drawdown` is the fraction lost since the peak."""

    equity: Decimal
    peak: Decimal
    day: date
    day_equity: Decimal

    def then(self, equity: Decimal, at: datetime) -> "Mark":
        """The mark after this one; a new UTC day starts from the last value of the old one."""
        today = at.date()
        begun = self if today == self.day else replace(self, day=today, day_equity=self.equity)
        return replace(begun, equity=equity, peak=max(self.peak, equity))

    @property
    def day_pnl(self) -> Decimal:
        """Gained since the UTC day began."""
        return self.equity - self.day_equity

    @property
    def drawdown(self) -> Decimal:
        """0 at the peak, 1 when all is lost."""
        return divided(self.peak - self.equity, self.peak) if self.peak > 0 else ZERO
