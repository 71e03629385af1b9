"""Owners hear of each crossing once, on the bus and in the list."""

from decimal import Decimal
from typing import Any

from millrace.common.events.risk import RiskAlertRaised
from millrace.common.events.trading import OrderState

TOLD = [
    ("daily_loss", "warning", "none"),
    ("daily_loss", "critical", "none"),
    ("daily_loss", "critical", "entries_stopped"),
]


async def test_a_growing_loss_is_told_at_each_threshold_once(owner: Any) -> None:
    await owner.limit("daily_loss", "100")
    for lost in ("-79", "-80", "-85", "-95", "-99", "-100", "-150"):
        await owner.hear(owner.mark(lost))
    await owner.hear(owner.order(), owner.order())
    assert owner.alerts() == TOLD
    listed = (await owner.stand.ask("risk", "GET", "/alerts", owner.user)).value()["items"]
    assert [(a["alert_type"], a["severity"], a["action_taken"]) for a in reversed(listed)] == TOLD
    assert (listed[0]["current_value"], listed[0]["limit_value"]) == ("100", "100")


async def test_what_was_told_is_remembered_over_batches_and_recovery_is_a_new_start(owner: Any) -> None:
    await owner.limit("drawdown", "0.2")
    for drawdown in ("0.16", "0.17", "0.1", "0.16"):
        await owner.hear(owner.mark(drawdown=drawdown))
    assert owner.alerts() == [("drawdown", "warning", "none")] * 2


async def test_a_refusing_limit_is_told_once_not_for_each_order(owner: Any) -> None:
    await owner.limit("position_value", "100", symbol="btcusdt")
    for _ in range(3):
        await owner.hear(owner.order(), owner.order())
    assert owner.alerts() == [("position_value", "critical", "order_refused")]
    alert = owner.stand.said(RiskAlertRaised)[0]
    assert (alert.symbol, alert.current_value, alert.limit_value) == ("BTC/USDT", 200, 100)


async def test_a_position_that_fills_its_limit_is_told_and_forgotten_when_the_order_ends(owner: Any) -> None:
    await owner.limit("position_value", "250")
    order = owner.order()
    await owner.hear(order, owner.update(order, OrderState.CANCELLED, 3))
    assert owner.alerts() == [("position_value", "warning", "none")]
    await owner.hear(owner.order(quantity=Decimal("0.012")))
    assert owner.alerts()[1:] == [("position_value", "critical", "none")]


async def test_lack_of_funds_is_no_alert(new_owner: Any) -> None:
    owner = await new_owner("1")
    await owner.hear(owner.order())
    assert (owner.answers(), owner.alerts()) == (["balance"], [])


async def test_alerts_of_others_are_not_listed(owner: Any, new_owner: Any) -> None:
    await owner.limit("drawdown", "0.2")
    await owner.hear(owner.mark(drawdown="0.3"))
    other = await new_owner()
    assert (await owner.stand.ask("risk", "GET", "/alerts", other.user)).value()["items"] == []
