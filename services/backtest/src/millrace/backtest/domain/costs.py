"""What trading costs besides the price."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import ZERO

SlippageModel = Literal["none", "fixed", "percent", "volume"]

_ALL = Decimal(1)
_WORST = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Costs:
    """`commission` and `slippage` are fractions, of the notional and of the price.

    Slippage is the same for every order, except that with `volume` it counts in the measure in which the order is a
    share of the market's volume. With `impact` an order also moves the price by the range of a candle times the
    square root of that share (J.-P. Bouchaud, J. D. Farmer and F. Lillo, How markets slowly digest changes in supply
    and demand, 2009).
    """

    commission: Decimal = ZERO
    model: SlippageModel = "none"
    slippage: Decimal = ZERO
    impact: bool = False

    def worsening(self, quantity: Decimal, known: Candle) -> Decimal:
        """By which fraction the price of an order is worse, at most half; `known` is the last candle before it."""
        share = min(quantity / known.volume, _ALL) if known.volume > 0 else _ALL
        slippage = {"none": ZERO, "volume": self.slippage * share}.get(self.model, self.slippage)
        impact = (known.high - known.low) / known.open * share.sqrt() if self.impact and known.open > 0 else ZERO
        return min(slippage + impact, _WORST)
