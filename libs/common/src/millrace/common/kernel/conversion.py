"""Amounts of several currencies, told in one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.money import ZERO, divided, times

_SHOWN = Decimal("1e-6")
_KEPT = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Conversion:
    """Into `currency`, by what one of each other currency is worth in it: `rates`."""

    currency: str
    rates: Mapping[str, Decimal] = field(default_factory=dict)

    def worth(self, amount: Decimal, source: str) -> Decimal:
        """`amount` of `source`, to six places; zero where there is no rate, as totals count it."""
        if source == self.currency:
            return amount
        return times(amount, self.rates.get(source, ZERO)).quantize(_SHOWN)

    def booked(self, amount: Decimal, source: str, kept: Mapping[str, object]) -> Decimal:
        """The same of what is past: by what one `source` was worth in each currency then, where that was `kept`."""
        if source == self.currency or self.currency not in kept:
            return self.worth(amount, source)
        return times(amount, Decimal(str(kept[self.currency]))).quantize(_SHOWN)

    def back(self, amount: Decimal, target: str) -> Decimal:
        """What `amount` of our currency is in `target`, to eight places. Raises UNAVAILABLE without a rate."""
        if target == self.currency:
            return amount
        if target not in self.rates:
            raise MillraceError(Code.UNAVAILABLE, f"no price of {target} in {self.currency} is known at the moment")
        return divided(amount, self.rates[target]).quantize(_KEPT)


def conversion(told: Mapping[str, object]) -> Conversion:
    """As the portfolio service tells of it at `/rates`."""
    rates = told["rates"]
    assert isinstance(rates, dict)
    return Conversion(str(told["currency"]), {name: Decimal(factor) for name, factor in rates.items()})
