"""How much to trade: pure Decimal functions, floored to the exchange's step.

A quantity of zero always carries the reason. A share shrinks to what can be paid; a fixed quantity or amount was
asked for as it is, so it is refused, not shrunk, when it cannot be paid.
"""

from decimal import ROUND_DOWN, Context, Decimal, localcontext
from typing import NamedTuple

from millrace.common.kernel.instruments import Instrument
from millrace.common.kernel.money import ZERO, floor_to, plain, times

CUSHION = Decimal("0.012")
_DOWN = Context(prec=60, rounding=ROUND_DOWN)


class Sized(NamedTuple):
    """A quantity in base currency; or zero, and why."""

    quantity: Decimal
    reason: str | None = None


def affordable(available: Decimal, instrument: Instrument) -> Decimal:
    """The notional that `available` quote currency can pay for, taker's fee included.

    `CUSHION` of it is kept for the price's move between the decision and the fill: not less than the risk service
    reserves for a market order, or it would refuse what is sized to all of the cash.
    """
    with localcontext(_DOWN):
        return max(ZERO, available / (1 + instrument.taker_fee + CUSHION))


def set_aside(notional: Decimal, instrument: Instrument) -> Decimal:
    """The quote currency that a purchase of `notional` may cost; the inverse of `affordable`."""
    return times(notional, 1 + instrument.taker_fee + CUSHION)


def fraction_of_equity(
    fraction: Decimal, *, equity: Decimal, available: Decimal, price: Decimal, instrument: Instrument
) -> Sized:
    """`fraction` (0 to 1) of `equity`, at most what `available` can pay; both in quote currency."""
    return _bought_for(min(times(equity, fraction), affordable(available, instrument)), price, instrument)


def quote_notional(notional: Decimal, *, available: Decimal, price: Decimal, instrument: Instrument) -> Sized:
    """As much as `notional` of quote currency buys."""
    return _unpayable(notional, available, instrument) or _bought_for(notional, price, instrument)


def fixed_quantity(quantity: Decimal, *, available: Decimal, price: Decimal, instrument: Instrument) -> Sized:
    """`quantity` of base currency."""
    return _unpayable(times(quantity, price), available, instrument) or _floored(quantity, price, instrument)


def whole_position(position: Decimal, *, price: Decimal, instrument: Instrument) -> Sized:
    """All of a position that can be sold; what is under one step stays."""
    return _floored(position, price, instrument)


def _bought_for(budget: Decimal, price: Decimal, instrument: Instrument) -> Sized:
    if price <= 0:
        return _NO_PRICE
    with localcontext(_DOWN):
        return _floored(budget / price, price, instrument)


def _floored(quantity: Decimal, price: Decimal, instrument: Instrument) -> Sized:
    if price <= 0:
        return _NO_PRICE
    whole = max(ZERO, floor_to(quantity, instrument.step_size))
    if not whole:
        return Sized(ZERO, f"{_short(quantity)} {instrument.base} is under one step of {plain(instrument.step_size)}")
    notional = times(whole, price)
    if notional < instrument.min_notional:
        least = plain(instrument.min_notional)
        return Sized(ZERO, f"{_short(notional)} {instrument.quote} is under the minimum order of {least}")
    return Sized(whole)


def _unpayable(notional: Decimal, available: Decimal, instrument: Instrument) -> Sized | None:
    if notional <= affordable(available, instrument):
        return None
    return Sized(
        ZERO, f"{_short(notional)} {instrument.quote} plus costs is more than the {_short(available)} available"
    )


def _short(amount: Decimal) -> str:
    with localcontext(_DOWN):
        return plain(amount.quantize(Decimal("1e-8")))


_NO_PRICE = Sized(ZERO, "there is no price")
