"""What an exchange refuses before it looks at the market."""

from decimal import Decimal

from millrace.common.kernel.instruments import Instrument
from millrace.venue.orders import NewOrder


def refusal(order: NewOrder, filters: Instrument, reference: Decimal | None) -> str | None:
    """The stable code of the first filter that an order breaks; None when it may be placed.

    `reference` values an order without a price of its own; None while the market has none.
    """
    if order.quantity <= 0 or order.quantity % filters.step_size:
        return "LOT_STEP"
    if order.quantity > filters.max_quantity:
        return "MAX_QUANTITY"
    if any(p is not None and (p <= 0 or p % filters.tick_size) for p in (order.price, order.stop_price)):
        return "PRICE_TICK"
    if order.order_type == "limit" and order.price is None:
        return "PRICE_REQUIRED"
    if order.order_type in ("stop_loss", "take_profit") and order.stop_price is None:
        return "STOP_PRICE_REQUIRED"
    if order.order_type == "market" and reference is None:
        return "NO_MARKET"
    valued = order.price or order.stop_price or reference
    if valued is not None and valued * order.quantity < filters.min_notional:
        return "MIN_NOTIONAL"
    return None
