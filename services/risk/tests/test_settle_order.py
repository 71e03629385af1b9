"""The book follows the fills, whatever of an order is heard and in which order."""

from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from millrace.common.events.trading import OrderState, OrderUpdated, Side

FILLED = {"USDT": (Decimal("9799.8"), 0), "BTC": (Decimal("0.01"), 0)}


async def test_a_partial_fill_keeps_the_rest_reserved_and_the_end_releases_it(owner: Any) -> None:
    order = owner.order()
    await owner.hear(order, owner.update(order, OrderState.PARTIALLY_FILLED, 4, "0.004"))
    assert (await owner.balances())["USDT"] == (Decimal("9919.92"), Decimal("120.32"))
    await owner.hear(owner.update(order, OrderState.CANCELLED, 5, "0.004"))
    assert (await owner.balances())["USDT"] == (Decimal("9919.92"), 0)
    assert await owner.open_orders() == 0


@pytest.mark.parametrize("state", [OrderState.CANCELLED, OrderState.EXPIRED, OrderState.REJECTED, OrderState.REFUSED])
async def test_every_end_releases_the_reservation(owner: Any, state: OrderState) -> None:
    order = owner.order()
    await owner.hear(order)
    await owner.hear(owner.update(order, state, 3))
    assert await owner.balances() == {"USDT": (10_000, 0)}
    assert await owner.open_orders() == 0


async def test_an_unknown_outcome_keeps_the_reservation(owner: Any) -> None:
    order = owner.order()
    await owner.hear(order, owner.update(order, OrderState.UNKNOWN, 4))
    assert (await owner.balances())["USDT"] == (10_000, Decimal("200.4"))


async def test_updates_in_any_order_end_in_the_same_book(new_owner: Any) -> None:
    for steps in permutations([(3, "0"), (4, "0.004"), (5, "0.01")]):
        owner = await new_owner()
        order = owner.order()
        await owner.hear(order)
        for version, filled in steps:
            state = OrderState.FILLED if filled == "0.01" else OrderState.OPEN
            await owner.hear(owner.update(order, state, version, filled))
        assert await owner.balances() == FILLED, steps
        assert await owner.open_orders() == 0


async def test_an_update_that_is_delivered_twice_is_booked_once(owner: Any) -> None:
    order = owner.order()
    await owner.hear(order)
    update = owner.update(order, OrderState.FILLED, 4, "0.01")
    envelope = owner.stand.envelope(update, owner.at)
    await owner.stand.deliver((OrderUpdated.topic, envelope), (OrderUpdated.topic, envelope))
    await owner.hear(update)  # the same fact under another event id
    assert await owner.balances() == FILLED


async def test_an_order_without_a_reservation_is_booked_from_its_cumulative_amounts(owner: Any) -> None:
    bought = owner.order()
    await owner.hear(owner.update(bought, OrderState.PARTIALLY_FILLED, 4, "0.004"))
    await owner.hear(owner.update(bought, OrderState.FILLED, 5, "0.01"))
    assert await owner.balances() == FILLED
    sold = owner.order(side=Side.SELL, reduce_only=True)
    await owner.hear(owner.update(sold, OrderState.FILLED, 4, "0.01"))
    assert await owner.balances() == {"USDT": (Decimal("9999.6"), 0), "BTC": (0, 0)}
    assert await owner.open_orders() == 0


async def test_a_fill_after_a_cancellation_is_booked(owner: Any) -> None:
    order = owner.order()
    await owner.hear(order, owner.update(order, OrderState.CANCELLED, 4))
    await owner.hear(owner.update(order, OrderState.CANCELLED, 5, "0.01"))
    assert await owner.balances() == FILLED


async def test_the_loss_of_yesterday_does_not_stop_today(owner: Any) -> None:
    await owner.limit("daily_loss", "50")
    await owner.hear(owner.mark("-60"))
    await owner.hear(owner.order())
    owner.at += timedelta(days=1)
    await owner.hear(owner.order())
    assert owner.answers() == ["daily_loss", "approved"]
