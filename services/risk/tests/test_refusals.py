"""A refused order is an active alert until another is approved, its limit is changed, or for a quarter of an hour."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from millrace.common.testing.service import StartService
from millrace.risk.domain.alerts import REFUSAL_LASTS, Alert, Watch
from millrace.risk.domain.limits import Level
from services.risk.tests.conftest import AT, Owner

REFUSED = ("position_value", "critical", "order_refused")
SMALL = Decimal("0.001")


async def active(owner: Any) -> list[tuple[str, str, str]]:
    """The alerts that an owner has to look at."""
    found = await owner.stand.ask("risk", "GET", "/alerts", owner.user, query={"active": True})
    return [(a["alert_type"], a["severity"], a["action_taken"]) for a in found.value()["items"]]


async def pass_by(owner: Any, seconds: int) -> None:
    """Time goes by, for orders and for the list."""
    owner.at += timedelta(seconds=seconds)
    query = "update alerts set told_at = told_at - make_interval(secs => $1) returning 1"
    await owner.stand.rows("risk", query, seconds)


@pytest.fixture
async def refused(owner: Any) -> Any:
    """An owner who wanted twice of what one position may be worth."""
    await owner.limit("position_value", "100", symbol="BTCUSDT")
    await owner.hear(owner.order())
    assert await active(owner) == [REFUSED]
    return owner


async def test_it_ends_with_the_next_order_that_is_approved(refused: Any) -> None:
    await refused.hear(refused.order(symbol="ETH/USDT", quantity=SMALL))
    assert await active(refused) == [REFUSED]
    await refused.hear(refused.order(quantity=SMALL))
    assert await active(refused) == []
    await refused.hear(refused.order())
    assert await active(refused) == [REFUSED]
    assert refused.alerts() == [REFUSED] * 2


async def test_it_ends_when_its_limit_is_changed(refused: Any) -> None:
    await refused.limit("position_value", "1000", symbol="BTCUSDT")
    assert await active(refused) == []


async def test_it_ends_by_itself_and_is_told_again_after_that(refused: Any) -> None:
    lasts = int(REFUSAL_LASTS.total_seconds())
    await pass_by(refused, lasts - 10)
    await refused.hear(refused.order())
    assert (await active(refused), refused.alerts()) == ([REFUSED], [REFUSED])
    await pass_by(refused, 10)
    assert await active(refused) == []
    await refused.hear(refused.order())
    assert (await active(refused), refused.alerts()) == ([REFUSED], [REFUSED] * 2)


async def test_how_near_the_limit_is_stays_told_beside_it(owner: Any) -> None:
    await owner.limit("position_value", "250")
    await owner.hear(owner.order(), owner.order())
    near = ("position_value", "warning", "none")
    assert await active(owner) == [REFUSED, near]
    await pass_by(owner, 3600)
    assert await active(owner) == [near]


async def test_a_price_too_far_away_ends_with_one_that_is_near(owner: Any) -> None:
    await owner.hear(owner.order(price=Decimal(31_000)))
    assert await active(owner) == [("price_collar", "critical", "order_refused")]
    await owner.hear(owner.order())
    assert await active(owner) == []


async def test_too_many_orders_end_with_the_first_that_may_go(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_RISK_ORDERS_BURST", "1")
    monkeypatch.setenv("MILLRACE_RISK_ORDERS_PER_SECOND", "1")
    owner = Owner(await start_service("risk"))
    await owner.open()
    await owner.hear(owner.order(), owner.order(), owner.order())
    assert await active(owner) == [("order_rate", "critical", "order_refused")]
    await owner.hear(owner.order())
    assert await active(owner) == []


async def test_a_loss_that_stops_entries_lasts_as_long_as_the_loss(owner: Any) -> None:
    await owner.hear(owner.mark("-500"))
    await owner.limit("daily_loss", "100")
    await owner.hear(owner.order())
    reached = ("daily_loss", "critical", "order_refused")
    assert await active(owner) == [reached]
    await pass_by(owner, 3600)
    assert await active(owner) == [reached]
    await owner.hear(owner.mark("-10"))
    assert await active(owner) == []


def told(watch: Watch, *at: datetime) -> int:
    """Of how many refusals at these times the owner is told."""
    for each in at:
        watch.refuse(Alert("position_value", "X/Y", Level.REACHED, "", None, None, "order_refused"), each)
    return len(watch.alerts)


def test_a_refusal_is_told_once_in_its_time_and_not_where_the_limit_is_reached_anyhow() -> None:
    late, soon = AT + REFUSAL_LASTS, AT + REFUSAL_LASTS - timedelta(microseconds=1)
    assert told(Watch(), AT, AT, soon) == 1
    assert told(Watch(), AT, late) == 2
    assert told(Watch({("position_value", "X/Y"): Level.REACHED}), AT) == 0
    assert told(Watch({("position_value", ""): Level.REACHED}), AT) == 1
    assert told(Watch(refused={("position_value", "X/Y"): AT}), soon) == 0
