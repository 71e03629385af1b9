"""Every requested order is answered exactly once."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.events.risk import OrderApproved, OrderRefused, RiskAlertRaised
from millrace.common.events.trading import OrderRequested, OrderState, OrderType, Side
from millrace.common.kernel.clock import ManualClock
from millrace.common.testing.service import StartService
from services.risk.tests.conftest import Owner


async def test_an_order_within_all_limits_is_approved_and_its_funds_are_reserved(owner: Any) -> None:
    await owner.hear(owner.order())
    assert owner.answers() == ["approved"]
    assert await owner.balances() == {"USDT": (10_000, Decimal("200.4"))}


async def test_a_request_that_is_delivered_twice_is_answered_once(owner: Any) -> None:
    envelope = owner.stand.envelope(owner.order(), owner.at)
    await owner.stand.deliver((OrderRequested.topic, envelope), (OrderRequested.topic, envelope))
    await owner.stand.deliver((OrderRequested.topic, envelope))
    assert owner.answers() == ["approved"]


async def test_an_order_over_the_funds_is_refused_with_the_rule_and_its_numbers(new_owner: Any) -> None:
    owner = await new_owner("100")
    await owner.hear(owner.order())
    refused = owner.stand.said(OrderRefused)[0]
    assert (refused.rule, refused.limit_value, refused.current_value) == ("balance", 100, Decimal("200.4"))


@pytest.mark.parametrize(
    ("terms", "reserved"),
    [
        ({"order_type": OrderType.LIMIT, "price": Decimal(15_000)}, "150.3"),
        ({"order_type": OrderType.LIMIT, "price": Decimal(25_000)}, "250.5"),
        ({"order_type": OrderType.MARKET, "price": None}, "202.4"),
        ({"order_type": OrderType.MARKET, "price": Decimal(15_000)}, "202.4"),
        ({"order_type": OrderType.MARKET, "price": None, "stop_price": Decimal(15_000)}, "202.4"),
        ({"order_type": OrderType.STOP_LOSS, "price": None, "stop_price": Decimal(15_000)}, "202.4"),
        ({"order_type": OrderType.STOP_LOSS, "price": Decimal(15_000), "stop_price": Decimal(15_000)}, "202.4"),
        ({"order_type": OrderType.STOP_LOSS, "price": None, "stop_price": Decimal(25_000)}, "253"),
        ({"order_type": OrderType.TAKE_PROFIT, "price": None, "stop_price": Decimal(15_000)}, "202.4"),
    ],
)
async def test_what_is_reserved_covers_what_an_order_can_cost(owner: Any, terms: dict[str, Any], reserved: str) -> None:
    await owner.hear(owner.order(**terms))
    assert owner.answers() == ["approved"]
    assert (await owner.balances())["USDT"] == (10_000, Decimal(reserved))


async def test_a_refused_order_holds_nothing_and_is_never_approved_later(owner: Any) -> None:
    order = owner.order(quantity=Decimal(10))
    await owner.hear(order)
    await owner.hear(owner.update(order, OrderState.REFUSED, 2))
    await owner.hear(order)
    assert owner.answers() == ["balance", "order_ended"]
    assert await owner.balances() == {"USDT": (10_000, 0)}
    assert await owner.open_orders() == 0


async def test_an_order_that_is_asked_again_gets_the_same_approval_and_one_reservation(owner: Any) -> None:
    order = owner.order()
    await owner.hear(order)
    await owner.hear(order)
    first, again = owner.stand.said(OrderApproved)
    assert first.approval_id == again.approval_id
    assert again.expires_at > first.expires_at
    assert await owner.balances() == {"USDT": (10_000, Decimal("200.4"))}


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(hours=1)])
async def test_an_approval_is_good_for_half_a_minute_from_the_request_but_never_longer_by_the_clock(
    start_service: StartService, ahead: timedelta
) -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    owner = Owner(await start_service("risk", clock=ManualClock(now)))
    owner.at = now + ahead - timedelta(seconds=2)
    await owner.open()
    await owner.hear(owner.order())
    assert owner.stand.said(OrderApproved)[0].expires_at == now + timedelta(seconds=30)


async def test_an_absurd_order_is_refused_and_keeps_no_other_from_its_answer(owner: Any) -> None:
    absurd = owner.order(price=Decimal("9e19"), reference_price=Decimal("0.01"))
    await owner.hear(absurd)
    await owner.hear(owner.order())
    assert owner.answers() == ["price_collar", "approved"]
    told = owner.stand.said(RiskAlertRaised)[0]
    assert (told.alert_type, told.current_value, told.limit_value) == ("price_collar", None, Decimal("0.5"))


async def test_an_order_that_ended_before_its_request_was_heard_is_refused(owner: Any) -> None:
    order = owner.order()
    await owner.hear(owner.update(order, OrderState.CANCELLED, 2))
    await owner.hear(order)
    assert owner.answers() == ["order_ended"]


async def test_an_account_of_somebody_else_is_unknown(owner: Any) -> None:
    await owner.hear(owner.order(user_id=uuid4()), owner.order(account_id=uuid4()))
    assert [refused.rule for refused in owner.stand.said(OrderRefused)] == ["account", "account"]


async def test_orders_of_one_batch_see_each_other(owner: Any) -> None:
    await owner.hear(*(owner.order(quantity=Decimal("0.1")) for _ in range(8)))
    assert owner.answers() == ["approved"] * 4 + ["balance"] * 4
    assert (await owner.balances())["USDT"] == (10_000, 4 * Decimal("2004"))


async def test_a_reduce_only_order_sells_what_is_held_and_not_more(owner: Any) -> None:
    bought = owner.order()
    await owner.hear(bought, owner.update(bought, OrderState.FILLED, 4, "0.01"))
    exit_more = owner.order(side=Side.SELL, quantity=Decimal("0.02"), reduce_only=True)
    exit_all = owner.order(side=Side.SELL, quantity=Decimal("0.01"), reduce_only=True)
    await owner.hear(exit_more, exit_all, owner.order(reduce_only=True))
    assert owner.answers() == ["approved", "reduce_only", "approved", "reduce_only"]


async def test_losses_stop_entries_but_not_exits(owner: Any) -> None:
    bought = owner.order()
    await owner.hear(bought, owner.update(bought, OrderState.FILLED, 4, "0.01"))
    await owner.limit("daily_loss", "50")
    await owner.hear(owner.mark("-50"))
    await owner.hear(owner.order(), owner.order(side=Side.SELL))
    assert owner.answers() == ["approved", "daily_loss", "approved"]
