"""Nothing is sent without a good approval, and everything once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.events.risk import OrderApproved
from millrace.common.events.trading import FillBooked, OrderUpdated
from services.execution.tests.desk import CLOCK, MARKET, Desk


async def test_an_approved_market_order_is_filled_at_the_market(desk: Desk) -> None:
    order = await desk.opened(**{**MARKET, "price": None})
    assert desk.states(order) == ["filled"]
    fill = desk.stand.said(FillBooked)[0]
    assert (fill.price, fill.quantity, fill.notional, fill.fee) == (20_000, Decimal("0.01"), 200, Decimal("0.2"))
    last = desk.stand.said(OrderUpdated)[-1]
    assert (last.filled_quantity, last.filled_notional, last.fees) == (Decimal("0.01"), 200, Decimal("0.2"))


async def test_an_order_is_told_once_for_each_unit_of_work_and_its_version_counts_every_step(desk: Desk) -> None:
    order = await desk.opened(**{**MARKET, "price": None})
    told = [(u.state, u.version) for u in desk.stand.said(OrderUpdated) if u.order_id == order.order_id]
    assert told == [("filled", 4)]  # received, submitting, open, filled


async def test_a_limit_below_the_market_rests(desk: Desk) -> None:
    order = await desk.opened(price="19000")
    assert await desk.state(order) == "open"
    assert desk.stand.said(FillBooked) == []


@pytest.mark.parametrize(
    "change",
    [
        {"signature": "0" * 64},
        {"approval_id": uuid4()},
        {"expires_at": CLOCK.now() + timedelta(days=1)},
        {"expires_at": CLOCK.now() - timedelta(seconds=1)},
    ],
)
async def test_an_approval_that_is_not_exactly_risks_own_sends_nothing(desk: Desk, change: dict[str, Any]) -> None:
    order = await desk.placed()
    await desk.stand.hear(desk.approval(order, **change))
    assert desk.states(order) == ["expired"]
    assert await desk.stand.rows("execution", "select 1 from venue_orders") == []


async def test_an_approval_of_another_order_does_not_serve(desk: Desk) -> None:
    small, large = await desk.placed(), await desk.placed(quantity="0.4")
    good = desk.approval(small)
    forged = good.model_copy(update={"order_id": large.order_id})
    await desk.stand.hear(forged)
    assert desk.states(large) == ["expired"]


async def test_an_approval_delivered_again_or_given_twice_sends_once(desk: Desk) -> None:
    order = await desk.placed()
    approval = desk.approval(order)
    envelope = desk.stand.envelope(approval)
    await desk.stand.deliver((OrderApproved.topic, envelope), (OrderApproved.topic, envelope))
    await desk.stand.hear(approval, desk.approval(order))
    assert len(await desk.stand.rows("execution", "select 1 from venue_orders")) == 1
    assert len(desk.stand.said(FillBooked)) == 1


async def test_what_was_cancelled_before_the_approval_came_is_not_sent(desk: Desk) -> None:
    order = await desk.placed()
    answer = await desk.stand.ask("execution", "DELETE", f"/orders/{order.order_id}", desk.user)
    assert answer.value()["state"] == "cancelled"
    await desk.approve(order)
    assert desk.states(order) == ["cancelled"]


async def test_the_order_carries_deadline_and_epoch_before_it_is_sent(desk: Desk) -> None:
    order = await desk.opened(price="19000")
    row = (await desk.stand.rows("execution", "select * from orders where order_id = $1", order.order_id))[0]
    assert row["deadline"] == row["signed_at"] + timedelta(seconds=30)
    assert row["epoch"] == 1
    assert row["approval_id"] is not None


async def test_ioc_and_fok_that_cannot_be_filled_now_expire(desk: Desk) -> None:
    for force in ("ioc", "fok"):
        order = await desk.opened(price="19000", time_in_force=force)
        assert desk.states(order) == ["expired"]
