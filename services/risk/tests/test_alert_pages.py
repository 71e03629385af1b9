"""Alerts by pages and filters."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.events.risk import RiskAlertRaised
from services.risk.tests.conftest import AT


async def ask(owner: Any, **query: Any) -> Any:
    return await owner.stand.ask("risk", "GET", "/alerts", owner.user, query=query)


@pytest.fixture
async def told(owner: Any) -> Any:
    """An owner who was told of a drawdown three times, and once of a position."""
    await owner.limit("drawdown", "0.2")
    await owner.limit("position_value", "100", symbol="BTCUSDT")
    for drawdown in ("0.16", "0.19", "0.2"):
        await owner.hear(owner.mark(drawdown=drawdown))
    await owner.hear(owner.mark(drawdown="0"))
    await owner.hear(owner.order())
    return owner


def kinds(page: Any) -> list[tuple[str, str, str]]:
    return [(a["alert_type"], a["severity"], a["level"]) for a in page["items"]]


async def test_each_crossing_has_its_level_and_number(told: Any) -> None:
    page = (await ask(told)).value()
    assert kinds(page) == [
        ("position_value", "critical", "critical"),
        ("drawdown", "critical", "critical"),
        ("drawdown", "critical", "high"),
        ("drawdown", "warning", "medium"),
    ]
    assert (page["total"], page["limit"], page["offset"]) == (4, 100, 0)
    numbers = [a["num"] for a in page["items"]]
    assert numbers == sorted(numbers, reverse=True)


async def test_who_listens_hears_the_level_that_is_listed(told: Any) -> None:
    listed = {row["id"]: row["level"] for row in (await ask(told)).value()["items"]}
    assert {str(alert.alert_id): alert.level for alert in told.stand.said(RiskAlertRaised)} == listed


async def test_pages_count_what_matches(told: Any) -> None:
    page = (await ask(told, alert_type="drawdown", limit=1, offset=1)).value()
    assert (kinds(page), page["total"]) == ([("drawdown", "critical", "high")], 3)


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ({"severity": "warning"}, 1),
        ({"severity": ["warning", "critical"]}, 4),
        ({"severity": "info"}, 0),
        ({"level": "high"}, 1),
        ({"level": ["low", "medium"]}, 1),
        ({"symbol": "btc-usdt"}, 1),
        ({"symbol": "ETHUSDT"}, 0),
        ({"alert_type": ["drawdown", "daily_loss"]}, 3),
        ({"account_id": str(uuid4())}, 0),
        ({"since": (AT + timedelta(seconds=4)).isoformat()}, 2),
        ({"until": (AT + timedelta(seconds=3)).isoformat()}, 1),
        ({"since": (AT + timedelta(days=1)).isoformat()}, 0),
    ],
)
async def test_filters(told: Any, query: Any, total: int) -> None:
    assert (await ask(told, **query)).value()["total"] == total


@pytest.mark.parametrize(
    ("query", "status"),
    [({"severity": "loud"}, 422), ({"limit": 0}, 422), ({"since": "2026-01-01"}, 422), ({"symbol": "?"}, 400)],
)
async def test_bad_questions_are_typed_errors(owner: Any, query: Any, status: int) -> None:
    assert (await ask(owner, **query)).status == status


async def active(owner: Any) -> list[tuple[str, str, str]]:
    return kinds((await ask(owner, active=True)).value())


async def test_an_alert_is_active_while_its_limit_is_that_near(owner: Any) -> None:
    await owner.limit("drawdown", "0.2")
    for drawdown in ("0.16", "0.19"):
        await owner.hear(owner.mark(drawdown=drawdown))
    near, nearly = ("drawdown", "warning", "medium"), ("drawdown", "critical", "high")
    assert await active(owner) == [nearly, near]
    assert (await ask(owner, active=False)).value()["total"] == 0
    await owner.hear(owner.mark(drawdown="0.17"))
    assert await active(owner) == [near]
    await owner.hear(owner.mark(drawdown="0.19"))
    assert await active(owner) == [nearly, near], "the newer of two that say the same"
    assert (await ask(owner)).value()["total"] == 3
    await owner.hear(owner.mark(drawdown="0.01"))
    assert await active(owner) == []


async def test_an_alert_of_another_limit_is_not_active_and_the_new_limit_is_watched_afresh(owner: Any) -> None:
    await owner.limit("drawdown", "0.1")
    await owner.hear(owner.mark(drawdown="0.09"))
    assert len(await active(owner)) == 1
    await owner.limit("drawdown", "0.2")
    assert await active(owner) == []
    await owner.limit("drawdown", "0.095")
    await owner.hear(owner.mark(drawdown="0.09"))
    assert await active(owner) == [("drawdown", "warning", "medium")]


async def test_a_thrown_switch_is_an_active_alert_until_it_is_taken_back(owner: Any) -> None:
    asked = {"scope": "user", "reason": "enough"}
    await owner.stand.ask("risk", "POST", "/kill", owner.user, json=asked)
    assert await active(owner) == [("kill_switch", "critical", "critical")]
    await owner.stand.ask("risk", "DELETE", "/kill", owner.user, json=asked)
    assert await active(owner) == []
