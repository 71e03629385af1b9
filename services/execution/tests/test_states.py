"""The order's state machine."""

from decimal import Decimal

import pytest

from millrace.common.events.trading import TERMINAL, OrderState
from millrace.execution.domain.states import NEXT, after_fill, may_follow

LIVE = [state for state in OrderState if state not in TERMINAL]


@pytest.mark.parametrize("old", sorted(TERMINAL))
def test_nothing_follows_an_end(old: OrderState) -> None:
    assert not any(may_follow(old, new) for new in OrderState)


@pytest.mark.parametrize("old", LIVE)
def test_every_live_state_leads_to_an_end(old: OrderState) -> None:
    reached, open_ = {old}, [old]
    while open_:
        for new in NEXT.get(open_.pop(), ()):
            if new not in reached:
                reached.add(new)
                open_.append(new)
    assert reached & TERMINAL


def test_an_order_never_goes_back_to_before_it_was_sent() -> None:
    sent = [OrderState.OPEN, OrderState.PARTIALLY_FILLED]
    before = [OrderState.RECEIVED, OrderState.APPROVED, OrderState.SUBMITTING, OrderState.UNKNOWN]
    assert not any(may_follow(old, new) for old in sent for new in before)


def test_a_lost_answer_is_no_failure() -> None:
    assert may_follow(OrderState.SUBMITTING, OrderState.UNKNOWN)
    assert OrderState.UNKNOWN not in TERMINAL


def test_fills_decide_between_partly_and_whole() -> None:
    assert after_fill(OrderState.OPEN, Decimal(2), Decimal(1)) is OrderState.PARTIALLY_FILLED
    assert after_fill(OrderState.UNKNOWN, Decimal(2), Decimal(2)) is OrderState.FILLED
    assert after_fill(OrderState.CANCELLED, Decimal(2), Decimal(2)) is OrderState.CANCELLED
