"""How much to trade, in exact numbers."""

from decimal import Decimal

from millrace.common.kernel.instruments import Instrument
from millrace.common.kernel.money import ZERO, divided, floor_to, times


def entry_quantity(
    size: Decimal, capital: Decimal, available: Decimal, price: Decimal, filters: Instrument
) -> tuple[Decimal, str | None]:
    """Base quantity for an entry at about `price`, floored to the step; zero with the reason when it is too small.

    `size` of 1 or less is a fraction of `capital`, more is an amount of quote currency; never more than `available`
    leaves after fees. Spot accounts trade without leverage.
    """
    wanted = times(size, capital) if size <= 1 else size
    spendable = min(wanted, divided(available, 1 + 2 * filters.taker_fee))
    quantity = floor_to(divided(spendable, price), filters.step_size) if price > 0 else ZERO
    if times(quantity, price) < filters.min_notional:
        return ZERO, f"the order would be worth less than {filters.min_notional} {filters.quote}"
    return quantity, None
