"""A limit below what is held or lost already is judged when it is set, not at the next news of the account."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.events.risk import RiskAlertRaised
from millrace.common.kernel.clock import ManualClock
from millrace.common.testing.service import StartService
from services.risk.tests.conftest import AT, Owner

STOPPED = ("critical", "entries_stopped")


@pytest.fixture
async def owner(start_service: StartService) -> Owner:
    """An owner whose clock is that of the market."""
    made = Owner(await start_service("risk", clock=ManualClock(AT)))
    await made.open("10000")
    return made


async def listed(owner: Any) -> list[Any]:
    found: list[Any] = (await owner.stand.ask("risk", "GET", "/alerts", owner.user)).value()["items"]
    return found


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        (("drawdown", "0.1"), [("drawdown", *STOPPED)]),
        (("drawdown", "0.155"), [("drawdown", "critical", "none")]),
        (("drawdown", "0.18"), [("drawdown", "warning", "none")]),
        (("drawdown", "0.2"), []),
        (("daily_loss", "50"), [("daily_loss", *STOPPED)]),
        (("daily_loss", "1000"), []),
    ],
)
async def test_a_loss_is_told_when_the_limit_is_set_and_once(owner: Any, limit: Any, told: Any) -> None:
    await owner.hear(owner.mark("-60", "0.15"))
    assert owner.alerts() == []
    await owner.limit(*limit)
    await owner.stand.rest()
    assert owner.alerts() == told
    assert [(a["alert_type"], a["severity"], a["action_taken"]) for a in await listed(owner)] == told
    await owner.hear(owner.mark("-60", "0.15"))
    assert owner.alerts() == told, "the next mark says nothing new"


async def test_what_is_held_and_open_is_told_when_the_limit_is_set(owner: Any) -> None:
    await owner.hear(owner.order())
    await owner.limit("position_value", "250")
    await owner.limit("position_value", "100", symbol="ETH/USDT")
    await owner.limit("open_orders", "1")
    await owner.stand.rest()
    assert owner.alerts() == [("position_value", "warning", "none"), ("open_orders", "critical", "none")]
    assert [a.symbol for a in owner.stand.said(RiskAlertRaised)] == ["BTC/USDT", None]


async def test_yesterdays_loss_is_not_todays(owner: Any) -> None:
    await owner.hear(owner.mark("-60", "0.15"))
    owner.stand.host.clock.advance(86_400)
    await owner.limit("daily_loss", "50")
    await owner.limit("daily_loss_fraction", "0.0001")
    await owner.stand.rest()
    assert owner.alerts() == []


async def test_every_way_to_set_a_limit_is_judged(owner: Any) -> None:
    await owner.hear(owner.mark("-60", "0.15"))
    ask, account = owner.stand.ask, str(owner.account_id)
    made = await owner.limit("drawdown", "0.2")
    await ask("risk", "PATCH", f"/limits/{made['id']}", owner.user, json={"limit_value": "0.18"})
    await ask("risk", "PUT", "/limits/effective", owner.user, json={"max_daily_loss": "50"})
    group = {"account_ids": [account], "max_drawdown": "0.1"}
    await ask("risk", "PUT", f"/groups/{uuid4()}/limits", owner.user, json=group)
    await owner.stand.rest()
    assert owner.alerts() == [("drawdown", "warning", "none"), ("daily_loss", *STOPPED), ("drawdown", *STOPPED)]
    assert [a.limit_value for a in owner.stand.said(RiskAlertRaised)] == [Decimal("0.18"), 50, Decimal("0.1")]


async def test_a_limit_of_one_account_says_nothing_of_the_others(owner: Any) -> None:
    await owner.limit("drawdown", "0.18")
    await owner.hear(owner.mark("-60", "0.15"))
    first, owner.account_id = owner.account_id, uuid4()
    await owner.open("500")
    await owner.limit("drawdown", "0.1", account_id=str(owner.account_id))
    await owner.stand.rest()
    assert [(a.account_id, a.alert_type) for a in owner.stand.said(RiskAlertRaised)] == [(first, "drawdown")]


async def test_a_limit_that_is_refused_tells_nothing(owner: Any) -> None:
    await owner.hear(owner.mark("-60", "0.15"))
    answer = await owner.stand.ask(
        "risk", "POST", "/limits", owner.user, json={"limit_type": "drawdown", "limit_value": "2"}
    )
    await owner.stand.rest()
    assert (answer.status, owner.alerts(), await listed(owner)) == (422, [], [])
