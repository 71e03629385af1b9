"""Cancelling is a wish that survives a crash; what was filled stays filled."""

import asyncio

import pytest

from millrace.common.events.trading import OrderRequested
from millrace.common.testing.service import StartService
from millrace.common.web.client import Answer
from services.execution.tests.desk import LIMIT, MARKET, Desk, user_of


async def cancel(desk: Desk, order_id: object) -> Answer:
    """The answer to a cancellation."""
    return await desk.stand.ask("execution", "DELETE", f"/orders/{order_id}", desk.user)


async def test_a_resting_order_is_cancelled(desk: Desk, start_service: StartService) -> None:
    order = await desk.opened(price="19000")
    await cancel(desk, order.order_id)
    await desk.stand.rest()
    assert desk.states(order)[-1] == "cancelled"


async def test_an_order_cancelled_before_risk_has_answered_is_waited_for_no_longer(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_EXECUTION_DECISION_WAIT_SECONDS", "10")
    stand = await start_service("execution")
    desk = Desk(stand, *await user_of(stand))
    desk.price("20000")
    waiting = asyncio.create_task(desk.place(LIMIT))

    async def asked() -> bool:
        await stand.rest()
        return bool(stand.said(OrderRequested))

    await stand.host.until(asked)
    cancelled = (await cancel(desk, stand.said(OrderRequested)[0].order_id)).value()
    answer = (await waiting).value()
    assert (cancelled["state"], answer["state"], answer["reason"]) == ("cancelled", "cancelled", "CLIENT")


async def test_a_filled_order_cannot_be_cancelled(desk: Desk) -> None:
    order = await desk.opened(**{**MARKET, "price": None})
    assert (await cancel(desk, order.order_id)).json()["error"]["code"] == "ORDER_NOT_CANCELABLE"


async def test_cancelling_twice_is_cancelling_once(desk: Desk) -> None:
    order = await desk.opened(price="19000")
    await cancel(desk, order.order_id)
    await desk.stand.rest()
    assert (await cancel(desk, order.order_id)).json()["error"]["code"] == "ORDER_NOT_CANCELABLE"
    assert desk.states(order).count("cancelled") == 1


async def test_a_foreign_and_an_absent_order_are_the_same_404(desk: Desk) -> None:
    order = await desk.opened(price="19000")
    other, _ = await user_of(desk.stand)
    foreign = await desk.stand.ask("execution", "DELETE", f"/orders/{order.order_id}", other)
    absent = await cancel(desk, "01a20d6d-7982-79b1-9f9c-2d7881e2698d")
    assert foreign.status == absent.status == 404
    assert await desk.state(order) == "open"


async def test_a_cancellation_that_was_committed_but_not_sent_is_sent_in_the_end(desk: Desk) -> None:
    order = await desk.opened(price="19000")
    execution = desk.stand.host.running["execution"].database
    await execution.fetch("update orders set cancel_requested_at = now() where order_id = $1", order.order_id)

    async def cancelled() -> bool:
        return await desk.state(order) == "cancelled"

    await desk.stand.host.until(cancelled)
