"""Orders that risk refused before anything was sent: for who places them an error, where the contract has a word."""

from millrace.common.events.trading import OrderState
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.trading import Order

_CODES = {"balance": Code.INSUFFICIENT_BALANCE, "price_collar": Code.INVALID_PRICE}


def taken(order: Order) -> Order:
    """The order. Raises why risk refused it, with the order's id and the rule; it stays on record as rejected.

    INSUFFICIENT_BALANCE, INVALID_PRICE for one too far from the market, RISK_REFUSED for every other rule.
    """
    if order.status is not OrderState.REFUSED:
        return order
    rule, _, text = (order.reason or "risk: the order was refused").partition(": ")
    raise MillraceError(
        _CODES.get(rule, Code.RISK_REFUSED), text or rule, details={"order_id": str(order.id), "rule": rule}
    )
