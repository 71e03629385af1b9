"""Alerts by pages and filters."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

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
