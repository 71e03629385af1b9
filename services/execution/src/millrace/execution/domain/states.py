"""The order's state machine. A late message never moves an order backwards; fills are booked whatever its state."""

from decimal import Decimal

from millrace.common.events.trading import TERMINAL, OrderState

S = OrderState
NEXT: dict[OrderState, frozenset[OrderState]] = {
    S.RECEIVED: frozenset({S.REFUSED, S.APPROVED, S.SUBMITTING, S.CANCELLED, S.EXPIRED}),
    S.APPROVED: frozenset({S.SUBMITTING, S.CANCELLED, S.EXPIRED}),
    S.SUBMITTING: frozenset({S.UNKNOWN, S.OPEN, S.REJECTED, S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.EXPIRED}),
    S.UNKNOWN: frozenset({S.SUBMITTING, S.OPEN, S.REJECTED, S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.EXPIRED}),
    S.OPEN: frozenset({S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.EXPIRED}),
    S.PARTIALLY_FILLED: frozenset({S.FILLED, S.CANCELLED, S.EXPIRED}),
}


def may_follow(old: OrderState, new: OrderState) -> bool:
    """Whether an order may go from `old` to `new`."""
    return new in NEXT.get(old, frozenset())


def after_fill(old: OrderState, quantity: Decimal, filled: Decimal) -> OrderState:
    """The state once `filled` of `quantity` is filled; a terminal state stays (a late fill is booked all the same)."""
    if old in TERMINAL:
        return old
    return S.FILLED if filled >= quantity else S.PARTIALLY_FILLED
