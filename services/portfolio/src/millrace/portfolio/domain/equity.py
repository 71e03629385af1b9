"""What an account is worth at market."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
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
    """An account's value at `at`; `best` is the most it was worth at any instant before.

    Of one instant only the last value counts: when several candles close together, a value between them never was.
    """

    equity: Decimal
    best: Decimal
    day: date
    day_equity: Decimal
    at: datetime

    def then(self, equity: Decimal, at: datetime) -> "Mark":
        """The mark after this one; a new UTC day starts from the last value of the old one."""
        best = self.best if at == self.at else self.peak
        today = day_of(at)
        begun = self if today <= self.day else replace(self, day=today, day_equity=self.equity)
        return replace(begun, equity=equity, best=best, at=at)

    @property
    def peak(self) -> Decimal:
        """The most it was ever worth."""
        return max(self.best, self.equity)

    @property
    def day_pnl(self) -> Decimal:
        """Gained since the UTC day began."""
        return self.equity - self.day_equity

    @property
    def drawdown(self) -> Decimal:
        """0 at the peak, 1 when all is lost."""
        return divided(self.peak - self.equity, self.peak) if self.peak > 0 else ZERO


def day_of(at: datetime) -> date:
    """The UTC day that a value at `at` belongs to: the close at midnight is the last of the day that ends."""
    return (at - timedelta(microseconds=1)).date()
